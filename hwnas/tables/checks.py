"""Checks that every table passes on its way in: rows, architectures, numbers."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError, TableError

if TYPE_CHECKING:
    import pandas as pd


def read_csv(data: bytes, where: str) -> pd.DataFrame:
    """A CSV file as published: every digit kept, an empty cell among numbers null.

    Raises:
        TableError: It is no CSV file.
    """
    import pyarrow as pa
    from pyarrow import csv

    # Not pandas: its default reader of numbers may be off by the last digit.
    options = csv.ConvertOptions(null_values=[""])
    try:
        frame: pd.DataFrame = csv.read_csv(io.BytesIO(data), convert_options=options).to_pandas()
    except pa.ArrowInvalid as error:
        raise TableError(f"{where} must be a CSV file; {error}.") from error
    return frame


def check_columns(given: Sequence[str], required: Sequence[str], where: str) -> None:
    """Check that every required column is there, and once.

    Raises:
        TableError: One is not.
    """
    given = list(given)
    twice = [name for name in required if given.count(name) > 1]
    if twice:
        raise TableError(f"{where}: every column must stand once; got {twice[0]} twice.")
    missing = [name for name in required if name not in given]
    if missing:
        noun = "column" if len(required) == 1 else "columns"
        raise TableError(
            f"{where} must have the {noun} {', '.join(required)}; {', '.join(missing)} missing."
        )


def finite_number(value: object, where: str) -> float:
    """A number that a file states.

    Raises:
        TableError: It is none, or not finite.
    """
    number = math.nan
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        # Never the text of a whole: a small file can hold lists that take for ever to write out.
        is_plain = isinstance(value, str | float | bool | None)
        got = f"{value!r:.40}" if is_plain else f"a value of type {type(value).__name__}"
        raise TableError(f"{where} must be a finite number; got {got}.")
    return number


def check_row_count(n_rows: int, expected: int, where: str) -> None:
    """Check the number of rows.

    Raises:
        TableError: It differs.
    """
    if n_rows != expected:
        raise TableError(f"{where}: {n_rows:,} rows, expected {expected:,}.")


def check_distinct(archs: Sequence[str], where: str) -> None:
    """Check that no architecture stands twice.

    Raises:
        TableError: One does.
    """
    seen: dict[str, int] = {}
    for row, arch in enumerate(archs, start=1):
        if arch in seen:
            raise TableError(
                f"{where}: every architecture must stand once; rows {seen[arch]} and {row} are "
                f"both '{arch}'."
            )
        seen[arch] = row


def check_order(rows: np.ndarray, where: str) -> None:
    """Check that rows stand in the order of the published tables.

    Args:
        rows: Place of each row's architecture in the published order, shape ``(n_rows,)``.
        where: What to call the file.

    Raises:
        TableError: They do not.
    """
    moved = np.flatnonzero(rows != np.arange(len(rows)))
    if len(moved):
        raise TableError(
            f"{where}: rows must be in the order of NATS-Bench; row {moved[0] + 1} holds its "
            f"architecture {rows[moved[0]]}."
        )


def check_numbers(frame: pd.DataFrame, columns: Sequence[str], where: str) -> None:
    """Check that columns hold finite numbers only; a null is no number.

    Raises:
        TableError: A cell does not; the row is told, counted from 1.
    """
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    for name in columns:
        if not is_numeric_dtype(frame[name]) or is_bool_dtype(frame[name]):
            raise TableError(f"{where}: column {name} must hold numbers; got {frame[name].dtype}.")
        wrong = np.flatnonzero(~np.isfinite(frame[name].to_numpy(dtype=float)))
        if len(wrong):
            value = frame[name].iloc[wrong[0]]
            raise TableError(
                f"{where}: column {name} must hold finite numbers; got {value} in row "
                f"{wrong[0] + 1}."
            )


@cache
def _published(space: type[SearchSpace]) -> tuple[pd.Index | None, np.ndarray | None]:
    """Published strings and genotypes of a space small enough to list; strings take a while."""
    import pandas as pd

    everything = space()
    genotypes = everything.all_genotypes()
    if genotypes is None:
        return None, None
    archs = [everything.format(genotype) for genotype in genotypes.tolist()]
    return pd.Index(archs, dtype=object), genotypes


def published_archs(space: SearchSpace) -> list[str]:
    """Strings of all architectures in the order of the published tables.

    Raises:
        TableError: The space is too large to list.
    """
    index, _ = _published(type(space))
    if index is None:
        raise TableError(f"{space.name} must be a space that can be listed; it is too large.")
    archs: list[str] = index.tolist()
    return archs


def parse_archs(space: SearchSpace, archs: Sequence[str], where: str) -> np.ndarray:
    """Genotypes of published strings, shape ``(n_rows, n_genes)``.

    Raises:
        TableError: A string is no architecture of the space; the row is told, counted from 1.
    """
    import pandas as pd

    index, everything = _published(type(space))
    if index is not None and everything is not None:
        rows = index.get_indexer(pd.Index(archs, dtype=object))
        if (rows >= 0).all():
            return np.asarray(everything[rows])
    genotypes = np.empty((len(archs), len(space.genes)), dtype=np.int64)
    for row, arch in enumerate(archs):
        try:
            parsed = space.parse(arch)
        except ArchitectureError as error:
            raise TableError(f"{where}, row {row + 1}: {error}") from error
        if str(parsed) != arch:
            raise TableError(
                f"{where}, row {row + 1}: an architecture must be written '{parsed}'; got '{arch}'."
            )
        genotypes[row] = parsed.genotype
    return genotypes
