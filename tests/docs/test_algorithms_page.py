"""The how-to's table of algorithms is about those that there are."""

from __future__ import annotations

import re
from pathlib import Path

from hwnas.algorithms import ALGORITHMS, packages_of

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "algorithms.md"
_ROW = re.compile(r"^\| `([a-z0-9-]+)` \|.*\| *(?:`hwnas\[([a-z,]+)\]`)? *\|$", re.MULTILINE)


def _table() -> dict[str, str]:
    """Extras that each algorithm needs by the table, empty for none."""
    return dict(_ROW.findall(_PAGE.read_text(encoding="utf-8")))


def test_every_algorithm_stands_in_the_table() -> None:
    assert set(ALGORITHMS) <= set(_table())


def test_an_algorithm_needs_an_extra_where_it_needs_packages() -> None:
    table = _table()
    assert {name for name in ALGORITHMS if packages_of(ALGORITHMS[name])} == {
        name for name in ALGORITHMS if table[name]
    }
