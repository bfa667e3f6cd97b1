"""Fronts: architectures and the columns told of them."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.choose.front import Front
from hwnas.core.objective import ObjectiveSpec
from hwnas.errors import ConfigError, PositionError, ShapeError

_ACCURACY = ObjectiveSpec("accuracy_pct", "%", "max", "predicted", "Accuracy")
_LATENCY = ObjectiveSpec("latency_ms", "ms", "min", "predicted", "Latency")
_PARAMS = ObjectiveSpec("params", "", "min", "counted", "Parameters")
_VALUES = np.array([[90.0, 3.0, 1e6], [80.0, 1.0, 5e5]])
_UNKNOWN = np.full_like(_VALUES, np.nan)


def _front(values: np.ndarray = _VALUES, lower: np.ndarray = _UNKNOWN) -> Front:
    return Front(("a", "b"), (_ACCURACY, _LATENCY, _PARAMS), values, lower, _UNKNOWN, 2)


def test_front_has_a_length_and_its_columns_by_name() -> None:
    front = _front()
    assert len(front) == 2
    np.testing.assert_array_equal(front.column("latency_ms"), [3.0, 1.0])


def test_only_what_was_optimised_is_an_objective() -> None:
    assert _front().objectives == (_ACCURACY, _LATENCY)


def test_unknown_column_is_refused() -> None:
    with pytest.raises(KeyError, match="energy_mj"):
        _front().column("energy_mj")


def test_values_of_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"values must have shape .* = \(2, 3\); got \(3, 2\)"):
        _front(values=_VALUES.T)


def test_interval_ends_of_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"lower must have shape .* = \(2, 3\); got \(2, 2\)"):
        _front(lower=_UNKNOWN[:, :2])


def test_a_column_is_found_by_a_short_name() -> None:
    accuracy = ObjectiveSpec("accuracy_pct@proxy", "%", "max", "predicted", "Accuracy")
    front = Front(("a", "b"), (_PARAMS, accuracy, _LATENCY), _VALUES, _UNKNOWN, _UNKNOWN, 2)
    np.testing.assert_array_equal(front.column("accuracy_pct"), [3.0, 1.0])
    assert front.place("accuracy") == 1


def test_rows_are_taken_as_python_counts_and_by_the_number_shown() -> None:
    front = _front()
    assert [choice.arch for choice in front] == ["a", "b"]
    assert (front[0].arch, front[-1].arch, front.row(2).arch) == ("a", "b", "b")
    assert [choice.row for choice in front] == [1, 2]
    assert front[1].values["params"] == 5e5
    assert front[1].sources["params"] == "counted"


@pytest.mark.parametrize("position", [2, -3])
def test_position_beyond_the_front_is_an_index_error(position: int) -> None:
    with pytest.raises(IndexError, match=f"must be 0 to 1; got {position}"):
        _front()[position]


@pytest.mark.parametrize("number", [0, 3, -1])
def test_row_that_is_not_there_is_refused(number: int) -> None:
    with pytest.raises(PositionError, match=f"rows 1 to 2; got row {number}"):
        _front().row(number)


@pytest.mark.parametrize("position", ["a", 1.0, None, slice(0, 1)])
def test_position_that_is_no_number_is_refused(position: object) -> None:
    with pytest.raises(ConfigError, match="must be a whole number; got"):
        _front()[position]  # type: ignore[index]
    with pytest.raises(ConfigError, match="must be a whole number; got"):
        _front().row(position)  # type: ignore[arg-type]


def test_empty_front_has_no_row_and_says_so() -> None:
    front = _front().part(np.array([], dtype=int))
    assert "Front without architectures" in repr(front)
    assert list(front.to_frame()["arch"]) == []
    for take in (front.row, front.__getitem__):
        with pytest.raises(PositionError, match="it is empty"):
            take(1)


def test_frame_is_indexed_by_the_row_shown_and_counts_are_whole() -> None:
    values = np.array([[90.0, 3.0, 1e6], [80.0, np.nan, 5e5]])
    frame = _front(values, lower=values - 1).to_frame()
    assert list(frame.index) == [1, 2]
    assert frame.index.name == "row"
    assert frame.loc[2, "params"] == 500_000
    assert frame["params"].dtype == np.int64
    assert frame["latency_ms_lower"].tolist()[0] == 2.0
    assert np.isnan(frame.loc[2, "latency_ms"])
    assert frame["accuracy_pct_upper"].isna().all()
    assert set(frame["params_source"]) == {"counted"}


def test_count_that_is_unknown_leaves_the_others_whole() -> None:
    values = np.array([[90.0, 3.0, 1e6], [80.0, 1.0, np.nan]])
    front = _front(values)
    assert front.table()["params"] == [1_000_000, None]
    assert isinstance(front.table()["params"][0], int)
    assert str(front.to_frame()["params"].dtype) == "Int64"


def test_front_prints_its_first_and_last_rows() -> None:
    values = np.arange(60.0).reshape(20, 3) + 0.25
    archs = tuple(f"net {number}" for number in range(1, 21))
    front = Front(archs, (_ACCURACY, _LATENCY, _PARAMS), values, values, values, 2)
    first, header, *rows = repr(front).splitlines()
    assert first == "Front of 20 architectures, the best accuracy_pct first"
    assert header.split() == ["row", "accuracy_pct", "latency_ms", "arch"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3", "...", "18", "19", "20"]
    assert rows[0].endswith("net 1")


def test_notebook_shows_text_that_came_from_outside_as_text() -> None:
    evil = "<script>alert(1)</script>"
    front = Front((evil, "b"), (_ACCURACY, _LATENCY, _PARAMS), _VALUES, _VALUES, _VALUES, 2)
    page = front._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert evil in repr(front)


def test_terminal_gets_no_raw_escape_codes() -> None:
    front = Front(("\x1b[31mred", "b"), (_ACCURACY, _LATENCY, _PARAMS), *[_VALUES] * 3, 2)
    assert "\x1b" not in repr(front)
    assert r"\x1b[31mred" in repr(front)
