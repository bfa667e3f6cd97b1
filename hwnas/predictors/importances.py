"""What a card says of the features that a predictor's ranking rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

LEVELS = ("set", "kind", "feature")
"""How finely importances tell features apart, coarse first."""


@dataclass(frozen=True, slots=True)
class Drop:
    """By how much Kendall tau on unseen classes falls when some features are permuted.

    Args:
        drop: Mean over permutations.
        std: Standard deviation over them.
    """

    drop: float
    std: float


@dataclass(frozen=True, slots=True)
class Importance:
    """How much a predictor's ranking rests on some features.

    Args:
        level: ``"set"``, ``"kind"`` or ``"feature"``: what was permuted as one.
        feature_set: Set of the features.
        name: Name of the set, kind or feature.
        drop: By how much Kendall tau on unseen classes falls; mean over permutations.
        std: Standard deviation over permutations.
    """

    level: str
    feature_set: str
    name: str
    drop: float
    std: float


@dataclass(frozen=True, slots=True)
class Importances:
    """What was measured of a predictor, by name; largest first.

    Args:
        n_repeats: Permutations of each.
        set: Of every feature set.
        kind: Of kinds of features, ``set/kind``.
        feature: Of single features, ``set/feature``.
        n_classes: Functional classes that were ranked, none of which was fitted on; None where a
            file does not tell.

    Raises:
        ValueError: A kind or feature is not named with its set.
    """

    n_repeats: int
    set: dict[str, Drop]
    kind: dict[str, Drop]
    feature: dict[str, Drop]
    n_classes: int | None = None

    def __post_init__(self) -> None:
        for name in (*self.kind, *self.feature):
            if "/" not in name:
                raise ValueError(f"features must be named with their set; got '{name}'")

    def listed(self) -> tuple[Importance, ...]:
        """One by one, coarse levels first."""
        found = []
        for level in LEVELS:
            for name, measured in getattr(self, level).items():
                feature_set, _, part = name.partition("/")
                shown = part or feature_set
                found.append(Importance(level, feature_set, shown, measured.drop, measured.std))
        return tuple(found)


def importances_of(measured: Mapping[str, Any] | None) -> tuple[Importance, ...]:
    """What the record of a run says of them, coarse levels first; nothing where it is empty."""
    return msgspec.convert(measured, Importances).listed() if measured else ()
