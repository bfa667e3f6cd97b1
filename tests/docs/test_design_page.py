"""The map of the rooms is that of pyproject.toml and of the folders."""

from __future__ import annotations

import re
from pathlib import Path

import _generated

_ROOT = Path(__file__).resolve().parents[2]
_DESIGN = (_ROOT / "docs" / "design.md").read_text(encoding="utf-8")


def test_design_shows_the_layers_of_pyproject() -> None:
    assert "cli\napi | testing\n" in _DESIGN
    assert _generated.with_layers(_DESIGN) == _DESIGN, "make it again with: python docs/shown.py"


def test_design_names_every_folder_of_the_package() -> None:
    named = set(re.findall(r"^\| `(\w+)/`", _DESIGN, re.MULTILINE))
    folders = {
        path.name
        for path in (_ROOT / "hwnas").iterdir()
        if path.is_dir() and path.name not in ("__pycache__", "_data")
    }
    assert named == folders
