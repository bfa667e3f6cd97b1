"""Evaluations at fidelities: what they cost, what counts, what is kept, and what is resumed."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwnas
from hwnas import api
from hwnas.core.architecture import Architecture
from hwnas.engine.store import Store, read_history
from hwnas.errors import ConfigError, EvaluationError, NoCandidateError, RunError

FIDELITIES = (1, 3, 9)


class Trained:
    """An evaluation whose values tell the fidelity, and which remembers what it was asked.

    Args:
        n_before_stop: How often it can be called before it is interrupted.
    """

    def __init__(self, n_before_stop: int | None = None) -> None:
        self.asked: list[tuple[str, float]] = []
        self._left = n_before_stop

    def __call__(self, archs: Sequence[Architecture], fidelity: float) -> dict[str, list[float]]:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise KeyboardInterrupt
        self.asked += [(str(arch), fidelity) for arch in archs]
        return {"accuracy": [90 - sum(arch.genotype) - 20 / fidelity for arch in archs]}


def _search(out: Path, evaluate: Any = None, **settings: Any) -> hwnas.Run:
    usual: dict[str, Any] = {
        "objectives": ["accuracy", "macs"],
        "fidelities": FIDELITIES,
        "algorithm": "successive-halving",
        "population": 9,
        "budget": 5,
        "seed": 2,
    }
    return hwnas.search(
        "nasbench201", evaluate=evaluate or Trained(), out=out, **{**usual, **settings}
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> hwnas.Run:
    return _search(tmp_path_factory.mktemp("fidelities") / "run")


def _rows(path: Path) -> list[str]:
    """All that a store holds but how long trials took."""
    with contextlib.closing(sqlite3.connect(path / "run.sqlite")) as database:
        names = [row[1] for row in database.execute("PRAGMA table_info(trials)")]
        kept = ", ".join(f'"{name}"' for name in names if name != "seconds")
        trials = database.execute(f"SELECT {kept} FROM trials ORDER BY seq").fetchall()
        return [*map(str, trials), *map(str, database.execute("SELECT * FROM events"))]


def test_each_architecture_is_evaluated_once_at_a_fidelity(tmp_path: Path) -> None:
    trained = Trained()
    found = _search(tmp_path / "run", trained).evaluations
    assert list(zip(found["arch"], found["fidelity"], strict=True)) == trained.asked
    assert len(set(trained.asked)) == len(trained.asked)
    # Whole fidelities stay whole: they are numbers of epochs.
    assert {type(fidelity) for _, fidelity in trained.asked} == {int}


def test_the_budget_counts_shares_of_a_full_evaluation(run: hwnas.Run) -> None:
    # Brackets of 9, 3 and 1 cost 3; the last one begins and gets 3 as well, of which 2 are left.
    counts = run.evaluations["fidelity"].value_counts().to_dict()
    assert counts == {1: 18, 3: 6, 9: 1}
    assert run.spent == pytest.approx(18 / 9 + 6 / 3 + 1)
    assert run.history[-1].spent == pytest.approx(run.spent)
    assert run.history[-1].n_evaluated == run.n_evaluated == 25


def test_the_front_holds_values_in_full_alone(run: hwnas.Run) -> None:
    found = run.evaluations
    assert set(run.front.archs) <= set(found["arch"][found["fidelity"] == 9])
    accuracy = run.front.values[:, 0]
    np.testing.assert_allclose(accuracy % 1, (90 - 20 / 9) % 1)


def test_a_run_is_read_back_with_its_fidelities(run: hwnas.Run) -> None:
    loaded = hwnas.load_run(run.path)
    assert loaded.evaluations.equals(run.evaluations)
    assert loaded.history == run.history
    assert loaded.config["fidelities"] == [1, 3, 9]
    assert f"{run.n_evaluated} evaluated, worth 5 in full" in repr(loaded)


def test_an_interrupted_run_resumes_to_the_same(run: hwnas.Run, tmp_path: Path) -> None:
    # In the first rung, and between two.
    for n_calls in (4, 9):
        out = tmp_path / str(n_calls)
        with pytest.raises(KeyboardInterrupt):
            _search(out, Trained(n_calls))
        rest = Trained()
        _search(out, rest, resume=True)
        assert len(rest.asked) == run.n_evaluated - n_calls
        assert _rows(out) == _rows(run.path)
        assert (out / "front.csv").read_bytes() == (run.path / "front.csv").read_bytes()


def test_a_larger_budget_goes_on_where_a_smaller_one_ended(run: hwnas.Run, tmp_path: Path) -> None:
    _search(tmp_path / "run", budget=2)
    _search(tmp_path / "run", budget=5, resume=True)
    assert _rows(tmp_path / "run") == _rows(run.path)


def test_a_budget_too_small_for_anything_in_full_says_so(tmp_path: Path) -> None:
    run = _search(tmp_path / "run", budget=1)
    assert repr(run.front).endswith(": nothing was evaluated in full, at 9")
    assert "Nothing was evaluated in full, at 9: the front is empty." in run.record.notes[-1]
    with pytest.raises(NoCandidateError, match="Nothing was evaluated in full, at 9"):
        api.check_feasible(run)


def test_a_smaller_budget_than_was_spent_is_refused(run: hwnas.Run) -> None:
    with pytest.raises(RunError, match=r"budget= must be at least the 5 that it holds; got 4"):
        _search(run.path, budget=4, resume=True)


def test_other_fidelities_are_another_run(run: hwnas.Run) -> None:
    with pytest.raises(RunError, match=r"fidelities is 1, 3, 9 there and 1, 9 here"):
        _search(run.path, fidelities=(1, 9), resume=True)


def test_another_algorithm_evaluates_in_full_and_says_so(tmp_path: Path) -> None:
    notes, trained = list[str](), Trained()
    _search(tmp_path / "run", trained, algorithm="random", on_note=notes.append)
    assert {fidelity for _, fidelity in trained.asked} == {9}
    assert any(note.startswith("random knows no fidelities: all is evaluated in") for note in notes)


def test_the_usual_algorithm_is_one_that_knows_fidelities(tmp_path: Path) -> None:
    assert _search(tmp_path / "run", algorithm=None, budget=1).config["algorithm"] == "hyperband"


def test_what_fails_at_a_fidelity_goes_no_further(tmp_path: Path) -> None:
    trained = Trained()

    def fail(archs: Sequence[Architecture], fidelity: float) -> dict[str, list[float]]:
        if sum(archs[0].genotype) % 2:
            raise ValueError("diverged")
        return trained(archs, fidelity)

    found = _search(tmp_path / "run", fail).evaluations
    failed = set(found["arch"][found["status"] == "failed"])
    assert failed
    assert not failed & set(found["arch"][found["fidelity"] > 1])


def test_where_all_of_the_first_fidelity_fails_the_search_ends(tmp_path: Path) -> None:
    def fail(archs: Sequence[Architecture], fidelity: float) -> dict[str, list[float]]:
        raise ValueError(f"no data for {len(archs)} at {fidelity}")

    with pytest.raises(EvaluationError, match="no data for 1 at 1"):
        _search(tmp_path / "run", fail)


@pytest.mark.parametrize(
    "given",
    [(), (9,), (3, 1), (1, 1), (0, 1), (-1, 1), (1, float("inf")), (1, float("nan")), "19", 9],
)
def test_fidelities_must_rise(given: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"fidelities must be two or more positive numbers"):
        _search(tmp_path / "run", fidelities=given)
    assert not list(tmp_path.iterdir())


def test_fidelities_need_a_function_that_is_told_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fidelities need evaluate"):
        hwnas.search(
            "nasbench201", objectives=["macs", "params"], fidelities=(1, 3), out=tmp_path / "run"
        )


def test_a_fraction_of_the_data_is_a_fidelity(tmp_path: Path) -> None:
    found = _search(tmp_path / "run", fidelities=(0.25, 1.0), population=8).evaluations
    assert found["fidelity"].tolist()[:10] == [0.25] * 8 + [1] * 2


def test_a_run_without_fidelities_is_stored_as_before_there_were_any(tmp_path: Path) -> None:
    store = Store(tmp_path / "run.sqlite", ["cost"])
    with contextlib.closing(store), store.transaction():
        store.add_ask(1, [0], ["|arch~0|"])
    with contextlib.closing(sqlite3.connect(tmp_path / "run.sqlite")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (2,)
    assert np.isnan(read_history(tmp_path / "run.sqlite", ["cost"]).trials.fidelity).all()


def test_a_changed_fidelity_is_seen(run: hwnas.Run, tmp_path: Path) -> None:
    copy = tmp_path / "run.sqlite"
    copy.write_bytes((run.path / "run.sqlite").read_bytes())
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as database:
        database.execute("UPDATE trials SET fidelity = 2 WHERE ask = 1")
    columns = [spec.column for spec in run.record.columns]
    with pytest.raises(RunError, match="event 1 was changed"):
        read_history(copy, columns, run.record.limits)
