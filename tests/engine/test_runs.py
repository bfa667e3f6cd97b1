"""Searches end to end: what lies in the directory, and that a seed decides all of it."""

from __future__ import annotations

import contextlib
import csv
import json
import math
import re
import resource
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from changed_records import sealed

import hwnas
from hwnas.choose.front import Front
from hwnas.core.architecture import Architecture
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.engine.front_files import front_csv
from hwnas.errors import ConfigError, RunError, StorageError
from hwnas.tables import class_means, load_table

Started = Callable[..., hwnas.Run]


def _strict(path: Path) -> Any:
    """JSON as strict readers read it: NaN and infinity are errors."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{path.name} holds {word}")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def _content(path: Path) -> list[str]:
    """All but how long trials took."""
    with (
        contextlib.closing(sqlite3.connect(path)) as stored,
        contextlib.closing(sqlite3.connect(":memory:")) as database,
    ):
        stored.backup(database)
        database.execute("UPDATE trials SET seconds = NULL")
        return list(database.iterdump())


def test_the_same_seed_makes_the_same_files(started: Started) -> None:
    one, same = started("one", seed=5), started("same", seed=5)
    for name in ("front.csv", "front.json", "run.json"):
        assert (one.path / name).read_bytes() == (same.path / name).read_bytes()
    assert _content(one.path / "run.sqlite") == _content(same.path / "run.sqlite")


def test_another_seed_makes_other_evaluations(started: Started) -> None:
    one, other = started("one", seed=5), started("other", seed=6)
    assert one.evaluations["arch"].tolist() != other.evaluations["arch"].tolist()


def test_the_front_is_what_no_evaluation_beats(started: Started) -> None:
    run = started()
    values = run.evaluations[["cheap", "small"]].to_numpy()
    beaten = [
        any(np.all(other <= value) and np.any(other < value) for other in values)
        for value in values
    ]
    expected = run.evaluations["arch"][~np.array(beaten)]
    assert sorted(run.front.archs) == sorted(expected)
    assert len(run.front) > 2


def test_the_front_begins_with_the_best_in_the_first_objective(started: Started) -> None:
    run = started()
    assert run.front.column("cheap")[0] == run.evaluations["cheap"].min()
    assert np.all(np.diff(run.front.column("cheap")) >= 0)


def test_evaluations_are_rows_of_distinct_architectures_in_the_order_asked(
    started: Started,
) -> None:
    run = started()
    rows = run.evaluations
    assert list(rows.columns) == [
        "arch",
        "generation",
        "cheap",
        "small",
        "params",
        "macs",
        "feasible",
        "status",
        "error",
    ]
    assert rows["arch"].is_unique
    assert rows["generation"].is_monotonic_increasing
    assert (rows["generation"].min(), rows["generation"].max()) == (1, 6)
    assert len(rows) == run.history[-1].n_evaluated


def test_evaluations_hold_what_the_objectives_said(
    started: Started, costs: list[Objective]
) -> None:
    run = started()
    archs = [run.space.parse(arch) for arch in run.evaluations["arch"]]
    for objective in costs:
        expected = objective(archs).value
        np.testing.assert_array_equal(run.evaluations[objective.spec.column], expected)
    counts = hwnas.features.counts(run.space, archs)
    np.testing.assert_array_equal(run.evaluations["params"], counts["params"])


def test_a_run_is_read_back_as_it_was_returned(started: Started) -> None:
    run = started()
    again = hwnas.load_run(run.path)
    assert again.front.archs == run.front.archs
    assert again.evaluations.equals(run.evaluations)
    assert again.record == run.record


def test_front_csv_holds_the_front(started: Started) -> None:
    run = started()
    with (run.path / "front.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    names = ["cheap", "small", "params", "macs"]
    ends = ("", "_lower", "_upper", "_source")
    assert header == ["row", "arch", *(f"{name}{end}" for name in names for end in ends)]
    assert [row[0] for row in rows] == [str(number + 1) for number in range(len(run.front))]
    assert tuple(row[1] for row in rows) == run.front.archs
    assert [[float(cell) for cell in row[2::4]] for row in rows] == run.front.values.tolist()
    assert {tuple(row[5::4]) for row in rows} == {("custom", "custom", "counted", "counted")}


class _WithInterval:
    """A cost with an interval that is unknown for some, and endless for others."""

    spec = ObjectiveSpec("cost", "EUR", "min", "custom", "Cost", "made up", "a formula", stage=1)

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        values = np.array([float(sum(arch.genotype)) for arch in archs])
        ends = np.where(values % 2 == 0, np.nan, values)
        return Estimate(values, ends - 1, np.where(values % 3 == 0, np.inf, ends + 1))


def test_front_json_is_strict_and_says_where_each_value_comes_from(started: Started) -> None:
    run = started(objectives=[_WithInterval(), "params"], generations=2)
    data = _strict(run.path / "front.json")
    assert data["schema"] == 1
    assert data["objectives"] == ["cost", "params"]
    assert [row["arch"] for row in data["front"]] == list(run.front.archs)
    for position, row in enumerate(data["front"]):
        cost = run.front.values[position, 0]
        assert row["cost"]["value"] == cost
        assert row["cost"]["lower"] == (None if cost % 2 == 0 else cost - 1)
        assert row["cost"]["upper"] == (None if cost % 2 == 0 or cost % 3 == 0 else cost + 1)
        assert row["cost"]["source"] == "custom"
        assert row["params"]["source"] == "counted"
        assert (row["params"]["lower"], row["params"]["upper"]) == (None, None)
    assert [column["unit"] for column in data["columns"]] == ["EUR", "", ""]


def test_front_csv_has_intervals_and_sources_and_unknown_is_empty() -> None:
    columns = (
        ObjectiveSpec("latency_ms@batch8", "ms", "min", "predicted", "Latency"),
        ObjectiveSpec("params", "", "min", "counted", "Parameters"),
    )
    values = np.array([[0.1 + 0.2, 1_073_466], [np.nan, 5.5]])
    unknown = np.full((2, 2), np.nan)
    front = Front(("a,b", "c"), columns, values, values - [[0.1, np.nan]], unknown, 1)
    assert front_csv(front) == (
        "row,arch,latency_ms@batch8,latency_ms@batch8_lower,latency_ms@batch8_upper,"
        "latency_ms@batch8_source,params,params_lower,params_upper,params_source\n"
        f'1,"a,b",0.30000000000000004,{0.1 + 0.2 - 0.1!r},,predicted,1073466,,,counted\n'
        "2,c,,,,predicted,5.5,,,counted\n"
    )


def test_counts_are_whole_numbers_wherever_they_are_told(started: Started) -> None:
    run = started(generations=2)
    with (run.path / "front.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    told = _strict(run.path / "front.json")["front"][0]
    assert first["params"] == str(told["params"]["value"])
    assert isinstance(told["params"]["value"], int)
    assert isinstance(told["cheap"]["value"], float)
    for frame in (run.front.to_frame(), run.to_frame(), run.evaluations):
        assert (frame["params"].dtype, frame["macs"].dtype) == (np.int64, np.int64)
        assert frame["cheap"].dtype == np.float64


def test_run_json_says_what_was_asked_and_how_it_ended(started: Started) -> None:
    run = started(seed=3, constraints=["params<=1e6"], budget=40, generations=None)
    data = _strict(run.path / "run.json")
    assert data["config"] == {
        "space": "nasbench201",
        "dataset": "cifar10",
        "options": {"channels": 16, "cells": 5},
        "device": None,
        "objectives": ["cheap", "small"],
        "constraints": ["params <= 1000000"],
        "limit_at": "interval",
        "source": "predictor",
        "power_w": None,
        "algorithm": "nsga2",
        "warm_start": None,
        "population": 8,
        "generations": None,
        "budget": 40,
        "time_s": None,
        "until_stable": False,
        "seed": 3,
        "fidelities": None,
        "islands": None,
        "migrate": None,
    }
    assert data["status"] == "finished"
    assert data["versions"].keys() >= {"hwnas", "numpy", "pymoo", "moocore"}
    assert data["n_objectives"] == 2
    assert [column["column"] for column in data["columns"]] == ["cheap", "small", "params", "macs"]


def test_a_run_names_its_limits_and_its_device_in_full(started: Started) -> None:
    run = started(
        objectives=["latency"], device="edgegpu", constraints=["latency<=5", "latency_ms <= 5.0"]
    )
    data = _strict(run.path / "run.json")
    assert data["schema"] == 3
    assert data["limits"] == data["config"]["constraints"] == ["latency_ms <= 5"]
    assert data["device_title"] == hwnas.load_device("edgegpu").title


def test_run_json_states_the_scale_of_its_hypervolume(started: Started) -> None:
    run = started()
    scale = _strict(run.path / "run.json")["normalisation"]
    assert scale["reference"] == [1.0, 1.0]
    # Set from the generations with the first 20 architectures or more.
    first = next(g for g in run.history if g.hypervolume is not None)
    seen = run.evaluations[: first.n_evaluated]
    assert scale["best"] == [seen["cheap"].min(), seen["small"].min()]
    assert scale["worst"] == [seen["cheap"].max(), seen["small"].max()]


def test_a_run_without_a_feasible_architecture_has_an_empty_front(started: Started) -> None:
    run = started(constraints=["params<=1"], generations=2)
    assert len(run.front) == 0
    assert not run.evaluations["feasible"].any()
    assert _strict(run.path / "front.json")["front"] == []
    header, end = (run.path / "front.csv").read_text().split("\n")
    assert (header.partition(",cheap_source")[0], end) == (
        "row,arch,cheap,cheap_lower,cheap_upper", ""
    )  # fmt: skip
    assert (run.path / "report.html").is_file()


def test_nothing_on_the_front_breaks_a_limit(started: Started) -> None:
    run = started(constraints=["params<=400000", "small>=60"], generations=10)
    assert len(run.front) > 0
    assert run.front.column("params").max() <= 400_000
    assert run.front.column("small").min() >= 60
    rows = run.evaluations
    expected = (rows["params"] <= 400_000) & (rows["small"] >= 60)
    assert (rows["feasible"] == expected).all()


def test_a_limit_on_predictions_is_kept_by_the_end_of_their_interval(started: Started) -> None:
    settings = {"objectives": ["accuracy", "latency"], "device": "edgegpu", "generations": 8}
    settings |= {"constraints": ["latency<=4", "accuracy>=80"]}
    run = started("interval", **settings)
    front = run.front
    assert front.upper[:, 1].max() <= 4
    assert front.lower[:, 0].min() >= 80
    surely = started("surely", **settings, limit_at="90%").front
    far = surely.values + 0.7791 * (surely.upper - surely.values)
    assert far[:, 1].max() <= 4 + 1e-3
    rows = started("point", **settings, limit_at="point").evaluations
    expected = (rows["latency_ms"] <= 4) & (rows["accuracy_pct@validation"] >= 80)
    assert (rows["feasible"] == expected).all()


def test_a_resumed_run_keeps_the_meaning_of_its_limits(started: Started) -> None:
    settings = {"objectives": ["accuracy", "latency"], "device": "edgegpu"}
    settings |= {"constraints": ["latency<=5"]}
    short = started("short", **settings, limit_at="point")
    record = json.loads((short.path / "run.json").read_text())
    del record["config"]["limit_at"]
    (short.path / "run.json").write_text(json.dumps(sealed(record)))
    with pytest.raises(RunError, match="limit_at is point there and interval here"):
        started("short", **settings, limit_at="interval", resume=True)
    longer = started("short", **settings, generations=9, resume=True)
    whole = started("whole", **settings, generations=9, limit_at="point")
    assert longer.config["limit_at"] == "point"
    assert front_csv(longer.front) == front_csv(whole.front)
    assert front_csv(whole.front) != front_csv(started("new", **settings, generations=9).front)


def test_a_meaning_of_limits_that_nobody_knows_is_refused(started: Started) -> None:
    with pytest.raises(ConfigError, match="from 50% to below 100%"):
        started(limit_at="ends")


def test_a_finished_run_that_lost_its_evaluations_is_refused(started: Started) -> None:
    run = started()
    (run.path / "run.sqlite").write_bytes(b"")
    with pytest.raises(RunError, match=r"must hold the evaluations of a finished run; it is empty"):
        hwnas.load_run(run.path)


def test_table_source_returns_class_means_and_says_so(
    started: Started, published_cache: Path
) -> None:
    assert published_cache.is_dir()
    run = started(objectives=["latency", "energy"], device="edgegpu", source="table", generations=3)
    means = class_means(run.space, load_table("hw-nas-bench"), "cifar10_edgegpu_latency_ms")
    known = {
        tuple(row): value for row, value in zip(means.genotypes.tolist(), means.values, strict=True)
    }
    for arch, latency in zip(run.evaluations["arch"], run.evaluations["latency_ms"], strict=True):
        assert latency == known[run.space.parse(arch).genotype]
    spec = run.front.columns[0]
    assert spec.source == "tabulated"
    assert spec.detail.endswith("mean over the functional class")
    assert f"sha256 {load_table('hw-nas-bench').sha256}" in spec.origin


def test_energy_and_latency_of_fpga_are_said_to_be_one(
    started: Started, published_cache: Path
) -> None:
    assert published_cache.is_dir()
    run = started(objectives=["latency", "energy"], device="fpga", source="table", population=30)
    assert "latency_ms and energy_mj are one objective: their ratio is" in run.record.notes[0]
    assert _strict(run.path / "run.json")["notes"] == list(run.record.notes)


def test_predictions_name_the_file_and_table_they_come_from(started: Started) -> None:
    run = started(objectives=["accuracy", "latency"], device="edgegpu", generations=2)
    for column in _strict(run.path / "run.json")["columns"][:2]:
        assert column["source"] == "predicted"
        assert re.search(
            r"\.onnx sha256 [0-9a-f]{64}; fitted on table \S+ sha256 [0-9a-f]{64}$",
            column["origin"],
        )
    for row in _strict(run.path / "front.json")["front"]:
        latency = row["latency_ms"]
        assert latency["lower"] < latency["value"] < latency["upper"]


def test_estimated_energy_is_rated_power_times_latency(started: Started) -> None:
    run = started(objectives=["latency", "energy"], device="raspi4", power_w=5.0, generations=2)
    assert run.front.columns[1].source == "estimated"
    np.testing.assert_allclose(run.evaluations["energy_mj"], 5 * run.evaluations["latency_ms"])


def test_numbers_are_written_so_that_they_are_read_back_exactly(started: Started) -> None:
    run = started(objectives=["latency"], device="edgegpu", generations=2)
    with (run.path / "front.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["latency_ms"]) == run.front.values[0, 0]
    assert math.isfinite(float(row["latency_ms"]))


def test_negative_zero_is_read_back_and_written_as_zero(started: Started) -> None:
    def negative(archs: Sequence[Architecture]) -> np.ndarray:
        return np.array([-float(arch.genotype[0]) for arch in archs])

    run = started(objectives=[negative, "params"])
    assert (run.evaluations["negative"] == 0).any()
    again = hwnas.load_run(run.path)
    assert again.evaluations.equals(run.evaluations)
    assert front_csv(again.front) == front_csv(run.front)
    assert "-0.0" not in front_csv(run.front)


def test_evaluations_tell_how_each_ended(started: Started) -> None:
    def picky(archs: Sequence[Architecture]) -> np.ndarray:
        (arch,) = archs
        total = sum(arch.genotype)
        if total % 5 == 0:
            raise OSError("the board is gone")
        return np.array([np.nan if total % 5 == 1 else total])

    run = started(objectives=[picky, "params"], constraints=["picky<=13"], generations=4)
    rows = run.evaluations
    totals = np.array([sum(run.space.parse(arch).genotype) for arch in rows["arch"]])
    expected = np.where(totals <= 13, "done", "infeasible").astype(object)
    expected[totals % 5 == 1] = "unknown"
    expected[totals % 5 == 0] = "failed"
    assert rows["status"].tolist() == expected.tolist()
    assert set(expected) == {"done", "infeasible", "unknown", "failed"}
    assert rows["feasible"].tolist() == (expected == "done").tolist()
    assert set(rows["error"][expected == "failed"]) == {"OSError: the board is gone"}
    assert run.n_failed == (expected == "failed").sum() == len(run.errors)
    again = hwnas.load_run(run.path)
    assert again.evaluations.equals(rows)
    assert again.history == run.history


def test_a_run_says_how_many_values_are_unknown(started: Started) -> None:
    def silent(archs: Sequence[Architecture]) -> np.ndarray:
        return np.array([np.nan if sum(archs[0].genotype) % 5 == 0 else 1.0])

    run = started(objectives=[silent, "params"], generations=2)
    assert 0 < run.n_unknown < run.n_evaluated
    assert run.n_failed == 0
    told = f"{run.n_unknown} of {run.n_evaluated} architectures lack the value of an objective"
    assert run.record.notes[0].startswith(told)


def test_a_run_says_how_many_evaluations_failed(started: Started) -> None:
    def fragile(archs: Sequence[Architecture]) -> np.ndarray:
        if sum(archs[0].genotype) % 5 == 0:
            raise OSError("the board is gone")
        return np.array([1.0])

    run = started(objectives=[fragile, "params"], generations=2)
    assert 0 < run.n_failed < run.n_evaluated
    note = (
        f"{run.n_failed} of {run.n_evaluated} architectures could not be evaluated; the first "
        "failed with OSError: the board is gone."
    )
    assert run.record.notes[-1] == note
    page = (run.path / "report.html").read_text()
    assert note in page
    assert "Failed evaluations" in page
    assert run.record.status == "finished"


def test_a_search_on_a_full_disk_leaves_no_run(started: Started, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The record fits in; what is evaluated does not.
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(StorageError, match=r"run\.sqlite must be readable and writable"):
            started("full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.glob("full*")) == []
