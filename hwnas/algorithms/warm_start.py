"""What a search begins with: the best by a proxy of architectures drawn at random.

References:
    Mellor et al. 2021, Neural Architecture Search without Training, Algorithms 1 (NASWOT) and 2
    (AREA), https://arxiv.org/abs/2006.04647
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hwnas._names import shown
from hwnas.core.architecture import genotype_keys
from hwnas.core.classes import sample_classes, valid_classes
from hwnas.core.numbers import parse_whole
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.features.counting import COLUMNS, count_genotypes
from hwnas.proxies.catalogue import PROXIES, proxies_named
from hwnas.proxies.lookup import Lookup, Scoring, look_up
from hwnas.proxies.shipped import shipped_scores


@dataclass(frozen=True, slots=True)
class WarmStart:
    """What a search begins with, printed as ``nwot:1000``.

    Args:
        proxy: Name of the proxy that ranks.
        n_candidates: Architectures to draw, of different functional classes.
    """

    proxy: str
    n_candidates: int

    def __str__(self) -> str:
        return f"{self.proxy}:{self.n_candidates}"


def parse_warm_start(text: str) -> WarmStart:
    """The warm start that a text such as ``nwot:1000`` names.

    Raises:
        ConfigError: It has another form.
        UnknownNameError: There is no such proxy.

    Example:
        >>> parse_warm_start("nwot:1000").n_candidates
        1000
    """
    name, _, count = text.partition(":") if isinstance(text, str) else ("", "", "")
    n_candidates = parse_whole(count)
    if not name.strip() or n_candidates is None or n_candidates < 0:
        raise ConfigError(
            "--warm-start must be PROXY:N with a whole number N, such as nwot:1000; "
            f"got {shown(text)}."
        )
    (proxy,) = proxies_named([name.strip()])
    return WarmStart(proxy.name, n_candidates)


@dataclass(frozen=True, eq=False)
class Candidates:
    """Architectures to begin from, before they are ranked.

    Args:
        genotypes: Canonical, each class once, shape ``(n_candidates, n_genes)``.
        lookup: Their scores.
    """

    genotypes: np.ndarray
    lookup: Lookup

    def best(
        self,
        n: int,
        n_workers: int = 1,
        on_progress: Callable[[Scoring], None] | None = None,
    ) -> np.ndarray:
        """The ``n`` that the proxy prefers, best first, shape ``(n, n_genes)``.

        Those without a score come last; ties fall to the smaller genotype.

        Args:
            n: How many.
            n_workers: Processes that score what does not travel with the package.
            on_progress: Called as these are scored.

        Raises:
            TableError: The file of scores in the cache is damaged.
            StorageError: The cache cannot be written.
        """
        scores = self.lookup.scores(n_workers, on_progress)
        is_larger_better = PROXIES[self.lookup.proxy].direction == "max"
        # NaN sorts last, whatever the direction.
        order = np.argsort(-scores if is_larger_better else scores, kind="stable")
        return self.genotypes[order[:n]]


def draw(space: SearchSpace, start: WarmStart, population: int, seed: int) -> Candidates:
    """Draw architectures of different functional classes, uniformly over genotypes.

    In a space that is too large for its scores to travel with the package, a random sample of it
    does: where that is large enough, candidates are drawn from it, which is as random and needs
    neither torch nor minutes.

    Args:
        space: Search space.
        start: How many to draw, and what ranks them.
        population: How many will be needed.
        seed: Seed of the draw.

    Raises:
        ConfigError: Fewer are drawn than needed, or more than the space has.
        MissingExtraError: Scores must be computed, and torch is not installed.
        TableError: The shipped file of scores is damaged.
    """
    if start.n_candidates < population:
        raise ConfigError(
            f"--warm-start must draw at least the population of {population:,}; got {start}. "
            "Draw more, or choose a smaller --population."
        )
    _check_size(space, start)
    # A stream of its own: an algorithm with the same seed must not draw the same once more.
    stream, pool_stream = np.random.SeedSequence(seed).spawn(2)
    genotypes = space.genotypes(sample_classes(space, start.n_candidates, stream))
    if start.proxy in COLUMNS:
        return Candidates(genotypes, _count(space, genotypes, start.proxy))
    shipped = shipped_scores(space)
    if shipped is not None and start.proxy in shipped.names:
        has_enough = len(shipped.rows) >= start.n_candidates
        if has_enough and not shipped.knows(genotypes).all():
            rows = np.random.default_rng(pool_stream).choice(
                len(shipped.rows), size=start.n_candidates, replace=False
            )
            genotypes = shipped.genotypes[np.sort(rows)]
    return Candidates(genotypes, look_up(space, genotypes, start.proxy))


def _count(space: SearchSpace, genotypes: np.ndarray, proxy: str) -> Lookup:
    """Scores that are exact counts: these need no model."""
    counts = count_genotypes(space, genotypes)[:, COLUMNS.index(proxy)]
    keys = genotype_keys(genotypes)
    known = {key: [count] for key, count in zip(keys, counts.tolist(), strict=True)}
    return Lookup((proxy,), keys, known, (), None)


def _check_size(space: SearchSpace, start: WarmStart) -> None:
    everything = space.all_genotypes()
    if everything is None:
        return
    n_classes = len(valid_classes(space, everything))
    if start.n_candidates > n_classes:
        raise ConfigError(
            f"--warm-start can draw at most the {n_classes:,} different architectures of "
            f"{space.name}; got {start}."
        )
