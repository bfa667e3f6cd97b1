"""Cards of files of scores: as files hold them, read strictly."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from changed_records import unsealed
from made_up import score_card

from hwnas._resources import artifacts_dir
from hwnas.errors import TableError
from hwnas.proxies.scoring import Scores
from hwnas.proxies.store import CARDS, Row, read_card, read_scores, write_scores
from hwnas.spaces import load_space

_CARD = score_card(load_space("nasbench_macro"), ("zen",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "scores.parquet"
    write_scores(found, {"0" * 8: Row((0,) * 8, Scores({"zen": 1.5}, {}))}, _CARD)
    return found


def _rewrite(path: Path, **changes: object) -> None:
    """A file of version 0.1, without a seal, with other fields on its card."""
    table = pq.read_table(path)
    card = unsealed(json.loads(table.schema.metadata[b"hwnas"])) | {"schema": 1} | changes
    metadata = {b"hwnas": json.dumps(card).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


@pytest.mark.parametrize("space", ["mnasnet", "nasbench201", "nasbench_macro"])
def test_shipped_cards_are_written_as_they_were(space: str) -> None:
    path = artifacts_dir() / space / "proxies.parquet"
    text = pq.read_schema(path).metadata[b"hwnas"].decode()
    assert unsealed(json.loads(CARDS.text(read_card(path)))) == json.loads(text) | {"schema": 2}


def test_scores_and_card_survive_the_file(path: Path) -> None:
    assert read_card(path) == _CARD
    assert read_scores(path, _CARD)["0" * 8].scores.values == {"zen": 1.5}


def test_older_cards_may_tell_more_of_the_space(path: Path) -> None:
    _rewrite(path, options={"dataset": "cifar10", "image_size": 32})
    assert len(read_scores(path, _CARD)) == 1


def test_scores_made_with_other_options_are_refused(path: Path) -> None:
    _rewrite(path, options={"dataset": "cifar100"})
    with pytest.raises(TableError, match=r"made with options = \{'dataset': 'cifar100'\}; this"):
        read_scores(path, _CARD)


def test_unknown_field_is_refused_with_the_nearest_known_one(path: Path) -> None:
    _rewrite(path, sead=0)
    with pytest.raises(TableError, match=r"it has no 'sead', did you mean 'seed'\. Choose another"):
        read_card(path)


def test_card_of_a_later_version_is_refused(path: Path) -> None:
    _rewrite(path, schema=3)
    with pytest.raises(TableError, match=r"schema must be at most 2; got 3\. Update hwnas"):
        read_card(path)


def test_parquet_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"x": [1]}), path)
    with pytest.raises(TableError, match=r"must be a file of scores made by 'hwnas proxies'; it"):
        read_card(path)
