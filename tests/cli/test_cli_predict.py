"""``hwnas predict``, as a user types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up import own_copy, shipped_predictor, write_half_scored

from hwnas.cli import main
from hwnas.core.space import SearchSpace
from hwnas.objectives import SOURCES
from hwnas.objectives.evaluated import SOURCE as EVALUATE
from hwnas.predictors.card import SCHEMA
from hwnas.proxies import shipped
from hwnas.spaces import load_space
from hwnas.tables import import_file

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|none~2|"
OTHER = "|nor_conv_1x1~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
DISCONNECTED = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|"

Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def type_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types ``hwnas predict`` on a terminal of 80 columns: status, output, errors."""
    monkeypatch.setenv("COLUMNS", "80")

    def typed(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as leaving:
            main(["predict", *words])
        assert isinstance(leaving.value.code, int)
        return leaving.value.code, *capsys.readouterr()

    return typed


def strict(text: str) -> Any:
    """JSON without NaN or infinities."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_an_architecture_gets_a_table_of_what_is_known(type_: Type) -> None:
    status, out, err = type_(CELL, "--device", "edgegpu")
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert lines[0] == CELL
    assert lines[1].split() == ["value", "90", "%", "interval", "source"]
    assert [line.split()[0] for line in lines[2:]] == [
        "accuracy_pct", "@validation", "robustness_pct", "@apgd-ce-eps1",
        "latency_ms", "energy_mj", "params", "macs",
    ]  # fmt: skip
    rows = [line for line in lines[2:] if not line.startswith("@")]
    assert [line.split()[-1] for line in rows] == ["predicted"] * 4 + ["counted"] * 2
    assert all(" to " in line for line in rows[:4])
    assert max(len(line.rstrip()) for line in lines[1:]) <= 80


def test_value_and_interval_are_those_of_the_json(type_: Type) -> None:
    words = (CELL, "--device", "raspi4", "--quantities", "latency")
    cell = strict(type_(*words, "--json")[1])[0]["latency_ms"]
    row = type_(*words)[1].splitlines()[2].split()
    numbers = [f"{cell[end]:.4g}" for end in ("value", "lower", "upper")]
    assert row == ["latency_ms", numbers[0], numbers[1], "to", numbers[2], "predicted"]


def test_several_architectures_come_in_the_order_given(type_: Type) -> None:
    _, out, _ = type_(DISCONNECTED, CELL, "--quantities", "params")
    assert [line for line in out.splitlines() if line.startswith("|")] == [DISCONNECTED, CELL]


def test_an_architecture_is_printed_whole_on_a_narrow_terminal(
    type_: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert type_(CELL, "--quantities", "params")[1].splitlines()[0] == CELL


def test_what_is_unknown_says_why(type_: Type) -> None:
    _, out, _ = type_(DISCONNECTED, "--device", "edgegpu", "--quantities", "latency,params")
    assert out.splitlines()[2].split() == ["latency_ms", "unknown", "predicted"]
    assert out.splitlines()[-1].startswith("unknown: no path from input to output, or not run")


def test_nothing_is_said_of_unknown_values_where_there_are_none(type_: Type) -> None:
    assert "unknown" not in type_(CELL, "--device", "edgegpu")[1]


def test_json_is_strict_and_unknown_is_null(type_: Type) -> None:
    status, out, err = type_(CELL, DISCONNECTED, "--device", "edgetpu", "--json")
    first, second = strict(out)
    assert (status, err) == (0, "")
    assert list(first) == list(second) == [
        "arch", "accuracy_pct@validation", "robustness_pct@apgd-ce-eps1", "latency_ms", "params",
        "macs",
    ]  # fmt: skip
    assert first["latency_ms"]["lower"] < first["latency_ms"]["value"]
    assert second["latency_ms"] == {
        "value": None, "lower": None, "upper": None, "source": "predicted",
    }  # fmt: skip
    assert second["params"]["value"] == 73_306 + 243_040


def test_names_of_quantities_may_have_spaces_around_them(type_: Type) -> None:
    _, out, _ = type_(CELL, "--quantities", "robustness@pgd-eps1, macs", "--json")
    assert list(strict(out)[0]) == ["arch", "robustness_pct@pgd-eps1", "macs"]


def test_memory_is_told_in_bytes_and_a_precision(type_: Type) -> None:
    _, out, _ = type_(CELL, "--quantities", "peak_memory,peak_memory@precision=int8,size", "--json")
    (found,) = json.loads(out)
    assert found["peak_memory_bytes"]["source"] == "counted"
    int8 = found["peak_memory_bytes@precision=int8"]["value"]
    assert found["peak_memory_bytes"]["value"] == 4 * int8
    assert found["size_bytes"]["value"] > 4 * 73_000


def test_rated_power_estimates_energy(type_: Type) -> None:
    words = (CELL, "--device", "raspi4", "--power-w", "5", "--json")
    record = strict(type_(*words)[1])[0]
    assert record["energy_mj"]["source"] == "estimated"
    assert record["energy_mj"]["value"] == pytest.approx(5 * record["latency_ms"]["value"])


def test_data_set_changes_the_prediction(type_: Type) -> None:
    columns = {
        "cifar10": "accuracy_pct@validation",
        "cifar100": "accuracy_pct@test",
        "imagenet16-120": "accuracy_pct@test",
    }
    accuracies = [
        strict(type_(CELL, "--dataset", dataset, "--json")[1])[0][column]["value"]
        for dataset, column in columns.items()
    ]
    assert accuracies == sorted(accuracies, reverse=True)


@pytest.fixture
def scored(nasbench201: SearchSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictors of accuracy of the user's own, and proxy scores of one architecture."""
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path)
    genotypes = nasbench201.genotypes([nasbench201.parse(CELL)])
    write_half_scored(nasbench201, tmp_path, nasbench201.canonical_genotypes(genotypes))


@pytest.mark.usefixtures("scored")
def test_what_was_predicted_with_proxy_scores_is_told_from_what_was_not(type_: Type) -> None:
    _, out, _ = type_(CELL, OTHER, "--quantities", "accuracy,params")
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[2].startswith("accuracy_pct")
    assert lines[2].endswith(" predicted")
    assert lines[3].endswith("counted")
    assert lines[6].endswith("predicted from features alone")
    assert max(map(len, lines[1:4])) <= 80


@pytest.mark.usefixtures("scored")
def test_json_says_what_was_predicted_from_what(type_: Type) -> None:
    first, second = strict(type_(CELL, OTHER, "--quantities", "accuracy,params", "--json")[1])
    assert first["accuracy_pct"]["inputs"] == "from features and proxy scores"
    assert second["accuracy_pct"]["inputs"] == "from features alone"
    assert "inputs" not in first["params"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Missing argument 'ARCH'."),
        (("resnet50",), "An architecture of nasbench201 must have the form"),
        (("|conv~0|+|none~0|none~1|+|none~0|none~1|none~2|",), "An operation of nasbench201 must"),
        ((CELL, "--device", "edgegpuu"), "Unknown device 'edgegpuu'. Did you mean 'edgegpu'?"),
        ((CELL, "--dataset", "cifar1000"), "Unknown dataset 'cifar1000'. Did you mean 'cifar100'?"),
        ((CELL, "--space", "nasbench20l"), "Unknown search space 'nasbench20l'. Did you mean 'nas"),
        ((CELL, "--quantities", "latancy"), "Unknown quantity 'latancy'. Did you mean 'latency'?"),
        ((CELL, "--quantities", ""), "Unknown quantity ''."),
        (
            (CELL, "--quantities", "peak_memory@precision=int4"),
            "Unknown precision 'int4'. Did you mean 'int8'? Known: float16, float32, int8.",
        ),
        ((CELL, "--quantities", "latency"), "Latency needs a device; name one with --device."),
        ((CELL, "--source", "tabel"), "Unknown source of values 'tabel'. Did you mean 'table'?"),
        ((CELL, "--source", "table"), "No table in the cache holds accuracy for nasbench201 on"),
        (
            (CELL, "--device", "raspi4", "--quantities", "energy"),
            "Device 'raspi4' has no energy data for nasbench201 on cifar10. Devices that have it:",
        ),
        (
            (CELL, "--device", "raspi4", "--power-w", "-5"),
            "--power-w must be a positive number of watts; got -5.",
        ),
        ((CELL, "--power-w", "much"), "Invalid value for '--power-w'"),
        (
            (CELL, "--quantities", "robustness@pgd-eps11"),
            "Unknown condition of robustness 'pgd-eps11'. Did you mean 'pgd-eps1'?",
        ),
    ],
)
def test_mistake_is_told_in_one_line(type_: Type, words: tuple[str, ...], sentence: str) -> None:
    status, out, err = type_(*words)
    assert (status, out) == (2, "")
    assert err.startswith(f"Error: {sentence}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("part", "data", "sentence"),
    [
        ("model", b"damaged", "differs from its card's"),
        ("model", None, "it cannot be read (No such file or directory)"),
        ("index", b"{", "must be an index of predictors"),
        ("index", b'{"schema": 99}', f"schema must be at most {SCHEMA}; got 99. Update hwnas."),
    ],
)
def test_damaged_predictor_is_told_in_one_line(
    type_: Type, part: str, data: bytes | None, sentence: str
) -> None:
    own = own_copy(shipped_predictor("nasbench201", "cifar10", "edgegpu.latency"))
    path = own.place / (own.model if part == "model" else "index.json")
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)
    status, out, err = type_(CELL, "--device", "edgegpu")
    assert (status, out) == (2, "")
    assert err.startswith(f"Error: {own.place}")
    assert sentence in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_debug_shows_where_a_mistake_was_found(type_: Type) -> None:
    status, _, err = type_("resnet50", "--debug")
    assert status == 2
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("Error: An architecture of nasbench201")


def test_help_names_every_source_of_values(type_: Type) -> None:
    typed = [name for name in SOURCES if name != EVALUATE]
    assert f"--source {'|'.join(typed)}" in " ".join(type_("--help")[1].split())


def test_a_tabulated_value_says_which_rows_it_is_from(type_: Type, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"arch,cifar10_myboard_latency_ms\n{CELL},1.5\n")
    import_file("mine", path, "nasbench201")
    words = (CELL, "--device", "myboard", "--quantities", "latency:table")
    status, out, err = type_(*words)
    assert (status, err) == (0, "")
    assert "latency_ms" in out
    assert "tabulated from its own row" in " ".join(out.split())


def test_a_value_of_unknown_error_has_no_interval(type_: Type, mnasnet_arch: str) -> None:
    words = (mnasnet_arch, "--space", "mnasnet", "--device", "eyeriss", "--quantities", "energy")
    (record,) = strict(type_(*words, "--json")[1])
    assert record["energy_mj"]["value"] > 0
    assert (record["energy_mj"]["lower"], record["energy_mj"]["upper"]) == (None, None)
    assert record["energy_mj"]["source"] == "extrapolated"
    row = next(line for line in type_(*words)[1].splitlines() if line.startswith("energy_mj"))
    assert row.split()[2:] == ["not", "known", "extrapolated"]


@pytest.fixture
def mnasnet_arch() -> str:
    (arch,) = load_space("mnasnet").sample(1, np.random.default_rng(0))
    return str(arch)
