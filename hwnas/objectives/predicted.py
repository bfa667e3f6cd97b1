"""Values predicted by a fitted model, with 90 % intervals."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.device import Device
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.core.quantity import Quantity, column_name
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target, parse_conditions
from hwnas.objectives import SOURCES
from hwnas.objectives._missing import NothingKnownError, check_variant, need_device, unknown_here
from hwnas.predictors import Predictor, find_predictor, predictor_cards, why_not

INPUTS = {True: "from features and proxy scores", False: "from features alone"}
"""What a value was predicted from, by whether scores of zero-cost proxies were read."""


class PredictedObjective:
    """A predictor as an objective.

    Args:
        predictor: The predictor.
        column: Column of its values.
        quantity: What it predicts.
    """

    def __init__(self, predictor: Predictor, column: str, quantity: Quantity) -> None:
        card = predictor.card
        self.predictor = predictor
        self.spec = ObjectiveSpec(
            column=column,
            unit=quantity.unit,
            direction=quantity.direction,
            source="extrapolated" if card.transfer else "predicted",
            title=quantity.title,
            detail=f"{card.detail}; {INPUTS[True]}" if card.reads_scores else card.detail,
            origin=(
                f"{card.name}.onnx sha256 {card.model.sha256}; fitted on table {card.table.name} "
                f"sha256 {card.table.sha256}"
            ),
            figures={
                **card.evaluation.figures,
                "interval_coverage_pct": card.evaluation.coverage_pct,
            },
            importances=msgspec.to_builtins(card.importances) or {},
            evaluation=card.evaluation.how,
        )

    def inputs(self, archs: Sequence[Architecture]) -> list[str] | None:
        """What each value is predicted from, one of ``INPUTS``; None where it is all the same."""
        if not self.predictor.card.reads_scores:
            return None
        lacks = self.predictor.lacks_scores(Batch.of(self.predictor.space, archs).genotypes)
        return [INPUTS[not each] for each in lacks]

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        """Predictions for ``n_archs`` architectures, each array of shape ``(n_archs,)``."""
        return self.predictor.predict(Batch.of(self.predictor.space, archs).genotypes)


def input_notes(measures: Sequence[Objective], archs: Sequence[Architecture]) -> list[str]:
    """What to say of values that were predicted without the proxy scores that others had."""
    notes = []
    for measure in measures:
        inputs = measure.inputs(archs) if isinstance(measure, PredictedObjective) else None
        n_alone = (inputs or []).count(INPUTS[False])
        if n_alone:
            notes.append(
                f"{measure.spec.column}: no proxy scores are known for {n_alone:,} of "
                f"{len(archs):,} architectures on the front; these are predicted from features "
                "alone."
            )
    return notes


@SOURCES.register("predictor")
def predicted_objective(
    space: SearchSpace, device: Device | None, quantity: Quantity, variant: str
) -> Objective:
    """The objective of the predictor that was fitted for a quantity.

    Raises:
        NothingKnownError: There is none for this space, data set and device.
        UnknownNameError: There is one, but not for this variant.
        ArtifactError: The predictor's files are damaged.
    """
    name = need_device(quantity, device).name if quantity.per_device else None
    target = Target(quantity.name, space.dataset, name, parse_conditions(variant))
    predictor = find_predictor(space, target)
    if predictor is not None:
        return PredictedObjective(predictor, column_name(quantity, variant), quantity)
    reason = why_not(space, target)
    if reason:
        raise NothingKnownError(f"{reason} Fit one for these options: hwnas fit TABLE")
    variants = [
        card.target.condition_text
        for card in predictor_cards(space.name, space.dataset)
        if card.target.usual == target.usual
    ]
    check_variant(quantity, variant, variants)
    raise unknown_here(space, device, quantity)
