"""A Pareto front: the architectures nothing beats, with values, intervals and their sources."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas.choose.pick import Choice
from hwnas.core.arguments import must_be, whole
from hwnas.core.columns import ByColumn, resolve_column
from hwnas.core.display import Listing, cell, shortened
from hwnas.core.formula import is_formula
from hwnas.core.formula_text import parse_formula
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.errors import PositionError, ShapeError

if TYPE_CHECKING:
    import pandas as pd

ROW, ARCH = "row", "arch"
"""Columns of a front's table before those of its values."""
_ROWS_OF_TEXT, _ROWS_OF_HTML = 6, 20


@dataclass(frozen=True, slots=True, repr=False)
class Front:
    """Non-dominated architectures of a run.

    ``front[0]`` is the first of them, as Python counts; ``front.row(1)`` is the same one by the
    number that the terminal, ``front.csv`` and the report show, and ``RUN#1`` names.

    Args:
        archs: Published strings of the ``n_archs`` architectures.
        columns: What each column is, ``n_columns`` of them; those of ``objectives`` first.
        values: Shape ``(n_archs, n_columns)``, each column in its own unit and direction.
        lower: Shape ``(n_archs, n_columns)``, lower ends of the 90 % intervals; NaN for none.
        upper: Shape ``(n_archs, n_columns)``, upper ends.
        n_objectives: How many of the columns were optimised; the others are told beside them.
        space: Search space of the architectures; None where it cannot be loaded.
        why_empty: Why there is no architecture, as far as that is known; empty where there are any.

    Raises:
        ShapeError: The arrays disagree with the lists.
    """

    archs: tuple[str, ...]
    columns: tuple[ObjectiveSpec, ...]
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    n_objectives: int
    space: SearchSpace | None = None
    why_empty: str = ""

    def __post_init__(self) -> None:
        for name, kind in (("archs", tuple), ("columns", tuple), ("n_objectives", int)):
            if not isinstance(getattr(self, name), kind):
                raise must_be(name, f"a {kind.__name__}", getattr(self, name))
        for name in ("values", "lower", "upper"):
            if not isinstance(getattr(self, name), np.ndarray):
                raise must_be(name, "an array", getattr(self, name))
        expected = (len(self.archs), len(self.columns))
        for name in ("values", "lower", "upper"):
            shape = getattr(self, name).shape
            if shape != expected:
                raise ShapeError(
                    f"{name} must have shape (n_archs, n_columns) = {expected}; got {shape}."
                )

    def __len__(self) -> int:
        return len(self.archs)

    def __getitem__(self, position: int) -> Choice:
        """The architecture at a position, from 0; from the end where it is negative.

        Raises:
            PositionError: The front is shorter.
            ArgumentError: The position is no whole number.
        """
        place: int = whole()("The position in a front", position)
        if not -len(self) <= place < len(self):
            raise PositionError(
                f"The position in a front of {len(self)} must be 0 to {len(self) - 1}; got {place}."
                if len(self)
                else f"The front must hold an architecture at {place}; it is empty."
            )
        return self._choice(place % len(self))

    def __iter__(self) -> Iterator[Choice]:
        return map(self._choice, range(len(self)))

    def row(self, number: int) -> Choice:
        """The architecture by the number that is shown beside it, from 1.

        Raises:
            PositionError: There is no row of that number.
            ArgumentError: It is no whole number.
        """
        shown: int = whole()("The row of a front", number)
        if not len(self):
            raise PositionError(f"The front must hold a row {shown}; it is empty.")
        if not 1 <= shown <= len(self):
            raise PositionError(f"The front has rows 1 to {len(self)}; got row {shown}.")
        return self._choice(shown - 1)

    def _choice(self, place: int) -> Choice:
        names = self.names
        ends = zip(names, self.lower[place].tolist(), self.upper[place].tolist(), strict=True)
        return Choice(
            index=place,
            arch=self.archs[place],
            values=ByColumn(zip(names, self.values[place].tolist(), strict=True)),
            intervals=ByColumn(
                (name, (lower, upper))
                for name, lower, upper in ends
                if math.isfinite(lower) and math.isfinite(upper)
            ),
            columns=self.columns,
            space=self.space,
        )

    @property
    def objectives(self) -> tuple[ObjectiveSpec, ...]:
        """The columns that were optimised."""
        return self.columns[: self.n_objectives]

    @property
    def shown(self) -> list[int]:
        """Positions of the columns that lists show; see ``shown_columns``."""
        return shown_columns(self.columns, self.n_objectives)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [spec.column for spec in self.columns]

    def place(self, name: str) -> int:
        """Position of the column that a name means.

        Args:
            name: Its name; conditions may be left open where one column only is meant.

        Raises:
            UnknownNameError: The front has no such column.
            ConfigError: The name may mean several.
        """
        return self.names.index(resolve_column(name, self.names))

    def column(self, name: str) -> np.ndarray:
        """Values of the column that a name means, shape ``(n_archs,)``; see ``place``."""
        return np.asarray(self.values[:, self.place(name)])

    def part(self, rows: np.ndarray) -> Front:
        """Those of the architectures at some positions, shape ``(n_kept,)``."""
        return replace(
            self,
            archs=tuple(self.archs[row] for row in rows),
            values=self.values[rows],
            lower=self.lower[rows],
            upper=self.upper[rows],
        )

    def table(self) -> dict[str, list[Any]]:
        """Its rows, ``n_archs`` of them, by column: ``row``, ``arch``, and four for each value.

        The value, ``_lower`` and ``_upper`` ends of its 90 % interval, and ``_source``, as
        ``hwnas.predict`` names them. Counts are whole numbers; None is unknown.
        """
        table: dict[str, list[Any]] = {ROW: [*range(1, len(self) + 1)], ARCH: [*self.archs]}
        for place, spec in enumerate(self.columns):
            table[spec.column] = spec.numbers(self.values[:, place].tolist())
            table[f"{spec.column}_lower"] = spec.numbers(self.lower[:, place].tolist())
            table[f"{spec.column}_upper"] = spec.numbers(self.upper[:, place].tolist())
            table[f"{spec.column}_source"] = [spec.source] * len(self)
        return table

    def to_frame(self) -> pd.DataFrame:
        """Its rows as a data frame with the columns of ``front.csv``, indexed by the row shown."""
        return frame_of(self.table(), ROW, self.columns)

    def __repr__(self) -> str:
        return self._listing(_ROWS_OF_TEXT).text()

    def _repr_html_(self) -> str:
        return self._listing(_ROWS_OF_HTML).html()

    def _listing(self, n_shown: int) -> Listing:
        """Its rows with the objectives, as many as are shown."""
        n_archs = len(self)
        if not n_archs:
            reason = f": {self.why_empty}" if self.why_empty else ""
            return Listing([f"Front without architectures{_of(self)}{reason}"])
        noun = "architecture" if n_archs == 1 else "architectures"
        head = f"Front of {n_archs:,} {noun}{_of(self)}, the best {self.names[0]} first"
        columns = [
            [cell(each) for each in self.columns[place].numbers(self.values[:, place].tolist())]
            for place in self.shown
        ]
        numbers = [str(number) for number in range(1, n_archs + 1)]
        rows = [*zip(numbers, *columns, self.archs, strict=True)]
        header = [ROW, *(self.names[place] for place in self.shown), ARCH]
        return Listing([head], header, shortened(rows, n_shown))


def _of(front: Front) -> str:
    return f" of {front.space.label}" if front.space is not None else ""


def shown_columns(columns: Sequence[ObjectiveSpec], n_objectives: int) -> list[int]:
    """Positions of the columns that lists show: the objectives, then what rewards are made of.

    Args:
        columns: What the columns are, the objectives first.
        n_objectives: How many of them were optimised.
    """
    made_of = {
        name
        for spec in columns[:n_objectives]
        if is_formula(spec.column)
        for name in parse_formula(spec.column).names
    }
    return [
        place
        for place, spec in enumerate(columns)
        if place < n_objectives or spec.column in made_of
    ]


def frame_of(
    table: Mapping[str, list[Any]], index: str, columns: tuple[ObjectiveSpec, ...]
) -> pd.DataFrame:
    """A table as a data frame: numbers as numbers, counts as whole ones.

    Args:
        table: Its columns; None is unknown.
        index: Which of them is the index.
        columns: What its values are.
    """
    import pandas as pd

    frame = pd.DataFrame(dict(table), columns=[*table]).set_index(index)
    for spec in columns:
        for name in (spec.column, f"{spec.column}_lower", f"{spec.column}_upper"):
            if name in frame.columns:
                frame[name] = as_numbers(frame[name], spec)
    return frame


def as_numbers(values: pd.Series, spec: ObjectiveSpec) -> pd.Series:
    """Values of a column as numbers, NaN where unknown; counts as integers where all are whole.

    Args:
        values: Shape ``(n_rows,)``.
        spec: What they are.
    """
    numbers = values.astype(float)
    known = numbers[np.isfinite(numbers)]
    if not spec.is_whole or not len(known) or (known % 1).any():
        return numbers
    # Only pandas' own integers can be unknown.
    return numbers.astype("int64" if len(known) == len(numbers) else "Int64")
