"""hwnas: hardware-aware, multi-objective neural architecture search."""

# The API is imported here and at once, although most else is lazy: `search` and `select` are also
# the names of subpackages, and importing those later would put a module in the function's place.
# Nothing heavier than numpy is imported by it.
from hwnas import features
from hwnas.api import load_run, objective, predict, search, select
from hwnas.core.architecture import Architecture
from hwnas.core.device import load_device
from hwnas.errors import HwnasError
from hwnas.search.run import Run
from hwnas.spaces import load_space

__all__ = [
    "Architecture",
    "HwnasError",
    "Run",
    "features",
    "load_device",
    "load_run",
    "load_space",
    "objective",
    "predict",
    "search",
    "select",
]
