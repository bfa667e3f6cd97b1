"""One process at a time works on a thing in a folder, and the others are told which."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from hwnas._files import read_bytes, write_json
from hwnas.errors import HwnasError, StorageError

LOCK, HOLDER = ".lock", ".lock.json"
"""What the files are called that hold a folder; a thing's name goes before."""


@contextlib.contextmanager
def hold(
    folder: Path, error: type[HwnasError], otherwise: str, name: str | None = None
) -> Iterator[None]:
    """Keep a folder, or one thing in it, to this process for a while.

    The operating system lets go of the lock of a process that was killed. The file that is locked
    stays, empty: if it were removed, two processes could lock two files of one name.

    Args:
        folder: The folder.
        error: Class of the error where another process holds it.
        otherwise: What else the user can do: ``"choose another --out"``.
        name: What in the folder is held; all of it by default.

    Raises:
        HwnasError: Of the class given: another process holds it.
        StorageError: The folder cannot be written.
    """
    import filelock

    what = folder if name is None else folder / name
    prefix = "" if name is None else f".{name}"
    holder = folder / f"{prefix}{HOLDER}"
    lock = filelock.FileLock(folder / f"{prefix}{LOCK}", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise error(
            f"{what} is in use by {_words(holder)}. Wait for it to end, or {otherwise}."
        ) from None
    except OSError as reason:
        raise StorageError(
            f"{folder} must be writable; it cannot be locked ({reason.strerror}). "
            f"{otherwise[0].upper()}{otherwise[1:]}."
        ) from reason
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(holder, {"pid": os.getpid(), "host": platform.node(), "since": since})
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _words(holder: Path) -> str:
    """Who holds it."""
    try:
        who = json.loads(read_bytes(holder))
        return f"process {who['pid']} on {who['host']}, since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "another process"
