"""Several objectives of one batch, where what they have in common is computed once."""

from __future__ import annotations

from collections.abc import Sequence

from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.objective import Estimate, Objective
from hwnas.core.space import SearchSpace
from hwnas.objectives.predicted import PredictedObjective
from hwnas.predictors import predict_together


def evaluate(
    space: SearchSpace, measures: Sequence[Objective], archs: Sequence[Architecture]
) -> list[Estimate]:
    """What each objective says of a batch.

    Args:
        space: The architectures' search space.
        measures: The objectives.
        archs: ``n_archs`` architectures; a ``Batch`` of genotypes spares making them.

    Returns:
        An estimate for each objective, its arrays of shape ``(n_archs,)``; the same, bit for bit,
        as if each had been asked alone.

    Raises:
        ArchitectureError: An architecture belongs to another space.
    """
    batch = Batch.of(space, archs)
    predictors = {
        place: measure.predictor
        for place, measure in enumerate(measures)
        if isinstance(measure, PredictedObjective)
    }
    predicted = predict_together(list(predictors.values()), batch.genotypes)
    known = dict(zip(predictors, predicted, strict=True))
    return [
        known[place] if place in known else measure(batch) for place, measure in enumerate(measures)
    ]
