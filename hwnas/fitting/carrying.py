"""Costs of a device carried from one space to another.

Another device that both spaces know says what the goal's networks cost. What a device takes is made
up of what others take where all are known, and they tell it where it is not. Without them, it is a
sum of operators, multiply-accumulates, weights and bytes of traffic; cells have too few kinds of
operations to tell these rates apart.

References:
    Lee et al. 2021, HELP: Hardware-Adaptive Efficient Latency Prediction for NAS,
    https://arxiv.org/abs/2106.08630 (devices as describing devices; the tables of both spaces)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.features import feature_matrix, feature_names
from hwnas.fitting._composed import LogCost
from hwnas.fitting.columns import target_of
from hwnas.fitting.cost_models import (
    COUNTED,
    SMOOTHING,
    TOTALS,
    product_of_costs,
    smoothed,
    sum_of_totals,
    weigh,
)
from hwnas.predictors.trust import Method
from hwnas.tables import ClassMeans, Column, Table, class_means

FEWEST_DEVICES = 5
"""Devices that two spaces must know for others to be made up of them."""
MIN_CLASSES = 200
"""Functional classes that must have a value for a device to be one of them."""


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
class Neighbour:
    """A device that is known on the space to carry from, and nearer to the goal.

    Args:
        here: What is known of it on the space to carry from.
        there: What is known of it on the goal or, if there is no such device, on a third space
            whose networks are made of the goal's operators.
    """

    here: Known
    there: Known

    @property
    def name(self) -> str:
        """Device, quantity but for latency, and conditions."""
        target = target_of(self.here.column)
        quantity = "" if target.quantity == "latency" else target.quantity
        return " ".join(filter(None, (target.device, quantity, target.condition_text)))

    @property
    def is_usual(self) -> bool:
        """Whether it is under the conditions that its quantity's name alone means."""
        return self.here.column.is_default and self.there.column.is_default

    @property
    def turned(self) -> Neighbour:
        """The same the other way round."""
        return Neighbour(self.there, self.here)


class Costs:
    """Costs of devices on spaces, in forms that others can be made up of; each made once."""

    def __init__(self) -> None:
        self._means: dict[tuple[int, str], ClassMeans] = {}
        self._smoothed: dict[tuple[int, str], tuple[np.ndarray, float]] = {}
        self._features: dict[tuple[str, str | None, bytes, tuple[str, ...]], np.ndarray] = {}
        # Tables are told apart by identity, so they must live as long as what is kept of them.
        self._tables: list[Table] = []

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

    def of_totals(self, known: Known) -> LogCost:
        """A cost as a sum of what networks hold, from features of ``TOTALS``."""
        means = self.means(known)
        totals = self.features(known.space, means.genotypes, TOTALS)
        return sum_of_totals(totals, means.values)

    def smoothed(self, known: Known) -> LogCost:
        """A cost without the noise of single measurements, from features of ``read_sets``."""
        key = (id(known.table), known.column.name)
        if key not in self._smoothed:
            means = self.means(known)
            x = self.features(known.space, means.genotypes, read_sets(known.space))
            n_totals = len(feature_names(known.space, TOTALS))
            slopes, intercept = smoothed(x[:, n_totals:], np.log(means.values))
            self._smoothed[key] = np.concatenate([np.zeros(n_totals), slopes]), intercept
        slopes, intercept = self._smoothed[key]
        return LogCost(np.zeros((0, len(slopes))), np.zeros(0), np.zeros(0), slopes, intercept)


def read_sets(space: SearchSpace) -> tuple[str, ...]:
    """Feature sets that a model of other devices' costs reads on a space."""
    return *TOTALS, *(name for name in SMOOTHING if name in space.feature_sets)


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


def carry(
    start: Known, goal: SearchSpace, neighbours: Sequence[Neighbour], costs: Costs
) -> Carried:
    """A cost model for a space, of a device that is known on another.

    Args:
        start: What is known of the device.
        goal: Space to value.
        neighbours: Devices to make it up of; without any, it is a sum of totals.
        costs: Costs that were made before.

    Raises:
        TableError: A cost is not positive.
    """
    if not neighbours:
        return Carried(costs.of_totals(start), TOTALS, "totals", None, {})
    through = neighbours[0].there.space
    is_direct = through.name == goal.name
    there = [
        costs.smoothed(each.there) if is_direct else costs.of_totals(each.there)
        for each in neighbours
    ]
    means, sets = costs.means(start), read_sets(start.space)
    x = costs.features(start.space, means.genotypes, sets)
    here = [costs.smoothed(each.here).predict(x) for each in neighbours]
    totals = x[:, _counted(start.space)].astype(float)
    terms = np.column_stack([*here, np.log(totals)])
    weights, intercept = weigh(terms, np.log(means.values))
    names = [*(each.name for each in neighbours), *COUNTED]
    return Carried(
        product_of_costs(there, _counted(goal), weights, intercept),
        read_sets(goal) if is_direct else TOTALS,
        "devices" if is_direct else "bridge",
        None if is_direct else through.name,
        {name: float(weight) for name, weight in zip(names, weights, strict=True) if weight > 0},
    )


def _counted(space: SearchSpace) -> list[int]:
    names = feature_names(space, TOTALS)
    return [names.index(name) for name in COUNTED]
