"""What is asked of architectures, evaluated in stages: what a limit rules out is spared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from hwnas.core.batch import Batch
from hwnas.core.limits import Limit
from hwnas.core.objective import Combination, Estimate, Objective, ObjectiveSpec, Stage
from hwnas.core.residuals import judged
from hwnas.errors import ConfigError, ShapeError

Status = Literal["asked", "done", "infeasible", "unknown", "failed"]
"""How an evaluation ended, if it did. ``infeasible``: it breaks a limit; ``unknown``: an objective
has no value for it, as where the device cannot run it; ``failed``: an objective raised."""

ENDS = ("value", "lower", "upper")
STAGES: tuple[Stage, ...] = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Problem:
    """Objectives and limits.

    Args:
        measures: What is evaluated: the objectives first, then what is told beside them, among it
            what the first are made of.
        n_objectives: How many of the measures are objectives.
        limits: Limits on columns of the measures.
        limit_share: How much of the way to its 90 % interval's far end a value must keep a limit:
            0, its value alone, to 1, all; see ``hwnas.core.residuals.limit_share``.
    """

    measures: tuple[Objective, ...]
    n_objectives: int
    limits: tuple[Limit, ...] = ()
    limit_share: float = 0.0

    @property
    def columns(self) -> tuple[ObjectiveSpec, ...]:
        """What each measure's values are."""
        return tuple(measure.spec for measure in self.measures)

    @property
    def objectives(self) -> tuple[ObjectiveSpec, ...]:
        """What each objective's values are."""
        return self.columns[: self.n_objectives]

    @property
    def is_free(self) -> bool:
        """Whether all values are counted, predicted or looked up."""
        return not self.at(2)

    def at(self, stage: Stage) -> list[int]:
        """Positions of the measures that are asked at a stage; what follows from others is not."""
        return [
            place
            for place, measure in enumerate(self.measures)
            if measure.spec.stage == stage and combination(measure) is None
        ]

    def completed(self, values: np.ndarray) -> np.ndarray:
        """Values with those that follow from others, as far as these are known.

        Args:
            values: Shape ``(n_archs, n_columns, 3)``; NaN where unknown.
        """
        values = values.copy()
        names = [spec.column for spec in self.columns]
        for place, measure in enumerate(self.measures):
            whole = combination(measure)
            if whole is not None:
                places = [names.index(part.spec.column) for part in whole.parts]
                found = whole.combine([Estimate(*values[:, each].T) for each in places])
                values[:, place] = np.stack([found.value, found.lower, found.upper], axis=1)
        return values

    def violation(self, values: np.ndarray) -> np.ndarray:
        """How far each limit is broken, relative to its bound, shape ``(n_archs, n_limits)``.

        Args:
            values: Shape ``(n_archs, n_columns, 3)``, with the ends of their intervals; NaN where
                unknown or spared.

        Returns:
            0 where a limit holds, infinity where the value is unknown, NaN where it was spared.
        """
        broken = self._broken(values)
        for place, stage in enumerate(self.limit_stages()):
            if stage > 0:
                broken[~self.can_be_feasible(values, STAGES[stage - 1]), place] = np.nan
        return broken

    def can_be_feasible(self, values: np.ndarray, up_to: Stage) -> np.ndarray:
        """Which architectures no value up to a stage rules out, booleans of shape ``(n_archs,)``.

        Args:
            values: Shape ``(n_archs, n_columns, 3)``.
            up_to: The last stage that was evaluated.
        """
        known = [place for place, stage in enumerate(self.limit_stages()) if stage <= up_to]
        keeps_limits = (self._broken(values)[:, known] == 0).all(axis=1)
        return np.asarray(self._has_values(values, up_to) & keeps_limits)

    def status(self, values: np.ndarray) -> np.ndarray:
        """How each evaluation that did not fail ended, words of shape ``(n_archs,)``.

        What was spared is ``infeasible`` or ``unknown`` by the stage that ruled it out.

        Args:
            values: Shape ``(n_archs, n_columns, 3)``; NaN where unknown or spared.
        """
        status = np.full(len(values), "done", dtype=object)
        for stage in reversed(STAGES):
            is_out = ~self.can_be_feasible(values, stage)
            has_values = self._has_values(values, stage)
            status[is_out] = np.where(has_values[is_out], "infeasible", "unknown")
        return status

    def _has_values(self, values: np.ndarray, up_to: Stage) -> np.ndarray:
        """Whether each architecture has all objectives up to a stage, shape ``(n_archs,)``."""
        asked = [place for place, spec in enumerate(self.objectives) if spec.stage <= up_to]
        return np.asarray(np.isfinite(values[:, asked, 0]).all(axis=1))

    def _broken(self, values: np.ndarray) -> np.ndarray:
        """As ``violation``, infinite also where a value was spared."""
        names = [spec.column for spec in self.columns]
        broken = np.zeros((len(values), len(self.limits)))
        for place, limit in enumerate(self.limits):
            value, lower, upper = values[:, names.index(limit.column)].T
            far = judged(limit, value, lower, upper, self.limit_share)
            broken[:, place] = limit.relative_violation(far)
        return broken

    def limit_stages(self) -> list[Stage]:
        """The stage in which what each limit bounds is evaluated."""
        stages = {spec.column: spec.stage for spec in self.columns}
        return [stages[limit.column] for limit in self.limits]


def evaluate(
    batch: Batch, measures: Sequence[Objective], limits: Sequence[Limit] = (), n_objectives: int = 0
) -> list[Estimate]:
    """What each objective says of a batch, one stage after the other.

    Args:
        batch: ``n_archs`` architectures.
        measures: The objectives.
        limits: What breaks one of them is not evaluated in later stages.
        n_objectives: How many of the measures must have a value; what lacks one is spared alike.

    Returns:
        An estimate for each objective, its arrays of shape ``(n_archs,)``, NaN where spared; of
        what is not spared the same, bit for bit, as if each had been asked alone.
    """
    problem = Problem(tuple(with_parts(measures)), n_objectives, tuple(limits))
    values = evaluate_stages(problem, batch, STAGES)
    return [Estimate(*values[:, place].T) for place in range(len(measures))]


def evaluate_stages(problem: Problem, batch: Batch, stages: Sequence[Stage]) -> np.ndarray:
    """Values of a batch, ``n_archs`` architectures, as far as some stages give them.

    Args:
        problem: What is asked.
        batch: The architectures.
        stages: Which stages, the cheap first.

    Returns:
        Shape ``(n_archs, n_columns, 3)``: values, lower and upper ends of their intervals; NaN for
        unknown, and for what was spared or is of another stage.
    """
    values = np.full((len(batch), len(problem.measures), len(ENDS)), np.nan)
    rows = np.arange(len(batch))
    for stage in stages:
        if not len(rows):
            break
        places = problem.at(stage)
        part = batch.part(rows)
        found = ask_together(part, [problem.measures[place] for place in places])
        for place, known in zip(places, found, strict=True):
            values[rows, place] = np.stack([known.value, known.lower, known.upper], axis=1)
        values = problem.completed(values)
        rows = rows[problem.can_be_feasible(values[rows], stage)]
    return values


def combination(measure: Objective) -> Combination | None:
    """The objective itself, if it follows from others; None where it is asked."""
    return cast(Combination, measure) if hasattr(measure, "combine") else None


def with_parts(measures: Iterable[Objective]) -> list[Objective]:
    """Objectives, and after them what they are made of and what is not among them.

    Raises:
        ConfigError: One column would have values of two sources.
    """
    found = list(measures)
    by_column = {measure.spec.column: measure for measure in found}
    wholes = [whole for whole in map(combination, found) if whole is not None]
    for part in [part for whole in wholes for part in whole.parts]:
        other = by_column.get(part.spec.column)
        if other is None:
            by_column[part.spec.column] = part
            found.append(part)
        elif other.spec != part.spec:
            raise ConfigError(
                f"{part.spec.column} must have one source in a search; it is "
                f"{other.spec.source} and {part.spec.source}. Name one in both places."
            )
    return found


def ask_together(batch: Batch, measures: Sequence[Objective]) -> list[Estimate]:
    """An estimate of each objective for a batch; what they have in common is computed once.

    Raises:
        ShapeError: An objective gave another number of values.
    """
    for measure in measures:
        prepare(measure, batch)
    return [_asked(measure, batch) for measure in measures]


def _asked(measure: Objective, batch: Batch) -> Estimate:
    estimate = measure(batch)
    if len(estimate.value) != len(batch):
        raise ShapeError(
            f"{measure.spec.column} must give shape (n_archs,) = ({len(batch)},); "
            f"got {estimate.value.shape}."
        )
    return estimate


def prepare(measure: Objective, batch: Batch) -> None:
    """Tell an objective, where it listens, which batch it will be asked about."""
    listen = getattr(measure, "prepare", None)
    if listen is not None:
        listen(batch)


def inputs_of(measure: Objective, batch: Batch) -> list[str] | None:
    """What each value of a batch rests on, where an objective tells and it is not all the same."""
    tell = getattr(measure, "inputs", None)
    return None if tell is None else tell(batch)
