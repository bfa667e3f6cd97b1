"""Reports that the tests draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hwnas.choose import select
from hwnas.choose.front import Front
from hwnas.core.space import SearchSpace
from hwnas.report import Provenance, ReportData
from tests.report.fronts import COLUMNS, AnyTextSpace, staircase


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
