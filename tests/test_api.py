"""The Python API: objectives of one's own, limits, resuming, interrupts and refusals."""

from __future__ import annotations

import functools
import inspect
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwnas
from hwnas import api
from hwnas.api import SearchInterrupted, fit, write_report
from hwnas.core.architecture import Architecture
from hwnas.core.limits import Limit
from hwnas.engine.progress import Progress
from hwnas.errors import (
    ArchitectureError,
    ConfigError,
    EvaluationError,
    ReturnError,
    RunError,
    UnknownNameError,
)

CONV = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
SKIP = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
SMALL: dict[str, Any] = {"algorithm": "nsga2", "population": 6, "generations": 3}


def cheap(archs: Sequence[Architecture]) -> np.ndarray:
    """Falls with the choices of a genotype; negative."""
    return -np.array([sum(arch.genotype) for arch in archs], dtype=float)


def _search(out: Path, **settings: Any) -> hwnas.Run:
    chosen = {"space": "nasbench201", "objectives": [cheap], **SMALL, **settings}
    return hwnas.search(out=out, **chosen)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


def test_a_plain_function_is_an_objective_named_after_it(out: Path) -> None:
    run = _search(out, objectives=[cheap, "params"])
    assert [spec.column for spec in run.front.objectives] == ["cheap", "params"]
    assert run.front.objectives[0].source == "custom"
    assert run.config["objectives"] == ["cheap", "params"]


def test_an_own_objective_can_be_maximised_and_named(out: Path) -> None:
    dear = hwnas.objective(cheap, "dear", direction="max", unit="EUR", title="Dear")
    run = _search(out, objectives=[dear])
    assert (run.front.objectives[0].unit, run.front.objectives[0].title) == ("EUR", "Dear")
    assert run.front.column("dear")[0] == run.evaluations["dear"].max()


@pytest.mark.parametrize("function", [lambda archs: archs, functools.partial(cheap)])
def test_a_function_without_a_name_needs_one(out: Path, function: Any) -> None:
    with pytest.raises(ConfigError, match=r"needs a name of letters, digits and '_'"):
        _search(out, objectives=[function])
    assert not out.exists()


def test_what_is_neither_a_name_nor_a_function_is_refused(out: Path) -> None:
    with pytest.raises(ConfigError, match=r"must be a quantity or a function; got 5\."):
        _search(out, objectives=[5])


def test_an_own_objective_that_returns_another_shape_is_refused(out: Path) -> None:
    message = r"^short must return shape \(n_archs,\) = \(1,\); got"
    with pytest.raises(ReturnError, match=message):
        _search(out, objectives=[hwnas.objective(lambda archs: cheap(archs)[1:], "short")])


def test_own_objectives_with_one_name_are_refused(out: Path) -> None:
    pair = [hwnas.objective(cheap, "cost"), hwnas.objective(cheap, "Cost")]
    with pytest.raises(ConfigError, match=r"The objective 'Cost' needs another name"):
        _search(out, objectives=pair)
    assert not out.exists()


@pytest.mark.parametrize("name", ["violation", "seq", "feasible", "latency_ms", "params"])
def test_an_own_objective_with_a_taken_name_is_refused(out: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"needs (another|a) name"):
        _search(out, objectives=[hwnas.objective(cheap, name)])
    assert not out.exists()


@pytest.mark.parametrize("bound", [-12.0, -12, 0.5])
def test_a_limit_on_an_own_objective_may_be_any_number(out: Path, bound: float) -> None:
    run = _search(out, constraints=[f"cheap<={bound}"], generations=8)
    expected = run.evaluations["cheap"] <= bound
    assert (run.evaluations["feasible"] == expected).all()
    assert run.config["constraints"] == [f"cheap <= {bound:g}"]


def test_a_limit_can_be_an_object(out: Path) -> None:
    run = _search(out, constraints=[Limit("params", "<=", 500_000.0)])
    expected = run.evaluations["params"] <= 500_000
    assert (run.evaluations["feasible"] == expected).all()


def test_a_limit_on_an_own_objective_that_is_not_there_is_unknown(out: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown quantity 'cheep'"):
        _search(out, constraints=["cheep<=5"])


def test_a_limit_on_a_quantity_that_is_no_objective_adds_its_column(out: Path) -> None:
    run = _search(out, device="edgegpu", constraints=["latency<=3"], limit_at="point")
    assert [spec.column for spec in run.front.columns] == ["cheap", "latency_ms", "params", "macs"]
    assert (run.evaluations["feasible"] == (run.evaluations["latency_ms"] <= 3)).all()


def test_a_limit_on_memory_adds_its_column_in_bytes(out: Path) -> None:
    run = _search(out, constraints=["peak_memory_kib<=192"])
    columns = [spec.column for spec in run.front.columns]
    assert columns == ["cheap", "peak_memory_bytes", "params", "macs"]
    peaks = run.evaluations["peak_memory_bytes"]
    assert set(run.evaluations["feasible"]) == {True, False}
    assert (run.evaluations["feasible"] == (peaks <= 192 * 1024)).all()


def test_a_limit_on_memory_that_names_no_precision_is_on_the_one_that_is_there(out: Path) -> None:
    objectives = [cheap, "peak_memory@precision=int8"]
    run = _search(out, objectives=objectives, constraints=["peak_memory_kb<=48"])
    column = "peak_memory_bytes@precision=int8"
    assert [spec.column for spec in run.front.columns] == ["cheap", column, "params", "macs"]
    assert run.record.limits == (f"{column} <= 48000",)
    assert (run.evaluations["feasible"] == (run.evaluations[column] <= 48_000)).all()


def test_memory_is_an_objective_where_it_is_asked_for(out: Path) -> None:
    run = _search(out, objectives=[cheap, "peak_memory", "size@precision=int8"])
    columns = [spec.column for spec in run.front.columns]
    assert columns == [
        "cheap", "peak_memory_bytes", "size_bytes@precision=int8", "params", "macs",
    ]  # fmt: skip
    assert (run.evaluations["peak_memory_bytes"] > 0).all()


@pytest.mark.parametrize(("name", "text"), [("objectives", "params"), ("constraints", "params<=5")])
def test_a_text_in_place_of_a_list_is_refused(out: Path, name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name} must be a list; got the text '{text}'"):
        _search(out, **{name: text})


def test_a_quantity_named_in_two_ways_is_twice(out: Path) -> None:
    with pytest.raises(ConfigError, match=r"Each objective counts once; params is twice"):
        _search(out, objectives=["params", "params"])
    with pytest.raises(ConfigError, match=r"Each objective counts once; latency is twice"):
        _search(out, objectives=["latency", "latency_ms"], device="edgegpu")


def test_a_misspelt_source_is_refused_even_where_nothing_asks_it(out: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'table'\?"):
        _search(out, source="tabel")
    assert not out.exists()


def test_power_without_energy_is_refused(out: Path) -> None:
    with pytest.raises(ConfigError, match=r"power_w= needs energy among the objectives"):
        _search(out, power_w=5.0)


def test_power_with_energy_from_a_table_is_refused(out: Path) -> None:
    with pytest.raises(ConfigError, match=r"energy among the objectives, with no source of its"):
        _search(out, device="edgegpu", objectives=["params", "energy:table"], power_w=5.0)


def test_power_serves_a_limit_on_energy(out: Path) -> None:
    run = _search(out, device="raspi4", power_w=5.0, constraints=["energy_mj<=1e9"])
    assert run.front.columns[1].source == "estimated"


def test_budget_alone_ends_a_search(out: Path) -> None:
    run = hwnas.search(
        "nasbench201", objectives=[cheap], algorithm="nsga2", budget=30, population=8, out=out
    )
    assert len(run.evaluations) == 30
    assert run.config["generations"] is None


def test_a_space_can_be_given_loaded(out: Path) -> None:
    space = hwnas.load_space("nasbench201", dataset="cifar100")
    run = hwnas.search(space, objectives=["params"], out=out, **SMALL)
    assert run.config["dataset"] == "cifar100"


def test_a_loaded_space_and_another_dataset_exclude_each_other(out: Path) -> None:
    space = hwnas.load_space("nasbench201", dataset="cifar100")
    with pytest.raises(ConfigError, match=r"was loaded for cifar100; got dataset='cifar10'"):
        hwnas.search(space, dataset="cifar10", objectives=["params"], out=out)


def test_without_out_runs_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = [hwnas.search("nasbench201", objectives=["params"], **SMALL).path for _ in range(2)]
    assert paths == [Path("runs/nasbench201-1"), Path("runs/nasbench201-2")]


def test_resume_without_out_takes_the_latest_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in (0, 1, 0, 2):
        hwnas.search("nasbench201", objectives=["params"], seed=seed, **SMALL)
    run = hwnas.search("nasbench201", objectives=["params"], seed=0, resume=True, **SMALL)
    assert run.path == Path("runs/nasbench201-3")


def test_a_limit_written_in_another_way_is_the_same_configuration(out: Path) -> None:
    _search(out, constraints=["params<=500000"])
    assert _search(out, constraints=["params <= 5e5"], resume=True).record.status == "finished"


def test_another_direction_is_another_configuration(out: Path) -> None:
    _search(out, objectives=[hwnas.objective(cheap, "cost")])
    with pytest.raises(RunError, match=r"cost is min, custom there"):
        _search(out, objectives=[hwnas.objective(cheap, "cost", direction="max")], resume=True)


def test_progress_is_told_after_every_generation(out: Path) -> None:
    told: list[Progress] = []
    run = _search(out, on_progress=told.append)
    assert [progress.generation for progress in told] == list(run.history)


def _stop_after(n: int) -> Any:
    def stop(progress: Progress) -> None:
        if progress.generation.number == n:
            signal.raise_signal(signal.SIGINT)

    return stop


def test_an_interrupt_leaves_a_usable_run(out: Path) -> None:
    with pytest.raises(SearchInterrupted, match=r"interrupted; the front so far is in") as caught:
        _search(out, generations=8, on_progress=_stop_after(3))
    run = caught.value.run
    assert run.record.status == hwnas.load_run(out).record.status == "interrupted"
    assert len(run.history) == 3
    assert len(run.front) > 0
    assert {path.name for path in out.iterdir()} == {
        ".lock",
        "front.csv",
        "front.json",
        "report.html",
        "run.json",
        "run.sqlite",
        "work.json",
    }


def test_an_interrupted_run_that_is_resumed_is_as_one_that_was_not(
    out: Path, tmp_path: Path
) -> None:
    with pytest.raises(SearchInterrupted, match="interrupted"):
        _search(out, generations=8, on_progress=_stop_after(3))
    resumed = _search(out, generations=8, resume=True)
    straight = _search(tmp_path / "straight", generations=8)
    for name in ("front.csv", "front.json", "run.json"):
        assert (resumed.path / name).read_bytes() == (straight.path / name).read_bytes()


def test_an_interrupt_before_the_first_generation_can_be_resumed(out: Path) -> None:
    def stop(archs: Sequence[Architecture]) -> np.ndarray:
        if not out.joinpath("resumed").exists():
            signal.raise_signal(signal.SIGINT)
        return cheap(archs)

    own = hwnas.objective(stop, "cost")
    with pytest.raises(SearchInterrupted, match="interrupted") as caught:
        _search(out, objectives=[own])
    assert len(caught.value.run.front) == 0
    (out / "resumed").touch()
    assert len(_search(out, objectives=[own], resume=True).front) > 0


def test_an_evaluation_that_fails_loses_itself_alone(out: Path) -> None:
    calls: list[Architecture] = []

    def fragile(archs: Sequence[Architecture]) -> np.ndarray:
        calls.extend(archs)
        if len(calls) == 17:
            raise OSError("the board is gone")
        return cheap(archs)

    own = hwnas.objective(fragile, "cost")
    run = _search(out, objectives=[own], population=20, generations=2)
    assert run.record.status == hwnas.load_run(out).record.status == "finished"
    assert run.evaluations["arch"].tolist() == [str(arch) for arch in calls]
    first = run.evaluations[:20]
    assert first["status"].tolist() == ["done"] * 16 + ["failed"] + ["done"] * 3
    assert first["error"][16] == "OSError: the board is gone"
    assert len(run.history) == 2


def test_a_search_in_which_nothing_can_be_evaluated_stops_and_says_why(out: Path) -> None:
    def broken(archs: Sequence[Architecture]) -> np.ndarray:
        raise OSError(f"no board for {len(archs)}")

    message = r"None of the first 10 architectures .* failed with OSError: no board for 1\. Mend"
    with pytest.raises(EvaluationError, match=message):
        _search(out, objectives=[broken])
    assert hwnas.load_run(out).record.status == "failed"
    assert hwnas.load_run(out).n_failed == 10


def test_an_error_elsewhere_leaves_no_run_that_seems_to_run(out: Path) -> None:
    def break_down(progress: Progress) -> None:
        raise ZeroDivisionError(progress.generation.number)

    with pytest.raises(ZeroDivisionError):
        _search(out, on_progress=break_down)
    assert hwnas.load_run(out).record.status == "failed"
    assert _search(out, resume=True).record.status == "finished"


def test_a_function_that_ends_the_process_leaves_no_run_that_seems_to_run(out: Path) -> None:
    n_calls = 0

    def gives_up(archs: Sequence[Architecture]) -> np.ndarray:
        nonlocal n_calls
        n_calls += len(archs)
        if n_calls == 5:
            raise SystemExit(3)
        return cheap(archs)

    with pytest.raises(SystemExit, match="3"):
        _search(out, objectives=[gives_up])
    stopped = hwnas.load_run(out)
    assert (stopped.record.status, stopped.n_evaluated) == ("failed", 4)
    assert _search(out, objectives=[gives_up], resume=True).record.status == "finished"


@pytest.mark.parametrize("ends", [{"generations": 9}, {"generations": None, "budget": 60}])
def test_a_finished_run_goes_on_as_if_it_had_been_meant_to(
    out: Path, tmp_path: Path, ends: dict[str, Any]
) -> None:
    objectives = ["params", cheap]
    short = _search(out, objectives=objectives, generations=5, population=8)
    grown = _search(out, objectives=objectives, population=8, resume=True, **ends)
    straight = _search(tmp_path / "straight", objectives=objectives, population=8, **ends)
    assert grown.history[:5] == short.history
    assert len(grown.history) > 5
    assert grown.history == straight.history
    for name in ("front.csv", "front.json", "run.json"):
        assert (out / name).read_bytes() == (tmp_path / "straight" / name).read_bytes()
    assert grown.evaluations.equals(straight.evaluations)


def test_a_run_that_goes_on_is_no_longer_finished_meanwhile(out: Path) -> None:
    _search(out, generations=3)
    seen = {}

    def look(progress: Progress) -> None:
        seen[progress.generation.number] = hwnas.load_run(out).record.status
        _stop_after(5)(progress)

    with pytest.raises(SearchInterrupted, match="interrupted"):
        _search(out, generations=9, resume=True, on_progress=look)
    # What is stored is replayed before anything is changed.
    assert seen == {1: "finished", 2: "finished", 3: "finished", 4: "running", 5: "running"}
    run = hwnas.load_run(out)
    assert (run.record.status, run.config["generations"]) == ("interrupted", 9)
    assert len(_search(out, generations=9, resume=True).history) == 9


def test_a_run_is_not_shortened_and_stays_as_it_is(out: Path) -> None:
    _search(out, generations=5)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(RunError, match=r"generations= must be at least the 5 that it holds; got"):
        _search(out, generations=4, resume=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_options_of_a_space_stay_with_its_run(out: Path) -> None:
    space = hwnas.load_space("nasbench201", cells=1, channels=8)
    run = _search(out, space=space, objectives=["params", "macs"])
    assert run.config["options"] == {"channels": 8, "cells": 1}
    again = hwnas.load_run(out)
    assert again.space == space
    arch = space.parse(CONV)
    assert again.space.graph(arch).params == space.graph(arch).params
    with pytest.raises(RunError, match=r"options is channels=8, cells=1 there and channels=16"):
        _search(out, objectives=["params", "macs"], resume=True)


def test_a_device_that_no_file_describes_is_searched_for_and_reported(out: Path) -> None:
    edgegpu = hwnas.load_device("edgegpu")
    mine = replace(edgegpu, name="prototype", title="A board that nobody has")
    run = _search(out, device=mine)
    assert run.config["device"] == "prototype"
    assert "A board that nobody has" in (out / "report.html").read_text()
    assert "A board that nobody has" in write_report(hwnas.load_run(out)).read_text()


def test_own_functions_can_be_called_in_other_processes(out: Path, tmp_path: Path) -> None:
    one = _search(out, objectives=[cheap, "params"])
    two = _search(tmp_path / "two", objectives=[cheap, "params"], executor="processes", workers=2)
    assert two.evaluations.equals(one.evaluations)
    assert (out / "front.csv").read_bytes() == (two.path / "front.csv").read_bytes()


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_there_must_be_a_worker(out: Path, executor: str) -> None:
    with pytest.raises(ConfigError, match=r"workers must be at least 1; got 0"):
        _search(out, executor=executor, workers=0)
    assert not out.exists()


def test_a_run_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"must be the directory of a run; it holds no run\.json"):
        hwnas.load_run(tmp_path)


def test_a_run_is_made_to_select_from(out: Path) -> None:
    run = _search(out, objectives=[cheap, "params"], generations=6)
    selection = hwnas.select(run, at_most={"params": float(run.front.column("params").max()) - 1})
    assert selection.pick.arch in run.front.archs
    assert selection.n_candidates < selection.n_archs


def test_predict_is_indexed_by_the_strings_in_the_order_given() -> None:
    table = hwnas.predict("nasbench201", [SKIP, CONV], device="edgegpu")
    assert list(table.index) == [SKIP, CONV]
    assert table.index.name == "arch"


def test_predict_tells_value_interval_and_source() -> None:
    table = hwnas.predict("nasbench201", [CONV], device="edgegpu", quantities=["latency", "params"])
    assert list(table.columns) == [
        f"{name}{end}"
        for name in ("latency_ms", "params")
        for end in ("", "_lower", "_upper", "_source")
    ]
    row = table.loc[CONV]
    assert row["latency_ms_lower"] < row["latency_ms"] < row["latency_ms_upper"]
    assert (row["latency_ms_source"], row["params_source"]) == ("predicted", "counted")
    assert np.isnan(row["params_lower"])


def test_predict_takes_architectures_as_well_as_strings() -> None:
    space = hwnas.load_space("nasbench201")
    by_text = hwnas.predict(space, [CONV], quantities=["macs"])
    assert hwnas.predict(space, [space.parse(CONV)], quantities=["macs"]).equals(by_text)


def test_predict_of_nothing_is_an_empty_table() -> None:
    assert len(hwnas.predict("nasbench201", [], device="edgegpu")) == 0


def test_predict_without_a_device_leaves_out_what_needs_one() -> None:
    table = hwnas.predict("nasbench201", [CONV])
    assert "accuracy_pct@validation" in table
    assert "latency_ms" not in table


def test_predict_of_latency_without_a_device_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Latency needs a device; name one with device="):
        hwnas.predict("nasbench201", [CONV], quantities=["latency"])


def test_predict_of_unknown_energy_names_devices_that_have_it() -> None:
    with pytest.raises(ConfigError, match=r"Devices that have it: .*edgegpu.*power_w=W"):
        hwnas.predict("nasbench201", [CONV], device="raspi4", quantities=["energy"])


def test_predict_refuses_what_is_no_architecture() -> None:
    with pytest.raises(ArchitectureError, match="nor_conv_9x9"):
        hwnas.predict("nasbench201", [CONV.replace("nor_conv_3x3~0", "nor_conv_9x9~0")])


def test_predictions_for_one_class_agree() -> None:
    # skip and then 3x3, or 3x3 at once: one network.
    twin = "|skip_connect~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|"
    direct = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
    table = hwnas.predict("nasbench201", [twin, direct], device="edgegpu", quantities=["latency"])
    assert table["latency_ms"].iloc[0] == table["latency_ms"].iloc[1]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("predict", ["space", "archs", "device", "dataset", "quantities"]),
        ("select", ["run"]),
        ("load_run", ["path"]),
        (
            "search",
            [
                "space",
                "device",
                "objectives",
                "constraints",
                "algorithm",
                "budget",
                "seed",
                "out",
                "resume",
            ],
        ),
    ],
)
def test_names_of_the_api_are_stable(name: str, parameters: list[str]) -> None:
    assert set(parameters) <= inspect.signature(getattr(hwnas, name)).parameters.keys()


def test_a_negative_tolerance_of_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"must be a Kendall tau of at least 0; got -0\.1\."):
        fit("help-fbnet", tolerance=-0.1)


def test_every_name_of_the_facade_leads_somewhere() -> None:
    assert all(getattr(api, name) is not None for name in api.__all__)
    assert set(dir(api)) >= set(api.__all__)
    with pytest.raises(AttributeError, match=r"module 'hwnas\.api' has no attribute 'serach'"):
        _ = api.serach
