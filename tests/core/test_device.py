"""Devices: what the TOML files say, and which files are refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hwnas.core.device import Device, device_names, load_device, read_device
from hwnas.core.quantity import QUANTITIES
from hwnas.errors import ConfigError, UnknownNameError
from hwnas.spaces import load_space

HARDWARE = {
    "edgegpu": ("latency", "energy"),
    "raspi4": ("latency",),
    "edgetpu": ("latency",),
    "pixel3": ("latency",),
    "eyeriss": ("latency", "energy"),
    "fpga": ("latency", "energy"),
}
MINIMAL = """
schema = 1
title = "Mine"
kind = "CPU"
source = "a paper"
[[table]]
name = "mine"
space = "nasbench201"
datasets = ["cifar10"]
quantities = ["latency"]
"""


def read(tmp_path: Path, text: str) -> Device:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return read_device(path)


@pytest.mark.parametrize("name", HARDWARE)
def test_devices_of_hw_nas_bench_know_their_quantities(name: str) -> None:
    device = load_device(name)
    for dataset in load_space("nasbench201").datasets:
        assert device.quantities("nasbench201", dataset) == HARDWARE[name]


@pytest.mark.parametrize("space", ["nasbench201", "fbnet"])
def test_devices_hold_the_27_settings_of_help(space: str) -> None:
    dataset = load_space(space).datasets[0]
    settings = [
        (device, column.variant)
        for device in device_names()
        for column in load_device(device).columns
        if (column.space, column.dataset, column.quantity) == (space, dataset, "latency")
        and not column.table.startswith("hw-nas-bench-official")
    ]
    # The two devices of HW-NAS-Bench that HELP does not have.
    others = {("edgegpu", ""), ("edgetpu", "")}
    assert len(settings) == len(set(settings))
    assert len(set(settings) - others) == 27


def test_batches_of_a_device_are_variants_of_one_quantity() -> None:
    device = load_device("1080ti")
    assert device.quantities("fbnet", "cifar100") == ("latency",)
    assert [c.column for c in device.columns if c.space == "fbnet"] == [
        f"cifar100_1080ti_latency_ms@batch{size}" for size in (1, 32, 64)
    ]


def test_tables_that_know_a_quantity_are_told_in_order() -> None:
    tables = load_device("fpga").tables
    assert tables("latency", "fbnet", "cifar100") == ("help-fbnet", "hw-nas-bench-official-fbnet")
    assert tables("energy", "fbnet", "cifar100") == ("hw-nas-bench-official-fbnet",)
    assert tables("energy", "mnasnet", "imagenet") == ()


@pytest.mark.parametrize("name", device_names())
def test_every_device_says_what_it_is_and_where_from(name: str) -> None:
    device = load_device(name)
    assert device.name == name
    assert device.title
    assert device.kind
    assert re.search(r"https?://", device.source)
    assert (device.rated_power_w is None) == (device.rated_power_source == "")


@pytest.mark.parametrize(
    ("name", "trap"),
    [
        ("fpga", "exactly 7.000 x latency"),
        ("edgetpu", "4,699 of the 15,625"),
        ("edgegpu", "rank correlation 0.99"),
        ("eyeriss", "not measured"),
        ("fpga", "not measured"),
        ("fpga", "On fbnet, latency is exactly a sum over layers"),
        ("pixel2", "whole milliseconds"),
        ("gold_6226", "median rank correlation 0.31"),
        ("1080ti", "latency@batch32"),
        ("vck190", "rank correlation -0.997"),
        ("tpuv3", "44 of the 5,138"),
    ],
)
def test_note_tells_the_trap(name: str, trap: str) -> None:
    assert trap in load_device(name).note


def test_unknown_device_is_refused_with_a_guess() -> None:
    with pytest.raises(
        UnknownNameError, match=r"Unknown device 'edgegpuu'\. Did you mean 'edgegpu"
    ):
        load_device("edgegpuu")


def test_prefix_names_the_columns_instead_of_the_device(tmp_path: Path) -> None:
    device = read(tmp_path, MINIMAL + 'prefix = "board"\n')
    assert [column.column for column in device.columns] == ["cifar10_board_latency_ms"]


def test_rated_power_comes_with_its_source(tmp_path: Path) -> None:
    device = read(tmp_path, MINIMAL + '[power]\nrated_w = 7.5\nsource = "data sheet"\n')
    assert (device.rated_power_w, device.rated_power_source) == (7.5, "data sheet")


def test_newer_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml: schema must be at most 1; got 2"):
        read(tmp_path, MINIMAL.replace("schema = 1", "schema = 2"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('title = "Mine"', ""),
        ("schema = 1", ""),
        ("schema = 1", 'schema = "one"'),
        ('quantities = ["latency"]', 'quantities = ["speed"]'),
        ('name = "mine"', ""),
        ('title = "Mine"', "title = "),
    ],
)
def test_broken_description_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml must describe a device"):
        read(tmp_path, MINIMAL.replace(old, new))


def test_only_quantities_of_a_device_are_listed() -> None:
    for name in device_names():
        assert all(QUANTITIES[c.quantity].per_device for c in load_device(name).columns)


def test_a_device_of_the_user_s_own_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWNAS_CONFIG", str(tmp_path))
    folder = tmp_path / "devices"
    folder.mkdir()
    (folder / "pi5.toml").write_text(
        'schema = 1\ntitle = "Raspberry Pi 5"\nkind = "CPU"\nsource = "measured by hand"\n'
    )
    assert load_device("pi5").title == "Raspberry Pi 5"
    assert "pi5" in device_names()


def test_a_device_described_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWNAS_CONFIG", str(tmp_path))
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "raspi4.toml").write_text("schema = 1\n")
    with pytest.raises(ConfigError, match="Device 'raspi4' is described twice"):
        device_names()
