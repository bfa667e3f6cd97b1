"""Columns of a table that say the same: near-duplicates and constant factors."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwnas.tables.table import Column

NEAR_DUPLICATE_RHO = 0.98
FACTOR_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class ColumnPair:
    """Two columns that say the same.

    Args:
        first: Name of one column.
        second: Name of the other.
        rho: Spearman's rank correlation over the rows where both have a value.
        factor: ``first / second`` if it is the same number in every row, else None; at least 1.
        same_device: Whether both belong to one device and data set: as two objectives of a
            search they would be one.
    """

    first: str
    second: str
    rho: float
    factor: float | None
    same_device: bool


def find_pairs(columns: Sequence[Column], values: np.ndarray) -> list[ColumnPair]:
    """Pairs of columns whose ranks agree, up or down, to more than ``NEAR_DUPLICATE_RHO``.

    Args:
        columns: What the ``n_columns`` columns are.
        values: Shape ``(n_rows, n_columns)``, NaN for null.
    """
    # Ranks depend on which rows are known; columns that know the same rows are ranked at once.
    groups: dict[bytes, list[int]] = {}
    for place, is_known in enumerate((~np.isnan(values)).T):
        groups.setdefault(is_known.tobytes(), []).append(place)
    found = []
    for one, other in itertools.combinations_with_replacement(groups.values(), 2):
        rows = ~np.isnan(values[:, one[0]]) & ~np.isnan(values[:, other[0]])
        places = one if one is other else [*one, *other]
        rho = _rank_correlations(values[np.ix_(rows, places)])
        for a, b in np.argwhere(np.triu(np.abs(rho) > NEAR_DUPLICATE_RHO, k=1)):
            first, second = places[a], places[b]
            if one is other or (first in one and second in other):
                factor = constant_factor(values[rows, first], values[rows, second])
                found.append(_pair(columns[first], columns[second], float(rho[a, b]), factor))
    return sorted(found, key=lambda pair: (not pair.same_device, pair.first, pair.second))


def _pair(first: Column, second: Column, rho: float, factor: float | None) -> ColumnPair:
    if factor is not None and 0 < abs(factor) < 1:
        first, second, factor = second, first, 1 / factor
    same_device = first.device is not None and (first.device, first.dataset) == (
        second.device,
        second.dataset,
    )
    return ColumnPair(first.name, second.name, rho, factor, same_device)


def _rank_correlations(values: np.ndarray) -> np.ndarray:
    """Spearman's rho of all pairs of columns, shape ``(n_columns, n_columns)``.

    It is 0 where a column is constant.
    """
    import pandas as pd

    ranks = pd.DataFrame(values).rank().to_numpy()
    if len(ranks) < 2:
        return np.zeros((values.shape[1],) * 2)
    centred = ranks - ranks.mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    centred /= np.where(norms > 0, norms, 1.0)
    return np.asarray(np.clip(centred.T @ centred, -1.0, 1.0))


def constant_factor(first: np.ndarray, second: np.ndarray) -> float | None:
    """``first / second`` if it is one number, to a relative 1e-9; None if it is not.

    Args:
        first: Shape ``(n_rows,)``, without NaN.
        second: Shape ``(n_rows,)``, without NaN.
    """
    is_nonzero = second != 0
    if not is_nonzero.any():
        return None
    factor = float(np.median(first[is_nonzero] / second[is_nonzero]))
    is_exact = np.abs(first - factor * second) <= FACTOR_TOLERANCE * np.abs(first)
    return factor if is_exact.all() else None
