"""Functional classes of a space: listed, sampled, and those of given architectures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.space import SAMPLING_ROUNDS, SearchSpace
from hwnas.errors import ArchitectureError, ConfigError


def valid_classes(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """Canonical genotypes of the valid ones, each once, in order; ``(n_classes, n_genes)``.

    Args:
        space: The search space.
        genotypes: Shape ``(n_archs, n_genes)``.
    """
    valid = genotypes[space.valid_mask(genotypes)]
    return np.unique(space.canonical_genotypes(valid), axis=0)


_MOST_LISTED = 20_000
"""Genotypes that a space is listed for that does not list itself."""


def listed_classes(space: SearchSpace) -> np.ndarray | None:
    """All functional classes of a space, shape ``(n_classes, n_genes)``; None if too many."""
    every = space.all_genotypes()
    if every is None:
        if math.prod(space.n_choices) > _MOST_LISTED:
            return None
        every = np.array(list(itertools.product(*map(range, space.n_choices))), dtype=np.int64)
    return valid_classes(space, every)


_AT_ONCE = 65_536
_MOST_WALKED = 10_000_000
"""Genotypes that are gone through for their classes, which takes minutes."""


def every_class(space: SearchSpace, most: int) -> np.ndarray | None:
    """All functional classes of a space, in the order of their genotypes.

    Args:
        space: The search space, listed or not.
        most: How many there may be.

    Returns:
        Shape ``(n_classes, n_genes)``; None if there are more, or more than ten million genotypes
        to go through.
    """
    classes = listed_classes(space)
    if classes is not None:
        return classes if len(classes) <= most else None
    n_genotypes = math.prod(space.n_choices)
    if n_genotypes > _MOST_WALKED:
        return None
    found = np.empty((0, len(space.genes)), dtype=np.int64)
    for first in range(0, n_genotypes, _AT_ONCE):
        numbers = np.arange(first, min(first + _AT_ONCE, n_genotypes))
        block = np.stack(np.unravel_index(numbers, space.n_choices), axis=1)
        found = np.unique(np.concatenate([found, valid_classes(space, block)]), axis=0)
        if len(found) > most:
            return None
    return found


def canonical_classes(space: SearchSpace, archs: Sequence[Architecture]) -> list[Architecture]:
    """Canonical forms of architectures, each once, in the order of their genotypes.

    Raises:
        ArchitectureError: One does not connect input and output: it has no scores.
    """
    for arch in archs:
        if not space.is_valid(arch):
            raise ArchitectureError(
                f"An architecture to score must connect input and output; '{arch}' does not."
            )
    return [space.architecture(row) for row in valid_classes(space, space.genotypes(archs))]


def all_classes(space: SearchSpace) -> list[Architecture]:
    """Every valid canonical architecture, in the order of their genotypes.

    Raises:
        ConfigError: The space has too many to list.
    """
    everything = space.all_genotypes()
    if everything is None:
        raise ConfigError(f"{space.name} has too many architectures to list. Use --sample N.")
    return [space.architecture(row) for row in valid_classes(space, everything)]


def sample_classes(
    space: SearchSpace, n: int, seed: int | np.random.SeedSequence
) -> list[Architecture]:
    """``n`` different valid canonical architectures, drawn uniformly over genotypes.

    Raises:
        ConfigError: The space has fewer, or none is asked.
    """
    if n < 1:
        raise ConfigError(f"A sample must have at least 1 architecture; got {n}.")
    rng = np.random.default_rng(seed)
    found: dict[tuple[int, ...], None] = {}
    for _ in range(SAMPLING_ROUNDS):
        for genotype in space.canonical_genotypes(space.sample_genotypes(n, rng)):
            found.setdefault(tuple(genotype.tolist()))
        if len(found) >= n:
            return [space.architecture(genotype) for genotype in sorted(list(found)[:n])]
    raise ConfigError(
        f"{space.name} must have {n} different architectures to sample; only {len(found)} were "
        "found. Ask for fewer, or use --all."
    )
