"""What is likely of a device's cost: known devices', counts, operations and pairs of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.errors import UnknownNameError
from hwnas.features import feature_layout, net_feature_matrix
from hwnas.features.device_costs import DEVICE_COSTS, ENCODING, SmoothedCost, device_costs
from hwnas.features.sets import tied_choices
from hwnas.fitting.linear_prior import LinearPrior
from hwnas.tables import Column

Sources = Collection[str | SmoothedCost]
"""Known costs: names of those that ship, such as ``"1080ti.latency.batch32"``, and others."""
COSTS = ("latency", "energy", "throughput")
"""Quantities of a device that go with the size of a network."""
NET_COUNTS = "net_counts"
ONE_NUMBER = ("params", "macs")
"""Models of one number alone, in the order of the columns of ``net_counts``."""
KNOWN = "known_devices"
# How much of a cost each kind of feature explains a priori, next to the known devices. Chosen on
# twelve columns of NAS-Bench-201; how much there is beyond known devices is averaged over.
_KNOWN_WEIGHT, _COUNTS_WEIGHT = 1.0, 0.1
_STRUCTURE = {"operations": 0.1, "places": 0.03, "pairs": 0.01}
_TIMES = (0.1, 0.3, 1.0, 3.0, 10.0)
_N_SAMPLE = 2000
"""Random architectures over which features have their usual spread."""


def is_cost(column: Column) -> bool:
    """Whether a column holds the latency, energy or throughput of a device."""
    return column.quantity in COSTS and column.device is not None


def has_prior(space: SearchSpace) -> bool:
    """Whether what a space's networks cost is nearly linear in an encoding that it has."""
    return bool(space.cell_types) or space.independent_genes is not None


def cost_sets(space: SearchSpace) -> tuple[str, ...]:
    """Feature sets that a cost is predicted from: known devices are among them where any ship."""
    known = (DEVICE_COSTS,) if device_costs(space) is not None else ()
    return (*known, ENCODING, NET_COUNTS)


def prior_of_costs(space: SearchSpace, sources: Sources | None = None) -> LinearPrior:
    """The prior of a linear model on the features of ``cost_sets``.

    Args:
        space: Search space.
        sources: The known costs to learn from; all that ship by default.

    Raises:
        UnknownNameError: No cost of a name ships for the space.
    """
    sets = cost_sets(space)
    layout = feature_layout(space, sets)
    # The same architectures each time, whatever the seed of a fit: a scale, not a sample.
    nets = space.sample_genotypes(_N_SAMPLE, np.random.default_rng(0))
    features = net_feature_matrix(space, nets, sets).astype(float)
    weights = {KNOWN: _KNOWN_WEIGHT, "counts": _COUNTS_WEIGHT, **_STRUCTURE}
    blocks = _blocks(space, layout, features, sources)
    found = {name: block for name, block in blocks.items() if block.shape[1]}
    settings = [
        {
            name: weight * (times if name in _STRUCTURE else 1.0)
            for name, weight in weights.items()
            if name in found
        }
        for times in _TIMES
    ]
    return LinearPrior(found, settings)


def only(prior: LinearPrior, block: str) -> LinearPrior:
    """The model that knows one block alone."""
    return LinearPrior({block: prior.blocks[block]}, [{block: 1e3}])


def _blocks(
    space: SearchSpace,
    layout: Mapping[str, range],
    features: np.ndarray,
    sources: Sources | None,
) -> dict[str, np.ndarray]:
    """Directions of each kind of feature, scaled by their spread over ``(n, n_features)``."""
    spread = features.std(axis=0)

    def scaled(columns: range, directions: np.ndarray) -> np.ndarray:
        block = np.zeros((features.shape[1], directions.shape[1]))
        block[columns.start : columns.stop] = directions
        variance = (features @ block).var(axis=0).sum()
        return block / np.sqrt(variance) if variance > 0 else block[:, :0]

    known = _balanced(space, layout, features, sources)
    blocks = {KNOWN: scaled(range(len(known)), known)}
    encoding, counts = layout[ENCODING], layout[NET_COUNTS]
    tied = tied_choices(space)
    places, n_pairs = np.eye(len(encoding), len(tied)), len(encoding) - len(tied)
    blocks["operations"] = scaled(encoding, np.eye(len(encoding), len(tied)) @ tied)
    blocks["places"] = scaled(encoding, places)
    blocks["pairs"] = scaled(encoding, np.eye(len(encoding), n_pairs, -len(tied)))
    per_spread = np.diag(1 / spread[counts.start : counts.stop])
    blocks["counts"] = scaled(counts, per_spread)
    for place, name in enumerate(ONE_NUMBER):
        blocks[name] = scaled(counts, per_spread[:, [place]])
    return blocks


def _balanced(
    space: SearchSpace,
    layout: Mapping[str, range],
    features: np.ndarray,
    sources: Sources | None,
) -> np.ndarray:
    """A direction of ``(n_features, n_sources)`` for each source: all boards count alike."""
    costs = _shipped(space)
    shipped = {cost.name: place for place, cost in enumerate(costs)}
    wanted = list(shipped if sources is None else sources)
    directions = np.zeros((features.shape[1], len(wanted)))
    boards = []
    for number, source in enumerate(wanted):
        if isinstance(source, SmoothedCost):
            directions[layout[ENCODING], number] = source.coefficients
            boards.append(source.target.device)
        elif source in shipped:
            place = shipped[source]
            directions[layout[DEVICE_COSTS][place], number] = 1.0
            boards.append(costs[place].target.device)
        else:
            raise UnknownNameError("known cost", source, shipped)
    spread = (features @ directions).std(axis=0)
    shares = np.sqrt([boards.count(board) for board in boards])
    return np.asarray(directions / np.where(spread > 0, spread * shares, np.inf))


def unrelated(space: SearchSpace, device: str | None) -> list[str]:
    """Names of the known costs of other devices than one."""
    return [cost.name for cost in _shipped(space) if cost.target.device != device]


def _shipped(space: SearchSpace) -> tuple[SmoothedCost, ...]:
    known = device_costs(space)
    return () if known is None else known.costs
