"""One process at a time works in a run's directory, and the others are told which."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from hwnas._files import write_json
from hwnas.errors import RunError, StorageError

LOCK, HOLDER = ".lock", ".lock.json"


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep a directory to this process for a while.

    The operating system lets go of the lock of a process that was killed. The file that is locked
    stays, empty: if it were removed, two processes could lock two files of one name.

    Raises:
        RunError: Another process holds it.
        StorageError: The directory cannot be written.
    """
    import filelock

    lock = filelock.FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise RunError(
            f"{folder} is in use by {_holder(folder)}. Wait for it to end, or choose another --out."
        ) from None
    except OSError as error:
        raise StorageError(
            f"{folder} must be writable; it cannot be locked ({error.strerror}). "
            "Choose another --out."
        ) from error
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(folder / HOLDER, {"pid": os.getpid(), "host": platform.node(), "since": since})
        yield
    finally:
        (folder / HOLDER).unlink(missing_ok=True)
        lock.release()


def _holder(folder: Path) -> str:
    """Who holds a directory, in words."""
    try:
        who = json.loads((folder / HOLDER).read_text(encoding="utf-8"))
        return f"process {who['pid']} on {who['host']}, since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
