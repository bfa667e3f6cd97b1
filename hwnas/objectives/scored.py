"""Scores of untrained networks as objectives: any zero-cost proxy, and the vote of three."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.classes import sample_classes, valid_classes
from hwnas.core.objective import Estimate, ObjectiveSpec
from hwnas.core.quantity import QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.errors import MissingExtraError
from hwnas.proxies.catalogue import PROXIES
from hwnas.proxies.lookup import N_IMAGES, SEED, Scoring, look_up
from hwnas.proxies.shipped import shipped_scores
from hwnas.proxies.voting import VOTE, VOTERS, vote

__all__ = ["ScoredObjective", "scored_names"]

N_REFERENCE = 128
"""Architectures that ``vote`` ranks among, in a space whose scores do not ship."""


def scored_names() -> list[str]:
    """Names of the objectives that are scores: the proxies that are no quantities, and ``vote``."""
    return sorted([VOTE, *(name for name in PROXIES if name not in QUANTITIES)])


class ScoredObjective:
    """Scores of untrained networks by a zero-cost proxy, or by ``vote``.

    An architecture has the score of its functional class: the shipped one where there is one, else
    one that is computed with torch, in the way the shipped were, and kept in the user's cache. It
    depends on nothing else, so that a search that is resumed, and any other, are told the same.

    ``vote`` is relative to a population. It is the same for each search of a space: all
    architectures whose scores ship, or else 128 that are drawn under seed 0.

    Args:
        space: Search space with its data set.
        name: One of ``scored_names()``.
        n_workers: Processes that compute scores, at most.
        on_scoring: Called as the first scores are computed.

    Raises:
        UnknownNameError: There is no such proxy.
        MissingExtraError: Scores must be computed, and torch is not installed.
        TableError: The shipped file of scores is damaged.
    """

    def __init__(
        self,
        space: SearchSpace,
        name: str,
        n_workers: int = 1,
        on_scoring: Callable[[Scoring], None] | None = None,
    ) -> None:
        self._space, self._n_workers = space, n_workers
        self._on_scoring = on_scoring
        self._names = VOTERS if name == VOTE else (PROXIES[name].name,)
        self._is_vote = name == VOTE
        self._known: dict[bytes, float] = {}
        self._reasons: dict[bytes, str] = {}
        self._reference: np.ndarray | None = None
        all_ship = _all_ship(space, self._names)
        if not all_ship:
            _check_torch(name)
        direction = "max" if self._is_vote else PROXIES[name].direction
        self.spec = ObjectiveSpec(
            column=name,
            unit="",
            direction=direction,
            source="scored",
            title="Vote of proxies" if self._is_vote else f"Score by {name}",
            detail=self._detail(),
            origin=_origin(space, self._names, all_ship),
            stage=2,
        )

    def __getstate__(self) -> dict[str, object]:
        """What another process has of it: what is known; progress is told here."""
        return {**self.__dict__, "_on_scoring": None, "_n_workers": 1}

    def _detail(self) -> str:
        shipped = shipped_scores(self._space)
        n_images = N_IMAGES if shipped is None else shipped.card.n_images
        batch = f"the untrained network on {n_images} images; it ranks, and tells no accuracy"
        if not self._is_vote:
            return f"zero-cost proxy of {batch}"
        among = (
            f"{N_REFERENCE} drawn under seed {SEED}"
            if not _ship(self._space, self._names)
            else "all whose scores ship"
        )
        return f"mean rank by {', '.join(self._names)} among {among}; of {batch}"

    def prepare(self, batch: Batch) -> None:
        """Score what is not known yet, in several processes where that was asked for.

        Raises:
            TableError: The file of scores in the cache is damaged.
            StorageError: The cache cannot be written.
            ShapeError: A model does not put out logits.
        """
        rows = [
            row
            for row, (key, is_valid) in enumerate(zip(batch.keys, batch.is_valid, strict=True))
            if is_valid and key not in self._known
        ]
        if not rows:
            return
        if self._is_vote and self._reference is None:
            self._reference = self._table(_reference(self._space, self._names))[0]
        genotypes = batch.canonical[rows]
        table, reasons = self._table(genotypes)
        values = vote(table, self._reference) if self._is_vote else table[:, 0]
        for row, value in zip(rows, values.tolist(), strict=True):
            self._known[batch.keys[row]] = value
        self._reasons |= reasons
        # The bar of the search follows, and two cannot be live at once.
        self._on_scoring = None

    def _table(self, genotypes: np.ndarray) -> tuple[np.ndarray, dict[bytes, str]]:
        """Scores ``(n_archs, n_proxies)`` of canonical genotypes, and why some have none."""
        lookup = look_up(self._space, genotypes, *self._names)
        table = lookup.table(self._n_workers, self._on_scoring)
        return table, {key: f"{name}: {why}" for (key, name), why in lookup.reasons.items()}

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        """Scores of ``n_archs`` architectures; NaN where the proxy has no value."""
        batch = Batch.of(self._space, archs)
        self.prepare(batch)
        return Estimate.exact(np.array([self._known.get(key, np.nan) for key in batch.keys]))

    def why_unknown(self, archs: Sequence[Architecture]) -> str:
        """Why the first of the architectures that has no score has none; empty if all have one.

        Args:
            archs: ``n_archs`` architectures.
        """
        batch = Batch.of(self._space, archs)
        unknown = np.flatnonzero(np.isnan(self(batch).value) & batch.is_valid)
        if not len(unknown):
            return ""
        key = batch.keys[unknown[0]]
        return self._reasons.get(key, f"{self._names[0]} has no value for it")


def _ship(space: SearchSpace, names: Sequence[str]) -> bool:
    """Whether some architectures' scores by all of these proxies ship."""
    shipped = shipped_scores(space)
    return shipped is not None and set(names) <= set(shipped.names)


def _all_ship(space: SearchSpace, names: Sequence[str]) -> bool:
    """Whether those of all architectures do, so that torch is not needed."""
    shipped, everything = shipped_scores(space), space.all_genotypes()
    if shipped is None or everything is None or not _ship(space, names):
        return False
    return bool(shipped.knows(valid_classes(space, everything)).all())


def _reference(space: SearchSpace, names: Sequence[str]) -> np.ndarray:
    """Canonical genotypes that ``vote`` ranks among, shape ``(n_reference, n_genes)``."""
    shipped, everything = shipped_scores(space), space.all_genotypes()
    if shipped is not None and _ship(space, names):
        return shipped.genotypes
    if everything is not None:
        classes = valid_classes(space, everything)
        if len(classes) <= N_REFERENCE:
            return classes
    return space.genotypes(sample_classes(space, N_REFERENCE, SEED))


def _origin(space: SearchSpace, names: Sequence[str], all_ship: bool) -> str:
    """The file of shipped scores, and what computes the others."""
    shipped = shipped_scores(space)
    parts = []
    if shipped is not None and _ship(space, names):
        parts.append(f"shipped scores sha256 {shipped.sha256}")
    if not all_ship:
        import torch

        parts.append(f"torch {torch.__version__}")
    return "; ".join(parts)


def _check_torch(name: str) -> None:
    try:
        import torch  # noqa: F401 - whether it is there
    except ImportError as error:
        raise MissingExtraError(f"Scoring architectures by {name}", "torch", "torch") from error
