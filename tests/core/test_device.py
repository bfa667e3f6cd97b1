"""Devices: what the TOML files say, and which files are refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hwnas.core.device import (
    Device,
    Reach,
    described_device,
    described_names,
    read_device,
    readable_names,
    write_device,
)
from hwnas.errors import ConfigError, SkippedFileWarning, UnknownNameError

MINIMAL = """
schema = 2
title = "Mine"
kind = "CPU"
source = "a paper"
"""
OLD_BLOCK = """
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


@pytest.mark.parametrize("name", described_names())
def test_every_device_says_what_it_is_and_where_from(name: str) -> None:
    device = described_device(name)
    assert device.name == name
    assert device.title
    assert device.kind
    # A paper's link, or this project's own measurements.
    assert re.search(r"https?://|^Measured by this project with hwnas profile: ", device.source)
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
    assert trap in described_device(name).note


def test_unknown_device_is_refused_with_a_guess() -> None:
    with pytest.raises(
        UnknownNameError, match=r"Unknown device 'edgegpuu'\. Did you mean 'edgegpu"
    ):
        described_device("edgegpuu")


def test_rated_power_comes_with_its_source(tmp_path: Path) -> None:
    device = read(tmp_path, MINIMAL + '[power]\nrated_w = 7.5\nsource = "data sheet"\n')
    assert (device.rated_power_w, device.rated_power_source) == (7.5, "data sheet")


@pytest.mark.parametrize("power", ["0", "-5", "inf", "nan"])
def test_rated_power_must_be_a_positive_number(tmp_path: Path, power: str) -> None:
    with pytest.raises(ConfigError, match=r"rated power must be a positive number of watts; got"):
        read(tmp_path, MINIMAL + f'[power]\nrated_w = {power}\nsource = "data sheet"\n')


def test_older_description_is_read_without_its_tables(tmp_path: Path) -> None:
    old = MINIMAL.replace("schema = 2", "schema = 1") + OLD_BLOCK
    assert read(tmp_path, old) == read(tmp_path, MINIMAL)


def test_a_device_names_what_it_cannot_run(tmp_path: Path) -> None:
    new = MINIMAL.replace("schema = 2", "schema = 3")
    assert read(tmp_path, new).unsupported == ()
    found = read(tmp_path, new + 'unsupported = ["avg_pool", "hard_swish"]\n')
    assert found.unsupported == ("avg_pool", "hard_swish")


@pytest.mark.parametrize("name", ["AveragePool", "identity", "zero", ""])
def test_what_it_cannot_run_must_be_an_operation(tmp_path: Path, name: str) -> None:
    words = rf"unsupported must name operations, of conv, .*avg_pool.*; got '{name}'"
    with pytest.raises(ConfigError, match=words):
        read(tmp_path, MINIMAL.replace("2", "3") + f'unsupported = ["{name}"]\n')


def test_newer_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml: schema must be at most 3; got 4"):
        read(tmp_path, MINIMAL.replace("schema = 2", "schema = 4"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('title = "Mine"', "", r"'title'"),
        ("schema = 2", "", r"schema must be a whole number from 1; got None"),
        ("schema = 2", 'schema = "one"', r"schema must be a whole number from 1; got 'one'"),
        ('title = "Mine"', 'title = ""', r"title must not be empty"),
        ('source = "a paper"', 'source = " "', r"source must not be empty"),
        ('kind = "CPU"', "kind = 3", r"[Ee]xpected 'str', got 'int'"),
        ('title = "Mine"', "title = ", r"it is no TOML"),
        ('kind = "CPU"', 'kinds = "CPU"', r"it has no 'kinds', did you mean 'kind'"),
        ("", '[powr]\nrated_w = 3.0\nsource = "x"\n', r"it has no 'powr', did you mean 'power'"),
        (
            "",
            '[power]\nrated = 3.0\nsource = "x"\n',
            r"did you mean 'power\.rated_w'",
        ),
        ("", "[power]\nrated_w = 3.0\n", r"'source'"),
        ("", OLD_BLOCK, r"it has no 'table'"),
    ],
)
def test_broken_description_is_refused_in_one_line(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    text = MINIMAL.replace(old, new) if old else MINIMAL + new
    with pytest.raises(ConfigError, match=rf"mine\.toml must be the desc.*{reason}") as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_device_of_the_user_s_own_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWNAS_CONFIG", str(tmp_path))
    folder = tmp_path / "devices"
    folder.mkdir()
    (folder / "pi5.toml").write_text(
        'schema = 2\ntitle = "Raspberry Pi 5"\nkind = "CPU"\nsource = "measured by hand"\n'
    )
    assert described_device("pi5").title == "Raspberry Pi 5"
    assert "pi5" in described_names()


def test_a_device_described_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWNAS_CONFIG", str(tmp_path))
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "raspi4.toml").write_text("schema = 1\n")
    with pytest.raises(ConfigError, match="Device 'raspi4' is described twice"):
        described_device("raspi4")
    with pytest.warns(SkippedFileWarning, match="Left out: Device 'raspi4' is described twice"):
        assert "raspi4" not in readable_names()


def test_a_device_of_ones_own_is_read_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HWNAS_CONFIG", str(tmp_path))
    options: dict[str, str | int | float | bool] = {"tracker": "host:9190", "tuning_trials": 8}
    device = Device(
        name="board",
        title='A "quoted" board\n\\ of two lines, é',
        kind="board",
        source="here",
        rated_power_w=4.5,
        rated_power_source="its label",
        backend=Reach("tvm-rpc", options, threads=2),
    )
    assert read_device(write_device(device)) == device


def test_a_description_of_schema_2_says_nothing_of_a_backend(tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    path.write_text('schema = 2\ntitle = "t"\nkind = "k"\nsource = "s"\n')
    assert read_device(path).backend is None


def test_what_a_device_cannot_run_is_written_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWNAS_CONFIG", str(tmp_path))
    device = Device("mine", "Mine", "CPU", "a paper", unsupported=("avg_pool", "hard_swish"))
    assert read_device(write_device(device)) == device
