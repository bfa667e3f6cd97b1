"""Types what cannot be, and holds what is said to one line, one status and no file touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwnas.cli import main

SMALL = ("search", "nasbench201", "--objectives", "params,macs", "--population", "8")
CONFIG = (*SMALL, "--generations", "3")
LONGEST = 1_000


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of change of every file below a folder, and which folders there are.

    The file that tells who holds a run comes and goes, which changes the time of its folder, and
    older releases of filelock open it anew.
    """
    return {
        str(path.relative_to(folder)): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mtime_ns if path.is_file() and path.name != ".lock" else 0,
        )
        for path in [folder, *folder.rglob("*")]
    }


class Mistake:
    """Types a command that must fail; returns its message."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capsys = capsys
        self._folder = folder

    def __call__(self, *words: str, status: int = 2) -> str:
        before = snapshot(self._folder)
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main(list(words))
        out, err = self._capsys.readouterr()
        assert leaving.value.code == status, err
        assert out == ""
        lines = err.splitlines(keepends=True)
        assert all(line.startswith("Note: ") for line in lines[:-1]), err
        assert lines[-1].startswith("Error: ")
        assert lines[-1].endswith("\n")
        assert len(lines[-1]) <= LONGEST
        assert snapshot(self._folder) == before, "a file was touched"
        return lines[-1]
