"""Files of scores: Parquet, a row an architecture, with a card that says how they were made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from hwnas._parquet import SealedFile, write_sealed
from hwnas._records import Count, RecordFormat
from hwnas.errors import TableError
from hwnas.proxies.scoring import Scores

_KEY = b"hwnas"


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """All that decides scores; files of equal cards hold the same numbers.

    Args:
        space: Name of the search space.
        options: Its data set and options.
        batch: Where the minibatch comes from: ``"photos"``, ``"noise"``, the name of a file.
        n_images: Images of the minibatch.
        batch_sha256: Hash of images and labels.
        proxies: Names of the proxies, which are the columns of the file.
        seed: Seed of weights and of all else that is random.
        device: Torch device, ``"cpu"`` or ``"cuda"``.
        torch: Version of torch.
    """

    space: str
    options: dict[str, Any]
    batch: str
    n_images: Count
    batch_sha256: str
    proxies: tuple[str, ...]
    seed: int
    device: str
    torch: str


CARDS = RecordFormat(
    ScoreCard,
    schema=2,
    error=TableError,
    what="a file of scores made by 'hwnas proxies'",
    advice="Choose another file.",
    upgrades={1: dict},
    sealed_from=2,
)


class Row(NamedTuple):
    """One architecture's scores.

    Args:
        genotype: Its canonical genotype, by which a file is sorted.
        scores: Its scores.
    """

    genotype: tuple[int, ...]
    scores: Scores


def write_scores(path: Path, rows: Mapping[str, Row], card: ScoreCard) -> None:
    """Write scores whole or not at all, sorted by genotype.

    Columns are ``arch``, ``genotype``, one for each proxy (null where it has no value) and
    ``reasons``, a JSON object that says why.

    Args:
        path: The file.
        rows: Scores by the canonical architecture's string.
        card: How they were made.

    Raises:
        StorageError: The file cannot be written.
    """
    import pyarrow as pa

    ordered = sorted(rows.items(), key=lambda item: item[1].genotype)
    scores = [row.scores for _, row in ordered]
    columns = {
        "arch": pa.array([arch for arch, _ in ordered], pa.string()),
        "genotype": pa.array([row.genotype for _, row in ordered], pa.list_(pa.int64())),
    }
    for name in card.proxies:
        columns[name] = pa.array([each.values[name] for each in scores], pa.float64())
    reasons = [json.dumps(dict(each.reasons)) if each.reasons else None for each in scores]
    columns["reasons"] = pa.array(reasons, pa.string())
    write_sealed(path, pa.table(columns), _KEY, card, CARDS)


def read_card(path: Path) -> ScoreCard:
    """How the scores of a file were made.

    Raises:
        TableError: The file is no file of scores, or of a later version.
    """
    return SealedFile(path, _KEY, CARDS).record


def read_scores(path: Path, card: ScoreCard) -> dict[str, Row]:
    """Scores of a file by the canonical architecture's string.

    Args:
        path: The file.
        card: How they must have been made.

    Raises:
        TableError: They were made otherwise, or the file is damaged.
    """
    file = SealedFile(path, _KEY, CARDS)
    _check_made_so(path, file.record, card)
    try:
        return {each["arch"]: _row(each, card.proxies) for each in file.table().to_pylist()}
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(f"{path} is damaged. Delete it and run again.") from error


def _check_made_so(path: Path, found: ScoreCard, card: ScoreCard) -> None:
    for each in fields(ScoreCard):
        made, wanted = getattr(found, each.name), getattr(card, each.name)
        if each.name == "options":
            # Older cards tell more of the space than its options.
            made = {name: value for name, value in made.items() if name in wanted}
        if made != wanted:
            raise TableError(
                f"{path} holds scores made with {each.name} = {made}; this run has {wanted}. "
                "Choose another file, or the same settings."
            )


def _row(record: Mapping[str, Any], names: tuple[str, ...]) -> Row:
    reasons = json.loads(record["reasons"]) if record["reasons"] else {}
    values = {name: record[name] for name in names}
    return Row(tuple(record["genotype"]), Scores(values, reasons))
