"""Scores of many architectures: which, in what order, into which file."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from hwnas import proxies  # noqa: E402
from hwnas.core.architecture import Architecture  # noqa: E402
from hwnas.core.classes import canonical_classes, sample_classes  # noqa: E402
from hwnas.errors import ConfigError, TableError  # noqa: E402
from hwnas.proxies import sweep as sweeping  # noqa: E402
from hwnas.proxies.store import read_card, read_scores, write_scores  # noqa: E402
from hwnas.proxies.sweep import (  # noqa: E402
    ScoringPlan,
    plan_scoring,
    score_architecture,
    score_rows,
    sweep,
)
from hwnas.spaces.nasbench201 import NasBench201  # noqa: E402

SPACE = NasBench201("imagenet16-120", channels=2, cells=1)


@pytest.fixture(scope="module")
def plan() -> ScoringPlan:
    return plan_scoring(SPACE, "noise", 4, ["nwot", "synflow", "jacob_cov", "zen"])


@pytest.fixture(scope="module")
def archs() -> list[Architecture]:
    return sample_classes(SPACE, 10, seed=0)


def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_CHUNK", 4)


def test_scores_are_those_of_the_model_built_under_the_seed(
    plan: ScoringPlan, archs: list[Architecture]
) -> None:
    ((_, scores),) = score_rows(archs[:1], plan)
    torch.manual_seed(plan.seed)
    model = SPACE.build(archs[0])
    expected = proxies.score(model, plan.batch, plan.names, plan.seed).values
    assert scores.values == pytest.approx(expected, rel=1e-5)


def test_scores_depend_neither_on_order_nor_on_what_ran_before(
    plan: ScoringPlan, archs: list[Architecture]
) -> None:
    forwards = dict(score_rows(archs, plan))
    torch.rand(5)
    assert dict(score_rows(archs[::-1], plan)) == forwards


def test_scoring_leaves_threads_and_generator_alone(
    plan: ScoringPlan, archs: list[Architecture]
) -> None:
    n_threads, state = torch.get_num_threads(), torch.get_rng_state()
    list(score_rows(archs[:1], plan))
    assert torch.get_num_threads() == n_threads
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.long
def test_processes_give_the_same_file_as_one(
    plan: ScoringPlan, archs: list[Architecture], tmp_path: Path
) -> None:
    list(sweep(archs, plan, tmp_path / "one.parquet"))
    list(sweep(archs, plan, tmp_path / "two.parquet", n_workers=2))
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_no_workers_are_refused(plan: ScoringPlan, archs: list[Architecture]) -> None:
    with pytest.raises(ConfigError, match="at least 1 worker; got 0"):
        next(iter(score_rows(archs, plan, 0)))


def test_file_holds_a_row_an_architecture_sorted_by_genotype(
    plan: ScoringPlan, archs: list[Architecture], tmp_path: Path
) -> None:
    path = tmp_path / "scores.parquet"
    assert list(sweep(archs[::-1], plan, path))[-1] == len(archs)
    frame = pq.read_table(path).to_pandas()
    assert frame["arch"].tolist() == [str(arch) for arch in archs]
    assert list(frame) == ["arch", "genotype", "nwot", "synflow", "jacob_cov", "zen", "reasons"]
    ((_, scores),) = score_rows(archs[3:4], plan)
    assert frame.loc[3, list(plan.names)].to_dict() == scores.values


def test_card_says_how_scores_were_made(
    plan: ScoringPlan, archs: list[Architecture], tmp_path: Path
) -> None:
    list(sweep(archs[:2], plan, tmp_path / "scores.parquet"))
    card = read_card(tmp_path / "scores.parquet")
    assert card == plan.card()
    assert card.options == {
        "cells": 1, "channels": 2, "dataset": "imagenet16-120",
    }  # fmt: skip
    assert (card.batch, card.n_images, card.seed) == ("noise", 4, 0)


def test_a_file_whose_card_tells_more_of_the_space_than_its_options_is_read(
    plan: ScoringPlan, archs: list[Architecture], tmp_path: Path
) -> None:
    path = tmp_path / "scores.parquet"
    list(sweep(archs[:2], plan, path))
    card = plan.card()
    older = replace(card, options=card.options | {"image_size": 16, "n_classes": 120})
    write_scores(path, read_scores(path, card), older)
    assert list(sweep(archs[:2], plan, path)) == [2]
    with pytest.raises(TableError, match="holds scores made with options = "):
        read_scores(path, replace(card, options=card.options | {"cells": 2}))


def test_killed_run_goes_on_and_ends_as_the_same_file(
    plan: ScoringPlan, archs: list[Architecture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _small_chunks(monkeypatch)
    whole, killed = tmp_path / "whole.parquet", tmp_path / "killed.parquet"
    assert list(sweep(archs, plan, whole)) == [0, 4, 8, 10]
    stopped = sweep(archs, plan, killed)
    assert list(itertools.islice(stopped, 2)) == [0, 4]
    stopped.close()
    assert len(read_scores(killed, plan.card())) == 4
    assert list(sweep(archs, plan, killed)) == [4, 8, 10]
    assert killed.read_bytes() == whole.read_bytes()


def test_interrupted_run_keeps_all_that_was_scored(
    plan: ScoringPlan, archs: list[Architecture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_scored = iter(range(len(archs)))

    def interrupted(arch: Architecture, plan: ScoringPlan) -> proxies.Scores:
        if next(n_scored) == 3:
            raise KeyboardInterrupt
        return score_architecture(arch, plan)

    path = tmp_path / "scores.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "score_architecture", interrupted)
        with pytest.raises(KeyboardInterrupt):
            list(sweep(archs, plan, path))
    assert len(read_scores(path, plan.card())) == 3
    assert list(sweep(archs, plan, path)) == [3, 10]


def test_finished_file_is_left_as_it_is(
    plan: ScoringPlan, archs: list[Architecture], tmp_path: Path
) -> None:
    path = tmp_path / "scores.parquet"
    list(sweep(archs, plan, path))
    before = path.stat().st_mtime_ns
    assert list(sweep(archs, plan, path)) == [10]
    assert path.stat().st_mtime_ns == before


def test_other_architectures_join_the_same_file(
    plan: ScoringPlan, archs: list[Architecture], tmp_path: Path
) -> None:
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    for half in (archs[6:], archs[:6]):
        list(sweep(half, plan, first))
    list(sweep(archs, plan, second))
    assert first.read_bytes() == second.read_bytes()


def test_reasons_survive_the_file(tmp_path: Path) -> None:
    # All gradients of a class of one image correlate with themselves alone: many classes, no pair.
    plan = plan_scoring(SPACE, "noise", 4, ["epe_nas", "params"])
    archs = sample_classes(SPACE, 2, seed=0)
    list(sweep(archs, plan, tmp_path / "scores.parquet"))
    for row in read_scores(tmp_path / "scores.parquet", plan.card()).values():
        assert row.scores.values["epe_nas"] is None
        assert row.scores.reasons == {"epe_nas": "no class has two images in the minibatch"}
        assert row.scores.values["params"] is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "made with seed = 0; this run has 1"),
        ({"names": ("nwot",)}, "made with proxies = "),
        ({"space": NasBench201("imagenet16-120", channels=2, cells=2)}, "made with options = "),
        ({"batch": proxies.noise(4, (3, 16, 16), 120, seed=1)}, "made with batch_sha256 = "),
    ],
)
def test_file_of_another_plan_is_refused(
    plan: ScoringPlan, archs: list[Architecture], tmp_path: Path, change: dict, message: str
) -> None:
    path = tmp_path / "scores.parquet"
    list(sweep(archs[:1], plan, path))
    with pytest.raises(TableError, match=message):
        next(sweep(archs[:1], replace(plan, **change), path))


def test_file_of_something_else_is_refused(
    plan: ScoringPlan, archs: list[Architecture], tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a table")
    with pytest.raises(TableError, match="must be a file of scores made by 'hwnas proxies'"):
        next(sweep(archs, plan, path))
    assert path.read_text() == "not a table"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "tpu"}, "scored on cpu or cuda; got 'tpu'"),
        ({"n_images": 1}, "at least 2 images; got 1"),
    ],
)
def test_plan_that_cannot_be_is_refused(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_scoring(SPACE, **settings)


def test_default_minibatch_is_at_the_spaces_resolution() -> None:
    images, labels = plan_scoring(SPACE, n_images=8).batch
    assert images.shape == (8, 3, 16, 16)
    assert int(labels.max()) < 120


def test_sampled_architectures_have_every_score() -> None:
    rng = np.random.default_rng(0)
    archs = canonical_classes(SPACE, SPACE.sample(3, rng))
    scored = list(score_rows(archs, plan_scoring(SPACE, "photos", 8)))
    for _, scores in scored:
        assert set(scores.values) == set(proxies.PROXIES)
        assert not scores.reasons


def test_a_net_that_fails_on_the_batch_keeps_its_reasons(
    plan: ScoringPlan, archs: list[Architecture]
) -> None:
    images, labels = plan.batch
    grey = replace(plan, batch=(images[:, :1], labels))
    ((_, scores),) = score_rows(archs[:1], grey)
    assert all(reason.startswith("RuntimeError: ") for reason in scores.reasons.values())
    assert scores.reasons
