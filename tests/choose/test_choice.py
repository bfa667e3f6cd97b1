from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hwnas.choose import METHODS, Choice, select
from hwnas.choose.front import Front
from hwnas.core.limits import Limit, Share
from hwnas.core.objective import ObjectiveSpec
from hwnas.errors import ConfigError, NoCandidateError, UnknownNameError

ACCURACY = ObjectiveSpec("accuracy_pct", "%", "max", "tabulated", "Accuracy")
LATENCY = ObjectiveSpec("latency_ms", "ms", "min", "predicted", "Latency")
PARAMS = ObjectiveSpec("params", "", "min", "counted", "Parameters")
COLUMNS = (ACCURACY, LATENCY, PARAMS)

NAN = float("nan")


def front_of(rows, half_widths=(NAN, NAN, NAN), columns=COLUMNS) -> Front:
    """Two objectives and a count beside them; architectures are a, b, c and so on."""
    values = np.array(rows, dtype=float).reshape(-1, len(columns))
    archs = tuple(chr(ord("a") + row) for row in range(len(values)))
    half = np.array(half_widths[: len(columns)])
    return Front(archs, columns, values, values - half, values + half, n_objectives=2)


# a is fastest, e the most accurate; c loses 10 points to e and saves 4 of 5 ms.
FRONT = front_of(
    [
        (50.0, 1.0, 100_000.0),
        (60.0, 1.5, 200_000.0),
        (90.0, 2.0, 300_000.0),
        (94.0, 4.0, 900_000.0),
        (100.0, 6.0, 700_000.0),
    ]
)

EXACT = front_of(FRONT.values.tolist(), half_widths=(NAN, 0.0, NAN))


def test_asf_minimises_the_largest_scaled_distance_to_the_best() -> None:
    # Distances to (100 %, 1 ms) over the ranges 50 % and 5 ms: a (1, 0), b (.8, .1),
    # c (.2, .2), d (.12, .6), e (0, 1).
    assert select(FRONT, method="asf").pick.arch == "c"


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        # Largest weighted distances, a to e: (10, 8, 2, 1.2, 1), (1, .8, 1, 3, 5).
        ({"accuracy_pct": 10, "latency_ms": 1}, "e"),
        ({"accuracy_pct": 1, "latency_ms": 5}, "b"),
        ({"accuracy_pct": 1}, "e"),
        ({"latency": 1, "accuracy": 0}, "a"),
    ],
)
def test_preference_moves_the_pick_towards_what_matters(prefer, expected) -> None:
    selection = select(FRONT, prefer=prefer)
    assert (selection.method, selection.pick.arch) == ("asf", expected)


def test_preference_can_name_a_column_beside_the_objectives() -> None:
    assert select(FRONT, prefer={"params": 1}).pick.arch == "a"


def test_pseudo_weights_pick_the_point_whose_strengths_match() -> None:
    # Strengths (accuracy, latency), a to e: (0, 1), (.18, .82), (.5, .5), (.69, .31), (1, 0).
    pick = partial(select, FRONT, method="pseudo-weights")
    assert pick().pick.arch == "c"
    assert pick(prefer={"accuracy_pct": 7, "latency_ms": 3}).pick.arch == "d"
    assert pick(prefer={"accuracy_pct": 0.2, "latency_ms": 0.8}).pick.arch == "b"


def test_pseudo_weights_ignore_a_preferred_column_that_is_equal_everywhere() -> None:
    # Strengths (latency, params), a to d: (0, 1), (.49, .51), (.70, .30), (1, 0); of the weights
    # that matter, latency has three quarters. Largest weighted distances would prefer b.
    front = front_of([(90.0, 11.0, 0.0), (90.0, 2.5, 10.0), (90.0, 1.5, 60.0), (90.0, 1.0, 100.0)])
    prefer = {"accuracy_pct": 1, "latency_ms": 3, "params": 1}
    assert select(front, prefer=prefer, method="pseudo-weights").pick.arch == "c"
    assert select(front, prefer=prefer, method="asf").pick.arch == "b"


def test_pseudo_weights_put_a_point_without_strengths_last() -> None:
    # a is the slowest and the largest, and stays on the front for its accuracy.
    front = front_of([(99.0, 9.0, 9.0), (90.0, 2.0, 1.0), (80.0, 1.0, 2.0)])
    selection = select(front, prefer={"latency": 1, "params": 1}, method="pseudo-weights")
    assert {selection.pick.arch, selection.runner_up.arch} == {"b", "c"}


def bent_front(knee: int, n: int = 21) -> Front:
    """Two straight lines that meet in row ``knee``, far towards the ideal point."""
    position = np.arange(n)
    before = position <= knee
    x = np.where(before, 0.2 * position / knee, 0.2 + 0.8 * (position - knee) / (n - 1 - knee))
    y = np.where(before, 1 - 0.8 * position / knee, 0.2 * (n - 1 - position) / (n - 1 - knee))
    return front_of(np.stack([100 - 50 * y, 1 + 9 * x, position], axis=1))


@pytest.mark.parametrize("knee", [6, 10, 14])
def test_knee_is_where_a_bent_front_bends(knee: int) -> None:
    assert select(bent_front(knee)).pick.index == knee


def test_knee_stands_out_locally_where_asf_prefers_the_middle() -> None:
    # A straight front, on which every trade is one for one, with a single point pushed out at
    # 0.2; asf takes the even middle.
    x = np.linspace(0, 1, 21)
    y = 1 - x
    x[4] -= 0.04
    y[4] -= 0.04
    front = front_of(np.stack([100 - 50 * y, 1 + 9 * x, x], axis=1))
    assert select(front).pick.index == 4
    assert select(front, method="asf").pick.index == 10


@pytest.mark.parametrize("n", [1, 2, 3])
def test_knee_of_few_points_is_their_asf_optimum(n: int) -> None:
    front = front_of([(90.0, 1.0, 1.0), (91.0, 9.0, 1.0), (90.5, 8.0, 1.0)][:n])
    assert select(front).pick == select(front, method="asf").pick


def test_knee_of_a_straight_front_is_its_middle() -> None:
    x = np.linspace(0.0, 1.0, 9)
    assert select(front_of(np.stack([x, x, x], axis=1))).pick.index == 4


@pytest.mark.parametrize("method", METHODS)
def test_equal_architectures_are_chosen_by_name(method: str) -> None:
    selection = select(front_of([(90.0, 2.0, 1.0)] * 5), method=method)
    assert (selection.pick.arch, selection.runner_up.arch) == ("a", "b")


@pytest.mark.parametrize("method", METHODS)
def test_objective_that_is_equal_everywhere_does_not_matter(method: str) -> None:
    front = front_of([(90.0, 3.0, 1.0), (90.0, 1.0, 1.0), (90.0, 2.0, 1.0), (90.0, 9.0, 1.0)])
    assert select(front, method=method).pick.arch == "b"


def test_ties_in_a_lone_preference_are_broken_by_the_other_objective() -> None:
    front = front_of([(90.0, 1.0, 1.0), (92.0, 1.0, 1.0), (94.0, 3.0, 1.0)])
    assert select(front, prefer={"latency_ms": 1}).pick.arch == "b"


def test_limit_is_good_enough_and_the_best_accuracy_within_it_is_chosen() -> None:
    selection = select(FRONT, at_most={"latency_ms": 4.5})
    assert (selection.method, selection.weights) == ("lexicographic", {"accuracy_pct": 1.0})
    assert (selection.pick.arch, selection.runner_up.arch) == ("d", "c")


@pytest.mark.parametrize(
    ("at_most", "at_least", "leading", "expected"),
    [
        ({"params": 800_000}, {}, "accuracy_pct", "e"),
        ({}, {"accuracy_pct": 90}, "latency_ms", "c"),
        ({"params": 400_000}, {"accuracy_pct": 55}, "latency_ms", "b"),
        # Nothing is left but the limits' own columns.
        ({"latency_ms": 3}, {"accuracy_pct": 55}, "accuracy_pct", "c"),
    ],
)
def test_what_is_limited_does_not_lead(at_most, at_least, leading, expected) -> None:
    selection = select(FRONT, at_most, at_least)
    assert selection.weights == {leading: 1.0}
    assert selection.pick.arch == expected


def test_quality_leads_wherever_it_stands_among_the_objectives() -> None:
    cost = ObjectiveSpec("mine", "", "min", "custom", "Mine")
    columns = (cost, LATENCY, ACCURACY)
    rows = [(1.0, 9.0, 90.0), (2.0, 2.0, 91.0), (3.0, 1.0, 92.0)]
    front = replace(front_of(rows, columns=columns), n_objectives=3)
    assert select(front, at_most={"latency_ms": 5}).weights == {"accuracy_pct": 1.0}
    assert select(front, at_most={"latency_ms": 5}).pick.arch == "c"
    assert select(front, at_least={"accuracy_pct": 90}).weights == {"mine": 1.0}


def test_equal_accuracy_within_limits_is_decided_by_the_other_objectives() -> None:
    front = front_of([(90.0, 3.0, 1.0), (90.0, 2.0, 1.0), (90.0, 4.0, 1.0)])
    assert select(front, at_most={"params": 5}).pick.arch == "b"


def test_knee_under_limits_is_chosen_on_request() -> None:
    front = bent_front(6)
    assert select(front, at_most={"params": 15}, method="knee").pick.index == 6
    assert select(front, at_most={"params": 15}).pick.index == 15


def test_lexicographic_choice_follows_the_preference_from_the_largest_weight() -> None:
    front = front_of([(90.0, 3.0, 5.0), (90.0, 2.0, 7.0), (80.0, 1.0, 5.0)])
    prefer = {"params": 2, "accuracy_pct": 1}
    assert select(front, prefer={"params": 2}, method="lexicographic").pick.arch == "a"
    assert select(front, prefer=prefer, method="lexicographic").pick.arch == "a"
    by_latency = {"latency_ms": 1, "params": 2}
    assert select(front, prefer=by_latency, method="lexicographic").pick.arch == "c"


def test_limits_leave_out_what_breaks_them() -> None:
    selection = select(FRONT, at_most={"latency_ms": 1.9}, at_least={"accuracy": 55})
    assert selection.pick.arch == "b"
    assert selection.runner_up is None
    assert (selection.n_candidates, selection.n_archs) == (1, 5)
    assert selection.limits == (
        Limit("latency_ms", "<=", 1.9),
        Limit("accuracy_pct", ">=", 55.0),
    )


def test_limit_applies_to_a_column_beside_the_objectives() -> None:
    selection = select(FRONT, at_most={"params": 700_000}, prefer={"accuracy": 1})
    assert (selection.pick.arch, selection.n_candidates) == ("e", 4)


def test_unknown_value_fails_a_limit_on_it() -> None:
    front = front_of([(90.0, 1.0, NAN), (91.0, 2.0, 5.0)])
    assert select(front, at_most={"params": 10}).pick.arch == "b"


def test_unknown_objective_cannot_be_chosen() -> None:
    front = front_of([(90.0, NAN, 1.0), (80.0, 2.0, 5.0)])
    assert select(front, prefer={"accuracy_pct": 1}).pick.arch == "b"


def test_selection_says_what_the_pick_gives_up() -> None:
    selection = select(EXACT, method="asf")
    assert selection.pick.values == {
        "accuracy_pct": 90.0, "latency_ms": 2.0, "params": 300_000.0
    }  # fmt: skip
    assert selection.gives_up == {"accuracy_pct": 10.0, "latency_ms": 1.0}
    # Next by largest scaled distance is d, 94 % and 4 ms.
    assert selection.runner_up.arch == "d"
    versus = selection.versus_runner_up
    assert versus.differences == {"accuracy_pct": -4.0, "latency_ms": -2.0}
    # A tabulated value counts as exact without an interval.
    assert (versus.better, versus.worse) == (("latency_ms",), ("accuracy_pct",))


def test_pick_gives_up_nothing_beyond_the_limits() -> None:
    selection = select(FRONT, at_most={"latency_ms": 2}, prefer={"accuracy_pct": 1})
    assert selection.gives_up == {"accuracy_pct": 0.0, "latency_ms": 1.0}


@pytest.mark.parametrize(
    ("half_widths", "expected", "is_tie"),
    [
        ((NAN, 0.0, NAN), (), False),
        # Of a predicted value without an interval, nobody knows how far off it is.
        ((NAN, NAN, NAN), ("latency_ms",), False),
        ((1.9, 0.9, NAN), (), False),
        ((2.0, 0.9, NAN), ("accuracy_pct",), False),
        ((NAN, 1.1, NAN), ("latency_ms",), False),
        ((2.5, 1.1, 1e9), ("accuracy_pct", "latency_ms"), True),
    ],
)
def test_overlapping_intervals_make_objectives_indistinguishable(
    half_widths, expected, is_tie
) -> None:
    # Pick and runner-up are 90 % in 2 ms and 94 % in 4 ms.
    rows = FRONT.values.tolist()
    selection = select(front_of(rows, half_widths), method="asf")
    assert selection.versus_runner_up.indistinguishable == expected
    assert selection.is_tie == is_tie


def test_limit_within_the_interval_of_the_pick_is_uncertain() -> None:
    front = front_of(FRONT.values.tolist(), half_widths=(1.0, 0.2, NAN))
    limits = {"latency_ms": 2.1, "params": 300_000}
    selection = select(
        front, at_most=limits, at_least={"accuracy_pct": 80}, method="asf", limit_at="point"
    )
    assert selection.pick.arch == "c"
    assert selection.uncertain_limits == (Limit("latency_ms", "<=", 2.1),)


@pytest.mark.parametrize(
    ("bound", "limit_at", "expected"),
    [
        (2.2, "interval", "c"),
        (2.19, "interval", "b"),
        (2.19, "95%", "b"),
        (2.0, "point", "c"),
        (1.99, "point", "b"),
        # 1.2816 of 1.6449 standard deviations: 2.1558.
        (2.16, "90%", "c"),
        (2.15, "90%", "b"),
    ],
)
def test_far_end_of_the_interval_keeps_a_limit(bound, limit_at, expected) -> None:
    front = front_of(FRONT.values.tolist(), half_widths=(1.0, 0.2, NAN))
    assert select(front, at_most={"latency_ms": bound}, limit_at=limit_at).pick.arch == expected


def test_lower_end_keeps_a_limit_from_below() -> None:
    front = front_of(FRONT.values.tolist(), half_widths=(1.0, 0.2, NAN))
    assert select(front, at_least={"accuracy_pct": 89}).pick.arch == "c"
    assert select(front, at_least={"accuracy_pct": 89.1}).pick.arch == "d"
    assert select(front, at_least={"accuracy_pct": 89.1}, limit_at="point").pick.arch == "c"


@pytest.mark.parametrize("text", ["", "ends", "49%", "100%", "0.9", "-5%", "1.2.3%", "nan%"])
def test_limit_is_kept_at_something_known(text: str) -> None:
    with pytest.raises(ConfigError, match="with a probability from 50% to below 100%"):
        select(FRONT, at_most={"latency_ms": 2.2}, limit_at=text)


def test_limit_that_only_values_satisfy_is_named_with_both() -> None:
    front = front_of([(90.0, 2.3149, 1.0), (91.0, 3.0, 1.0)], half_widths=(1.0, 0.2, NAN))
    with pytest.raises(NoCandidateError) as caught:
        select(front, at_most={"latency_ms": 2.4})
    assert str(caught.value) == (
        "No architecture satisfies latency_ms <= 2.4: the closest of the 2 on the front, a, has "
        "2.315 ms, and 2.515 ms to be sure, with accuracy_pct 90. Raise it to 2.515."
    )
    assert select(front, at_most={"latency_ms": 2.515}).pick.arch == "a"


def test_probability_of_a_limit_is_that_of_a_normal_residual() -> None:
    front = front_of(FRONT.values.tolist(), half_widths=(1.0, 0.2, NAN))
    limits = {"latency_ms": 2.1, "params": 300_000}
    selection = select(front, limits, {"accuracy_pct": 89}, limit_at="point")
    # Half and all of 1.6449 standard deviations; params are exact.
    assert selection.limit_chances == pytest.approx((0.7946, 1.0, 0.95), abs=1e-4)


def test_probability_is_unknown_where_a_prediction_has_no_interval() -> None:
    selection = select(FRONT, {"latency_ms": 3}, {"accuracy_pct": 55})
    assert selection.limit_chances == (None, 1.0)


def test_probability_to_beat_the_runner_up_follows_both_intervals() -> None:
    # Pick and runner-up are 94 % in 4 ms and 90 % in 2 ms.
    front = front_of(FRONT.values.tolist(), half_widths=(4.0, 1.0, NAN))
    versus = select(front, at_most={"latency_ms": 5}).versus_runner_up
    # 4 / (4 sqrt 2) and -2 / sqrt 2 of 1.6449 standard deviations.
    expected = {"accuracy_pct": 0.8776, "latency_ms": 0.0100}
    assert versus.chances == pytest.approx(expected, abs=1e-4)


BASELINE = Choice(
    -1, "z", {"accuracy_pct": 91.0, "latency_ms": 5.0, "params": NAN}, {"latency_ms": (4.5, 5.5)}
)


def test_share_of_the_baseline_is_a_limit() -> None:
    selection = select(EXACT, at_most={"latency": Share(0.4)}, baseline=BASELINE)
    assert selection.limits == (Limit("latency_ms", "<=", 2.0),)
    assert selection.pick.arch == "c"
    assert selection.versus_baseline.differences == {"accuracy_pct": -1.0, "latency_ms": -3.0}
    assert selection.versus_baseline.better == ("latency_ms",)
    assert selection.improves


def test_limit_may_be_in_another_unit() -> None:
    limits = select(FRONT, at_most={"latency_us": 2200.0}).limits
    assert limits == (Limit("latency_ms", "<=", 2.2),)


def test_limit_in_another_unit_may_leave_conditions_open() -> None:
    spec = replace(FRONT.columns[1], column="latency_ms@batch32")
    front = replace(FRONT, columns=(FRONT.columns[0], spec, *FRONT.columns[2:]))
    limits = select(front, at_most={"latency_us": 2200.0}).limits
    assert limits == (Limit("latency_ms@batch32", "<=", 2.2),)


def test_one_column_limited_in_two_units_is_refused() -> None:
    with pytest.raises(ConfigError, match="latency_ms must be given once; 'latency_us' means it"):
        select(FRONT, at_most={"latency_ms": 2.0, "latency_us": 2200.0})


def test_share_of_the_baseline_is_one_in_every_unit() -> None:
    limits = select(FRONT, at_most={"latency_s": Share(0.4)}, baseline=BASELINE).limits
    assert limits == (Limit("latency_ms", "<=", 2.0),)


def test_pick_within_the_interval_of_the_baseline_does_not_improve_on_it() -> None:
    front = front_of(FRONT.values.tolist()[3:4], half_widths=(1.0, 1.0, NAN))
    selection = select(front, baseline=replace(BASELINE, values={**BASELINE.values}))
    assert selection.improves  # 93 at least, where the baseline has 91
    near = replace(BASELINE, values={**BASELINE.values, "accuracy_pct": 93.0})
    selection = select(front, baseline=near)
    assert not selection.improves
    assert selection.versus_baseline.indistinguishable == ("accuracy_pct", "latency_ms")


@pytest.mark.parametrize(
    ("baseline", "said"), [(None, "there is none"), (BASELINE, "it does not tell params")]
)
def test_share_of_a_value_nobody_knows_is_refused(baseline, said) -> None:
    with pytest.raises(ConfigError, match=rf"params=60% is a share .*; {said}\. Give one with"):
        select(FRONT, at_most={"params": Share(0.6)}, baseline=baseline)


def test_limit_on_a_column_nobody_knows_says_so() -> None:
    front = front_of([(90.0, 2.0, NAN), (91.0, 3.0, NAN)])
    with pytest.raises(NoCandidateError, match="params is unknown for all 2 on the front"):
        select(front, at_most={"params": 1e6})


def test_preference_for_a_column_nobody_knows_says_so() -> None:
    front = front_of([(90.0, 2.0, NAN), (91.0, 3.0, NAN)])
    with pytest.raises(NoCandidateError, match=r"needs a known params; .* left \(2\) lack it"):
        select(front, prefer={"params": 1})


def test_empty_front_is_refused() -> None:
    with pytest.raises(NoCandidateError, match="at least one architecture; it is empty"):
        select(front_of([]))


@pytest.mark.parametrize("argument", ["at_most", "at_least", "prefer"])
def test_column_the_front_lacks_is_refused(argument: str) -> None:
    with pytest.raises(UnknownNameError, match=r"column 'latncy'\. Did you mean 'latency_ms'\?"):
        select(FRONT, **{argument: {"latncy": 5.0}})


def test_known_quantity_the_front_lacks_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Unknown column 'energy'"):
        select(FRONT, at_most={"energy": 5.0})


def test_impossible_limit_is_refused() -> None:
    with pytest.raises(ConfigError, match="must be a positive number of milliseconds; got -5"):
        select(FRONT, at_most={"latency_ms": -5.0})


@pytest.mark.parametrize("weight", [-1.0, NAN, float("inf")])
def test_weight_must_be_finite_and_not_negative(weight: float) -> None:
    with pytest.raises(ConfigError, match="for latency_ms must be a finite number, 0 or more"):
        select(FRONT, prefer={"latency_ms": weight})


@pytest.mark.parametrize("prefer", [{}, {"latency_ms": 0.0}])
def test_preference_must_prefer_something(prefer) -> None:
    with pytest.raises(ConfigError, match="one column at least a weight above 0; got none"):
        select(FRONT, prefer=prefer)


def test_knee_takes_no_preference() -> None:
    with pytest.raises(ConfigError, match="Method 'knee' takes no preference"):
        select(FRONT, prefer={"latency_ms": 1.0}, method="knee")


def test_unknown_method_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"method 'nee'\. Did you mean 'knee'\?"):
        select(FRONT, method="nee")


def test_choosing_leaves_the_warning_filters_alone() -> None:
    # pymoo's knee sets one that hides every warning.
    import warnings

    before = list(warnings.filters)
    select(bent_front(6))
    assert warnings.filters == before


# Multiples of 1/4 are exact, so that ties are ties however they are computed.
_value = st.integers(0, 400).map(lambda quarter: quarter / 4)
_rows = st.lists(st.tuples(_value, _value, _value), min_size=1, max_size=12)
_methods = st.sampled_from(METHODS)


@given(_rows, _methods, st.floats(0, 100), st.floats(0.25, 100))
def test_pick_satisfies_the_limits(rows, method, accuracy, latency) -> None:
    front = front_of(rows)
    within = [a >= accuracy and b <= latency for a, b, _ in rows]
    assume(any(within))
    selection = select(front, {"latency_ms": latency}, {"accuracy_pct": accuracy}, method=method)
    assert within[selection.pick.index]
    assert selection.n_candidates == sum(within)
    assert (selection.runner_up is None) == (sum(within) == 1)


@given(_rows, st.floats(0.25, 100), st.floats(0.25, 100))
def test_looser_limit_never_gives_a_worse_accuracy(rows, one, other) -> None:
    front, (tight, loose) = front_of(rows), sorted([one, other])
    assume(any(latency <= tight for _, latency, _ in rows))
    picks = [select(front, at_most={"latency_ms": bound}).pick for bound in (tight, loose)]
    assert picks[0].values["accuracy_pct"] <= picks[1].values["accuracy_pct"]
    within = [accuracy for accuracy, latency, _ in rows if latency <= tight]
    assert picks[0].values["accuracy_pct"] == max(within)


@given(_rows, _methods, st.randoms(use_true_random=False))
def test_order_of_the_rows_does_not_matter(rows, method, random) -> None:
    front = front_of(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = replace(
        front,
        archs=tuple(front.archs[row] for row in order),
        values=front.values[order],
        lower=front.lower[order],
        upper=front.upper[order],
    )
    one, other = select(front, method=method), select(shuffled, method=method)
    assert one.pick.arch == other.pick.arch
    assert (one.runner_up and one.runner_up.arch) == (other.runner_up and other.runner_up.arch)


@given(_rows, _methods)
def test_maximising_is_minimising_the_negative(rows, method) -> None:
    negated = np.array(rows) * [-1.0, 1.0, 1.0]
    loss = ObjectiveSpec("loss", "", "min", "custom", "Loss")
    flipped = select(front_of(negated, columns=(loss, LATENCY, PARAMS)), method=method)
    straight = select(front_of(rows), method=method)
    assert flipped.pick.arch == straight.pick.arch
    assert flipped.gives_up["loss"] == straight.gives_up["accuracy_pct"]


@given(_rows, _methods)
def test_unit_of_an_objective_does_not_matter(rows, method) -> None:
    # A power of two rescales without rounding.
    scaled = front_of(np.array(rows) * [1.0, 1024.0, 1.0])
    assert (
        select(scaled, method=method).pick.arch == select(front_of(rows), method=method).pick.arch
    )


@given(_rows, st.floats(0.01, 100), st.floats(0.01, 100))
def test_asf_pick_is_dominated_by_no_candidate(rows, one, other) -> None:
    pick = select(front_of(rows), prefer={"accuracy_pct": one, "latency_ms": other}).pick
    accuracy, latency = pick.values["accuracy_pct"], pick.values["latency_ms"]
    assert not any(
        a >= accuracy and b <= latency and (a, b) != (accuracy, latency) for a, b, _ in rows
    )
