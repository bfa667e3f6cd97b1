"""The published files: where each comes from, and the check that it is byte for byte that one."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from hwnas._files import read_bytes, sha256_bytes
from hwnas._resources import cache_dir
from hwnas.errors import TableError

_LIST = Path(__file__).with_name("sources.toml")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A published file.

    Args:
        path: Its place below a folder of sources: repository name, then ``upstream_path``.
        repository: Owner and name on GitHub.
        commit: The commit it is taken from.
        upstream_path: Its path in the repository.
        licence: Licence as stated there.
        bytes: Its size.
        sha256: SHA-256 of its bytes.
        rows: Architectures it holds values of; in a CSV file, rows below the header.
    """

    path: str
    repository: str
    commit: str
    upstream_path: str
    licence: str
    bytes: int
    sha256: str
    rows: int

    @property
    def name(self) -> str:
        """Its file name."""
        return PurePosixPath(self.path).name

    def as_dict(self) -> dict[str, Any]:
        """Its provenance, for a card."""
        return asdict(self)


@cache
def _all_sources() -> dict[str, tuple[SourceFile, ...]]:
    with _LIST.open("rb") as file:
        tables = tomllib.load(file)
    return {name: _listed(**table) for name, table in tables.items()}


def _listed(
    repository: str, commit: str, licence: str, rows: int, files: Sequence[Mapping[str, Any]]
) -> tuple[SourceFile, ...]:
    folder = PurePosixPath(repository).name
    return tuple(
        SourceFile(
            path=f"{folder}/{file['path']}",
            repository=repository,
            commit=commit,
            upstream_path=file["path"],
            licence=licence,
            bytes=file["bytes"],
            sha256=file["sha256"],
            rows=rows,
        )
        for file in files
    )


def source_files(table: str) -> tuple[SourceFile, ...]:
    """The published files that a table is made of; none for a user's own table."""
    return _all_sources().get(table, ())


def download_dir() -> Path:
    """Where downloaded files are kept."""
    return cache_dir() / "downloads"


def find_source_dir(table: str, given: Path | None = None) -> Path:
    """Folder that holds published files: the one given, ``$HWNAS_UPSTREAM``, or the downloads.

    Raises:
        TableError: There is none.
    """
    named = os.environ.get("HWNAS_UPSTREAM")
    folder = given or (Path(named).expanduser() if named else download_dir())
    if not folder.is_dir():
        raise TableError(
            f"Table '{table}' must be made from its published files; {folder} is no folder. "
            f"Run: hwnas tables pull {table} (or: hwnas tables import {table} --from DIR)."
        )
    return folder


def read_sources(table: str, files: Sequence[SourceFile], folder: Path) -> dict[str, bytes]:
    """Bytes of published files by file name, each one checked.

    Raises:
        TableError: A file is missing or differs from the published one.
    """
    contents = {}
    for file in files:
        path = folder / file.path
        try:
            data = read_bytes(path)
        except OSError as error:
            raise TableError(
                f"{path} must be a published file of table '{table}'; "
                f"cannot read it ({error.strerror}). Run: hwnas tables pull {table}"
            ) from error
        check_content(file, data, f"Delete it and run: hwnas tables pull {table}")
        contents[file.name] = data
    return contents


def check_content(file: SourceFile, data: bytes, advice: str) -> None:
    """Check that ``data`` is the published file, byte for byte.

    Raises:
        TableError: It is not; the message ends in ``advice``.
    """
    if len(data) == file.bytes and sha256_bytes(data) == file.sha256:
        return
    n_rows = max(0, len(data.splitlines()) - 1)
    if file.path.endswith(".csv") and n_rows != file.rows:
        difference = f"{n_rows:,} rows, expected {file.rows:,}; "
    elif len(data) != file.bytes:
        difference = f"{len(data):,} bytes, expected {file.bytes:,}; "
    else:
        difference = ""
    raise TableError(f"{file.name}: {difference}sha256 differs from SOURCES. {advice}")
