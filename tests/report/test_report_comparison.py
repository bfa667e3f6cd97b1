"""Two runs beside each other: hypervolume, dominance, and what cannot be compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.choose.front import Front
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.report import Side, compare_fronts, render_comparison, verdict
from hwnas.spaces import load_space

ACCURACY = ObjectiveSpec("accuracy_pct", "%", "max", "predicted", "Accuracy")
LATENCY = ObjectiveSpec("latency_ms", "ms", "min", "predicted", "Latency")
PARAMS = ObjectiveSpec("params", "", "min", "counted", "Parameters")


def side(
    points: object,
    columns: tuple[ObjectiveSpec, ...] = (ACCURACY, LATENCY),
    name: str = "runs/a",
    space: SearchSpace | None = None,
    device: str | None = "edgegpu",
) -> Side:
    values = np.array(points, dtype=float).reshape(-1, len(columns))
    archs = tuple(f"{name} {row}" for row in range(len(values)))
    none = np.full(values.shape, np.nan)
    front = Front(archs, columns, values, none, none, n_objectives=min(2, len(columns)))
    return Side(name, front, space or load_space("nasbench201"), device, 30, {"Seed": "0"})


def test_hypervolume_is_of_the_area_up_to_a_tenth_beyond_the_worst() -> None:
    one = side([[90, 1], [92, 3]])
    other = side([[91, 3], [90, 2]], name="runs/b")
    compared = compare_fronts(one, other)
    # Scaled: (1, 0) and (0, 1); (0.5, 1) and (1, 0.5); the reference point is (1.1, 1.1).
    assert compared.hypervolumes == pytest.approx((1.1 * 0.1 * 2 - 0.01, 0.6 * 0.1 * 2 - 0.01))
    assert compared.reference == pytest.approx((89.8, 3.2))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), min_size=1, max_size=6))
def test_dominance_is_that_of_every_pair(points: list[tuple[int, int]]) -> None:
    rivals = [(2, 3), (3, 4)]
    compared = compare_fronts(side(points), side(rivals, name="runs/b"))

    def beats(one: tuple[int, int], other: tuple[int, int]) -> bool:
        return one != other and one[0] >= other[0] and one[1] <= other[1]

    for mine, others, found in (
        (points, rivals, compared.dominated[0]),
        (rivals, points, compared.dominated[1]),
    ):
        assert found.tolist() == [any(beats(rival, each) for rival in others) for each in mine]


def test_columns_are_matched_by_what_they_mean() -> None:
    longer = replace(ACCURACY, column="accuracy_pct@validation")
    one = side([[90, 1]])
    other = side([[2, 95]], (LATENCY, longer), "runs/b")
    for first, second in ((one, other), (other, one)):
        compared = compare_fronts(first, second)
        titles = [[spec.title for spec in each.front.columns] for each in compared.sides]
        assert titles[0] == titles[1]
    assert compare_fronts(one, other).sides[1].front.values.tolist() == [[95, 2]]


def test_what_is_told_beside_the_objectives_is_left_out() -> None:
    columns = (ACCURACY, LATENCY, PARAMS)
    compared = compare_fronts(side([[90, 1, 5]], columns), side([[90, 2]], name="runs/b"))
    assert compared.sides[0].front.values.tolist() == [[90, 1]]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (side([[1, 5]], (LATENCY, PARAMS), "runs/b"), "must have the same objectives .* runs/b"),
        (side([[1]], (LATENCY,), "runs/b"), "must have the same objectives"),
        (
            side([[90, 1]], (ACCURACY, replace(LATENCY, unit="us")), "runs/b"),
            r"latency_ms must have one unit .* in ms in runs/a and .* in us in runs/b",
        ),
        (
            side([[90, 1]], (ACCURACY, replace(LATENCY, direction="max")), "runs/b"),
            "smallest, in ms in runs/a and best where largest, in ms in runs/b",
        ),
        (
            side([[90, 1]], name="runs/b", device="raspi4"),
            "one device for their latency_ms .* runs/a is of edgegpu, runs/b of raspi4",
        ),
        (
            side([[90, 1]], name="runs/b", space=load_space("nasbench201", dataset="cifar100")),
            "one data set for their accuracy_pct .* runs/a is of cifar10, runs/b of cifar100",
        ),
        (side([], name="runs/b"), "front must not be empty to be compared; that of runs/b is"),
    ],
)
def test_what_cannot_be_compared_is_told(other: Side, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compare_fronts(side([[90, 1]]), other)


def test_a_device_does_not_matter_to_what_is_not_of_one() -> None:
    columns = (ACCURACY, PARAMS)
    compared = compare_fronts(side([[90, 1]], columns), side([[91, 1]], columns, "b", device=None))
    assert compared.dominated[0].tolist() == [True]


def test_what_is_not_quite_the_same_is_noted() -> None:
    tabulated = replace(LATENCY, source="tabulated")
    macro = load_space("nasbench_macro")
    other = replace(side([[90, 1]], (ACCURACY, tabulated), "runs/b", macro), limits="params <= 9")
    notes = " ".join(compare_fronts(side([[90, 1]]), other).notes)
    assert "two spaces: nasbench201 and nasbench_macro" in notes
    assert "Latency is predicted in runs/a and tabulated in runs/b." in notes
    assert "runs/a kept no limit, runs/b kept params <= 9" in notes


def test_the_verdict_is_in_words() -> None:
    one = side([[92, 3], [90, 1]])
    other = side([[90, 2]], name="runs/b")
    assert verdict(compare_fronts(one, other)) == [
        "A has the larger hypervolume, by 250 % of that of B.",
        "B dominates none of the 2 architectures of A.",
        "A dominates the only architecture of B.",
    ]


def test_a_front_that_is_dominated_whole_is_told_as_such() -> None:
    one, other = side([[92, 3], [91, 2]]), side([[93, 1]], name="runs/b")
    assert verdict(compare_fronts(one, other))[1:] == [
        "B dominates all 2 architectures of A.",
        "A does not dominate the only architecture of B.",
    ]


def test_the_same_front_is_no_better_than_itself() -> None:
    one = side([[92, 3], [90, 1]])
    sentences = verdict(compare_fronts(one, replace(one, name="runs/b")))
    assert sentences[0] == "Both have the same hypervolume."
    assert sentences[-1] == "2 are on both fronts."


def test_markup_in_the_name_of_a_run_stays_text() -> None:
    attack = "</script><img src=x onerror='window.hacked = 1'>"
    page = render_comparison(compare_fronts(side([[90, 1]], name=attack), side([[91, 2]])))
    assert "<img" not in page.replace("\\u003c", "")
