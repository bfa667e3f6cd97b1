"""Costs of a device carried from one space to another.

Another device that both spaces know says what the goal's networks cost. What a device takes is made
up of what others take where all are known, and they tell it where it is not. Without them, it is a
sum of operators, multiply-accumulates, weights and bytes of traffic; cells have too few kinds of
operations to tell these rates apart.

References:
    Lee et al. 2021, HELP: Hardware-Adaptive Efficient Latency Prediction for NAS,
    https://arxiv.org/abs/2106.08630 (devices described by others; the tables of both spaces)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.features import feature_matrix, feature_names
from hwnas.features.device_costs import DEVICE_COSTS, SmoothedCost, device_costs
from hwnas.fitting.cost_models import COUNTED, TOTALS, log_sum, product_of_costs, weigh
from hwnas.predictors.trust import Method
from hwnas.spaces import SPACES, load_space
from hwnas.tables import ClassMeans, Column, Table, class_means

if TYPE_CHECKING:
    from hwnas.fitting._composed import LogCost

FEWEST_DEVICES = 5
"""Devices that two spaces must know for others to be made up of them."""
_N_TYPICAL = 64
"""Random networks that say which operators a space has."""
_N_VALUED = 2000
"""Random networks of a third space on which costs of other devices are told in totals."""


@dataclass(frozen=True, slots=True)
class Known:
    """Values of a quantity of a device on a space.

    Args:
        space: Search space with its data set.
        table: The table.
        column: Its column of the quantity.
    """

    space: SearchSpace
    table: Table
    column: Column


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Costs of other devices that are known on the space to carry from, and nearer to the goal.

    Args:
        there: The goal or, if it knows none, a third space of the goal's operators.
        costs: What each is.
        here_columns: Column of each in the start's feature set of known costs.
        there_columns: That in the feature set of ``there``.
    """

    there: SearchSpace
    costs: tuple[SmoothedCost, ...]
    here_columns: tuple[int, ...]
    there_columns: tuple[int, ...]

    def without(self, device: str | None) -> Neighbours:
        """The same without what is known of a device."""
        kept = [n for n, each in enumerate(self.costs) if each.target.device != device]
        return Neighbours(
            self.there,
            tuple(self.costs[n] for n in kept),
            tuple(self.here_columns[n] for n in kept),
            tuple(self.there_columns[n] for n in kept),
        )


def neighbours(start: SearchSpace, there: SearchSpace) -> Neighbours | None:
    """Costs that ship for both spaces and their data sets; None if those are too few devices'."""
    here, known = _columns(start), _columns(there)
    names = sorted(here.keys() & known.keys())
    found = Neighbours(
        there,
        tuple(here[name][1] for name in names),
        tuple(here[name][0] for name in names),
        tuple(known[name][0] for name in names),
    )
    n_devices = len({each.target.device for each in found.costs})
    return found if n_devices >= FEWEST_DEVICES else None


def nearest_neighbours(start: SearchSpace, goal: SearchSpace) -> Neighbours | None:
    """Neighbours that are known on a goal or, if there are none, on a space of its operators.

    Only a space with operators of the goal's that the start lacks tells more than the start does.
    """
    direct = neighbours(start, goal)
    wanted = _operators(goal)
    if direct or wanted <= _operators(start):
        return direct
    others = (load_space(name) for name in SPACES if name not in (start.name, goal.name))
    found = (neighbours(start, other) for other in others if wanted <= _operators(other))
    return next(filter(None, found), None)


def _columns(space: SearchSpace) -> dict[str, tuple[int, SmoothedCost]]:
    """Known costs of a space on its data set, by name, each with its column."""
    known = device_costs(space)
    return {
        cost.name: (column, cost)
        for column, cost in enumerate(known.costs if known else ())
        if cost.target.dataset == space.dataset
    }


def _operators(space: SearchSpace) -> set[str]:
    """Types of operators that networks of a space are made of."""
    genotypes = space.sample_genotypes(_N_TYPICAL, np.random.default_rng(0))
    counts = feature_matrix(space, genotypes, ("operators",)).sum(axis=0)
    names = feature_names(space, ("operators",))
    return {name for name, n in zip(names, counts, strict=True) if n and name.startswith("n(")}


class Costs:
    """Values of devices and features of spaces, each made once however many models read it."""

    def __init__(self) -> None:
        self._means: dict[tuple[int, str], ClassMeans] = {}
        # Tables are told apart by identity, so they must live as long as what is kept of them.
        self._tables: list[Table] = []
        self._features: dict[tuple[str, str | None, bytes, tuple[str, ...]], np.ndarray] = {}

    def means(self, known: Known) -> ClassMeans:
        """Mean of each functional class.

        Raises:
            TableError: Some are not positive.
        """
        key = (id(known.table), known.column.name)
        if key not in self._means:
            means = class_means(known.space, known.table, known.column.name)
            if not (means.values > 0).all():
                raise TableError(
                    f"{known.column.name} must be positive for a cost model to be fitted; it is "
                    "not. Choose a latency or an energy."
                )
            self._tables.append(known.table)
            self._means[key] = means
        return self._means[key]

    def features(
        self, space: SearchSpace, genotypes: np.ndarray, sets: tuple[str, ...]
    ) -> np.ndarray:
        """As ``feature_matrix``, shape ``(n_archs, n_features)``."""
        key = (space.name, space.dataset, genotypes.tobytes(), sets)
        if key not in self._features:
            self._features[key] = feature_matrix(space, genotypes, sets)
        return self._features[key]


@dataclass(frozen=True, slots=True)
class Carried:
    """A cost model for another space than the one it was fitted on.

    Args:
        model: Of the logarithm of the cost.
        sets: Feature sets that it reads.
        method: How it was carried.
        via_space: Through which space, by method ``bridge``.
        weights: Power of each neighbour's cost, and of each of ``COUNTED``, in it.
    """

    model: LogCost
    sets: tuple[str, ...]
    method: Method
    via_space: str | None
    weights: dict[str, float]


def carry(start: Known, goal: SearchSpace, others: Neighbours | None, costs: Costs) -> Carried:
    """A cost model for a space, of a device that is known on another.

    Args:
        start: What is known of the device.
        goal: Space to value.
        others: Costs to make it up of; without any, it is a sum of totals.
        costs: What was made before.

    Raises:
        TableError: A cost is not positive.
    """
    means = costs.means(start)
    totals = costs.features(start.space, means.genotypes, TOTALS)
    if others is None:
        model = log_sum(totals, means.values)
        return Carried(model, TOTALS, "totals", None, {})
    known = costs.features(start.space, means.genotypes, (DEVICE_COSTS,))
    counted = np.log(totals[:, _counted(start.space)].astype(float))
    terms = np.column_stack([known[:, others.here_columns], counted])
    weights, intercept = weigh(terms, np.log(means.values))
    is_direct = others.there.name == goal.name
    told = _told_by_features(others) if is_direct else _told_by_totals(others, weights, costs)
    names = [*(each.name for each in others.costs), *COUNTED]
    return Carried(
        product_of_costs(told, _counted(goal), weights, intercept),
        (*TOTALS, DEVICE_COSTS) if is_direct else TOTALS,
        "devices" if is_direct else "bridge",
        None if is_direct else others.there.name,
        {name: float(weight) for name, weight in zip(names, weights, strict=True) if weight > 0},
    )


def _counted(space: SearchSpace) -> list[int]:
    names = feature_names(space, TOTALS)
    return [names.index(name) for name in COUNTED]


def _told_by_features(others: Neighbours) -> list[LogCost]:
    """Costs on the goal, from features of ``TOTALS`` and the known costs."""
    from hwnas.fitting._composed import LogCost

    n_totals = len(feature_names(others.there, TOTALS))
    n_features = n_totals + len(feature_names(others.there, (DEVICE_COSTS,)))
    rows = np.eye(n_features)[[n_totals + column for column in others.there_columns]]
    nothing = LogCost(np.zeros((0, n_features)), np.zeros(0), np.zeros(0), rows[0], 0.0)
    return [LogCost(**(nothing.get_params() | {"slopes": row})) for row in rows]


def _told_by_totals(others: Neighbours, weights: np.ndarray, costs: Costs) -> list[LogCost]:
    """Costs on the third space, from features of ``TOTALS``; of what has a weight alone."""
    space = others.there
    genotypes = space.sample_genotypes(_N_VALUED, np.random.default_rng(0))
    totals = costs.features(space, genotypes, TOTALS)
    values = np.exp(costs.features(space, genotypes, (DEVICE_COSTS,)).astype(float))
    rows = zip(others.there_columns, weights, strict=False)
    return [
        log_sum(totals, values[:, column] if weight > 0 else np.ones(len(values)))
        for column, weight in rows
    ]
