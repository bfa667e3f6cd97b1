"""What a search evaluates: its objectives, what its limits need, and the counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from hwnas.api._objectives import (
    ALWAYS_COUNTED,
    make_objective,
    names_in,
)
from hwnas.api._request import Request
from hwnas.config import SearchConfig
from hwnas.core.columns import columns_meant, quantity_of, resolve_column
from hwnas.core.formula import is_formula
from hwnas.core.formula_text import parse_formula
from hwnas.core.limits import check_compatible
from hwnas.core.objective import Objective
from hwnas.core.quantity import QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.engine.store import check_names
from hwnas.engine.task import Task
from hwnas.errors import ConfigError
from hwnas.objectives.combined import combined
from hwnas.objectives.evaluation import Problem, with_parts
from hwnas.objectives.unsupported import support
from hwnas.proxies.lookup import Scoring


def task_of(
    space: SearchSpace, problem: Problem, config: SearchConfig, n_classes: int | None
) -> Task:
    """What a search evaluates, and when it ends, by its configuration."""
    return Task(
        space=space,
        problem=problem,
        population=config.population,
        generations=config.generations,
        budget=config.budget,
        n_classes=n_classes,
        time_s=config.time_s,
        until_stable=config.until_stable,
        fidelities=tuple(config.fidelities or ()),
    )


def problem_of(
    request: Request, config: SearchConfig, scoring: tuple[int, Callable[[Scoring], None] | None]
) -> Problem:
    """Everything to evaluate: objectives, then what limits need, then the counts.

    Args:
        request: What was asked for.
        config: Its settings.
        scoring: Processes that compute scores, and what is called as they do.

    Raises:
        ConfigError: Two objectives are one, or nothing comes from what the user evaluates.
    """
    space, device, asked, limits = request.space, request.device, request.asked, request.limits
    evaluation = request.evaluation
    names = [name for text in config.objectives for name in names_in(text)]
    wanted = map(quantity_of, (*names, *(limit.column for limit in limits)))
    if config.power_w is not None and QUANTITIES["energy"] not in wanted:
        raise ConfigError(
            "--power-w needs energy among the objectives, with no source of its own; it is not "
            "there."
        )

    # Each once: what several rewards are made of is one objective.
    made = {name: own for name, own in asked if own is not None}

    def make(name: str) -> Objective:
        if name not in made:
            made[name] = (
                combined(parse_formula(name), make) if is_formula(name) else make_alone(name)
            )
        return made[name]

    def make_alone(name: str) -> Objective:
        n_workers, on_scoring = scoring
        return make_objective(
            space,
            name,
            device,
            request.source,
            config.power_w,
            backend=request.backend,
            n_workers=n_workers,
            on_scoring=on_scoring,
            evaluation=evaluation,
        )

    measures = [make(name) for name, _ in asked]
    _check_distinct([name for name, _ in asked], measures)
    measures = with_parts(measures)
    for name in [*(limit.column for limit in limits), *ALWAYS_COUNTED]:
        if not columns_meant(name, [measure.spec.column for measure in measures]):
            measures.append(make(name))
    if evaluation is not None and not evaluation.columns:
        raise ConfigError(
            "evaluate must give an objective or what a constraint limits; all of them have other "
            "sources. Leave evaluate or a source out."
        )
    counts, of_device = support(space, device)
    measures += counts
    columns = [measure.spec.column for measure in measures]
    check_names(columns)
    limits = tuple(
        dict.fromkeys(
            replace(limit, column=resolve_column(limit.column, columns))
            for limit in (*of_device, *limits)
        )
    )
    check_compatible(limits)
    return Problem(tuple(measures), len(asked), limits)


def _check_distinct(names: Sequence[str], measures: Sequence[Objective]) -> None:
    """See that no two objectives are one under two names, its conditions told and left open."""
    asked: dict[str, str] = {}
    for name, measure in zip(names, measures, strict=True):
        column = measure.spec.column
        if column in asked:
            raise ConfigError(
                f"Each objective counts once; {asked[column]} and {name} are both {column}."
            )
        asked[column] = name
