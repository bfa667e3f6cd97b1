"""Files that people keep tables in, as they come out of spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from hwnas._names import quoted
from hwnas.core.encoding import encoding_of
from hwnas.core.numbers import hint, parse_count, parse_number
from hwnas.errors import TableError

FORMATS = (".csv", ".tsv", ".parquet")
_SEPARATORS = (",", ";", "\t")
_OTHERS = {
    b"PK\x03\x04": "is a spreadsheet or an archive. Save the table as CSV",
    b"PAR1": "is a Parquet file. Call it .parquet",
    b"\x1f\x8b": "is compressed. Unpack it first",
}
_PAGES = {
    "<": "is a web page or XML. Fetch the file itself",
    "{": "is JSON. Save the table as CSV",
    "[": "is JSON. Save the table as CSV",
}
_EXCEL_LINE = re.compile(r'"?sep=(.)"?\s*')
_UNNAMED = re.compile(r"|Unnamed: \d+|__index_level_\d+__")
_WHOLE = re.compile(r"[0-9]{1,18}")
# Commas that part decimals for sure; 1,234 may be a thousand and something.
_SURE_COMMA = re.compile(
    r"[+-]?(?:0*,[0-9]+|[0-9]{4,},[0-9]+|[0-9]*,(?:[0-9]{1,2}|[0-9]{4,}))(?:[eE][+-]?[0-9]+)?"
)
_HALVES = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
_NULLS = frozenset(("nan", "na", "n/a", "#n/a", "<na>", "null", "none"))
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file holds, cell by cell.

    Args:
        header: Names of ``n_columns`` columns without the spaces around them; one without a name
            is called by its place.
        columns: ``n_rows`` cells each, None for empty; text for CSV, Python's own values for
            Parquet.
        separator: What stands between cells; empty for Parquet.
    """

    header: tuple[str, ...]
    columns: tuple[Sequence[object], ...]
    separator: str = ""

    @property
    def found(self) -> str:
        """The header in words, for messages."""
        names = [quoted(name)[1:-1] for name in self.header[:_SHOWN]]
        more = len(self.header) - len(names)
        return f"{', '.join(names)}{f' and {more} more' if more else ''}"

    def column(self, name: str) -> Sequence[object]:
        """Cells of a column."""
        return self.columns[self.header.index(name)]


def read_sheet(data: bytes, where: str) -> Sheet:
    """The cells of a CSV or Parquet file; an index that a data frame wrote is left out.

    Args:
        data: The file's bytes.
        where: The file's name, which tells its format.

    Raises:
        TableError: It is no such file, or a row has more or fewer cells than the header.
    """
    is_parquet = where.lower().endswith(".parquet")
    header, columns, separator = (_parquet_cells if is_parquet else _csv_cells)(data, where)
    if not header or not columns[0]:
        raise TableError(f"{where} must have a header and at least one row.")
    named = list(_named(header, columns))
    names = [name for name, _ in named]
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise TableError(
            f"{where}: every column must stand once; got {quoted(twice[0])[1:-1]} twice."
        )
    return Sheet(tuple(names), tuple(cells for _, cells in named), separator)


def _named(
    header: Sequence[str], columns: Sequence[Sequence[object]]
) -> Iterator[tuple[str, Sequence[object]]]:
    """Columns with their names, without those that hold nothing or a data frame's index."""
    for place, (name, cells) in enumerate(zip(header, columns, strict=True), start=1):
        if not _UNNAMED.fullmatch(name):
            yield name, cells
        elif not all(cell is None or _WHOLE.fullmatch(str(cell)) for cell in cells):
            yield f"column {place}", cells


def _csv_cells(data: bytes, where: str) -> tuple[list[str], list[list[object]], str]:
    text = _text(data, where)
    excel = _EXCEL_LINE.match(text)
    text = text[excel.end() :] if excel else text
    try:
        separator = excel[1] if excel else max(_SEPARATORS, key=lambda each: _n_cells(text, each))
        lines = [
            [cell.strip() for cell in line]
            for line in csv.reader(io.StringIO(text, newline=None), delimiter=separator)
        ]
    except (csv.Error, ValueError, TypeError) as error:
        raise TableError(f"{where} must be a CSV file; {error}.") from error
    # Spreadsheets write out rows and cells that were emptied.
    lines = [line for line in lines if any(line)]
    header, rows = (lines[0], lines[1:]) if lines else ([], [])
    if header and header[0].startswith("#") and len(header) != max(map(len, rows), default=0):
        raise TableError(
            f"{where} must begin with the header; its first line is {quoted(','.join(header))}. "
            "Leave comments out."
        )
    for number, row in enumerate(rows, start=1):
        while len(row) > len(header) and not row[-1]:
            row.pop()
        if len(row) != len(header):
            raise TableError(
                f"{where}, row {number}: must have {len(header)} cells as the header; "
                f"got {len(row)}.{_why_ragged(header, rows, row, separator)}"
            )
    return header, [[row[place] or None for row in rows] for place in range(len(header))], separator


def _why_ragged(
    header: Sequence[str], rows: Sequence[Sequence[str]], row: Sequence[str], separator: str
) -> str:
    """Why a row has another number of cells than the header, as a sentence, where it shows."""
    names = [str(number) for number in range(1, len(rows) + 1)]
    if len(row) == len(header) + 1 and [cells[0] for cells in rows] == names:
        return (
            " Every row begins with its number, which has no name in the header: write the table "
            "without row names (in R, row.names=FALSE)."
        )
    halves = any(map(_is_halved, row, row[1:]))
    if separator == "," and len(row) > len(header) and halves:
        return " Decimals must have a point, not a comma, or cells semicolons between them."
    return ""


def _is_halved(cell: str, following: str) -> bool:
    """Whether two cells may be one number with a decimal comma."""
    return bool(_HALVES.fullmatch(f"{cell},{following}"))


def _n_cells(text: str, separator: str) -> int:
    """Cells of the first line that has any."""
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=separator)
    return len(next(filter(any, reader), []))


def _text(data: bytes, where: str) -> str:
    for start, what in _OTHERS.items():
        if data.startswith(start):
            raise TableError(f"{where} must be a CSV file; it {what}.")
    try:
        text = data.decode(encoding_of(data))
    except UnicodeDecodeError as error:
        raise TableError(
            f"{where} must be a CSV file in UTF-8 or UTF-16; byte {error.start + 1:,} cannot be "
            "read so. Save it as CSV in UTF-8."
        ) from error
    if "\0" in text:
        raise TableError(
            f"{where} must be a CSV file in UTF-8, or in UTF-16 with its mark; it has zero bytes. "
            "Save it as CSV in UTF-8."
        )
    for sign, what in _PAGES.items():
        if text.lstrip().startswith(sign):
            raise TableError(f"{where} must be a CSV file; it {what}.")
    return text


def _parquet_cells(data: bytes, where: str) -> tuple[list[str], list[list[object]], str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
        columns = [_values(column) for column in table.columns]
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise TableError(f"{where} must be a Parquet file; {reason}.") from error
    return [str(name).strip() for name in table.column_names], columns, ""


def _values(column: object) -> list[object]:
    """Values of a column as Python has them; of moments and the like, which are no numbers, text.

    A moment in nanoseconds is none that Python has.
    """
    import pyarrow as pa

    kind = column.type  # type: ignore[attr-defined]
    is_time = pa.types.is_temporal(kind)
    if is_time:
        column = column.cast(pa.string())  # type: ignore[attr-defined]
    found: list[object] = column.to_pylist()  # type: ignore[attr-defined]
    if is_time:
        return [cell and f"{cell} ({kind})" for cell in found]
    return [(cell.strip() or None) if isinstance(cell, str) else cell for cell in found]


def has_decimal_commas(cells: Sequence[str], separator: str, where: str) -> bool:
    """Whether commas are decimal points in the cells of numbers of a file.

    They are where cells have something else between them and one is a decimal comma for sure.

    Raises:
        TableError: Another cell has a point.
    """
    if separator in ("", ","):
        return False
    sure = next(filter(_SURE_COMMA.fullmatch, cells), None)
    point = next((cell for cell in cells if "." in cell), None)
    if sure and point:
        raise TableError(
            f"{where}: decimals must be written in one way, with points or with commas; got "
            f"{quoted(sure)} and {quoted(point)}."
        )
    return sure is not None


def is_null(cell: object) -> bool:
    """Whether a cell says in a word, or as NaN, that it has no value."""
    if isinstance(cell, str):
        return cell.lower() in _NULLS
    return isinstance(cell, float | np.floating | Decimal) and math.isnan(cell)


def number_of(cell: object, of_things: bool = False) -> float | None:
    """A cell as a finite number; None for anything else.

    Args:
        cell: Text or a value of Python's.
        of_things: Whether it counts things, so that it may end in k, M or G.
    """
    if isinstance(cell, str):
        return parse_count(cell) if of_things else parse_number(cell)
    if isinstance(cell, bool | np.bool_) or not isinstance(
        cell, int | float | Decimal | np.integer | np.floating
    ):
        return None
    try:
        number = float(cell)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None


def told(cell: object, of_things: bool = False) -> str:
    """A cell that is no number, and what to do about it, for the end of a message."""
    return f"{quoted(cell)}{hint(cell, of_things) if isinstance(cell, str) else ''}"
