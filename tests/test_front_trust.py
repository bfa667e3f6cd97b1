"""What is said of a predicted front as a whole is what was measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.api._trust import row_note

RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "results" / "pick.json"


def test_the_note_of_a_space_is_what_the_benchmark_measured() -> None:
    devices = json.loads(RESULTS.read_text(encoding="utf-8"))["devices"].values()
    fronts = [device["unseen"]["front"] for device in devices]
    row, dominated = (
        round(np.mean([front[name] for front in fronts]))
        for name in ("all_of_a_row_pct", "dominated_by_any_class_pct")
    )
    note = row_note("nasbench201")
    assert f"all of a row at once in about {row} %; about {dominated} % of a predicted" in note


@pytest.mark.parametrize(
    ("space", "objectives", "said"),
    [
        ("nasbench201", ["accuracy", "latency"], "(measured on four devices of nasbench201, by"),
        ("mnasnet", ["accuracy", "latency"], "was not measured on mnasnet"),
        ("nasbench201", ["accuracy", "params"], None),
    ],
)
def test_a_front_with_several_intervals_says_how_many_hold_at_once(
    space: str, objectives: list[str], said: str | None, tmp_path: Path
) -> None:
    device = "zcu102" if space == "mnasnet" else "edgegpu"
    run = hwnas.search(
        space,
        device=device,
        objectives=objectives,
        population=20,
        generations=1,
        out=tmp_path / "run",
    )
    notes = [note for note in run.record.notes if note.startswith("Each interval holds")]
    assert [said in note for note in notes] == [True] * (said is not None)
    assert all(note in (run.path / "report.html").read_text() for note in notes)


@pytest.mark.parametrize(("column", "is_said"), [("energy_mj", True), ("latency_ms", False)])
def test_a_constraint_on_a_value_of_unknown_error_is_said_to_be_kept_by_the_value_alone(
    column: str, is_said: bool, tmp_path: Path
) -> None:
    run = hwnas.search(
        "mnasnet",
        device="eyeriss",
        objectives=["accuracy", "latency", "energy"],
        constraints=[f"{column}<=1e6"],
        population=20,
        generations=1,
        out=tmp_path / "run",
    )
    notes = [note for note in run.record.notes if note.startswith("Nothing is known of the error")]
    assert bool(notes) == is_said
    assert all(f"{column}: its value alone keeps {column} <= " in note for note in notes)
