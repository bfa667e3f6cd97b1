"""Which directory a run goes to, and whether it may."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hwnas._lock import HOLDER, LOCK, hold
from hwnas.core.columns import columns_meant
from hwnas.engine._sqlite import has_results
from hwnas.engine.progress import Change
from hwnas.engine.record import (
    DATABASE,
    FRONT_CSV,
    FRONT_JSON,
    RECORD,
    REPORT,
    Record,
    read_record,
)
from hwnas.engine.work import WORK
from hwnas.errors import RunError, StorageError, skip

RUNS = Path("runs")
ENDS = ("generations", "budget", "time_s", "until_stable")
"""Settings that say when a search ends."""
_RENAMED = "an older version called"
"""How what is said of a column begins that has another name now."""


def new_directory(stem: str) -> Path:
    """The first of ``runs/<stem>-1``, ``-2``, ... that does not exist."""
    number = 1
    while (RUNS / f"{stem}-{number}").exists():
        number += 1
    return RUNS / f"{stem}-{number}"


def latest_directory(stem: str, record: Record) -> Path:
    """The newest ``runs/<stem>-<number>`` that holds a run of this configuration.

    One that would end where this one does comes before those that would end elsewhere. Where there
    is no run of that stem at all, the one to resume was killed before it began: it begins in a new
    directory.

    Raises:
        RunError: There are runs, but none of this configuration.
    """

    def number(path: Path) -> int:
        tail = path.name.removeprefix(f"{stem}-")
        return int(tail) if tail.isdecimal() else 0

    runs = [path for path in RUNS.glob(f"{stem}-*") if number(path) and (path / RECORD).is_file()]
    runs = sorted(runs, key=number, reverse=True)
    known = [(path, found) for path in runs if (found := _readable(path)) is not None]
    alike = [(path, found) for path, found in known if not difference(found, record)]
    for path, found in alike:
        if _ends(found) == _ends(record):
            return path
    if alike:
        return alike[0][0]
    if not runs:
        return new_directory(stem)
    raise RunError(
        f"--resume needs a run of this configuration; {RUNS}/ holds none. "
        "Name its directory with --out, or leave --resume out."
    )


def _readable(path: Path) -> Record | None:
    """What a run says of itself; None, with a warning, where that cannot be read."""
    try:
        return read_record(path)
    except RunError as error:
        skip(error)
        return None


def _ends(record: Record) -> tuple[Any, ...]:
    return tuple(record.config.get(name) for name in ENDS)


def difference(stored: Record, asked: Record) -> str | None:
    """What differs between two configurations, as part of a sentence; None if nothing does.

    When they end may differ: a run can be continued further than it was to go.
    """
    for key in sorted({*stored.config, *asked.config} - set(ENDS)):
        there, here = stored.config.get(key), asked.config.get(key)
        # Runs of schema 1 did not note the options of their space.
        is_unknown = key == "options" and not there
        # One to resume may be asked for whatever its limits mean.
        is_open = key == "limit_at" and here is None
        if there != here and not is_unknown and not is_open:
            return f"{key} is {_plain(there)} there and {_plain(here)} here"
    names = [[spec.column for spec in record.columns] for record in (stored, asked)]
    if names[0] != names[1]:
        renamed = [pair for pair in zip(*names, strict=False) if pair[0] != pair[1]]
        if len(names[0]) == len(names[1]) and all(columns_meant(a, [b]) for a, b in renamed):
            there, here = (", ".join(sides) for sides in zip(*renamed, strict=True))
            return f"{_RENAMED} {there} what is {here} now"
        return "its columns are others"
    for there, here in zip(stored.columns, asked.columns, strict=True):
        if there.origin != here.origin:
            return f"the values of {here.column} come from another file"
        if (there.direction, there.source) != (here.direction, here.source):
            return f"{here.column} is {there.direction}, {there.source} there"
    return None


def _plain(setting: Any) -> str:
    """A setting as people read it."""
    if isinstance(setting, dict):
        setting = [f"{name}={value}" for name, value in setting.items()]
    if isinstance(setting, list):
        return ", ".join(map(str, setting)) or "empty"
    return "not given" if setting is None else str(setting)


def resume_notes(path: Path, record: Record) -> list[str]:
    """What to know before the run in a directory is resumed.

    Args:
        path: The directory.
        record: What its ``run.json`` would say of a new run.

    Raises:
        RunError: It holds a damaged run.
    """
    if not (path / RECORD).exists():
        return [Change(f"{path} holds no run to resume: a new one begins there.")]
    stored = read_record(path).versions
    changed = [
        f"{name} {stored.get(name, 'unknown')} (now {record.versions.get(name, 'none')})"
        for name in sorted({*stored, *record.versions})
        if stored.get(name) != record.versions.get(name)
    ]
    if not changed:
        return []
    return [
        f"The run in {path} was begun with {', '.join(changed)}: from here on it may differ from "
        "one that was not stopped."
    ]


@contextlib.contextmanager
def claimed(path: Path, record: Record, is_resumed: bool) -> Iterator[None]:
    """Make the directory of a new run, or check that of a resumed one, and keep it meanwhile.

    A run to resume that was killed before it began, begins. A new one that fails before anything
    was evaluated leaves nothing behind.

    Raises:
        RunError: It holds something else, or a run of another configuration; or another process
            works in it.
        StorageError: It cannot be made.
    """
    is_new = not path.exists()
    if (path / RECORD).exists():
        _check_run(path, record, is_resumed)
    else:
        _take(path)
    is_empty = False
    try:
        with hold(path, RunError, "choose another --out"):
            # Another process may have been here in the meantime.
            begins = not (path / RECORD).exists()
            if begins:
                record.write(path)
            else:
                _check_run(path, record, is_resumed)
            for leftover in _leftovers(path):
                leftover.unlink(missing_ok=True)
            try:
                yield
            except BaseException as error:
                # What was interrupted goes on with --resume.
                is_empty = begins and not isinstance(error, KeyboardInterrupt) and _clear(path)
                raise
    finally:
        if is_empty:
            (path / LOCK).unlink(missing_ok=True)
            if is_new:
                with contextlib.suppress(OSError):
                    path.rmdir()


def _clear(path: Path) -> bool:
    """Remove the files of a run that holds no evaluation; whether it was one."""
    if has_results(path / DATABASE):
        return False
    for name in (
        RECORD,
        WORK,
        DATABASE,
        *(f"{DATABASE}{end}" for end in ("-wal", "-shm", "-journal")),
    ):
        # Why the search failed must be told, and not that this does too.
        with contextlib.suppress(OSError):
            (path / name).unlink(missing_ok=True)
    return True


def _take(path: Path) -> None:
    """Make a directory, if nothing is there."""
    try:
        if not _is_free(path):
            raise RunError(
                f"{path} must be a new or an empty directory; it holds something else. "
                "Choose another --out."
            )
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{path} must be writable; it cannot be made ({error.strerror}). Choose another --out."
        ) from error


def _check_run(path: Path, record: Record, is_resumed: bool) -> None:
    """See that the run in a directory is one to continue."""
    if not is_resumed:
        raise RunError(
            f"{path} already holds a run. Choose another --out, or continue that run with --resume."
        )
    differs = difference(read_record(path), record)
    if differs is not None:
        advice = (
            "It can be read, not continued. Choose another --out"
            if differs.startswith(_RENAMED)
            else "Give the same settings, or another --out"
        )
        raise RunError(
            f"--resume needs the configuration of the run in {path}: {differs}. {advice}."
        )


def _is_free(path: Path) -> bool:
    """Whether a path is new, or a directory with nothing but what a killed run left of itself."""
    if not path.exists():
        return True
    left = {*_leftovers(path), path / LOCK, path / HOLDER}
    return path.is_dir() and set(path.iterdir()) <= left


def _leftovers(path: Path) -> list[Path]:
    """Temporary files of a run that was killed while it wrote; see ``hwnas._files``."""
    names = (RECORD, WORK, FRONT_CSV, FRONT_JSON, REPORT, HOLDER)
    return [found for name in names for found in path.glob(f".{name}.????????")]
