"""How much of the true front a default search finds: hypervolume against the exhaustive front.

The search sees predictions; what it returns is scored on the published tables, as means over
functional classes, in as many objectives as are known of the device. The shipped predictors have
seen every class; beside them the same search by predictions of classes that were not seen. Needs
the tables: ``python benchmarks/search_quality.py --from DIR``. About 20 minutes on two cores.
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
from _unseen import unseen
from page import section

import hwnas
from hwnas.api import make_objective
from hwnas.core.batch import Batch
from hwnas.core.classes import valid_classes
from hwnas.core.quantity import DEFAULT_OBJECTIVES
from hwnas.core.space import SearchSpace
from hwnas.objectives import NothingKnownError
from hwnas.objectives.evaluation import evaluate
from hwnas.objectives.indicators import Normalisation, minimised, non_dominated
from hwnas.tables import import_table

DEVICES = ("edgegpu", "eyeriss", "raspi4", "pixel3", "fpga")
SEEDS = range(10, 20)
TABLES = ("hw-nas-bench", "robustness")
UNSEEN = "nsga2, predicted unseen"
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "nsga2, predicted": {},
    UNSEEN: {},
    "random, predicted": {"algorithm": "random"},
    "nsga2, true values": {"source": "table"},
}


def objectives_of(space: SearchSpace, device: str) -> list[str]:
    """The default objectives, as far as they are known of a device."""
    target, found = hwnas.load_device(device), []
    for name in DEFAULT_OBJECTIVES:
        try:
            make_objective(space, name, target)
        except NothingKnownError:
            continue
        found.append(name)
    return found


class Truth:
    """True values of every functional class on a device, and their hypervolume.

    Args:
        space: Search space with its data set.
        device: Name of the device.
    """

    def __init__(self, space: SearchSpace, device: str) -> None:
        target = hwnas.load_device(device)
        self.names = objectives_of(space, device)
        self._measures = [
            make_objective(space, name, target, source="table") for name in self.names
        ]
        self._specs = [measure.spec for measure in self._measures]
        self.space = space
        every = space.all_genotypes()
        assert every is not None
        classes = valid_classes(space, every)
        values = self._values([str(space.architecture(genotype)) for genotype in classes])
        values = values[~np.isnan(values).any(axis=1)]
        self._scale = Normalisation.of(values, self._specs)
        self.n_front = int(non_dominated(minimised(values, self._specs)).sum())
        self._whole = self._scale.hypervolume(values)

    def _values(self, archs: list[str]) -> np.ndarray:
        batch = Batch.of(self.space, [self.space.parse(arch) for arch in archs])
        return np.stack([found.value for found in evaluate(batch, self._measures)], axis=1)

    def share(self, archs: list[str]) -> float:
        """Hypervolume of architectures as a percentage of the exhaustive front's."""
        values = self._values(archs)
        return 100 * self._scale.hypervolume(values[~np.isnan(values).any(axis=1)]) / self._whole

    def best(self, archs: list[str]) -> float:
        """The best value of the first objective among architectures."""
        values = self._values(archs)[:, 0]
        return float(np.nanmax(values) if self._specs[0].direction == "max" else np.nanmin(values))


def front(
    truth: Truth, variant: str, device: str, seed: int, folder: Path
) -> tuple[list[str], int]:
    """Architectures on the front of a search with its defaults, and how many it evaluated."""
    space, objectives = truth.space, list[Any](truth.names)
    if variant == UNSEEN:
        target = hwnas.load_device(device)
        shipped = [make_objective(space, name, target) for name in truth.names]
        objectives = [unseen(each, folder / "unseen") for each in shipped]
    run = hwnas.search(
        space,
        device=device,
        objectives=objectives,
        seed=seed,
        out=folder / f"{device}-{seed}-{variant}",
        **VARIANTS[variant],
    )
    return list(run.front.archs), len(run.evaluations)


def measured(truth: Truth, variant: str, device: str, folder: Path) -> dict[str, Any]:
    """What searches of all seeds found: hypervolumes in percent, evaluations, sizes of fronts."""
    fronts = [front(truth, variant, device, seed, folder) for seed in SEEDS]
    return {
        "hypervolume_pct": [truth.share(archs) for archs, _ in fronts],
        "evaluated": [n for _, n in fronts],
        "front": [len(archs) for archs, _ in fronts],
        "true_front": truth.n_front,
    }


def main() -> None:
    """Print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    source = parser.parse_args().source
    space = hwnas.load_space("nasbench201")
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["HWNAS_CACHE"] = str(folder / "cache")
        for needed in TABLES:
            import_table(needed, source)
        for device in DEVICES:
            truth = Truth(space, device)
            found[device] = {each: measured(truth, each, device, folder) for each in VARIANTS}
    where = environment(("hwnas", "numpy", "pymoo", "moocore"))
    write_results("search_quality", {"seeds": list(SEEDS), "devices": found}, where)
    print(section("search_quality"))


if __name__ == "__main__":
    main()
