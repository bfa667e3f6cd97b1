"""Damaged files of every kind are refused with one line, or read right."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from kinds_of_files import KINDS, Kind, damages, outcome

pytest.importorskip("torch", reason="torch is not installed, and a file of images needs it")

FEW, MANY = 10, 200
Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Every kind in turn."""
    return cast(Kind, request.param)


@pytest.fixture
def path(kind: Kind, tmp_path: Path, once: Once) -> Path:
    """A file of the kind, which is made once, with what belongs to it."""
    made = once(f"file of {kind.name}".replace(" ", "-"), lambda folder: _make(kind, folder))
    shutil.copytree(made, tmp_path / "here")
    return tmp_path / "here" / (made / "path").read_text()


def _make(kind: Kind, folder: Path) -> None:
    (folder / "path").write_text(str(kind.make(folder).relative_to(folder)))


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    # What was read is kept as long as a file does not change, by its size and time.
    os.utime(path, ns=(time.time_ns(), time.time_ns()))


def _check(kind: Kind, path: Path, n: int) -> None:
    whole, data = kind.read(path), path.read_bytes()
    good = {"right", "refused"} if kind.is_sealed else {"right", "refused", "wrong"}
    for damage, changed in damages(data, n, seed=n):
        _write(path, changed)
        assert outcome(kind, path, whole) in good, damage
    _write(path, data)
    assert outcome(kind, path, whole) == "right"


def test_a_damaged_file_is_refused_or_read_right(kind: Kind, path: Path) -> None:
    _check(kind, path, FEW)


@pytest.mark.long
def test_two_hundred_damaged_files_are_refused_or_read_right(kind: Kind, path: Path) -> None:
    _check(kind, path, MANY)


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


def test_something_else_in_its_place_is_refused(kind: Kind, path: Path) -> None:
    for name, data in STRANGE.items():
        _write(path, data)
        assert outcome(kind, path, "") == "refused", name


def _folder(path: Path) -> None:
    path.mkdir()


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def test_what_is_no_plain_file_is_refused(kind: Kind, path: Path) -> None:
    for put in (os.mkfifo, _endless, _folder):
        path.unlink()
        put(path)
        assert outcome(kind, path, "") == "refused", put.__name__
