"""A search computes canonical forms and reads what it wrote no more often than it must."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.core.architecture import Architecture
from hwnas.engine.store import Store
from hwnas.engine.trials import History
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


def test_strings_of_the_front_are_parsed_once_and_trials_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: Counter[str] = Counter()
    parse, history, n_read = NasBench201.parse, Store.history, 0

    def counted(self: NasBench201, text: str) -> Architecture:
        parsed[text] += 1
        return parse(self, text)

    def read(self: Store) -> History:
        nonlocal n_read
        n_read += 1
        return history(self)

    monkeypatch.setattr(NasBench201, "parse", counted)
    monkeypatch.setattr(Store, "history", read)
    run = hwnas.search(
        "nasbench201", device="edgegpu", generations=4, population=20, out=tmp_path / "run"
    )
    assert parsed == dict.fromkeys(run.front.archs, 1)
    assert n_read == 1
