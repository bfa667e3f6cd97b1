"""What bites in a table: sentinels, gaps, columns that are one, spread within classes, and more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwnas.core.quantity import QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError, TableError
from hwnas.spaces import load_space
from hwnas.tables.additive import is_sum_over_genes
from hwnas.tables.checks import parse_archs
from hwnas.tables.classes import Members, class_members
from hwnas.tables.pairs import ColumnPair, find_pairs
from hwnas.tables.table import Column, Repeats, Table

SPREAD_QUANTILE = 0.95
MAX_SUSPECTS = 5
_MIN_DISTINCT = 10


@dataclass(frozen=True, slots=True)
class Sentinel:
    """A number that looks like a stand-in for "not measured".

    Args:
        value: The number.
        count: How many cells hold it.
    """

    value: float
    count: int


@dataclass(frozen=True, slots=True)
class ColumnAudit:
    """What was found in one column of numbers.

    Args:
        name: Name of the column.
        n_null: Cells without a value.
        nulled: Stand-ins that became null when the table was imported.
        suspects: Numbers still there that look like stand-ins.
        mode: The most frequent value of connected architectures, or None if none has a value.
        mode_share: Share of those with a value that hold it; at 1 the column is constant, and far
            above 0.5 it hardly ranks anything.
        class_spread_median: Median over functional classes of the largest minus the smallest
            value of members, in the column's unit; None if no class has two.
        class_factor_p95: 95th percentile over functional classes of the largest over the
            smallest value; None if there is none or values are not all positive.
        is_whole: Whether a device's values are whole numbers: a coarse clock, many ties.
        is_sum: Whether a device's values are exactly sums over genes: looked up operator by
            operator, not measured on networks.
    """

    name: str
    n_null: int
    nulled: tuple[Sentinel, ...]
    suspects: tuple[Sentinel, ...]
    mode: float | None
    mode_share: float | None
    class_spread_median: float | None
    class_factor_p95: float | None
    is_whole: bool = False
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found in a table.

    Args:
        n_rows: Its rows.
        n_unknown: Rows whose text is no architecture of the space; they cannot be joined.
        n_absent: Architectures of the space without a row; None if the space is too large to list.
        n_disconnected: Architectures whose input does not reach the output.
        n_classes: Functional classes of valid architectures in the table.
        columns: Findings of each column of numbers.
        pairs: Pairs of columns with the same ranks, or nearly.
        repeats: Noise of the columns, from architectures that stood in the source several times.
        n_unused: Valid rows that no class's truth rests on, since pruned ones of their class are
            there; None if that was not counted.
    """

    n_rows: int
    n_unknown: int
    n_absent: int | None
    n_disconnected: int
    n_classes: int
    columns: tuple[ColumnAudit, ...]
    pairs: tuple[ColumnPair, ...]
    repeats: tuple[Repeats, ...] = ()
    n_unused: int | None = None


def unused_rows(audit: Audit) -> list[str]:
    """Which rows no functional class's truth rests on, and why: a line for each reason."""
    lines = []
    if audit.n_disconnected:
        lines.append(
            f"{audit.n_disconnected:,} rows do not connect input to output: infeasible, not cheap"
        )
    if audit.n_unused:
        lines.append(
            f"{audit.n_unused:,} rows are not used where classes are valued: pruned networks of "
            "their classes are there"
        )
    return lines


def audit_table(table: Table) -> Audit:
    """Look for what bites in a table.

    Raises:
        UnknownNameError: Its search space is not known.
    """
    space = load_space(table.space, **(table.options or {}))
    genotypes, known_rows = _known_genotypes(space, table.archs)
    members = class_members(space, genotypes)
    members = replace(members, rows=known_rows[members.rows])
    is_valid = space.valid_mask(genotypes)
    columns = [c for c in table.columns if table.frame[c.name].dtype.kind in "iuf"]
    values = np.empty((len(table), len(columns)))
    for place, column in enumerate(columns):
        values[:, place] = table.values(column.name)
    is_sum = is_sum_over_genes(space, genotypes[is_valid], values[known_rows[is_valid]])
    found = _audit_columns(table, columns, values, known_rows[is_valid], members)
    everything = space.all_genotypes()
    n_distinct = len(np.unique(genotypes, axis=0))
    return Audit(
        n_rows=len(table),
        n_unknown=len(table) - len(genotypes),
        n_absent=None if everything is None else len(everything) - n_distinct,
        n_disconnected=int((~is_valid).sum()),
        n_classes=len(members.genotypes),
        columns=tuple(
            replace(each, is_sum=bool(exact) and column.device is not None)
            for each, column, exact in zip(found, columns, is_sum, strict=True)
        ),
        pairs=tuple(find_pairs(columns, values)),
        repeats=table.repeats,
        n_unused=len(members.unused),
    )


def _known_genotypes(space: SearchSpace, archs: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Genotypes of the rows that can be joined, and their places in the table.

    Returns:
        Shapes ``(n_known, n_genes)`` and ``(n_known,)``.
    """
    try:
        return parse_archs(space, archs, "table"), np.arange(len(archs))
    except TableError:
        found = {row: genes for row, arch in enumerate(archs) if (genes := _genes(space, arch))}
        genotypes = np.array(list(found.values()), dtype=np.int64)
        return genotypes.reshape(-1, len(space.genes)), np.array(list(found), dtype=np.int64)


def _genes(space: SearchSpace, arch: str) -> tuple[int, ...] | None:
    try:
        return space.parse(arch).genotype
    except ArchitectureError:
        return None


def lowest(column: Column) -> float:
    """Smallest value that a column's quantity can have; no bound for what is no quantity."""
    is_known = column.target is not None and column.target.quantity in QUANTITIES
    return column.target.meaning.lower if column.target and is_known else -math.inf


def find_suspects(values: np.ndarray, lower: float) -> tuple[Sentinel, ...]:
    """Numbers that look like stand-ins for "not measured".

    Two rules: any number below the quantity's bound; and the smallest or largest number if it is
    whole and lies further from its neighbour than all the others lie from one another. An extreme
    measurement can do the second, but seldom as a whole number.

    Args:
        values: Shape ``(n_rows,)``, NaN for null.
        lower: Smallest number that can be a value.
    """
    numbers, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    is_suspect = np.zeros(len(numbers), dtype=bool)
    if len(numbers) > _MIN_DISTINCT:
        gaps = np.diff(numbers)
        is_suspect[0] |= gaps[0] > numbers[-1] - numbers[1]
        is_suspect[-1] |= gaps[-1] > numbers[-2] - numbers[0]
        is_suspect[[0, -1]] &= numbers[[0, -1]] % 1 == 0
    is_suspect |= numbers < lower
    found = sorted(zip(counts[is_suspect], numbers[is_suspect], strict=True), reverse=True)
    return tuple(Sentinel(float(number), int(count)) for count, number in found[:MAX_SUSPECTS])


def class_extremes(values: np.ndarray, class_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value of each class.

    Args:
        values: Values of the members, shape ``(n_members, n_columns)``, NaN for null.
        class_of: Number of each member's class, from 0 without a gap, shape ``(n_members,)``.

    Returns:
        Two arrays of shape ``(n_classes, n_columns)``, NaN where fewer than two have a value.
    """
    order = np.argsort(class_of, kind="stable")
    values = values[order]
    starts = np.flatnonzero(np.diff(class_of[order], prepend=-1))
    if not len(starts):
        return np.empty((0, values.shape[1])), np.empty((0, values.shape[1]))
    is_lone = np.add.reduceat((~np.isnan(values)).astype(int), starts) < 2
    smallest = np.where(is_lone, np.nan, np.fmin.reduceat(values, starts))
    largest = np.where(is_lone, np.nan, np.fmax.reduceat(values, starts))
    return smallest, largest


def _audit_columns(
    table: Table,
    columns: Sequence[Column],
    values: np.ndarray,
    connected_rows: np.ndarray,
    members: Members,
) -> list[ColumnAudit]:
    smallest, largest = class_extremes(values[members.rows], members.class_of)
    found = []
    for place, column in enumerate(columns):
        mode, mode_share = most_frequent(values[connected_rows, place])
        spread, factor = _class_spread(smallest[:, place], largest[:, place])
        found.append(
            ColumnAudit(
                name=column.name,
                n_null=int(np.isnan(values[:, place]).sum()),
                nulled=tuple(
                    Sentinel(each.value, each.count)
                    for each in table.nulled
                    if each.column == column.name
                ),
                suspects=find_suspects(values[:, place], lowest(column)),
                mode=mode,
                mode_share=mode_share,
                class_spread_median=spread,
                class_factor_p95=factor,
                is_whole=column.device is not None and is_whole(values[:, place]),
            )
        )
    return found


def is_whole(values: np.ndarray) -> bool:
    """Whether there are ``values`` ``(n_rows,)`` that are not NaN, and all are whole numbers."""
    known = values[~np.isnan(values)]
    return bool(len(known) and np.all(known % 1 == 0))


def most_frequent(values: np.ndarray) -> tuple[float, float] | tuple[None, None]:
    """The most frequent of ``values`` ``(n_rows,)`` and its share of those that are not NaN."""
    numbers, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    if not len(numbers):
        return None, None
    most = int(np.argmax(counts))
    return float(numbers[most]), float(counts[most] / counts.sum())


def _class_spread(smallest: np.ndarray, largest: np.ndarray) -> tuple[float | None, float | None]:
    """Median of the differences and high quantile of the ratios; None for what is not defined.

    Args:
        smallest: Shape ``(n_classes,)``, NaN for a class with fewer than two values.
        largest: Shape ``(n_classes,)``, NaN likewise.
    """
    has_two = ~np.isnan(smallest)
    smallest, largest = smallest[has_two], largest[has_two]
    if not len(smallest):
        return None, None
    median = float(np.median(largest - smallest))
    if (smallest <= 0).any():
        return median, None
    return median, float(np.quantile(largest / smallest, SPREAD_QUANTILE))
