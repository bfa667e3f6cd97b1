"""The published tables, imported once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from hwnas.tables import Table, import_table
from hwnas.tables.importers import IMPORTERS


@pytest.fixture(scope="session")
def tables(upstream: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Table]:
    """Every published table by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HWNAS_CACHE", str(tmp_path_factory.mktemp("imported")))
        return {name: import_table(name, upstream) for name in IMPORTERS}
