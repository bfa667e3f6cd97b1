"""Fronts and spaces that the report's tests draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from hwnas.choose import select
from hwnas.core.architecture import Architecture
from hwnas.core.front import Front
from hwnas.core.graph import OperationGraph
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.report import Provenance, ReportData

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


@pytest.fixture
def any_text() -> SearchSpace:
    return AnyTextSpace()


@pytest.fixture
def make_report(nasbench201: SearchSpace) -> Callable[..., ReportData]:
    """Report of ``n_archs`` cells on a staircase; keywords replace its parts."""

    def make(n_archs: int = 12, **parts: Any) -> ReportData:
        space = parts.get("space", nasbench201)
        columns = parts.pop("columns", COLUMNS)
        values = parts.pop("values", staircase(n_archs)[:, : len(columns)])
        width = np.where([spec.source == "predicted" for spec in columns], 0.2, np.nan)
        rng = np.random.default_rng(0)
        archs = tuple(str(arch) for arch in nasbench201.sample(n_archs, rng))
        front = Front(
            parts.pop("archs", archs),
            columns,
            values,
            values - width,
            values + width,
            n_objectives=parts.pop("n_objectives", min(3, len(columns))),
        )
        given = {
            "title": "A search",
            "front": front,
            "space": space,
            "history": ((10, 1.0), (20, 1.5), (30, float("nan"))),
            "facts": {"Device": "Eyeriss", "Seed": "0"},
            "provenance": (
                Provenance("accuracy_pct", "predicted", "a forest", {"Kendall tau": 0.97}),
            ),
            "notes": ("latency_ms and energy_mj rank architectures the same",),
            "run": "runs/a run",
            "selection": None if n_archs == 0 or np.isnan(values).any() else select(front),
        }
        return ReportData(**(given | parts))

    return make
