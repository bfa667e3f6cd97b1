"""Devices: those that a file describes, and those that a table or a predictor names."""

from __future__ import annotations

from hwnas.core import arguments
from hwnas.core.arguments import checked
from hwnas.core.device import Device, described_device, described_names, readable_names
from hwnas.core.target import Target
from hwnas.errors import known_name
from hwnas.predictors import predictor_cards
from hwnas.spaces import SPACES
from hwnas.tables.catalogue import catalogue


def device_names() -> list[str]:
    """Names of all devices, in alphabetical order; those with a file that can be read."""
    named = {*_named_by_tables(), *_named_by_predictors()}
    return sorted({*readable_names(), *(named - {*described_names()})})


@checked(name=arguments.text)
def load_device(name: str) -> Device:
    """The device called ``name``, or of that title; capitals, spaces, ``-`` and ``_`` aside.

    A device that no file describes is one all the same if a table or a predictor names it: its
    title is its name, and its kind is unknown.

    Raises:
        ArgumentError: ``name`` is no text.
        UnknownNameError: There is none.
        ConfigError: Its file is no device description.
    """
    if name in described_names():
        return described_device(name)
    source = _named_by_tables().get(name) or _named_by_predictors().get(name)
    if source is None:
        titles = {each: described_device(each).title for each in readable_names()}
        # What is said of a name that is none; else the device itself has that name.
        return load_device(known_name("device", name, device_names(), "hwnas devices", titles))
    return Device(name, title=name, kind="unknown", source=source)


def devices_that_know(target: Target, space_name: str) -> list[str]:
    """Names of the devices for which a table holds a quantity, in alphabetical order.

    Args:
        target: The quantity with its data set; its device does not matter.
        space_name: Name of the search space.
    """
    return sorted(
        {
            each.device
            for entry in catalogue()
            if entry.space == space_name
            for each in entry.targets
            if (each.quantity, each.dataset) == (target.quantity, target.dataset) and each.device
        }
    )


def _named_by_tables() -> dict[str, str]:
    """Devices of the catalogue's tables, and which table names them first."""
    named: dict[str, str] = {}
    for entry in catalogue():
        for target in entry.targets:
            if target.device:
                named.setdefault(target.device, f"table {entry.name}")
    return named


def _named_by_predictors() -> dict[str, str]:
    """Devices of the predictors, and which quantity names them first."""
    named: dict[str, str] = {}
    for space in SPACES:
        for card in predictor_cards(space):
            if card.target.device:
                source = f"a predictor fitted on table {card.table.name}"
                named.setdefault(card.target.device, source)
    return named
