"""Scores of given architectures by proxies: shipped where known, else computed as those were."""

from __future__ import annotations

import hashlib
import inspect
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
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
_SESSION = uuid.uuid4().hex


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
    """Scores of architectures by proxies, some of which may have to be computed.

    Args:
        names: Names of the ``n_proxies`` proxies.
        keys: Canonical genotype of each of ``n_archs`` architectures, as bytes.
        known: Shipped scores by canonical genotype, ``n_proxies`` each; NaN where a proxy has no
            value.
        left: Canonical architectures that are not among the shipped, each once.
        plan: How to score these; None if there are none.

    Attributes:
        reasons: Why a proxy has no value, by canonical genotype and name, of those that were
            computed.
    """

    names: tuple[str, ...]
    keys: Sequence[bytes]
    known: Mapping[bytes, Sequence[float]]
    left: Sequence[Architecture]
    plan: ScoringPlan | None
    reasons: dict[tuple[bytes, str], str] = field(default_factory=dict)

    @property
    def proxy(self) -> str:
        """The first of the proxies."""
        return self.names[0]

    def scores(
        self, n_workers: int = 1, on_progress: Callable[[Scoring], None] | None = None
    ) -> np.ndarray:
        """The scores by the first proxy, shape ``(n_archs,)``; see ``table``."""
        return self.table(n_workers, on_progress)[:, 0]

    def table(
        self, n_workers: int = 1, on_progress: Callable[[Scoring], None] | None = None
    ) -> np.ndarray:
        """The scores, shape ``(n_archs, n_proxies)``; NaN where a proxy has no value.

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
                    on_progress(Scoring("+".join(self.names), n_done, n_left))
            rows = read_scores(path, self.plan.card())
            for arch in self.left:
                key, found = genotype_keys(np.array([arch.genotype]))[0], rows[str(arch)].scores
                scores = [found.values[name] for name in self.names]
                values[key] = [np.nan if score is None else score for score in scores]
                for name, reason in found.reasons.items():
                    self.reasons[key, name] = reason
        found_values = [values[key] for key in self.keys]
        return np.array(found_values, dtype=float).reshape(len(self.keys), len(self.names))

    @staticmethod
    def _path(plan: ScoringPlan) -> Path:
        """The file in the cache for scores of one plan."""
        card = json.dumps(asdict(plan.card()), sort_keys=True) + _code_of(plan.space)
        digest = hashlib.sha256(card.encode()).hexdigest()[:16]
        return cache_dir() / "proxies" / f"{plan.space.name}-{digest}.parquet"


def _code_of(space: SearchSpace) -> str:
    """What tells a space of one's own from what it was before a change; empty for those of hwnas.

    Models of one name and one string are others once the code that builds them is another.
    """
    if type(space).__module__.startswith("hwnas."):
        return ""
    try:
        return inspect.getsource(inspect.getmodule(type(space)) or type(space))
    except (OSError, TypeError):
        # Typed into a shell: nobody can tell, so nothing outlives the process.
        return _SESSION


def look_up(space: SearchSpace, genotypes: np.ndarray, *names: str) -> Lookup:
    """Find what is known of architectures, and prepare to compute the rest.

    All scores are of one kind, so that they can be compared: where some travel with the package,
    the others are computed with the same data set, options of the space, minibatch and seed. A
    space without shipped scores, as one of other options is, is scored as it is, on 16 images of
    photographs under seed 0.

    Args:
        space: The search space.
        genotypes: Shape ``(n_archs, n_genes)``, all valid.
        *names: Names of the proxies, one at least.

    Raises:
        UnknownNameError: There is no such proxy.
        MissingExtraError: Some scores do not travel with the package, and torch, which would
            compute them, is not installed.
        TableError: The shipped file is damaged.
    """
    names = tuple(PROXIES[name].name for name in names)
    canonical = space.canonical_genotypes(genotypes)
    keys = genotype_keys(canonical)
    shipped = shipped_scores(space)
    known: dict[bytes, Sequence[float]] = {}
    if shipped is not None and set(names) <= set(shipped.names):
        values = shipped.look_up(canonical)[:, [shipped.names.index(name) for name in names]]
        is_known = shipped.knows(canonical)
        known = {keys[row]: values[row].tolist() for row in np.flatnonzero(is_known)}
    unknown = {key: row for row, key in enumerate(keys) if key not in known}
    left = [space.architecture(canonical[row]) for row in unknown.values()]
    plan = _plan(space, names, None if shipped is None else shipped.card) if left else None
    return Lookup(names, keys, known, left, plan)


def _plan(space: SearchSpace, names: tuple[str, ...], card: ScoreCard | None) -> ScoringPlan:
    """How a space is scored: as its shipped scores were, if there are any."""
    if card is None:
        return plan_scoring(space, PHOTOS, N_IMAGES, names, SEED)
    # Older cards tell more of the space than its options.
    told = {"dataset", *space.options} & card.options.keys()
    made_with = type(space)(**{name: card.options[name] for name in told})
    return plan_scoring(made_with, card.batch, card.n_images, names, card.seed)
