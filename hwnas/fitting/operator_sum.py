"""A device's cost as a sum over operators, learned from the device's own nets.

A runtime that runs one kernel after the other takes the sum of their times, which no linear model
of logarithms says. Each kind of operator has a cost that is not negative; relative errors are
least squares.

References:
    Zhang et al. 2021, nn-Meter, https://dl.acm.org/doi/10.1145/3458864.3467882 (latency as a sum
    over kernels)
    Lawson and Hanson 1995, Solving Least Squares Problems, chapter 23 (no negative costs)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.features.additive import additive_table, independent_genes
from hwnas.features.operators import measure_kernels
from hwnas.features.sets import feature_names, tied_choices
from hwnas.fitting.conversion import LEAST_SUM

ENCODING = "encoding"
NETS_A_TERM = 4
"""With fewer nets for each kind of operator, the sum would be learned by heart."""


@dataclass(frozen=True, eq=False)
class OperatorTerms:
    """What is summed, linear in the feature set ``encoding``.

    Args:
        weights: Shape ``(n_encoding, n_terms)``.
        base: What every net has, shape ``(n_terms,)``.
    """

    weights: np.ndarray
    base: np.ndarray

    def of(self, encoding: np.ndarray) -> np.ndarray:
        """Terms of nets, shape ``(n_nets, n_terms)``, from their encoding."""
        return np.asarray(encoding.astype(float) @ self.weights + self.base)


@dataclass(frozen=True, eq=False)
class OperatorSum:
    """A cost for each kind of operator.

    Args:
        parts: Cost of each column of the encoding, shape ``(n_encoding,)``, in units of the mean
            cost of the nets that it was learned from.
        start: What every net costs.
    """

    parts: np.ndarray
    start: float

    def log(self, encoding: np.ndarray) -> np.ndarray:
        """Logarithm of the cost of nets, shape ``(n_nets,)``, from their encoding."""
        cost = encoding.astype(float) @ self.parts + self.start
        return np.asarray(np.log(np.maximum(cost, LEAST_SUM)))


@lru_cache(maxsize=8)
def operator_terms(space: SearchSpace) -> OperatorTerms:
    """The kinds of operators of a space.

    Of a chain, operators of each type, window and resolution and their work; of cells, operations
    of each kind, wherever they stand.

    Args:
        space: A space that has an ``encoding``.
    """
    n_columns = len(feature_names(space, (ENCODING,)))
    if space.cell_types:
        tied = tied_choices(space)
        weights = np.zeros((n_columns, tied.shape[1]))
        weights[: len(tied)] = tied
        return _without_doubles(OperatorTerms(weights, np.zeros(tied.shape[1])))
    table = additive_table(space, measure_kernels)
    first = np.zeros((1, len(space.genes)), dtype=np.int64)
    base = table.values(first, np.float64)[0]
    rows = []
    for group in independent_genes(space):
        sizes = [space.n_choices[gene] for gene in group]
        genotypes = np.repeat(first, np.prod(sizes), axis=0)
        genotypes[:, list(group)] = np.stack(
            np.unravel_index(np.arange(len(genotypes)), sizes), axis=1
        )
        rows.append(table.values(genotypes, np.float64) - base)
    return _without_doubles(OperatorTerms(np.concatenate(rows), base))


def _without_doubles(terms: OperatorTerms) -> OperatorTerms:
    """The same without terms that no choice changes, or that are multiples of others."""
    scale = np.abs(terms.weights).max(axis=0)
    varies = scale > 0
    scaled = terms.weights[:, varies] / scale[varies]
    _, first = np.unique(scaled.round(9), axis=1, return_index=True)
    kept = np.flatnonzero(varies)[np.sort(first)]
    return OperatorTerms(terms.weights[:, kept] / scale[kept], terms.base[kept] / scale[kept])


def has_operator_sum(space: SearchSpace, n_nets: int) -> bool:
    """Whether so many nets are enough to learn a sum over operators from."""
    n_terms = len(operator_terms(space).base) + 1
    return n_nets >= NETS_A_TERM * n_terms


def fit_operator_sum(space: SearchSpace, encoding: np.ndarray, values: np.ndarray) -> OperatorSum:
    """Costs of operators with the least relative squared errors.

    Args:
        space: Search space.
        encoding: Feature set ``encoding`` of nets as they stand, shape ``(n_nets, n_encoding)``.
        values: Their costs, positive, shape ``(n_nets,)``, in any unit.
    """
    from scipy.optimize import nnls

    terms = operator_terms(space)
    columns = np.concatenate([np.ones((len(values), 1)), terms.of(encoding)], axis=1)
    relative = values / values.mean()
    costs, _ = nnls(columns / relative[:, None], np.ones(len(values)))
    return OperatorSum(terms.weights @ costs[1:], float(costs[0] + terms.base @ costs[1:]))
