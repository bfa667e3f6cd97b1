"""Steps from one genotype to those that differ in one gene."""

from __future__ import annotations

import numpy as np

from hwnas.core.space import SearchSpace


def mutants(
    space: SearchSpace, genotype: np.ndarray, n: int, *, rng: np.random.Generator
) -> np.ndarray:
    """``n`` mutants: in each, a gene drawn at random has another choice drawn at random.

    Args:
        space: Search space.
        genotype: Shape ``(n_genes,)``.
        n: How many.
        rng: Random numbers.

    Returns:
        Shape ``(n, n_genes)``; a gene with one choice is left alone.
    """
    n_choices = np.asarray(space.n_choices)
    can_change = np.flatnonzero(n_choices > 1)
    found = np.tile(genotype, (n, 1))
    if len(can_change):
        genes = rng.choice(can_change, size=n)
        rows = np.arange(n)
        shift = rng.integers(1, n_choices[genes])
        found[rows, genes] = (found[rows, genes] + shift) % n_choices[genes]
    return found


def neighbours(space: SearchSpace, genotype: np.ndarray) -> np.ndarray:
    """All that differ from a genotype in one gene, shape ``(n_neighbours, n_genes)``."""
    moves = [
        (gene, choice)
        for gene, n in enumerate(space.n_choices)
        for choice in range(n)
        if choice != genotype[gene]
    ]
    found = np.tile(genotype, (len(moves), 1))
    for row, (gene, choice) in enumerate(moves):
        found[row, gene] = choice
    return found
