"""NASWOT as a search, beside the published means, and what a warm start does to a front.

Run: ``python benchmarks/naswot.py --from DIR`` with the folder of the published tables. Scores are
those that travel with the package, or of ``--scores FILE``, made by ``hwnas proxies --all``.

References:
    Mellor et al. 2021, Neural Architecture Search without Training, Table 2,
    https://arxiv.org/abs/2006.04647
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from _environment import environment, write_results
from _truth import TABLES, Truth
from page import section

import hwnas
from hwnas.core.architecture import genotype_keys
from hwnas.core.space import SearchSpace
from hwnas.proxies import shipped
from hwnas.tables import Table, import_table
from hwnas.tables.classes import class_means

SPACE, PROXY = "nasbench201", "nwot"
N_RUNS = 50
# Mean CIFAR-10 test accuracy in % by the number of cells drawn, 500 runs each in the paper.
PUBLISHED = {10: 92.44, 100: 92.81, 1000: 92.96}

DEVICE = "edgegpu"
SEEDS = range(5)
GENERATIONS = (1, 2, 3, 5, 10, 20, 50)
WARM_STARTS = (None, "nwot:1000", "params:1000")


def use_scores(file: Path, folder: Path) -> None:
    """Let a file take the place of the scores that travel with the package."""
    home = folder / "scores" / SPACE
    home.mkdir(parents=True)
    (home / shipped.FILE).symlink_to(file.resolve())
    shipped.artifacts_dir = lambda: home.parent  # type: ignore[attr-defined]


def by_class(space: SearchSpace, source: Table, column: str) -> dict[bytes, float]:
    """Class means of a column by canonical genotype."""
    means = class_means(space, source, column)
    return dict(zip(genotype_keys(means.genotypes), means.values.tolist(), strict=True))


class Cells:
    """All 15,625 cells with what is known of their functional classes.

    Args:
        space: Search space.
        nats_bench: Table of test accuracy.
    """

    def __init__(self, space: SearchSpace, nats_bench: Table) -> None:
        every = space.all_genotypes()
        assert every is not None
        self.canonical = space.canonical_genotypes(every)
        self._keys = genotype_keys(self.canonical)
        (column,) = [c.name for c in nats_bench.columns if c.name.startswith("cifar10_")]
        self.accuracy_pct = self.values(by_class(space, nats_bench, column))

    def values(self, known: Mapping[bytes, float]) -> np.ndarray:
        """A value of each cell's class, shape ``(n_cells,)``; NaN where there is none."""
        return np.array([known.get(key, np.nan) for key in self._keys])


def naswot(scores: np.ndarray, n_cells: int, seed: int) -> tuple[int, np.ndarray]:
    """Algorithm 1: the cell of the largest score, and all that were drawn."""
    rng = np.random.default_rng([seed, n_cells])
    drawn = rng.choice(len(scores), size=n_cells, replace=False)
    # A cell whose input does not reach its output has no score, and is never the best.
    return int(drawn[np.nanargmax(scores[drawn])]), drawn


def search_alone(cells: Cells, sources: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Test accuracy of what NASWOT picks, by scores, beside the published means."""
    rows = []
    for n_cells, published in PUBLISHED.items():
        for title, scores in sources.items():
            runs = [naswot(scores, n_cells, seed) for seed in range(N_RUNS)]
            picked = cells.accuracy_pct[[best for best, _ in runs]]
            drawn = [cells.accuracy_pct[drawn] for _, drawn in runs]
            rows.append(
                {
                    "n_cells": n_cells,
                    "scores": title,
                    "picked_pct": float(picked.mean()),
                    "deviation": float(picked.std(ddof=1)),
                    "published_pct": published,
                    "one_at_random_pct": float(np.mean([np.nanmean(each) for each in drawn])),
                    "best_pct": float(np.mean([np.nanmax(each) for each in drawn])),
                }
            )
    return rows


def warm_started(folder: Path) -> list[dict[str, Any]]:
    """True hypervolume and best accuracy of the first generations, cold and warm."""
    space = hwnas.load_space(SPACE)
    truth = Truth(space, DEVICE)
    found: dict[str | None, list[list[tuple[float, float]]]] = {}
    for start in WARM_STARTS:
        for seed in SEEDS:
            run = hwnas.search(
                SPACE,
                device=DEVICE,
                warm_start=start,
                generations=max(GENERATIONS),
                seed=seed,
                out=folder / f"{start}-{seed}".replace(":", "-"),
            )
            seen = run.evaluations
            series = []
            for generation in GENERATIONS:
                archs = list(seen["arch"][seen["generation"] <= generation])
                series.append((truth.share_pct(truth.rows_of(archs)), truth.best(archs)))
            found.setdefault(start, []).append(series)
    rows = []
    for row, generation in enumerate(GENERATIONS):
        for start in WARM_STARTS:
            shares, bests = np.array([series[row] for series in found[start]]).T
            rows.append(
                {
                    "generation": generation,
                    "start": start,
                    "hypervolume_pct": float(shares.mean()),
                    "worst_pct": float(shares.min()),
                    "accuracy_pct": float(bests.mean()),
                }
            )
    return rows


def main() -> None:
    """Print both tables and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    parser.add_argument("--scores", type=Path, help="file of 'hwnas proxies --all'")
    arguments = parser.parse_args()
    space = hwnas.load_space(SPACE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.scores is not None:
            use_scores(arguments.scores, folder)
        ours = shipped.shipped_scores(space)
        if ours is None or PROXY not in ours.names:
            parser.error(f"no {PROXY} of {SPACE} travels with the package; give --scores FILE")
        os.environ["HWNAS_CACHE"] = str(folder / "cache")
        tables = {
            needed: import_table(needed, arguments.source)
            for needed in (*TABLES, "nats-bench", "nb-suite-zero")
        }
        cells = Cells(space, tables["nats-bench"])
        theirs = by_class(space, tables["nb-suite-zero"], f"cifar10_zc_{PROXY}")
        sources = {
            "ours": ours.look_up(cells.canonical)[:, ours.names.index(PROXY)],
            "NAS-Bench-Suite-Zero's": cells.values(theirs),
        }
        alone, warm = search_alone(cells, sources), warm_started(folder)
    made = ours.card
    numbers = {
        "n_runs": N_RUNS,
        "seeds": list(SEEDS),
        "made": {"n_images": made.n_images, "batch": made.batch, "seed": made.seed},
        "alone": alone,
        "warm": warm,
    }
    write_results("naswot", numbers, environment(("hwnas", "numpy", "pymoo")))
    print(section("naswot"))


if __name__ == "__main__":
    main()
