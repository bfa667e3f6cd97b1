"""Every device keeps the contract, and check_device tells what does not what it breaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hwnas._resources import data_dir
from hwnas.core.device import Device
from hwnas.core.operation import run_kinds
from hwnas.errors import ConfigError
from hwnas.objectives.devices import device_names, load_device
from hwnas.testing import check_device

_DEVICE = Device("mine", "My board", "CPU", "a paper", 5.0, "its data sheet")


@pytest.mark.parametrize("name", device_names())
def test_device_keeps_its_contract(name: str) -> None:
    check_device(load_device(name))


def test_a_file_keeps_it_too() -> None:
    check_device(data_dir("devices") / "raspi4.toml")


def test_a_file_that_is_no_description_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('schema = 2\ntitel = "Mine"\n')
    with pytest.raises(ConfigError, match=r"it has no 'titel', did you mean 'title'"):
        check_device(path)


def test_the_unbroken_one_passes() -> None:
    check_device(_DEVICE)
    check_device(replace(_DEVICE, rated_power_w=None, rated_power_source=""))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "MyBoard"}, r"'dataset_MyBoard_\w+' names None"),
        ({"name": "my board"}, r"so that tables can name it in a column"),
        ({"name": "my@board"}, r"so that tables can name it in a column"),
        ({"title": ""}, r"Device 'mine': title must be one line; got ''"),
        ({"kind": " "}, r"Device 'mine': kind must be one line; got ' '"),
        ({"source": "a\nb"}, r"Device 'mine': source must be one line"),
        ({"rated_power_source": ""}, r"given together; got 5.0 from ''"),
        ({"unsupported": ("add", "add")}, r"name each operation once, .*; got add, add"),
        ({"unsupported": tuple(run_kinds())}, r"and not all of them; got conv, linear"),
        ({"rated_power_w": None}, r"given together; got None from 'its data sheet'"),
    ],
)
def test_a_broken_device_is_told_what_must_hold(change: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_device(replace(_DEVICE, **change))
