"""Choice of one architecture from a front: the best that the limits leave."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from hwnas.choose.candidates import rankable, within
from hwnas.choose.comparison import compare, is_uncertain, limit_chance
from hwnas.choose.front import Front
from hwnas.choose.pick import Choice
from hwnas.choose.ranking import METHODS, rank
from hwnas.choose.selection import Selection
from hwnas.core.columns import ByColumn, quantity_of, resolve_column, resolve_columns
from hwnas.core.limits import (
    Goal,
    Limit,
    Relation,
    Share,
    bound_of,
    check_compatible,
    in_own_units,
    parse_limit,
)
from hwnas.core.numbers import outward
from hwnas.core.residuals import DEFAULT_LIMIT_AT, limit_share
from hwnas.errors import ConfigError, NoCandidateError, known_name


def select(
    front: Front,
    at_most: Mapping[str, Goal] | None = None,
    at_least: Mapping[str, Goal] | None = None,
    prefer: Mapping[str, float] | None = None,
    method: str | None = None,
    limit_at: str = DEFAULT_LIMIT_AT,
    baseline: Choice | None = None,
    constraints: Sequence[str | Limit] = (),
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
        at_most: Largest value allowed by column, in the unit that the column names, or a share
            of the baseline's; applied first. A column's conditions may be left open where one
            column only is meant: ``accuracy_pct``.
        at_least: Smallest value allowed by column.
        prefer: Relative importance by column; a column not named is ignored.
        method: ``"lexicographic"``, the default under limits; ``"knee"``, the default without;
            ``"asf"``, the default with a preference; or ``"pseudo-weights"``. Without a preference
            all objectives count the same for the last three. See
            :func:`hwnas.choose.ranking.rank`.
        limit_at: What must keep a limit: ``"interval"``, the far end of the value's 90 % interval;
            ``"point"``, the value; or a probability such as ``"90%"``.
        baseline: What the user has, to compare the pick with.
        constraints: More limits, as a search takes them: ``"latency_ms<=5"``.

    Raises:
        NoCandidateError: The front is empty or the limits leave nothing.
        UnknownNameError: The front has no such column, or there is no such method.
        ConfigError: A name may mean several columns, a limit or a weight is no number it can be,
            ``knee`` is given a preference, a limit is relative and the baseline's value is not
            known, or two limits exclude each other.
    """
    if len(front) == 0:
        raise NoCandidateError(
            "The front must hold at least one architecture; it is empty. "
            "Search longer or loosen the search's constraints."
        )
    limits = _limits(front, at_most or {}, at_least or {}, baseline, constraints)
    chosen_method = _method(method, has_preference=prefer is not None, has_limits=bool(limits))
    if prefer is None and chosen_method == "lexicographic":
        weights = {_leading(front, limits): 1.0}
    else:
        weights = _weights(front, prefer)
    # Every objective breaks ties, so one without weight is still a criterion.
    criteria = list(dict.fromkeys([*(spec.column for spec in front.objectives), *weights]))
    candidates = rankable(front, within(front, limits, limit_share(limit_at)), criteria)
    points = _minimised(front, criteria)[candidates]
    vector = np.array([weights.get(column, 0.0) for column in criteria])
    ranked = candidates[rank(points, vector, chosen_method)]
    selection = _limited(_selection(front, ranked, chosen_method, weights), limits, limit_at)
    if baseline is None:
        return selection
    return replace(selection, versus_baseline=compare(selection.pick, baseline, front.objectives))


def _limits(
    front: Front,
    at_most: Mapping[str, Goal],
    at_least: Mapping[str, Goal],
    baseline: Choice | None,
    constraints: Sequence[str | Limit],
) -> tuple[Limit, ...]:
    """All limits by whole columns, each once, none excluding another."""
    values = {} if baseline is None else baseline.values
    sides: tuple[tuple[Relation, Mapping[str, Goal]], ...] = (("<=", at_most), (">=", at_least))
    limits = [
        Limit(column, relation, _bound(goal, column, values, relation))
        for relation, goals in sides
        for column, goal in resolve_columns(in_own_units(goals, front.names), front.names).items()
    ]
    limits += constraints_on(front, constraints)
    check_compatible(limits)
    return tuple(dict.fromkeys(limits))


def constraints_on(front: Front, constraints: Sequence[str | Limit]) -> list[Limit]:
    """Limits as a search takes them, by whole columns of a front.

    Raises:
        ConfigError: One has another form, or may mean several columns.
        UnknownNameError: There is no such column.
    """
    if isinstance(constraints, str):
        raise ConfigError(
            f"constraints must be a list; got the text {constraints!r}. Put it in brackets."
        )
    parsed = [
        each if isinstance(each, Limit) else parse_limit(each, "--constraint", front.names)
        for each in constraints
    ]
    return [replace(each, column=resolve_column(each.column, front.names)) for each in parsed]


def _bound(goal: Goal, column: str, baseline: Mapping[str, float], relation: Relation) -> float:
    """The bound that a goal states; of a share of the baseline four digits, to its strict side."""
    bound = bound_of(goal, column, baseline)
    return float(outward(bound, is_upper=relation == ">=")) if isinstance(goal, Share) else bound


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
    method = known_name("method", method, METHODS)
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
    given = resolve_columns(prefer, front.names)
    for column, weight in given.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise ConfigError(
                f"The preference for {column} must be a finite number, 0 or more; got {weight:g}."
            )
    positive = {column: float(weight) for column, weight in given.items() if weight > 0}
    if not positive:
        raise ConfigError("A preference must give one column at least a weight above 0; got none.")
    return positive


def _minimised(front: Front, columns: Iterable[str]) -> np.ndarray:
    """Values with every column's better end down, shape ``(n_archs, n_columns)``."""
    signs = {spec.column: 1.0 if spec.direction == "min" else -1.0 for spec in front.columns}
    return np.stack([signs[column] * front.column(column) for column in columns], axis=1)


def _selection(
    front: Front, ranked: np.ndarray, method: str, weights: Mapping[str, float]
) -> Selection:
    """What to say of the first of the ranked rows."""
    pick = front[ranked[0]]
    versus = None
    if len(ranked) > 1:
        versus = compare(pick, front[ranked[1]], front.objectives)
    objectives = [spec.column for spec in front.objectives]
    values = _minimised(front, objectives)[ranked]
    gaps = values[0] - values.min(axis=0)
    return Selection(
        pick=pick,
        versus_runner_up=versus,
        versus_baseline=None,
        columns=front.columns,
        n_objectives=front.n_objectives,
        n_archs=len(front),
        n_candidates=len(ranked),
        gives_up=ByColumn(zip(objectives, gaps.tolist(), strict=True)),
        method=method,
        weights=ByColumn(weights),
    )


def _limited(selection: Selection, limits: tuple[Limit, ...], limit_at: str) -> Selection:
    """The same, with how surely the pick keeps the limits."""
    specs, pick = {spec.column: spec for spec in selection.columns}, selection.pick
    return replace(
        selection,
        limits=limits,
        limit_at=limit_at,
        limit_chances=tuple(limit_chance(specs[each.column], pick, each) for each in limits),
        uncertain_limits=tuple(limit for limit in limits if is_uncertain(pick, limit)),
    )
