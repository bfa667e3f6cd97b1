"""Objectives: where values come from. A file that registers a source here is found by itself."""

from __future__ import annotations

from collections.abc import Callable

from hwnas.core.device import Device
from hwnas.core.objective import Objective
from hwnas.core.quantity import Quantity
from hwnas.core.space import SearchSpace
from hwnas.objectives._missing import NothingKnownError
from hwnas.registry import Registry

__all__ = ["SOURCES", "NothingKnownError", "SourceFactory"]

SourceFactory = Callable[[SearchSpace, "Device | None", Quantity, str], Objective]
"""Makes the objective of a quantity's variant for a space (with its data set) and a device."""

SOURCES: Registry[SourceFactory] = Registry(
    "source of values", "hwnas.objectives", "hwnas.objectives"
)
