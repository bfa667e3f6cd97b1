"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
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
    SETS,
    additive_ms,
)
from filelock import FileLock
from hypothesis import settings
from own_costs import cheap, small

import hwnas
from hwnas.core.objective import Objective
from hwnas.core.space import SearchSpace
from hwnas.fitting.columns import Fitted, fit_column, write_predictor
from hwnas.spaces import load_space
from hwnas.tables import Table, import_file
from tests.cli.mistakes import Mistake

# The same examples each time, and no clock: a busy machine must not fail a test.
settings.register_profile("hwnas", deadline=None, derandomize=True)
settings.load_profile("hwnas")

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "upstream"


def pytest_configure(config: pytest.Config) -> None:
    """Workers have a core each: more threads than that would only wait for one another."""
    if getattr(config.option, "numprocesses", None):
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the docstrings' examples that import torch where it is missing, as tests do."""
    if find_spec("torch") is not None:
        return
    examples = [item for item in items if isinstance(item, pytest.DoctestItem)]
    for item in examples:
        if any("torch" in example.source for example in item.dtest.examples):
            item.add_marker(pytest.mark.skip(reason="torch is not installed"))


@pytest.fixture
def mistake(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Mistake:
    """Types what must fail, in an empty folder."""
    return Mistake(capsys, tmp_path)


Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes a folder for all workers: the first to ask fills it, the others wait for it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def make_once(name: str, fill: Callable[[Path], None]) -> Path:
        folder = shared / name
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                unfinished = tmp_path_factory.mktemp(name)
                fill(unfinished)
                unfinished.rename(folder)
        return folder

    return make_once


@pytest.fixture(scope="session")
def upstream() -> Path:
    """Folder of the published files, laid out as ``repository/path``."""
    path = Path(os.environ.get("HWNAS_UPSTREAM", _BESIDE_CHECKOUT))
    if not path.is_dir():
        pytest.skip("the published tables are missing; set HWNAS_UPSTREAM to their folder")
    return path


@dataclass(frozen=True)
class Published:
    """Every published table, imported once for all tests; none of them may write to the cache."""

    cache: Path
    tables: Mapping[str, Table]


@pytest.fixture(scope="session")
def everything_published(upstream: Path, once: Once) -> Published:
    from hwnas.tables import import_table, load_table
    from hwnas.tables.importers import IMPORTERS

    with pytest.MonkeyPatch.context() as patch:

        def fill(cache: Path) -> None:
            patch.setenv("HWNAS_CACHE", str(cache))
            for name in IMPORTERS:
                import_table(name, upstream)

        cache = once("published", fill)
        patch.setenv("HWNAS_CACHE", str(cache))
        return Published(cache, {name: load_table(name) for name in IMPORTERS})


@pytest.fixture
def published_cache(everything_published: Published, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache holds the published tables; nothing here writes to it."""
    monkeypatch.setenv("HWNAS_CACHE", str(everything_published.cache))
    return everything_published.cache


@pytest.fixture(scope="session")
def tables(everything_published: Published) -> Mapping[str, Table]:
    """Every published table by name."""
    return everything_published.tables


@pytest.fixture(autouse=True, scope="session")
def _interruptible() -> None:
    """SIGINT interrupts, here and in children, also where a background shell had it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the user's cache or settings."""
    monkeypatch.setenv("HWNAS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HWNAS_CONFIG", str(tmp_path / "config"))


@pytest.fixture(scope="session")
def nasbench201() -> SearchSpace:
    return load_space("nasbench201")


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
def fitted(nasbench201: SearchSpace, own_table: Table, once: Once) -> Mapping[str, Fitted]:
    """Predictors of the columns that vary, from a few features, by name of the column."""
    columns = {column.name: column for column in own_table.columns}

    def fill(folder: Path) -> None:
        for name in (LATENCY, PARTIAL, ACCURACY):
            result = fit_column(nasbench201, own_table, columns[name], features=SETS)
            (folder / name).write_bytes(pickle.dumps(result))

    folder = once("fitted", fill)
    return MappingProxyType(
        {name: pickle.loads((folder / name).read_bytes()) for name in (LATENCY, PARTIAL, ACCURACY)}
    )


@pytest.fixture
def folder(fitted: Mapping[str, Fitted], tmp_path: Path) -> Path:
    """Folder into which the predictors were written."""
    for each in fitted.values():
        write_predictor(tmp_path / "predictors", each)
    return tmp_path / "predictors"


@pytest.fixture
def costs() -> list[Objective]:
    """Two objectives that conflict, both minimised."""
    return [hwnas.objective(cheap, "cheap"), hwnas.objective(small, "small")]


@pytest.fixture
def started(costs: list[Objective], tmp_path: Path) -> Callable[..., hwnas.Run]:
    """Starts a small search over the two; settings as of hwnas.search."""

    def start(name: str = "run", **settings: object) -> hwnas.Run:
        usual = {"algorithm": "nsga2", "population": 8, "generations": 6, "objectives": costs}
        chosen = {**usual, **settings}
        return hwnas.search("nasbench201", out=tmp_path / name, **chosen)  # type: ignore[arg-type]

    return start
