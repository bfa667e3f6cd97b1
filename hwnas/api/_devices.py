"""Devices: which there are, what tables know of them, what is predicted of them and how well."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hwnas.core import given
from hwnas.core.arguments import checked
from hwnas.core.device import Device
from hwnas.core.quantity import QUANTITIES
from hwnas.core.target import Target
from hwnas.objectives.devices import device_names, load_device
from hwnas.spaces import SPACES, load_space
from hwnas.tables.catalogue import Entry, catalogue
from hwnas.tables.table import find_column

if TYPE_CHECKING:
    from hwnas.core.space import SearchSpace
    from hwnas.predictors.card import Card

__all__ = [
    "device_names",
    "device_predictors",
    "device_record",
    "load_device",
    "searchable",
    "tables_of",
]

How = Literal["predicted", "extrapolated", "table only"]
"""How a search gets the value of a device."""


@checked(device=given.device)
def device_predictors(device: str | Device) -> list[Card]:
    """Cards of all predictors that were fitted for a device.

    Args:
        device: Device or its name.

    Returns:
        The cards, by space; the user's own before shipped ones, whose like they replace.

    Raises:
        UnknownNameError: There is no such device.
        ArtifactError: An index of predictors is damaged.
    """
    from hwnas.predictors import predictor_cards

    name = load_device(device).name if isinstance(device, str) else device.name
    return [
        card for space in SPACES for card in predictor_cards(space) if card.target.device == name
    ]


@checked(device=given.loaded_device)
def tables_of(device: Device) -> list[tuple[Entry, list[Target]]]:
    """The tables that know something of a device, each with what it knows."""
    found = [
        (entry, [target for target in entry.targets if target.device == device.name])
        for entry in catalogue()
    ]
    return [(entry, targets) for entry, targets in found if targets]


@dataclass(frozen=True, slots=True)
class Searchable:
    """A quantity of a device that a search takes.

    Args:
        space: The search space.
        dataset: Its data set.
        quantity: Such as ``"latency"``.
        how: ``"predicted"``; ``"extrapolated"`` by a predictor of another space; or ``"table
            only"``, which ``source="table"`` looks up.
    """

    space: str
    dataset: str
    quantity: str
    how: How


def searchable(devices: Iterable[Device]) -> dict[str, list[Searchable]]:
    """By device, what a search of each space in its usual form takes, by space and data set.

    Raises:
        ArtifactError: An index of predictors is damaged.
        TableError: The card of a table cannot be read.
    """
    from hwnas.predictors import predictor_cards
    from hwnas.predictors.loading import fits

    entries = catalogue()
    places: list[tuple[SearchSpace, list[Card], list[Entry]]] = []
    for name, space_type in ((name, SPACES[name]) for name in SPACES):
        for dataset in space_type.datasets:
            space = load_space(name, dataset=dataset)
            cards = [card for card in predictor_cards(name, dataset) if fits(card, space)]
            places.append((space, cards, [each for each in entries if each.is_for(space)]))
    names = [each.name for each in QUANTITIES.values() if each.per_device]
    return {
        device.name: [
            Searchable(space.name, space.dataset, name, how)
            for space, cards, tables in places
            for name in names
            if (how := _how(Target(name, space.dataset, device.name), cards, tables)) is not None
        ]
        for device in devices
    }


def _how(target: Target, cards: Iterable[Card], tables: Iterable[Entry]) -> How | None:
    """How a search gets a target on a space, from its predictors and its tables."""
    card = next((card for card in cards if card.answers(target)), None)
    if card is not None:
        return "extrapolated" if card.transfer else "predicted"
    is_known = any(find_column(entry.columns, target) is not None for entry in tables)
    return "table only" if is_known else None


def device_record(device: Device) -> dict[str, Any]:
    """A device as JSON can hold it, with the columns that tables have of it."""
    columns = [
        {
            "table": entry.name,
            "space": entry.space,
            "dataset": column.dataset,
            "quantity": column.target.quantity,
            "conditions": dict(column.target.conditions),
            "column": column.name,
        }
        for entry, _ in tables_of(device)
        for column in entry.columns
        if column.target is not None and column.device == device.name
    ]
    return {**dataclasses.asdict(device), "columns": columns}
