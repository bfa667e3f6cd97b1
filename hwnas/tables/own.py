"""A user's own table: a CSV or Parquet file whose columns are named by the project's rule."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas._files import read_bytes, sha256_bytes
from hwnas.core.quantity import QUANTITIES, Quantity
from hwnas.core.space import SearchSpace
from hwnas.core.target import parse_table_column
from hwnas.errors import TableError
from hwnas.tables.checks import check_columns, check_distinct, parse_archs
from hwnas.tables.table import ARCH, Column, Table, with_defaults

if TYPE_CHECKING:
    import pandas as pd

FORMATS = (".csv", ".parquet")


def read_own(name: str, path: Path, space: SearchSpace) -> Table:
    """A user's own table.

    Every cell must be a finite number or empty; a number that the quantity cannot be, such as a
    latency of -1, is refused, since nobody else can tell whether it is a value.

    Raises:
        TableError: The file cannot be read, or a row is not what it must be; rows are counted
            from 1, the header not among them.
    """
    import pandas as pd

    where = path.name
    data = _read_bytes(path)
    frame = _read_frame(data, path)
    if frame.empty:
        raise TableError(f"{where} must have a header and at least one row.")
    check_columns(list(frame.columns), [ARCH], where)
    archs = ["" if arch is None else str(arch).strip() for arch in frame[ARCH]]
    parse_archs(space, archs, where)
    check_distinct(archs, where)
    targets = {str(name): parse_table_column(str(name), space.datasets) for name in frame.columns}
    spellings = {name: target for name, target in targets.items() if target is not None}
    columns = with_defaults([Column.of(target) for target in spellings.values()])
    if not columns:
        raise TableError(
            f"{where} must have a column named {{dataset}}_{{device}}_{{quantity}}[@conditions], "
            f"such as {space.datasets[0]}_mydevice_latency_ms; quantities: "
            f"{', '.join(q.column for q in QUANTITIES.values())}; data sets: "
            f"{', '.join(space.datasets)}."
        )
    names = [column.name for column in columns]
    check_columns(names, names, where)
    values = {
        column.name: _numbers(frame[spelling], column.name, target.meaning, where)
        for column, (spelling, target) in zip(columns, spellings.items(), strict=True)
    }
    return Table(
        name=name,
        space=space.name,
        title=f"Own table from {where}",
        columns=columns,
        frame=pd.DataFrame({ARCH: archs, **values}),
        sources=({"path": where, "bytes": len(data), "sha256": sha256_bytes(data)},),
        ignored=tuple(each for each in targets if each not in spellings and each != ARCH),
        options=space.options,
    )


def _read_bytes(path: Path) -> bytes:
    if path.suffix.lower() not in FORMATS:
        raise TableError(f"A table must be a file {' or '.join(FORMATS)}; got {path}.")
    try:
        return read_bytes(path)
    except OSError as error:
        raise TableError(f"{path} must be a table; cannot read it ({error.strerror}).") from error


def _read_frame(data: bytes, path: Path) -> pd.DataFrame:
    """Cells as they stand: text for CSV, Python's own numbers for Parquet; None for empty."""
    import pandas as pd

    is_csv = path.suffix.lower() == ".csv"
    header, rows = (_csv_cells if is_csv else _parquet_cells)(data, path.name)
    twice = [name for place, name in enumerate(header) if name in header[:place]]
    if twice:
        raise TableError(f"{path.name}: every column must stand once; got {twice[0]} twice.")
    return pd.DataFrame(rows, columns=pd.Index(header, dtype=object), dtype=object)


def _csv_cells(data: bytes, where: str) -> tuple[list[str], list[list[Any]]]:
    try:
        lines = [line for line in csv.reader(io.StringIO(data.decode("utf-8-sig"))) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{where} must be a CSV file in UTF-8; {error}.") from error
    header, rows = (lines[0], lines[1:]) if lines else ([], [])
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise TableError(
                f"{where}, row {number}: must have {len(header)} cells as the header; "
                f"got {len(row)}."
            )
    return header, [[cell.strip() or None for cell in row] for row in rows]


def _parquet_cells(data: bytes, where: str) -> tuple[list[str], list[list[Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"{where} must be a Parquet file; {error}.") from error
    columns = [column.to_pylist() for column in table.columns]
    return list(table.column_names), [list(row) for row in zip(*columns, strict=True)]


def _numbers(cells: pd.Series, column: str, quantity: Quantity, where: str) -> np.ndarray:
    """Cells of a column as numbers, shape ``(n_rows,)``; NaN for empty."""
    numbers = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if cell is None:
            continue
        number = _number(cell)
        if not np.isfinite(number):
            raise TableError(
                f"{where}, row {row + 1}: {column} must be a finite number or empty; got '{cell}'."
            )
        if not quantity.can_be(number):
            raise TableError(
                f"{where}, row {row + 1}: {column} cannot be {_beyond(quantity, number)}; got "
                f"{cell}. Leave the cell empty where it was not measured."
            )
        numbers[row] = number
    return numbers


def _beyond(quantity: Quantity, number: float) -> str:
    """Which bound of a quantity a number breaks."""
    if number > quantity.upper:
        return f"above {quantity.upper:g}"
    return "negative" if quantity.lower == 0 else f"below {quantity.lower:g}"


def _number(cell: object) -> float:
    """A cell as a number; NaN for anything else."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return np.nan
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return np.nan
