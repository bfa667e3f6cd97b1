"""The tables that can be read here: one Parquet file and one JSON card each.

They lie in the user's cache or travel with the package in ``latency_tables/``. The card tells what
the columns are, where the values come from, which of them became null and what the audit found; it
also holds the SHA-256 of the Parquet file.
"""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hwnas._files import atomic_path, read_bytes, sha256_bytes, sha256_file
from hwnas._records import Count, RecordFormat, Sha256
from hwnas._resources import cache_dir, data_dir
from hwnas.core.target import parse_conditions
from hwnas.errors import ConfigError, TableError, known_name
from hwnas.spaces import load_space
from hwnas.tables.audit import Audit, audit_table
from hwnas.tables.importers import IMPORTERS
from hwnas.tables.table import Column, Nulled, Repeats, Table

EVERY_TABLE = "all"
"""The word for every published table on the command line; no table can be called so."""
OFFICIAL, OFFICIAL_FBNET = "hw-nas-bench-official", "hw-nas-bench-official-fbnet"
"""The tables of HW-NAS-Bench's own file, which users hold and no importer fetches."""
_RESERVED = (EVERY_TABLE, OFFICIAL, OFFICIAL_FBNET)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class TableCard:
    """Everything about a table but its values.

    Args:
        name: Name on the command line.
        title: One line for people.
        space: Search space of its rows.
        options: Options of that space; None for the usual ones.
        n_rows: Its rows.
        columns: What each column is.
        sources: Provenance of each source file.
        nulled: Values that stood for "not measured" in the source.
        ignored: Columns of the source that were left out.
        repeats: Noise of the columns, from architectures that stood in the source several times.
        is_additive: Whether the value of any architecture follows from the rows.
        audit: What bites in it.
        sha256: SHA-256 of the Parquet file.
    """

    name: str
    title: str
    space: str
    options: dict[str, Any] | None
    n_rows: Count
    columns: tuple[Column, ...]
    sources: tuple[dict[str, Any], ...]
    nulled: tuple[Nulled, ...]
    ignored: tuple[str, ...]
    repeats: tuple[Repeats, ...]
    is_additive: bool
    audit: Audit
    sha256: Sha256


def _with_targets(fields: dict[str, Any]) -> dict[str, Any]:
    """Cards of schema 1 had no options, and in columns the parts of a target one by one."""
    columns = []
    for column in fields["columns"]:
        kept = {key: column[key] for key in ("name", "unit", "is_default", "detail")}
        place = {key: column[key] for key in ("dataset", "device")}
        target = None
        if column["quantity"] is not None:
            conditions = parse_conditions(column["variant"])
            target = {"quantity": column["quantity"], "conditions": conditions, **place}
        columns.append({**kept, **place, "target": target})
    added: dict[str, Any] = {"options": None, "repeats": [], "is_additive": False}
    return {**added, **fields, "columns": columns}


CARDS = RecordFormat(
    kind=TableCard,
    schema=3,
    error=TableError,
    what="the card of a table",
    advice="Import the table again; see: hwnas tables list",
    upgrades={1: _with_targets, 2: dict},
    sealed_from=3,
)


def user_folder() -> Path:
    """Folder of the tables that were imported."""
    return cache_dir() / "tables"


def shipped_folder() -> Path:
    """Folder of the tables that travel with the package."""
    return data_dir("latency_tables")


def names_in(folder: Path) -> list[str]:
    """Names of the tables in a folder, in alphabetical order."""
    return sorted(path.stem for path in folder.glob("*.json"))


def _folder(name: str) -> Path | None:
    """Folder with both files of a table, the user's own first; None if there is none."""
    return next(
        (
            folder
            for folder in (user_folder(), shipped_folder())
            # A folder or broken link of that name is found too, and told for what it is.
            if all(os.path.lexists(folder / f"{name}{suffix}") for suffix in (".json", ".parquet"))
        ),
        None,
    )


def table_names() -> list[str]:
    """Names of the published tables, the shipped ones and the user's own, in alphabetical order."""
    return sorted({*IMPORTERS, *names_in(user_folder()), *names_in(shipped_folder())})


def is_cached(name: str) -> bool:
    """Whether a table can be read here: it has been imported, or travels with the package."""
    return _folder(name) is not None


def check_own_name(name: str) -> None:
    """Check that a user's table may be called ``name``.

    Raises:
        ConfigError: The name is that of a published or shipped table or ``all``, or is no plain
            word.
    """
    taken = [*IMPORTERS, *names_in(shipped_folder())]
    if name in {*taken, *_RESERVED} or not _NAME.fullmatch(name):
        raise ConfigError(
            "A table's name must be of small letters, digits, '.', '_' and '-', and not that of a "
            f"published table ({', '.join(taken)}); got '{name}'."
        )


def how_to_get(name: str) -> str:
    """The command that brings a table into the cache."""
    if name in {*IMPORTERS, EVERY_TABLE}:
        return f"hwnas tables import {name} --from DIR (or: hwnas tables pull {name})."
    if name in (OFFICIAL, OFFICIAL_FBNET):
        return f"hwnas tables import {OFFICIAL} --from HW-NAS-Bench-v1_0.pickle"
    return f"hwnas tables import {name} --from FILE --space SPACE"


def read_card(name: str) -> TableCard:
    """A table's card.

    Raises:
        UnknownNameError: There is no such table.
        TableError: The table has not been imported, or its card cannot be read.
    """
    return _read_card(*_found(name))


def _found(name: str) -> tuple[Path, str]:
    """Where a table lies, and its name as its files have it."""
    if name not in (OFFICIAL, OFFICIAL_FBNET):
        name = known_name("table", name, table_names(), "hwnas tables list")
    folder = _folder(name)
    if folder is None:
        raise TableError(f"Table '{name}' is not in the cache. Run: {how_to_get(name)}")
    return folder, name


def _read_card(folder: Path, name: str) -> TableCard:
    try:
        return CARDS.read(folder / f"{name}.json")
    except TableError as error:
        raise TableError(f"Table '{name}': {error}") from error


def load_table(name: str) -> Table:
    """A table from the cache or the package.

    Raises:
        UnknownNameError: There is no such table.
        TableError: The table has not been imported, or its files have changed since.
    """
    import pandas as pd

    folder, name = _found(name)
    card = _read_card(folder, name)
    try:
        data = read_bytes(folder / f"{name}.parquet")
    except OSError as error:
        raise TableError(
            f"Table '{name}': its Parquet file cannot be read ({error.strerror or error}). "
            f"Run: {how_to_get(name)}"
        ) from error
    if sha256_bytes(data) != card.sha256:
        raise TableError(
            f"Table '{name}' must be as it was imported; sha256 of its Parquet file differs from "
            f"its card. Run: {how_to_get(name)}"
        )
    return Table(
        name=name,
        space=card.space,
        title=card.title,
        columns=card.columns,
        frame=pd.read_parquet(io.BytesIO(data)),
        sha256=card.sha256,
        sources=card.sources,
        nulled=card.nulled,
        ignored=card.ignored,
        repeats=card.repeats,
        options=card.options,
        is_additive=card.is_additive,
    )


def load_audit(name: str) -> Audit:
    """What the audit found when a table was imported.

    Raises:
        UnknownNameError: There is no such table.
        TableError: The table has not been imported, or its card cannot be read.
    """
    return read_card(name).audit


def save_table(table: Table, folder: Path | None = None) -> Table:
    """Audit a table and write it; the table with its SHA-256.

    Args:
        table: The table.
        folder: Where to write it; the user's cache by default.

    Raises:
        StorageError: The folder cannot be written; nothing half-written is left.
    """
    folder = folder or user_folder()
    options = load_space(table.space).options if table.options is None else table.options
    audit = audit_table(table)
    with atomic_path(folder / f"{table.name}.parquet") as temporary:
        table.frame.to_parquet(temporary, engine="pyarrow", index=False)
        sha256 = sha256_file(temporary)
    card = TableCard(
        name=table.name,
        title=table.title,
        space=table.space,
        options=dict(options),
        n_rows=len(table),
        columns=table.columns,
        sources=table.sources,
        nulled=table.nulled,
        ignored=table.ignored,
        repeats=table.repeats,
        is_additive=table.is_additive,
        audit=audit,
        sha256=sha256,
    )
    CARDS.write(folder / f"{table.name}.json", card)
    return replace(table, sha256=sha256, options=card.options)
