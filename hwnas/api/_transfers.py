"""Costs of devices carried from one space to another."""

from __future__ import annotations

import functools
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hwnas.api._fit import first_known
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ConfigError
from hwnas.features import feature_matrix, feature_names
from hwnas.objectives.devices import load_device
from hwnas.predictors import search_path
from hwnas.spaces import SPACES, load_space
from hwnas.tables import load_table
from hwnas.tables.catalogue import find, known_targets

if TYPE_CHECKING:
    from hwnas.fitting.carrying import Known, Neighbour
    from hwnas.predictors.card import Card
    from hwnas.predictors.trust import CostTrust

COSTS = ("latency", "energy")
"""What is carried, and what other devices are known by."""
_N_TYPICAL = 64
"""Random networks that say which operators a space has."""


def fit_transfer(
    device: str,
    from_space: str,
    to_space: str,
    to_dataset: str | None = None,
    out: str | os.PathLike[str] | None = None,
) -> list[Card]:
    """Extrapolate a device's latency and energy from one space to another.

    Where both spaces know other devices, its cost is made up of theirs. Where the goal knows none
    and has operators that the first space lacks, theirs are carried to it from a third space that
    has them all. Else the cost is a sum of what every network holds.

    Args:
        device: Name of the device.
        from_space: Search space whose published values the cost model is fitted on.
        to_space: Search space to value.
        to_dataset: Its data set; the first one by default.
        out: Folder of predictors; the user's cache by default.

    Returns:
        A card for each quantity; its ``transfer`` says how far such models carried between spaces
        that know the same device. Values are labelled *extrapolated* wherever they are shown, and
        have no interval where such a transfer was never measured.

    Raises:
        UnknownNameError: There is no such device, space or data set.
        ConfigError: The two spaces are one, or the first knows nothing of the device that the
            second does not.
        TableError: A table is not in the cache.
        StorageError: The folder cannot be written.
    """
    from hwnas.fitting.columns import write_predictor
    from hwnas.fitting.transfer import extrapolate

    goal = load_space(to_space, dataset=to_dataset)
    start = load_space(from_space)
    if goal.name == start.name:
        raise ConfigError(f"A cost model must go to another space; got {goal.name} twice.")
    name = load_device(device).name
    atlas = Atlas()
    found = [
        known
        for quantity in COSTS
        if not find(Target(quantity, goal.dataset, name), goal)
        and (known := atlas.known(start, Target(quantity, start.dataset, name), is_needed=True))
        is not None
    ]
    if not found:
        raise ConfigError(
            f"Device '{device}' must have latency or energy on {start.name} that it does not have "
            f"on {goal.name}; it has none. See: hwnas devices show {device}"
        )
    trust = atlas.measured(start)
    neighbours = atlas.nearest(start, goal)
    cards = []
    for known in found:
        fitted = extrapolate(known, goal, trust, neighbours, atlas.costs)
        write_predictor(Path(out) if out else search_path()[0], fitted)
        cards.append(fitted.card)
    return cards


class Atlas:
    """What the tables in the cache know of costs of devices on spaces; each table is read once.

    Attributes:
        costs: What was made of them.
    """

    def __init__(self) -> None:
        from hwnas.fitting.carrying import Costs

        self.costs = Costs()
        self._load = functools.cache(load_table)

    def known(self, space: SearchSpace, target: Target, is_needed: bool = False) -> Known | None:
        """As ``first_known``."""
        return first_known(space, target, is_needed, self._load)

    def pairs(self, start: SearchSpace, other: SearchSpace) -> list[Neighbour]:
        """Costs that both spaces know, in alphabetical order: each device, quantity, conditions."""
        from hwnas.fitting.carrying import Neighbour

        here, there = (
            {replace(target, dataset=None) for target in known_targets(space)}
            for space in (start, other)
        )
        both = sorted(
            (each for each in here & there if each.device and each.quantity in COSTS),
            key=lambda each: (each.device, each.quantity, each.condition_text),
        )
        found = (
            (self.known(space, replace(target, dataset=space.dataset)) for space in (start, other))
            for target in both
        )
        return [Neighbour(here, there) for here, there in found if here and there]

    def neighbours(self, start: SearchSpace, other: SearchSpace) -> list[Neighbour]:
        """Those of ``pairs`` that other devices can be made up of; none if they are too few."""
        from hwnas.fitting.carrying import FEWEST_DEVICES, MIN_CLASSES

        found = [
            each
            for each in self.pairs(start, other)
            if min(len(self.costs.means(end).values) for end in (each.here, each.there))
            >= MIN_CLASSES
        ]
        n_devices = len({each.here.column.device for each in found})
        return found if n_devices >= FEWEST_DEVICES else []

    def nearest(self, start: SearchSpace, goal: SearchSpace) -> list[Neighbour]:
        """Neighbours that are known on a goal or, if there are none, on a space of its operators.

        Only a space with operators of the goal's that the start lacks tells more than the start.
        """
        direct = self.neighbours(start, goal)
        missing = _operators(goal) - _operators(start)
        if direct or not missing:
            return direct
        for name in SPACES:
            bridge = load_space(name)
            if name not in (start.name, goal.name) and _operators(goal) <= _operators(bridge):
                found = self.neighbours(start, bridge)
                if found:
                    return found
        return []

    def measured(self, start: SearchSpace) -> list[CostTrust]:
        """How far costs carry between a space and every other that knows the same devices.

        By totals and, where there are enough, by other devices; both ways, under the conditions
        that a quantity's name alone means.
        """
        from hwnas.fitting.transfer import measure_transfer

        trust = []
        for other in (load_space(name) for name in SPACES if name != start.name):
            usual = [each for each in self.pairs(start, other) if each.is_usual]
            neighbours = self.neighbours(start, other)
            turned = [each.turned for each in neighbours]
            for way, back in [((), ()), (neighbours, turned)][: 2 if neighbours else 1]:
                for each in usual:
                    trust.append(measure_transfer(each.here, each.there, way, self.costs))
                    trust.append(measure_transfer(each.there, each.here, back, self.costs))
        return trust


def _operators(space: SearchSpace) -> set[str]:
    """Types of operators that networks of a space are made of."""
    genotypes = space.sample_genotypes(_N_TYPICAL, np.random.default_rng(0))
    counts = feature_matrix(space, genotypes, ("operators",)).sum(axis=0)
    names = feature_names(space, ("operators",))
    return {name for name, n in zip(names, counts, strict=True) if n and name.startswith("n(")}
