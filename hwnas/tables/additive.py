"""Values that add up over genes: a table of one-gene changes answers for every architecture.

The first row of such a table is one architecture; every other row differs from it in one gene. A
lookup table of operators, whose sum is a network's value, is written so: 177 rows stand for the
9^22 architectures of FBNet's space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.tables.checks import parse_archs
from hwnas.tables.table import Table

_TOLERANCE = 1e-9
# Choices of each gene sum to one, so some terms are free; they have tiny singular values.
_RANK_TOLERANCE = 1e-10
_MIN_ROWS_PER_TERM = 2


@dataclass(frozen=True, eq=False)
class Terms:
    """A constant and a term for every choice of every gene.

    Args:
        constant: The constant.
        terms: Shape ``(n_genes, n_choices)``, NaN for a choice that is not known.
    """

    constant: float
    terms: np.ndarray

    def __call__(self, genotypes: np.ndarray) -> np.ndarray:
        """Sums for ``genotypes`` ``(n_archs, n_genes)``, shape ``(n_archs,)``; NaN for unknown."""
        chosen = self.terms[np.arange(genotypes.shape[1]), genotypes]
        return np.asarray(self.constant + chosen.sum(axis=1))


def is_sum_over_genes(space: SearchSpace, genotypes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Which columns are exactly a constant and a term for each gene's choice.

    Nothing that was measured is: such values were looked up gene by gene and added.

    Args:
        space: The search space.
        genotypes: Shape ``(n_rows, n_genes)``.
        values: Shape ``(n_rows, n_columns)``; a column with NaN is told to be no sum.

    Returns:
        Shape ``(n_columns,)``, boolean; all false with too few rows to tell.
    """
    is_sum = np.zeros(values.shape[1], dtype=bool)
    choices = [genotypes[:, [gene]] == np.arange(n) for gene, n in enumerate(space.n_choices)]
    is_chosen = np.concatenate(choices, axis=1).astype(float)
    known = np.flatnonzero(~np.isnan(values).any(axis=0))
    if len(values) >= _MIN_ROWS_PER_TERM * is_chosen.shape[1] and len(known):
        terms = np.linalg.lstsq(is_chosen, values[:, known], rcond=_RANK_TOLERANCE)[0]
        error = np.abs(is_chosen @ terms - values[:, known]).max(axis=0)
        is_sum[known] = error <= _TOLERANCE * np.abs(values[:, known]).max(axis=0)
    return is_sum


def one_gene_changes(space: SearchSpace) -> np.ndarray:
    """The genotype of all zeros, then all that differ from it in one gene.

    Returns:
        Shape ``(1 + sum(n_choices - 1), n_genes)``.
    """
    changes = [(gene, choice) for gene, n in enumerate(space.n_choices) for choice in range(1, n)]
    genotypes = np.zeros((1 + len(changes), len(space.genes)), dtype=np.int64)
    for row, (gene, choice) in enumerate(changes, start=1):
        genotypes[row, gene] = choice
    return genotypes


def additive_terms(space: SearchSpace, table: Table, column: str) -> Terms:
    """What a column of an additive table says of each choice.

    Args:
        space: Search space of the table's rows.
        table: A table whose rows are one architecture and one-gene changes of it.
        column: Name of a column of numbers.

    Raises:
        TableError: The table is of another space, or is not additive.
        UnknownNameError: The table has no such column.
    """
    where = f"Table '{table.name}'"
    table.check_space(space)
    genotypes = parse_archs(space, table.archs, where)
    is_changed = genotypes != genotypes[0]
    if not table.is_additive or (is_changed[1:].sum(axis=1) != 1).any():
        raise TableError(f"{where} must hold one architecture and one-gene changes of it.")
    values = table.values(column)
    terms = np.full((len(space.genes), max(space.n_choices)), np.nan)
    terms[np.arange(len(space.genes)), genotypes[0]] = 0.0
    rows, genes = np.nonzero(is_changed)
    terms[genes, genotypes[rows, genes]] = values[rows] - values[0]
    return Terms(float(values[0]), terms)
