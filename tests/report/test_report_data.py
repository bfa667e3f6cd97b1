from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hwnas.choose import select
from hwnas.core.limits import Limit
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.quantity import Direction
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError
from hwnas.report import ReportData
from hwnas.report.data import default_axes, payload, short_hashes
from hwnas.spaces import load_space

MakeReport = Callable[..., ReportData]


def columns(*directions: Direction) -> tuple[ObjectiveSpec, ...]:
    return tuple(
        ObjectiveSpec(f"column{at}", "", direction, "custom", f"Column {at}")
        for at, direction in enumerate(directions)
    )


def test_unknown_and_infinite_values_become_null(make_report: MakeReport) -> None:
    values = np.array([[90.0, np.nan, np.inf, -np.inf], [91.0, 2.0, 0.0, 4.0]])
    told = payload(make_report(2, values=values))
    assert told["values"] == [[90.0, None, None, None], [91.0, 2.0, 0.0, 4.0]]


def test_unknown_hypervolume_becomes_null(make_report: MakeReport) -> None:
    told = payload(make_report(history=((5, float("nan")), (9, 0.25))))
    assert told["history"] == [[5, None], [9, 0.25]]


def test_every_architecture_brings_its_choices(
    make_report: MakeReport, nasbench201: SearchSpace
) -> None:
    text = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
    told = payload(make_report(1, archs=(text,)))
    # Edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3.
    named = [told["cell"]["operations"][choice] for choice in told["genotypes"][0]]
    assert named == ["nor_conv_3x3", "none", "avg_pool_3x3", "skip_connect", "none", "nor_conv_1x1"]
    assert told["cell"]["edges"] == nasbench201.cell_types[0].edges  # type: ignore[attr-defined]


def test_a_space_without_a_cell_brings_each_different_block_once(
    make_report: MakeReport,
) -> None:
    told = payload(
        make_report(2, space=load_space("nasbench_macro"), archs=("11012012", "11012011"))
    )
    assert told["cell"] is None
    assert told["strips"] == [[0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 8]]
    last = told["blocks"][8]
    assert last["choices"] == (("kernel", "3"), ("expansion", "3"))
    assert (last["name"], last["stage"]) == ("layer 8", "stage 3: 256 channels")
    assert [block["is_skipped"] for block in told["blocks"]].count(True) == 2


def test_a_string_of_another_space_is_refused(make_report: MakeReport) -> None:
    with pytest.raises(ArchitectureError, match=r"must have the form .*; got '0122'"):
        payload(make_report(1, archs=("0122",)))


def test_axes_show_the_objective_that_pulls_the_other_way() -> None:
    axes = default_axes(columns("max", "max", "min", "min"), n_objectives=4)
    assert axes == {"x": 2, "y": 0, "colour": 1}


def test_axes_prefer_an_objective_to_a_column_beside() -> None:
    axes = default_axes(columns("max", "max", "min"), n_objectives=2)
    assert axes == {"x": 1, "y": 0, "colour": 2}


def test_axes_of_one_objective_use_what_is_beside_it() -> None:
    assert default_axes(columns("max", "min"), n_objectives=1) == {"x": 1, "y": 0, "colour": None}


def test_axes_of_a_single_column_are_both_that_column() -> None:
    assert default_axes(columns("max"), n_objectives=1) == {"x": 0, "y": 0, "colour": None}


def test_limits_name_their_column_by_position(make_report: MakeReport) -> None:
    limits = (Limit("latency_ms", "<=", 8.5), Limit("no_such_column", ">=", 1.0))
    told = payload(make_report(2, limits=limits))
    assert told["limits"] == [{"column": 1, "relation": "<=", "bound": 8.5}]


def test_the_choice_is_that_of_select(make_report: MakeReport) -> None:
    report = make_report(9)
    selection = select(report.front)
    told = payload(make_report(9, selection=selection))["choice"]
    assert told["pick"] == selection.pick.index
    assert selection.runner_up is not None
    assert told["runner_up"] == selection.runner_up.index
    assert [report.front.archs[row] for row in told["order"]] == sorted(report.front.archs)


def test_columns_say_what_a_limit_on_them_may_be(make_report: MakeReport) -> None:
    accuracy, latency, *_ = payload(make_report(1))["columns"]
    assert (accuracy["least"], accuracy["most"]) == (0, 100)
    assert (latency["least"], latency["most"]) == (0, None)


def test_hashes_are_cut_to_twelve_digits() -> None:
    assert short_hashes(f"a.onnx sha256 {'0123456789ab' * 5}cdef") == "a.onnx sha256 0123456789ab"
    assert short_hashes("0123456789abcdef") == "0123456789abcdef"
