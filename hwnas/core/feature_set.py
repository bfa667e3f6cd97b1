"""What a set of features is, and the table of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.registry import Registry

Names = Callable[[SearchSpace], list[str]]
Values = Callable[[SearchSpace, np.ndarray], np.ndarray]
Reads = Callable[[SearchSpace], str]


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Columns of one kind.

    Args:
        names: Names of the columns for a space.
        values: Values for canonical genotypes ``(n_archs, n_genes)``, shape
            ``(n_archs, n_columns)``.
        of_nets: Values for genotypes, each a net as it stands; None where all nets of a
            functional class have the class's values.
        reads: Hash of the file that the values rest on besides genotypes; None where there is none.
    """

    names: Names
    values: Values
    of_nets: Values | None = None
    reads: Reads | None = None


FEATURE_SETS: Registry[FeatureSet] = Registry(
    "feature set",
    group="hwnas.feature_sets",
    modules=("hwnas.features.sets", "hwnas.features.device_costs", "hwnas.proxies.feature_set"),
)


def feature_set(name: str, names: Names, reads: Reads | None = None) -> Callable[[Values], Values]:
    """Decorator that registers a function as the values of a set.

    Args:
        name: Name of the set.
        names: Names of its columns for a space.
        reads: Hash of the file that the values rest on besides genotypes.

    Raises:
        ConfigError: The name is taken.
    """

    def add(values: Values) -> Values:
        FEATURE_SETS.register(name)(FeatureSet(names, values, reads=reads))
        return values

    return add
