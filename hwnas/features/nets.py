"""Nets as they stand beside their functional classes, which are the mean over their nets.

Nets that compute the same are measured one by one, and on a device they cost differently: a sum of
more edges, an identity that is copied. Features of nets are learned from, those of classes asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hwnas.core.architecture import genotype_keys
from hwnas.core.feature_set import FEATURE_SETS, FeatureSet, Names, Reads, Values
from hwnas.core.space import SearchSpace


@dataclass(frozen=True, slots=True, eq=False)
class ClassNets:
    """The pruned nets of every functional class of a space.

    Args:
        genotypes: Shape ``(n_nets, n_genes)``, those of a class beside each other.
        span_of: First row and one past the last of each class, by its canonical genotype's bytes.
    """

    genotypes: np.ndarray
    span_of: dict[bytes, tuple[int, int]]


@lru_cache(maxsize=8)
def class_nets(space: SearchSpace) -> ClassNets | None:
    """The pruned nets of every class; None where a class is one net, or too many are to be listed.

    Args:
        space: Search space.
    """
    every = space.all_genotypes() if space.cell_types else None
    if every is None:
        return None
    nets = np.unique(space.pruned_genotypes(every), axis=0)
    classes, class_of = np.unique(space.canonical_genotypes(nets), axis=0, return_inverse=True)
    class_of = class_of.reshape(-1)
    order = np.argsort(class_of, kind="stable")
    ends = np.cumsum(np.bincount(class_of)).tolist()
    spans = zip([0, *ends[:-1]], ends, strict=True)
    return ClassNets(nets[order], dict(zip(genotype_keys(classes), spans, strict=True)))


def mean_over_nets(values: Values) -> Values:
    """From the values of nets as they stand to those of functional classes.

    Args:
        values: Values for pruned genotypes, shape ``(n_nets, n_columns)``.

    Returns:
        A function of canonical genotypes: the mean over the pruned nets of each class; where these
        are not listed, the values of the canonical net.
    """

    def of_classes(space: SearchSpace, canonical: np.ndarray) -> np.ndarray:
        known = class_nets(space)
        if known is None or not len(canonical):
            return values(space, canonical)
        spans = np.array([known.span_of[key] for key in genotype_keys(canonical)])
        sizes = spans[:, 1] - spans[:, 0]
        starts = np.cumsum(sizes) - sizes
        rows = np.arange(sizes.sum()) - np.repeat(starts - spans[:, 0], sizes)
        found = values(space, known.genotypes[rows])
        return np.asarray(np.add.reduceat(found, starts, axis=0) / sizes[:, None], found.dtype)

    return of_classes


def feature_set_of_nets(
    name: str, names: Names, reads: Reads | None = None
) -> Callable[[Values], Values]:
    """Decorator that registers a function of nets as they stand; classes have the mean over theirs.

    Args:
        name: Name of the set.
        names: Names of its columns for a space.
        reads: Hash of the file that the values rest on besides genotypes.

    Raises:
        ConfigError: The name is taken.
    """

    def add(values: Values) -> Values:
        FEATURE_SETS.register(name)(FeatureSet(names, mean_over_nets(values), values, reads))
        return values

    return add
