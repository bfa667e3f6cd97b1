"""A row of a front, or a pick, on its way to a model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hwnas.choose import Choice, select
from hwnas.choose.front import Front
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.spaces import load_space

CELL = "|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|skip_connect~2|"
PLAIN = "|skip_connect~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"
COLUMNS = (
    ObjectiveSpec("latency_ms", "ms", "min", "predicted", "Latency"),
    ObjectiveSpec("accuracy_pct@test", "%", "max", "tabulated", "Accuracy"),
    ObjectiveSpec("params", "", "min", "counted", "Parameters"),
)


def _front(space: SearchSpace | None) -> Front:
    values = np.array([[3.0, 90.0, 1_073_466.0], [2.0, 80.0, 73_306.0]])
    half = np.array([0.5, np.nan, np.nan])
    return Front((CELL, PLAIN), COLUMNS, values, values - half, values + half, 2, space)


@pytest.fixture(scope="module")
def front() -> Front:
    return _front(load_space("nasbench201", channels=4, cells=1))


def test_row_and_pick_build_the_model_of_their_architecture(front: Front) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    pick = select(front, at_most={"latency_ms": 2.5})
    model, again = front.row(2).build(seed=3), pick.build(seed=3)
    assert model.training
    assert {*model.state_dict()} == {*again.state_dict()} != {*front[0].build().state_dict()}
    for one, other in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_export_of_a_row_tells_its_values(front: Front, tmp_path: Path) -> None:
    export = front.row(1).export(tmp_path / "model.onnx")
    card = json.loads(export.card.read_text())
    assert card["arch"] == export.arch == CELL
    assert card["options"] == {"channels": 4, "cells": 1}
    assert (card["row"]["row"], card["row"]["index"]) == (1, 0)
    latency, params = (card["row"]["values"][name] for name in ("latency_ms", "params"))
    assert (latency["value"], latency["lower"], latency["source"]) == (3.0, 2.5, "predicted")
    assert params["value"] == 1_073_466
    assert isinstance(params["value"], int)


def test_export_of_a_selection_tells_how_it_was_chosen(front: Front, tmp_path: Path) -> None:
    export = select(front, at_most={"latency_ms": 2.5}).export(tmp_path / "model.onnx")
    card = json.loads(export.card.read_text())
    assert card["arch"] == PLAIN
    assert card["selection"]["limits"] == ["latency_ms <= 2.5"]
    assert card["selection"]["pick"]["row"] == 2


def test_without_its_space_nothing_is_built(tmp_path: Path) -> None:
    row = _front(None)[0]
    with pytest.raises(ConfigError, match=r"search space of '.*' must be known to build it"):
        row.build()
    with pytest.raises(ConfigError, match="search space"):
        row.export(tmp_path / "model.onnx")


def test_row_of_values_is_no_architecture() -> None:
    with pytest.raises(ConfigError, match="must be an architecture; this is a row of values"):
        Choice(-1, "", {"latency_ms": 3.0}, {}).build()


@pytest.mark.parametrize("seed", [-1, 2**63, "a", 1.5, None])
def test_seed_that_cannot_be_is_refused(front: Front, seed: object) -> None:
    with pytest.raises(
        ConfigError, match=r"seed must be (at least 0|at most [\d,]+|a whole number);"
    ):
        front[0].build(seed)  # type: ignore[arg-type]


def test_choice_and_selection_print_themselves_in_a_few_lines(front: Front) -> None:
    baseline = Choice(-1, "", {spec.column: 5.0 for spec in COLUMNS}, {}, COLUMNS)
    selection = select(front, at_most={"latency_ms": 2.5}, baseline=baseline)
    head, names, pick, have = repr(selection).splitlines()
    assert head == (
        "Selection by lexicographic from 1 of 2 architectures that keep latency_ms <= 2.5"
    )
    assert names.split() == ["row", "latency_ms", "accuracy_pct@test", "arch"]
    assert pick.split()[:4] == ["pick", "2", "2", "80"]
    assert have.split() == ["baseline", "5", "5", "as", "given"]
    lines = repr(selection.pick).splitlines()
    assert lines[0] == f"Choice, row 2 of the front: {PLAIN}"
    assert lines[-1].split() == ["params", "73,306", "counted"]
    assert PLAIN in selection._repr_html_()
    assert "73,306" in selection.pick._repr_html_()


def test_frame_of_a_selection_holds_what_was_compared(front: Front) -> None:
    baseline = Choice(-1, "", {**dict.fromkeys(front.names, np.nan), "latency_ms": 5.0}, {})
    frame = select(front, baseline=baseline).to_frame()
    assert list(frame.index) == ["pick", "runner-up", "baseline"]
    assert sorted(frame["row"].dropna()) == [1, 2]
    assert frame.loc["baseline", "latency_ms"] == 5.0
    assert frame["latency_ms_source"].dropna().tolist() == ["predicted", "predicted"]
    assert str(frame["params"].dtype) == "Int64"
    assert frame["params"].isna().tolist() == [False, False, True]
