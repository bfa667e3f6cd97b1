"""What to say when nothing knows a quantity."""

from __future__ import annotations

from collections.abc import Iterable

from hwnas.core.device import Device
from hwnas.core.quantity import Quantity
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ConfigError, UnknownNameError
from hwnas.objectives.devices import device_names, devices_that_know
from hwnas.tables.catalogue import Entry, catalogue, find
from hwnas.tables.table import find_column

_POWER = (
    " Or give the device's rated power with --power-w W "
    "(energy = rated power x latency, labelled estimated)."
)


def need_device(quantity: Quantity, device: Device | None) -> Device:
    """The device, for a quantity that means nothing without one.

    Raises:
        ConfigError: There is none.
    """
    if device is None:
        raise ConfigError(
            f"{quantity.title} needs a device; name one with --device. "
            f"Known: {', '.join(device_names())}."
        )
    return device


class NothingKnownError(ConfigError):
    """No data is known for a quantity."""


def check_conditions(quantity: Quantity, asked: str, known: Iterable[str]) -> None:
    """Check that the conditions are not the one reason why nothing was found.

    Args:
        quantity: The quantity.
        asked: The conditions that were asked for and not found, as text; empty for the usual ones.
        known: Conditions under which there are values, empty for the usual ones.

    Raises:
        UnknownNameError: There are values under other conditions.
        ConfigError: There are values under the usual conditions alone.
    """
    others = set(known)
    if asked and others == {""}:
        raise ConfigError(
            f"{quantity.title} must be asked for under the usual conditions, the only ones known "
            f"here; got '{quantity.name}@{asked}'. Leave '@{asked}' out."
        )
    if asked and others:
        raise UnknownNameError(f"condition of {quantity.name}", asked, filter(None, others))


def unknown_here(space: SearchSpace, target: Target) -> NothingKnownError:
    """The error for a target, conditions included, that nothing answers here.

    Args:
        space: Search space with its data set and options.
        target: What was asked for, with the data set and the device.
    """
    quantity, device = target.meaning, target.device
    where = f"{space.name} on {space.dataset}"
    tables = [entry for entry, _ in find(target, space)]
    if tables:
        have = f"Device '{device}' has no predictor" if device else "There is no predictor"
        first = tables[0]
        run = f"hwnas fit {first.name}" if first.is_here else first.how_to_get
        return NothingKnownError(
            f"{have} of {target} for {where}; table '{first.name}' has values, which "
            f"--source=table looks up. Run: {run}"
        )
    elsewhere = _of_other_options(space, target)
    if elsewhere is not None:
        return NothingKnownError(
            f"Table '{elsewhere.name}' holds {target} for other options of {space.name}; got "
            f"{space.label}. Measure these, and import them with: hwnas tables import NAME "
            f"--from FILE --space {space.name} --option NAME=VALUE"
        )
    if quantity.per_device:
        others = devices_that_know(target, space.name)
        have = f"Devices that have it: {', '.join(others)}." if others else "No device has it."
        power = _POWER if quantity.name == "energy" else ""
        return NothingKnownError(
            f"Device '{device or ''}' has no {quantity.name} data for {where}. {have}{power}"
        )
    return NothingKnownError(
        f"No {quantity.name} data is known for {where}. Leave {quantity.name} out, "
        "choose another --dataset, or fit a predictor with: hwnas fit"
    )


def _of_other_options(space: SearchSpace, target: Target) -> Entry | None:
    """A table that knows a target on a space, but for other options of it."""
    return next(
        (
            entry
            for entry in catalogue()
            if entry.space == space.name
            and not entry.is_for(space)
            and find_column(entry.columns, target) is not None
        ),
        None,
    )
