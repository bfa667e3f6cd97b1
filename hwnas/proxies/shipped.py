"""Scores that travel with the package, so that they can be used without torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from hwnas._files import sha256_file
from hwnas._resources import artifacts_dir
from hwnas._sums import check_sum
from hwnas.core.architecture import genotype_keys
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.proxies.store import ScoreCard, read_card, read_scores
from hwnas.spaces import load_space

FILE = "proxies.parquet"


@dataclass(frozen=True, slots=True, eq=False)
class ShippedScores:
    """Scores of some architectures of a space.

    Args:
        card: How they were made: data set, options, minibatch, seed.
        names: Names of the ``n_names`` proxies.
        values: Shape ``(n_known, n_names)``; NaN where a proxy has no value.
        rows: Row of each canonical genotype, by its bytes.
        sha256: Hash of the file.
    """

    card: ScoreCard
    names: tuple[str, ...]
    values: np.ndarray
    rows: dict[bytes, int]
    sha256: str

    @property
    def genotypes(self) -> np.ndarray:
        """Canonical genotypes that have a row, shape ``(n_known, n_genes)``."""
        return np.array([np.frombuffer(key, dtype=np.int64) for key in self.rows])

    def knows(self, canonical: np.ndarray) -> np.ndarray:
        """Whether functional classes have a row, shape ``(n_classes,)``; its score may be NaN.

        Args:
            canonical: Canonical genotypes, shape ``(n_classes, n_genes)``.
        """
        keys = genotype_keys(canonical)
        return np.fromiter((key in self.rows for key in keys), bool, len(keys))

    def look_up(self, canonical: np.ndarray) -> np.ndarray:
        """Scores of functional classes.

        Args:
            canonical: Canonical genotypes, shape ``(n_classes, n_genes)``.

        Returns:
            Shape ``(n_classes, n_names)``; NaN where unknown.
        """
        keys = genotype_keys(canonical)
        # The last row is that of what is not known.
        values = np.concatenate([self.values, np.full((1, len(self.names)), np.nan)])
        return np.asarray(values[[self.rows.get(key, -1) for key in keys]])


@lru_cache(maxsize=64)
def normal_scores_by_rank(scores: ShippedScores, column: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values of a proxy and the normal scores of their ranks, both increasing.

    Args:
        scores: The scores.
        column: Which proxy.

    Returns:
        Two arrays of shape ``(n_distinct,)``.
    """
    # scipy.stats.norm.ppf, without a third of a second to import scipy.stats.
    from scipy.special import ndtri

    values = scores.values[:, column]
    places, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    # Equal values share the middle of their ranks.
    ranks = np.cumsum(counts) - counts / 2
    return places, np.asarray(ndtri(ranks / max(1, counts.sum())))


def shipped_scores(space: SearchSpace) -> ShippedScores | None:
    """The shipped scores of a space, or None if there are none.

    They are of the space's usual nets: one of other options has none, rather than another net's.

    Raises:
        TableError: The file is damaged.
    """
    path = artifacts_dir() / space.name / FILE
    if not path.is_file() or space.options != load_space(space.name).options:
        return None
    return _read(path)


@lru_cache(maxsize=8)
def _read(path: Path) -> ShippedScores:
    check_sum(path, TableError)
    card = read_card(path)
    scores = read_scores(path, card)
    names = card.proxies
    values = np.array(
        [[row.scores.values[name] for name in names] for row in scores.values()], dtype=float
    )
    genotypes = np.array([row.genotype for row in scores.values()], dtype=np.int64)
    rows = {key: number for number, key in enumerate(genotype_keys(genotypes))}
    values = values.reshape(len(rows), len(names))
    return ShippedScores(card, names, values, rows, sha256_file(path))
