"""Tar archives read in memory: every entry is checked, and nothing is unpacked to disk."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib

from hwnas.errors import TableError

MAX_UNPACKED_BYTES = 64 * 2**20


def read_archive(data: bytes, where: str, folder: str, name: re.Pattern[str]) -> dict[str, bytes]:
    """Contents of the files in the one folder of a ``.tar.gz`` archive, by file name.

    Args:
        data: The archive.
        where: What to call it.
        folder: The folder.
        name: What a file's name must be.

    Raises:
        TableError: It is damaged, unpacks to more than ``MAX_UNPACKED_BYTES``, or holds anything
            else: a link, another folder, another name, a name twice.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(_unpacked(data, where)), mode="r:") as archive:
            return _contents(archive, where, folder, name)
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(f"{where} must be a whole .tar.gz archive; {error}.") from error


def _unpacked(data: bytes, where: str) -> bytes:
    # One byte too many is enough to know that it is too large.
    unpacked = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MAX_UNPACKED_BYTES + 1)
    if len(unpacked) > MAX_UNPACKED_BYTES:
        raise TableError(f"{where} must unpack to at most {MAX_UNPACKED_BYTES:,} bytes.")
    return unpacked


def _contents(
    archive: tarfile.TarFile, where: str, folder: str, name: re.Pattern[str]
) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for member in archive:
        if member.isdir() and member.name == folder:
            continue
        place, _, found = member.name.rpartition("/")
        # A sparse file is regular too, but may claim to be of any size.
        if place != folder or not name.fullmatch(found) or member.type != tarfile.REGTYPE:
            raise TableError(
                f"{where} must hold files {folder}/{name.pattern} and nothing else; "
                f"it holds {member.name!a}."
            )
        if found in contents:
            raise TableError(f"{where}: every file must stand once; got {found} twice.")
        file = archive.extractfile(member)
        assert file is not None
        contents[found] = file.read()
    return contents
