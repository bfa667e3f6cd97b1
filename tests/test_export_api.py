"""``hwnas.export``: from an architecture, or a row of a run, to a file, whatever found it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwnas
from hwnas.api._export import _space_of
from hwnas.cli import main
from hwnas.core.architecture import Architecture
from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError, ConfigError, HwnasError, PositionError, RunError
from hwnas.spaces import SPACES, graph_model

CELL = "|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|skip_connect~2|"


class Widths(SearchSpace):
    """Two layers of a width each."""

    name, title, datasets = "widths", "Two widths", ("cifar10", "cifar100")
    genes, n_choices = ("one", "two"), (3, 3)
    input_shape = (3, 8, 8)
    n_outputs = 10

    def parse(self, text: str) -> Architecture:
        head, _, digits = text.partition("#")
        if head != "w" or len(digits) != 2 or not set(digits) <= set("012"):
            raise ArchitectureError(f"An architecture of widths must be such as w#01; got {text}.")
        return self.architecture([int(digit) for digit in digits])

    def format(self, genotype: Sequence[int]) -> str:
        return "w#" + "".join(map(str, genotype))

    def graph(self, arch: Architecture) -> OperationGraph:
        net, node = GraphBuilder(self.input_shape), -1
        for choice in arch.genotype:
            node = net.same("relu", net.conv(node, 4 + 4 * choice, 3))
        net.linear(net.global_avg_pool(node), self.n_outputs)
        return net.build()

    def build(self, arch: Architecture) -> Any:
        return graph_model(self.graph(arch))


@pytest.fixture
def widths(monkeypatch: pytest.MonkeyPatch) -> None:
    """The space, registered as a stranger's would be."""
    list(SPACES)
    monkeypatch.setitem(SPACES._things, "widths", Widths)


def _cost(archs: Sequence[Architecture]) -> np.ndarray:
    return np.array([float(sum(arch.genotype)) for arch in archs])


def _gain(archs: Sequence[Architecture]) -> np.ndarray:
    return np.array([-float(arch.genotype[0]) for arch in archs])


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> hwnas.Run:
    """A finished run of random search over functions of one's own, on other options and data."""
    monkeypatch.chdir(tmp_path)
    return hwnas.search(
        hwnas.load_space("nasbench201", dataset="cifar100", channels=4, cells=1),
        objectives=[hwnas.objective(_cost, "cost"), hwnas.objective(_gain, "gain")],
        algorithm="random",
        population=10,
        generations=2,
        out="run",
    )


def _card(name: str) -> dict[str, Any]:
    card: dict[str, Any] = json.loads(Path(f"{name}.json").read_text())
    return card


def test_a_row_of_a_run_is_exported_by_the_number_shown(run: hwnas.Run) -> None:
    last = len(run.front)
    assert last > 1
    hwnas.export(f"run#{last}", "row.onnx")
    card = _card("row.onnx")
    assert (card["arch"], card["dataset"]) == (run.front.archs[-1], "cifar100")
    assert card["options"] == {"channels": 4, "cells": 1}
    assert card["row"]["values"]["cost"]["source"] == "custom"


def test_every_way_to_a_row_writes_the_same_model(run: hwnas.Run) -> None:
    row = run.front[0]
    ways = {
        "text": lambda out: hwnas.export("run#1", out),
        "row": lambda out: hwnas.export(row, out),
        "method": row.export,
        "architecture": lambda out: hwnas.export(run.space.parse(row.arch), out, run.space),
        "string": lambda out: hwnas.export(row.arch, out, run.space),
    }
    digests = {name: way(f"{name}.onnx").sha256 for name, way in ways.items()}
    assert len(set(digests.values())) == 1, digests


def test_pick_is_what_select_picks(run: hwnas.Run) -> None:
    hwnas.export("run/#pick", "pick.onnx")
    card = _card("pick.onnx")
    selection = hwnas.select(run)
    assert card["arch"] == selection.pick.arch
    assert card["selection"]["method"] == selection.method
    assert selection.export("same.onnx").sha256 == card["model"]["sha256"]


@pytest.mark.parametrize("name", list(SPACES))
def test_string_of_a_space_that_ships_is_one_of_no_other(name: str) -> None:
    archs = hwnas.load_space(name).sample(20, np.random.default_rng(0))
    assert {_space_of(str(arch)) for arch in archs} == {name}


def test_space_of_a_string_is_found_where_one_only_has_it(tmp_path: Path) -> None:
    export = hwnas.export("e1k3l1-e1k5l3se-e4k5l1se-e1k5l3-e1k5l3se-e6k3l1se-e1k5l3se",
                          tmp_path / "m.onnx")  # fmt: skip
    assert export.space == "mnasnet"
    assert export.input_shape == (3, 224, 224)


@pytest.mark.usefixtures("widths")
def test_space_of_ones_own_is_exported_by_row_and_by_string(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = hwnas.search(
        "widths", objectives=["params", _gain], algorithm="random", population=9, generations=2,
        out="r",
    )  # fmt: skip
    by_row = hwnas.export("r#1", "row.onnx")
    # The string has a '#' of its own.
    by_string = hwnas.export(run.front.archs[0], "string.onnx", space="widths")
    assert by_row.sha256 == by_string.sha256
    torch = pytest.importorskip("torch")
    assert run.front[0].build()(torch.zeros(1, 3, 8, 8)).shape[-1] == 10


def test_folder_with_the_mark_in_its_name_is_found(run: hwnas.Run) -> None:
    run.path.rename("my#run")
    assert hwnas.export("my#run#1", "m.onnx").arch == run.front.archs[0]
    with pytest.raises(ConfigError, match="as my#run#14, or as my#run#pick; got 'my#run'"):
        hwnas.export("my#run", "n.onnx")


def test_front_of_a_space_that_is_gone_is_read_and_not_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(SPACES)
    with monkeypatch.context() as there:
        there.setitem(SPACES._things, "widths", Widths)
        hwnas.search("widths", objectives=["params"], population=4, generations=1,
                     out=tmp_path / "r")  # fmt: skip
    run = hwnas.load_run(tmp_path / "r")
    assert run.front[0].arch == "w#00"
    with pytest.raises(HwnasError, match="must be known to build it"):
        run.front[0].build()
    with pytest.raises(HwnasError, match="Unknown search space 'widths'"):
        hwnas.export(f"{tmp_path / 'r'}#1", tmp_path / "m.onnx")


@pytest.mark.parametrize(
    ("what", "options", "error", "said"),
    [
        ("run#0", {}, PositionError, "got row 0"),
        ("run#999", {}, PositionError, "got row 999"),
        ("run#best", {}, ConfigError, r"as run#14, or as run#pick; got 'run#best'"),
        ("run", {}, ConfigError, "must be named by its number"),
        ("nowhere#1", {}, RunError, "must be the directory of a run"),
        ("run#1", {"space": "nasbench201"}, ConfigError, "A run knows its space and data set"),
        ("run#1", {"dataset": "cifar10"}, ConfigError, "A run knows its space and data set"),
        ("conv", {}, ArchitectureError, "must be an architecture of a search space"),
        ("conv", {"space": "nasbench201"}, ArchitectureError, "conv"),
        (CELL, {"space": "nasbench20l"}, KeyError, "Did you mean 'nasbench201'"),
        (("a", 1), {}, ConfigError, r"what must be an architecture, .*; got \('a', 1\)"),
        (None, {}, ConfigError, "got None"),
        (b"run#1", {}, ConfigError, "got b'run#1'"),
        (Architecture("mnasnet", (0,) * 6, "x"), {"space": "nasbench201"}, ArchitectureError,
         "expected one of nasbench201"),
        (CELL, {"out": 5}, ConfigError, "out must be a path; got 5"),
        (CELL, {"weights": 5}, ConfigError, "weights must be a path; got 5"),
        (CELL, {"seed": -1}, ConfigError, "seed must be at least 0; got -1"),
    ],
)  # fmt: skip
def test_what_cannot_be_exported_is_one_error_and_nothing_is_written(
    run: hwnas.Run, what: Any, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    assert run.path.is_dir()
    with pytest.raises(error, match=said):
        hwnas.export(what, **{"out": "no.onnx", **options})
    assert not list(Path().glob("no.onnx*"))


def test_string_of_several_spaces_must_be_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(SPACES)
    monkeypatch.setitem(SPACES._things, "also", SPACES["nasbench201"])
    with pytest.raises(ConfigError, match="of several search spaces, also or nasbench201; name"):
        hwnas.export(CELL, tmp_path / "m.onnx")


@pytest.fixture
def type_(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Types ``hwnas export`` on a terminal of 80 columns: what it prints."""
    monkeypatch.setenv("COLUMNS", "80")

    def typed(*words: str, status: int = 0) -> str:
        with pytest.raises(SystemExit) as leaving:
            main(["export", *words])
        out, err = capsys.readouterr()
        assert leaving.value.code == status, err
        return out + err

    return typed


def test_command_and_function_write_the_same_bytes(
    run: hwnas.Run, type_: Callable[..., str]
) -> None:
    out = type_("run#2", "--out", "folder/typed.onnx")
    assert out.splitlines()[:2] == [
        run.front.row(2).arch,
        "Wrote folder/typed.onnx and folder/typed.onnx.json.",
    ]
    hwnas.export("run#2", "called.onnx")
    assert Path("folder/typed.onnx").read_bytes() == Path("called.onnx").read_bytes()


def test_command_takes_options_of_a_space(
    type_: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("--space", "nasbench201", "--dataset", "cifar100", "--option", "cells=1", "--json")
    record = json.loads(type_(CELL, "--out", "m.onnx", *words))
    assert record["arch"] == CELL
    assert record["space"] == "nasbench201 (cells=1)"
    card = _card("m.onnx")
    assert (card["dataset"], card["options"]["cells"]) == ("cifar100", 1)


def test_nothing_is_replaced_unless_asked(run: hwnas.Run, type_: Callable[..., str]) -> None:
    assert run.path.is_dir()
    first = type_("run#1", "--out", "m.onnx")
    before = Path("m.onnx").read_bytes(), Path("m.onnx.json").read_bytes()
    said = type_("run#2", "--out", "m.onnx", status=2)
    assert said == (
        "Error: 'm.onnx' exists already. Give another name, or add --force to replace it.\n"
    )
    assert (Path("m.onnx").read_bytes(), Path("m.onnx.json").read_bytes()) == before
    assert type_("run#2", "--out", "m.onnx", "--force") != first
    assert Path("m.onnx").read_bytes() != before[0]


def test_selection_goes_into_the_runs_own_folder_and_harms_nothing(run: hwnas.Run) -> None:
    before = (run.path / "run.json").read_bytes()
    hwnas.select(run).export(run.path / "run.onnx")
    assert (run.path / "run.json").read_bytes() == before
    assert _card(str(run.path / "run.onnx"))["model"]["file"] == "run.onnx"
    assert hwnas.load_run(run.path).front.archs == run.front.archs


def test_run_prints_itself_and_its_front(run: hwnas.Run) -> None:
    lines = repr(run).splitlines()
    assert lines[0] == (
        f"Run in run, finished: nasbench201 (cifar100) on no device, random, seed 0, "
        f"{run.n_evaluated} evaluated"
    )
    assert lines[1] == "Objectives cost, gain"
    assert lines[2].startswith(
        f"Front of {len(run.front)} architectures of nasbench201 (channels=4"
    )
    assert len(lines) <= 12
    assert run.front[0].arch in run._repr_html_()


def test_version_is_that_of_the_package() -> None:
    assert hwnas.__version__ == "0.1.0"
    assert "__version__" in dir(hwnas)


def test_space_device_and_table_print_themselves_in_a_few_lines() -> None:
    space = hwnas.load_space("nasbench201", cells=1)
    assert repr(space) == "load_space('nasbench201', dataset='cifar10', channels=16, cells=1)"
    assert repr(hwnas.load_device("raspi4")).startswith("Device raspi4: ")
