"""What to say when nothing knows a quantity."""

from __future__ import annotations

from collections.abc import Iterable

from hwnas.core.device import Device
from hwnas.core.quantity import Quantity
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ConfigError, UnknownNameError
from hwnas.objectives.devices import device_names, devices_that_know
from hwnas.tables.catalogue import find

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


def unknown_here(
    space: SearchSpace, device: Device | None, quantity: Quantity
) -> NothingKnownError:
    """The error for a quantity that no data is known for."""
    where = f"{space.name} on {space.dataset}"
    target = Target(quantity.name, space.dataset, device.name if device else None)
    tables = [entry for entry, _ in find(target, space)] if device else []
    if device and tables:
        table = tables[0]
        told = (
            f"Device '{device.name}' has no predictor of {quantity.name} for {where}; table "
            f"'{table.name}' has values, which {quantity.name}:table looks up. "
        )
        if table.is_here:
            return NothingKnownError(f"{told}Ask for that, or fit one: hwnas fit {table.name}")
        return NothingKnownError(f"{told}Run: {table.how_to_get}")
    if quantity.per_device:
        others = devices_that_know(target, space.name)
        have = f"Devices that have it: {', '.join(others)}." if others else "No device has it."
        power = _POWER if quantity.name == "energy" else ""
        name = device.name if device else ""
        return NothingKnownError(
            f"Device '{name}' has no {quantity.name} data for {where}. {have}{power}"
        )
    return NothingKnownError(
        f"No {quantity.name} data is known for {where}. Leave {quantity.name} out, "
        "choose another --dataset, or fit a predictor with: hwnas fit"
    )
