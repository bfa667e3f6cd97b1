"""``vote``: the mean of an architecture's ranks by three proxies.

References:
    Abdelfattah et al. 2021, Zero-Cost Proxies for Lightweight NAS,
    https://arxiv.org/abs/2101.08134
"""

from __future__ import annotations

import numpy as np

from hwnas.errors import ShapeError

VOTE = "vote"
VOTERS = ("synflow", "jacob_cov", "snip")
"""The proxies that vote."""


def vote(scores: np.ndarray, reference: np.ndarray | None = None) -> np.ndarray:
    """Mean over proxies of the share of a population that each architecture beats.

    An architecture's share by a proxy is its rank in the population, ties in the middle of theirs,
    divided by the population's size: from 0 for the worst to 1 for the best. Of one that is not
    in the population, it lies in proportion between those of its neighbours; beyond the
    population's ends it goes on towards 0 or 1, by a factor of e for each range of the population,
    so that better stays better.

    The paper's ``vote`` is the majority of the three in each comparison of two architectures. Mean
    ranks need no pairs, and give a number that does not change with who else is compared.

    Args:
        scores: Scores, larger is better, of shape ``(n_archs, n_proxies)``; NaN where unknown.
        reference: Those of the population, shape ``(n_reference, n_proxies)``; ``scores`` by
            default. What is unknown in it is left out.

    Returns:
        Shape ``(n_archs,)``; NaN where a score is unknown or no reference is known.

    Raises:
        ShapeError: The two disagree on ``n_proxies``.

    Example:
        >>> vote(np.array([[3.0, 1.0], [1.0, 1.0]])).tolist()
        [0.625, 0.375]
    """
    reference = scores if reference is None else reference
    if scores.ndim != 2 or reference.shape[1:] != scores.shape[1:]:
        raise ShapeError(
            "scores and reference must have shapes (n_archs, n_proxies) and (n_reference, "
            f"n_proxies); got {scores.shape} and {reference.shape}."
        )
    shares = [_shares(*columns) for columns in zip(scores.T, reference.T, strict=True)]
    return np.asarray(np.mean(shares, axis=0))


def _shares(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Share of the reference that each value beats, shape ``(n_archs,)``."""
    known = reference[np.isfinite(reference)]
    if not len(known):
        return np.full(len(values), np.nan)
    places, counts = np.unique(known, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2) / len(known)
    low, high = places[0], places[-1]
    width = (high - low) or 1.0
    shares = np.interp(values, places, middle)
    below = middle[0] * np.exp(np.minimum(values - low, 0.0) / width)
    above = 1 - (1 - middle[-1]) * np.exp(np.minimum(high - values, 0.0) / width)
    return np.asarray(np.where(values < low, below, np.where(values > high, above, shares)))
