"""What a search will do, settled before anything is touched."""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from hwnas.algorithms import ALGORITHMS, Algorithm, Setting, ends_by_itself, packages_of
from hwnas.algorithms.islands import Islands
from hwnas.algorithms.warm_start import WarmStart, draw, parse_warm_start
from hwnas.api._pace import capped, end_notes
from hwnas.api._request import Request, unknown_notes
from hwnas.api._running import fidelity_notes, measuring_notes, skill_notes
from hwnas.api._task import problem_of, task_of
from hwnas.config import SearchConfig
from hwnas.core.forms import Forms
from hwnas.core.limits import limit_notes
from hwnas.core.residuals import limit_share
from hwnas.engine.record import Record
from hwnas.engine.task import Task
from hwnas.engine.telling import known_for_free
from hwnas.proxies.lookup import Scoring

ScoringBy = tuple[int, Callable[[Scoring], None] | None]
"""Processes that compute scores, and what is called as they do."""

_PACKAGES = ("hwnas", "numpy", "pymoo", "moocore", "onnxruntime")


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a search will do.

    Args:
        config: All of its settings, with an algorithm and an end.
        task: What is evaluated, and when it ends.
        record: What the ``run.json`` of a new run would say.
        start: What it begins with; None for what the algorithm chooses.
        classes: Functional classes of the space, shape ``(n_classes, n_genes)``, where they had to
            be counted.
        notes: What the user should know before it begins.
    """

    config: SearchConfig
    task: Task
    record: Record
    start: WarmStart | None
    classes: np.ndarray | None
    notes: tuple[str, ...]

    def with_limits_at(self, limit_at: str) -> Plan:
        """The same, where it is known what must keep a limit: ``"interval"``, say."""
        problem = replace(self.task.problem, limit_share=limit_share(limit_at))
        record = replace(self.record, config={**self.record.config, "limit_at": limit_at})
        return replace(self, task=replace(self.task, problem=problem), record=record)


def planned(
    request: Request,
    config: SearchConfig,
    algorithm: str | None,
    warm_start: str | None,
    scoring: ScoringBy,
) -> Plan:
    """Settle what was left open: the algorithm, the end, the population, and what comes first.

    Args:
        request: What was asked for.
        config: Its settings, without an algorithm.
        algorithm: Name of the algorithm; None for the usual one.
        warm_start: What it begins with; None for what the algorithm declares.
        scoring: Who computes scores.

    Raises:
        UnknownNameError: There is no such algorithm or proxy.
        ConfigError: A setting cannot be.
    """
    space, problem = request.space, problem_of(request, config, scoring)
    unsettled, config = config, config.settled(problem.is_free, algorithm)
    make = ALGORITHMS[str(config.algorithm)]
    population, classes, bounds = capped(space, make, config.population, config.budget)
    usual_start = make.default_warm_start if warm_start is None else warm_start
    start = None if usual_start is None else parse_warm_start(usual_start)
    config = replace(
        config, population=population, warm_start=None if start is None else str(start)
    )
    task = task_of(space, problem, config, None if classes is None else len(classes))
    record = Record(
        config=config.as_dict(),
        columns=problem.columns,
        n_objectives=problem.n_objectives,
        versions=_versions((*_PACKAGES, *packages_of(make))),
        limits=tuple(map(str, problem.limits)),
        device_title=request.device.title if request.device else None,
    )
    notes = (
        *bounds,
        *([] if ends_by_itself(make) else end_notes(unsettled, problem)),
        *unknown_notes(request.unknown),
        *limit_notes(request.limits),
        *skill_notes(task),
        *measuring_notes(task),
        *fidelity_notes(task, str(config.algorithm)),
    )
    return Plan(config, task, record, start, classes, notes)


def beginning(plan: Plan, forms: Forms, scoring: ScoringBy) -> Callable[[], Algorithm]:
    """What gives the algorithm of a plan, always the same one, fresh from its seed.

    What it begins with may have to be scored, which takes its time: then it is made when it is
    asked for. Else it is made here, so that what it refuses is refused before anything is touched.

    Args:
        plan: What the search will do.
        forms: Where canonical forms are kept.
        scoring: Who computes scores.

    Raises:
        ConfigError: A setting cannot be.
        MissingExtraError: The algorithm needs a package that is not installed.
    """
    config, space = plan.config, plan.task.space
    if plan.start is not None:
        candidates = draw(space, plan.start, config.population, config.seed)
        return cache(lambda: _algorithm(plan, forms, candidates.best(config.population, *scoring)))
    initial = None
    if plan.classes is not None and config.population >= len(plan.classes):
        # Drawn at random, the last of all classes would take long to come.
        initial = np.random.default_rng(config.seed).permutation(plan.classes)
    algorithm = _algorithm(plan, forms, initial)
    return lambda: algorithm


def _algorithm(plan: Plan, forms: Forms, initial: np.ndarray | None) -> Algorithm:
    config, task = plan.config, plan.task
    setting = Setting(
        space=task.space,
        n_objectives=task.problem.n_objectives,
        population=config.population,
        seed=config.seed,
        initial=initial,
        forms=forms,
        n_classes=task.n_classes,
        fidelities=task.fidelities,
        objectives=task.problem.objectives,
        limits=task.problem.limits,
        # Where nothing costs, a model that was told all would have nothing to find.
        free=None if task.problem.is_free else partial(known_for_free, task.space, task.problem),
    )
    make = ALGORITHMS[str(config.algorithm)]
    if config.islands is None or config.migrate is None:
        return make(setting)
    return Islands(make, setting, config.islands, config.migrate)


def _versions(packages: Sequence[str]) -> dict[str, str]:
    """Versions of those that are installed; of what is not, the algorithm itself tells."""
    found = dict[str, str]()
    for name in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
