"""Scores that travel with the package: looked up by class, and turned into ranks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from made_up import score_card, write_proxies
from scipy.stats import norm

from hwnas._files import sha256_file
from hwnas.core.space import SearchSpace
from hwnas.proxies import shipped
from hwnas.proxies.shipped import ShippedScores, normal_scores_by_rank, shipped_scores
from hwnas.spaces import load_space


def _scores(*columns: Sequence[float]) -> ShippedScores:
    """Scores of architectures that are not named."""
    names = tuple(f"proxy {number}" for number in range(len(columns)))
    card = score_card(load_space("nasbench201"), names)
    return ShippedScores(card, names, np.array(columns, dtype=float).T, {}, "")


# --- ranks ---------------------------------------------------------------------------------------


def test_scores_of_ranks_are_quantiles_of_a_normal_variable() -> None:
    places, heights = normal_scores_by_rank(_scores([1e9, -3.0, 0.5, 2.0]), 0)
    assert places.tolist() == [-3.0, 0.5, 2.0, 1e9]
    np.testing.assert_allclose(heights, norm.ppf([1 / 8, 3 / 8, 5 / 8, 7 / 8]))


def test_equal_scores_share_the_middle_of_their_ranks() -> None:
    # Ranks 1 to 10: one value, four equal ones of ranks 2 to 5, five of ranks 6 to 10.
    places, heights = normal_scores_by_rank(_scores([7.0, *[8.0] * 4, *[9.0] * 5]), 0)
    assert places.tolist() == [7.0, 8.0, 9.0]
    np.testing.assert_allclose(heights, norm.ppf((np.array([1.0, 3.5, 8.0]) - 0.5) / 10))


def test_ranks_are_those_of_the_column_asked_for_without_what_is_unknown() -> None:
    scores = _scores([1.0, 2.0, 3.0], [5.0, np.nan, 4.0])
    places, heights = normal_scores_by_rank(scores, 1)
    assert places.tolist() == [4.0, 5.0]
    np.testing.assert_allclose(heights, norm.ppf([1 / 4, 3 / 4]))


def test_one_score_is_the_median() -> None:
    assert normal_scores_by_rank(_scores([3.0, 3.0]), 0)[1].tolist() == [0.0]


def test_where_nothing_is_known_there_are_no_ranks() -> None:
    places, heights = normal_scores_by_rank(_scores([np.nan, np.nan]), 0)
    assert len(places) == len(heights) == 0


# --- the file ------------------------------------------------------------------------------------


@pytest.fixture
def genotypes(nasbench201: SearchSpace) -> np.ndarray:
    """Eleven canonical genotypes in lexicographic order; all but the last one are scored."""
    drawn = nasbench201.sample_genotypes(30, np.random.default_rng(0))
    return np.unique(nasbench201.canonical_genotypes(drawn), axis=0)[:11]


@pytest.fixture
def path(
    nasbench201: SearchSpace,
    genotypes: np.ndarray,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """The file of shipped scores: ``synflow`` from 0 to 9, ``nwot`` unknown but for the first."""
    scores = {"synflow": np.arange(10.0), "nwot": np.array([5.0, *[np.nan] * 9])}
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path)
    return write_proxies(tmp_path, nasbench201, genotypes[:10], scores)


@pytest.mark.usefixtures("path")
def test_scores_are_looked_up_in_the_order_asked(
    nasbench201: SearchSpace, genotypes: np.ndarray
) -> None:
    scores = shipped_scores(nasbench201)
    assert scores is not None
    assert scores.names == ("synflow", "nwot")
    found = scores.look_up(genotypes[[3, 10, 0, 3]])
    np.testing.assert_array_equal(found[:, 0], [3.0, np.nan, 0.0, 3.0])
    np.testing.assert_array_equal(found[:, 1], [np.nan, np.nan, 5.0, np.nan])
    np.testing.assert_array_equal(scores.genotypes, genotypes[:10])


@pytest.mark.usefixtures("path")
def test_a_class_that_was_scored_is_known_even_where_a_proxy_has_no_value(
    nasbench201: SearchSpace, genotypes: np.ndarray
) -> None:
    scores = shipped_scores(nasbench201)
    assert scores is not None
    assert scores.knows(genotypes).tolist() == [True] * 10 + [False]


def test_twins_have_the_scores_of_their_class(
    nasbench201: SearchSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path)
    twins = nasbench201.genotypes(
        [
            nasbench201.parse(text)
            for text in (
                "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
                "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|",
            )
        ]
    )
    canonical = nasbench201.canonical_genotypes(twins[:1])
    write_proxies(tmp_path, nasbench201, canonical, {"zen": np.array([4.0])})
    scores = shipped_scores(nasbench201)
    assert scores is not None
    assert scores.look_up(nasbench201.canonical_genotypes(twins)).tolist() == [[4.0], [4.0]]


def test_the_hash_is_that_of_the_file(path: Path, nasbench201: SearchSpace) -> None:
    scores = shipped_scores(nasbench201)
    assert scores is not None
    assert scores.sha256 == sha256_file(path)


def test_a_space_without_a_file_has_no_scores(
    nasbench201: SearchSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path)
    assert shipped_scores(nasbench201) is None
