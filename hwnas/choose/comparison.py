"""How probable it is that a choice keeps its limits, and that it is better than another."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hwnas.choose.pick import Choice
from hwnas.choose.selection import Comparison
from hwnas.core.columns import ByColumn
from hwnas.core.limits import Limit
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.residuals import INEXACT, chance_at_most, chance_larger


def compare(pick: Choice, other: Choice, objectives: Sequence[ObjectiveSpec]) -> Comparison:
    """A pick against another architecture.

    Args:
        pick: The pick.
        other: What it is compared with; unknown where it lacks an objective.
        objectives: The objectives.
    """
    gaps = {spec.column: _gap(spec, pick, other) for spec in objectives}
    return Comparison(
        other=other,
        differences=ByColumn(
            {column: pick.values[column] - other.values[column] for column in gaps}
        ),
        chances=ByColumn({spec.column: better_chance(spec, pick, other) for spec in objectives}),
        better=tuple(column for column, gap in gaps.items() if gap > 0),
        worse=tuple(column for column, gap in gaps.items() if gap < 0),
        indistinguishable=tuple(column for column, gap in gaps.items() if gap == 0),
    )


def limit_chance(spec: ObjectiveSpec, choice: Choice, limit: Limit) -> float | None:
    """Probability that a choice keeps a limit; None where its error is not known.

    Args:
        spec: What the limited column is.
        choice: The choice.
        limit: The limit.
    """
    estimate = _estimate(spec, choice)
    if estimate is None:
        return None
    if limit.relation == "<=":
        return chance_at_most(*estimate, limit.bound)
    # The other way round, so that a value on the bound keeps it.
    value, lower, upper = estimate
    return chance_at_most(-value, -upper, -lower, -limit.bound)


def is_uncertain(choice: Choice, limit: Limit) -> bool:
    """Whether an end of the 90 % interval breaks a limit that the value satisfies."""
    return bool(limit.violation(np.array(choice.interval(limit.column))).any())


def better_chance(spec: ObjectiveSpec, one: Choice, other: Choice) -> float | None:
    """Probability that one choice is better than another in a column; None if not known."""
    estimate, other_estimate = _estimate(spec, one), _estimate(spec, other)
    if estimate is None or other_estimate is None:
        return None
    larger = chance_larger(estimate, other_estimate)
    return larger if spec.direction == "max" else 1 - larger


def _gap(spec: ObjectiveSpec, one: Choice, other: Choice) -> float:
    """Distance between two 90 % intervals, positive if the first is better; 0 if they overlap.

    NaN where a value is unknown; 0 where nothing is known of its error, however far apart.
    """
    (lower, upper), (other_lower, other_upper) = (
        choice.interval(spec.column) for choice in (one, other)
    )
    sign = 1.0 if spec.direction == "max" else -1.0
    if math.isnan(lower) or math.isnan(other_lower):
        return math.nan
    if _estimate(spec, one) is None or _estimate(spec, other) is None:
        return 0.0
    if lower > other_upper:
        return sign * (lower - other_upper)
    return sign * (upper - other_lower) if upper < other_lower else 0.0


def _estimate(spec: ObjectiveSpec, choice: Choice) -> tuple[float, float, float] | None:
    """Value and interval; None where it is unknown how far off the value may be."""
    value = choice.values[spec.column]
    ends = choice.intervals.get(spec.column)
    if math.isnan(value) or (ends is None and spec.source in INEXACT):
        return None
    return (value, *(ends or (value, value)))
