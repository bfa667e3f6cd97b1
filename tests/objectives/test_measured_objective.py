"""Values that are measured while a search runs: through the table, and nothing twice."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.api import SearchInterrupted, make_objective, profile
from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.device import Device, Reach
from hwnas.core.space import SearchSpace
from hwnas.core.target import parse_target
from hwnas.errors import ConfigError, MeasurementError, TableError, UnknownNameError
from hwnas.measure.backends import load_backend
from hwnas.measure.candidates import anchor_architecture
from hwnas.measure.plan import Mode, Plan
from hwnas.measure.recording import Job, conditions_of, plan_of
from hwnas.objectives.measured import MeasuredObjective
from hwnas.tables.store import load_table, names_in
from hwnas.testing import check_objective
from tests.measure.devices import TimedBackend, TurnedClock

PLAN = Plan(visits=2, min_samples=4, min_seconds=0.0, warmup_s=0.0, max_warmup_s=0.1, block=3)
TABLE = "nasbench201-board"
COLUMN = "cifar10_board_latency_ms"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The user's own tables."""
    return tmp_path / "cache" / "tables"


@pytest.fixture
def archs(nasbench201: SearchSpace) -> list[Architecture]:
    """Three architectures of different classes, each canonical and without dead operations."""
    drawn = nasbench201.canonical_genotypes(
        nasbench201.sample_genotypes(30, np.random.default_rng(3))
    )
    drawn = drawn[(nasbench201.pruned_genotypes(drawn) == drawn).all(axis=1)]
    found = dict.fromkeys(nasbench201.architecture(genotype) for genotype in drawn)
    return list(found)[:3]


class Bench:
    """A board that takes a nanosecond for each byte of a model.

    Args:
        space: Search space.
        folder: Where its table lies.
        errors: What is raised when a model of that name is opened, once for each item.
        as_given: Whether networks are measured as they stand.
        slowness: By how much it is slower.
    """

    def __init__(
        self,
        space: SearchSpace,
        folder: Path,
        errors: Mapping[str, list[Exception]] | None = None,
        as_given: bool = False,
        slowness: float = 1.0,
    ) -> None:
        clock = TurnedClock()
        self.backend = TimedBackend(clock, slowness, errors)
        # No other process can have it.
        self.backend.held = threading.Lock()  # type: ignore[attr-defined]
        self._anchor = str(anchor_architecture(space))
        job = Job("board", self.backend, PLAN)
        self.objective = MeasuredObjective(space, job, folder, as_given, clock)

    @property
    def measured(self) -> list[str]:
        """What was opened, but for the anchor."""
        return [name for name in self.backend.opened if name != self._anchor]


def _size(archs: Sequence[Architecture]) -> np.ndarray:
    """The sum of the genes, an objective that conflicts with little."""
    return -np.array([float(sum(arch.genotype)) for arch in archs])


def _search(bench: Bench, out: Path, **settings: object) -> hwnas.Run:
    chosen = {"algorithm": "nsga2", "population": 4, "generations": 2, **settings}
    objectives = [bench.objective, hwnas.objective(_size, "genes")]
    return hwnas.search("nasbench201", objectives=objectives, out=out, **chosen)  # type: ignore[arg-type]


def test_values_are_those_that_the_table_then_holds(
    nasbench201: SearchSpace, archs: list[Architecture], folder: Path
) -> None:
    objective = Bench(nasbench201, folder).objective
    found = objective(archs)
    table = load_table(TABLE)
    values = dict(zip(table.archs, table.values(COLUMN), strict=True))
    assert found.value.tolist() == [values[str(arch)] for arch in archs]
    assert objective.spec.source == "measured"
    assert objective.spec.column == "latency_ms"


def test_a_measured_objective_keeps_the_contract(
    nasbench201: SearchSpace, archs: list[Architecture], folder: Path
) -> None:
    check_objective(Bench(nasbench201, folder).objective, archs, nasbench201)


def test_architectures_of_one_class_are_measured_once(
    nasbench201: SearchSpace, folder: Path
) -> None:
    bench = Bench(nasbench201, folder)
    straight = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"
    direct = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
    found = bench.objective([nasbench201.parse(text) for text in (straight, direct)])
    assert found.value[0] == found.value[1]
    assert bench.measured == [str(nasbench201.canonical(nasbench201.parse(straight)))]


def test_an_architecture_asked_for_itself_is_measured_as_it_stands(
    nasbench201: SearchSpace, folder: Path
) -> None:
    bench = Bench(nasbench201, folder, as_given=True)
    straight = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"
    bench.objective([nasbench201.parse(straight)])
    assert bench.measured == [straight]


def test_what_connects_nothing_is_unknown_and_not_measured(
    nasbench201: SearchSpace, folder: Path
) -> None:
    bench = Bench(nasbench201, folder)
    nothing = nasbench201.architecture([0] * 6)
    assert np.isnan(bench.objective([nothing]).value).all()
    assert bench.backend.opened == []


def test_what_the_table_holds_is_not_measured_again(
    nasbench201: SearchSpace, archs: list[Architecture], folder: Path
) -> None:
    first, again = Bench(nasbench201, folder), Bench(nasbench201, folder)
    before = first.objective(archs)
    after = again.objective(archs)
    assert again.backend.opened == []
    for name in ("value", "lower", "upper"):
        assert getattr(before, name).tolist() == getattr(after, name).tolist()


def test_a_value_stays_when_more_is_measured_on_a_slower_day(
    nasbench201: SearchSpace, archs: list[Architecture], folder: Path
) -> None:
    before = Bench(nasbench201, folder).objective(archs[:1])
    Bench(nasbench201, folder, slowness=3.0).objective(archs[1:])
    after = Bench(nasbench201, folder).objective(archs)
    assert after.value[0] == before.value[0]
    # As fast beside the anchor as on the first day.
    anew = Bench(nasbench201, folder.with_name("other")).objective(archs)
    assert after.value == pytest.approx(anew.value)


def test_a_network_that_cannot_be_measured_fails_with_the_reason(
    nasbench201: SearchSpace, archs: list[Architecture], folder: Path
) -> None:
    errors: dict[str, list[Exception]] = {str(archs[1]): [MeasurementError("no such operator")]}
    objective = Bench(nasbench201, folder, errors).objective
    objective.prepare(Batch.of(nasbench201, archs))
    assert np.isfinite(objective(archs[:1]).value).all()
    with pytest.raises(MeasurementError, match="no such operator"):
        objective([archs[1]])


def test_a_table_is_not_made_of_failures(
    nasbench201: SearchSpace, archs: list[Architecture], folder: Path
) -> None:
    errors: dict[str, list[Exception]] = {str(archs[1]): [MeasurementError("no such operator")]}
    with pytest.raises(MeasurementError, match="no such operator"):
        Bench(nasbench201, folder, errors).objective([archs[1]])
    assert names_in(folder) == []


def test_a_failure_does_not_stop_a_search(nasbench201: SearchSpace, tmp_path: Path) -> None:
    # The same seed begins with the same architectures.
    same = hwnas.search(
        "nasbench201", objectives=["params"], population=4, generations=1, out=tmp_path / "same"
    )
    name = same.evaluations["arch"][2]
    errors: dict[str, list[Exception]] = {name: [MeasurementError("no such operator")]}
    bench = Bench(nasbench201, tmp_path / "tables", errors)
    run = _search(bench, tmp_path / "run", generations=1)
    found = run.evaluations.set_index("arch")
    assert found.loc[name, "status"] == "failed"
    assert found.loc[name, "error"] == "MeasurementError: no such operator"
    assert set(found["status"]) == {"failed", "done"}


def test_a_cheap_limit_spares_measuring(nasbench201: SearchSpace, tmp_path: Path) -> None:
    bench = Bench(nasbench201, tmp_path / "tables")
    run = _search(bench, tmp_path / "run", constraints=["macs<=50e6"], generations=1, population=8)
    keeps = run.evaluations["macs"] <= 50e6
    assert 0 < keeps.sum() < len(keeps)
    assert sorted(bench.measured) == sorted(run.evaluations["arch"][keeps])


def test_an_interrupted_search_goes_on_with_what_was_measured(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    whole = _search(Bench(nasbench201, tmp_path / "one"), tmp_path / "whole")
    names = whole.evaluations["arch"].tolist()
    # In the second generation, in the middle of what is measured.
    stop: dict[str, list[Exception]] = {names[-1]: [KeyboardInterrupt()]}  # type: ignore[list-item]
    stopped = Bench(nasbench201, tmp_path / "two", stop)
    with pytest.raises(SearchInterrupted):
        _search(stopped, tmp_path / "run")
    resumed = Bench(nasbench201, tmp_path / "two")
    run = _search(resumed, tmp_path / "run", resume=True)
    assert run.evaluations.equals(whole.evaluations)
    assert np.array_equal(run.front.lower, whole.front.lower, equal_nan=True)
    # The first generation, and the first block of the second one, are not measured again.
    assert set(resumed.measured) == set(names[4 + PLAN.block :])


def test_measuring_stays_in_one_process(nasbench201: SearchSpace, tmp_path: Path) -> None:
    alone = _search(Bench(nasbench201, tmp_path / "one"), tmp_path / "alone", generations=1)
    run = _search(
        Bench(nasbench201, tmp_path / "two"), tmp_path / "run", generations=1,
        executor="processes", workers=2,
    )  # fmt: skip
    with closing(sqlite3.connect(run.path / "run.sqlite")) as database:
        workers = {name for (name,) in database.execute("SELECT worker FROM trials")}
    assert workers == {"process 1", "process 2"}
    assert run.evaluations["latency_ms"].tolist() == alone.evaluations["latency_ms"].tolist()


@pytest.mark.parametrize(
    ("plan", "precision"),
    [
        (Plan(), "float32"),
        (Plan(batch=8, threads=2), "int8"),
        (Plan(mode=Mode("paced", 7.5)), "float32"),
        (Plan(mode=Mode("cold")), "float32"),
    ],
)
def test_conditions_say_how_to_measure(plan: Plan, precision: str) -> None:
    assert plan_of(conditions_of(plan, precision)) == (plan, precision)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("latency@attack=x", ConfigError, "conditions batch, mode, precision and threads; got att"),
        ("latency@threads=two", ConfigError, "threads must be a whole number; got 'two'"),
        ("latency@threads=0", ConfigError, "threads= must be at least 1; got 0"),
        ("latency@precision=int9", UnknownNameError, "Unknown precision 'int9'. Did you mean"),
        ("latency@mode=often", ConfigError, "mode= must be burst, cold or paced:30fps"),
    ],
)
def test_conditions_that_no_measurement_has_are_refused(
    text: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        plan_of(parse_target(text).conditions)


def _device(name: str) -> Device:
    return Device(name, "A board", "CPU", "bought")


def test_only_latency_is_measured(nasbench201: SearchSpace) -> None:
    with pytest.raises(ConfigError, match=r"can measure latency; got accuracy.*latency:measure"):
        make_objective(nasbench201, "accuracy", _device("board"), "measure")


def test_a_device_must_say_what_runs_models_on_it(nasbench201: SearchSpace) -> None:
    with pytest.raises(ConfigError, match=r"'board' does not say what runs models .* backend="):
        make_objective(nasbench201, "latency:measure", _device("board"))


def test_what_measured_a_device_measures_it_again(
    nasbench201: SearchSpace, archs: list[Architecture], folder: Path
) -> None:
    backend = load_backend("ort")
    profile(archs[:1], nasbench201, backend=backend, device="board", plan=PLAN)
    made = make_objective(nasbench201, "latency:measure", _device("board"))
    assert "backend ort" in made.spec.detail
    assert names_in(folder) == [TABLE]
    with pytest.raises(TableError, match="measured with backend ort; this is timed"):
        Bench(nasbench201, folder)


def test_a_device_says_what_runs_models_on_it_and_on_how_many_threads(
    nasbench201: SearchSpace,
) -> None:
    device = replace(_device("board"), backend=Reach("ort", {"provider": "CPU"}, threads=2))
    made = make_objective(nasbench201, "latency:measure", device)
    assert made.spec.column == "latency_ms@threads=2"
    one = make_objective(nasbench201, "latency@threads=1:measure", device)
    assert one.spec.column == "latency_ms"


def test_one_source_may_be_for_one_quantity(nasbench201: SearchSpace) -> None:
    backend = load_backend("ort")
    device = _device("board")
    threads = make_objective(
        nasbench201, "latency@threads=2", device, "latency@threads=2:measure", backend=backend
    )
    assert (threads.spec.source, threads.spec.column) == ("measured", "latency_ms@threads=2")
    known = _device("edgegpu")
    usual = make_objective(nasbench201, "latency", known, "latency@threads=2:measure")
    assert usual.spec.source == "predicted"


def test_a_search_measures_this_machine_and_says_how_long_that_takes(tmp_path: Path) -> None:
    notes: list[str] = []
    run = hwnas.search(
        "nasbench201", objectives=["latency", "params"], source="latency:measure",
        algorithm="random", population=2, generations=1, out=tmp_path / "run",
        on_note=notes.append,
    )  # fmt: skip
    assert run.config["device"] == "local-ort"
    assert (run.evaluations["latency_ms"] > 0).all()
    assert (run.front.lower[:, 0] <= run.front.upper[:, 0]).all()
    assert notes == [
        "latency_ms is measured on local-ort with ort as the search goes, at least 0.8 s for each "
        "network. At most 2 are; for fewer, give --budget."
    ]
    assert {spec.column: spec.source for spec in run.record.columns}["latency_ms"] == "measured"
