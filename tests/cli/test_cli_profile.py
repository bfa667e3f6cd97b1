"""``hwnas profile`` and ``hwnas backends`` in a terminal: what is printed, kept and refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

import hwnas
from hwnas import api
from hwnas.cli import main
from hwnas.models.building import model_onnx
from hwnas.tables import load_table

CELL = "|nor_conv_1x1~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"
QUICK = ("--visits", "2", "--min-samples", "4", "--min-seconds", "0")
NOISY = (*QUICK, "--max-cv", "100")
Terminal = Callable[..., tuple[int, str, str]]


@pytest.fixture
def type_(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    """Types a command in an empty folder with an empty cache."""
    monkeypatch.setenv("HWNAS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(list(words))
        out, err = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code, out, err

    return run


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file with an open batch axis."""
    space = hwnas.load_space("nasbench201")
    path = tmp_path / "cell.onnx"
    path.write_bytes(model_onnx(space, space.parse(CELL)))
    return path


def test_networks_of_a_space_are_measured_into_a_table(type_: Terminal) -> None:
    status, out, _ = type_("profile", "nasbench201", "--sample", "2", *QUICK)
    assert status == 0
    assert out.startswith("Measured with ort (onnxruntime ")
    assert "In table nasbench201-local-ort. Predictors from it: hwnas fit" in out
    status, out, _ = type_("tables", "show", "nasbench201-local-ort", "--columns")
    assert status == 0
    assert "cifar10_local-ort_latency_ms" in out


def test_what_is_measured_has_figures_in_json(type_: Terminal) -> None:
    status, out, _ = type_("profile", CELL, "--json", "--device", "laptop", *QUICK)
    assert status == 0
    record = json.loads(out)
    assert record["target"] == "cifar10_laptop_latency_ms"
    assert record["source"] == "measured"
    (model,) = record["models"]
    assert model["name"] == CELL
    assert 0 < model["low_ms"] <= model["latency_ms"] <= model["high_ms"]
    assert model["n_runs"] == 4
    assert model["size_bytes"] > 0
    assert Path(record["raw_samples"]).is_file()


def test_a_file_is_measured_by_itself(type_: Terminal, model: Path) -> None:
    status, out, _ = type_("profile", model.name, "--batch-size", "2", "--json", *QUICK)
    assert status == 0
    record = json.loads(out)
    assert record["target"] == "local-ort_latency_ms@batch2"
    assert [each["name"] for each in record["models"]] == ["cell.onnx"]
    assert record["table"] is None


def test_a_file_is_run_on_to_see_whether_the_device_throttles(type_: Terminal, model: Path) -> None:
    words = ("--batch-size", "1", "--sustain", "0.2s", *QUICK)
    status, out, _ = type_("profile", model.name, *words)
    assert status == 0
    assert "ms at first, in the second half" in out
    status, out, _ = type_("profile", model.name, *words, "--json")
    assert json.loads(out)["models"][0]["sustained"]["seconds"] == 0.2


def test_integers_have_a_column_of_their_own(type_: Terminal) -> None:
    type_("profile", CELL, *QUICK)
    status, out, _ = type_("profile", CELL, "--precision", "int8", "--json", *QUICK)
    assert status == 0
    record = json.loads(out)
    assert record["target"] == "cifar10_local-ort_latency_ms@precision=int8"
    assert "for latency only" in record["models"][0]["origin"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nope.onnx"], "nope.onnx must be an ONNX file; it cannot be read"),
        (["nasbench201"], "Give one of: architectures, --sample N."),
        (["nasbench201", "--sample", "0"], "--sample must be at least 1; got 0."),
        ([CELL, "cell.onnx"], "Give architectures or .onnx files, not both."),
        ([CELL, "--threads", "0"], "--threads must be at least 1; got 0."),
        ([CELL, "--mode", "fast"], "--mode must be burst, cold or paced:30fps"),
        ([CELL, "--precision", "int4"], "--precision must be one of float32, int8; got 'int4'."),
        ([CELL, "--backend", "tmv"], "Unknown backend 'tmv'. Did you mean 'tvm'?"),
        ([CELL, "--provider", "Abacus"], "--provider must be one that this ONNX Runtime has"),
        ([CELL, "--tracker", "host:1"], "Backend 'ort' has no option 'tracker'."),
        ([CELL, "--table", "A B"], "A table's name must be of small letters"),
        ([CELL, "--device", "x86-ort"], "Device 'x86-ort' is one that hwnas describes"),
        (["nasbench202", "--sample", "1"], "Unknown search space 'nasbench202'."),
        ([CELL, "--device", "A B"], "A device's name must be of small letters, digits"),
        (["cell.onnx"], "Give its size: --batch-size 1."),
        (["cell.onnx", "--input-shape", "x"], "--input-shape must have the form"),
        ([CELL, "--sustain", "long", *QUICK], "--sustain must be a time such as 30s"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(
    type_: Terminal, model: Path, words: list[str], message: str
) -> None:
    assert model.is_file()
    status, out, err = type_("profile", *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


def test_a_folder_that_cannot_be_written_is_a_failure(type_: Terminal, model: Path) -> None:
    status, out, err = type_("profile", CELL, "--out", str(model))
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "must be a folder that can be written" in err


def test_backends_say_whether_they_run_here(type_: Terminal) -> None:
    status, out, _ = type_("backends")
    assert status == 0
    assert "ort  ONNX Runtime in this process" in out
    assert "runs here: onnxruntime " in out
    status, out, _ = type_("backends", "--json")
    by_name = {each["name"]: each for each in json.loads(out)}
    assert by_name["ort"]["why_not"] is None
    assert {each.name for each in api.backend_statuses()} == {*by_name}


def test_measured_networks_make_a_device_that_a_search_can_use(type_: Terminal) -> None:
    type_("profile", "nasbench201", "--sample", "12", "--device", "laptop", *NOISY)
    status, _, err = type_("fit", "nasbench201-laptop")
    assert status == 0, err
    status, _, err = type_(
        "search", "nasbench201", "--device", "laptop", "--objectives", "accuracy,latency",
        "--population", "8", "--generations", "2", "--out", "run",
    )  # fmt: skip
    assert status == 0, err


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The user's own settings, empty."""
    monkeypatch.setenv("HWNAS_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.mark.long
def test_a_device_is_added_searched_for_and_checked_again(type_: Terminal, config: Path) -> None:
    status, out, err = type_("device", "add", "my-board", "--budget", "24")
    assert status == 0, err
    assert "on networks that it was not fitted on, with 90 % intervals:" in out
    assert "Search for it: hwnas search nasbench201 --device my-board" in out
    assert (config / "devices" / "my-board.toml").is_file()
    status, out, err = type_(
        "search", "nasbench201", "--device", "my-board", "--objectives", "accuracy,latency",
        "--population", "8", "--generations", "2", "--out", "run",
    )  # fmt: skip
    assert status == 0, err
    status, out, err = type_("device", "recheck", "my-board", "--budget", "3", "--json")
    assert status == 0, err
    found = json.loads(out)
    assert len(found["nets"]) == 3
    assert found["factor"] > 0
    status, _, err = type_("device", "add", "my-board")
    assert (status, err.count("\n")) == (2, 1)
    assert "Device 'my-board' is there already." in err


@pytest.mark.long
def test_a_device_whose_networks_were_measured_already_is_added(
    type_: Terminal, config: Path
) -> None:
    # As if the command had been stopped before it described the device.
    assert type_("device", "add", "my-board", "--budget", "24")[0] == 0
    (config / "devices" / "my-board.toml").unlink()
    status, out, err = type_("device", "add", "my-board", "--budget", "24")
    assert status == 0, err
    assert "Search for it: hwnas search nasbench201 --device my-board" in out
    assert (config / "devices" / "my-board.toml").is_file()


@pytest.mark.long
def test_a_recheck_compares_what_was_measured_alike(type_: Terminal, config: Path) -> None:
    assert type_("device", "add", "my-board", "--budget", "24")[0] == 0
    assert config.exists()
    words = ("profile", "nasbench201", "--sample", "3", "--device", "my-board", *QUICK)
    assert type_(*words, "--precision", "int8")[0] == 0
    assert type_(*words, "--batch-size", "8")[0] == 0
    status, out, err = type_("device", "recheck", "my-board", "--budget", "3", "--json")
    assert status == 0, err
    table = load_table("nasbench201-my-board")
    usual = dict(zip(table.archs, table.values("cifar10_my-board_latency_ms"), strict=True))
    for net in json.loads(out)["nets"]:
        # Unstable nets have no value in the table.
        value = usual[net["name"]]
        assert math.isnan(value) or value == pytest.approx(net["before_ms"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add", "My Board"], "A device's name must be of small letters"),
        (["add", "raspi4"], "Device 'raspi4' is one that hwnas describes"),
        (["add", "board", "--spaces", "nasbench201,mnasnett"], "Unknown search space 'mnasnett'."),
        (["add", "board", "--budget", "9"], "--budget must be at least 10 networks; got 9."),
        (["add", "board", "--spaces", ","], "--spaces must name at least one search space"),
        (["add", "board", "--spaces", "nasbench202"], "Unknown search space 'nasbench202'."),
        (["add", "board", "--backend", "tmv"], "Unknown backend 'tmv'."),
        (["recheck", "raspi4"], "Device 'raspi4' must say how it is reached"),
        (["recheck", "nobody"], "Unknown device 'nobody'."),
    ],
)
def test_what_is_no_device_of_ones_own_is_refused_in_one_line(
    type_: Terminal, config: Path, words: list[str], message: str
) -> None:
    status, out, err = type_("device", *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err
    assert not config.exists()


def test_energy_is_not_available_without_a_meter_and_never_zero(type_: Terminal) -> None:
    status, out, _ = type_("profile", CELL, "--device", "laptop", *QUICK)
    assert status == 0
    assert "Energy: not available" in out
    status, out, _ = type_("profile", CELL, "--device", "laptop", *QUICK, "--json")
    assert json.loads(out)["models"][0]["energy"] is None


def test_energy_from_a_stated_power_is_an_estimate(type_: Terminal) -> None:
    status, out, _ = type_("profile", CELL, "--power-w", "15", "--json", *QUICK)
    assert status == 0
    (model,) = json.loads(out)["models"]
    assert model["energy"]["source"] == "estimated"
    assert model["energy"]["energy_mj"] == pytest.approx(15 * model["latency_ms"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["profile", CELL, "--meter", "zeuz"], "Unknown meter 'zeuz'."),
        (["profile", CELL, "--window-s", "2"], "--window-s is how long a meter counts"),
        (
            ["profile", CELL, "--power-w", "-1"],
            "--power-w must be a number of watts above 0",
        ),
        (["energy", "attach", "nothing.csv", "--table", "mine"], "nothing.csv"),
        (["energy", "attach", "nothing.csv"], "Give one of: --table NAME, --raw FILE."),
    ],
)
def test_a_meter_that_cannot_be_is_refused_in_one_line(
    type_: Terminal, words: list[str], message: str
) -> None:
    status, out, err = type_(*words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err
