from __future__ import annotations

import io
import json
import subprocess
import sys

import numpy as np
from rich.console import Console

from hwnas.choose import select
from hwnas.choose.front import Front
from hwnas.choose.selection import selection_record
from hwnas.cli._selection import print_selection
from hwnas.core.limits import Share
from hwnas.core.objective import ObjectiveSpec

CELLS = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|none~2|",
    "|nor_conv_1x1~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+|skip_connect~0|nor_conv_3x3~1|none~2|",
)
COLUMNS = (
    ObjectiveSpec("accuracy_pct", "%", "max", "predicted", "Accuracy"),
    ObjectiveSpec("robustness_pct@square-eps1", "%", "max", "tabulated", "Robust accuracy"),
    ObjectiveSpec("latency_ms", "ms", "min", "predicted", "Latency"),
    ObjectiveSpec("params", "", "min", "counted", "Parameters"),
)


def front_with(half_widths: list[float]) -> Front:
    values = np.array([[93.4, 41.0, 4.8, 1_074_000.0], [91.0, 44.0, 2.2, np.nan]])
    half = np.array(half_widths)
    return Front(CELLS, COLUMNS, values, values - half, values + half, n_objectives=3)


def printed(front: Front, **options) -> str:
    file = io.StringIO()
    print_selection(Console(file=file, width=80), select(front, **options))
    return file.getvalue()


def test_pick_is_printed_with_values_intervals_and_sources() -> None:
    text = printed(front_with([0.5, np.nan, 0.3, np.nan]), prefer={"accuracy": 1})
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert rows[0] == CELLS[0]
    assert rows[1] == "Chosen from 2 of 2 architectures, by asf with accuracy_pct=1."
    assert "accuracy_pct 93.4 92.9 to 93.9 predicted best 91" in rows
    assert "latency_ms 4.8 4.5 to 5.1 predicted 2.6 2.2" in rows
    assert "params 1,074,000 counted unknown" in rows
    assert f"Runner-up: {CELLS[1]}" in rows
    assert "told apart" not in text


def test_reason_says_what_the_pick_is_best_in() -> None:
    text = printed(front_with([0.5, np.nan, 0.3, np.nan]), at_most={"latency_ms": 9})
    reason = (
        "Chosen from 2 of 2 architectures that keep latency_ms <= 9 to the end of their 90 % "
        "intervals, for the best accuracy_pct."
    )
    assert reason in " ".join(text.split())
    both = printed(
        front_with([0.5, np.nan, 0.3, np.nan]),
        prefer={"latency_ms": 1, "accuracy_pct": 2},
        method="lexicographic",
    )
    assert "for the best accuracy_pct, then latency_ms." in " ".join(both.split())


def test_table_fits_in_80_columns() -> None:
    lines = printed(front_with([5.0, 3.0, 2.0, np.nan])).splitlines()
    assert max(len(line) for line in lines if CELLS[0] not in line and CELLS[1] not in line) <= 80


def test_overlapping_intervals_are_said_in_a_sentence() -> None:
    some = " ".join(printed(front_with([2.0, np.nan, 0.3, np.nan])).split())
    every = " ".join(printed(front_with([2.0, 2.0, 2.0, np.nan])).split())
    assert "cannot be told apart in accuracy_pct: their 90 % intervals overlap." in some
    assert "The two cannot be told apart: their 90 % intervals overlap in every obj" in every


def test_limit_on_a_value_of_unknown_error_is_said_in_a_sentence() -> None:
    front = front_with([0.5, np.nan, np.nan, np.nan])
    text = " ".join(printed(front, at_most={"latency_ms": 5}).split())
    assert "Probability that a limit holds: latency_ms <= 5 unknown." in text
    assert (
        "Nothing is known of the error of latency_ms: its value alone keeps latency_ms <= 5; "
        "measure it"
    ) in text
    assert "told apart in latency_ms: their 90 % intervals overlap or are not known." in text


def test_limit_on_an_exact_value_is_not_said_to_be_unsure() -> None:
    text = printed(front_with([0.5, np.nan, 0.3, np.nan]), at_most={"params": 2_000_000})
    assert "Nothing is known" not in text


def test_probabilities_against_the_runner_up_are_said() -> None:
    text = " ".join(printed(front_with([2.0, 3.0, 0.3, np.nan]), prefer={"accuracy": 1}).split())
    # Of 2.4 points with 2 on both sides, -3 points with 3, and 2.6 ms with .3.
    assert (
        "Probability that the pick is better than the runner-up: accuracy_pct 92 %, "
        "robustness_pct@square-eps1 12 %, latency_ms <1 %."
    ) in text


def test_pick_that_is_not_better_than_the_baseline_is_said_to_be_so() -> None:
    front = front_with([2.0, 3.0, 0.3, np.nan])
    have = front[0]
    limits = {"at_least": {"accuracy_pct": 91}}
    text = " ".join(printed(front, **limits, baseline=have).split())
    assert f"Baseline: {CELLS[0]} Against it: accuracy_pct +0 points, robustness_pct" in text
    assert "The pick is in no objective better than the baseline beyond the 90 % intervals:" in text
    fast = printed(front, at_most={"latency_ms": Share(0.6)}, baseline=have)
    assert "Against it: accuracy_pct -2.4 points" in fast
    assert "in no objective better" not in " ".join(fast.split())


def test_limit_inside_the_interval_is_said_in_a_sentence() -> None:
    limits = {"at_most": {"latency_ms": 2.4}}
    text = printed(front_with([0.5, 0.5, 0.3, np.nan]), **limits, limit_at="point")
    assert "Probability that a limit holds: latency_ms <= 2.4 86 %." in " ".join(text.split())
    assert "latency_ms <= 2.4 lies inside the pick's 90 % interval: measure" in " ".join(
        text.split()
    )


def test_record_is_strict_json_with_null_for_unknown() -> None:
    front = front_with([0.5, np.nan, 0.3, np.nan])
    record = selection_record(select(front, at_most={"latency_ms": 3}))
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert record["pick"]["arch"] == CELLS[1]
    assert record["pick"]["values"]["params"]["value"] is None
    assert record["pick"]["values"]["latency_ms"] == {
        "value": 2.2, "lower": 2.2 - 0.3, "upper": 2.2 + 0.3,
        "unit": "ms", "source": "predicted", "detail": "", "lacks_skill": None,
    }  # fmt: skip
    assert record["runner_up"] is None
    assert record["limits"] == ["latency_ms <= 3"]


def test_importing_select_imports_nothing_heavy() -> None:
    heavy = "{'pymoo', 'torch', 'scipy', 'onnx', 'onnxruntime', 'pandas', 'rich'}"
    code = f"import sys, hwnas.choose; print({heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout.strip() == b"set()"
