"""Scores by one proxy: those that are shipped are looked up, the others computed alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from hwnas.core.classes import sample_classes  # noqa: E402
from hwnas.errors import UnknownNameError  # noqa: E402
from hwnas.proxies import PROXIES, shipped  # noqa: E402
from hwnas.proxies import lookup as looking_up  # noqa: E402
from hwnas.proxies.lookup import N_IMAGES, SEED, Scoring, look_up  # noqa: E402
from hwnas.proxies.store import read_card  # noqa: E402
from hwnas.proxies.sweep import plan_scoring, score_rows, sweep  # noqa: E402
from hwnas.spaces.nasbench201 import NasBench201  # noqa: E402

SPACE = NasBench201("imagenet16-120", channels=2, cells=1)
ARCHS = sample_classes(SPACE, 12, seed=0)
GENOTYPES = SPACE.genotypes(ARCHS)
OTHER = NasBench201("imagenet16-120", channels=3, cells=2)
# Shipped scores may be of smaller nets than those they stand for.
USUAL = NasBench201("imagenet16-120")


@pytest.fixture(autouse=True)
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where shipped scores would lie."""
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path / "artifacts")
    return tmp_path / "artifacts"


@pytest.fixture
def _shipped(artifacts: Path) -> None:
    """The first 5 architectures are scored, with other settings than any default."""
    path = artifacts / "nasbench201" / shipped.FILE
    path.parent.mkdir(parents=True)
    plan = plan_scoring(OTHER, "noise", 4, ["nwot", "epe_nas"], seed=3)
    list(sweep(ARCHS[:5], plan, path))


def _expected(space: NasBench201, *settings: object) -> list[float | None]:
    plan = plan_scoring(space, *settings)  # type: ignore[arg-type]
    return [scores.values[plan.names[0]] for _, scores in score_rows(ARCHS, plan)]


def test_a_space_without_shipped_scores_is_scored_as_it_is() -> None:
    found = look_up(SPACE, GENOTYPES, "nwot").scores()
    assert found.tolist() == _expected(SPACE, "photos", N_IMAGES, ["nwot"], SEED)


@pytest.mark.usefixtures("_shipped")
def test_what_is_not_shipped_is_computed_as_the_shipped_was() -> None:
    lookup = look_up(USUAL, GENOTYPES, "nwot")
    assert lookup.left == ARCHS[5:]
    assert lookup.scores().tolist() == _expected(OTHER, "noise", 4, ["nwot"], 3)


@pytest.mark.usefixtures("_shipped")
def test_a_proxy_that_is_not_shipped_is_computed_as_the_shipped_was() -> None:
    lookup = look_up(USUAL, GENOTYPES, "synflow")
    assert lookup.left == ARCHS
    assert lookup.scores().tolist() == _expected(OTHER, "noise", 4, ["synflow"], 3)


@pytest.mark.usefixtures("_shipped")
def test_a_shipped_score_that_is_unknown_stays_so_and_is_not_computed() -> None:
    # No class of the four images has two of them.
    lookup = look_up(USUAL, GENOTYPES[:5], "epe_nas")
    assert (lookup.left, lookup.plan) == ([], None)
    assert np.isnan(lookup.scores()).all()


def test_a_computed_score_that_is_unknown_is_nan(artifacts: Path) -> None:
    # No class of the four images has two of them.
    path = artifacts / "nasbench201" / shipped.FILE
    path.parent.mkdir(parents=True)
    list(sweep(ARCHS[:1], plan_scoring(SPACE, "noise", 4, ["nwot"]), path))
    assert np.isnan(look_up(USUAL, GENOTYPES[:2], "epe_nas").scores()).all()


@pytest.mark.usefixtures("_shipped")
def test_a_space_of_other_options_is_scored_as_it_is() -> None:
    lookup = look_up(SPACE, GENOTYPES, "nwot")
    assert lookup.left == ARCHS
    assert lookup.scores().tolist() == _expected(SPACE, "photos", N_IMAGES, ["nwot"], SEED)


def test_twins_have_the_score_of_their_class_once_computed() -> None:
    twins = [
        "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
        "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|",
    ]
    lookup = look_up(SPACE, SPACE.genotypes([SPACE.parse(text) for text in twins]), "nwot")
    assert len(lookup.left) == 1
    one, other = lookup.scores()
    assert one == other


def test_what_was_computed_is_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking_up, "_CHUNK", 4)
    told: list[Scoring] = []

    def stop(scoring: Scoring) -> None:
        told.append(scoring)
        if scoring.n_done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look_up(SPACE, GENOTYPES, "nwot").scores(on_progress=stop)
    assert told == [Scoring("nwot", n_done, 12) for n_done in (0, 4, 8)]
    (path,) = (tmp_path / "cache" / "proxies").iterdir()
    assert read_card(path).proxies == ("nwot",)
    told.clear()
    found = look_up(SPACE, GENOTYPES, "nwot").scores(on_progress=told.append)
    assert told == [Scoring("nwot", 8, 12), Scoring("nwot", 12, 12)]
    assert found.tolist() == _expected(SPACE, "photos", N_IMAGES, ["nwot"], SEED)


def test_scores_of_other_settings_are_kept_apart(tmp_path: Path) -> None:
    for space in (SPACE, OTHER):
        look_up(space, GENOTYPES[:1], "nwot").scores()
    look_up(SPACE, GENOTYPES[:1], "synflow").scores()
    assert len(list((tmp_path / "cache" / "proxies").iterdir())) == 3


@pytest.mark.long
def test_processes_give_the_same_scores_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    archs = sample_classes(SPACE, 16, seed=1)
    genotypes = SPACE.genotypes(archs)
    two = look_up(SPACE, genotypes, "nwot").scores(n_workers=2)
    monkeypatch.setenv("HWNAS_CACHE", str(Path(shipped.artifacts_dir()) / "other-cache"))
    np.testing.assert_array_equal(two, look_up(SPACE, genotypes, "nwot").scores())


def test_an_unknown_proxy_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown proxy 'zenn'\. Did you mean 'zen'\?"):
        look_up(SPACE, GENOTYPES, "zenn")


def test_only_the_proxies_for_robustness_prefer_the_small() -> None:
    smaller = {name for name in PROXIES if PROXIES[name].direction == "min"}
    assert smaller == {"jacobian_norm", "input_grad_norm"}
