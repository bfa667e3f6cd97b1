"""A small table of additive latencies, and predictors fitted on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from additive_table import (
    ACCURACY,
    ENERGY,
    LATENCY,
    N_CONNECTED,
    N_DISCONNECTED,
    PARTIAL,
    additive_ms,
)

from hwnas.core.space import SearchSpace
from hwnas.predictors.fitting import Fitted, fit_column, write_predictor
from hwnas.tables import Table, import_file


@pytest.fixture(scope="session")
def genotypes(nasbench201: SearchSpace) -> np.ndarray:
    """Genotypes of the rows, shape ``(n_rows, 6)``; many are of one class, three disconnected."""
    rng = np.random.default_rng(7)
    connected = np.unique(nasbench201.sample_genotypes(3 * N_CONNECTED, rng), axis=0)
    connected = rng.permutation(connected)[:N_CONNECTED]
    # Each row's pruned and canonical forms: twins of it, and the only rows that means are over.
    twins = [nasbench201.pruned_genotypes(connected), nasbench201.canonical_genotypes(connected)]
    everything = nasbench201.all_genotypes()
    assert everything is not None
    disconnected = everything[~nasbench201.valid_mask(everything)][:N_DISCONNECTED]
    rows = np.concatenate([connected, *twins, disconnected])
    return rng.permutation(np.unique(rows, axis=0))


@pytest.fixture(scope="session")
def own_table(
    nasbench201: SearchSpace, genotypes: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> Table:
    """Additive latency; the same where no edge is ``none``; an accuracy; a constant energy."""
    folder = tmp_path_factory.mktemp("own")
    latency = additive_ms(genotypes)
    lines = [f"arch,{LATENCY},{PARTIAL},{ACCURACY},{ENERGY}"]
    for genotype, value in zip(genotypes, latency, strict=True):
        partial = "" if (genotype == 0).sum() > 2 else f"{value:.6f}"
        accuracy = 100 - 50 / value
        lines.append(f"{nasbench201.format(genotype)},{value:.6f},{partial},{accuracy:.6f},3")
    path = folder / "mine.csv"
    path.write_text("\n".join(lines) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HWNAS_CACHE", str(folder / "cache"))
        return import_file("mine", path, "nasbench201")


@pytest.fixture(scope="session")
def fitted(nasbench201: SearchSpace, own_table: Table) -> Mapping[str, Fitted]:
    """Predictors of the columns that vary, by name of the column."""
    columns = {column.name: column for column in own_table.columns}
    return MappingProxyType(
        {
            name: fit_column(nasbench201, own_table, columns[name])
            for name in (LATENCY, PARTIAL, ACCURACY)
        }
    )


@pytest.fixture
def folder(fitted: Mapping[str, Fitted], tmp_path: Path) -> Path:
    """Folder into which the predictors were written."""
    for each in fitted.values():
        write_predictor(tmp_path / "predictors", each)
    return tmp_path / "predictors"
