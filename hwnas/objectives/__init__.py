"""Objectives: where values come from. A file that registers a source here is found by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hwnas.core.device import Device
from hwnas.core.objective import Objective
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.objectives._missing import NothingKnownError
from hwnas.registry import Registry

if TYPE_CHECKING:
    from hwnas.measure.backends import Backend
    from hwnas.objectives.evaluator import Evaluator

__all__ = ["SOURCES", "NothingKnownError", "Question", "SourceFactory"]


@dataclass(frozen=True, slots=True)
class Question:
    """What a source of values is asked for.

    Args:
        space: Search space with its data set.
        target: What the values are about; its device is ``device``'s name.
        device: Device, for quantities that depend on one.
        as_given: Whether an architecture is asked for itself and not for its functional class: a
            table answers with the architecture's own row where it has one, a predictor that
            learned from nets with what that net takes as it stands.
        backend: What runs models on the device, for what is measured; what the device itself says
            by default.
        evaluation: The user's own function, for what it gives.
    """

    space: SearchSpace
    target: Target
    device: Device | None = None
    as_given: bool = False
    backend: Backend | None = None
    evaluation: Evaluator | None = None


SourceFactory = Callable[[Question], Objective]
"""Makes the objective that answers a question."""

SOURCES: Registry[SourceFactory] = Registry(
    "source of values", "hwnas.objectives", "hwnas.objectives"
)
