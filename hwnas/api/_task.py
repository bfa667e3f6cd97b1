"""What a search evaluates: its objectives, what its limits need, and the counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hwnas.api._objectives import (
    ALWAYS_COUNTED,
    make_objective,
    names_in,
    objective,
    objective_name,
    parse_sources,
    usual_objectives,
)
from hwnas.config import SearchConfig
from hwnas.core.columns import columns_meant, quantity_of, resolve_column
from hwnas.core.device import Device
from hwnas.core.formula import is_formula
from hwnas.core.formula_text import parse_formula
from hwnas.core.limits import Limit, check_compatible
from hwnas.core.objective import Objective, ObjectiveSpec
from hwnas.core.quantity import DEFAULT_OBJECTIVES, QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.core.words import joined
from hwnas.engine.store import check_names
from hwnas.engine.task import Task
from hwnas.errors import ConfigError, UnknownNameError
from hwnas.measure.backends import Backend
from hwnas.objectives import SOURCES, NothingKnownError
from hwnas.objectives.combined import combined
from hwnas.objectives.evaluated import EvaluatedObjective, Evaluator
from hwnas.objectives.evaluation import Problem, with_parts
from hwnas.objectives.unsupported import support
from hwnas.proxies.lookup import Scoring

_MIN_USUAL = 2
"""A search by default has so many objectives at least."""


def known_usual(
    space: SearchSpace,
    device: Device | None,
    source: str,
    power_w: float | None,
    backend: Backend | None,
) -> tuple[list[str], list[str]]:
    """Objectives where none are asked for: what is known of the usual ones, and what is not.

    Raises:
        NothingKnownError: A search would have fewer than two.
        ConfigError: There is no device.
    """
    if device is None:
        for name in DEFAULT_OBJECTIVES:
            # What needs a device says which there are.
            if QUANTITIES[name].per_device:
                make_objective(space, name, None, source)
    known = list(usual_objectives(space, device, source, power_w, backend=backend))
    if len(known) < _MIN_USUAL:
        of_device = f" and device '{device.name}'" if device else ""
        see = f"hwnas devices show {device.name}" if device else "hwnas tables"
        raise NothingKnownError(
            f"A search needs two objectives; with the source {source}, "
            f"{f'only {known[0]}' if known else 'nothing'} is known for {space.label} on "
            f"{space.dataset}{of_device}. Name objectives, such as "
            f"{','.join([*known, *ALWAYS_COUNTED])}, or see what is known where: {see}"
        )
    return known, [name for name in DEFAULT_OBJECTIVES if name not in known]


def unknown_notes(unknown: Sequence[str]) -> list[str]:
    """What the user should know of the usual objectives that are none here."""
    if not unknown:
        return []
    words = joined([QUANTITIES[name].title.lower() for name in unknown])
    # Without a latency there is nothing to estimate it from.
    can_estimate = "energy" in unknown and "latency" not in unknown
    advice = " --power-w W gives an estimate of energy." if can_estimate else ""
    are = "is" if len(unknown) == 1 else "are"
    return [f"{words[0].upper()}{words[1:]} {are} not known here: no objective.{advice}"]


def sources_named(source: str, objectives: Sequence[Any]) -> set[str]:
    """Sources that a search names, as its usual one or for one quantity."""
    usual, its_own = parse_sources(source)
    asked = [item for item in objectives if isinstance(item, str)]
    parts = (parse_formula(item).names if "(" in item else [item] for item in asked)
    names = (name for part in parts for name in part)
    texts = (name.partition(":")[2] for name in names)
    return {usual, *its_own.values(), *(SOURCES.name_of(text) for text in texts if text)}


def named(
    items: Sequence[Any], evaluation: Evaluator | None = None
) -> list[tuple[str, Objective | None]]:
    """Objectives' names in the configuration, and the objectives that are the user's own.

    Raises:
        UnknownNameError: There is no such quantity or source.
        ConfigError: One is to come from a function that is not there, or is no quantity and not
            said to come from the function that is.
    """
    made = [None if isinstance(item, str) else _own(item, evaluation) for item in items]
    columns = [own.spec.column for own in made if own is not None]
    return [
        (_name(item, columns, evaluation) if own is None else own.spec.column, own)
        for item, own in zip(items, made, strict=True)
    ]


def _name(item: str, own: Sequence[str], evaluation: Evaluator | None) -> str:
    """An objective's text in its one form; it may be made of the user's own columns."""
    try:
        return objective_name(item, own)
    except UnknownNameError as error:
        if evaluation is None or not item.isidentifier():
            raise
        raise ConfigError(
            f"{error} Name what evaluate gives besides quantities by hwnas.evaluated('{item}')."
        ) from error


def _own(item: Any, evaluation: Evaluator | None) -> Objective:
    """The user's own objective, made from a function where it is none yet."""
    if isinstance(item, ObjectiveSpec):
        if evaluation is None:
            raise ConfigError(
                f"{item.column} must come from your own function; give it with evaluate=."
            )
        return EvaluatedObjective(item, evaluation)
    is_made = isinstance(getattr(item, "spec", None), ObjectiveSpec)
    return item if is_made else objective(item)


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
    space: SearchSpace,
    device: Device | None,
    config: SearchConfig,
    asked: Sequence[tuple[str, Objective | None]],
    limits: tuple[Limit, ...],
    backend: Backend | None,
    scoring: tuple[int, Callable[[Scoring], None] | None],
    evaluation: Evaluator | None = None,
) -> Problem:
    """Everything to evaluate: objectives, then what limits need, then the counts.

    Raises:
        ConfigError: Two objectives are one, or nothing comes from what the user evaluates.
    """
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
            space, name, device, config.source, config.power_w,
            backend=backend, n_workers=n_workers, on_scoring=on_scoring, evaluation=evaluation,
        )  # fmt: skip

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
