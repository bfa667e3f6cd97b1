"""How much of the true front a default search finds: hypervolume against the exhaustive front.

The search sees predictions; what it returns is scored on the published tables, as means over
functional classes. Needs the tables: ``python benchmarks/search_quality.py --from DIR``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _environment import environment, table

import hwnas
from hwnas.api import make_objective
from hwnas.core.batch import Batch
from hwnas.core.classes import valid_classes
from hwnas.core.quantity import DEFAULT_OBJECTIVES
from hwnas.core.space import SearchSpace
from hwnas.objectives.evaluation import evaluate
from hwnas.objectives.indicators import Normalisation, minimised, non_dominated
from hwnas.tables import import_table

DEVICES = ("edgegpu", "eyeriss", "fpga")
SEEDS = range(5)
TABLES = ("hw-nas-bench", "robustness")


class Truth:
    """True values of every functional class on a device, and their hypervolume.

    Args:
        space: Search space with its data set.
        device: Name of the device.
    """

    def __init__(self, space: SearchSpace, device: str) -> None:
        target = hwnas.load_device(device)
        self._measures = [
            make_objective(space, name, target, source="table") for name in DEFAULT_OBJECTIVES
        ]
        self._specs = [measure.spec for measure in self._measures]
        self._space = space
        every = space.all_genotypes()
        assert every is not None
        classes = valid_classes(space, every)
        values = self._values([str(space.architecture(genotype)) for genotype in classes])
        values = values[~np.isnan(values).any(axis=1)]
        self._scale = Normalisation.of(values, self._specs)
        self.n_front = int(non_dominated(minimised(values, self._specs)).sum())
        self._whole = self._scale.hypervolume(values)

    def _values(self, archs: list[str]) -> np.ndarray:
        batch = Batch.of(self._space, [self._space.parse(arch) for arch in archs])
        return np.stack([found.value for found in evaluate(batch, self._measures)], axis=1)

    def share(self, archs: list[str]) -> float:
        """Hypervolume of architectures as a percentage of the exhaustive front's."""
        values = self._values(archs)
        return 100 * self._scale.hypervolume(values[~np.isnan(values).any(axis=1)]) / self._whole

    def best(self, archs: list[str]) -> float:
        """The best value of the first objective among architectures."""
        values = self._values(archs)[:, 0]
        return float(np.nanmax(values) if self._specs[0].direction == "max" else np.nanmin(values))


def found(device: str, seed: int, folder: Path, **settings: Any) -> tuple[list[str], int]:
    """Architectures on the front of a search with its defaults, and how many it evaluated."""
    out = folder / "-".join([device, str(seed), *settings.values()])
    run = hwnas.search("nasbench201", device=device, seed=seed, out=out, **settings)
    return list(run.front.archs), len(run.evaluations)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    source = parser.parse_args().source
    space = hwnas.load_space("nasbench201")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["HWNAS_CACHE"] = str(folder / "cache")
        for needed in TABLES:
            import_table(needed, source)
        variants: list[tuple[str, dict[str, Any]]] = [
            ("nsga2, predicted", {}),
            ("random, predicted", {"algorithm": "random"}),
            ("nsga2, true values", {"source": "table"}),
        ]
        for device in DEVICES:
            truth = Truth(space, device)
            for title, settings in variants:
                fronts = [found(device, seed, folder, **settings) for seed in SEEDS]
                shares = [truth.share(archs) for archs, _ in fronts]
                rows.append(
                    [
                        device,
                        title,
                        f"{np.mean(shares):.2f} %",
                        f"{min(shares):.2f} %",
                        f"{np.mean([n for _, n in fronts]):,.0f}",
                        f"{np.mean([len(archs) for archs, _ in fronts]):.0f} / {truth.n_front}",
                    ]
                )
    print(environment(("hwnas", "numpy", "pymoo", "moocore")))
    print(f"- seeds: {', '.join(map(str, SEEDS))}; defaults: population 100, 50 generations\n")
    header = ["device", "search", "hypervolume", "worst seed", "evaluated", "front / true front"]
    print(table(header, rows))


if __name__ == "__main__":
    main()
