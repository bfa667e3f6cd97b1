"""Runs say which part of their front was predicted without the proxy scores that the rest had."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from made_up import write_half_scored

import hwnas
from hwnas.core.space import SearchSpace
from hwnas.proxies import shipped
from hwnas.proxies.feature_set import has_scores

SETTINGS = {"objectives": ["accuracy", "macs"], "population": 8, "generations": 4}


@pytest.fixture
def run(nasbench201: SearchSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> hwnas.Run:
    """A search in which architectures whose last edge is a convolution have no scores."""
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path / "package")
    classes = np.unique(nasbench201.canonical_genotypes(nasbench201.all_genotypes()), axis=0)
    scored = classes[nasbench201.valid_mask(classes) & ~np.isin(classes[:, 5], (2, 3))]
    write_half_scored(nasbench201, tmp_path / "package", scored)
    return hwnas.search("nasbench201", out=tmp_path / "run", **SETTINGS)  # type: ignore[arg-type]


def _n_alone(run: hwnas.Run) -> int:
    genotypes = run.space.genotypes([run.space.parse(arch) for arch in run.front.archs])
    return int((~has_scores(run.space, genotypes)).sum())


def test_the_record_of_a_run_counts_them(run: hwnas.Run) -> None:
    n_alone, n_archs = _n_alone(run), len(run.front)
    assert 0 < n_alone < n_archs
    note = (
        f"accuracy_pct: no proxy scores are known for {n_alone} of {n_archs} architectures on the "
        "front; these are predicted from features alone."
    )
    assert note in run.record.notes
    assert note in json.loads((run.path / "run.json").read_text())["notes"]


def test_values_of_the_front_are_those_that_either_predictor_gives(run: hwnas.Run) -> None:
    frame = hwnas.predict("nasbench201", run.front.archs, quantities=["accuracy"])
    assert frame["accuracy_pct"].tolist() == pytest.approx(
        run.front.column("accuracy_pct").tolist(), rel=1e-6
    )


def test_a_run_that_is_resumed_says_the_same(run: hwnas.Run) -> None:
    before = (run.path / "run.json").read_bytes()
    hwnas.search("nasbench201", out=run.path, resume=True, **SETTINGS)  # type: ignore[arg-type]
    assert (run.path / "run.json").read_bytes() == before
