"""Hypervolume against closed forms and inclusion-exclusion, dominance against a double loop."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hwnas.core.objective import ObjectiveSpec
from hwnas.errors import ShapeError
from hwnas.objectives.indicators import Normalisation, hypervolume, minimised, non_dominated

# Few distinct numbers, so that ties and duplicates are common.
_levels = st.integers(-3, 3).map(float)
_points = st.tuples(st.integers(0, 7), st.integers(1, 4)).flatmap(
    lambda shape: arrays(float, shape, elements=_levels)
)


def _spec(direction: str) -> ObjectiveSpec:
    return ObjectiveSpec("x", "", direction, "custom", "x")  # type: ignore[arg-type]


def _by_inclusion_exclusion(points: np.ndarray, reference: np.ndarray) -> float:
    inside = points[(points < reference).all(axis=1)]
    total = 0.0
    for size in range(1, len(inside) + 1):
        for chosen in itertools.combinations(inside, size):
            total -= (-1) ** size * float(np.prod(reference - np.max(chosen, axis=0)))
    return total


@pytest.mark.parametrize("n_objectives", [1, 2, 3, 4])
def test_hypervolume_of_one_point_is_its_box(n_objectives: int) -> None:
    reference = np.arange(2.0, 2.0 + n_objectives)
    expected = float(np.prod(reference - 1.0))
    assert hypervolume(np.ones((1, n_objectives)), reference) == pytest.approx(expected)


@pytest.mark.parametrize("n_objectives", [2, 3, 4])
def test_hypervolume_of_a_corner_staircase_has_a_closed_form(n_objectives: int) -> None:
    # Each point is 0 in one objective and 1/2 in the others: each box is 2^(1-n), any two and more
    # of them meet in the box of side 1/2.
    points = np.full((n_objectives, n_objectives), 0.5)
    np.fill_diagonal(points, 0.0)
    box, common = 0.5 ** (n_objectives - 1), 0.5**n_objectives
    expected = n_objectives * (box - common) + common
    assert hypervolume(points, np.ones(n_objectives)) == pytest.approx(expected)


def test_hypervolume_along_a_line_of_many_points_is_a_sum_of_steps() -> None:
    x = np.linspace(0, 1, 101)[:-1]
    points = np.stack([x, 1 - x - 0.01], axis=1)
    expected = sum(0.01 * (1 - y) for y in points[:, 1])
    assert hypervolume(points, np.ones(2)) == pytest.approx(expected)


@given(_points)
def test_hypervolume_is_that_of_inclusion_and_exclusion(points: np.ndarray) -> None:
    reference = np.full(points.shape[1], 2.5)
    expected = _by_inclusion_exclusion(points, reference)
    assert hypervolume(points, reference) == pytest.approx(expected, abs=1e-9)


@given(_points, st.data())
def test_points_outside_the_reference_add_nothing(points: np.ndarray, data: st.DataObject) -> None:
    reference = np.full(points.shape[1], 2.5)
    outside = data.draw(arrays(float, (2, points.shape[1]), elements=_levels))
    beyond = data.draw(st.integers(0, points.shape[1] - 1))
    outside[:, beyond] = data.draw(st.sampled_from([2.5, 3.0, 99.0]))
    together = hypervolume(np.concatenate([points, outside]), reference)
    assert together == hypervolume(points, reference)


def test_hypervolume_of_nothing_is_zero() -> None:
    assert hypervolume(np.empty((0, 3)), np.ones(3)) == 0.0


def test_hypervolume_refuses_shapes_that_disagree() -> None:
    with pytest.raises(ShapeError, match=r"got \(2, 3\) and \(2,\)"):
        hypervolume(np.zeros((2, 3)), np.ones(2))


@given(_points)
def test_non_dominated_is_what_a_double_loop_keeps(points: np.ndarray) -> None:
    expected = [
        not any(np.all(other <= point) and np.any(other < point) for other in points)
        for point in points
    ]
    assert non_dominated(points).tolist() == expected


def test_equal_points_are_all_kept() -> None:
    points = np.array([[1.0, 2.0], [1.0, 2.0], [2.0, 1.0], [2.0, 2.0]])
    assert non_dominated(points).tolist() == [True, True, True, False]


@given(_points, st.data())
def test_minimised_undoes_itself(points: np.ndarray, data: st.DataObject) -> None:
    directions = st.sampled_from(["min", "max"])
    specs = [_spec(data.draw(directions)) for _ in range(points.shape[1])]
    flipped = minimised(points, specs)
    np.testing.assert_array_equal(minimised(flipped, specs), points)


def test_minimised_negates_what_is_to_be_maximised() -> None:
    values = np.array([[90.0, 5.0]])
    assert minimised(values, [_spec("max"), _spec("min")]).tolist() == [[-90.0, 5.0]]


def test_normalisation_puts_the_best_at_0_and_the_worst_at_1() -> None:
    values = np.array([[90.0, 5.0], [80.0, 1.0], [85.0, 3.0]])
    ranges = Normalisation.of(values, [_spec("max"), _spec("min")])
    assert (ranges.best, ranges.worst) == ((90.0, 1.0), (80.0, 5.0))
    assert ranges.scale(values).tolist() == [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]
    assert ranges.hypervolume(values) == pytest.approx(0.25)


def test_normalised_hypervolume_counts_what_is_better_than_the_best_so_far() -> None:
    ranges = Normalisation(best=(90.0, 1.0), worst=(80.0, 5.0))
    assert ranges.hypervolume(np.array([[95.0, 1.0]])) == pytest.approx(1.5)


def test_an_objective_that_never_changes_is_not_divided_by_zero() -> None:
    values = np.array([[3.0, 1.0], [3.0, 2.0]])
    ranges = Normalisation.of(values, [_spec("min"), _spec("min")])
    assert ranges.scale(values).tolist() == [[0.0, 0.0], [0.0, 1.0]]
