"""A search from its task to the files of its run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from hwnas.algorithms import ALGORITHMS, needs_fidelities
from hwnas.api._end_notes import ended_note, zero_notes
from hwnas.api._report import write_report
from hwnas.api._trust import row_note
from hwnas.core.limits import Limit
from hwnas.core.residuals import INEXACT
from hwnas.core.words import joined
from hwnas.engine.front_files import write_front
from hwnas.engine.loop import Loop
from hwnas.engine.progress import Progress, Step
from hwnas.engine.record import DATABASE, Record, read_record
from hwnas.engine.run import Run
from hwnas.engine.store import Store, read_history
from hwnas.engine.task import Task
from hwnas.engine.work import WorkLog
from hwnas.errors import RunError, StorageError
from hwnas.objectives.indicators import REFERENCE
from hwnas.objectives.measured import MeasuredObjective
from hwnas.objectives.predicted import input_notes
from hwnas.objectives.scored import ScoredObjective
from hwnas.objectives.skill import lacking_skill, skill_note


class SearchInterrupted(KeyboardInterrupt):
    """A search was stopped by SIGINT; what it found is on disk.

    Args:
        run: The run so far.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(f"interrupted; the front so far is in {run.path}")
        self.run = run


def run_task(
    path: Path,
    record: Record,
    task: Task,
    begin: Callable[[Store], Loop],
    on_progress: Callable[[Progress], None],
    on_step: Callable[[Step], None],
) -> Run:
    """Search and write everything; an interrupt, whenever it comes, leaves a usable front.

    Args:
        path: Directory of the run, which this process holds.
        record: What its ``run.json`` is to say.
        task: What is evaluated, and when the search ends.
        begin: Makes the loop over a store.
        on_progress: Called after every generation.
        on_step: Called as architectures are evaluated one by one.

    Raises:
        SearchInterrupted: SIGINT came; the run so far is written, and is its ``run``.
        EvaluationError: The first ten that were evaluated one by one failed or lack a value, or
            all failed.
        ReturnError: What the user's function returned first cannot be.
        RunError: The stored run is damaged, or not one that this task would have made.
        StorageError: The directory cannot be written.
    """
    status, columns = "finished", [spec.column for spec in record.columns]
    loop, log = None, WorkLog(path)

    def go_on() -> None:
        log.begin()
        # A run that goes on further than it was to go is no longer finished.
        if read_record(path) != record:
            record.write(path)

    has_fidelities = bool(record.config.get("fidelities"))
    with contextlib.closing(
        Store(path / DATABASE, columns, record.limits, has_fidelities)
    ) as store:
        try:
            loop = begin(store)
            loop.run(on_progress, go_on, on_step)
        except KeyboardInterrupt:
            status = "interrupted"
        except RunError:
            # The run is another's, or damaged; what is there stays as it is.
            raise
        except BaseException:  # also a function that ends the process, as sys.exit does
            with contextlib.suppress(StorageError):
                replace(record, status="failed").write(path)
            raise
    try:
        run = _write(path, record, task, loop, status)
    except KeyboardInterrupt:
        status = "interrupted"
        run = _write(path, record, task, loop, status)
    log.end(run.n_evaluated)
    if status == "interrupted":
        raise SearchInterrupted(run)
    return run


def _write(path: Path, record: Record, task: Task, loop: Loop | None, status: str) -> Run:
    """Write what a search found, and say in ``run.json`` how it ended.

    There is no loop where the search was stopped before its first generation was proposed.
    """
    normalisation, generations = None, None
    if loop is not None and loop.tracker.normalisation is not None:
        ranges = asdict(loop.tracker.normalisation)
        normalisation = {name: list(values) for name, values in ranges.items()}
        normalisation["reference"] = [REFERENCE] * record.n_objectives
    if loop is not None and status == "finished":
        history, generations = loop.history, tuple(loop.tracker.generations)
    else:
        # An interrupt may have come between what is stored and what is known of it here.
        columns = [spec.column for spec in record.columns]
        history = read_history(path / DATABASE, columns, record.limits)
    record = replace(record, status=status, normalisation=normalisation)
    run = Run(path, record, history, task.space, generations)
    run.record = replace(record, notes=_notes(run, task, loop))
    run.record.write(path)
    write_front(path, run.front)
    write_report(run)
    return run


def skill_notes(task: Task) -> list[str]:
    """What the user should know of the predictors that a search asks, before it begins."""
    names = lacking_skill(task.problem.columns)
    return [skill_note(names)] if names else []


def measuring_notes(task: Task) -> list[str]:
    """What the user should know of what a search measures, before it begins."""
    turns = None if task.generations is None else task.generations * task.population
    most = min(filter(None, (turns, task.budget)), default=None)
    at_most = "" if most is None else f" At most {most:,} are; for fewer, give --budget."
    return [
        f"{measure.note}{at_most}"
        for measure in task.problem.measures
        if isinstance(measure, MeasuredObjective)
    ]


def fidelity_notes(task: Task, algorithm: str) -> list[str]:
    """What the user should know of the fidelities of a search, before it begins."""
    if not task.fidelities or needs_fidelities(ALGORITHMS[algorithm]):
        return []
    those = joined([name for name in ALGORITHMS if needs_fidelities(ALGORITHMS[name])])
    return [
        f"{algorithm} knows no fidelities: all is evaluated in full, at "
        f"{task.fidelities[-1]:g}; {those} begin with less."
    ]


def _notes(run: Run, task: Task, loop: Loop | None) -> tuple[str, ...]:
    """What the user should know before trusting the front."""
    if loop is None:
        return tuple(skill_notes(task))
    notes = [*skill_notes(task), *loop.tracker.notes, *ended_note(run, task, loop)]
    notes += zero_notes(run)
    notes += input_notes(task.problem.measures, loop.batch(run.front.archs))
    has_interval = np.isfinite(run.front.lower[:, : run.front.n_objectives]).any(axis=0)
    is_inexact = [spec.source in INEXACT for spec in run.front.objectives]
    # What is known of intervals was measured on those of predictors.
    if (has_interval & is_inexact).sum() > 1:
        notes.append(row_note(run.space.name))
    notes += _unsure_limits(run, task.problem.limits)
    if run.lacks_full:
        notes.append(f"{run.lacks_full} A larger budget goes on with resume=True.")
    if run.n_failed:
        notes.append(
            f"{run.n_failed:,} of {run.n_evaluated:,} architectures could not be evaluated; the "
            f"first failed with {run.errors[0].rstrip('.')}."
        )
    if run.n_unknown:
        notes.append(
            f"{run.n_unknown:,} of {run.n_evaluated:,} architectures lack the value of an "
            "objective; they are not on the front."
        )
        notes += _score_notes(run, task, loop)
    return tuple(notes)


def _score_notes(run: Run, task: Task, loop: Loop) -> list[str]:
    """Why architectures lack a score, of the first one."""
    notes, found = [], run.evaluations
    early = [spec.column for spec in task.problem.objectives if spec.stage < 2]
    for measure in task.problem.measures:
        if isinstance(measure, ScoredObjective):
            # What lacks another value was not scored at all.
            lacks = found[measure.spec.column].isna() & found[early].notna().all(axis=1)
            archs = found["arch"][lacks & (found["status"] == "unknown")].tolist()
            reason = measure.why_unknown(loop.batch(archs[:1])) if archs else ""
            if reason:
                notes.append(f"{archs[0]} has no {measure.spec.column}: {reason}.")
    return notes


def _unsure_limits(run: Run, limits: Sequence[Limit]) -> list[str]:
    """What to say of constraints on values of which nobody knows how far off they are."""
    has_interval = np.isfinite(run.front.lower).any(axis=0)
    unsure = {
        spec.column
        for spec, has in zip(run.front.columns, has_interval, strict=True)
        if len(run.front) and spec.source in INEXACT and not has
    }
    return [
        f"Nothing is known of the error of {limit.column}: its value alone keeps {limit}."
        for limit in limits
        if limit.column in unsure
    ]
