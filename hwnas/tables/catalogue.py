"""The one catalogue: which table knows a target, told from cards alone; no values are read.

Tables that know every architecture go first, then the user's own, those that travel with the
package, and the published ones, whether they are imported already or not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import TableError, skip
from hwnas.tables.importers import IMPORTERS
from hwnas.tables.official import DECLARED, TITLE
from hwnas.tables.sources import source_files
from hwnas.tables.store import (
    OFFICIAL_FBNET,
    TableCard,
    how_to_get,
    is_cached,
    names_in,
    read_card,
    shipped_folder,
    user_folder,
)
from hwnas.tables.table import Column, find_column, has_options

Origin = Literal["own", "shipped", "published"]
"""Whose table it is: the user's, the package's, or one that was published."""
_ORIGINS: tuple[Origin, ...] = ("own", "shipped", "published")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the catalogue tells of a table.

    Args:
        name: Its name.
        title: One line for people.
        space: Search space of its rows.
        options: Options of that space; None for the usual ones.
        n_rows: Rows; for a published table that is not here, as its files hold architectures.
        columns: What each column is.
        is_additive: Whether it knows every architecture.
        origin: Whose it is.
        is_here: Whether it can be read now.
        rank: Place among published tables.
    """

    name: str
    title: str
    space: str
    options: Mapping[str, Any] | None
    n_rows: tuple[int, ...]
    columns: tuple[Column, ...]
    is_additive: bool
    origin: Origin
    is_here: bool
    rank: int = 0

    @property
    def how_to_get(self) -> str:
        """The command that brings it into the cache."""
        return how_to_get(self.name)

    @property
    def can_pull(self) -> bool:
        """Whether its files can be fetched."""
        return self.name in IMPORTERS

    def is_for(self, space: SearchSpace) -> bool:
        """Whether its rows are architectures of this space, its options included."""
        return self.space == space.name and has_options(space, self.options)

    @property
    def targets(self) -> list[Target]:
        """What its columns are about, in order, without those that are no quantity."""
        return [column.target for column in self.columns if column.target is not None]


def catalogue() -> list[Entry]:
    """Every table that there is or could be, in the order in which they are asked.

    Tables whose cards cannot be read are left out with a ``SkippedFileWarning``.
    """
    present = list(_present())
    entries = [*present, *_absent({entry.name for entry in present})]
    return sorted(
        entries,
        key=lambda each: (not each.is_additive, _ORIGINS.index(each.origin), each.rank, each.name),
    )


def find(target: Target, space: SearchSpace) -> list[tuple[Entry, Column]]:
    """The tables that know a target on a space, in order, each with the column that does.

    Args:
        target: What is asked for; without conditions, the default ones.
        space: The search space, whose options matter.
    """
    found = [
        (entry, find_column(entry.columns, target)) for entry in catalogue() if entry.is_for(space)
    ]
    return [(entry, column) for entry, column in found if column is not None]


def known_targets(space: SearchSpace) -> list[Target]:
    """What the tables know on a space and its data set, each target once."""
    targets = (target for entry in catalogue() if entry.is_for(space) for target in entry.targets)
    return list(dict.fromkeys(each for each in targets if each.dataset in (None, space.dataset)))


def _present() -> Iterator[Entry]:
    """Tables that can be read here."""
    for name in dict.fromkeys([*names_in(user_folder()), *names_in(shipped_folder())]):
        if is_cached(name):
            try:
                card = read_card(name)
            except TableError as error:
                skip(error)
            else:
                yield _of_card(card)


def _of_card(card: TableCard) -> Entry:
    origin: Origin = "own"
    if card.name in {*IMPORTERS, *DECLARED}:
        origin = "published"
    elif card.name in names_in(shipped_folder()):
        origin = "shipped"
    return Entry(
        name=card.name,
        title=card.title,
        space=card.space,
        options=card.options,
        n_rows=(card.n_rows,),
        columns=card.columns,
        is_additive=card.is_additive,
        origin=origin,
        is_here=True,
        rank=_rank(card.name),
    )


def _absent(present: Collection[str]) -> Iterator[Entry]:
    """Published tables that are not here, or damaged, as they would be."""
    for name in IMPORTERS:
        importer = IMPORTERS[name]
        if name not in present:
            n_rows = tuple(sorted({file.rows for file in source_files(name)}))
            yield Entry(
                name, importer.title, importer.space, None, n_rows, importer.columns,
                False, "published", False, _rank(name),
            )  # fmt: skip
    for name, (space, columns) in DECLARED.items():
        if name not in present:
            yield Entry(
                name, TITLE, space, None, (), columns,
                name == OFFICIAL_FBNET, "published", False, _rank(name),
            )  # fmt: skip


def _rank(name: str) -> int:
    return IMPORTERS[name].rank if name in IMPORTERS else 1
