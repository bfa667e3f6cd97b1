"""Objectives that are one in disguise: two that rank architectures alike make no trade-off."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from hwnas.core.objective import ObjectiveSpec
from hwnas.objectives.indicators import minimised

SAME_RANKING = 0.98
SAME_RATIO = 1e-6
MIN_ARCHS = 20


def redundancy_notes(values: np.ndarray, objectives: Sequence[ObjectiveSpec]) -> list[str]:
    """A sentence for each pair of objectives that are proportional or rank alike.

    Args:
        values: Shape ``(n_archs, n_objectives)``, feasible architectures, in their own units.
        objectives: What the columns are.
    """
    if len(values) < MIN_ARCHS:
        return []
    ranks = np.apply_along_axis(_ranks, 0, minimised(values, objectives))
    notes = []
    for first, second in itertools.combinations(range(len(objectives)), 2):
        names = f"{objectives[first].column} and {objectives[second].column}"
        pair = values[:, [first, second]]
        if np.any(np.ptp(pair, axis=0) == 0):
            continue
        rho = float(np.corrcoef(ranks[:, first], ranks[:, second])[0, 1])
        if rho <= SAME_RANKING:
            continue
        ratio = pair[:, 1] / pair[:, 0] if np.all(pair[:, 0] != 0) else np.array([0.0, 1.0])
        if np.ptp(ratio) <= SAME_RATIO * np.abs(ratio).max():
            notes.append(
                f"{names} are one objective: their ratio is {ratio[0]:.4g} for every architecture. "
                "Leave one of them out."
            )
        else:
            notes.append(
                f"{names} rank architectures alike (Spearman {rho:.3f} over the first "
                f"{len(values)}): they are hardly two objectives."
            )
    return notes


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks of values ``(n,)``, equal ones sharing their mean rank.

    Importing scipy.stats for this would cost every search more time than half its generations.
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])
