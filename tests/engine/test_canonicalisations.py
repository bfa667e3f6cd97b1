"""A search computes canonical forms no more than a few times for each architecture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.spaces.nasbench201 import NasBench201


def test_an_evaluated_architecture_costs_at_most_three_canonicalisations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_rows = 0
    compute = NasBench201.canonical_genotypes

    def counted(self: NasBench201, genotypes: np.ndarray) -> np.ndarray:
        nonlocal n_rows
        n_rows += len(genotypes)
        return compute(self, genotypes)

    monkeypatch.setattr(NasBench201, "canonical_genotypes", counted)
    # What is found out of a whole space once, such as its classes, is no part of a search.
    hwnas.search("nasbench201", device="edgegpu", generations=1, population=20, out=tmp_path / "1")
    n_rows = 0
    run = hwnas.search(
        "nasbench201", device="edgegpu", generations=8, population=20, out=tmp_path / "8"
    )
    assert n_rows <= 3 * run.n_evaluated
