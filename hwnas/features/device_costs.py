"""What known devices would ask for an architecture: their measured costs, smoothed, as features.

For each device of a space a linear model of the logarithm of its cost on the space's operation
encoding ships in ``device_costs.json``. The published values are not in it: a model has far fewer
coefficients than there were values, and its errors are theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from hwnas._files import sha256_file
from hwnas._records import RecordFormat
from hwnas._resources import artifacts_dir
from hwnas._sums import check_sum
from hwnas.core.feature_set import FEATURE_SETS
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ArtifactError, ConfigError
from hwnas.features.nets import feature_set_of_nets

DEVICE_COSTS = "device_costs"
"""Feature set of the known devices' costs."""
FILE = "device_costs.json"
ENCODING = "encoding"
"""Feature set that the costs are linear in."""


@dataclass(frozen=True, slots=True)
class SmoothedCost:
    """A known device's cost as a linear model of its logarithm.

    Args:
        target: What was measured, on which data set and device, under which conditions.
        table: Table of the values.
        table_sha256: Hash of the canonical table.
        n_nets: Nets that it was fitted to.
        mean: Mean of the logarithm over these nets; of a rate, of that of its reciprocal.
        deviation: Standard deviation of that logarithm.
        error: Root mean square of what the model leaves over, in the same unit.
        intercept: What it adds to the weighted sum.
        coefficients: Weight of each of the ``n_columns`` columns of the encoding.
    """

    target: Target
    table: str
    table_sha256: str
    n_nets: int
    mean: float
    deviation: float
    error: float
    intercept: float
    coefficients: tuple[float, ...]

    @property
    def name(self) -> str:
        """Device, quantity and conditions: ``1080ti.latency.batch32``."""
        parts = (self.target.device, self.target.quantity, self.target.condition_text)
        return ".".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class DeviceCosts:
    """Costs of the known devices of a space.

    Args:
        space: Search space.
        options: Its options.
        penalty: Weight of the squared coefficients where they were fitted.
        costs: One for each device, quantity and conditions.
        sources: Repository, commit, path, licence, size and hash of each file of the tables.
        versions: Versions of the packages that it was made with.
    """

    space: str
    options: dict[str, Any]
    penalty: float
    costs: tuple[SmoothedCost, ...]
    sources: Mapping[str, tuple[dict[str, Any], ...]]
    versions: dict[str, str]


RECORDS = RecordFormat(
    DeviceCosts,
    2,
    ArtifactError,
    "smoothed costs of known devices",
    "Install hwnas again.",
    upgrades={1: dict},
    sealed_from=2,
)


def device_costs(space: SearchSpace) -> DeviceCosts | None:
    """The smoothed costs that ship for a space; None where none do.

    They are of the space's usual nets: one of other options has none, rather than another net's.

    Raises:
        ArtifactError: The file is damaged.
    """
    path = artifacts_dir() / space.name / FILE
    usual = type(space)(dataset=space.dataset)
    return _read(path) if path.is_file() and space.options == usual.options else None


@lru_cache(maxsize=8)
def _read(path: Path) -> DeviceCosts:
    check_sum(path, ArtifactError)
    return RECORDS.read(path)


def costs_sha256(space: SearchSpace) -> str:
    """Hash of the file of smoothed costs: other costs are other features.

    Raises:
        ConfigError: None ship for the space.
    """
    _known(space)
    return sha256_file(artifacts_dir() / space.name / FILE)


def _known(space: SearchSpace) -> DeviceCosts:
    known = device_costs(space)
    if known is None:
        raise ConfigError(
            f"No costs of known devices ship for {space.label}. Choose other feature sets."
        )
    return known


def log_costs(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """Logarithms of the smoothed costs of nets as they stand.

    Args:
        space: Search space.
        genotypes: Pruned genotypes, shape ``(n_nets, n_genes)``.

    Returns:
        Shape ``(n_nets, n_costs)``: of milliseconds, millijoules or, of a rate, of seconds.

    Raises:
        ConfigError: None ship for the space.
    """
    encoding = FEATURE_SETS[ENCODING]
    columns = (encoding.of_nets or encoding.values)(space, genotypes)
    coefficients, intercepts = _weights(space)
    return np.asarray(columns @ coefficients + intercepts)


@lru_cache(maxsize=8)
def _weights(space: SearchSpace) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients ``(n_columns, n_costs)`` and intercepts ``(n_costs,)``."""
    costs = _known(space).costs
    coefficients = np.array([each.coefficients for each in costs]).T
    return np.ascontiguousarray(coefficients), np.array([each.intercept for each in costs])


def _names(space: SearchSpace) -> list[str]:
    return [f"log_cost({each.name})" for each in _known(space).costs]


@feature_set_of_nets(DEVICE_COSTS, _names, costs_sha256)
def _values(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    return np.asarray(log_costs(space, genotypes), dtype=np.float32)
