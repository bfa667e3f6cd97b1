"""Curves of hypervolume and gap, against areas that can be counted on paper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.errors import ConfigError, ShapeError
from hwnas.objectives.curves import Band, Yardstick, evaluations_to
from hwnas.objectives.indicators import Normalisation

NAN = float("nan")
# Accuracy to be maximised from 90 to 94, latency to be minimised from 5 to 1.
SCALE = Normalisation(best=(94.0, 1.0), worst=(90.0, 5.0))
FRONT = np.array([[94.0, 3.0], [92.0, 1.0]])


def yardstick(reference: float = 1.0) -> Yardstick:
    return Yardstick(SCALE, FRONT, reference)


def test_hypervolume_after_each_evaluation_is_the_area_so_far() -> None:
    # Quarters of the square's side: (0, 2) covers 4x2 of 16, (2, 0) adds 2x2.
    assert yardstick().whole == pytest.approx(12 / 16)
    values = np.array([[93.0, 4.0], [91.0, 4.5], [92.0, 1.0], [94.0, 3.0]])
    # (1, 3) covers 3; (3, 3.5) nothing more; (2, 0) covers 8 and shares 2 with it; all is 12.
    assert yardstick().hypervolumes(values) * 16 == pytest.approx([3, 3, 9, 12])
    assert yardstick().gaps(values) == pytest.approx([0.75, 0.75, 0.25, 0.0])


def test_a_reference_point_beyond_the_worst_lets_the_ends_count() -> None:
    worst = np.array([[90.0, 5.0]])
    assert yardstick(1.0).hypervolumes(worst).tolist() == [0.0]
    assert yardstick(1.5).hypervolumes(worst) == pytest.approx([0.25])


def test_what_failed_counts_as_an_evaluation_and_adds_nothing() -> None:
    values = np.array([[NAN, NAN], [94.0, NAN], [94.0, 3.0], [NAN, 1.0]])
    assert yardstick().hypervolumes(values) * 16 == pytest.approx([0, 0, 8, 8])


def test_what_is_better_than_the_front_to_reach_has_a_gap_below_zero() -> None:
    assert yardstick().gaps(np.array([[94.0, 1.0]])) == pytest.approx([1 - 16 / 12])


def test_one_objective_is_a_length() -> None:
    scale = Normalisation(best=(94.0,), worst=(90.0,))
    gaps = Yardstick(scale, np.array([[94.0]])).gaps(np.array([[91.0], [93.0]]))
    assert gaps == pytest.approx([0.75, 0.25])


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1))
def test_hypervolume_is_that_of_all_points_so_far(points: list[tuple[int, int, int]]) -> None:
    scale = Normalisation(best=(0.0, 0.0, 0.0), worst=(5.0, 5.0, 5.0))
    values = np.array(points, dtype=float)
    # Cells of a grid that some point so far is not worse than, counted one by one.
    cells = np.stack(np.meshgrid(*[np.arange(5)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    counted = [
        (values[: n + 1, None] <= cells).all(axis=2).any(axis=0).sum() for n in range(len(values))
    ]
    found = Yardstick(scale, np.zeros((1, 3))).hypervolumes(values)
    assert found * 5**3 == pytest.approx(counted)


def test_a_front_that_nothing_can_be_missing_from_is_refused() -> None:
    with pytest.raises(ConfigError, match="better than the reference point in every objective"):
        Yardstick(SCALE, np.array([[90.0, 1.0]]))


def test_values_of_another_number_of_objectives_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(n, 2\); got \(1, 3\)"):
        yardstick().gaps(np.ones((1, 3)))


def test_a_band_is_the_mean_and_its_standard_error_as_far_as_all_curves_reach() -> None:
    band = Band.of([np.array([4.0, 2.0, 1.0]), np.array([2.0, 2.0]), np.array([0.0, 2.0])])
    assert band.mean.tolist() == [2.0, 2.0]
    # Standard deviation 2 of three curves.
    assert band.error == pytest.approx([2 / 3**0.5, 0.0])
    assert band.median.tolist() == [2.0, 2.0]
    assert (len(band), band.n_curves) == (2, 3)


def test_the_error_of_a_single_curve_is_unknown() -> None:
    assert np.isnan(Band.of([np.array([1.0, 0.5])]).error).all()


def test_a_band_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one curve"):
        Band.of([])


@pytest.mark.parametrize(("level", "expected"), [(0.05, 2), (0.04, 2), (0.01, 4), (0.001, None)])
def test_evaluations_to_a_gap_are_those_until_it_is_first_reached(
    level: float, expected: int | None
) -> None:
    assert evaluations_to(np.array([1.0, 0.04, 0.04, 0.01]), level) == expected
