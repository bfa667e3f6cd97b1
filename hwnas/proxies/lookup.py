"""Scores of given architectures by one proxy: shipped where known, else computed as those were."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from hwnas._resources import cache_dir
from hwnas.core.architecture import Architecture, genotype_keys
from hwnas.core.space import SearchSpace
from hwnas.proxies.batches import PHOTOS
from hwnas.proxies.catalogue import PROXIES
from hwnas.proxies.shipped import shipped_scores
from hwnas.proxies.store import ScoreCard, read_scores
from hwnas.proxies.sweep import ScoringPlan, plan_scoring, sweep

# Of spaces without shipped scores: as many images as the shipped ones at most, for speed.
N_IMAGES, SEED = 16, 0
# Starting a process takes as long as this many architectures.
_PER_WORKER = 8
# Architectures a worker between two looks at the progress.
_CHUNK = 8


@dataclass(frozen=True, slots=True)
class Scoring:
    """How far the computing of scores has come.

    Args:
        proxy: Name of the proxy.
        n_done: Architectures that have their score.
        n_archs: Architectures that need one.
    """

    proxy: str
    n_done: int
    n_archs: int


@dataclass(frozen=True, eq=False)
class Lookup:
    """Scores of architectures by one proxy, some of which may have to be computed.

    Args:
        proxy: Name of the proxy.
        keys: Canonical genotype of each of ``n_archs`` architectures, as bytes.
        known: Shipped scores by canonical genotype; NaN where the proxy has no value.
        left: Canonical architectures that are not among the shipped, each once.
        plan: How to score these; None if there are none.
    """

    proxy: str
    keys: Sequence[bytes]
    known: Mapping[bytes, float]
    left: Sequence[Architecture]
    plan: ScoringPlan | None

    def scores(
        self, n_workers: int = 1, on_progress: Callable[[Scoring], None] | None = None
    ) -> np.ndarray:
        """The scores, shape ``(n_archs,)``; NaN where the proxy has no value.

        What is computed is kept in the user's cache, chunk by chunk, by all that decides it: one
        that is stopped goes on, and none is computed twice.

        Args:
            n_workers: Processes that score, at most.
            on_progress: Called when scoring begins and after every few architectures.

        Raises:
            TableError: The file in the cache is damaged.
            StorageError: The cache cannot be written.
        """
        values = dict(self.known)
        if self.plan is not None:
            path, n_left = self._path(self.plan), len(self.left)
            n_workers = max(1, min(n_workers, n_left // _PER_WORKER))
            for n_done in sweep(self.left, self.plan, path, n_workers, _CHUNK):
                if on_progress is not None:
                    on_progress(Scoring(self.proxy, n_done, n_left))
            rows = read_scores(path, self.plan.card())
            for arch in self.left:
                genotype = np.array([arch.genotype])
                value = rows[str(arch)].scores.values[self.proxy]
                values[genotype_keys(genotype)[0]] = np.nan if value is None else value
        return np.array([values[key] for key in self.keys], dtype=float)

    @staticmethod
    def _path(plan: ScoringPlan) -> Path:
        """The file in the cache for scores of one plan."""
        card = json.dumps(asdict(plan.card()), sort_keys=True)
        digest = hashlib.sha256(card.encode()).hexdigest()[:16]
        return cache_dir() / "proxies" / f"{plan.space.name}-{digest}.parquet"


def look_up(space: SearchSpace, genotypes: np.ndarray, proxy: str) -> Lookup:
    """Find what is known of architectures, and prepare to compute the rest.

    All scores are of one kind, so that they can be compared: where some travel with the package,
    the others are computed with the same data set, options of the space, minibatch and seed. A
    space without shipped scores, as one of other options is, is scored as it is, on 16 images of
    photographs under seed 0.

    Args:
        space: The search space.
        genotypes: Shape ``(n_archs, n_genes)``, all valid.
        proxy: Name of the proxy.

    Raises:
        UnknownNameError: There is no such proxy.
        MissingExtraError: Some scores do not travel with the package, and torch, which would
            compute them, is not installed.
        TableError: The shipped file is damaged.
    """
    proxy = PROXIES[proxy].name
    canonical = space.canonical_genotypes(genotypes)
    keys = genotype_keys(canonical)
    shipped = shipped_scores(space)
    known: dict[bytes, float] = {}
    if shipped is not None and proxy in shipped.names:
        values = shipped.look_up(canonical)[:, shipped.names.index(proxy)]
        is_known = shipped.knows(canonical)
        known = {keys[row]: float(values[row]) for row in np.flatnonzero(is_known)}
    unknown = {key: row for row, key in enumerate(keys) if key not in known}
    left = [space.architecture(canonical[row]) for row in unknown.values()]
    plan = _plan(space, proxy, None if shipped is None else shipped.card) if left else None
    return Lookup(proxy, keys, known, left, plan)


def _plan(space: SearchSpace, proxy: str, card: ScoreCard | None) -> ScoringPlan:
    """How a space is scored: as its shipped scores were, if there are any."""
    if card is None:
        return plan_scoring(space, PHOTOS, N_IMAGES, [proxy], SEED)
    # Older cards tell more of the space than its options.
    names = {"dataset", *space.options} & card.options.keys()
    made_with = type(space)(**{name: card.options[name] for name in names})
    return plan_scoring(made_with, card.batch, card.n_images, [proxy], card.seed)
