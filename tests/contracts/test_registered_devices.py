"""Every device description keeps the contract, and check_device tells what one breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwnas.core.device import described_names, device_file
from hwnas.core.quantity import QUANTITIES, Quantity
from hwnas.testing import check_device

MINE = """
schema = 2
title = "Mine"
kind = "CPU"
source = "Own measurements, https://example.org/mine"

[power]
rated_w = 15.0
source = "its data sheet"
"""


@pytest.mark.parametrize("name", described_names())
def test_described_device_keeps_its_contract(name: str) -> None:
    check_device(device_file(name))


def _described(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


def test_the_unbroken_one_passes(tmp_path: Path) -> None:
    check_device(_described(tmp_path, MINE))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[power]", "[powr]", r"powr.*power"),
        ("schema = 2", "", "schema"),
        ('"Mine"', '" "', "title must say something"),
        (", https://example.org/mine", "", "source must hold a link"),
        ('"its data sheet"', '""', "a rated power must come with its source"),
        ("15.0", "-15.0", "must be a positive number of watts"),
    ],
)
def test_a_broken_one_is_told_what_it_breaks(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert old in MINE
    with pytest.raises(AssertionError, match=words):
        check_device(_described(tmp_path, MINE.replace(old, new)))


def test_a_name_that_no_column_can_hold_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AssertionError, match="read back from a table's column"):
        check_device(_described(tmp_path, MINE, "My Board"))
    path = _described(tmp_path, MINE, "my_tail")
    check_device(path)
    tail = Quantity("tail", "tail_latency_ms", "ms", "min", "Tail latency", per_device=True)
    monkeypatch.setattr(QUANTITIES, "_things", {**QUANTITIES._things, "tail": tail})
    with pytest.raises(AssertionError, match="not after the beginning of a quantity"):
        check_device(path)
