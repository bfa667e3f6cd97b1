"""Damaged files of every kind are refused with one line, or read right."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from kinds_of_files import KINDS, Kind, damages, outcome

pytest.importorskip("torch", reason="torch is not installed, and a file of images needs it")

FEW, MANY = 10, 200
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    # What was read is kept as long as a file does not change, by its size and time.
    os.utime(path, ns=(time.time_ns(), time.time_ns()))


def _check(kind: Kind, folder: Path, n: int) -> None:
    path = kind.make(folder)
    whole, data = kind.read(path), path.read_bytes()
    good = {"right", "refused"} if kind.is_sealed else {"right", "refused", "wrong"}
    for damage, changed in damages(data, n, seed=n):
        _write(path, changed)
        assert outcome(kind, path, whole) in good, damage
    _write(path, data)
    assert outcome(kind, path, whole) == "right"


@every_kind
def test_a_damaged_file_is_refused_or_read_right(kind: Kind, tmp_path: Path) -> None:
    _check(kind, tmp_path, FEW)


@pytest.mark.long
@every_kind
def test_two_hundred_damaged_files_are_refused_or_read_right(kind: Kind, tmp_path: Path) -> None:
    _check(kind, tmp_path, MANY)


STRANGE = {
    "empty": b"",
    "zeros": bytes(1000),
    "nested lists": b"[" * 100_000,
    "nested objects": b'{"schema":' * 50_000,
    "nested TOML": b"schema = " + b"[" * 100_000,
    "long number": b"schema = " + b"9" * 10_000,
    "UTF-16": '{"schema": 3}'.encode("utf-16"),
    "no text": b'title = "\xff"',
    "zip": b"PK\x03\x04" + bytes(40),
    "Parquet without content": b"PAR1" + bytes(8) + b"PAR1",
}


@every_kind
def test_something_else_in_its_place_is_refused(kind: Kind, tmp_path: Path) -> None:
    path = kind.make(tmp_path)
    for name, data in STRANGE.items():
        _write(path, data)
        assert outcome(kind, path, "") == "refused", name


def _folder(path: Path) -> None:
    path.mkdir()


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@every_kind
@pytest.mark.parametrize("put", [_folder, os.mkfifo, _endless], ids=["folder", "pipe", "device"])
def test_what_is_no_plain_file_is_refused(
    kind: Kind, put: Callable[[Path], None], tmp_path: Path
) -> None:
    path = kind.make(tmp_path)
    path.unlink()
    put(path)
    assert outcome(kind, path, "") == "refused"


def test_no_bit_of_a_sealed_record_can_be_flipped(tmp_path: Path) -> None:
    (kind,) = (each for each in KINDS if each.name == "card of a table")
    path = kind.make(tmp_path)
    whole, data = kind.read(path), path.read_bytes()
    found = Counter[str]()
    for place in range(0, len(data), 3):
        _write(path, data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        found[outcome(kind, path, whole)] += 1
    assert set(found) <= {"refused", "right"}
