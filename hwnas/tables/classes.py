"""Means over functional classes: what every benchmark calls the truth.

The members of a class compute the same function but were trained and measured one by one, so the
spread within a class is noise, and a search that returns its luckiest member has found noise. The
truth is the mean over the members that are their own pruned form, since dead operations may cost
time; over those there are, where a table holds none of these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
        values: Mean over the class's members that have a value, shape ``(n_classes,)``, in the
            column's unit.
        n_members: How many members have a value, shape ``(n_classes,)``.
        n_missing: How many members have none, shape ``(n_classes,)``.
        unsupported: Canonical genotypes of valid classes whose members are in the table but none
            of them has a value, shape ``(n_unsupported, n_genes)``.
        n_disconnected: Rows with a value whose input does not reach the output.
        n_unused: Rows with a value that are no members: their class has pruned ones.
    """

    genotypes: np.ndarray
    values: np.ndarray
    n_members: np.ndarray
    n_missing: np.ndarray
    unsupported: np.ndarray
    n_disconnected: int = 0
    n_unused: int = 0

    def where(self, wanted: np.ndarray) -> ClassMeans:
        """The means of some classes only.

        Args:
            wanted: Booleans of shape ``(n_classes,)``.
        """
        return replace(
            self,
            genotypes=self.genotypes[wanted],
            values=self.values[wanted],
            n_members=self.n_members[wanted],
            n_missing=self.n_missing[wanted],
        )


@dataclass(frozen=True, eq=False)
class Members:
    """Rows of a table that stand for valid functional classes, and those that do not.

    Args:
        rows: Rows of members, shape ``(n_members,)``, in order.
        class_of: Number of each one's class, shape ``(n_members,)``.
        genotypes: Canonical genotype of each class, shape ``(n_classes, n_genes)``, in
            lexicographic order.
        disconnected: Rows whose input does not reach the output, shape ``(n_disconnected,)``.
        unused: Valid rows whose class has pruned members and they are none, shape ``(n_unused,)``.
    """

    rows: np.ndarray
    class_of: np.ndarray
    genotypes: np.ndarray
    disconnected: np.ndarray
    unused: np.ndarray


def class_members(space: SearchSpace, genotypes: np.ndarray) -> Members:
    """Which rows stand for which functional class: its pruned ones, or all where there are none.

    Args:
        space: Their search space.
        genotypes: Shape ``(n_rows, n_genes)``.
    """
    is_valid = space.valid_mask(genotypes)
    valid = np.flatnonzero(is_valid)
    is_pruned = (space.pruned_genotypes(genotypes[valid]) == genotypes[valid]).all(axis=1)
    canonical = space.canonical_genotypes(genotypes[valid])
    classes, class_of = np.unique(canonical, axis=0, return_inverse=True)
    class_of = class_of.reshape(-1)
    has_pruned = np.bincount(class_of[is_pruned], minlength=len(classes)) > 0
    is_member = is_pruned | ~has_pruned[class_of]
    return Members(
        rows=valid[is_member],
        class_of=class_of[is_member],
        genotypes=classes,
        disconnected=np.flatnonzero(~is_valid),
        unused=valid[~is_member],
    )


def class_means(space: SearchSpace, table: Table, column: str) -> ClassMeans:
    """Mean of a column over the members of each functional class.

    Args:
        space: Search space of the table's rows.
        table: The table.
        column: Name of a column of numbers.

    Raises:
        TableError: The table is of another space or of other options, or additive: it knows every
            architecture.
        UnknownNameError: The table has no such column.
    """
    values, genotypes = _values(space, table, column)
    members = class_members(space, genotypes)
    is_known = ~np.isnan(values)
    values = values[members.rows]
    has_value = is_known[members.rows]
    n_classes = len(members.genotypes)
    n_members = np.bincount(members.class_of[has_value], minlength=n_classes)
    n_missing = np.bincount(members.class_of[~has_value], minlength=n_classes)
    sums = np.bincount(members.class_of[has_value], values[has_value], minlength=n_classes)
    has_mean = n_members > 0
    return ClassMeans(
        genotypes=members.genotypes[has_mean],
        values=sums[has_mean] / n_members[has_mean],
        n_members=n_members[has_mean],
        n_missing=n_missing[has_mean],
        unsupported=members.genotypes[~has_mean],
        n_disconnected=int(is_known[members.disconnected].sum()),
        n_unused=int(is_known[members.unused].sum()),
    )


@dataclass(frozen=True, eq=False)
class NetMeans:
    """Mean of a column over the rows of each net that has a value.

    Args:
        genotypes: Genotypes of valid nets as they stand, shape ``(n_nets, n_genes)``, in
            lexicographic order; of a class that has nets without dead operations in the table,
            these alone.
        values: Shape ``(n_nets,)``, in the column's unit.
        class_of: Number of each one's functional class, shape ``(n_nets,)``.
    """

    genotypes: np.ndarray
    values: np.ndarray
    class_of: np.ndarray


def net_means(space: SearchSpace, table: Table, column: str) -> NetMeans:
    """Mean of a column over each net, which its functional class may have several of.

    Args:
        space: Search space of the table's rows.
        table: The table.
        column: Name of a column of numbers.

    Raises:
        TableError: The table is of another space or of other options, or additive: it knows every
            architecture.
        UnknownNameError: The table has no such column.
    """
    values, genotypes = _values(space, table, column)
    members = class_members(space, genotypes)
    has_value = ~np.isnan(values[members.rows])
    rows, class_of = members.rows[has_value], members.class_of[has_value]
    nets = genotypes if space.cell_types else space.canonical_genotypes(genotypes)
    nets, first, net_of = np.unique(nets[rows], axis=0, return_index=True, return_inverse=True)
    sums = np.bincount(net_of.reshape(-1), values[rows])
    return NetMeans(nets, sums / np.bincount(net_of.reshape(-1)), class_of[first])


def _values(space: SearchSpace, table: Table, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Values ``(n_rows,)`` and genotypes ``(n_rows, n_genes)`` of a table's rows."""
    table.check_space(space)
    if table.is_additive:
        raise TableError(
            f"Table '{table.name}' gives the value of any architecture as a sum, without noise; "
            "there is nothing to average or to fit. Use it with: --source=table"
        )
    values = table.values(column)
    return values, parse_archs(space, table.archs, f"Table '{table.name}'")
