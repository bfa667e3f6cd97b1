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


# --- digests --------------------------------------------------------------------------------------

SEALED = RecordFormat(
    Machine, 3, ConfigError, "a machine", "Describe it again.", {1: _volts, 2: dict}, sealed_from=3
)
CHANGED = r"m\.json must be a machine; it has changed since it was written\. Describe it again"


def _sealed() -> dict[str, Any]:
    """A record with its digest, as a file holds it."""
    return dict(json.loads(SEALED.text(PLAIN)))


def test_a_file_tells_its_content_from_another() -> None:
    assert SEALED.parse(SEALED.text(PLAIN), "m.json") == PLAIN
    with pytest.raises(ConfigError, match=CHANGED):
        SEALED.parse(SEALED.text(PLAIN).replace("12.0", "13.0"), "m.json")


def test_how_a_file_is_laid_out_does_not_matter() -> None:
    text = json.dumps(_sealed(), indent=7, sort_keys=True)
    assert SEALED.parse(text.replace("\n", "\r\n"), "m.json") == PLAIN
    assert SEALED.parse(SEALED.text(PLAIN, is_compact=True), "m.json") == PLAIN


def test_an_older_file_has_no_digest_and_is_read() -> None:
    assert SEALED.decode(FORMAT.encode(PLAIN), "m.json") == PLAIN


@pytest.mark.parametrize(
    "change",
    [{"schema": 2}, {"digest": "0" * 64}, {"digest": None}, {"digest": 7}, {"name": "bored"}],
)
def test_a_changed_number_or_digest_does_not_switch_the_check_off(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=CHANGED):
        SEALED.decode({**_sealed(), **change}, "m.json")


def test_a_digest_under_another_name_is_none() -> None:
    fields = _sealed()
    fields["dhgest"] = fields.pop("digest")
    with pytest.raises(ConfigError, match=CHANGED):
        SEALED.decode(fields, "m.json")


def test_a_file_that_people_write_has_no_digest() -> None:
    with pytest.raises(ConfigError, match="it has no 'digest', did you mean 'first'"):
        FORMAT.decode({**FORMAT.encode(PLAIN), "digest": "0" * 64}, "m.json")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"schema": 1e999}'])
def test_nested_or_endless_text_is_no_record(text: str) -> None:
    with pytest.raises(ConfigError, match=r"m\.json must be .*; (it is no JSON|schema must)"):
        FORMAT.parse(text, "m.json")


# --- TOML -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_toml_is_read_with_and_without_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes('schema = 2\r\nname = "Zürich"\r\nkind = "cpu"\r\n'.encode(encoding))
    assert FORMAT.read_toml(path, "m.toml") == Machine("Zürich", "cpu")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ('schema = 2\nname = "Zürich"\n'.encode("latin-1"), r"no text in UTF-8 \(line 2\)\. Save"),
        ("schema = 2".encode("utf-16"), r"no text in UTF-8 \(line 1\)\. Save it in that encoding"),
        (b"schema = ", r"no TOML: invalid value"),
        (b"schema = " + b"[" * 100_000, r"no TOML\. Describe"),
        (b"schema = " + b"9" * 10_000, r"no TOML"),
    ],
)
def test_toml_that_cannot_be_read_is_told(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "m.toml").write_bytes(data)
    with pytest.raises(ConfigError, match=rf"m\.toml must be a machine; it is {reason}") as found:
        FORMAT.read_toml(tmp_path / "m.toml", "m.toml")
    assert "\n" not in str(found.value)
