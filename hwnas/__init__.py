"""hwnas: hardware-aware, multi-objective neural architecture search."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str

    from hwnas import features, proxies
    from hwnas.api import (
        explain,
        export,
        fit,
        load_run,
        objective,
        predict,
        sample,
        search,
        select,
    )
    from hwnas.core.architecture import Architecture
    from hwnas.engine.run import Run
    from hwnas.errors import HwnasError
    from hwnas.objectives.devices import load_device
    from hwnas.objectives.evaluated import evaluated
    from hwnas.spaces import load_space

__all__ = [
    "Architecture",
    "HwnasError",
    "Run",
    "__version__",
    "evaluated",
    "explain",
    "export",
    "features",
    "fit",
    "load_device",
    "load_run",
    "load_space",
    "objective",
    "predict",
    "proxies",
    "sample",
    "search",
    "select",
]

_HOMES = {
    "Architecture": "hwnas.core.architecture",
    "HwnasError": "hwnas.errors",
    "Run": "hwnas.engine.run",
    "evaluated": "hwnas.objectives.evaluated",
    "explain": "hwnas.api",
    "export": "hwnas.api",
    "fit": "hwnas.api",
    "load_device": "hwnas.objectives.devices",
    "load_run": "hwnas.api",
    "load_space": "hwnas.spaces",
    "objective": "hwnas.api",
    "predict": "hwnas.api",
    "sample": "hwnas.api",
    "search": "hwnas.api",
    "select": "hwnas.api",
}


def __getattr__(name: str) -> Any:
    """A public name, loaded when it is first used: numpy alone costs half of ``--help``."""
    if name == "__version__":
        from importlib.metadata import version

        return version("hwnas")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in __all__:
        return importlib.import_module(f"hwnas.{name}")
    raise AttributeError(f"module 'hwnas' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
