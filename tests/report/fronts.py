"""Columns, a space and points of fronts that the report's tests draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.graph import OperationGraph
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.space import SearchSpace

COLUMNS = (
    ObjectiveSpec("accuracy_pct", "%", "max", "predicted", "Accuracy", "CIFAR-10, validation"),
    ObjectiveSpec("latency_ms", "ms", "min", "tabulated", "Latency", "Eyeriss"),
    ObjectiveSpec("energy_mj", "mJ", "min", "predicted", "Energy", "Eyeriss"),
    ObjectiveSpec("params", "", "min", "counted", "Parameters"),
)


class AnyTextSpace(SearchSpace):
    """Two genes and no cell; every text is the published string of its first architecture."""

    name = "anytext"
    title = "A space for tests"
    datasets = ("cifar10",)
    genes = ("kernel of block 1", "kernel of block 2")
    n_choices = (3, 2)
    independent_genes = ((0,), (1,))

    def parse(self, text: str) -> Architecture:
        return Architecture(self.name, (2, 1), text)

    def format(self, genotype: Sequence[int]) -> str:
        return "".join(map(str, genotype))

    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        return self.check_genotypes(genotypes)

    def valid_mask(self, genotypes: np.ndarray) -> np.ndarray:
        return np.ones(len(genotypes), dtype=bool)

    def graph(self, arch: Architecture) -> OperationGraph:
        raise NotImplementedError(f"no report needs the graph of {arch}")

    def build(self, arch: Architecture) -> Any:
        raise NotImplementedError(f"no report needs a model of {arch}")


def staircase(n_archs: int) -> np.ndarray:
    """Points of a front in ``COLUMNS``, shape ``(n_archs, 4)``: worse accuracy is quicker."""
    steps = np.arange(n_archs, dtype=float)
    return np.stack(
        [94.0 - 0.5 * steps, 9.0 - 0.25 * steps, 0.5 + 0.1 * steps**2, 1.2e6 - 3e4 * steps], axis=1
    )
