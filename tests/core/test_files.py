"""Files are written whole or not at all."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from hwnas._files import (
    atomic_path,
    sha256_bytes,
    sha256_file,
    write_bytes,
    write_json,
    write_text,
)
from hwnas.errors import StorageError

# FIPS 180-2, appendix B.1.
_SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def _interrupt(path: Path) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt("stopped halfway")


def test_text_and_bytes_are_written_into_new_folders(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "text.txt", "Zürich\n")
    write_bytes(tmp_path / "new" / "bytes", b"\x00\xff")
    assert (tmp_path / "new" / "text.txt").read_bytes() == "Zürich\n".encode()
    assert (tmp_path / "new" / "bytes").read_bytes() == b"\x00\xff"


def test_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "front.csv"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt, match="stopped halfway"):
        _interrupt(path)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_written_file_has_the_usual_permissions(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    write_text(tmp_path / "ours", "")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_place_that_cannot_be_written_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file must be writable; cannot write x\.csv") as error:
        write_text(tmp_path / "file" / "x.csv", "")
    assert "\n" not in str(error.value)


def test_json_is_strict(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    write_json(path, {"latency_ms": None})
    assert json.loads(path.read_text(encoding="utf-8")) == {"latency_ms": None}
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        write_json(path, {"latency_ms": float("nan")})


def test_hashes_are_the_published_ones(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256_bytes(b"abc") == sha256_file(path) == _SHA256_OF_ABC
