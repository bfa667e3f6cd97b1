"""What tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.mistakes import Mistake


@pytest.fixture
def mistake(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Mistake:
    """Types what must fail, in an empty folder."""
    return Mistake(capsys, tmp_path)
