"""Named sets of features: what predictors are fitted on and what their cards list."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hwnas.core.cell import CellGraph
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, UnknownNameError
from hwnas.features.counts import COLUMNS, count_genotypes
from hwnas.features.graph import graph_feature_names, graph_features, path_counts, path_names
from hwnas.features.operators import (
    operator_features,
    operator_names,
    stage_features,
    stage_names,
    total_features,
    total_names,
)
from hwnas.features.relative import relative_features, relative_names


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Columns of one kind.

    Args:
        names: Names of the columns for a space.
        values: Values for canonical genotypes ``(n_archs, n_genes)``, shape
            ``(n_archs, n_columns)``.
    """

    names: Callable[[SearchSpace], list[str]]
    values: Callable[[SearchSpace, np.ndarray], np.ndarray]


def _cell(space: SearchSpace) -> CellGraph:
    if space.cell is None:
        raise ConfigError(
            f"Features of cells need a space of cells; {space.name} has none. "
            "Choose other feature sets."
        )
    return space.cell


def _one_hot_names(space: SearchSpace) -> list[str]:
    return [
        f"{gene}={choice}"
        for gene, n_choices in zip(space.genes, space.n_choices, strict=True)
        for choice in range(n_choices)
    ]


def _one_hot(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    return _hot(genotypes, np.array(space.n_choices))


def _hot(positions: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """A one for each position ``(n_archs, n_parts)`` within parts of the sizes ``(n_parts,)``."""
    n_columns = sizes.sum()
    hot = np.zeros(len(positions) * n_columns, dtype=np.float32)
    starts = n_columns * np.arange(len(positions))[:, None] + (np.cumsum(sizes) - sizes)
    hot[positions + starts] = 1
    return hot.reshape(len(positions), n_columns)


def _group_names(space: SearchSpace) -> list[str]:
    names = []
    for group in space.independent_genes:
        for choices in itertools.product(*(range(space.n_choices[gene]) for gene in group)):
            chosen = zip(group, choices, strict=True)
            names.append(
                f"group({', '.join(f'{space.genes[g]}={choice}' for g, choice in chosen)})"
            )
    return names


def _groups(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """A one for each group's combination of choices: linear in these is a look-up table."""
    n_choices = np.array(space.n_choices)
    groups = [list(group) for group in space.independent_genes]
    sizes = np.array([n_choices[group].prod() for group in groups])
    positions = np.zeros((len(genotypes), len(groups)), dtype=np.int64)
    for column, group in enumerate(groups):
        for gene in group:
            positions[:, column] = positions[:, column] * n_choices[gene] + genotypes[:, gene]
    return _hot(positions, sizes)


def _log_counts(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(count_genotypes(space, genotypes)), dtype=np.float32)


def _ordinal(_: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    return np.asarray(genotypes, dtype=np.float32)


FEATURE_SETS = {
    "counts": FeatureSet(lambda _: [f"log_{name}" for name in COLUMNS], _log_counts),
    "one_hot": FeatureSet(_one_hot_names, _one_hot),
    "groups": FeatureSet(_group_names, _groups),
    "ordinal": FeatureSet(lambda space: list(space.genes), _ordinal),
    "operators": FeatureSet(operator_names, operator_features),
    "stages": FeatureSet(stage_names, stage_features),
    "totals": FeatureSet(total_names, total_features),
    "relative": FeatureSet(relative_names, relative_features),
    "graph": FeatureSet(
        lambda space: graph_feature_names(_cell(space)),
        lambda space, genotypes: graph_features(_cell(space), genotypes),
    ),
    "paths": FeatureSet(
        lambda space: path_names(_cell(space)),
        lambda space, genotypes: path_counts(_cell(space), genotypes),
    ),
}


def _find(name: str) -> FeatureSet:
    if name not in FEATURE_SETS:
        raise UnknownNameError("feature set", name, FEATURE_SETS)
    return FEATURE_SETS[name]


def feature_names(space: SearchSpace, sets: Sequence[str]) -> list[str]:
    """Names of the columns of ``feature_matrix``.

    Raises:
        UnknownNameError: There is no such set.
        ConfigError: The space cannot have such features.
    """
    return [name for chosen in sets for name in _find(chosen).names(space)]


def feature_layout(space: SearchSpace, sets: Sequence[str]) -> dict[str, range]:
    """Which columns of ``feature_matrix`` each set has.

    Raises:
        UnknownNameError: There is no such set.
        ConfigError: The space cannot have such features.
    """
    layout, start = {}, 0
    for name in sets:
        end = start + len(_find(name).names(space))
        layout[name] = range(start, end)
        start = end
    return layout


def feature_matrix(
    space: SearchSpace, genotypes: np.ndarray, sets: Sequence[str], is_canonical: bool = False
) -> np.ndarray:
    """Features of the canonical forms of architectures, so that dead operations are not seen.

    Args:
        space: Their search space.
        genotypes: Shape ``(n_archs, n_genes)``.
        sets: Names of feature sets, a selection of ``FEATURE_SETS``.
        is_canonical: Whether the genotypes are canonical already, as the caller knows.

    Returns:
        Shape ``(n_archs, n_features)``, float32, columns as ``feature_names`` says.

    Raises:
        UnknownNameError: There is no such set.
        ConfigError: The space cannot have such features.
    """
    canonical = genotypes if is_canonical else space.canonical_genotypes(genotypes)
    return np.concatenate([_find(name).values(space, canonical) for name in sets], axis=1)
