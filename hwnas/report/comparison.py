"""The fronts of two runs beside each other: hypervolume, and what dominates what.

References:
    Zitzler and Thiele 1999, Multiobjective Evolutionary Algorithms, IEEE TEVC 3(4): hypervolume,
    and how much of one front another covers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hwnas.choose.front import Front
from hwnas.core.columns import columns_meant, quantity_of
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.objectives.indicators import Normalisation, hypervolume, minimised

BEYOND_WORST = 1.1
"""The reference point as a multiple of the way from the best to the worst value of both fronts: a
tenth beyond the worst, so that the ends of a front count."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two runs that are compared.

    Args:
        name: What to call it, such as its directory.
        front: Its front.
        space: The search space it belongs to, with its data set.
        device: Name of the device; None for none.
        n_evaluated: Distinct architectures evaluated.
        facts: Device, algorithm, seed, versions and the like, printed in order.
        limits: What its architectures keep, as it is printed; empty for nothing.
    """

    name: str
    front: Front
    space: SearchSpace
    device: str | None
    n_evaluated: int
    facts: Mapping[str, str]
    limits: str = ""


@dataclass(frozen=True, slots=True)
class FrontComparison:
    """Two fronts of the same objectives.

    Args:
        sides: The two; the columns of both fronts are the objectives, in the order of the first.
        hypervolumes: Of each, with every objective scaled to 0 (best of both fronts) to 1 (worst).
        reference: The reference point of both, in the objectives' units.
        dominated: Of each front, shape ``(n_archs,)``: whether the other beats an architecture in
            one objective at least and is behind it in none.
        n_shared: Architectures that are on both fronts.
        notes: What keeps the two from being quite the same thing.
    """

    sides: tuple[Side, Side]
    hypervolumes: tuple[float, float]
    reference: tuple[float, ...]
    dominated: tuple[np.ndarray, np.ndarray]
    n_shared: int
    notes: tuple[str, ...]


def compare_fronts(one: Side, other: Side) -> FrontComparison:
    """Compare two fronts, all numbers as they are predicted, tabulated or measured.

    Args:
        one: A run.
        other: Another; its columns are matched by what they mean.

    Raises:
        ConfigError: The objectives, their units, the device or the data set differ, or a front is
            empty.
    """
    for side in (one, other):
        if not len(side.front):
            raise ConfigError(f"A front must not be empty to be compared; that of {side.name} is.")
    places = matched(one, other)
    check_conditions(one, other)
    sides = (_of_columns(one, range(one.front.n_objectives)), _of_columns(other, places))
    objectives = sides[0].front.objectives
    values = [side.front.values for side in sides]
    ranges = Normalisation.of(np.concatenate(values), objectives)
    reference = np.full(len(objectives), BEYOND_WORST)
    flipped = [minimised(each, objectives) for each in values]
    volumes = [hypervolume(ranges.scale(each), reference) for each in values]
    best, worst = np.array(ranges.best), np.array(ranges.worst)
    span = np.where(worst == best, minimised(np.ones(len(objectives)), objectives), worst - best)
    is_same_space = one.space == other.space
    return FrontComparison(
        sides=sides,
        hypervolumes=(volumes[0], volumes[1]),
        reference=tuple((best + BEYOND_WORST * span).tolist()),
        dominated=(_dominated(*flipped), _dominated(*flipped[::-1])),
        n_shared=len(set(one.front.archs) & set(other.front.archs)) if is_same_space else 0,
        notes=notes_of(*sides),
    )


def matched(one: Side, other: Side) -> list[int]:
    """Positions of the second run's columns that mean the first's objectives.

    Raises:
        ConfigError: They are others, or in another unit or direction.
    """
    mine, theirs = one.front.objectives, other.front.objectives
    names = [spec.column for spec in theirs]
    found = {spec.column: _meant(spec.column, names) for spec in mine}
    if set(found.values()) != set(names) or len(mine) != len(theirs):
        raise ConfigError(
            "Two runs must have the same objectives to be compared; "
            f"{one.name} has {_listed(mine)}, {other.name} has {_listed(theirs)}."
        )
    places = [names.index(found[spec.column]) for spec in mine]
    for spec, place in zip(mine, places, strict=True):
        match = theirs[place]
        if (spec.unit, spec.direction) != (match.unit, match.direction):
            raise ConfigError(
                f"{spec.column} must have one unit and direction in both runs to be compared; it "
                f"is {_way(spec)} in {one.name} and {_way(match)} in {other.name}."
            )
    return places


def _meant(name: str, names: list[str]) -> str:
    """The one of ``names`` that means what ``name`` does, or less; empty if there is none.

    Either of the two may say less than the other, as runs of older versions do.
    """
    found = columns_meant(name, names) or [each for each in names if columns_meant(each, [name])]
    return found[0] if len(found) == 1 else ""


def _way(spec: ObjectiveSpec) -> str:
    way = "smallest" if spec.direction == "min" else "largest"
    return f"best where {way}" + (f", in {spec.unit}" if spec.unit else "")


def _listed(specs: tuple[ObjectiveSpec, ...]) -> str:
    return ", ".join(spec.column for spec in specs)


def check_conditions(one: Side, other: Side) -> None:
    """Check that device and data set are the same where an objective depends on them.

    Raises:
        ConfigError: They are not.
    """
    for spec in one.front.objectives:
        quantity = quantity_of(spec.column)
        if (quantity is None or quantity.per_device) and one.device != other.device:
            raise ConfigError(
                f"Two runs must be of one device for their {spec.column} to be compared; "
                f"{one.name} is of {one.device or 'none'}, {other.name} of "
                f"{other.device or 'none'}."
            )
        mine, theirs = one.space.dataset, other.space.dataset
        if (quantity is None or quantity.per_dataset) and mine != theirs:
            raise ConfigError(
                f"Two runs must be of one data set for their {spec.column} to be compared; "
                f"{one.name} is of {mine}, {other.name} of {theirs}."
            )


def _of_columns(side: Side, places: list[int] | range) -> Side:
    """The same with some columns of its front alone, all of them objectives."""
    front, chosen = side.front, list(places)
    parts = {name: getattr(front, name)[:, chosen] for name in ("values", "lower", "upper")}
    columns = tuple(front.columns[place] for place in chosen)
    return replace(side, front=Front(front.archs, columns, n_objectives=len(chosen), **parts))


def _dominated(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which points ``(n_points, n_objectives)`` some other point beats, all minimised."""
    return np.array(
        [
            bool(((others <= point).all(axis=1) & (others < point).any(axis=1)).any())
            for point in values
        ],
        dtype=bool,
    )


def notes_of(one: Side, other: Side) -> tuple[str, ...]:
    """What keeps values of the two runs from being quite the same thing."""
    notes = []
    if one.space != other.space:
        notes.append(
            f"The runs are of two spaces: {one.space.label} and {other.space.label}. Strings are "
            "not compared."
        )
    if one.limits != other.limits:
        kept = [side.limits or "no limit" for side in (one, other)]
        notes.append(
            f"{one.name} kept {kept[0]}, {other.name} kept {kept[1]}: what a limit shut out, a "
            "search could not find."
        )
    for mine, theirs in zip(one.front.columns, other.front.columns, strict=True):
        if mine.source != theirs.source:
            notes.append(
                f"{mine.title} is {mine.source} in {one.name} and {theirs.source} in {other.name}."
            )
        elif mine.origin != theirs.origin and one.space == other.space:
            notes.append(f"{mine.title} comes from other files in {one.name} than in {other.name}.")
    return tuple(notes)
