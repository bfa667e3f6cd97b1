"""Registries find modules of a package and entry points of other distributions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hwnas.errors import ConfigError, UnknownNameError
from hwnas.registry import Registry

_HOUSE = """
from hwnas.registry import Registry
ROOMS = Registry("room", "house", "house.rooms", "house rooms")
"""
_ROOM = """
from house import ROOMS
@ROOMS.register("{name}")
class Room: ...
"""


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry over a package ``house`` written for the test, not loaded yet."""
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "__init__.py").write_text(_HOUSE, encoding="utf-8")
    (folder / "kitchen.py").write_text(_ROOM.format(name="kitchen"), encoding="utf-8")
    (folder / "attic.py").write_text(_ROOM.format(name="attic"), encoding="utf-8")
    (folder / "_cellar.py").write_text("raise RuntimeError('private')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import house  # type: ignore[import-not-found]

    yield house.ROOMS
    for name in [name for name in sys.modules if name.partition(".")[0] in ("house", "annex")]:
        del sys.modules[name]


def _install_annex(tmp_path: Path, name: str) -> None:
    """Another distribution whose entry point adds a room called ``name``."""
    (tmp_path / "annex.py").write_text("class Annex: ...", encoding="utf-8")
    info = tmp_path / "annex-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: annex\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        f"[house.rooms]\n{name} = annex:Annex\n", encoding="utf-8"
    )


def test_public_modules_are_found_in_alphabetical_order(rooms: Registry) -> None:
    assert list(rooms) == ["attic", "kitchen"]


@pytest.mark.usefixtures("rooms")
def test_modules_elsewhere_are_found_too_and_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "annex.py").write_text(
        "from house import HUTS\nHUTS.register('shed')(int)\n", encoding="utf-8"
    )
    huts: Registry[type] = Registry("hut", modules=("annex",))
    sys.modules["house"].HUTS = huts  # type: ignore[attr-defined]
    assert "annex" not in sys.modules
    assert list(huts) == ["shed"]


def test_threads_that_ask_at_once_find_everything(tmp_path: Path, rooms: Registry) -> None:
    slow = "import time\ntime.sleep(0.2)\n" + _ROOM.format(name="cabin")
    (tmp_path / "house" / "cabin.py").write_text(slow, encoding="utf-8")
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: list(rooms), range(2)))
    assert found == [["attic", "cabin", "kitchen"]] * 2


def test_thing_is_found_by_its_name(rooms: Registry) -> None:
    assert rooms["kitchen"].__name__ == "Room"


def test_entry_points_of_other_distributions_join(rooms: Registry, tmp_path: Path) -> None:
    _install_annex(tmp_path, "annex")
    assert list(rooms) == ["annex", "attic", "kitchen"]
    assert rooms["annex"].__name__ == "Annex"


def test_entry_point_with_a_taken_name_is_refused(rooms: Registry, tmp_path: Path) -> None:
    _install_annex(tmp_path, "kitchen")
    with pytest.raises(ConfigError, match="room 'kitchen' is registered twice"):
        list(rooms)


def test_unknown_name_is_refused_with_a_suggestion(rooms: Registry) -> None:
    expected = r"Unknown room 'kitchn'\. Did you mean 'kitchen'\? See: house rooms"
    with pytest.raises(UnknownNameError, match=expected):
        rooms["kitchn"]


def test_name_taken_twice_is_refused_and_the_same_thing_again_is_not(rooms: Registry) -> None:
    first = object()
    assert rooms.register("hall")(first) is first
    assert rooms.register("hall")(first) is first
    with pytest.raises(ConfigError, match="room 'hall' is registered twice; choose another name"):
        rooms.register("hall")(object())
