"""``hwnas devices`` and ``hwnas spaces``, as a user types them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from made_up import own_copy, shipped_predictor

from hwnas._resources import cache_dir, config_dir
from hwnas.cli import main
from hwnas.core.target import Target
from hwnas.objectives.devices import device_names, load_device
from hwnas.spaces import SPACES
from hwnas.tables.catalogue import catalogue

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


@pytest.fixture
def own_device() -> str:
    """A device of the user's own that no table holds."""
    folder = config_dir() / "devices"
    folder.mkdir(parents=True)
    (folder / "pi5.toml").write_text(
        'schema = 1\ntitle = "Raspberry Pi 5"\nkind = "board"\nsource = "my desk"\n'
    )
    return "pi5"


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
    assert [line.split()[0] for line in out.splitlines() if line[:1].isalnum()] == [
        "name", *device_names(), "extrapolated:", "table.",
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
def test_device_shows_its_source_note_and_tables_within_80_columns(type_: Type, name: str) -> None:
    status, out, err = type_("devices", "show", name)
    device = load_device(name)
    words = " ".join(out.split())
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == f"{device.title} ({device.kind})"
    assert f"Source: {' '.join(device.source.split())}" in words
    assert " ".join(device.note.split()) in words
    naming = [entry for entry in catalogue() if name in {each.device for each in entry.targets}]
    assert naming
    for entry in naming:
        assert f"In table {entry.name}, on {entry.space} (" in words
    assert widest(out) <= 80
    assert "…" not in out


@pytest.mark.parametrize("name", device_names())
def test_every_predictor_of_a_device_has_a_row(type_: Type, name: str) -> None:
    everything = strict(type_("devices", "show", name, "--json")[1])["predictors"]
    cards = [card for card in everything if card["transfer"] is None]
    out = type_("devices", "show", name)[1]
    ends = tuple(f" {card['evaluation']['n_classes']['train']:,}" for card in cards)
    rows = [line.split() for line in out.splitlines() if ends and line.endswith(ends)]
    assert [row[:2] for row in rows] == [
        [card["space"], card["target"]["dataset"]] for card in cards
    ]
    for row, card in zip(rows, cards, strict=True):
        assert row[2].startswith(card["target"]["quantity"])
        assert f"{card['evaluation']['figures']['kendall_tau']:.3f}" in row
    assert ("No predictors." in out) == (not everything)
    for card in everything:
        if card["transfer"] is not None:
            target = card["target"]
            place = rf"{card['space']} \({target['dataset']}\)"
            told = rf"(?m)^{place}: .*\b{target['quantity']}\b"
            assert re.search(rf"{told}.*; from {card['transfer']['from_space']}$", out)


@pytest.mark.parametrize(
    ("how", "heading"),
    [
        # As files of schema 2 hold them.
        ("held_out", "measured on functional classes held out from fitting"),
        ("cross_validated", "fitted on all functional classes and measured out of fold"),
    ],
)
def test_predictors_stand_under_how_they_were_measured(type_: Type, how: str, heading: str) -> None:
    own = shipped_predictor("nasbench201", "cifar10", "edgegpu.latency")
    own_copy(own, evaluation=replace(own.card.evaluation, how=how))
    out = type_("devices", "show", "edgegpu")[1]
    parts = re.split(r"\nPredictors, (.*):\n", out)
    rows = {
        name: re.findall(r"nasbench201 +cifar10 +latency", told)
        for name, told in zip(parts[1::2], parts[2::2], strict=True)
    }
    assert {name: len(found) for name, found in rows.items() if found} == {heading: 1}


def test_devices_of_hw_nas_bench_have_predictors_on_each_data_set(type_: Type) -> None:
    for name in ("edgegpu", "edgetpu", "eyeriss", "fpga", "pixel3", "raspi4"):
        lines = type_("devices", "show", name)[1].splitlines()
        rows = [line.split() for line in lines if line.startswith("nasbench201 ")]
        assert len(rows) == 3 * (2 if name in ("edgegpu", "eyeriss", "fpga") else 1)
        assert {row[1] for row in rows} == {"cifar10", "cifar100", "imagenet16-120"}


def test_device_without_predictors_says_how_to_make_some(type_: Type, own_device: str) -> None:
    status, out, err = type_("devices", "show", own_device)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "Raspberry Pi 5 (board)",
        "Source: my desk",
        "",
        "No predictors. Make some from a table: hwnas fit TABLE",
    ]
    assert strict(type_("devices", "show", own_device, "--json")[1])["predictors"] == []


def test_predictor_of_a_device_of_ones_own_is_shown(type_: Type, own_device: str) -> None:
    shipped = shipped_predictor("nasbench201", "cifar10", "raspi4.latency")
    target = Target("latency", "cifar10", own_device, (("batch", "256"),))
    own_copy(shipped, target=target, is_default=False)
    out = type_("devices", "show", own_device)[1]
    (row,) = [line for line in out.splitlines() if line.startswith("nasbench201 ")]
    assert row.split()[1:3] == ["cifar10", "latency@batch256"]
    assert f"{shipped.card.evaluation.figures['kendall_tau']:.3f}" in row
    assert widest(out) <= 80


def test_rated_power_is_shown_with_its_source(type_: Type) -> None:
    words = " ".join(type_("devices", "show", "edgegpu")[1].split())
    assert "Rated power: 15 W (NVIDIA Jetson TX2 Module Data Sheet" in words
    assert "Rated power" not in type_("devices", "show", "raspi4")[1]


def test_shown_figures_are_those_of_the_cards(type_: Type) -> None:
    record = strict(type_("devices", "show", "fpga", "--json")[1])
    card = next(
        card
        for card in record["predictors"]
        if (card["target"]["dataset"], card["target"]["quantity"]) == ("cifar100", "energy")
    )
    evaluation = card["evaluation"]
    figures, sizes = evaluation["figures"], evaluation["n_classes"]
    lines = type_("devices", "show", "fpga")[1].splitlines()
    row = next(line for line in lines if "cifar100" in line and "energy" in line).split()
    assert row == [
        "nasbench201", "cifar100", "energy", "(mJ)",
        f"{figures['kendall_tau']:.3f}",
        f"{figures['within_10_pct']:.1f}", "%",
        f"{100 * evaluation['coverage']:.1f}", "%",
        f"{sizes['train']:,}",
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
    place = cache_dir() / "artifacts" / "nasbench201"
    place.mkdir(parents=True)
    (place / "index.json").write_text("[]")
    status, out, err = type_("devices", "show", "edgegpu")
    assert status == 0
    assert "Kendall" in out
    told = f"Note: Left out: {place / 'index.json'} must be an index of predictors; it holds no"
    assert err.startswith(told)
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
