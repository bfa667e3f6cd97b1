"""What a model-based search evaluates first: the corners of a space, and its smallest networks.

Extremes of every objective lie among them, and models predict between what they have seen.
"""

from __future__ import annotations

import numpy as np

from hwnas.algorithms import CANNOT_RUN, Setting, Told
from hwnas.algorithms.nsga2 import Nsga2
from hwnas.core.architecture import genotype_keys
from hwnas.core.edge_cell import EdgeCell
from hwnas.core.space import SearchSpace
from hwnas.features import feature_matrix, feature_names

_POPULATION, _GENERATIONS = 100, 30
_N_DRAWN = 2000
"""Random architectures among which the smallest are looked for."""


def first_design(space: SearchSpace, rng: np.random.Generator) -> np.ndarray:
    """Architectures of different functional classes to begin with.

    First those that choose the same everywhere, as far as they are valid; then those of the fewest
    operations in their cells, or operators where there are no cells; equals in random order.

    Args:
        space: Search space.
        rng: Random numbers.

    Returns:
        Canonical genotypes in that order, shape ``(n_archs, n_genes)``: many more than are needed.
    """
    most = np.asarray(space.n_choices) - 1
    corners = np.minimum(np.arange(most.max() + 1)[:, None], most)
    corners = space.canonical_genotypes(corners[space.valid_mask(corners)])
    drawn = space.canonical_genotypes(space.sample_genotypes(_N_DRAWN, rng))
    drawn = np.unique(drawn, axis=0)
    drawn = drawn[rng.permutation(len(drawn))]
    both = np.concatenate([corners, drawn[np.argsort(_sizes(space, drawn), kind="stable")]])
    first = {key: row for row, key in reversed(list(enumerate(genotype_keys(both))))}
    return both[sorted(first.values())]


def bred_to_limits(setting: Setting, rng: np.random.Generator) -> np.ndarray:
    """Architectures that keep what is known for free of limits so tight that chance finds none.

    NSGA-II minimises violations alone, which costs no evaluation.

    Args:
        setting: What the algorithm is built from; it has limits that are known for free.
        rng: Random numbers.

    Returns:
        Canonical genotypes, shape ``(n_archs, n_genes)``; none where none were found.
    """
    assert setting.free is not None
    search = Nsga2(
        Setting(setting.space, 1, _POPULATION, int(rng.integers(2**31)), forms=setting.forms)
    )
    found = np.empty((0, len(setting.space.genes)), dtype=np.int64)
    for _ in range(_GENERATIONS):
        asked = search.ask(_POPULATION)
        if not len(asked):
            break
        forms = setting.space.canonical_genotypes(asked)
        found = np.concatenate([found, forms[setting.may_be_feasible(forms)]])
        if len(found) >= _POPULATION:
            break
        known = setting.free(forms)
        nothing = np.zeros((len(asked), 1))
        broken = np.nan_to_num(known.violation, nan=0.0, posinf=CANNOT_RUN)
        status = np.where(broken.sum(axis=1) > 0, "infeasible", "done").astype(object)
        status[known.status == "unknown"] = "unknown"
        search.tell(Told(asked, nothing, nothing, nothing, broken, status))
    return np.unique(found, axis=0)


def _sizes(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """How small networks are, shape ``(n_archs,)``."""
    name = "graph" if space.cell_types else "totals"
    absent = {f"n_{cell.absent}" for cell in space.cell_types if isinstance(cell, EdgeCell)}
    chosen = [
        place
        for place, column in enumerate(feature_names(space, (name,)))
        if (column.startswith("n_") if space.cell_types else column == "operators")
        and column.partition(" ")[0] not in absent
    ]
    return np.asarray(feature_matrix(space, genotypes, (name,))[:, chosen].sum(axis=1))
