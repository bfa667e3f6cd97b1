"""True values of every functional class of a space that tables know whole, and what they score.

The truth of a class is the mean over its pruned nets; see ``hwnas.tables.classes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

import hwnas
from hwnas.api import make_objective
from hwnas.core.architecture import genotype_keys
from hwnas.core.batch import Batch
from hwnas.core.classes import listed_classes
from hwnas.core.quantity import DEFAULT_OBJECTIVES
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.objectives import NothingKnownError
from hwnas.objectives.curves import Yardstick
from hwnas.objectives.evaluation import evaluate
from hwnas.objectives.indicators import REFERENCE, Normalisation, minimised, non_dominated
from hwnas.tables import import_table, load_table

TABLES = ("hw-nas-bench", "robustness")
# Tables are rounded.
SAME_RATIO = 1e-3


def need_tables(source: Path | None, names: Sequence[str] = TABLES) -> None:
    """Import the tables that the cache lacks.

    Args:
        source: Folder of the published files; None for ``$HWNAS_UPSTREAM``.
        names: Names of the tables.
    """
    for name in names:
        try:
            load_table(name)
        except TableError:
            import_table(name, source)


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
    """True values of every functional class on a device, and how far others are from their front.

    Hypervolumes are of values normalised over all classes, each objective best at 0 and worst at
    1, which is the reference point.

    Args:
        space: Search space with its data set.
        device: Name of the device.
        objectives: Names of quantities; by default those that are known of the device.

    Attributes:
        names: The objectives' names.
        specs: What their values are.
        genotypes: Canonical genotypes of the classes that have all values, shape ``(n_classes,
            n_genes)``.
        values: Shape ``(n_classes, n_objectives)``, in their own units and directions.
        scale: The normalisation.
        yardstick: What hypervolumes and gaps are measured by.
        is_front: Which classes are on the front, booleans of shape ``(n_classes,)``.
    """

    def __init__(
        self, space: SearchSpace, device: str, objectives: Sequence[str] | None = None
    ) -> None:
        target = hwnas.load_device(device)
        self.space, self.device = space, device
        self.names = list(objectives or objectives_of(space, device))
        measures = [make_objective(space, name, target, source="table") for name in self.names]
        self.specs = [measure.spec for measure in measures]
        classes = listed_classes(space)
        assert classes is not None
        batch = Batch(space, classes, is_canonical=True)
        values = np.stack([found.value for found in evaluate(batch, measures)], axis=1)
        is_known = ~np.isnan(values).any(axis=1)
        self.genotypes, self.values = classes[is_known], values[is_known]
        self._row_of = {key: row for row, key in enumerate(genotype_keys(self.genotypes))}
        self.scale = Normalisation.of(self.values, self.specs)
        self.is_front = non_dominated(minimised(self.values, self.specs))
        self.yardstick = Yardstick(self.scale, self.values[self.is_front])
        self._scaled = self.scale.scale(self.values)

    @property
    def n_front(self) -> int:
        """How many classes are on the front."""
        return int(self.is_front.sum())

    def rows(self, genotypes: np.ndarray) -> np.ndarray:
        """The class of each genotype, shape ``(n_archs,)``; -1 where it has no values."""
        keys = genotype_keys(self.space.canonical_genotypes(genotypes))
        return np.array([self._row_of.get(key, -1) for key in keys], dtype=int)

    def rows_of(self, archs: Sequence[str]) -> np.ndarray:
        """The classes of architectures that have values, in order, shape ``(n_archs,)``."""
        rows = self.rows(self.space.genotypes([self.space.parse(arch) for arch in archs]))
        return np.asarray(rows[rows >= 0])

    def share_pct(self, rows: np.ndarray) -> float:
        """Hypervolume of classes as a percentage of the exhaustive front's."""
        return 100 * self.scale.hypervolume(self.values[rows]) / self.yardstick.whole

    def best(self, archs: Sequence[str]) -> float:
        """The best value of the first objective among architectures."""
        values = self.values[self.rows_of(archs), 0]
        return float(values.max() if self.specs[0].direction == "max" else values.min())

    def gaps_pct(self, rows: np.ndarray) -> np.ndarray:
        """Gap to the exhaustive front after each evaluation, ``1 - HV/HV*`` in percent.

        Args:
            rows: Classes in the order in which they were evaluated, shape ``(n_evaluated,)``.
        """
        return 100 * self.yardstick.gaps(self.values[rows])

    def igd_plus(self, rows: np.ndarray) -> float:
        """Mean distance of the exhaustive front to classes, counting only where they are worse.

        References:
            Ishibuchi et al. 2015, Modified Distance Calculation in Generational Distance and
            Inverted Generational Distance, https://doi.org/10.1007/978-3-319-15892-1_8
        """
        import moocore

        return float(moocore.igd_plus(self._scaled[rows], ref=self._scaled[self.is_front]))

    def described(self) -> dict[str, object]:
        """How values are normalised, and which objectives are one, as JSON can hold it."""
        return {
            "objectives": [spec.column for spec in self.specs],
            "best": list(self.scale.best),
            "worst": list(self.scale.worst),
            "reference": [REFERENCE] * len(self.specs),
            "n_classes": len(self.genotypes),
            "n_front": self.n_front,
            "proportional": self._proportional(),
        }

    def _proportional(self) -> list[tuple[str, str, float]]:
        """Pairs of objectives that are one, and how many times the second the first is."""
        found = []
        for first, second in combinations(range(len(self.specs)), 2):
            ratios = self.values[:, second] / self.values[:, first]
            if np.ptp(ratios) < SAME_RATIO * abs(ratios[0]):
                names = (self.specs[second].column, self.specs[first].column)
                found.append((*names, float(np.median(ratios))))
        return found
