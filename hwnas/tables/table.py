"""A table: values per architecture, what each column is, and where they come from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import TableError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

ARCH = "arch"
_SHOWN = 4
"""Columns that a table names when it prints itself."""


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of a table holds.

    Args:
        name: Name of the column, its unit in it.
        target: What its values are about, or None for what is no quantity, such as a proxy.
        unit: The unit, for people; empty for a pure number or text.
        is_default: Whether it answers when its quantity is asked for without conditions.
        detail: One line on what exactly the values are.
        dataset: Data set of what is no quantity; the target's where there is one.
        device: Device of what is no quantity; the target's where there is one.
    """

    name: str
    target: Target | None
    unit: str
    is_default: bool
    detail: str
    dataset: str | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        if self.target is not None:
            object.__setattr__(self, "dataset", self.target.dataset)
            object.__setattr__(self, "device", self.target.device)

    @classmethod
    def of(cls, target: Target, detail: str = "", is_default: bool | None = None) -> Column:
        """The column of a target, named by the project's rule.

        Args:
            target: What its values are about.
            detail: One line on what exactly the values are; the target in words by default.
            is_default: Whether it answers where no conditions are asked for; by default if it has
                none itself.
        """
        parts = (target.dataset, target.meaning.title.lower(), target.device, target.condition_text)
        return cls(
            name=target.table_column,
            target=target,
            unit=target.meaning.unit,
            is_default=not target.conditions if is_default is None else is_default,
            detail=detail or " ".join(filter(None, parts)),
        )

    @property
    def quantity(self) -> str | None:
        """Name of the quantity, if it is one."""
        return self.target.quantity if self.target else None

    @property
    def variant(self) -> str:
        """Its conditions as text: ``"test"``; empty for none."""
        return self.target.condition_text if self.target else ""

    def answers(self, target: Target) -> bool:
        """Whether its values are those that a target asks for."""
        return self.target is not None and (
            self.target == target or (self.is_default and self.target.usual == target)
        )


@dataclass(frozen=True, slots=True)
class Nulled:
    """A value that stood for "not measured" and became null.

    Args:
        column: Name of the column.
        value: The number that was published in its place.
        count: How many cells held it.
    """

    column: str
    value: float
    count: int


@dataclass(frozen=True, slots=True)
class Repeats:
    """What architectures that stood in the source several times tell of a column's noise.

    Args:
        column: Name of the column; an architecture's value in it is the mean of its own.
        n_archs: Architectures with two values or more.
        spread_median: Median over them of the largest minus the smallest value, in the column's
            unit.
        spread_max: The largest of these differences.
    """

    column: str
    n_archs: int
    spread_median: float
    spread_max: float


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Published or measured values of architectures of one search space.

    Args:
        name: Name on the command line.
        space: Search space of its rows.
        title: One line for people.
        columns: What each column is.
        frame: Column ``arch`` (published strings), then ``columns`` in order; unknown is null.
        sha256: SHA-256 of the Parquet file.
        sources: Repository, commit, path, licence, size and SHA-256 of each source file.
        nulled: Values that stood for "not measured" in the source.
        ignored: Columns of the source that were left out.
        repeats: Noise of the columns, from architectures that stood in the source several times.
        options: Options of the space that its rows are architectures of; None for the usual ones.
        is_additive: Whether the value of any other architecture follows: the rows are one
            architecture and those that differ from it in one gene, and differences add up.
        notes: What its owner should know of how it was read; not kept with it.
    """

    name: str
    space: str
    title: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    sha256: str = ""
    sources: tuple[dict[str, Any], ...] = ()
    nulled: tuple[Nulled, ...] = ()
    ignored: tuple[str, ...] = ()
    repeats: tuple[Repeats, ...] = ()
    options: Mapping[str, Any] | None = None
    is_additive: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.frame)

    def __repr__(self) -> str:
        some = ", ".join(column.name for column in self.columns[:_SHOWN])
        more = f" and {len(self.columns) - _SHOWN:,} more" if len(self.columns) > _SHOWN else ""
        return (
            f"Table {self.name}: {self.title}\n"
            f"{len(self):,} architectures of {self.space}; columns {some}{more}"
        )

    @property
    def archs(self) -> list[str]:
        """Published strings of the ``n_rows`` architectures."""
        archs: list[str] = self.frame[ARCH].tolist()
        return archs

    @property
    def n_values(self) -> int:
        """Cells that have a value."""
        return int(self.frame.drop(columns=ARCH).notna().to_numpy().sum())

    def find(self, target: Target) -> Column | None:
        """The column that answers for a target, or None if the table has none."""
        return find_column(self.columns, target)

    def is_for(self, space: SearchSpace) -> bool:
        """Whether its rows are architectures of this space, its options included."""
        return self.space == space.name and has_options(space, self.options)

    def check_space(self, space: SearchSpace) -> None:
        """Check that its rows are architectures of this space, its options included.

        Raises:
            TableError: They are not.
        """
        if self.is_for(space):
            return
        options = ", ".join(f"{name}={value}" for name, value in (self.options or {}).items())
        raise TableError(
            f"Table '{self.name}' holds architectures of {self.space}"
            f"{f' ({options})' if options else ''}; expected {space.label}."
        )

    def values(self, name: str) -> np.ndarray:
        """Values of a column of numbers, shape ``(n_rows,)``, NaN for null.

        Raises:
            UnknownNameError: There is no such column.
        """
        names = [column.name for column in self.columns]
        if name not in names:
            raise UnknownNameError(
                "column", name, names, f"hwnas tables show {self.name} --columns"
            )
        return np.asarray(self.frame[name].to_numpy(dtype=float))


def find_column(columns: Iterable[Column], target: Target) -> Column | None:
    """The column that answers for a target: the one it names, else the default one; or None."""
    found = [column for column in columns if column.answers(target)]
    return next((column for column in found if column.target == target), None) or next(
        iter(found), None
    )


def has_options(space: SearchSpace, options: Mapping[str, Any] | None) -> bool:
    """Whether a space has the options that were recorded; None stands for the usual ones."""
    if options is None:
        options = type(space)(dataset=space.dataset).options
    # As files hold them: JSON turns tuples into lists.
    given, recorded = (json.dumps(dict(each), sort_keys=True) for each in (space.options, options))
    return given == recorded


def with_defaults(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns in which one with conditions that is alone with its quantity is the default one."""
    usual = [column.target and column.target.usual for column in columns]

    def alike(column: Column) -> int:
        return usual.count(column.target and column.target.usual)

    return tuple(
        replace(column, is_default=column.is_default or alike(column) == 1) for column in columns
    )
