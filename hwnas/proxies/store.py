"""Files of scores: Parquet, a row an architecture, with a card that says how they were made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hwnas._files import atomic_path
from hwnas.errors import TableError
from hwnas.proxies.scoring import Scores

SCHEMA = 1
_KEY = b"hwnas"


class Row(NamedTuple):
    """One architecture's scores.

    Args:
        genotype: Its canonical genotype, by which a file is sorted.
        scores: Its scores.
    """

    genotype: tuple[int, ...]
    scores: Scores


def write_scores(path: Path, rows: Mapping[str, Row], card: Mapping[str, Any]) -> None:
    """Write scores whole or not at all, sorted by genotype.

    Columns are ``arch``, ``genotype``, one for each proxy (null where it has no value) and
    ``reasons``, a JSON object that says why.

    Args:
        path: The file.
        rows: Scores by the canonical architecture's string.
        card: How they were made; its ``proxies`` are the columns.

    Raises:
        StorageError: The file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = sorted(rows.items(), key=lambda item: item[1].genotype)
    scores = [row.scores for _, row in ordered]
    columns = {
        "arch": pa.array([arch for arch, _ in ordered], pa.string()),
        "genotype": pa.array([row.genotype for _, row in ordered], pa.list_(pa.int64())),
    }
    for name in card["proxies"]:
        columns[name] = pa.array([each.values[name] for each in scores], pa.float64())
    reasons = [json.dumps(dict(each.reasons)) if each.reasons else None for each in scores]
    columns["reasons"] = pa.array(reasons, pa.string())
    metadata = {_KEY: json.dumps({"schema": SCHEMA, **card}).encode()}
    with atomic_path(path) as temporary:
        pq.write_table(pa.table(columns).replace_schema_metadata(metadata), temporary)


def read_card(path: Path) -> dict[str, Any]:
    """How the scores of a file were made.

    Raises:
        TableError: The file is no file of scores, or of a later version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        card = json.loads(pq.read_schema(path).metadata[_KEY])
        schema = card.pop("schema")
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise TableError(
            f"{path} must be a file of scores made by 'hwnas proxies'; it cannot be read as one. "
            "Choose another file."
        ) from error
    if schema > SCHEMA:
        raise TableError(f"{path}: schema must be at most {SCHEMA}; got {schema}. Update hwnas.")
    return dict(card)


def read_scores(path: Path, card: Mapping[str, Any]) -> dict[str, Row]:
    """Scores of a file by the canonical architecture's string.

    Args:
        path: The file.
        card: How they must have been made.

    Raises:
        TableError: They were made otherwise, or the file is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = read_card(path)
    if isinstance(found.get("options"), dict):
        # Older cards tell more of the space than its options.
        options = found["options"].items()
        found["options"] = {name: value for name, value in options if name in card["options"]}
    for name in sorted({*found, *card}):
        if found.get(name) != card.get(name):
            raise TableError(
                f"{path} holds scores made with {name} = {found.get(name)}; "
                f"this run has {card.get(name)}. Choose another file, or the same settings."
            )
    try:
        records = pq.read_table(path).to_pylist()
        return {record["arch"]: _row(record, card["proxies"]) for record in records}
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise TableError(f"{path} is damaged. Delete it and run again.") from error


def _row(record: Mapping[str, Any], names: list[str]) -> Row:
    reasons = json.loads(record["reasons"]) if record["reasons"] else {}
    values = {name: record[name] for name in names}
    return Row(tuple(record["genotype"]), Scores(values, reasons))
