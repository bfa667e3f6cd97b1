"""A user's own table: a CSV or Parquet file whose columns are named by the project's rule."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hwnas._files import read_bytes, sha256_bytes
from hwnas.core.device import described_names
from hwnas.core.quantity import QUANTITIES, Quantity
from hwnas.core.space import SearchSpace
from hwnas.core.target import VARIANT, Target, parse_table_column
from hwnas.errors import ArchitectureError, TableError
from hwnas.tables.checks import check_columns, check_distinct
from hwnas.tables.headers import device_alone, near_miss
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
_INDEX = "index"
"""The notation that numbers a space's architectures."""
_INDEX_NAME = re.compile("(?:arch|architecture|net|table|row)?(?:index|idx|id|number)")
_STATISTIC = re.compile("mean|median|min|max|std|p[0-9]{1,2}|run[0-9]+|seed[0-9]+")
"""Conditions of a column that name themselves."""
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
    archs, n_rewritten = _archs(sheet, space, where)
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
        notes=(*advice, *_rewritten_note(n_rewritten), *notes),
    )


def _read_bytes(path: Path) -> bytes:
    if path.suffix.lower() not in FORMATS:
        advice = " Save it as CSV." if path.suffix.lower() in (".xlsx", ".xls", ".ods") else ""
        raise TableError(f"A table must be a file {' or '.join(FORMATS)}; got {path}.{advice}")
    try:
        return read_bytes(path)
    except OSError as error:
        raise TableError(f"{path} must be a table; cannot read it ({error.strerror}).") from error


def _archs(sheet: Sheet, space: SearchSpace, where: str) -> tuple[list[str], int]:
    """Published strings of the rows' architectures, each once, and how many were written otherwise.

    Raises:
        TableError: There is no such column, or it holds something else.
    """
    if ARCH not in sheet.header:
        raise TableError(_lacks_archs(sheet, space, where))
    given = ["" if arch is None else str(arch) for arch in sheet.column(ARCH)]
    archs = [_arch(text, space, f"{where}, row {row}") for row, text in enumerate(given, start=1)]
    check_distinct(archs, where)
    return archs, sum(map(str.__ne__, archs, given))


def _arch(text: str, space: SearchSpace, where: str) -> str:
    """The published string of an architecture, however it is written.

    Raises:
        TableError: The text is no architecture.
    """
    try:
        return str(space.parse(text))
    except ArchitectureError as error:
        raise TableError(f"{where}: {error}{_why_whole(text, space)}") from error


def _why_whole(text: str, space: SearchSpace) -> str:
    """What a whole number that is no architecture may be, as sentences."""
    if not re.fullmatch("[0-9]{1,9}", text):
        return ""
    padded = text.zfill(len(space.genes))
    said = ""
    if _is_arch(padded, space):
        said += (
            f" Spreadsheets drop zeros at the front: was {padded} meant? Then keep the column as "
            "text."
        )
    if _INDEX in space.notations:
        said += f" An index of the published tables is written {_INDEX}:{text}."
    return said


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
    indices = next((name for name in sheet.header if _holds_indices(sheet, name, space)), None)
    advice = f" Column '{named}' holds architectures: call it {ARCH}." if named else ""
    if indices and not named:
        advice = (
            f" If column '{indices}' holds indices of the published tables, write them as "
            f"{_INDEX}:{sheet.column(indices)[0]} in a column {ARCH}."
        )
    if sheet.header[0].startswith("#") and not named:
        advice += " Leave comments out."
    if len(sheet.header) == 1 and " " in sheet.header[0]:
        advice += " Cells must have commas, semicolons or tabs between them."
    return (
        f"{where} must have the column {ARCH}; {ARCH} missing.{advice} The header found is: "
        f"{sheet.found}."
    )


def _holds_archs(sheet: Sheet, name: str, space: SearchSpace) -> bool:
    cell = next((cell for cell in sheet.column(name) if cell is not None), None)
    return isinstance(cell, str) and _is_arch(cell, space)


def _is_arch(text: str, space: SearchSpace) -> bool:
    try:
        space.parse(text)
    except ArchitectureError:
        return False
    return True


def _holds_indices(sheet: Sheet, name: str, space: SearchSpace) -> bool:
    cells = [str(cell) for cell in sheet.column(name)]
    return (
        _INDEX in space.notations
        and bool(_INDEX_NAME.fullmatch(_letters(name)))
        and all(re.fullmatch("[0-9]{1,9}", cell) for cell in cells)
    )


def _lacks_columns(sheet: Sheet, space: SearchSpace, advice: Sequence[str], where: str) -> str:
    """What to say where no column follows the rule."""
    rule = (
        f"{where} must have a column named {{dataset}}_{{device}}_{{quantity}}[@conditions], "
        f"such as {space.datasets[0]}_mydevice_latency_ms; "
    )
    if advice:
        return f"{rule}{'; '.join(advice[:_MOST_TOLD])}. The header found is: {sheet.found}."
    devices = "".join(f" {each}." for each in _devices(sheet, space)[:1])
    return (
        f"{rule}quantities: {', '.join(q.column for q in QUANTITIES.values())}; data sets: "
        f"{', '.join(space.datasets)}.{devices} The header found is: {sheet.found}."
    )


def _devices(sheet: Sheet, space: SearchSpace) -> list[str]:
    """What to say of columns of numbers that are perhaps called by their device alone."""
    found = []
    for name in sheet.header:
        numbers = [number_of(cell) for cell in sheet.column(name) if cell is not None]
        if name != ARCH and numbers and all(number and number > 0 for number in numbers):
            found.append(device_alone(name, space.datasets))
    return [each for each in found if each]


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
        if quantity.is_whole and not math.isclose(number, round(number), rel_tol=1e-12):
            short = f" Is it in millions? Write {cell}M." if quantity.is_count else ""
            raise TableError(
                f"{where}, row {row + 1}: {column} must be a whole number; got {cell}.{short}"
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


def _rewritten_note(n_archs: int) -> list[str]:
    noun = "architecture" if n_archs == 1 else "architectures"
    return [f"{n_archs:,} {noun} of another notation taken as published strings"] if n_archs else []


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
        variant = dict(target.conditions).get(VARIANT)
        if variant and not _STATISTIC.fullmatch(variant):
            notes.append(f"{column} has a condition of its own, '{variant}'")
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
