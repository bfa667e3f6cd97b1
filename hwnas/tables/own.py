"""A user's own table: a CSV or Parquet file whose columns are named by the project's rule."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hwnas._files import read_bytes, sha256_bytes
from hwnas.core.device import described_names
from hwnas.core.quantity import QUANTITIES, Quantity
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target, parse_table_column
from hwnas.errors import ArchitectureError, TableError
from hwnas.tables.checks import check_columns, check_distinct, parse_archs
from hwnas.tables.headers import near_miss
from hwnas.tables.sheets import (
    FORMATS,
    Sheet,
    has_decimal_commas,
    is_null,
    number_of,
    read_sheet,
    told,
)
from hwnas.tables.table import ARCH, Column, Table, with_defaults

_MOST_TOLD = 3
"""Near misses that an error names."""
_LEAST, _MOST = 1e-12, 1e18
"""No quantity is nearer to 0 or larger, in its unit; fitting would overflow."""


def read_own(name: str, path: Path, space: SearchSpace) -> Table:
    """A user's own table.

    Every cell must be a finite number or empty, or say in a word such as ``NA`` that it is; a
    number that the quantity cannot be, such as a latency of -1, is refused, since nobody else can
    tell whether it is a value.

    Raises:
        TableError: The file cannot be read, or a row is not what it must be; rows are counted
            from 1, the header not among them.
    """
    import pandas as pd

    where = path.name
    data = _read_bytes(path)
    sheet = read_sheet(data, where)
    archs = _archs(sheet, space, where)
    targets = {name: parse_table_column(name, space.datasets) for name in sheet.header}
    spellings = {name: target for name, target in targets.items() if target is not None}
    ignored = [each for each in targets if each not in spellings and each != ARCH]
    advice = [each for each in (near_miss(name, space.datasets) for name in ignored) if each]
    if not spellings:
        raise TableError(_lacks_columns(sheet, space, advice, where))
    columns = with_defaults([Column.of(target) for target in spellings.values()])
    names = [column.name for column in columns]
    check_columns(names, names, where)
    by_column = dict(zip(names, spellings, strict=True))
    values, notes = _values(
        sheet, by_column, dict(zip(names, spellings.values(), strict=True)), where
    )
    return Table(
        name=name,
        space=space.name,
        title=f"Own table from {where}",
        columns=columns,
        frame=pd.DataFrame({ARCH: archs, **values}),
        sources=({"path": where, "bytes": len(data), "sha256": sha256_bytes(data)},),
        ignored=tuple(ignored),
        options=space.options,
        notes=(*advice, *notes),
    )


def _read_bytes(path: Path) -> bytes:
    if path.suffix.lower() not in FORMATS:
        advice = " Save it as CSV." if path.suffix.lower() in (".xlsx", ".xls", ".ods") else ""
        raise TableError(f"A table must be a file {' or '.join(FORMATS)}; got {path}.{advice}")
    try:
        return read_bytes(path)
    except OSError as error:
        raise TableError(f"{path} must be a table; cannot read it ({error.strerror}).") from error


def _archs(sheet: Sheet, space: SearchSpace, where: str) -> list[str]:
    """Strings of the rows' architectures, each once.

    Raises:
        TableError: There is no such column, or it holds something else.
    """
    if ARCH not in sheet.header:
        raise TableError(_lacks_archs(sheet, space, where))
    archs = ["" if arch is None else str(arch) for arch in sheet.column(ARCH)]
    parse_archs(space, archs, where)
    check_distinct(archs, where)
    return archs


def _values(
    sheet: Sheet, spellings: Mapping[str, str], targets: Mapping[str, Target], where: str
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Numbers by column, shape ``(n_rows,)`` each, and what its owner should know of them.

    Args:
        sheet: The cells.
        spellings: What each column is called there.
        targets: What each is about.
        where: What to call the file.
    """
    cells = {column: sheet.column(spelling) for column, spelling in spellings.items()}
    every = [cell for each in cells.values() for cell in each if cell is not None]
    texts = [cell for cell in every if isinstance(cell, str)]
    is_comma = has_decimal_commas(texts, sheet.separator, where)
    values = {
        column: _numbers(cells[column], column, target.meaning, where, is_comma)
        for column, target in targets.items()
    }
    notes = ["commas were read as decimal points"] if is_comma else []
    notes += _null_notes([str(cell) for cell in every if is_null(cell)])
    return values, notes + _value_notes(values, targets)


def _lacks_archs(sheet: Sheet, space: SearchSpace, where: str) -> str:
    """What to say where no column is called ``arch``."""
    named = next((name for name in sheet.header if _holds_archs(sheet, name, space)), None)
    advice = f" Column '{named}' holds architectures: call it {ARCH}." if named else ""
    return (
        f"{where} must have the column {ARCH}; {ARCH} missing.{advice} The header found is: "
        f"{sheet.found}."
    )


def _holds_archs(sheet: Sheet, name: str, space: SearchSpace) -> bool:
    cell = next((cell for cell in sheet.column(name) if cell is not None), None)
    if not isinstance(cell, str):
        return False
    try:
        space.parse(cell)
    except ArchitectureError:
        return False
    return True


def _lacks_columns(sheet: Sheet, space: SearchSpace, advice: Sequence[str], where: str) -> str:
    """What to say where no column follows the rule."""
    rule = (
        f"{where} must have a column named {{dataset}}_{{device}}_{{quantity}}[@conditions], "
        f"such as {space.datasets[0]}_mydevice_latency_ms; "
    )
    if advice:
        return f"{rule}{'; '.join(advice[:_MOST_TOLD])}. The header found is: {sheet.found}."
    return (
        f"{rule}quantities: {', '.join(q.column for q in QUANTITIES.values())}; data sets: "
        f"{', '.join(space.datasets)}. The header found is: {sheet.found}."
    )


def _numbers(
    cells: Sequence[object], column: str, quantity: Quantity, where: str, is_comma: bool
) -> np.ndarray:
    """Cells of a column as numbers, shape ``(n_rows,)``; NaN for empty."""
    numbers = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if cell is None or is_null(cell):
            continue
        # Two commas are left: thousands that are parted by commas are no decimals.
        is_text = is_comma and isinstance(cell, str) and str(cell).count(",") == 1
        text = str(cell).replace(",", ".") if is_text else cell
        number = number_of(text, quantity.is_count)
        if number is None:
            raise TableError(
                f"{where}, row {row + 1}: {column} must be a finite number or empty; got "
                f"{told(cell, quantity.is_count)}."
            )
        if not quantity.can_be(number):
            raise TableError(
                f"{where}, row {row + 1}: {column} cannot be {_beyond(quantity, number)}; got "
                f"{cell}. Leave the cell empty where it was not measured."
            )
        if number and not _LEAST <= abs(number) <= _MOST:
            raise TableError(
                f"{where}, row {row + 1}: {column} must be 0 or from {_LEAST:g} to {_MOST:g}; got "
                f"{cell}. Leave the cell empty where it was not measured."
            )
        numbers[row] = number
    return numbers


def _beyond(quantity: Quantity, number: float) -> str:
    """Which bound of a quantity a number breaks."""
    if number > quantity.upper:
        return f"above {quantity.upper:g}"
    if number == quantity.lower:
        return f"{quantity.lower:g}"
    return "negative" if quantity.lower == 0 else f"below {quantity.lower:g}"


def _null_notes(words: Sequence[str]) -> list[str]:
    """What was taken for not measured."""
    kinds = ", ".join(f"'{word}'" for word in dict.fromkeys(words))
    n_cells = f"{len(words):,} cell{'s' if len(words) > 1 else ''}"
    return [f"{n_cells} with {kinds} taken as not measured"] if words else []


def _value_notes(values: Mapping[str, np.ndarray], targets: Mapping[str, Target]) -> list[str]:
    """What values and devices look like, where that may be meant otherwise."""
    empty = [column for column, each in values.items() if not np.isfinite(each).any()]
    notes = [f"no values yet: fill in {', '.join(empty)} and import it again"] if empty else []
    for column, target in targets.items():
        known = values[column][np.isfinite(values[column])]
        if target.meaning.unit == "%" and len(known) and 0 < known.max() <= 1:
            notes.append(
                f"{column} is at most {known.max():g} %: are these shares of 1? Then multiply "
                "them by 100"
            )
    known_devices = {_letters(name): name for name in described_names()}
    for device in dict.fromkeys(target.device for target in targets.values() if target.device):
        like = known_devices.get(_letters(device), device)
        if like != device:
            notes.append(f"device '{device}' is a new one; the one that is known is '{like}'")
    return notes


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
