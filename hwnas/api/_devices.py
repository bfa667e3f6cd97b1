"""Devices: which there are, what tables know of them, what is predicted of them and how well."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from hwnas.core.device import Device
from hwnas.core.target import Target
from hwnas.objectives.devices import device_names, load_device
from hwnas.spaces import SPACES
from hwnas.tables.catalogue import Entry, catalogue

if TYPE_CHECKING:
    from hwnas.predictors.card import Card

__all__ = [
    "device_names",
    "device_predictors",
    "device_record",
    "known_on",
    "load_device",
    "tables_of",
]


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


def tables_of(device: Device) -> list[tuple[Entry, list[Target]]]:
    """The tables that know something of a device, each with what it knows."""
    found = [
        (entry, [target for target in entry.targets if target.device == device.name])
        for entry in catalogue()
    ]
    return [(entry, targets) for entry, targets in found if targets]


def known_on() -> dict[str, dict[str, list[str]]]:
    """By device, the quantities that tables know on each space."""
    known: dict[str, dict[str, list[str]]] = {}
    for entry in catalogue():
        for target in entry.targets:
            if target.device:
                names = known.setdefault(target.device, {}).setdefault(entry.space, [])
                if target.quantity not in names:
                    names.append(target.quantity)
    return known


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
