"""A search from its settings to the files of its run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from hwnas.api._pace import Pace, is_over
from hwnas.api._plan import beginning, planned
from hwnas.api._request import request_of
from hwnas.api._running import SearchInterrupted, run_task
from hwnas.config import DEFAULT_BUDGET, DEFAULT_GENERATIONS, DEFAULT_POPULATION, SearchConfig
from hwnas.core import arguments, given
from hwnas.core.arguments import checked, duration, kind_of, many, whole
from hwnas.core.device import Device
from hwnas.core.forms import Forms
from hwnas.core.limits import Limit
from hwnas.core.residuals import DEFAULT_LIMIT_AT
from hwnas.core.space import SearchSpace
from hwnas.engine.directory import claimed, latest_directory, new_directory, resume_notes
from hwnas.engine.loop import Loop
from hwnas.engine.progress import Change, Progress, Step
from hwnas.engine.record import RECORD, Record, read_record
from hwnas.engine.run import Run
from hwnas.engine.store import Store
from hwnas.errors import ConfigError
from hwnas.executors import EXECUTORS
from hwnas.measure.backends import Backend
from hwnas.objectives.evaluator import Evaluator
from hwnas.proxies.lookup import Scoring

__all__ = ["DEFAULT_BUDGET", "DEFAULT_GENERATIONS", "Change", "SearchInterrupted", "search"]

_Heard = TypeVar("_Heard")


@checked(
    space=given.space,
    device=given.device,
    dataset=arguments.text,
    objectives=many(),
    constraints=many(kind_of(str, Limit, what="a limit such as 'latency_ms<=5'")),
    source=arguments.text,
    power_w=arguments.watts,
    algorithm=arguments.text,
    warm_start=arguments.text,
    population=whole(),
    generations=whole(),
    budget=whole(),
    until_stable=arguments.flag,
    seed=whole(),
    out=arguments.path,
    resume=arguments.flag,
    on_progress=arguments.function,
    on_scoring=arguments.function,
    workers=whole(at_least=1),
    executor=arguments.text,
    limit_at=arguments.text,
    on_note=arguments.function,
    evaluate=arguments.function,
    on_evaluation=arguments.function,
    islands=whole(),
    migrate=whole(),
)
def search(
    space: str | SearchSpace,
    device: str | Device | None = None,
    dataset: str | None = None,
    objectives: Sequence[Any] | None = None,
    constraints: Sequence[str | Limit] = (),
    source: str | None = None,
    power_w: float | None = None,
    algorithm: str | None = None,
    warm_start: str | None = None,
    population: int = DEFAULT_POPULATION,
    generations: int | None = None,
    budget: int | None = None,
    time: str | float | None = None,
    until_stable: bool = False,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_scoring: Callable[[Scoring], None] | None = None,
    workers: int = 1,
    executor: str = "serial",
    limit_at: str | None = None,
    backend: str | Backend | None = None,
    on_note: Callable[[str], None] | None = None,
    evaluate: Callable[..., Any] | None = None,
    fidelities: Sequence[float] | None = None,
    on_evaluation: Callable[[Step], None] | None = None,
    islands: int | None = None,
    migrate: int | None = None,
) -> Run:
    """Search for the Pareto front of a device.

    Args:
        space: Search space or its name.
        device: Device or its name; needed for latency and energy.
        dataset: Data set; the space's first one by default.
        objectives: By default those of accuracy, robustness, latency and energy that are known.
            Quantities (``"robustness@pgd-eps1"`` with a condition, ``"latency:table"``
            with a source of its own), zero-cost proxies (``"nwot"``, and ``"vote"`` of three),
            rewards of such (``"reward(accuracy,latency<=5)"``,
            ``"reward(accuracy,(latency/5)^-0.07)"``, ``"weighted(accuracy/100,-0.5*latency/10)"``,
            whose parts are told beside them), objectives made by ``hwnas.objective``, plain
            functions over a batch of architectures (minimised), or what ``evaluate`` gives:
            quantities, and your own made by ``hwnas.evaluated``.
        constraints: Limits such as ``"latency_ms<=5"``, also on what is no objective. One that
            leaves conditions open, as ``"accuracy_pct>=90"`` does, is on the one column of its
            quantity.
        source: Source of the objectives that name none: ``"predictor"``, ``"table"`` to look true
            values up (class means), or ``"measure"``; for one quantity, ``"latency:measure"``. What
            is measured is so when it is asked for, one network at a time, into the table that
            ``profile`` adds to, and never twice. By default ``"evaluate"`` where that is given,
            else ``"predictor"``; counts such as parameters are counted unless they name a source.
        power_w: Rated power in watts; energy is then estimated from it.
        algorithm: Name of the algorithm, one of ``hwnas.algorithms.ALGORITHMS``; by default
            ``"nsga2"`` where all values are counted, predicted or looked up, and ``"surrogate"``
            where some are measured or come from your own functions.
        warm_start: Proxy and number of candidates, such as ``"nwot:1000"``: of so many
            architectures drawn at random, those that the proxy prefers are the first generation.
            By default what the algorithm declares, which for most is none.
            Scores that do not travel with the package are computed, which needs torch, and kept
            in the user's cache.
        population: Architectures a generation, at least as many as the algorithm needs.
        generations: Number of generations. Of several ends the first that holds counts; without
            any, there are 50 generations where all values are counted, predicted or looked up, and
            100 evaluations where some are not; but ``"exhaustive"`` ends by itself.
        budget: Distinct architectures to evaluate at most; what a limit or a value that is missing
            rules out before anything is measured or your own function called, does not count. One
            at a lower fidelity counts as its share of the largest.
        time: How long it may take, such as ``"90s"``, ``"10m"`` or ``"1.5h"``, or in seconds, from
            its beginning; what a resumed run took before does not count. Evaluations that are at
            work when it is over are waited for, what is measured a generation at once; there is at
            least one.
        until_stable: Whether to end once the hypervolume grew by less than 1 % over the second half
            of all evaluations, of at least 40.
        seed: The same seed gives the same run, bit for bit.
        out: Directory of the run, new or empty; the next free one in ``runs/`` by default.
        resume: Continue the run in ``out`` (or the latest of this configuration); begin it if it
            was killed before it began. It can have another end than it was to have, if not an
            earlier one.
        on_progress: Called after every generation.
        on_scoring: Called as scores are computed, for the warm start and the first generation.
        workers: Processes that compute these; with more than 1, a script must keep its own work
            under ``if __name__ == "__main__"``.
        executor: Where your own functions are called, an architecture at a time: ``"serial"``
            here, ``"processes"`` in as many as ``workers`` says.
        limit_at: What must keep a constraint: ``"interval"``, the far end of the value's 90 %
            interval; ``"point"``, the value; or a probability such as ``"90%"``. By default what
            the resumed run has, and ``"interval"`` for a new one.
        backend: What runs models on the device, or its name, for what is measured; by default
            what the device's description says, or what measured it before; and ONNX Runtime for
            this machine, which it is where no device is named.
        on_note: Called with what the user should know before the search begins: that a predictor
            has no skill, which the run's notes say too, how long measuring takes, that there is no
            run to resume, or that it was begun under other versions.
        evaluate: Your own function, slow as it may be, which gives several values of an
            architecture at once: all that have no other source. It takes a list of ``n_archs``
            architectures, one at a time, and returns a mapping from column or quantity to values
            of shape ``(n_archs,)``, or ``(n_archs, 2)`` with their standard errors; or an array,
            see ``hwnas.objectives.evaluator.Evaluator``. A plain number will do for the value of
            the one architecture. What it raises fails that architecture.
        fidelities: How thoroughly ``evaluate`` can do so, rising, the last in full, such as
            ``(1, 3, 9)`` epochs. It is then called with two arguments: the architectures, and one
            of these. Only values in full are on the front; algorithms that know no fidelities ask
            for these alone, so that one that does is the default.
        on_evaluation: Called as architectures are evaluated one by one: before the first of a
            generation, and after each.
        islands: Populations that evolve side by side, at least 2, for algorithms whose population
            takes in others; each has a share of ``population`` and a seed of its own.
        migrate: Generations after which each island sends its best to the next; 5 by default.

    Returns:
        The run, with ``.front`` and ``.evaluations``.

    Raises:
        SearchInterrupted: SIGINT came; the run so far is written, and is its ``run``.
        UnknownNameError: A name is not known.
        ConfigError: A setting cannot be.
        MissingExtraError: Scores must be computed, and torch is not installed.
        EvaluationError: The first ten that were evaluated one by one failed or lack a value, or
            all failed.
        ReturnError: What ``evaluate`` or a function of your own returned first cannot be; with
            ``resume`` the run goes on once that is mended.
        RunError: ``out`` holds something else, or the run to resume differs, is damaged or in use.
        StorageError: ``out`` cannot be written.
    """
    started_s = monotonic()
    if fidelities is not None and evaluate is None:
        raise ConfigError("fidelities need evaluate, which is told them; it is not there.")
    evaluation = None if evaluate is None else Evaluator(evaluate, fidelities is not None)
    request = request_of(
        space, device, dataset, objectives, constraints, source, power_w, backend, evaluation
    )
    config = SearchConfig(
        space=request.space.name,
        dataset=request.space.dataset,
        options=dict(request.space.options),
        device=request.device.name if request.device else None,
        objectives=tuple(name for name, _ in request.asked),
        constraints=tuple(map(str, request.limits)),
        limit_at=limit_at,
        source=request.source,
        power_w=power_w,
        algorithm=None,
        population=population,
        generations=generations,
        budget=budget,
        time_s=None if time is None else duration("time", time),
        until_stable=bool(until_stable),
        seed=seed,
        fidelities=fidelities,
        islands=islands,
        migrate=migrate,
    )
    scoring = workers, on_scoring
    plan = planned(request, config, algorithm, warm_start, scoring)
    work, forms = EXECUTORS[executor](workers), Forms(request.space)
    path = _directory(plan.record, out, resume)
    notes = (*(resume_notes(path, plan.record) if resume else ()), *plan.notes)
    plan = plan.with_limits_at(limit_at or _kept_at(path, resume))
    task, begun = plan.task, beginning(plan, forms, scoring)

    def begin(store: Store) -> Loop:
        return Loop(task, begun(), store, work, forms, lambda: is_over(task, started_s))

    tell = on_note or (lambda _: None)
    with claimed(path, plan.record, resume):
        for note in notes:
            tell(note)
        pace = Pace(task, tell)
        hear, hear_step = _both(pace, on_progress), _both(pace.step, on_evaluation)
        return run_task(path, plan.record, task, begin, hear, hear_step)


def _both(
    first: Callable[[_Heard], None], then: Callable[[_Heard], None] | None
) -> Callable[[_Heard], None]:
    """What tells one, and then the other if there is one."""

    def hear(heard: _Heard) -> None:
        first(heard)
        if then is not None:
            then(heard)

    return hear


def _directory(record: Record, out: str | os.PathLike[str] | None, resume: bool) -> Path:
    """Where the run goes, or lies."""
    if out is not None:
        return Path(out)
    stem = "-".join(filter(None, (record.config["space"], record.config["device"])))
    return latest_directory(stem, record) if resume else new_directory(stem)


def _kept_at(path: Path, resume: bool) -> str:
    """What must keep a limit where nobody says: as the resumed run has it, if there is one."""
    if resume and (path / RECORD).exists():
        return str(read_record(path).config["limit_at"])
    return DEFAULT_LIMIT_AT
