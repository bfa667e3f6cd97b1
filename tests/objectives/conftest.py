"""A cache that holds the published tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwnas.tables import import_table
from hwnas.tables.importers import IMPORTERS


@pytest.fixture(scope="session")
def _imported(upstream: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HWNAS_CACHE", str(cache))
        for name in IMPORTERS:
            import_table(name, upstream)
    return cache


@pytest.fixture
def published(_imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The published tables are in the cache; nothing here writes to it."""
    monkeypatch.setenv("HWNAS_CACHE", str(_imported))
