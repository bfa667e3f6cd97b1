"""Tables: list, fetch, import, and what is known of each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hwnas.api._spaces import space_of
from hwnas.core import arguments, given
from hwnas.core.arguments import checked, many
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.tables import (
    Table,
    import_file,
    import_official,
    import_table,
    load_audit,
    pull_table,
    read_card,
    unused_rows,
)
from hwnas.tables.catalogue import Entry, catalogue
from hwnas.tables.importers import IMPORTERS
from hwnas.tables.store import CARDS, EVERY_TABLE, OFFICIAL, TableCard

__all__ = [
    "import_tables",
    "load_audit",
    "load_table_card",
    "pull_tables",
    "table_record",
    "tables",
    "unused_rows",
]


def tables() -> list[Entry]:
    """All tables that there are or could be, in alphabetical order."""
    return sorted(catalogue(), key=lambda entry: entry.name)


@checked(name=arguments.text)
def pull_tables(name: str) -> Iterator[Table]:
    """Fetch the files of a published table, check them and import it.

    Args:
        name: Its name, or ``"all"``.

    Raises:
        UnknownNameError: There is no such published table.
        TableError: A file cannot be fetched or differs from the published one.
        StorageError: The cache cannot be written.
    """
    return (pull_table(each) for each in _published(name))


@checked(
    name=arguments.text, source=arguments.path, space=given.space, options=many(arguments.text)
)
def import_tables(
    name: str,
    source: str | os.PathLike[str] | None = None,
    space: str | SearchSpace | None = None,
    options: Sequence[str] | None = None,
) -> Iterator[Table]:
    """Import published tables, or a file of the user's own.

    Args:
        name: Name of a published table, ``"all"``, the name of HW-NAS-Bench's own file, or a new
            name for the user's table.
        source: Folder of published files, or the file.
        space: Search space of the rows of a user's file, or its name: ``"nasbench201"``.
        options: Texts such as ``cells=5``: what else that space is made of.

    Raises:
        UnknownNameError: There is no such table or space.
        ConfigError: A part is missing or does not go with the rest.
        TableError: A file is not what it must be.
        StorageError: The cache cannot be written.
    """
    source = None if source is None else Path(source)
    if name == OFFICIAL:
        if source is None or space is not None:
            raise ConfigError(f"{OFFICIAL} needs --from HW-NAS-Bench-v1_0.pickle and no --space.")
        yield from import_official(source)
    elif space is None and not options and (source is None or not source.is_file()):
        yield from (import_table(each, source) for each in _published(name))
    elif source is not None and space is None and name in IMPORTERS:
        raise ConfigError(
            f"Table {name} is made from published files: --from must be the folder that holds "
            f"them; got {source}."
        )
    elif source is None or space is None:
        raise ConfigError(
            "A table of your own must come with --from FILE and --space SPACE; "
            f"{'--from' if source is None else '--space'} is missing. See: hwnas spaces"
        )
    else:
        yield import_file(name, source, _space(space, options))


def _space(space: str | SearchSpace, options: Sequence[str] | None) -> SearchSpace:
    if isinstance(space, str):
        return space_of(space, None, options)
    if options:
        raise ConfigError(
            f"Options go with the name of a space; got {space.label}, which is made already, and "
            f"{', '.join(options)}. Leave the options away."
        )
    return space


def _published(name: str) -> list[str]:
    """The published tables that a word means."""
    return list(IMPORTERS) if name == EVERY_TABLE else [name]


@checked(name=arguments.text)
def load_table_card(name: str) -> TableCard:
    """What is known of a table in the cache.

    Raises:
        UnknownNameError: There is no such table.
        TableError: It has not been imported, or its card cannot be read.
    """
    return read_card(name)


@checked(name=arguments.text)
def table_record(name: str) -> dict[str, Any]:
    """The card of a table as JSON can hold it.

    Raises:
        UnknownNameError: There is no such table.
        TableError: It has not been imported, or its card cannot be read.
    """
    return CARDS.encode(read_card(name))
