"""hwnas: hardware-aware, multi-objective neural architecture search."""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwnas import features, proxies
    from hwnas.api import explain, load_run, objective, predict, search, select
    from hwnas.core.architecture import Architecture
    from hwnas.core.device import load_device
    from hwnas.errors import HwnasError
    from hwnas.search.run import Run
    from hwnas.spaces import load_space

__all__ = [
    "Architecture",
    "HwnasError",
    "Run",
    "explain",
    "features",
    "load_device",
    "load_run",
    "load_space",
    "objective",
    "predict",
    "proxies",
    "search",
    "select",
]

_HOMES = {
    "Architecture": "hwnas.core.architecture",
    "HwnasError": "hwnas.errors",
    "Run": "hwnas.search.run",
    "explain": "hwnas.api",
    "load_device": "hwnas.core.device",
    "load_run": "hwnas.api",
    "load_space": "hwnas.spaces",
    "objective": "hwnas.api",
    "predict": "hwnas.api",
    "search": "hwnas.api",
    "select": "hwnas.api",
}


class _Package(types.ModuleType):
    """The package, whose names are loaded when first used: numpy alone costs half of ``--help``."""

    def __getattr__(self, name: str) -> Any:
        if name in _HOMES:
            return getattr(importlib.import_module(_HOMES[name]), name)
        if name in ("features", "proxies"):
            return importlib.import_module(f"hwnas.{name}")
        raise AttributeError(f"module 'hwnas' has no attribute '{name}'")

    def __setattr__(self, name: str, value: object) -> None:
        # Importing a subpackage sets it here; hwnas.search and hwnas.select are functions.
        if not (name in _HOMES and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Package
