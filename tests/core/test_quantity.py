"""Quantities: names, units and directions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hwnas.api import predict
from hwnas.core.limits import parse_limit
from hwnas.core.quantity import DEFAULT_OBJECTIVES, QUANTITIES, Quantity, find_quantity
from hwnas.errors import ConfigError, TableError, UnknownNameError
from hwnas.tables import import_file, load_audit

LOSS: dict[str, Any] = {
    "name": "val_loss",
    "column": "val_loss",
    "unit": "",
    "direction": "min",
    "title": "Validation loss",
}
ARCHS = (
    "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
    "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
)


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


def test_accuracies_are_qualities_and_costs_are_none() -> None:
    qualities = {quantity.name for quantity in QUANTITIES.values() if quantity.is_quality}
    assert qualities == {"accuracy", "robustness"}


def test_default_objectives_are_known() -> None:
    assert set(DEFAULT_OBJECTIVES) <= set(QUANTITIES)


def test_quantity_is_found_by_its_name_and_its_column() -> None:
    assert find_quantity("latency") is find_quantity("latency_ms") is QUANTITIES["latency"]


def test_unknown_quantity_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown quantity 'latencyy'\. Did you mean 'lat"):
        find_quantity("latencyy")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "val loss"}, r"must be of letters, digits and '_'; got 'val loss'"),
        ({"column": "val@loss"}, r"must be of letters, digits and '_'; got 'val@loss'"),
        ({"direction": "down"}, r"direction must be min or max; got 'down'"),
        ({"lower": 1.0, "upper": 1.0}, r"lower must be below upper; got 1 and 1"),
    ],
)
def test_a_quantity_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Quantity(**{**LOSS, **changes})


@pytest.mark.parametrize(("value", "is_one"), [(-0.1, False), (0.0, True), (100.0, True)])
def test_bounds_belong_to_a_quantity(value: float, is_one: bool) -> None:
    assert QUANTITIES["accuracy"].can_be(value) == is_one
    assert not QUANTITIES["accuracy"].can_be(100.5)
    assert QUANTITIES["latency"].can_be(1e9)


@pytest.fixture
def quantities(monkeypatch: pytest.MonkeyPatch) -> dict[str, Quantity]:
    """The registered quantities, to be put back after the test."""
    list(QUANTITIES)
    things = dict(QUANTITIES._things)
    monkeypatch.setattr(QUANTITIES, "_things", things)
    return things


def test_two_quantities_of_one_column_are_refused(quantities: dict[str, Quantity]) -> None:
    quantities["delay"] = Quantity("delay", "latency_ms", "ms", "min", "Delay")
    with pytest.raises(ConfigError, match=r"Two quantities are called 'latency_ms'"):
        find_quantity("latency")


def test_a_quantity_is_registered_under_its_own_name(quantities: dict[str, Quantity]) -> None:
    quantities["other"] = Quantity(**LOSS)
    with pytest.raises(ConfigError, match=r"under its own name, 'val_loss'; got 'other'"):
        find_quantity("latency")


def test_another_distribution_s_quantity_is_imported_tabulated_and_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quantities: dict[str, Quantity]
) -> None:
    (tmp_path / "losses.py").write_text(
        "import math\nfrom hwnas.core.quantity import Quantity\n"
        f"LOSS = Quantity(**{LOSS}, lower=-math.inf)\n",
        encoding="utf-8",
    )
    info = tmp_path / "losses-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: losses\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[hwnas.quantities]\nval_loss = losses:LOSS\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in set(quantities) - {"val_loss"}:
        quantities[name] = QUANTITIES[name]
    monkeypatch.setattr(QUANTITIES, "_is_loaded", False)
    path = tmp_path / "mine.csv"
    path.write_text(f"arch,cifar10_val_loss\n{ARCHS[0]},-1.5\n{ARCHS[1]},0.25\n")
    import_file("mine", path, "nasbench201")
    assert load_audit("mine").columns[0].suspects == ()
    frame = predict("nasbench201", ARCHS, quantities=["val_loss"], source="table")
    assert frame["val_loss"].tolist() == [-1.5, 0.25]
    limit = parse_limit("val_loss<=-1")
    assert limit.violation(frame["val_loss"].to_numpy()).tolist() == [0.0, 1.25]


def test_a_table_with_a_number_beyond_the_bounds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"arch,cifar10_accuracy_pct\n{ARCHS[0]},101\n")
    with pytest.raises(TableError, match=r"row 1: .* cannot be above 100; got 101"):
        import_file("mine", path, "nasbench201")


@pytest.mark.parametrize("name", ["latency", "energy", "throughput"])
def test_what_a_device_takes_is_never_nothing(name: str) -> None:
    assert not QUANTITIES[name].can_be(0.0)
    assert QUANTITIES[name].can_be(5e-324)


def test_nothing_can_be_a_number_that_is_none() -> None:
    assert not any(quantity.can_be(float("nan")) for quantity in QUANTITIES.values())


def test_counts_have_no_unit() -> None:
    counts = {quantity.name for quantity in QUANTITIES.values() if quantity.is_count}
    assert counts == {"params", "macs"}
