"""Objectives that cost nothing, and small searches over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.core.architecture import Architecture
from hwnas.core.objective import Objective


def _genes(archs: Sequence[Architecture]) -> np.ndarray:
    return np.array([arch.genotype for arch in archs], dtype=float)


def _cheap(archs: Sequence[Architecture]) -> np.ndarray:
    """Falls with the choices of a genotype."""
    return -_genes(archs).sum(axis=1)


def _small(archs: Sequence[Architecture]) -> np.ndarray:
    """Rises with them, but not with all alike."""
    return (_genes(archs) ** 2) @ np.arange(1.0, 7.0)


@pytest.fixture
def costs() -> list[Objective]:
    """Two objectives that conflict, both minimised."""
    return [hwnas.objective(_cheap, "cheap"), hwnas.objective(_small, "small")]


@pytest.fixture
def started(costs: list[Objective], tmp_path: Path) -> Callable[..., hwnas.Run]:
    """Starts a small search over the two; settings as of hwnas.search."""

    def start(name: str = "run", **settings: object) -> hwnas.Run:
        chosen = {"population": 8, "generations": 6, "objectives": costs, **settings}
        return hwnas.search("nasbench201", out=tmp_path / name, **chosen)  # type: ignore[arg-type]

    return start
