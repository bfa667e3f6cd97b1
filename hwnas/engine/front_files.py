"""The files of a run's front: one for spreadsheets, one for programs."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path
from typing import Any

from hwnas._files import write_json, write_text
from hwnas.choose.front import Front
from hwnas.engine.record import FRONT_CSV, FRONT_JSON

FRONT_SCHEMA = 1
_ENDS = ("_lower", "_upper", "_source")


def front_csv(front: Front) -> str:
    """A front as CSV: ``row``, ``arch``, and values, ends and sources by column; see its table.

    Unknown is empty; counts are whole numbers, and all others read back as they are.
    """
    table = front.table()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    for row in zip(*table.values(), strict=True):
        writer.writerow(["" if each is None else each for each in row])
    return text.getvalue()


def front_record(front: Front) -> dict[str, Any]:
    """A front for JSON: every value with its interval and source; unknown is null."""
    table = front.table()
    rows: list[dict[str, Any]] = [{"arch": arch} for arch in front.archs]
    for spec in front.columns:
        parts = [table[f"{spec.column}{end}"] for end in ("", *_ENDS)]
        for row, told in zip(rows, zip(*parts, strict=True), strict=True):
            row[spec.column] = dict(zip(("value", "lower", "upper", "source"), told, strict=True))
    return {
        "schema": FRONT_SCHEMA,
        "objectives": [spec.column for spec in front.objectives],
        "columns": [dataclasses.asdict(spec) for spec in front.columns],
        "front": rows,
    }


def write_front(folder: Path, front: Front) -> None:
    """Write ``front.csv`` and ``front.json`` into a run's directory."""
    write_text(folder / FRONT_CSV, front_csv(front))
    write_json(folder / FRONT_JSON, front_record(front))
