"""What a search evaluates: its objectives, what its limits need, and the counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hwnas.api._objectives import (
    ALWAYS_COUNTED,
    make_objective,
    objective,
    objective_name,
    parse_sources,
    usual_objectives,
)
from hwnas.config import SearchConfig
from hwnas.core.columns import columns_meant, quantity_of, resolve_column
from hwnas.core.device import Device
from hwnas.core.limits import Limit, check_compatible
from hwnas.core.objective import Objective, ObjectiveSpec
from hwnas.core.quantity import DEFAULT_OBJECTIVES, QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.core.words import joined
from hwnas.engine.loop import Task
from hwnas.engine.store import check_names
from hwnas.errors import ConfigError
from hwnas.measure.backends import Backend
from hwnas.objectives import NothingKnownError
from hwnas.objectives.evaluated import EvaluatedObjective, Evaluation
from hwnas.objectives.evaluation import Problem
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
    texts = (objective_name(item).partition(":")[2] for item in objectives if isinstance(item, str))
    return {usual, *its_own.values(), *texts}


def named(item: Any, evaluation: Evaluation | None = None) -> tuple[str, Objective | None]:
    """An objective's name in the configuration, and the objective if it is the user's own.

    Raises:
        ConfigError: It is to come from a function that is not there.
    """
    if isinstance(item, str):
        return objective_name(item), None
    if isinstance(item, ObjectiveSpec):
        if evaluation is None:
            raise ConfigError(
                f"{item.column} must come from your own function; give it with evaluate=."
            )
        return item.column, EvaluatedObjective(item, evaluation)
    is_made = isinstance(getattr(item, "spec", None), ObjectiveSpec)
    own = item if is_made else objective(item)
    return own.spec.column, own


def task_of(
    space: SearchSpace,
    device: Device | None,
    config: SearchConfig,
    asked: Sequence[tuple[str, Objective | None]],
    limits: tuple[Limit, ...],
    backend: Backend | None,
    scoring: tuple[int, Callable[[Scoring], None] | None],
    evaluation: Evaluation | None = None,
) -> Task:
    """Everything to evaluate: objectives, then what limits need, then the counts.

    Raises:
        ConfigError: Two objectives are one, or nothing comes from what the user evaluates.
    """
    wanted = map(quantity_of, (*config.objectives, *(limit.column for limit in limits)))
    if config.power_w is not None and QUANTITIES["energy"] not in wanted:
        raise ConfigError(
            "--power-w needs energy among the objectives, with no source of its own; it is not "
            "there."
        )

    def make(name: str) -> Objective:
        n_workers, on_scoring = scoring
        return make_objective(
            space, name, device, config.source, config.power_w,
            backend=backend, n_workers=n_workers, on_scoring=on_scoring, evaluation=evaluation,
        )  # fmt: skip

    measures = [own or make(name) for name, own in asked]
    _check_distinct([name for name, _ in asked], measures)
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
    return Task(
        space=space,
        problem=Problem(tuple(measures), len(asked), limits),
        population=config.population,
        generations=config.generations,
        budget=config.budget,
    )


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
