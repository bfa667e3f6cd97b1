"""Which directory a run goes to, and whether it may."""

from __future__ import annotations

from pathlib import Path

from hwnas.errors import RunError, StorageError
from hwnas.search.run import RECORD, Record, read_record

RUNS = Path("runs")


def new_directory(stem: str) -> Path:
    """The first of ``runs/<stem>-1``, ``-2``, ... that does not exist."""
    number = 1
    while (RUNS / f"{stem}-{number}").exists():
        number += 1
    return RUNS / f"{stem}-{number}"


def latest_directory(stem: str, record: Record) -> Path:
    """The newest ``runs/<stem>-<number>`` that holds a run of this configuration.

    Raises:
        RunError: There is none.
    """

    def number(path: Path) -> int:
        tail = path.name.removeprefix(f"{stem}-")
        return int(tail) if tail.isdigit() else 0

    for path in sorted(RUNS.glob(f"{stem}-*"), key=number, reverse=True):
        if (path / RECORD).is_file() and difference(read_record(path), record) is None:
            return path
    raise RunError(
        f"--resume needs a run of this configuration; {RUNS}/ holds none. "
        "Name its directory with --out, or leave --resume away."
    )


def difference(stored: Record, asked: Record) -> str | None:
    """What differs between two configurations, as part of a sentence; None if nothing does."""
    for key in sorted({*stored.config, *asked.config}):
        there, here = stored.config.get(key), asked.config.get(key)
        if there != here:
            return f"{key} is {there} there and {here} here"
    for there, here in zip(stored.columns, asked.columns, strict=True):
        if there.origin != here.origin:
            return f"the values of {here.column} come from another file"
    return None


def claim(path: Path, record: Record, is_resumed: bool) -> None:
    """Make the directory of a new run, or check that of a resumed one.

    Raises:
        RunError: It holds something else, or a run of another configuration.
        StorageError: It cannot be made.
    """
    if is_resumed:
        differs = difference(read_record(path), record)
        if differs is not None:
            raise RunError(
                f"--resume needs the configuration of the run in {path}: {differs}. "
                "Give the same settings, or another --out."
            )
        return
    if (path / RECORD).exists():
        raise RunError(
            f"{path} already holds a run. Choose another --out, or continue that run with --resume."
        )
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"{path} must be new or empty; it holds other files. Choose another --out.")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{path} must be writable; it cannot be made ({error.strerror}). Choose another --out."
        ) from error
    record.write(path)
