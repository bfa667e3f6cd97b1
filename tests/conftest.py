"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from hwnas.core.space import SearchSpace
from hwnas.spaces import load_space

if TYPE_CHECKING:
    from hwnas.tables import Table

# The same examples each time, and no clock: a busy machine must not fail a test.
settings.register_profile("hwnas", deadline=None, derandomize=True)
settings.load_profile("hwnas")

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "upstream"


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
def everything_published(upstream: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    from hwnas.tables import import_table
    from hwnas.tables.importers import IMPORTERS

    cache = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HWNAS_CACHE", str(cache))
        return Published(cache, {name: import_table(name, upstream) for name in IMPORTERS})


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
