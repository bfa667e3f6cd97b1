"""Records in files: read back as they were written; what is none is told in one line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from hwnas._records import RecordFormat
from hwnas.errors import ConfigError, HwnasError, StorageError


@dataclass(frozen=True)
class Meter:
    """A part of a record."""

    volts: float
    note: str = ""


@dataclass(frozen=True)
class Machine:
    """A record."""

    name: str
    kind: Literal["cpu", "gpu"]
    power_w: float | None = None
    meters: tuple[Meter, ...] = ()
    first: Meter | None = None


def _volts(data: dict[str, Any]) -> dict[str, Any]:
    """Schema 1 had numbers where schema 2 has meters."""
    volts = data.pop("volts", [])
    return {**data, "meters": [{"volts": each} for each in volts]}


FORMAT = RecordFormat(Machine, 2, ConfigError, "a machine", "Describe it again.", {1: _volts})
PLAIN = Machine("board", "cpu", 4.5, (Meter(5.0), Meter(12.0, "noisy")), Meter(1.0))


def test_a_record_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    FORMAT.write(tmp_path / "machine.json", PLAIN)
    assert FORMAT.read(tmp_path / "machine.json") == PLAIN
    assert json.loads((tmp_path / "machine.json").read_text())["schema"] == 2


def test_an_older_record_is_brought_up_to_date() -> None:
    found = FORMAT.decode({"schema": 1, "name": "old", "kind": "gpu", "volts": [3]}, "old.json")
    assert found == Machine("old", "gpu", meters=(Meter(3.0),))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 3}, r"m\.json: schema must be at most 2; got 3\. Update hwnas\."),
        ({"schema": None}, r"schema must be a whole number from 1; got None\. Describe it again"),
        ({"schema": True}, r"schema must be a whole number from 1; got True"),
        ({"powr_w": 3}, r"m\.json must be a machine; it has no 'powr_w', did you mean 'power_w'"),
        ({"zzz": 3}, r"it has no 'zzz', known: name, kind, power_w, meters, first\. Describe"),
        ({"first": {"volt": 3}}, r"it has no 'first\.volt', did you mean 'first\.volts'"),
        (
            {"meters": [{"volts": 1, "nte": ""}]},
            r"it has no 'meters\.nte', did you mean 'meters\.note'",
        ),
        ({"power_w": "much"}, r"expected `?'?float"),
        ({"kind": "tpu"}, r"invalid enum value 'tpu'"),
        ({"name": None}, r"'name'"),
    ],
)
def test_what_is_no_record_is_told_in_one_line(change: dict[str, Any], message: str) -> None:
    data = {**FORMAT.encode(PLAIN), **change}
    with pytest.raises(ConfigError, match=message) as found:
        FORMAT.decode(data, "m.json")
    assert "\n" not in str(found.value)


def test_a_field_that_is_missing_is_named() -> None:
    data = FORMAT.encode(PLAIN)
    del data["name"]
    with pytest.raises(ConfigError, match=r"missing required field 'name'"):
        FORMAT.decode(data, "m.json")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"7", b"\xff"])
def test_text_that_is_no_record_is_refused(text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"m\.json must be a machine; it (is no JSON|holds no)"):
        FORMAT.parse(text, "m.json")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.json must be a machine; No such file"):
        FORMAT.read(tmp_path / "none.json")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"must be writable"):
        FORMAT.write(tmp_path / "file" / "machine.json", PLAIN)


def test_an_unwritable_number_is_no_half_written_file(tmp_path: Path) -> None:
    with pytest.raises((HwnasError, ValueError)):
        FORMAT.write(tmp_path / "m.json", Machine("board", "cpu", float("inf")))
    assert list(tmp_path.iterdir()) == []
