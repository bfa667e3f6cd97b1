"""The vote: mean ranks in a population, and what lies between and beyond."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from hwnas.errors import ShapeError
from hwnas.proxies.voting import vote

SCORES = st.integers(2, 12).flatmap(
    lambda n: st.lists(
        st.tuples(*[st.integers(-20, 20).map(float)] * 3), min_size=n, max_size=n
    ).map(np.array)
)


@given(SCORES)
def test_within_its_population_it_is_the_mean_rank(scores: np.ndarray) -> None:
    ranks = (rankdata(scores, axis=0) - 0.5) / len(scores)
    np.testing.assert_allclose(vote(scores), ranks.mean(axis=1))


@given(SCORES, st.permutations(range(12)))
def test_order_and_company_do_not_matter(scores: np.ndarray, order: list[int]) -> None:
    kept = [row for row in order if row < len(scores)]
    np.testing.assert_array_equal(vote(scores[kept], scores), vote(scores)[kept])
    np.testing.assert_array_equal(vote(scores[:1], scores), vote(scores)[:1])


def test_between_two_of_the_population_it_is_in_proportion() -> None:
    reference = np.array([[0.0], [10.0]])
    assert vote(np.array([[0.0], [2.5], [5.0], [10.0]]), reference).tolist() == (
        pytest.approx([0.25, 0.375, 0.5, 0.75])
    )


def test_beyond_the_population_better_stays_better_and_below_one() -> None:
    reference = np.array([[0.0], [10.0]])
    above = vote(np.array([[10.0], [20.0], [40.0], [80.0]]), reference)
    # One range further, a factor of e nearer to 1.
    assert above[1] == pytest.approx(1 - 0.25 / np.e)
    assert (np.diff(above) > 0).all()
    assert above[-1] < 1
    np.testing.assert_allclose(vote(np.array([[0.0], [-10.0], [-30.0]]), reference), 1 - above[:3])


def test_a_population_of_one_is_a_middle() -> None:
    assert vote(np.array([[4.0, 2.0]])).tolist() == [0.5]


def test_what_is_unknown_stays_so_and_is_no_part_of_the_population() -> None:
    scores = np.array([[1.0, 1.0], [np.nan, 2.0], [3.0, 3.0]])
    found = vote(scores)
    assert np.isnan(found[1])
    np.testing.assert_allclose(found[[0, 2]], [(0.25 + 1 / 6) / 2, (0.75 + 5 / 6) / 2])
    assert np.isnan(vote(scores[:1], scores[:1] * np.nan)).all()


def test_another_number_of_proxies_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"got \(2, 3\) and \(2, 2\)"):
        vote(np.zeros((2, 3)), np.zeros((2, 2)))
