"""What was chosen, against what, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from hwnas.core.columns import ByColumn, resolve_column
from hwnas.core.front import Front
from hwnas.core.limits import Limit
from hwnas.core.objective import ObjectiveSpec


@dataclass(frozen=True, slots=True)
class Choice:
    """An architecture of a front.

    Args:
        index: Its row in the front; -1 for what is not on it.
        arch: Its published string; empty for a row of values without one.
        values: Value by column, in the column's unit; NaN where unknown.
        intervals: Ends of the 90 % interval by column, for the columns that have one.
    """

    index: int
    arch: str
    values: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]

    def interval(self, column: str) -> tuple[float, float]:
        """Ends of the 90 % interval; the value twice where there is none."""
        column = resolve_column(column, self.values)
        value = self.values[column]
        return self.intervals.get(column, (value, value))


@dataclass(frozen=True, slots=True)
class Comparison:
    """A pick against another architecture, by objective.

    Args:
        other: What it is compared with.
        differences: The pick's value minus the other's.
        chances: Probability that the pick is better, residuals taken as normal and independent;
            None where it is not known how far off a value may be.
        better: Objectives in which the pick's 90 % interval lies wholly on the better side of the
            other's; a value that is neither predicted nor estimated counts as exact without one.
        worse: Those in which it lies wholly on the worse side.
        indistinguishable: Those in which the two intervals overlap, or nothing is known of the
            error of one of the values.
    """

    other: Choice
    differences: Mapping[str, float]
    chances: Mapping[str, float | None]
    better: tuple[str, ...]
    worse: tuple[str, ...]
    indistinguishable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen from a front, against what, and at what price.

    Args:
        pick: The chosen architecture.
        versus_runner_up: The pick against the next in order; None when nothing else was left.
        versus_baseline: The pick against what the user has; None where that was not said.
        columns: What the front's columns are.
        n_objectives: How many of ``columns`` were optimised, the first ones.
        n_archs: Architectures of the front.
        n_candidates: Those of them that satisfy the limits and can be ranked.
        gives_up: By objective, how far the pick is behind the best candidate; 0 if it is the best.
        method: One of ``METHODS``.
        weights: Relative importance by column; columns not named were ignored.
        limits: What every candidate satisfies, in the order applied.
        limit_at: Where they satisfy it: ``"interval"``, ``"point"`` or with a probability.
        limit_chances: Probability that the pick keeps each of ``limits``, its residual taken as
            normal; None where it is not known how far off the value may be.
        uncertain_limits: Those of ``limits`` whose bound lies inside the pick's 90 % interval.
    """

    pick: Choice
    versus_runner_up: Comparison | None
    versus_baseline: Comparison | None
    columns: tuple[ObjectiveSpec, ...]
    n_objectives: int
    n_archs: int
    n_candidates: int
    gives_up: Mapping[str, float]
    method: str
    weights: Mapping[str, float]
    limits: tuple[Limit, ...] = ()
    limit_at: str = "interval"
    limit_chances: tuple[float | None, ...] = ()
    uncertain_limits: tuple[Limit, ...] = field(default=())

    @property
    def runner_up(self) -> Choice | None:
        """The next in order; None when nothing else was left."""
        return None if self.versus_runner_up is None else self.versus_runner_up.other

    @property
    def is_tie(self) -> bool:
        """Whether pick and runner-up cannot be told apart in any objective."""
        versus = self.versus_runner_up
        return versus is not None and len(versus.indistinguishable) == self.n_objectives

    @property
    def unsure_limits(self) -> tuple[Limit, ...]:
        """Limits that the pick keeps by a value of which nobody knows how far off it is."""
        chances = zip(self.limits, self.limit_chances, strict=True)
        return tuple(limit for limit, chance in chances if chance is None)

    @property
    def improves(self) -> bool:
        """Whether the pick is better than the baseline, if any, beyond the intervals."""
        return self.versus_baseline is None or bool(self.versus_baseline.better)


def choice_of(front: Front, row: int) -> Choice:
    """The architecture in a row of a front."""
    names = front.names
    ends = zip(names, front.lower[row].tolist(), front.upper[row].tolist(), strict=True)
    return Choice(
        index=int(row),
        arch=front.archs[row],
        values=ByColumn(zip(names, front.values[row].tolist(), strict=True)),
        intervals=ByColumn(
            (name, (lower, upper))
            for name, lower, upper in ends
            if math.isfinite(lower) and math.isfinite(upper)
        ),
    )
