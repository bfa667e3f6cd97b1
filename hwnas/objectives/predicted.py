"""Values predicted by a fitted model, with 90 % intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.objectives import SOURCES, Question
from hwnas.objectives._missing import NothingKnownError, check_conditions, need_device, unknown_here
from hwnas.objectives.evaluation import inputs_of
from hwnas.predictors import (
    Predictor,
    find_predictor,
    predict_together,
    predictor_cards,
    why_not,
)
from hwnas.tables.catalogue import find

INPUTS = {True: "from features and proxy scores", False: "from features alone"}
"""What a value was predicted from, by whether scores of zero-cost proxies were read."""


class PredictedObjective:
    """A predictor as an objective.

    Args:
        predictor: The predictor.
        as_given: Whether to value networks as they stand, where the predictor tells those apart
            that compute the same, and not their functional classes.
    """

    def __init__(self, predictor: Predictor, as_given: bool = False) -> None:
        card = predictor.card
        self.predictor = predictor
        self._is_of_nets = as_given and predictor.tells_nets_apart
        self.spec = ObjectiveSpec.of(
            card.target,
            source="extrapolated" if card.transfer else "predicted",
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
            stage=1,
            lacks_skill=card.evaluation.lacks_skill,
        )
        # What it says comes from these files and from nothing else: who else reads them, agrees.
        self._key = (self.spec.column, self.spec.origin)

    def inputs(self, archs: Sequence[Architecture]) -> list[str] | None:
        """What each value is predicted from, one of ``INPUTS``; None where it is all the same."""
        if not self.predictor.card.reads_scores:
            return None
        lacks = self.predictor.lacks_scores(Batch.of(self.predictor.space, archs).canonical)
        return [INPUTS[not each] for each in lacks]

    def prepare(self, batch: Batch) -> None:
        """Have the batch know the predictor, so that all predict at once."""
        if not self._is_of_nets:
            _asked(batch)[self._key] = self.predictor

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        """Predictions for ``n_archs`` architectures, each array of shape ``(n_archs,)``."""
        batch = Batch.of(self.predictor.space, archs)
        if self._is_of_nets:
            return self.predictor.predict_nets(batch.genotypes)
        self.prepare(batch)
        return _predictions(batch)[self._key]


def _asked(batch: Batch) -> dict[tuple[str, str], Predictor]:
    """The predictors that a batch knows, by column and origin."""
    asked: dict[tuple[str, str], Predictor] = batch.once("predictors asked", dict)
    return asked


def _predictions(batch: Batch) -> Mapping[tuple[str, str], Estimate]:
    """What every predictor that a batch knows says of it, in one pass over the features."""
    known: dict[tuple[str, str], Estimate] = batch.once("predictions", dict)
    new = {key: predictor for key, predictor in _asked(batch).items() if key not in known}
    if new:
        found = predict_together(list(new.values()), batch.canonical, is_canonical=True)
        known.update(zip(new, found, strict=True))
    return known


def input_notes(measures: Sequence[Objective], batch: Batch) -> list[str]:
    """What to say of values that were predicted without the proxy scores that others had."""
    notes = []
    for measure in measures:
        n_alone = (inputs_of(measure, batch) or []).count(INPUTS[False])
        if n_alone:
            notes.append(
                f"{measure.spec.column}: no proxy scores are known for {n_alone:,} of "
                f"{len(batch):,} architectures on the front; these are predicted from features "
                "alone."
            )
    return notes


@SOURCES.register("predictor")
def predicted_objective(question: Question) -> Objective:
    """The objective of the predictor that was fitted for a quantity.

    Raises:
        NothingKnownError: There is none for this space, data set and device.
        UnknownNameError: There are some under other conditions, not under these.
        ConfigError: There is one under the usual conditions alone.
        ArtifactError: The predictor's files are damaged.
    """
    space, target = question.space, question.target
    quantity, conditions = target.meaning, target.condition_text
    if quantity.per_device:
        need_device(quantity, question.device)
    predictor = find_predictor(space, target)
    if predictor is not None:
        return PredictedObjective(predictor, question.as_given)
    reason = why_not(space, target)
    if reason:
        raise NothingKnownError(f"{reason} Fit one for these options: hwnas fit TABLE")
    known = [
        card.target.condition_text
        for card in predictor_cards(space.name, space.dataset)
        if card.target.usual == target.usual
    ]
    if not find(target, space):
        check_conditions(quantity, conditions, known)
    raise unknown_here(space, target)
