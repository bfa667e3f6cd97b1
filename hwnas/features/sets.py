"""Named sets of features: what predictors are fitted on and what their cards list."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from hwnas.core import arguments, given
from hwnas.core.arguments import checked, many
from hwnas.core.cell import Cell
from hwnas.core.feature_set import FEATURE_SETS, feature_set
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.features.additive import independent_genes
from hwnas.features.counting import COLUMNS, count_genotypes
from hwnas.features.graph import graph_feature_names, graph_features, path_counts, path_names
from hwnas.features.nets import feature_set_of_nets
from hwnas.features.operators import (
    operator_features,
    operator_names,
    stage_features,
    stage_names,
    total_features,
    total_names,
)
from hwnas.features.path_statistics import path_statistic_names, path_statistics
from hwnas.features.relative import relative_features, relative_names

_SETS = many(arguments.text, at_least=1)


def _cells(space: SearchSpace) -> tuple[Cell, ...]:
    if not space.cell_types:
        raise ConfigError(
            f"Features of cells need a space of cells; {space.name} has none. "
            "Choose other feature sets."
        )
    return space.cell_types


def _one_hot_names(space: SearchSpace) -> list[str]:
    return [
        f"{gene}={choice}"
        for gene, n_choices in zip(space.genes, space.n_choices, strict=True)
        for choice in range(n_choices)
    ]


@feature_set("one_hot", _one_hot_names)
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
    for group in independent_genes(space):
        for choices in itertools.product(*(range(space.n_choices[gene]) for gene in group)):
            chosen = zip(group, choices, strict=True)
            names.append(
                f"group({', '.join(f'{space.genes[g]}={choice}' for g, choice in chosen)})"
            )
    return names


@feature_set("groups", _group_names)
def _groups(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """A one for each group's combination of choices: linear in these is a look-up table."""
    n_choices = np.array(space.n_choices)
    groups = [list(group) for group in independent_genes(space)]
    sizes = np.array([n_choices[group].prod() for group in groups])
    positions = np.zeros((len(genotypes), len(groups)), dtype=np.int64)
    for column, group in enumerate(groups):
        for gene in group:
            positions[:, column] = positions[:, column] * n_choices[gene] + genotypes[:, gene]
    return _hot(positions, sizes)


def _encoding_names(space: SearchSpace) -> list[str]:
    if not space.cell_types:
        return _group_names(space)
    hot = itertools.combinations(zip(space.genes, space.n_choices, strict=True), 2)
    pairs = [
        f"{one}={choice}, {other}={its}"
        for (one, n_choices), (other, n_its) in hot
        for choice, its in itertools.product(range(n_choices), range(n_its))
    ]
    return _one_hot_names(space) + pairs


def tied_choices(space: SearchSpace) -> np.ndarray:
    """Which of the first columns of ``encoding`` are one choice, wherever in the space it stands.

    Returns:
        Zeros and ones of shape ``(n_choices, n_tied)``, a column for each choice of groups of
        genes of the same choices; pairs are left out.
    """
    kinds: dict[tuple[tuple[str, ...], ...], list[int]] = {}
    start = 0
    single = tuple((gene,) for gene in range(len(space.genes)))
    for group in single if space.cell_types else independent_genes(space):
        sizes = [space.n_choices[gene] for gene in group]
        kinds.setdefault(tuple(space.choice_names[gene] for gene in group), []).append(start)
        start += int(np.prod(sizes))
    columns = [
        np.isin(np.arange(start), np.array(starts) + place)
        for choices, starts in kinds.items()
        for place in range(int(np.prod([len(names) for names in choices])))
    ]
    return np.stack(columns, axis=1).astype(float)


@feature_set_of_nets("encoding", _encoding_names)
def _encoding(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """A cell's operations and pairs of them, a chain's look-up columns: costs are linear in it."""
    if not space.cell_types:
        return _groups(space, genotypes)
    n_choices = np.array(space.n_choices)
    one, other = np.triu_indices(len(n_choices), 1)
    pairs = genotypes[:, one] * n_choices[other] + genotypes[:, other]
    hot = _hot(np.asarray(pairs), n_choices[one] * n_choices[other])
    return np.concatenate([_one_hot(space, genotypes), hot], axis=1)


@feature_set_of_nets("net_counts", lambda _: [f"log_net_{name}" for name in COLUMNS])
def _log_net_counts(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(count_genotypes(space, genotypes)), dtype=np.float32)


@feature_set("counts", lambda _: [f"log_{name}" for name in COLUMNS])
def _log_counts(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(count_genotypes(space, genotypes)), dtype=np.float32)


@feature_set("ordinal", lambda space: list(space.genes))
def _ordinal(_: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    return np.asarray(genotypes, dtype=np.float32)


def _graph_names(space: SearchSpace) -> list[str]:
    return _of_each_cell(space, graph_feature_names)


@feature_set("graph", _graph_names)
def _graph(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    return np.concatenate([graph_features(cell, genotypes) for cell in _cells(space)], axis=1)


def _path_names(space: SearchSpace) -> list[str]:
    return _of_each_cell(space, path_names)


@feature_set("paths", _path_names)
def _paths(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    return np.concatenate([path_counts(cell, genotypes) for cell in _cells(space)], axis=1)


def _path_statistic_names(space: SearchSpace) -> list[str]:
    return _of_each_cell(space, path_statistic_names)


@feature_set("path_statistics", _path_statistic_names)
def _path_statistics(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    return np.concatenate([path_statistics(cell, genotypes) for cell in _cells(space)], axis=1)


def _of_each_cell(space: SearchSpace, names: Callable[[Cell], list[str]]) -> list[str]:
    """Names of the columns of each cell; those of the second and later ones say which it is."""
    return [
        f"{name} of cell {number}" if number > 1 else name
        for number, cell in enumerate(_cells(space), start=1)
        for name in names(cell)
    ]


feature_set("operators", operator_names)(operator_features)
feature_set("stages", stage_names)(stage_features)
feature_set("totals", total_names)(total_features)
feature_set("relative", relative_names)(relative_features)


@checked(space=given.loaded_space, sets=many(arguments.text))
def feature_names(space: SearchSpace, sets: Sequence[str]) -> list[str]:
    """Names of the columns of ``feature_matrix``.

    Raises:
        UnknownNameError: There is no such set.
        ConfigError: The space cannot have such features.
    """
    return [name for chosen in sets for name in FEATURE_SETS[chosen].names(space)]


@checked(space=given.loaded_space, sets=many(arguments.text))
def feature_layout(space: SearchSpace, sets: Sequence[str]) -> dict[str, range]:
    """Which columns of ``feature_matrix`` each set has.

    Raises:
        UnknownNameError: There is no such set.
        ConfigError: The space cannot have such features.
    """
    layout, start = {}, 0
    for name in sets:
        end = start + len(FEATURE_SETS[name].names(space))
        layout[name] = range(start, end)
        start = end
    return layout


@checked(space=given.loaded_space, sets=_SETS)
def net_feature_matrix(
    space: SearchSpace, genotypes: np.ndarray, sets: Sequence[str]
) -> np.ndarray:
    """Features of nets as they stand, dead operations included: who runs these takes time for them.

    Args:
        space: Their search space.
        genotypes: Shape ``(n_archs, n_genes)``.
        sets: Names of feature sets, a selection of ``FEATURE_SETS``.

    Returns:
        Shape ``(n_archs, n_features)``, float32, columns as ``feature_names`` says. Sets that know
        classes only have their class's values.

    Raises:
        UnknownNameError: There is no such set.
        ConfigError: The space cannot have such features.
    """
    genotypes = space.check_genotypes(genotypes)
    canonical = space.canonical_genotypes(genotypes)
    # Genes of a chain that are not active are no operations; dead operations of a cell are.
    nets = genotypes if space.cell_types else canonical
    found = [FEATURE_SETS[name] for name in sets]
    parts = [
        each.of_nets(space, nets) if each.of_nets else each.values(space, canonical)
        for each in found
    ]
    return np.concatenate(parts, axis=1)


@checked(space=given.loaded_space, sets=_SETS, is_canonical=arguments.flag)
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
    genotypes = space.check_genotypes(genotypes)
    canonical = genotypes if is_canonical else space.canonical_genotypes(genotypes)
    return np.concatenate([FEATURE_SETS[name].values(space, canonical) for name in sets], axis=1)
