"""Objectives by name: what they are made of, and where their values come from."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hwnas._names import same, shown
from hwnas.core import arguments, given
from hwnas.core.architecture import Architecture
from hwnas.core.arguments import checked, whole
from hwnas.core.device import Device
from hwnas.core.formula import is_formula
from hwnas.core.formula_text import parse_formula
from hwnas.core.objective import Objective
from hwnas.core.quantity import DEFAULT_OBJECTIVES, QUANTITIES, Direction
from hwnas.core.residuals import INEXACT
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target, parse_target
from hwnas.errors import ArgumentError, ConfigError, UnknownNameError
from hwnas.objectives import SOURCES, NothingKnownError, Question
from hwnas.objectives.combined import combined
from hwnas.objectives.scored import ScoredObjective, scored_names
from hwnas.objectives.simple import COUNTED, CountedObjective, CustomObjective, RatedEnergy
from hwnas.objectives.skill import lacking_skill, skill_note
from hwnas.objectives.unsupported import COLUMN as UNSUPPORTED
from hwnas.objectives.unsupported import UnsupportedOperators
from hwnas.proxies.lookup import Scoring

if TYPE_CHECKING:
    from hwnas.measure.backends import Backend
    from hwnas.objectives.evaluator import Evaluator


__all__ = [
    "COUNTED",
    "INEXACT",
    "lacking_skill",
    "make_objective",
    "objective",
    "objective_name",
    "scored_names",
    "skill_note",
]

USUAL_SOURCE = "predictor"
ALWAYS_COUNTED = ("params", "macs")
"""Columns that a search and a prediction have, asked for or not."""


@checked(column=arguments.text, unit=arguments.text, title=arguments.text)
def objective(
    function: Callable[[Sequence[Architecture]], np.ndarray],
    column: str | None = None,
    direction: Direction = "min",
    unit: str = "",
    title: str = "",
) -> Objective:
    """Your own function as an objective.

    Args:
        function: Takes ``n_archs`` architectures, returns values of shape ``(n_archs,)``; NaN
            means that the value is unknown.
        column: Name of the values, with their unit; the function's name by default.
        direction: ``"min"`` or ``"max"``.
        unit: The unit, for people.
        title: A heading for people.

    Raises:
        ConfigError: It is no function, it has no name or that of a known quantity, or the
            direction is none.
    """
    if not callable(function):
        raise ArgumentError(
            f"An objective must be a quantity or a function; got {shown(function)}."
        )
    name = column or str(getattr(function, "__name__", ""))
    return CustomObjective(function, name, direction, unit, title)


@checked(
    space=given.loaded_space,
    name=arguments.text,
    device=given.loaded_device,
    source=arguments.text,
    power_w=arguments.watts,
    as_given=arguments.flag,
    n_workers=whole(at_least=1),
    on_scoring=arguments.function,
)
def make_objective(
    space: SearchSpace,
    name: str,
    device: Device | None = None,
    source: str = "predictor",
    power_w: float | None = None,
    as_given: bool = False,
    backend: Backend | None = None,
    n_workers: int = 1,
    on_scoring: Callable[[Scoring], None] | None = None,
    evaluation: Evaluator | None = None,
) -> Objective:
    """The objective of a quantity, or of a zero-cost proxy.

    Args:
        space: Search space with its data set.
        name: Quantity, such as ``"latency"`` or ``"robustness@pgd-eps1"``; one that names its
            source, such as ``"latency:table"``, is neither counted nor estimated from a power; a
            proxy, such as ``"nwot"``, or ``"vote"``; or a reward of such, see ``parse_formula``.
        device: Device, for quantities that need one.
        source: ``"predictor"``, ``"table"`` or ``"measure"``, for a quantity that names none; see
            ``parse_sources``.
        power_w: Rated power in watts; energy is then estimated from it.
        as_given: Whether an architecture is asked for itself: a table answers with its own row,
            where it has one, and a predictor that tells nets apart with what this one takes, and
            neither with the mean over the functional class.
        backend: What runs models on the device, for what is measured.
        n_workers: Processes that compute scores of proxies, at most.
        on_scoring: Called as the first of these are computed.
        evaluation: The user's own function, for the source ``"evaluate"``.

    Raises:
        UnknownNameError: There is no such quantity, proxy, condition or source.
        ConfigError: Nothing is known of the quantity for this space, data set and device; or a
            proxy has a condition or source.
        MissingExtraError: Scores must be computed, and torch is not installed.
        ArtifactError: A predictor's files are damaged.
        TableError: A table is missing from the cache or damaged.
    """
    if name == UNSUPPORTED and device is not None:
        return UnsupportedOperators(space, device)
    if "(" in name:

        def make_part(part: str) -> Objective:
            return make_objective(
                space, part, device, source, power_w, as_given, backend,
                n_workers, on_scoring, evaluation,
            )  # fmt: skip

        return combined(parse_formula(name, objective_name), make_part)
    text, its_source = _split(name)
    scored = _scored(text, its_source)
    if scored is not None:
        return ScoredObjective(space, scored, n_workers, on_scoring)
    target = _target(text, space.dataset, device.name if device else None)
    usual, its_own = parse_sources(source)
    its_source = its_source or its_own.get(str(target)) or its_own.get(target.quantity)
    if its_source is None and target.quantity in COUNTED:
        return CountedObjective(space, text)
    if its_source is None and target.quantity == "energy" and power_w is not None:
        asked = str(replace(target, quantity="latency"))
        latency = make_objective(
            space, asked, device, source, as_given=as_given, backend=backend, evaluation=evaluation
        )
        return RatedEnergy(latency, power_w)
    question = Question(space, target, device, as_given, backend, evaluation)
    return SOURCES[its_source or usual](question)


def usual_objectives(
    space: SearchSpace,
    device: Device | None,
    source: str = USUAL_SOURCE,
    power_w: float | None = None,
    as_given: bool = False,
    backend: Backend | None = None,
) -> dict[str, Objective]:
    """What is known of accuracy, robustness, latency and energy, by name, as none is asked for.

    Of a device with neither latency nor energy, what else is known of it takes their place.
    Arguments are those of ``make_objective``.

    Raises:
        UnknownNameError: There is no such source, or it is named for no quantity.
        ConfigError: A source has no values of that kind.
        ArtifactError: A predictor's files are damaged.
        TableError: A table is missing from the cache or damaged.
    """
    # A name that is none is no quantity that is not known.
    parse_sources(source)
    found: dict[str, Objective] = {}

    def add(names: Iterable[str]) -> None:
        for name in names:
            if QUANTITIES[name].per_device and device is None:
                continue
            with contextlib.suppress(NothingKnownError, UnknownNameError):
                found[name] = make_objective(
                    space, name, device, source, power_w, as_given, backend
                )

    add(DEFAULT_OBJECTIVES)
    if not any(QUANTITIES[name].per_device for name in found):
        add(each.name for each in QUANTITIES.values() if each.per_device)
    return found


@checked(text=arguments.text)
def objective_name(text: str, own: Collection[str] = ()) -> str:
    """An objective's text in its one form: ``latency@batch8:table``, however it was spelled.

    Args:
        text: The text.
        own: Columns of the user's own objectives, which a reward may be made of.

    Raises:
        UnknownNameError: There is no such quantity or source.
        ConfigError: Its conditions have another form, or it is no reward that can be.
    """
    if "(" in text:
        # No name has brackets: of a form that is none, the forms are told.
        return str(
            parse_formula(text, lambda part: part if part in own else objective_name(part), own)
        )
    name, source = _split(text)
    return _scored(name, source) or ":".join(filter(None, (str(_target(name)), source)))


def names_in(text: str) -> list[str]:
    """What an objective's text in its one form names: itself, or what a reward is made of."""
    return parse_formula(text).names if is_formula(text) else [text]


def _scored(text: str, source: str | None) -> str | None:
    """The proxy that an objective's text names; None if it is none.

    Raises:
        ConfigError: It has a condition or a source.
    """
    given, at, _ = text.strip().partition("@")
    found = same(given, scored_names())
    if len(found) != 1:
        return None
    (name,) = found
    if at or source is not None:
        raise ConfigError(
            f"'{name}' is a score of the untrained network and has neither conditions nor a "
            f"source; got '{text}{f':{source}' if source else ''}'. Leave them out."
        )
    return found[0]


def _target(text: str, dataset: str | None = None, device: str | None = None) -> Target:
    """The target that an objective's text names; its error knows the proxies too."""
    try:
        return parse_target(text, dataset, device)
    except UnknownNameError as error:
        name = text.strip().partition("@")[0]
        words = {word for each in QUANTITIES.values() for word in (each.name, each.column)}
        if same(name, words):
            raise
        raise UnknownNameError(
            "quantity", name, [*words, *scored_names()], also=words - set(QUANTITIES)
        ) from error


def parse_sources(text: str) -> tuple[str, dict[str, str]]:
    """The usual source that a text names, and those of single quantities.

    Args:
        text: Such as ``"table"``, ``"latency:measure"`` or ``"table,latency@batch8:measure"``.

    Raises:
        UnknownNameError: There is no such source or quantity.

    Example:
        >>> parse_sources("latency:measure")
        ('predictor', {'latency': 'measure'})
    """
    usual, its_own = USUAL_SOURCE, {}
    for part in text.split(","):
        name, source = _split(part)
        if source is None:
            usual = SOURCES.name_of(name)
        else:
            its_own[str(parse_target(name))] = source
    return usual, its_own


def source_text(text: str | None, usual: str = "") -> str:
    """The same text with every name as files have it: ``"Table,latency_ms:measure"``, for one.

    Args:
        text: As ``parse_sources`` takes it, or None where nothing is said.
        usual: The source to put first where the text names one for single quantities at most.

    Raises:
        UnknownNameError: There is no such source or quantity.

    Example:
        >>> source_text("Table, latency_ms:measure")
        'table,latency:measure'
        >>> source_text("latency:measure", usual="evaluate")
        'evaluate,latency:measure'
    """
    parts = [
        objective_name(part) if ":" in part else SOURCES.name_of(part.strip())
        for part in ([] if text is None else text.split(","))
    ]
    if all(":" in part for part in parts):
        parts = [*filter(None, [usual]), *parts]
    return ",".join(parts)


def _split(text: str) -> tuple[str, str | None]:
    """The target of an objective's text, and its source if it names one.

    Raises:
        UnknownNameError: There is no such source.
    """
    name, colon, source = text.strip().partition(":")
    # An unknown one is told here, with the nearest.
    return name, SOURCES.name_of(source) if colon else None
