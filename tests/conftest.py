"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from hwnas.core.space import SearchSpace
from hwnas.spaces import load_space

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
