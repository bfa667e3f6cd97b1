"""Rewards and weighted sums: objectives that follow from others, which are told beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from hwnas.core.batch import Batch
from hwnas.core.columns import quantity_of
from hwnas.core.formula import REWARD, Formula, Kept
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.core.quantity import Source
from hwnas.core.residuals import INEXACT
from hwnas.core.words import joined
from hwnas.errors import ConfigError
from hwnas.objectives.evaluation import ask_together
from hwnas.proxies.voting import VOTE

_FROM_BEST: tuple[Source, ...] = (
    "counted",
    "measured",
    "tabulated",
    "custom",
    "predicted",
    "extrapolated",
    "estimated",
    "scored",
)
"""Sources, the surest first. Of the user's own function nothing is known; what follows is known to
be off by some amount, and a score tells no accuracy at all."""


class CombinedObjective:
    """A formula over other objectives, such as ``reward(accuracy,latency<=5)``.

    Its stage is the last of its parts', its source the least sure of theirs, and its unit that of
    what is rewarded, as factors are plain numbers; a weighted sum has none.

    Residuals of parts count as independent, as they do wherever picks are compared: on each side
    the distances that the parts' ends make, one part at a time, add up in squares, but no further
    than all parts at their ends make together. For a sum that is exact if residuals are normal;
    of a factor that is 0 or 1 it tells whether 0 has 5 % of the probability. A part without an
    interval counts as exact if its source is, else there is no interval.

    Args:
        formula: The formula; its names are those of its parts.
        parts: Its parts by those names.

    Raises:
        ConfigError: More of a part that should be small would be better, or a part of a product may
            be negative.
    """

    def __init__(self, formula: Formula, parts: Mapping[str, Objective]) -> None:
        specs = {name: parts[name].spec for name in formula.names}
        columns = {name: spec.column for name, spec in specs.items()}
        self._formula = formula.renamed(columns)
        by_column = {spec.column: spec for spec in specs.values()}
        self._directions = {column: spec.direction for column, spec in by_column.items()}
        self._formula.check(self._directions)
        _check_signs(self._formula, by_column)
        self.parts = tuple({columns[name]: parts[name] for name in formula.names}.values())
        titles = {column: spec.title for column, spec in by_column.items()}
        units = {column: spec.unit for column, spec in by_column.items()}
        is_reward = formula.kind == REWARD
        told = joined([f"{spec.column} ({spec.source})" for spec in by_column.values()])
        self.spec = ObjectiveSpec(
            column=str(self._formula),
            unit=specs[formula.terms[0].name].unit if is_reward else "",
            direction="max",
            source=max((spec.source for spec in by_column.values()), key=_FROM_BEST.index),
            title=self._formula.words(titles, units),
            detail=f"{'product' if is_reward else 'weighted sum'} of {told}",
            stage=max(spec.stage for spec in by_column.values()),
            # What a predictor without skill is multiplied with does not give it any.
            lacks_skill=any(spec.lacks_skill for spec in by_column.values()) or None,
        )

    def combine(self, estimates: Sequence[Estimate]) -> Estimate:
        """Its values from those of its parts, in their order, each of shape ``(n_archs,)``."""
        found = {
            part.spec.column: estimate for part, estimate in zip(self.parts, estimates, strict=True)
        }
        best = {column: each.value for column, each in found.items()}
        value = self._formula.of(best, self._directions)
        low, high = dict(best), dict(best)
        n_ends, is_known = np.zeros(len(value)), np.isfinite(value)
        for part in self.parts:
            each, column = found[part.spec.column], part.spec.column
            has_ends = np.isfinite(each.lower) & np.isfinite(each.upper)
            n_ends += has_ends
            if part.spec.source in INEXACT:
                is_known &= has_ends
            ends = np.where(has_ends, (each.lower, each.upper), each.value)
            low[column], high[column] = ends if part.spec.direction == "max" else ends[::-1]
        lower, upper = (self._end(value, best, ends) for ends in (low, high))
        has_interval = is_known & (n_ends > 0) & np.isfinite(lower + upper)
        return Estimate(value, *np.where(has_interval, (lower, upper), np.nan))

    def _end(
        self, value: np.ndarray, best: dict[str, np.ndarray], ends: dict[str, np.ndarray]
    ) -> np.ndarray:
        """One end of the interval, from the ends of the parts on that side."""
        squares = np.zeros(len(value))
        for column in best:
            alone = self._formula.of({**best, column: ends[column]}, self._directions)
            squares += (alone - value) ** 2
        furthest = self._formula.of(ends, self._directions)
        way = np.minimum(np.sqrt(squares), np.abs(furthest - value))
        return np.asarray(value + np.sign(furthest - value) * way)

    def __call__(self, batch: Batch) -> Estimate:
        """Values of ``n_archs`` architectures, from its parts, which are asked here."""
        return self.combine(ask_together(batch, self.parts))


def combined(formula: Formula, make: Callable[[str], Objective]) -> CombinedObjective:
    """The objective of a formula.

    Args:
        formula: The formula.
        make: Makes the objective of a part's name.

    Raises:
        ConfigError: As ``CombinedObjective`` does.
    """
    return CombinedObjective(formula, {name: make(name) for name in formula.names})


def _check_signs(formula: Formula, specs: Mapping[str, ObjectiveSpec]) -> None:
    """See that nothing that is multiplied may be negative: 0 would then be more than it."""
    multiplied: Iterable[str] = (
        term.name for term in formula.terms if formula.kind == REWARD and not isinstance(term, Kept)
    )
    for column in multiplied:
        quantity = quantity_of(column)
        is_score = specs[column].source == "scored" and column != VOTE
        if is_score or (quantity is not None and quantity.lower < 0):
            raise ConfigError(
                f"{formula}: what is multiplied must not be negative, and {column} may be. Limit "
                "it, or add it up with weighted(...)."
            )
