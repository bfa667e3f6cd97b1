"""Importers of published tables, one file each; a file that registers one here is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hwnas.registry import Registry
from hwnas.tables.table import Column, Repeats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class RawTable:
    """What an importer reads: values as published, before sentinels become null.

    Args:
        columns: What each column is.
        frame: Column ``arch`` (published strings), then ``columns`` in order.
        sentinels: For each column that has one, the number that stands for "not measured".
        repeats: Noise of the columns, from architectures that stood in the files several times.
    """

    columns: tuple[Column, ...]
    frame: pd.DataFrame
    sentinels: Mapping[str, float] = field(default_factory=dict)
    repeats: tuple[Repeats, ...] = ()


@dataclass(frozen=True)
class Importer:
    """How a published table is read; its files are listed in ``sources.toml``.

    Args:
        title: One line for people, with the paper.
        space: Search space of its rows, with its usual options.
        read: Reads the bytes of its files, by file name.
        columns: What each column is, known before it is imported.
        rank: Place among published tables that know the same; the smallest answers.
    """

    title: str
    space: str
    read: Callable[[Mapping[str, bytes]], RawTable]
    columns: tuple[Column, ...]
    rank: int = 0


IMPORTERS: Registry[Importer] = Registry(
    "table", "hwnas.tables.importers", "hwnas.tables", "hwnas tables list"
)
