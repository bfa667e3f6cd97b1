"""Values looked up in tables: the mean over each functional class, or a sum over operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hwnas.core.architecture import Architecture, genotype_keys
from hwnas.core.batch import Batch
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import TableError
from hwnas.objectives import SOURCES, Question
from hwnas.objectives._missing import check_conditions, need_device, unknown_here
from hwnas.tables import Column, Table, additive_terms, class_means, load_table
from hwnas.tables.catalogue import find, known_targets
from hwnas.tables.checks import parse_archs

ROWS = {True: "from its own row", False: "from the mean of its class"}
"""What a value was looked up from, by whether the architecture has a row of its own."""
_LookUp = Callable[[Batch], np.ndarray]
"""Values of a batch, shape ``(n_archs,)``; NaN where there is none."""


class TabulatedObjective:
    """A column of a table as an objective.

    A search asks for functional classes, and a class is answered with the mean over its members:
    the row of one of them would be a lucky or unlucky twin. Who asks for an architecture as it is
    given is answered with its own row where it has one, else with its class.

    Args:
        question: What is asked for.
        table: The table.
        column: Column of the table.
    """

    def __init__(self, question: Question, table: Table, column: Column) -> None:
        space = self._space = question.space
        self._own: dict[bytes, float] | None = None
        if table.is_additive:
            how, self._look_up = "", _sums(space, table, column.name)
        else:
            how = "; mean over the functional class"
            self._look_up = _class_values(space, table, column.name)
            if question.as_given:
                how = "; an architecture's own row, else the mean over its functional class"
                self._own = _rows(space, table, column.name)
        self.spec = ObjectiveSpec.of(
            column.target or question.target,
            source="tabulated",
            detail=f"{column.detail}{how}",
            origin=f"table {table.name} sha256 {table.sha256}, column {column.name}",
            stage=1,
        )

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        """Values of ``n_archs`` architectures; NaN where the table has none."""
        batch = Batch.of(self._space, archs)
        values = self._look_up(batch)
        if self._own is not None:
            own = self._own_values(batch, self._own)
            values = np.where(np.isnan(own), values, own)
        return Estimate.exact(values)

    def inputs(self, archs: Sequence[Architecture]) -> list[str] | None:
        """What each value is looked up from, one of ``ROWS``; None where that was not asked."""
        if self._own is None:
            return None
        own = self._own_values(Batch.of(self._space, archs), self._own)
        return [ROWS[not each] for each in np.isnan(own)]

    def _own_values(self, batch: Batch, rows: dict[bytes, float]) -> np.ndarray:
        """Values of the architectures' own rows, shape ``(n_archs,)``; NaN where there is none."""
        own = np.array([rows.get(key, np.nan) for key in genotype_keys(batch.genotypes)])
        # What does not connect is infeasible, whatever was measured of it.
        return np.where(batch.is_valid, own, np.nan)


def _sums(space: SearchSpace, table: Table, column: str) -> _LookUp:
    terms = additive_terms(space, table, column)
    return lambda batch: terms(batch.canonical)


def _class_values(space: SearchSpace, table: Table, column: str) -> _LookUp:
    means = class_means(space, table, column)
    values = dict(zip(genotype_keys(means.genotypes), means.values.tolist(), strict=True))
    return lambda batch: np.array([values.get(key, np.nan) for key in batch.keys], dtype=float)


def _rows(space: SearchSpace, table: Table, column: str) -> dict[bytes, float]:
    """Value of each row by its genotype's key."""
    genotypes = parse_archs(space, table.archs, f"Table '{table.name}'")
    return dict(zip(genotype_keys(genotypes), table.values(column).tolist(), strict=True))


@SOURCES.register("table")
def tabulated_objective(question: Question) -> Objective:
    """The objective of the table column that holds a quantity.

    Raises:
        TableError: No table in the cache holds it, or the table is damaged.
        NothingKnownError: No table that there is holds it.
        UnknownNameError: A table holds the quantity, but not under these conditions.
    """
    space, target = question.space, question.target
    if target.meaning.per_device:
        need_device(target.meaning, question.device)
    found = find(target, space)
    for entry, column in found:
        if entry.is_here:
            return TabulatedObjective(question, load_table(entry.name), column)
    if found:
        # What can be fetched is better advice than a file that few hold.
        entry = next((entry for entry, _ in found if entry.can_pull), found[0][0])
        raise TableError(
            f"No table in the cache holds {target.quantity} for {space.name} on {space.dataset}. "
            f"Run: {entry.how_to_get}"
        )
    check_conditions(target.meaning, target.condition_text, _conditions(space, target))
    raise unknown_here(space, target)


def _conditions(space: SearchSpace, target: Target) -> list[str]:
    """Under which conditions tables know what a target asks for."""
    return [each.condition_text for each in known_targets(space) if each.usual == target.usual]
