"""What the audit finds in the published tables."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hwnas.tables import Audit, Table, audit_table


@pytest.fixture(scope="session")
def audits(tables: Mapping[str, Table]) -> Mapping[str, Audit]:
    """What the audit finds in every published table."""
    return {name: audit_table(table) for name, table in tables.items()}
