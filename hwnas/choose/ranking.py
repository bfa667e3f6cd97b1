"""Orders of preference among points: the best in one criterion, or a compromise by pymoo."""

from __future__ import annotations

import warnings

import numpy as np

METHODS = ("lexicographic", "knee", "asf", "pseudo-weights")


def rank(points: np.ndarray, weights: np.ndarray, method: str) -> np.ndarray:
    """Positions of points, the preferred one first.

    ``lexicographic`` orders by the criterion of the largest weight, and by the others in turn only
    where those before are equal; criteria of one weight come in their order.

    For the other methods, each criterion is scaled to 0 (best of the points) to 1 (worst); one
    that is equal everywhere counts as 0. ``asf`` orders by the largest weighted distance to the
    best values, an achievement scalarising function. ``pseudo-weights`` orders by how far a point's
    relative strengths are from the weights. ``knee`` puts the points with an outstanding trade-off
    first, those where gaining a little in one criterion costs much in the others, and orders by
    equally weighted ``asf`` within them and within the rest; where none stands out (one or two
    points, one criterion, a flat front) that is ``asf`` alone. A knee is a local property: it can
    lie near an end of the front, where ``asf`` keeps to the middle. Ties go to the smaller
    weighted, then unweighted sum of the scaled criteria, and in the end to the earlier point.

    Args:
        points: Shape ``(n_points, n_criteria)``, finite, all minimised.
        weights: Shape ``(n_criteria,)``, not negative, one at least positive; a larger weight
            asks for more closeness to the best value, 0 ignores the criterion.
        method: One of ``METHODS``.

    Returns:
        Shape ``(n_points,)``.

    References:
        Miettinen 1999, Nonlinear Multiobjective Optimization, section 4.2 (lexicographic ordering).
        Wierzbicki 1980, The use of reference objectives in multiobjective optimization.
        Rachmawati and Srinivasan 2009, Multiobjective Evolutionary Algorithm With Controllable
        Focus on the Knees of the Pareto Front, https://doi.org/10.1109/TEVC.2009.2017515
        Deb 2001, Multi-Objective Optimization Using Evolutionary Algorithms, section 8.6.
        Blank and Deb 2020, pymoo, https://pymoo.org/mcdm/index.html
    """
    if method == "lexicographic":
        # Both sorts are stable; lexsort sorts by its last key first.
        return np.lexsort(points[:, np.argsort(-weights, kind="stable")[::-1]].T)
    scaled = scale(points)
    weights = weights / weights.max()
    keys = [scaled.sum(axis=1), scaled @ weights, _achievement(scaled, weights)]
    if method == "knee":
        keys.append(~_stands_out(scaled))
    elif method == "pseudo-weights":
        keys.append(_strength_mismatch(scaled, weights))
    return np.lexsort(keys)


def scale(points: np.ndarray) -> np.ndarray:
    """Points with each criterion from 0 (its least) to 1 (its greatest); 0 where all are equal.

    Args:
        points: Shape ``(n_points, n_criteria)``, finite.

    Returns:
        Shape ``(n_points, n_criteria)``.
    """
    least = points.min(axis=0)
    span = points.max(axis=0) - least
    return np.asarray((points - least) / np.where(span > 0, span, 1.0))


def _achievement(scaled: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Largest weighted distance to the best values, shape ``(n_points,)``."""
    from pymoo.decomposition.asf import ASF

    weighted = weights > 0
    # pymoo divides by its weights, and reads 0 as the strictest of all.
    with np.errstate(over="ignore"):
        divisors = 1.0 / weights[weighted]
    return np.asarray(ASF().do(scaled[:, weighted], divisors, _type="many_to_one"))


def _stands_out(scaled: np.ndarray) -> np.ndarray:
    """Whether each point has an outstanding trade-off, shape ``(n_points,)``, boolean."""
    varied = scaled[:, scaled.any(axis=0)]
    stands_out = np.zeros(len(scaled), dtype=bool)
    if varied.shape[1] < 2:  # one criterion at most, or one point
        return stands_out
    # pymoo sets a filter that ignores every warning from then on; this one takes it back.
    with warnings.catch_warnings():
        # pymoo 0.6.2 imports a name that SciPy has moved.
        warnings.filterwarnings("ignore", "Please import `cKDTree`", DeprecationWarning)
        from pymoo.mcdm.high_tradeoff import HighTradeoffPoints

        try:
            found = HighTradeoffPoints().do(varied)
        except ValueError:
            # pymoo takes the largest of no trade-offs where none is finite.
            found = None
    if found is not None:
        stands_out[found] = True
    return stands_out


def _strength_mismatch(scaled: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Distance of each point's pseudo-weights to the weights, shape ``(n_points,)``."""
    used = (weights > 0) & scaled.any(axis=0)
    if not used.any():
        return np.zeros(len(scaled))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Please import `cKDTree`", DeprecationWarning)
        from pymoo.mcdm.pseudo_weights import PseudoWeights
    wanted = weights[used] / weights[used].sum()
    # A point that is worst in every criterion has no strengths: 0 / 0, which sorts last.
    with np.errstate(invalid="ignore"):
        _, strengths = PseudoWeights(wanted).do(scaled[:, used], return_pseudo_weights=True)
    return np.asarray(np.abs(strengths - wanted).sum(axis=1))
