"""What a search is asked for, by names or made already: its objectives and limits, and of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hwnas.api._backends import backend_of
from hwnas.api._objectives import (
    ALWAYS_COUNTED,
    USUAL_SOURCE,
    make_objective,
    objective,
    objective_name,
    parse_sources,
    source_text,
    usual_objectives,
)
from hwnas.api._spaces import resolve_space
from hwnas.core.device import Device
from hwnas.core.formula import kinds_of
from hwnas.core.formula_text import parse_formula
from hwnas.core.limits import Limit, parse_limit
from hwnas.core.objective import Objective, ObjectiveSpec
from hwnas.core.quantity import DEFAULT_OBJECTIVES, QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.core.words import joined
from hwnas.errors import ConfigError, UnknownNameError
from hwnas.measure.backends import Backend
from hwnas.objectives import SOURCES, NothingKnownError
from hwnas.objectives.devices import load_device
from hwnas.objectives.evaluated import SOURCE as EVALUATE
from hwnas.objectives.evaluated import EvaluatedObjective
from hwnas.objectives.evaluator import Evaluator
from hwnas.objectives.measured import SOURCE, USUAL_BACKEND, local_device
from hwnas.objectives.scored import scored_names

_MIN_USUAL = 2
"""A search by default has so many objectives at least."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be searched for.

    Args:
        space: Search space with its data set.
        device: Target machine; None where nothing is about one.
        source: Source of the objectives that name none, in its one form.
        asked: The objectives' names in the configuration, and those that are the user's own.
        limits: What must hold, each once.
        backend: What runs models on the device; None for what its description says.
        evaluation: The user's own evaluation of several values at once.
        unknown: Usual objectives that are not known here.
    """

    space: SearchSpace
    device: Device | None
    source: str
    asked: tuple[tuple[str, Objective | None], ...]
    limits: tuple[Limit, ...]
    backend: Backend | None
    evaluation: Evaluator | None
    unknown: tuple[str, ...]


def request_of(
    space: str | SearchSpace,
    device: str | Device | None,
    dataset: str | None,
    objectives: Sequence[Any] | None,
    constraints: Sequence[str | Limit],
    source: str | None,
    power_w: float | None,
    backend: str | Backend | None,
    evaluation: Evaluator | None,
) -> Request:
    """What is asked for in the words of ``hwnas.search``, whose arguments these are.

    Raises:
        UnknownNameError: A name is not known.
        ConfigError: The objectives cannot be, or nothing is named that the evaluation gives.
    """
    space = resolve_space(space, dataset)
    source = source_text(source, USUAL_SOURCE if evaluation is None else EVALUATE)
    runs_on = None if backend is None else backend_of(backend)
    if device is None and SOURCE in sources_named(source, objectives or ()):
        device = local_device(runs_on.name if runs_on else USUAL_BACKEND)
    device = load_device(device) if isinstance(device, str) else device
    if objectives is None and evaluation is not None:
        raise ConfigError("evaluate needs objectives: name what it gives; got none.")
    unknown = list[str]()
    if objectives is None:
        # How large the power is will be checked with the other settings.
        watts = None if power_w is None else 1.0
        objectives, unknown = known_usual(space, device, source, watts, runs_on)
    asked = tuple(named(objectives, evaluation))
    limits = _limits(asked, constraints)
    return Request(space, device, source, asked, limits, runs_on, evaluation, tuple(unknown))


def _limits(
    asked: Sequence[tuple[str, Objective | None]], constraints: Sequence[str | Limit]
) -> tuple[Limit, ...]:
    """Each limit once, on columns of quantities or of the objectives."""
    # Scores and rewards have columns of their own too, which are those of no quantity.
    own = [*(name for name, made in asked if made is not None), *scored_names()]
    own += kinds_of(name for name, _ in asked)
    limits = (
        limit if isinstance(limit, Limit) else parse_limit(limit, "--constraint", own)
        for limit in constraints
    )
    return tuple(dict.fromkeys(limits))


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
