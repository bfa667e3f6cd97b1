"""Tables into the cache: published files, and a user's own CSV or Parquet file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hwnas.core.space import SearchSpace
from hwnas.spaces import load_space
from hwnas.tables.importers import IMPORTERS
from hwnas.tables.own import read_own
from hwnas.tables.sources import find_source_dir, read_sources, source_files
from hwnas.tables.store import check_own_name, save_table
from hwnas.tables.table import Nulled, Table

if TYPE_CHECKING:
    import pandas as pd


def import_table(name: str, source: Path | None = None) -> Table:
    """Import a published table into the cache.

    Args:
        name: Its name.
        source: Folder of published files, laid out as ``repository name/path``; by default
            ``$HWNAS_UPSTREAM``, then the files that ``pull_table`` has fetched.

    Raises:
        UnknownNameError: There is no such published table.
        TableError: A file is missing, differs from the published one or is not what it says.
        StorageError: The cache cannot be written.
    """
    importer = IMPORTERS[name]
    files = source_files(name)
    raw = importer.read(read_sources(name, files, find_source_dir(name, source)))
    frame, nulled = null_sentinels(raw.frame, raw.sentinels)
    return save_table(
        Table(
            name=name,
            space=importer.space,
            title=importer.title,
            columns=raw.columns,
            frame=frame,
            sources=tuple(file.as_dict() for file in files),
            nulled=nulled,
            repeats=raw.repeats,
            options=load_space(importer.space).options,
        )
    )


def import_file(name: str, path: Path, space: str | SearchSpace) -> Table:
    """Import a user's own table into the cache.

    Args:
        name: What to call it.
        path: A ``.csv`` or ``.parquet`` file with a column ``arch`` of architectures, as
            published or with their notation as in ``index:7``, and columns named
            ``{dataset}_{device}_{quantity column}[@conditions]``.
        space: Search space of its rows, or its name; one that was loaded with other options than
            the usual ones is another space.

    Raises:
        UnknownNameError: There is no such space.
        ConfigError: The name is taken by a published table.
        TableError: The file is not such a table.
        StorageError: The cache cannot be written.
    """
    check_own_name(name)
    return save_table(read_own(name, path, load_space(space) if isinstance(space, str) else space))


def null_sentinels(
    frame: pd.DataFrame, sentinels: Mapping[str, float]
) -> tuple[pd.DataFrame, tuple[Nulled, ...]]:
    """``frame`` with null for the numbers that stand for "not measured", and what was nulled.

    Args:
        frame: Values as published.
        sentinels: The number of each column that has one.
    """
    nulled = []
    columns = {}
    for name, value in sentinels.items():
        is_sentinel = frame[name] == value
        if is_sentinel.any():
            columns[name] = frame[name].mask(is_sentinel)
            nulled.append(Nulled(name, value, int(is_sentinel.sum())))
    return frame.assign(**columns), tuple(nulled)
