"""``hwnas devices`` and ``hwnas spaces``, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from hwnas._resources import cache_dir
from hwnas.cli import main
from hwnas.core.device import device_names, load_device
from hwnas.spaces import SPACES

Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def type_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types a command on a terminal of 80 columns: status, output, errors."""
    monkeypatch.setenv("COLUMNS", "80")

    def typed(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as leaving:
            main([*words])
        assert isinstance(leaving.value.code, int)
        return leaving.value.code, *capsys.readouterr()

    return typed


def strict(text: str) -> Any:
    """JSON without NaN or infinities."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def widest(text: str) -> int:
    return max(map(len, text.splitlines()))


def test_every_device_is_listed_within_80_columns(type_: Type) -> None:
    status, out, err = type_("devices")
    assert (status, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines() if line[:1].isalpha()] == [
        "name", *device_names(), "More:",
    ]  # fmt: skip
    assert widest(out) <= 80
    assert "…" not in out


def test_list_as_json_is_all_that_is_known(type_: Type) -> None:
    records = strict(type_("devices", "--json")[1])
    assert [record["name"] for record in records] == device_names()
    by_name = {record["name"]: record for record in records}
    assert by_name["edgegpu"]["rated_power_w"] == load_device("edgegpu").rated_power_w
    assert by_name["raspi4"]["rated_power_w"] is None
    assert {column["quantity"] for column in by_name["fpga"]["columns"]} == {"latency", "energy"}


@pytest.mark.parametrize("name", device_names())
def test_device_shows_its_note_and_how_good_its_predictors_are(type_: Type, name: str) -> None:
    status, out, err = type_("devices", "show", name)
    device = load_device(name)
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == f"{device.title} ({device.kind})"
    assert " ".join(device.note.split()) in " ".join(out.split())
    assert widest(out) <= 80
    assert "…" not in out
    rows = [line.split() for line in out.splitlines() if line.startswith("nasbench201 ")]
    quantities = {"edgegpu": 2, "eyeriss": 2, "fpga": 2}.get(name, 1)
    assert len(rows) == 3 * quantities
    assert {row[1] for row in rows} == {"cifar10", "cifar100", "imagenet16-120"}


def test_rated_power_is_shown_with_its_source(type_: Type) -> None:
    words = " ".join(type_("devices", "show", "edgegpu")[1].split())
    assert "Rated power: 15 W (NVIDIA Jetson TX2 Module Data Sheet" in words
    assert "Rated power" not in type_("devices", "show", "raspi4")[1]


def test_shown_figures_are_those_of_the_cards(type_: Type) -> None:
    record = strict(type_("devices", "show", "fpga", "--json")[1])
    card = next(
        card
        for card in record["predictors"]
        if (card["dataset"], card["quantity"]) == ("cifar100", "energy")
    )
    lines = type_("devices", "show", "fpga")[1].splitlines()
    row = next(line for line in lines if "cifar100" in line and "energy" in line).split()
    assert row == [
        "nasbench201", "cifar100", "energy", "(mJ)",
        f"{card['held_out']['kendall_tau']:.3f}",
        f"{card['held_out']['within_10_pct']:.1f}", "%",
        f"{100 * card['interval']['coverage']:.1f}", "%",
        f"{card['n_classes']['train']:,}/{card['n_classes']['test']:,}",
    ]  # fmt: skip


def test_unknown_device_names_a_close_one(type_: Type) -> None:
    status, out, err = type_("devices", "show", "edgegpuu")
    assert (status, out) == (2, "")
    assert err == "Error: Unknown device 'edgegpuu'. Did you mean 'edgegpu'? See: hwnas devices\n"


def test_unknown_word_after_devices_is_told_in_one_line(type_: Type) -> None:
    status, out, err = type_("devices", "edgegpu")
    assert (status, out) == (2, "")
    assert err.startswith("Error: No such command 'edgegpu'")
    assert err.count("\n") == 1


def test_a_damaged_card_of_ones_own_is_told_in_one_line(type_: Type) -> None:
    place = cache_dir() / "artifacts" / "nasbench201" / "cifar10"
    place.mkdir(parents=True)
    (place / "edgegpu.latency.json").write_text("[]")
    status, _, err = type_("devices", "show", "edgegpu")
    assert status == 2
    assert err.startswith(f"Error: {place / 'edgegpu.latency.json'} must be the card of a predic")
    assert err.count("\n") == 1


def test_every_space_is_listed_with_its_data_sets(type_: Type) -> None:
    status, out, err = type_("spaces")
    assert (status, err) == (0, "")
    assert [line for line in out.splitlines() if not line.startswith(" ")] == list(SPACES)
    assert "  data sets: cifar10, cifar100, imagenet16-120" in out.splitlines()
    assert widest(out) <= 80


def test_spaces_as_json(type_: Type) -> None:
    records = strict(type_("spaces", "--json")[1])
    assert [record["name"] for record in records] == list(SPACES)
    first = {record["name"]: record for record in records}["nasbench201"]
    assert first["datasets"] == ["cifar10", "cifar100", "imagenet16-120"]
    assert "15,625" in first["title"]
