"""Choice of one architecture from a front: the best that the limits leave."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hwnas.choose.candidates import rankable, within
from hwnas.choose.ranking import METHODS, rank
from hwnas.core.front import Front
from hwnas.core.limits import Limit, column_of, quantity_of
from hwnas.core.objective import ObjectiveSpec
from hwnas.errors import ConfigError, NoCandidateError, UnknownNameError


@dataclass(frozen=True, slots=True)
class Choice:
    """An architecture of a front.

    Args:
        index: Its row in the front.
        arch: Its published string.
        values: Value by column, in the column's unit; NaN where unknown.
        intervals: Ends of the 90 % interval by column, for the columns that have one.
    """

    index: int
    arch: str
    values: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen from a front, against what, and at what price.

    Args:
        pick: The chosen architecture.
        runner_up: The next in order; None when nothing else was left.
        columns: What the front's columns are.
        n_objectives: How many of ``columns`` were optimised, the first ones.
        n_archs: Architectures of the front.
        n_candidates: Those of them that satisfy the limits and can be ranked.
        gives_up: By objective, how far the pick is behind the best candidate; 0 if it is the best.
        versus_runner_up: By objective, the pick's value minus the runner-up's; empty without one.
        indistinguishable: Objectives in which the 90 % intervals of pick and runner-up overlap; a
            value without an interval counts as exact.
        method: One of ``METHODS``.
        weights: Relative importance by column; columns not named were ignored.
        limits: What every candidate satisfies, in the order applied.
        uncertain_limits: Those of ``limits`` whose bound lies inside the pick's 90 % interval.
    """

    pick: Choice
    runner_up: Choice | None
    columns: tuple[ObjectiveSpec, ...]
    n_objectives: int
    n_archs: int
    n_candidates: int
    gives_up: Mapping[str, float]
    versus_runner_up: Mapping[str, float]
    indistinguishable: tuple[str, ...]
    method: str
    weights: Mapping[str, float]
    limits: tuple[Limit, ...]
    uncertain_limits: tuple[Limit, ...]

    @property
    def is_tie(self) -> bool:
        """Whether pick and runner-up cannot be told apart in any objective."""
        return self.runner_up is not None and len(self.indistinguishable) == self.n_objectives


def select(
    front: Front,
    at_most: Mapping[str, float] | None = None,
    at_least: Mapping[str, float] | None = None,
    prefer: Mapping[str, float] | None = None,
    method: str | None = None,
) -> Selection:
    """The architecture of a front to ship: the preferred one of those that satisfy the limits.

    An architecture whose value in a limited column is unknown does not satisfy the limit. The
    order of the front's rows does not matter; ties go to the first string in alphabetical order.

    Under limits and without a preference, what is limited is good enough, and the best in what is
    left is chosen: the first quality, such as accuracy, else the first objective, the others
    breaking ties. A looser limit therefore never gives a worse one. Where all is limited, the first
    quality of all.

    Args:
        front: Where to choose from.
        at_most: Largest value allowed by column, in the column's unit; applied first.
        at_least: Smallest value allowed by column.
        prefer: Relative importance by column; a column not named is ignored.
        method: ``"lexicographic"``, the default under limits; ``"knee"``, the default without;
            ``"asf"``, the default with a preference; or ``"pseudo-weights"``. Without a preference
            all objectives count the same for the last three. See
            :func:`hwnas.choose.ranking.rank`.

    Raises:
        NoCandidateError: The front is empty or the limits leave nothing.
        UnknownNameError: The front has no such column, or there is no such method.
        ConfigError: A limit or a weight is no number it can be, or ``knee`` is given a preference.
    """
    if len(front) == 0:
        raise NoCandidateError(
            "The front must hold at least one architecture; it is empty. "
            "Search longer or loosen the search's constraints."
        )
    limits = _limits(front, at_most or {}, at_least or {})
    chosen_method = _method(method, has_preference=prefer is not None, has_limits=bool(limits))
    if prefer is None and chosen_method == "lexicographic":
        weights = {_leading(front, limits): 1.0}
    else:
        weights = _weights(front, prefer)
    # Every objective breaks ties, so one without weight is still a criterion.
    criteria = list(dict.fromkeys([*(spec.column for spec in front.objectives), *weights]))
    candidates = rankable(front, within(front, limits), criteria)
    points = _minimised(front, criteria)[candidates]
    vector = np.array([weights.get(column, 0.0) for column in criteria])
    return _selection(
        front, candidates[rank(points, vector, chosen_method)], chosen_method, weights, limits
    )


def _columns(front: Front, given: Mapping[str, float]) -> dict[str, float]:
    """``given`` with the front's own column names as keys."""
    known = [spec.column for spec in front.columns]
    found = {}
    for name, value in given.items():
        column = name if name in known else column_of(name)
        if column not in known:
            raise UnknownNameError("column", name, known)
        found[column] = float(value)
    return found


def _limits(
    front: Front, at_most: Mapping[str, float], at_least: Mapping[str, float]
) -> tuple[Limit, ...]:
    upper = [Limit(column, "<=", bound) for column, bound in _columns(front, at_most).items()]
    lower = [Limit(column, ">=", bound) for column, bound in _columns(front, at_least).items()]
    return (*upper, *lower)


def _leading(front: Front, limits: Sequence[Limit]) -> str:
    """The column to be best in: the first quality that no limit is on, else the first objective."""
    limited = {limit.column for limit in limits}
    names = [spec.column for spec in front.objectives]
    left = [name for name in names if name not in limited] or names
    quantities = {name: quantity_of(name) for name in left}
    return next((name for name, found in quantities.items() if found and found.is_quality), left[0])


def _method(method: str | None, has_preference: bool, has_limits: bool) -> str:
    if method is None and has_preference:
        return "asf"
    if method is None:
        return "lexicographic" if has_limits else "knee"
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    if method == "knee" and has_preference:
        raise ConfigError(
            "Method 'knee' takes no preference; got one. "
            "Choose method 'asf' or 'pseudo-weights', or drop the preference."
        )
    return method


def _weights(front: Front, prefer: Mapping[str, float] | None) -> dict[str, float]:
    """Positive weights by column; those of all objectives are 1 without a preference."""
    if prefer is None:
        return {spec.column: 1.0 for spec in front.objectives}
    given = _columns(front, prefer)
    for column, weight in given.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise ConfigError(
                f"The preference for {column} must be a finite number, 0 or more; got {weight:g}."
            )
    positive = {column: weight for column, weight in given.items() if weight > 0}
    if not positive:
        raise ConfigError("A preference must give one column at least a weight above 0; got none.")
    return positive


def _minimised(front: Front, columns: Iterable[str]) -> np.ndarray:
    """Values with every column's better end down, shape ``(n_archs, n_columns)``."""
    signs = {spec.column: 1.0 if spec.direction == "min" else -1.0 for spec in front.columns}
    return np.stack([signs[column] * front.column(column) for column in columns], axis=1)


def _choice(front: Front, row: int) -> Choice:
    names = [spec.column for spec in front.columns]
    ends = zip(names, front.lower[row].tolist(), front.upper[row].tolist(), strict=True)
    return Choice(
        index=int(row),
        arch=front.archs[row],
        values=dict(zip(names, front.values[row].tolist(), strict=True)),
        intervals={
            name: (lower, upper)
            for name, lower, upper in ends
            if math.isfinite(lower) and math.isfinite(upper)
        },
    )


def _selection(
    front: Front,
    ranked: np.ndarray,
    method: str,
    weights: Mapping[str, float],
    limits: tuple[Limit, ...],
) -> Selection:
    """What to say of the first of the ranked rows."""
    pick = _choice(front, ranked[0])
    runner_up = _choice(front, ranked[1]) if len(ranked) > 1 else None
    objectives = [spec.column for spec in front.objectives]
    values = _minimised(front, objectives)[ranked]
    gaps = values[0] - values.min(axis=0)
    return Selection(
        pick=pick,
        runner_up=runner_up,
        columns=front.columns,
        n_objectives=front.n_objectives,
        n_archs=len(front),
        n_candidates=len(ranked),
        gives_up=dict(zip(objectives, gaps.tolist(), strict=True)),
        versus_runner_up=_differences(pick, runner_up, objectives),
        indistinguishable=_overlaps(pick, runner_up, objectives),
        method=method,
        weights=dict(weights),
        limits=limits,
        uncertain_limits=tuple(limit for limit in limits if _is_uncertain(pick, limit)),
    )


def _interval(choice: Choice, column: str) -> tuple[float, float]:
    """Ends of the 90 % interval; the value twice where there is none."""
    value = choice.values[column]
    return choice.intervals.get(column, (value, value))


def _differences(pick: Choice, other: Choice | None, columns: Sequence[str]) -> dict[str, float]:
    """By column, the value of ``pick`` minus that of ``other``; empty without another."""
    if other is None:
        return {}
    return {column: pick.values[column] - other.values[column] for column in columns}


def _overlaps(pick: Choice, other: Choice | None, columns: Sequence[str]) -> tuple[str, ...]:
    """Columns in which the intervals of two choices overlap; none without another."""
    if other is None:
        return ()
    ends = {column: (*_interval(pick, column), *_interval(other, column)) for column in columns}
    return tuple(
        column
        for column, (lower, upper, other_lower, other_upper) in ends.items()
        if lower <= other_upper and other_lower <= upper
    )


def _is_uncertain(choice: Choice, limit: Limit) -> bool:
    """Whether an end of the 90 % interval breaks a limit that the value satisfies."""
    return bool(limit.violation(np.array(_interval(choice, limit.column))).any())
