"""Training speed and extrapolated curves, against sums by hand, closed forms and known noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hwnas
from hwnas.core.batch import Batch
from hwnas.errors import ArgumentError, ConfigError, ShapeError
from hwnas.objectives.evaluated import EvaluatedObjective, evaluated
from hwnas.objectives.evaluator import Evaluator

LOSSES = [2.0, 1.0, 0.5, 0.25]


def test_training_speed_is_the_sum_of_losses() -> None:
    assert hwnas.training_speed(LOSSES) == 3.75


def test_only_the_last_epochs_may_count() -> None:
    assert hwnas.training_speed(LOSSES, last=1) == 0.25
    assert hwnas.training_speed(LOSSES, last=3) == 1.75
    assert hwnas.training_speed(LOSSES, last=4) == 3.75


def test_early_epochs_may_count_less() -> None:
    # .25 + .5 x .5 + .25 x 1 + .125 x 2
    assert hwnas.training_speed(LOSSES, decay=0.5) == 1.0
    assert hwnas.training_speed(LOSSES, last=2, decay=0.5) == 0.5
    assert hwnas.training_speed(LOSSES, decay=1.0) == 3.75


def test_several_networks_are_summed_at_once() -> None:
    found = hwnas.training_speed([LOSSES, [1.0, 1.0, 1.0, 1.0]], last=2)
    np.testing.assert_array_equal(found, [0.75, 2.0])


def test_an_unknown_loss_leaves_the_speed_unknown_only_where_it_counts() -> None:
    losses = [np.nan, 1.0, 0.5]
    assert np.isnan(hwnas.training_speed(losses))
    assert hwnas.training_speed(losses, last=2) == 1.5


@pytest.mark.parametrize(
    ("losses", "settings", "error", "message"),
    [
        (LOSSES, {"last": 5}, ConfigError, "last must be at most the 4 epochs there are; got 5"),
        (LOSSES, {"last": 0}, ConfigError, "last must be at least 1; got 0"),
        (LOSSES, {"decay": 0.0}, ConfigError, "decay must be above 0 and at most 1; got 0"),
        (LOSSES, {"decay": 1.5}, ConfigError, r"decay must be .*; got 1.5"),
        ([], {}, (ShapeError, ArgumentError), "losses must"),
        ([[[1.0]]], {}, ShapeError, r"losses must have shape .*; got \(1, 1, 1\)"),
        (["low"], {}, ArgumentError, "losses must be an array of numbers; got"),
        ([[1.0], [1.0, 2.0]], {}, ArgumentError, "losses must be an array of numbers; got"),
    ],
)
def test_odd_losses_are_refused(
    losses: Any, settings: dict[str, Any], error: Any, message: str
) -> None:
    with pytest.raises(error, match=message):
        hwnas.training_speed(losses, **settings)


@pytest.mark.parametrize(("end", "rise", "exponent"), [(90, 40, 1), (95, 60, 0.5), (0.2, -2, 1.7)])
def test_a_power_law_is_continued_exactly(end: float, rise: float, exponent: float) -> None:
    epochs = np.arange(1.0, 9.0)
    found = hwnas.extrapolate(end - rise * epochs**-exponent, at=100)
    truth = end - rise * 100.0**-exponent
    assert found.value == pytest.approx(truth, rel=1e-6)
    assert found.lower == pytest.approx(truth, rel=1e-4)
    assert found.upper == pytest.approx(truth, rel=1e-4)


def test_epochs_need_not_be_one_after_the_other() -> None:
    epochs = [2.0, 5.0, 10.0, 20.0, 30.0]
    curve = [80 - 30 / epoch for epoch in epochs]
    assert hwnas.extrapolate(curve, 60, epochs=epochs).value == pytest.approx(79.5)


def test_unknown_values_are_left_out() -> None:
    curve = [80 - 30 / epoch if epoch != 3 else np.nan for epoch in range(1, 8)]
    assert hwnas.extrapolate(curve, at=60).value == pytest.approx(79.5)


def test_a_curve_that_does_not_move_stays_where_it_is() -> None:
    found = hwnas.extrapolate([10.0] * 6, at=50)
    assert (found.value, found.lower, found.upper) == (10, 10, 10)


def test_three_values_give_no_interval() -> None:
    found = hwnas.extrapolate([50.0, 70.0, 78.0], at=9)
    assert found.value > 78
    assert np.isnan([found.lower, found.upper, found.standard_error]).all()


def test_what_was_seen_is_given_as_it_was() -> None:
    found = hwnas.extrapolate([50.0, 71.0, 70.0, 78.0], at=2)
    assert (found.value, found.lower, found.upper, found.standard_error) == (71, 71, 71, 0)
    assert hwnas.extrapolate([50.0, 60.0], at=9, epochs=[3, 9]).value == 60


def test_what_cannot_be_is_cut_off() -> None:
    rising = [10.0, 30.0, 49.0, 69.0, 88.0]
    assert hwnas.extrapolate(rising, at=50).value > 100
    found = hwnas.extrapolate(rising, at=50, bounds=(0, 100))
    assert found.value == found.upper == 100


def test_the_interval_holds_the_value_nine_times_in_ten() -> None:
    rng = np.random.default_rng(0)
    n_held, n_curves = 0, 300
    epochs = np.arange(1.0, 11.0)
    for _ in range(n_curves):
        end, rise, exponent = rng.uniform(60, 95), rng.uniform(20, 60), rng.uniform(0.4, 1.6)
        curve = end - rise * epochs**-exponent + rng.normal(0, 0.5, len(epochs))
        found = hwnas.extrapolate(curve, at=30)
        truth = end - rise * 30**-exponent + rng.normal(0, 0.5)
        n_held += found.lower <= truth <= found.upper
    # Three standard deviations of a binomial share of .9 are 5.2 points.
    assert n_held / n_curves == pytest.approx(0.9, abs=0.052)


def test_what_is_nearer_is_known_better() -> None:
    rng = np.random.default_rng(1)
    curve = 90 - 40 / np.arange(1.0, 9.0) + rng.normal(0, 0.3, 8)
    errors = [hwnas.extrapolate(curve, at=at).standard_error for at in (9, 27, 81)]
    assert errors == sorted(errors)


def test_the_standard_error_gives_the_interval_again_in_a_search() -> None:
    space = hwnas.load_space("nasbench201")
    curve = [90 - 40 / epoch + 0.1 * (-1) ** epoch for epoch in range(1, 9)]
    found = hwnas.extrapolate(curve, at=27)
    evaluation = Evaluator(lambda _: {"score": [(found.value, found.standard_error)]})
    objective = EvaluatedObjective(evaluated("score"), evaluation)
    told = objective(Batch(space, space.sample_genotypes(1, np.random.default_rng(0))))
    assert told.lower[0] <= found.lower
    assert told.upper[0] >= found.upper
    assert min(found.lower - told.lower[0], told.upper[0] - found.upper) == pytest.approx(0)


@pytest.mark.parametrize(
    ("curve", "settings", "error", "message"),
    [
        ([1.0, 2.0], {"at": 5}, ConfigError, "curve must hold at least 3 known values; got 2"),
        ([1.0, 2.0, np.nan], {"at": 5}, ConfigError, "at least 3 known values; got 2"),
        ([1.0, 2.0, 3.0], {"at": 0}, ConfigError, "at must be a positive number; got 0"),
        (
            [1.0, 2.0, 3.0],
            {"at": 5, "epochs": [1, 1, 2]},
            ConfigError,
            "epochs must each be there once",
        ),
        ([1.0, 2.0, 3.0], {"at": 5, "epochs": [0, 1, 2]}, ConfigError, "epochs must be positive"),
        ([1.0, 2.0, 3.0], {"at": 5, "epochs": [1, 2]}, ShapeError, "as many as the values, 3"),
        ([1.0, 2.0, 3.0], {"at": 5, "bounds": (1, 0)}, ConfigError, "bounds must be the least"),
        ([1.0, np.nan, 3.0, 4.0], {"at": 2}, ConfigError, "later than the last of these, 4; got 2"),
        (["a", "b", "c"], {"at": 5}, ArgumentError, r"curve\[0\] must be a number; got 'a'"),
    ],
)
def test_odd_curves_are_refused(
    curve: Any, settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        hwnas.extrapolate(curve, **settings)
