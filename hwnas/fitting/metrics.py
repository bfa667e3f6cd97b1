"""How wrong a predictor is: rank correlations and relative errors."""

from __future__ import annotations

import numpy as np

from hwnas.core.quantity import Direction

N_FEW = 200
"""Up to so many values, all pairs are compared: sooner done than scipy.stats is imported."""
CLOSE = 0.10
"""What counts as close: within 10 % of the truth."""


def regression_metrics(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float | None]:
    """Agreement of predictions with the truth.

    Args:
        truth: Shape ``(n,)``, in any unit.
        predicted: Shape ``(n,)``, in the same unit.

    Returns:
        ``kendall_tau`` (tau-b), ``spearman``, ``mae`` in the unit, ``mape_pct`` and
        ``within_10_pct`` (share of predictions within 10 % of the truth, in percent). What is not
        defined, such as a relative error of a truth of zero, is None.
    """
    error = np.abs(predicted - truth)
    is_relative = bool(np.all(truth > 0))
    return {
        "kendall_tau": kendall_tau(truth, predicted),
        "spearman": spearman(truth, predicted),
        "mae": float(error.mean()),
        "mape_pct": float(100 * np.mean(error / truth)) if is_relative else None,
        "within_10_pct": float(100 * np.mean(error <= CLOSE * np.abs(truth))),
    }


def kendall_tau(truth: np.ndarray, predicted: np.ndarray) -> float | None:
    """Kendall's tau-b of two arrays of shape ``(n,)``; None where one of them is constant."""
    if not (np.ptp(truth) > 0 and np.ptp(predicted) > 0):
        return None
    if len(truth) > N_FEW:
        from scipy.stats import kendalltau

        return float(kendalltau(truth, predicted).statistic)
    one, other = (np.sign(each[:, None] - each) for each in (truth, predicted))
    return float((one * other).sum() / np.sqrt((one * one).sum() * (other * other).sum()))


def best_fifth(truth: np.ndarray, direction: Direction) -> np.ndarray:
    """Positions of the best fifth of values ``(n,)``, where fronts lie; equal ones as they come."""
    order = np.argsort(-truth if direction == "max" else truth, kind="stable")
    return order[: len(truth) // 5]


def spearman(truth: np.ndarray, predicted: np.ndarray) -> float | None:
    """Spearman's rho of two arrays of shape ``(n,)``; None where one of them is constant."""
    if not (np.ptp(truth) > 0 and np.ptp(predicted) > 0):
        return None
    if len(truth) > N_FEW:
        from scipy.stats import spearmanr

        return float(spearmanr(truth, predicted).statistic)
    # The middle of its places is what a value shares with its equals.
    ranks = [np.sign(each[:, None] - each).sum(axis=1) for each in (truth, predicted)]
    return float(ranks[0] @ ranks[1] / np.sqrt((ranks[0] @ ranks[0]) * (ranks[1] @ ranks[1])))
