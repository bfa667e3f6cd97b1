"""What a card says of the features that a predictor's ranking rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hwnas.predictors.card import LEVELS


@dataclass(frozen=True, slots=True)
class Importance:
    """How much a predictor's ranking rests on some features.

    Args:
        level: ``"set"``, ``"kind"`` or ``"feature"``: what was permuted as one.
        feature_set: Set of the features.
        name: Name of the set, kind or feature.
        drop: By how much Kendall tau on the held-out classes falls; mean over permutations.
        std: Standard deviation over permutations.
    """

    level: str
    feature_set: str
    name: str
    drop: float
    std: float


def importances_of(measured: Mapping[str, Any] | None) -> tuple[Importance, ...]:
    """What ``measure_importances`` found, coarse levels first; nothing where it was not asked."""
    if not measured:
        return ()
    found = []
    for level in LEVELS:
        for name, figures in measured[level].items():
            feature_set, _, part = name.partition("/")
            found.append(
                Importance(level, feature_set, part or feature_set, figures["drop"], figures["std"])
            )
    return tuple(found)
