"""Predictors at rest: whole or not at all, two at once, packed, and as version 0.1 wrote them."""

from __future__ import annotations

import json
import multiprocessing
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from additive_table import ACCURACY, LATENCY, PARTIAL
from made_up import linear_predictor

from hwnas import _records
from hwnas._files import sha256_bytes
from hwnas._resources import cache_dir
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ArtifactError, StorageError
from hwnas.fitting.columns import Fitted, write_predictor
from hwnas.predictors import find_predictor, predictor_cards
from hwnas.predictors.card import SCHEMA, Card, Sizes
from hwnas.predictors.store import INDEX, PACKED, pack, stored_in


def _cards(root: Path) -> list[Card]:
    return [each.card for each in stored_in(root, "nasbench201")]


def _models(root: Path) -> set[str]:
    return {path.name for path in (root / "nasbench201" / "models").iterdir()}


def _made_up(space: SearchSpace, mean: float = 50.0, **changes: Any) -> Fitted:
    return linear_predictor(space, ("one_hot",), np.full(30, mean), mean, **changes)


# --- a folder -----------------------------------------------------------------------------------


def test_cards_are_read_back_as_they_were_written(
    fitted: Mapping[str, Fitted], folder: Path
) -> None:
    assert _cards(folder) == [fitted[name].card for name in (LATENCY, PARTIAL, ACCURACY)]


def test_an_index_is_strict_json_with_a_schema(folder: Path) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = (folder / "nasbench201" / INDEX).read_text()
    assert json.loads(text, parse_constant=refuse)["schema"] == SCHEMA


def test_models_lie_under_the_hashes_of_their_bytes_and_equal_ones_once(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    for quantity in ("accuracy", "robustness"):
        write_predictor(tmp_path, _made_up(nasbench201, quantity=quantity))
    assert len(_cards(tmp_path)) == 2
    (name,) = _models(tmp_path)
    data = (tmp_path / "nasbench201" / "models" / name).read_bytes()
    assert name == f"{sha256_bytes(data)}.onnx"


def test_a_predictor_takes_the_place_of_its_like_and_leaves_no_model_behind(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    for mean in (50.0, 60.0):
        write_predictor(tmp_path, _made_up(nasbench201, mean))
    (card,) = _cards(tmp_path)
    assert card.model.mean == 60.0
    assert _models(tmp_path) == {f"{card.model.sha256}.onnx"}


def test_models_of_other_names_are_left_alone(nasbench201: SearchSpace, tmp_path: Path) -> None:
    mine = tmp_path / "nasbench201" / "models" / "mine.onnx"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    for mean in (50.0, 51.0):
        write_predictor(tmp_path, _made_up(nasbench201, mean=mean))
    assert mine.read_bytes() == b"mine"
    assert len(_models(tmp_path)) == 2


def test_a_write_that_dies_before_the_index_leaves_the_old_state(
    nasbench201: SearchSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_predictor(tmp_path, _made_up(nasbench201, 50.0))
    before = _cards(tmp_path)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_records, "write_text", die)
        with pytest.raises(KeyboardInterrupt):
            write_predictor(tmp_path, _made_up(nasbench201, 60.0))
    assert _cards(tmp_path) == before
    assert len(_models(tmp_path)) == 2
    # The next one is not kept waiting, and clears up.
    write_predictor(tmp_path, _made_up(nasbench201, 70.0))
    assert [card.model.mean for card in _cards(tmp_path)] == [70.0]
    assert len(_models(tmp_path)) == 1


def _add_one(root: Path, made: Fitted, variant: str) -> None:
    target = replace(made.card.target, conditions=(("variant", variant),))
    write_predictor(root, replace(made, card=replace(made.card, target=target)))


def test_two_that_add_at_once_do_not_lose_each_others_predictors(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    made = _made_up(nasbench201)
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=_add_several, args=(tmp_path, made, name)) for name in ("a", "b")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert {worker.exitcode for worker in workers} == {0}
    expected = {f"accuracy.{name}{number}" for name in "ab" for number in range(8)}
    assert {card.name for card in _cards(tmp_path)} == expected


def _add_several(root: Path, made: Fitted, name: str) -> None:
    for number in range(8):
        _add_one(root, made, f"{name}{number}")


def test_a_folder_that_cannot_be_written_is_told(nasbench201: SearchSpace, tmp_path: Path) -> None:
    (tmp_path / "nasbench201").write_text("a file where a folder must be")
    with pytest.raises(StorageError, match=r"nasbench201 must be writable; it is not \(File exist"):
        write_predictor(tmp_path, _made_up(nasbench201))


def test_what_was_written_is_found_without_a_new_process(nasbench201: SearchSpace) -> None:
    for mean in (50.0, 60.0):
        write_predictor(cache_dir() / "artifacts", _made_up(nasbench201, mean))
        found = find_predictor(nasbench201, Target("accuracy"))
        assert found is not None
        assert found.card.model.mean == mean


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"index"', "{}", '{"schema": 2}', "\0"])
def test_text_that_is_no_index_is_refused(folder: Path, text: str) -> None:
    (folder / "nasbench201" / INDEX).write_text(text)
    said = r"nasbench201/index.json must be an index of predictors; .* Move it away"
    with pytest.raises(ArtifactError, match=said):
        stored_in(folder, "nasbench201")


def test_a_newer_index_is_refused(folder: Path) -> None:
    path = folder / "nasbench201" / INDEX
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": SCHEMA + 1}))
    with pytest.raises(ArtifactError, match=rf"schema must be at most {SCHEMA}; got {SCHEMA + 1}"):
        stored_in(folder, "nasbench201")


# --- packed -------------------------------------------------------------------------------------


def test_packing_gives_the_same_bytes_and_what_is_packed_is_what_was_there(
    folder: Path, tmp_path: Path
) -> None:
    place = folder / "nasbench201"
    loose = {each.card.name: each for each in stored_in(folder, "nasbench201")}
    data = pack(place).read_bytes()
    assert pack(place).read_bytes() == data
    (tmp_path / "other" / "nasbench201").mkdir(parents=True)
    (tmp_path / "other" / "nasbench201" / PACKED).write_bytes(data)
    packed = stored_in(tmp_path / "other", "nasbench201")
    assert {each.card.name for each in packed} == set(loose)
    for each in packed:
        alike = loose[each.card.name]
        assert each.card == alike.card
        for name in filter(None, (each.model, each.support)):
            assert each.read(name) == alike.read(name)


def test_a_packed_file_is_compressed(folder: Path) -> None:
    path = pack(folder / "nasbench201")
    with zipfile.ZipFile(path) as packed:
        assert path.stat().st_size < sum(each.file_size for each in packed.infolist()) / 2


def test_nothing_is_packed_of_a_folder_without_an_index(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"must hold an index\.json with predictors"):
        pack(tmp_path)


def test_a_changed_model_is_not_packed(folder: Path) -> None:
    first = stored_in(folder, "nasbench201")[0]
    (first.place / first.model).write_bytes(b"changed")
    with pytest.raises(ArtifactError, match="must have the hash of its name"):
        pack(folder / "nasbench201")


@pytest.mark.parametrize("damage", [b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_a_damaged_packed_file_is_told(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "nasbench201").mkdir()
    (tmp_path / "nasbench201" / PACKED).write_bytes(damage)
    with pytest.raises(ArtifactError, match=r"predictors\.zip must hold index\.json; it cannot be"):
        stored_in(tmp_path, "nasbench201")


# --- as version 0.1 wrote them --------------------------------------------------------------------


@pytest.fixture
def loose(nasbench201: SearchSpace) -> Path:
    """A predictor in the user's cache, in files of its own."""
    made = _made_up(nasbench201)
    place = cache_dir() / "artifacts" / "nasbench201" / "cifar10"
    place.mkdir(parents=True)
    (place / "accuracy.onnx").write_bytes(made.model)
    (place / "accuracy.json").write_text(json.dumps(schema_1(made.card)))
    return place


def schema_1(card: Card) -> dict[str, Any]:
    """A card of accuracy as version 0.1 wrote it."""
    return {
        "schema": 1, "space": card.space, "dataset": "cifar10", "device": None,
        "quantity": "accuracy", "variant": "", "is_default": True,
        "column": "cifar10_accuracy_pct", "unit": "%", "detail": card.detail,
        "table": {"name": "mine", "column": "made up", "sha256": "0" * 64, "sources": []},
        "feature_sets": ["one_hot"], "n_features": 30, "features_sha256": card.features.sha256,
        "transform": "identity", "mean": card.model.mean, "scale": 1.0, "estimator": "ridge",
        "candidates": {"ridge": 0.5}, "n_classes": {"train": 1, "calibrate": 1, "test": 1},
        "held_out": {"kendall_tau": 0.5, "within_10_pct": 50.0},
        "interval": {"level": 0.9, "edges": [], "half_widths": [5.0], "coverage": 0.9},
        "sha256": card.model.sha256, "seed": 0, "versions": card.versions, "support": None,
    }  # fmt: skip


@pytest.mark.usefixtures("loose")
def test_predictors_of_an_older_cache_are_still_found(nasbench201: SearchSpace) -> None:
    found = find_predictor(nasbench201, Target("accuracy"))
    assert found is not None
    new = _made_up(nasbench201).card
    old = replace(new.evaluation, how="held_out", n_classes=Sizes(1, 1, 1))
    assert found.card == replace(new, evaluation=old)
    cards = predictor_cards("nasbench201", "cifar10")
    assert [card.name for card in cards if card.detail == "made up"] == ["accuracy"]


def test_a_new_one_takes_the_place_of_an_older_ones_files(
    loose: Path, nasbench201: SearchSpace
) -> None:
    write_predictor(cache_dir() / "artifacts", _made_up(nasbench201, 60.0))
    assert list(loose.iterdir()) == []
    assert [card.model.mean for card in _cards(cache_dir() / "artifacts")] == [60.0]


def test_an_older_card_under_another_name_is_refused(loose: Path) -> None:
    (loose / "accuracy.json").rename(loose / "energy.json")
    with pytest.raises(ArtifactError, match=r"must be the card of energy on cifar10; it is that"):
        stored_in(cache_dir() / "artifacts", "nasbench201")
