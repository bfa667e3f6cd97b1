from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hwnas.core.objective import ObjectiveSpec
from hwnas.core.quantity import Direction
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError
from hwnas.report import ReportData
from hwnas.report.data import default_axes, payload

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
    named = [told["space"]["cell"]["operations"][choice] for choice in told["genotypes"][0]]
    assert named == ["nor_conv_3x3", "none", "avg_pool_3x3", "skip_connect", "none", "nor_conv_1x1"]
    assert told["space"]["cell"]["edges"] == nasbench201.cell_types[0].edges  # type: ignore[attr-defined]


def test_a_space_without_a_cell_says_so(make_report: MakeReport, any_text: SearchSpace) -> None:
    told = payload(make_report(1, space=any_text))
    assert told["space"]["cell"] is None
    assert told["space"]["n_choices"] == (3, 2)


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
