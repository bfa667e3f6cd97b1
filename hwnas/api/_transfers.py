"""Costs of devices carried from one space to another."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hwnas.api._fit import first_known
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ConfigError
from hwnas.objectives.devices import load_device
from hwnas.predictors import search_path
from hwnas.spaces import SPACES, load_space
from hwnas.tables import load_table
from hwnas.tables.catalogue import find, known_targets

if TYPE_CHECKING:
    from hwnas.fitting.carrying import Costs, Known
    from hwnas.predictors.card import Card
    from hwnas.predictors.trust import CostTrust
    from hwnas.tables import Table

COSTS = ("latency", "energy")
"""What is carried."""


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
    from hwnas.fitting.carrying import Costs, nearest_neighbours
    from hwnas.fitting.columns import write_predictor
    from hwnas.fitting.transfer import extrapolate

    goal = load_space(to_space, dataset=to_dataset)
    start = load_space(from_space)
    if goal.name == start.name:
        raise ConfigError(f"A cost model must go to another space; got {goal.name} twice.")
    name = load_device(device).name
    found = [
        known
        for quantity in COSTS
        if not find(Target(quantity, goal.dataset, name), goal)
        and (known := first_known(start, Target(quantity, start.dataset, name), is_needed=True))
        is not None
    ]
    if not found:
        raise ConfigError(
            f"Device '{device}' must have latency or energy on {start.name} that it does not have "
            f"on {goal.name}; it has none. See: hwnas devices show {device}"
        )
    costs = Costs()
    trust = measured_transfers(start, costs)
    others = nearest_neighbours(start, goal)
    cards = []
    for known in found:
        fitted = extrapolate(known, goal, trust, others, costs)
        write_predictor(Path(out) if out else search_path()[0], fitted)
        cards.append(fitted.card)
    return cards


def measured_transfers(
    start: SearchSpace, costs: Costs, usual_only: bool = True
) -> list[CostTrust]:
    """How far costs carry between a space and every other that knows the same devices, both ways.

    By totals and, where enough other devices are known on both, by theirs.

    Args:
        start: The space.
        costs: What was made before.
        usual_only: Whether only under the conditions that a quantity's name alone means.
    """
    from hwnas.fitting.carrying import neighbours
    from hwnas.fitting.transfer import measure_transfer

    load = functools.cache(load_table)
    trust = []
    for other in (load_space(name) for name in SPACES if name != start.name):
        pairs = list(_known_on_both(start, other, load))
        ways = [(None, None), (neighbours(start, other), neighbours(other, start))]
        for there, back in ways:
            for one, two in pairs:
                if usual_only and not (one.column.is_default and two.column.is_default):
                    continue
                if there is back or (there and back):
                    trust.append(measure_transfer(one, two, there, costs))
                    trust.append(measure_transfer(two, one, back, costs))
    return trust


def _known_on_both(
    start: SearchSpace, other: SearchSpace, load: Callable[[str], Table]
) -> Iterator[tuple[Known, Known]]:
    """Costs that tables in the cache know on both spaces: by device, quantity and conditions."""
    here, there = (
        {replace(target, dataset=None) for target in known_targets(space)}
        for space in (start, other)
    )
    both = (each for each in here & there if each.device and each.quantity in COSTS)
    for target in sorted(both, key=_order):
        one, two = (
            first_known(space, replace(target, dataset=space.dataset), load=load)
            for space in (start, other)
        )
        if one and two:
            yield one, two


def _order(target: Target) -> tuple[str, str, str]:
    return str(target.device), target.quantity, target.condition_text
