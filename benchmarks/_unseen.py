"""What the shipped recipe says of classes it has not seen, as objectives that a search can ask.

The shipped predictors are fitted on all classes of a table, as a user's are. Where a space is
known whole, a search with them asks nothing that they have not seen. These objectives answer each
class by the models of cross-validation that were fitted without it, and with intervals from the
residuals of the other folds: what to expect of a space of which only a part is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.core.quantity import Quantity
from hwnas.core.space import SearchSpace
from hwnas.features import feature_layout, feature_matrix
from hwnas.fitting.calibration import calibrate
from hwnas.fitting.procedure import Sample, procedure_for, scales_of
from hwnas.objectives.predicted import PredictedObjective
from hwnas.predictors.card import TRANSFORMS, Card, to_unit
from hwnas.tables import class_means, load_table


class UnseenObjective:
    """Predictions of every class of a table by models that have not seen it.

    Args:
        shipped: The objective whose recipe is followed.
        folder: Where predictions are kept, so that they are made once.
    """

    def __init__(self, shipped: PredictedObjective, folder: Path) -> None:
        self._space, self._spec = shipped.predictor.space, shipped.spec
        genotypes, value, lower, upper = _predictions(self._space, shipped.predictor.card, folder)
        self._row_of = {tuple(each): row for row, each in enumerate(genotypes.tolist())}
        # The last row is for what the table does not know.
        self._ends = [np.append(each, np.nan) for each in (value, lower, upper)]

    @property
    def spec(self) -> ObjectiveSpec:
        """What the values are."""
        return self._spec

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        """Predictions for ``n_archs`` architectures, each array of shape ``(n_archs,)``."""
        canonical = Batch.of(self._space, archs).canonical.tolist()
        rows = [self._row_of.get(tuple(each), -1) for each in canonical]
        value, lower, upper = (end[rows] for end in self._ends)
        return Estimate(value, lower, upper)


def unseen(measure: Objective, folder: Path) -> UnseenObjective:
    """The objective of the same recipe, of classes that it has not seen."""
    assert isinstance(measure, PredictedObjective)
    return UnseenObjective(measure, folder)


def _predictions(
    space: SearchSpace, card: Card, folder: Path
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Canonical genotypes ``(n_classes, n_genes)``; values and ends, ``(n_classes,)`` each."""
    path = folder / f"{card.model.sha256}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        means = class_means(space, load_table(card.table.name), card.table.column)
        found = _out_of_fold(card, space, means.genotypes, means.values)
        np.savez(path, means.genotypes, *found)
    with np.load(path) as kept:
        genotypes, value, lower, upper = (kept[name] for name in kept.files)
    return genotypes, value, lower, upper


def _out_of_fold(
    card: Card, space: SearchSpace, genotypes: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sets = card.features.sets
    quantity, layout = card.target.meaning, feature_layout(space, sets)
    scales = scales_of(quantity, layout, values)
    procedure = procedure_for(len(values), quantity, layout, scales)
    x = feature_matrix(space, genotypes, sets)
    with threadpool_limits(1):
        sample = Sample(procedure, quantity, x, values, layout, card.seed)
        predicted = sample.out_of_fold()
    forward = TRANSFORMS[card.model.transform]
    y, target = forward(values), forward(predicted)
    lower, upper = np.empty(len(y)), np.empty(len(y))
    for fold in np.unique(sample.fold_of):
        is_out = sample.fold_of == fold
        intervals = calibrate(y[~is_out], target[~is_out])
        lower[is_out], upper[is_out] = intervals.ends(target[is_out])
    ends = _in_unit(lower, card, quantity), _in_unit(upper, card, quantity)
    return predicted, np.minimum(*ends), np.maximum(*ends)


def _in_unit(target: np.ndarray, card: Card, quantity: Quantity) -> np.ndarray:
    return to_unit(target, card.model.transform, quantity)
