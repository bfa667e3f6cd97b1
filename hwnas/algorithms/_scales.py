"""Scales on which models of values err alike everywhere: logarithms of costs and of errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hwnas.core.columns import quantity_of
from hwnas.core.objective import ObjectiveSpec

_LEAST_ERROR_PCT = 0.05
"""An error below this, as of 100 % right, counts as this: it has a logarithm."""
_MOST_LOG = 50.0
"""Logarithms that models may hope for at most; what is larger has no use and may overflow."""


@dataclass(frozen=True, slots=True)
class ValueScale:
    """How a model sees the values of an objective, all minimised.

    Args:
        kind: ``"plain"``; ``"log"`` for positive costs; ``"log error"`` for accuracy: the logarithm
            of what is missing to 100 %.
    """

    kind: Literal["plain", "log", "log error"]

    @classmethod
    def of(cls, spec: ObjectiveSpec | None, values: np.ndarray) -> ValueScale:
        """The scale that suits an objective.

        Args:
            spec: What its values are; None where that is not known.
            values: Those seen so far, minimised, shape ``(n_archs,)``.
        """
        quantity = None if spec is None else quantity_of(spec.column)
        if quantity is not None and quantity.name == "accuracy":
            return cls("log error")
        return cls("log" if (values > 0).all() else "plain")

    def to(self, values: np.ndarray) -> np.ndarray:
        """Values as the model sees them."""
        if self.kind == "plain":
            return np.asarray(values, dtype=float)
        if self.kind == "log":
            # A point that nothing reaches may lie beyond what has a logarithm.
            with np.errstate(divide="ignore"):
                return np.asarray(np.log(np.maximum(values, 0.0)))
        return np.asarray(np.log(np.maximum(100.0 + values, _LEAST_ERROR_PCT)))

    def back(self, seen: np.ndarray) -> np.ndarray:
        """Values from what the model sees."""
        if self.kind == "plain":
            return np.asarray(seen, dtype=float)
        values = np.exp(np.clip(seen, -_MOST_LOG, _MOST_LOG))
        return np.asarray(values if self.kind == "log" else values - 100.0)

    def slope(self, values: np.ndarray) -> np.ndarray:
        """By how much what the model sees changes with a value, at given values."""
        if self.kind == "plain":
            return np.ones(len(values))
        if self.kind == "log":
            return np.asarray(1 / values)
        return np.asarray(1 / np.maximum(100.0 + values, _LEAST_ERROR_PCT))
