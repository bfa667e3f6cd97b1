"""What a file of SQLite is like that is damaged, in use, or new."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from hwnas.errors import RunError, StorageError

_STORAGE = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_PERM")
_DAMAGED = (
    sqlite3.Error,
    ValueError,
    TypeError,
    OverflowError,
    IndexError,
    RecursionError,
    MemoryError,
)
"""What reading a damaged file may raise."""
_SHARED = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CONSTRAINT")


@contextlib.contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Say in one line what SQLite complains about.

    Args:
        path: The file.

    Raises:
        RunError: It is damaged, or in use by another process.
        StorageError: It cannot be read or written.
    """
    try:
        yield
    except RunError:
        raise
    except _DAMAGED as error:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(_STORAGE):
            raise StorageError(
                f"{path} must be readable and writable ({error}). Free some space or "
                "change its permissions, then go on with --resume."
            ) from error
        if name.startswith(_SHARED):
            raise RunError(
                f"{path} is in use by another process ({error}). Wait for it to end."
            ) from error
        raise damaged(path, str(error)) from error


def damaged(path: Path, reason: str) -> RunError:
    """What to raise of a file that does not hold what was written."""
    return RunError(
        f"{path} must be the file that hwnas search wrote; it is damaged "
        f"({reason}). Start again with another --out."
    )


def has_results(path: Path) -> bool:
    """Whether a run's SQLite file tells of an evaluation, be it one that failed, or is damaged."""
    log = path.with_name(f"{path.name}-wal")
    if not path.is_file():
        return False
    if log.is_file() and log.stat().st_size:
        return True
    # Without a lock or a file beside it: the disk may be full.
    address = f"{path.resolve().as_uri()}?immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            if database.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
                return False
            found = database.execute("SELECT 1 FROM trials WHERE status != 'asked'")
            return found.fetchone() is not None
    except sqlite3.Error:
        return True
