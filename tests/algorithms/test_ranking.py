"""Which architectures are better: by hand, and by the published definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hwnas.algorithms import CANNOT_RUN, Told
from hwnas.algorithms._ranking import Members, crowding, ranks, standings
from hwnas.objectives.indicators import non_dominated

# Two fronts: (0, 4), (1, 2), (4, 0) and behind it (2, 3), (4, 4).
FRONTS = np.array([[0, 4], [1, 2], [4, 0], [2, 3], [4, 4]], dtype=float)
FEASIBLE = np.zeros(5)


def _members(values: object, distance: object) -> Members:
    values = np.array(values, dtype=float)
    return Members(np.zeros((len(values), 6), int), values, np.array(distance, dtype=float))


def test_points_are_ranked_by_the_front_that_they_are_on() -> None:
    assert ranks(FRONTS, FEASIBLE).tolist() == [0, 0, 0, 1, 2]


def test_equal_points_share_a_rank() -> None:
    assert ranks(np.array([[2.0, 2], [1, 1], [1, 1]]), np.zeros(3)).tolist() == [1, 0, 0]


def test_of_one_objective_the_rank_is_the_order_of_values() -> None:
    assert ranks(np.array([[7.0], [-1], [7], [3]]), np.zeros(4)).tolist() == [2, 0, 2, 1]


def test_what_is_not_feasible_comes_behind_by_how_far_it_is() -> None:
    distance = np.array([0, 0.5, CANNOT_RUN, 0.5, 0])
    assert ranks(FRONTS, distance).tolist() == [0, 2, 3, 2, 1]


def test_values_of_what_is_not_feasible_are_not_read() -> None:
    values = np.array([[1.0, 1], [np.nan, -9], [np.inf, np.nan]])
    assert ranks(values, np.array([0, 1, 2.0])).tolist() == [0, 1, 2]


def test_nothing_has_no_ranks() -> None:
    assert ranks(np.empty((0, 2)), np.empty(0)).shape == (0,)
    assert standings(np.empty((0, 2)), np.empty(0)).shape == (0,)


@settings(max_examples=40)
@given(arrays(float, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.integers(0, 4)))
def test_ranks_are_fronts_peeled_off_one_after_the_other(values: np.ndarray) -> None:
    expected, left = np.full(len(values), -1), np.arange(len(values))
    for front in range(len(values)):
        on_front = non_dominated(values[left])
        expected[left[on_front]] = front
        left = left[~on_front]
    np.testing.assert_array_equal(ranks(values, np.zeros(len(values))), expected)


def test_crowding_is_the_gap_between_neighbours_in_shares_of_the_range() -> None:
    # Of (1, 2): (4 - 0) / 4 of the first objective, (4 - 0) / 4 of the second.
    assert crowding(FRONTS[:3]).tolist() == [np.inf, 2, np.inf]
    points = np.array([[0, 10], [1, 6], [3, 5], [10, 0]], dtype=float)
    np.testing.assert_allclose(crowding(points), [np.inf, 0.3 + 0.5, 0.9 + 0.6, np.inf])


def test_an_objective_in_which_all_are_equal_crowds_nobody() -> None:
    points = np.array([[1.0, 0], [1, 1], [1, 4]])
    assert crowding(points).tolist() == [np.inf, 1, np.inf]
    assert crowding(np.ones((3, 2))).tolist() == [0, 0, 0]


def test_of_one_rank_the_least_crowded_stands_first() -> None:
    points = np.array([[0, 10], [1, 6], [3, 5], [10, 0], [11, 11]], dtype=float)
    assert standings(points, FEASIBLE).tolist() == [0, 2, 1, 0, 3]


def test_crowding_does_not_order_what_is_not_feasible() -> None:
    assert standings(FRONTS, np.array([1, 2, 1, 2, 0.0])).tolist() == [1, 2, 1, 2, 0]


def test_the_best_are_listed_best_first_and_of_equals_the_earlier() -> None:
    members = _members([[3], [1], [3], [0], [2]], [0, 0, 0, 0.1, 0])
    assert members.best(4).tolist() == [1, 4, 0, 2]


@pytest.mark.parametrize(
    ("one", "other", "is_no_worse", "beats"),
    [
        (([1, 2], 0), ([1, 3], 0), True, True),
        (([1, 2], 0), ([1, 2], 0), True, False),
        (([1, 2], 0), ([2, 1], 0), False, False),
        (([9, 9], 0), ([1, 1], 0.1), True, True),
        (([1, 1], 0.2), ([9, 9], 0.1), False, False),
        (([0, 0], 0.1), ([0, 0], 0.1), True, False),
    ],
)
def test_one_beats_another_by_constrained_domination(
    one: tuple[object, float], other: tuple[object, float], is_no_worse: bool, beats: bool
) -> None:
    a, b = (_members([values], [distance]) for values, distance in (one, other))
    assert a.are_no_worse(b).tolist() == [is_no_worse]
    assert a.beat(b).tolist() == [beats]


def test_members_know_what_was_told_of_them() -> None:
    values = np.array([[1.0, 2], [np.nan, np.nan], [5, 6]])
    status = np.array(["done", "failed", "infeasible"], dtype=object)
    violation = np.array([[0.0], [np.nan], [0.25]])
    members = Members.of(Told(np.eye(3, 6, dtype=int), values, values, values, violation, status))
    # A relative violation v is v / (1 + v) away.
    assert members.distance.tolist() == pytest.approx([0, CANNOT_RUN, 0.25 / 1.25])
    assert members.values.tolist() == [[1, 2], [0, 0], [0, 0]]
