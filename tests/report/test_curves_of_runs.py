"""Curves of runs that are made by hand, against areas that can be counted on paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwnas.choose.front import Front
from hwnas.core.objective import ObjectiveSpec
from hwnas.errors import ConfigError
from hwnas.objectives.indicators import minimised, non_dominated
from hwnas.report import Searched, Side, curves_of
from hwnas.report.curves_page import axis_floor_pct, payload, render_curves
from hwnas.spaces import load_space

ACCURACY = ObjectiveSpec("accuracy_pct", "%", "max", "predicted", "Accuracy")
LATENCY = ObjectiveSpec("latency_ms", "ms", "min", "predicted", "Latency")
ENDS = ("budget",)
NAN = float("nan")


def searched(
    points: object, name: str = "runs/a", is_exhaustive: bool = False, **config: object
) -> Searched:
    """A run that evaluated these points of accuracy and latency in this order."""
    values = np.array(points, dtype=float).reshape(-1, 2)
    columns = (ACCURACY, LATENCY)
    known = values[np.isfinite(values).all(axis=1)]
    front = known[non_dominated(minimised(known, columns))]
    none = np.full(front.shape, NAN)
    archs = tuple(f"{name} {row}" for row in range(len(front)))
    side = Side(
        name,
        Front(archs, columns, front, none, none, n_objectives=2),
        load_space("nasbench201"),
        "edgegpu",
        len(values),
        {"Seed": "0"},
    )
    return Searched(side, {"algorithm": "nsga2", "seed": 0, **config}, values, is_exhaustive)


# Of these two points the ranges are 4 points of accuracy and 4 ms; the box is 1.1 x 1.1 of that.
BEST, QUICK = [94.0, 5.0], [90.0, 1.0]
CORNER = 2 * 1.1 * 0.1 - 0.01
"""Hypervolume of the two together: strips of 0.1 along two sides."""


def test_hypervolume_grows_by_what_each_evaluation_adds() -> None:
    (one,) = curves_of([searched([BEST, [NAN, NAN], QUICK])], ENDS).contenders
    assert one.volume.mean == pytest.approx([0.11, 0.11, CORNER])
    assert one.gap.mean == pytest.approx([1 - 0.11 / CORNER, 1 - 0.11 / CORNER, 0.0])


def test_runs_of_one_setting_are_a_mean_with_its_standard_error() -> None:
    runs = [searched([BEST, QUICK], "a"), searched([[92.0, 5.0], QUICK, BEST], "b", seed=1)]
    (both,) = curves_of(runs, ENDS).contenders
    # (92, 5) covers 0.6 x 0.1; both curves end where the shorter one does.
    volumes = np.array([[0.11, CORNER], [0.06, 0.06 + 0.11 - 0.01]])
    assert both.volume.mean == pytest.approx(volumes.mean(axis=0))
    assert both.volume.error == pytest.approx(volumes.std(axis=0, ddof=1) / 2**0.5)
    assert (both.seeds, both.n_evaluated, len(both.gap)) == ((0, 1), (2, 3), 2)


def test_runs_are_drawn_apart_where_they_are_not_to_be_grouped() -> None:
    runs = [searched([BEST, QUICK], "a"), searched([QUICK], "b", seed=1)]
    assert [each.label for each in curves_of(runs, ENDS, False).contenders] == ["A: a", "B: b"]


def test_a_run_that_evaluated_everything_is_what_the_others_are_to_reach() -> None:
    whole = searched([BEST, QUICK, [93.0, 2.0]], "whole", is_exhaustive=True)
    curves = curves_of([searched([BEST, QUICK]), whole], ENDS)
    (one,) = curves.contenders
    assert one.label == "nsga2"
    assert "front of whole, which evaluated the whole space" in curves.reach
    # Scaled (0.25, 0.25): 0.85 x 0.85, and what is left of the two strips.
    reach = 0.85**2 + 2 * 0.1 * 0.25
    assert one.gap.mean[-1] == pytest.approx(1 - CORNER / reach)


def test_without_one_the_gap_is_to_the_best_of_all_together() -> None:
    curves = curves_of([searched([BEST], "a"), searched([QUICK], "b", algorithm="random")], ENDS)
    assert "best front of all runs together" in curves.reach
    assert [each.gap.mean[0] for each in curves.contenders] == pytest.approx(
        [1 - 0.11 / CORNER] * 2
    )


def test_evaluations_to_a_gap_are_the_median_over_runs_that_may_never_come_there() -> None:
    runs = [
        searched([BEST, QUICK], "a"),
        searched([BEST, BEST, QUICK], "b", seed=1),
        searched([BEST, BEST, BEST], "c", seed=2),
    ]
    (one,) = curves_of(runs, ENDS).contenders
    assert one.reached[0] == (2, 3, None)
    assert (one.evaluations_to(0), one.n_reached(0)) == (3, 2)
    (row,) = curves_of(runs, ENDS).rows()
    assert row[-1] == "3 (2/3)"


def test_a_setting_none_of_whose_runs_comes_near_never_does() -> None:
    runs = [searched([BEST], "a"), searched([QUICK], "b", algorithm="random")]
    assert [row[4:] for row in curves_of(runs, ENDS).rows()] == [("never",) * 3] * 2


def test_columns_are_matched_by_what_they_mean() -> None:
    run = searched([BEST, QUICK])
    front = run.side.front
    turned = Front(
        front.archs, (LATENCY, ACCURACY), front.values[:, ::-1], front.lower, front.upper, 2
    )
    other = replace(run, side=replace(run.side, front=turned), evaluated=run.evaluated[:, ::-1])
    one, same = curves_of([run, other], ENDS, is_grouped=False).contenders
    assert one.gap.mean.tolist() == same.gap.mean.tolist()


def test_the_scale_is_told_in_the_objectives_units() -> None:
    scale = curves_of([searched([BEST, QUICK])], ENDS).scale
    assert "Accuracy 94 to 90 %, Latency 1 to 5 ms; up to the reference point 1.1" in scale


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([], "at least one run; got none"),
        ([searched([BEST]), searched([], "idle")], "must have evaluated something; idle has not"),
        ([searched([[NAN, NAN]])], "those of all runs are"),
    ],
)
def test_what_has_no_curve_is_refused(runs: list[Searched], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        curves_of(runs, ENDS)


def test_a_run_that_found_nothing_beside_one_that_did_has_the_whole_gap() -> None:
    runs = [searched([BEST, QUICK]), searched([[NAN, NAN]] * 2, "b", algorithm="random")]
    assert curves_of(runs, ENDS).contenders[1].gap.mean.tolist() == [1.0, 1.0]


def test_a_seed_that_is_there_twice_and_unequal_lengths_are_noted() -> None:
    notes = " ".join(curves_of([searched([BEST]), searched([QUICK, BEST], "b")], ENDS).notes)
    assert "nsga2: several runs have seed 0; they are no independent runs." in notes
    assert "nsga2: its runs have 1 to 2 evaluations" in notes


def test_a_page_holds_bands_in_percent_and_no_smaller_gap_than_its_axis_shows() -> None:
    runs = [searched([BEST, QUICK], "a"), searched([BEST, BEST], "b", seed=1)]
    curves = curves_of(runs, ENDS)
    (told,) = payload(curves)["contenders"]
    last = 50 * (1 - 0.11 / CORNER)
    assert told["gap"]["mean"][-1] == pytest.approx(last, abs=1e-5)
    # The standard error of two is half their distance.
    assert told["gap"]["low"][-1] == 0.01
    assert told["gap"]["high"][-1] == pytest.approx(2 * last, abs=1e-5)
    assert axis_floor_pct(curves) == 10
    assert axis_floor_pct(curves_of(runs[:1], ENDS)) == 0.01


def test_a_long_curve_is_thinned_to_its_ends() -> None:
    points = [[90 + 4 * share, 1 + 4 * share] for share in np.linspace(0, 1, 900)]
    (told,) = payload(curves_of([searched(points)], ENDS))["contenders"]
    assert len(told["evaluations"]) <= 800
    assert told["evaluations"][:: len(told["evaluations"]) - 1] == [1, 900]


def test_markup_in_the_name_of_an_algorithm_stays_text() -> None:
    attack = "</script><img src=x onerror='window.hacked = 1'>"
    runs = [searched([BEST], algorithm=attack), searched([QUICK], "b")]
    page = render_curves(curves_of(runs, ENDS), tuple(each.side for each in runs))
    assert "<img" not in page
