"""Quantities: names, units and directions."""

from __future__ import annotations

import pytest

from hwnas.core.quantity import DEFAULT_OBJECTIVES, QUANTITIES, find_quantity
from hwnas.errors import UnknownNameError


@pytest.mark.parametrize(
    ("name", "column", "unit", "direction"),
    [
        ("accuracy", "accuracy_pct", "%", "max"),
        ("robustness", "robustness_pct", "%", "max"),
        ("latency", "latency_ms", "ms", "min"),
        ("energy", "energy_mj", "mJ", "min"),
        ("throughput", "throughput_ips", "img/s", "max"),
        ("params", "params", "", "min"),
        ("macs", "macs", "", "min"),
    ],
)
def test_quantity_has_this_column_unit_and_direction(
    name: str, column: str, unit: str, direction: str
) -> None:
    quantity = QUANTITIES[name]
    assert (quantity.column, quantity.unit, quantity.direction) == (column, unit, direction)


def test_hardware_quantities_need_a_device_and_no_others_do() -> None:
    needing = {quantity.name for quantity in QUANTITIES.values() if quantity.per_device}
    assert needing == {"latency", "energy", "throughput"}


def test_default_objectives_are_known() -> None:
    assert set(DEFAULT_OBJECTIVES) <= set(QUANTITIES)


def test_quantity_is_found_by_its_name_and_its_column() -> None:
    assert find_quantity("latency") is find_quantity("latency_ms") is QUANTITIES["latency"]


def test_unknown_quantity_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown quantity 'latencyy'\. Did you mean 'lat"):
        find_quantity("latencyy")
