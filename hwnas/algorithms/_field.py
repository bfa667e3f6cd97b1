"""The architectures that a model-based search chooses among, as its models see them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwnas.algorithms import Setting, Told
from hwnas.algorithms._beliefs import Beliefs
from hwnas.algorithms._gain import Outlook
from hwnas.algorithms._novelty import Novelty
from hwnas.algorithms.nsga2 import Nsga2
from hwnas.core.architecture import genotype_keys
from hwnas.core.classes import listed_classes
from hwnas.core.forms import Forms
from hwnas.core.space import SearchSpace
from hwnas.features import feature_matrix
from hwnas.fitting.growing import Scale, Sightings
from hwnas.proxies.feature_set import SCORES, has_scores

MOST_LISTED = 20_000
"""Classes of a space that are all predicted each time; larger spaces are searched instead."""
N_REFERENCE = 2000
"""Random architectures that give the features of larger spaces their scale."""
_POPULATION, _GENERATIONS = 100, 12


class Field:
    """What there is to choose among: all classes where they can be listed, else what NSGA-II finds.

    Args:
        setting: What the algorithm is built from.
        novelty: What was asked for already.
    """

    def __init__(self, setting: Setting, novelty: Novelty) -> None:
        self._setting, self._novelty = setting, novelty
        self._forms = setting.forms or Forms(setting.space)
        space, self._classes = setting.space, listed_classes(setting.space)
        if self._classes is not None and len(self._classes) > MOST_LISTED:
            self._classes = None
        known = self._classes
        if known is None:
            drawn = space.sample_genotypes(N_REFERENCE, np.random.default_rng(setting.seed))
            known = space.canonical_genotypes(drawn)
        self._sets = _feature_sets(space, known)
        parts = [self._features(known, (name,)) for name in self._sets]
        stops = np.cumsum([part.shape[1] for part in parts])
        groups = [
            range(stop - part.shape[1], stop) for stop, part in zip(stops, parts, strict=True)
        ]
        features = np.concatenate(parts, axis=1)
        self.scale = Scale.of(features, groups)
        if self._classes is not None:
            self._listed = Sightings(self.scale(features), self.scale.spans)

    @property
    def n_classes(self) -> int | None:
        """How many classes there are; None where they cannot be listed."""
        return None if self._classes is None else len(self._classes)

    def scaled(self, genotypes: np.ndarray) -> np.ndarray:
        """Features of canonical genotypes on their scale, shape ``(n_archs, n_columns)``."""
        return self.scale(self._features(genotypes, self._sets))

    def _features(self, genotypes: np.ndarray, sets: tuple[str, ...]) -> np.ndarray:
        return np.asarray(feature_matrix(self._setting.space, genotypes, sets))

    def candidates(
        self, beliefs: Beliefs, told: Told, sample: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, Outlook]:
        """What may be proposed: genotypes ``(n_archs, n_genes)``, and what is predicted of them.

        Args:
            beliefs: Models that have learned from ``told``.
            told: All that was evaluated.
            sample: Its features on their scale.
            rng: Random numbers.
        """
        if self._classes is not None:
            self._listed.see(sample)
            rows = np.flatnonzero(self._novelty.are_new(self._classes))
            return self._classes[rows], beliefs.outlook(self._classes, self._listed).part(rows)
        found = list(self._bred(beliefs, told, sample, rng))
        genotypes = np.concatenate([each for each, _ in found])
        outlook = Outlook(
            np.concatenate([each.mean for _, each in found]),
            np.concatenate([each.deviation for _, each in found]),
            np.concatenate([each.probability for _, each in found]),
            beliefs.scales,
        )
        rows = np.flatnonzero(self._novelty.are_new(genotypes))
        return genotypes[rows], outlook.part(rows)

    def outlook(self, beliefs: Beliefs, genotypes: np.ndarray, sample: np.ndarray) -> Outlook:
        """What is predicted of any architectures."""
        archs = Sightings(self.scaled(genotypes), self.scale.spans)
        archs.see(sample)
        return beliefs.outlook(genotypes, archs)

    def _bred(
        self, beliefs: Beliefs, told: Told, sample: np.ndarray, rng: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, Outlook]]:
        """Generations of NSGA-II on hopes, bred from the best that is known and from chance."""
        space, n_objectives = self._setting.space, self._setting.n_objectives
        start = self._parents(told, rng)
        setting = Setting(
            space, n_objectives, len(start), int(rng.integers(2**31)), start, self._forms
        )
        search = Nsga2(setting)
        for _ in range(_GENERATIONS):
            asked = search.ask(len(start))
            if not len(asked):
                return
            genotypes = self._forms.canonical(asked)
            outlook = self.outlook(beliefs, genotypes, sample)
            yield genotypes, outlook
            hopes, broken = outlook.hoped(1.0), 1 - outlook.probability[:, None]
            # As good as certain counts as feasible, so that values decide.
            broken = np.where(broken < 0.5, 0.0, broken)
            status = np.where(broken[:, 0] > 0, "infeasible", "done").astype(object)
            search.tell(Told(asked, hopes, hopes, hopes, broken, status))

    def _parents(self, told: Told, rng: np.random.Generator) -> np.ndarray:
        """The best that is known, and as many drawn at random, each class once."""
        from hwnas.algorithms._ranking import Members

        members = Members.of(told)
        best = members.genotypes[members.best(_POPULATION // 2)]
        drawn = self._setting.space.sample_genotypes(4 * _POPULATION, rng)
        both = self._forms.canonical(np.concatenate([best, drawn]))
        first = {key: row for row, key in reversed(list(enumerate(genotype_keys(both))))}
        return both[sorted(first.values())[:_POPULATION]]


def _feature_sets(space: SearchSpace, genotypes: np.ndarray) -> tuple[str, ...]:
    """Sets of features that models see, those of proxies where all that may be met has scores."""
    if space.cell_types:
        sets = ["path_statistics", "graph", "counts"]
    else:
        # Columns of a look-up table are too many for a distance.
        sets = [name for name in space.feature_sets if name != "groups"]
    if has_scores(space, genotypes, is_canonical=True).all():
        sets.append(SCORES)
    return tuple(sets)
