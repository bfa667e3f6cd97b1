"""The cache of tables: one Parquet file and one JSON card each.

The card tells what the columns are, where the values come from, which of them became null and
what the audit found; it also holds the SHA-256 of the Parquet file.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hwnas._files import atomic_path, sha256_bytes, sha256_file, write_json
from hwnas._resources import cache_dir
from hwnas.errors import ConfigError, TableError, UnknownNameError
from hwnas.tables.audit import Audit, audit_table
from hwnas.tables.importers import IMPORTERS
from hwnas.tables.table import Column, Nulled, Repeats, Table

SCHEMA = 1
EVERY_TABLE = "all"
"""The word for every published table on the command line; no table can be called so."""
OFFICIAL, OFFICIAL_FBNET = "hw-nas-bench-official", "hw-nas-bench-official-fbnet"
"""The tables of HW-NAS-Bench's own file, which users hold and no importer fetches."""
_RESERVED = (EVERY_TABLE, OFFICIAL, OFFICIAL_FBNET)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


def _parquet_path(name: str) -> Path:
    return cache_dir() / "tables" / f"{name}.parquet"


def _card_path(name: str) -> Path:
    return cache_dir() / "tables" / f"{name}.json"


def table_names() -> list[str]:
    """Names of the published tables and of the user's own, in alphabetical order."""
    own = (path.stem for path in _card_path("any").parent.glob("*.json"))
    return sorted({*IMPORTERS, *own})


def is_cached(name: str) -> bool:
    """Whether a table has been imported."""
    return _card_path(name).is_file() and _parquet_path(name).is_file()


def check_own_name(name: str) -> None:
    """Check that a user's table may be called ``name``.

    Raises:
        ConfigError: The name is that of a published table or ``all``, or is no plain word.
    """
    if name in {*IMPORTERS, *_RESERVED} or not _NAME.fullmatch(name):
        raise ConfigError(
            "A table's name must be of small letters, digits, '.', '_' and '-', and not that of a "
            f"published table ({', '.join(IMPORTERS)}); got '{name}'."
        )


def how_to_get(name: str) -> str:
    """The command that brings a table into the cache."""
    if name in {*IMPORTERS, EVERY_TABLE}:
        return f"hwnas tables import {name} --from DIR (or: hwnas tables pull {name})."
    if name in (OFFICIAL, OFFICIAL_FBNET):
        return f"hwnas tables import {OFFICIAL} --from HW-NAS-Bench-v1_0.pickle"
    return f"hwnas tables import {name} --from FILE --space SPACE"


def read_card(name: str) -> dict[str, Any]:
    """A table's card.

    Raises:
        UnknownNameError: There is no such table.
        TableError: The table has not been imported, or its card cannot be read.
    """
    if name not in {*table_names(), OFFICIAL, OFFICIAL_FBNET}:
        raise UnknownNameError("table", name, table_names(), "hwnas tables list")
    if not is_cached(name):
        raise TableError(f"Table '{name}' is not in the cache. Run: {how_to_get(name)}")
    try:
        card = json.loads(_card_path(name).read_text(encoding="utf-8"))
        schema = card["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise TableError(_damaged(name, "its card cannot be read")) from error
    if not isinstance(schema, int) or schema > SCHEMA:
        raise TableError(
            f"Table '{name}': schema must be at most {SCHEMA}; got {schema}. Update hwnas, or "
            f"run: {how_to_get(name)}"
        )
    return dict(card)


def _damaged(name: str, finding: str) -> str:
    return f"Table '{name}' must be as it was imported; {finding}. Run: {how_to_get(name)}"


def load_table(name: str) -> Table:
    """A table from the cache.

    Raises:
        UnknownNameError: There is no such table.
        TableError: The table has not been imported, or its files have changed since.
    """
    import pandas as pd

    card = read_card(name)
    data = _parquet_path(name).read_bytes()
    if sha256_bytes(data) != card.get("sha256"):
        raise TableError(_damaged(name, "sha256 of its Parquet file differs from its card"))
    try:
        return Table(
            name=name,
            space=card["space"],
            title=card["title"],
            columns=tuple(Column(**column) for column in card["columns"]),
            frame=pd.read_parquet(io.BytesIO(data)),
            sha256=card["sha256"],
            sources=tuple(card["sources"]),
            nulled=tuple(Nulled(**nulled) for nulled in card["nulled"]),
            ignored=tuple(card["ignored"]),
            repeats=tuple(Repeats(**repeats) for repeats in card.get("repeats", ())),
            is_additive=card.get("is_additive", False),
        )
    except (KeyError, TypeError) as error:
        raise TableError(_damaged(name, f"its card lacks {error}")) from error


def load_audit(name: str) -> Audit:
    """What the audit found when a table was imported.

    Raises:
        UnknownNameError: There is no such table.
        TableError: The table has not been imported, or its card has no audit.
    """
    # Outside the block below: an unknown name is a KeyError too.
    card = read_card(name)
    try:
        return Audit.from_dict(card["audit"])
    except (KeyError, TypeError) as error:
        raise TableError(_damaged(name, "its card has no audit")) from error


def save_table(table: Table) -> Table:
    """Audit a table and write it to the cache; the table with its SHA-256.

    Raises:
        StorageError: The cache cannot be written; nothing half-written is left.
    """
    card = {
        "schema": SCHEMA,
        "name": table.name,
        "title": table.title,
        "space": table.space,
        "n_rows": len(table),
        "columns": [asdict(column) for column in table.columns],
        "sources": list(table.sources),
        "nulled": [asdict(nulled) for nulled in table.nulled],
        "ignored": list(table.ignored),
        "repeats": [asdict(repeats) for repeats in table.repeats],
        "is_additive": table.is_additive,
        "audit": audit_table(table).to_dict(),
    }
    with atomic_path(_parquet_path(table.name)) as temporary:
        table.frame.to_parquet(temporary, engine="pyarrow", index=False)
        card["sha256"] = sha256_file(temporary)
    write_json(_card_path(table.name), card)
    return replace(table, sha256=str(card["sha256"]))
