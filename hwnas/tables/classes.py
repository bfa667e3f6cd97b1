"""Means over functional classes: what every benchmark calls the truth.

The members of a class compute the same function but were trained and measured one by one, so the
spread within a class is noise, and a search that returns its luckiest member has found noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.tables.checks import parse_archs
from hwnas.tables.table import Table


@dataclass(frozen=True, eq=False)
class ClassMeans:
    """Mean of a column over each functional class that has a value.

    Args:
        genotypes: Canonical genotypes of valid classes, shape ``(n_classes, n_genes)``, in
            lexicographic order.
        values: Mean over the class's pruned members that have a value, shape ``(n_classes,)``,
            in the column's unit.
        n_members: How many pruned members have a value, shape ``(n_classes,)``.
        n_missing: How many pruned members have none, shape ``(n_classes,)``.
        unsupported: Canonical genotypes of valid classes whose pruned members are in the table
            but none of them has a value, shape ``(n_unsupported, n_genes)``.
    """

    genotypes: np.ndarray
    values: np.ndarray
    n_members: np.ndarray
    n_missing: np.ndarray
    unsupported: np.ndarray

    def where(self, wanted: np.ndarray) -> ClassMeans:
        """The means of some classes only.

        Args:
            wanted: Booleans of shape ``(n_classes,)``.
        """
        return ClassMeans(
            self.genotypes[wanted],
            self.values[wanted],
            self.n_members[wanted],
            self.n_missing[wanted],
            self.unsupported,
        )


@dataclass(frozen=True, eq=False)
class Members:
    """Rows of a table that stand for valid functional classes.

    Args:
        rows: Rows of pruned, valid architectures, shape ``(n_members,)``.
        class_of: Number of each one's class, shape ``(n_members,)``.
        genotypes: Canonical genotype of each class, shape ``(n_classes, n_genes)``, in
            lexicographic order.
    """

    rows: np.ndarray
    class_of: np.ndarray
    genotypes: np.ndarray


def pruned_members(space: SearchSpace, genotypes: np.ndarray) -> Members:
    """Rows that are their own pruned form and connect input to output, by functional class.

    Args:
        space: Their search space.
        genotypes: Shape ``(n_rows, n_genes)``.
    """
    is_member = (space.pruned_genotypes(genotypes) == genotypes).all(axis=1)
    is_member &= space.valid_mask(genotypes)
    rows = np.flatnonzero(is_member)
    canonical = space.canonical_genotypes(genotypes[rows])
    classes, class_of = np.unique(canonical, axis=0, return_inverse=True)
    return Members(rows, class_of.reshape(-1), classes)


def class_means(space: SearchSpace, table: Table, column: str) -> ClassMeans:
    """Mean of a column over the pruned members of each functional class.

    Args:
        space: Search space of the table's rows.
        table: The table.
        column: Name of a column of numbers.

    Raises:
        TableError: The table is of another space, or additive: it knows every architecture.
        UnknownNameError: The table has no such column.
    """
    if table.space != space.name:
        raise TableError(
            f"Table '{table.name}' holds architectures of {table.space}; expected {space.name}."
        )
    if table.is_additive:
        raise TableError(
            f"Table '{table.name}' gives the value of any architecture as a sum, without noise; "
            "there is nothing to average or to fit. Use it with: --source table"
        )
    values = table.values(column)
    members = pruned_members(space, parse_archs(space, table.archs, f"Table '{table.name}'"))
    values = values[members.rows]
    has_value = ~np.isnan(values)
    n_classes = len(members.genotypes)
    n_members = np.bincount(members.class_of[has_value], minlength=n_classes)
    n_missing = np.bincount(members.class_of[~has_value], minlength=n_classes)
    sums = np.bincount(members.class_of[has_value], values[has_value], minlength=n_classes)
    is_known = n_members > 0
    return ClassMeans(
        genotypes=members.genotypes[is_known],
        values=sums[is_known] / n_members[is_known],
        n_members=n_members[is_known],
        n_missing=n_missing[is_known],
        unsupported=members.genotypes[~is_known],
    )
