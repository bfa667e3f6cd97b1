"""Files written whole or not at all, read with care, and their hashes."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hwnas.errors import StorageError

DAMAGED_ZIP = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    MemoryError,
    # An encrypted entry, or a compression that is not known.
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a member of a zip file may raise where it is damaged, or no zip file at all."""
MOST_BYTES = 1 << 30
"""Of a file that is read as a whole; what hwnas writes is far smaller."""


def read_bytes(path: Path, most: int | None = MOST_BYTES) -> bytes:
    """What a plain file holds.

    Args:
        path: The file.
        most: Bytes that it may have; None for any number.

    Raises:
        OSError: It is missing, no plain file, larger than ``most`` bytes, or cannot be read;
            ``strerror`` says in words which.
    """
    n_bytes = check_plain(path)
    if most is not None and n_bytes > most:
        raise OSError(errno.EFBIG, f"it has {n_bytes:,} bytes; {most:,} are read at most")
    return path.read_bytes()


def check_plain(path: Path) -> int:
    """Size of a plain file in bytes; to read a pipe or a terminal would never end.

    Raises:
        OSError: It is missing or no plain file; ``strerror`` says in words which.
    """
    try:
        status = path.stat()
    except ValueError as error:  # a null byte in the path
        raise OSError(errno.EINVAL, str(error)) from error
    if not stat.S_ISREG(status.st_mode):
        is_folder = stat.S_ISDIR(status.st_mode)
        raise OSError(errno.EINVAL, f"it is {'a folder' if is_folder else 'no plain file'}")
    return status.st_size


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends well.

    Raises:
        StorageError: The folder cannot be written or the disk is full; nothing is left behind.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        # mkstemp makes files private; give the final one what the umask would have given.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        reason = error.strerror or str(error)
        raise StorageError(
            f"{path.parent} must be writable; cannot write {path.name} ({reason}). "
            "Free some space, change its permissions or choose another folder."
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data``, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as JSON that strict readers accept: no NaN, unknown is null."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def sha256_bytes(data: bytes) -> str:
    """SHA-256 of ``data``, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
