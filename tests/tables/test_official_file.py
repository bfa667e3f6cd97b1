"""HW-NAS-Bench's own pickle, made here in its form: imported, looked up, and refused."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hwnas import predict
from hwnas.api import make_objective
from hwnas.cli import main
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, TableError
from hwnas.objectives.devices import load_device
from hwnas.spaces.fbnet import FBNet
from hwnas.tables import Table, import_official, load_audit, load_table, network_values, read_card
from hwnas.tables.checks import published_archs
from hwnas.tables.fbnet_operators import operator_keys

SPELLINGS = {"cifar10": "cifar10", "cifar100": "cifar100", "imagenet16-120": "ImageNet16-120"}
CELL_METRICS = (
    "edgegpu_latency", "edgegpu_energy", "raspi4_latency", "edgetpu_latency", "pixel3_latency",
    "eyeriss_latency", "eyeriss_energy", "eyeriss_arithmetic_intensity", "fpga_latency",
    "fpga_energy",
)  # fmt: skip
FBNET_METRICS = (
    "edgegpu_latency", "edgegpu_energy", "raspi4_latency", "pixel3_latency", "eyeriss_latency",
    "eyeriss_energy", "fpga_latency", "fpga_energy",
)  # fmt: skip


@pytest.fixture(scope="module")
def cells(nasbench201: SearchSpace) -> dict[str, Any]:
    """The part of NAS-Bench-201, for one data set and two devices."""
    values = np.random.default_rng(0).uniform(1, 9, (2, 15_625))
    values[1, ::3] = -1.0
    return {
        "cifar100": {
            "edgegpu_latency": values[0].tolist(),
            "edgetpu_latency": values[1].tolist(),
            "config": [
                {"name": "infer.tiny", "C": 16, "N": 5, "arch_str": arch, "num_classes": 100}
                for arch in published_archs(nasbench201)
            ],
        }
    }


@pytest.fixture(scope="module")
def lookups() -> dict[str, dict[str, float]]:
    """The part of FBNet, for both data sets."""
    rng = np.random.default_rng(0)
    keys = sorted({key for dataset in FBNet.datasets for key in operator_keys(dataset)})
    return {metric: {key: float(rng.uniform(0.1, 1)) for key in keys} for metric in FBNET_METRICS}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a pickle and tells where."""

    def write(content: Any, protocol: int = 4) -> Path:
        path = tmp_path / "HW-NAS-Bench-v1_0.pickle"
        path.write_bytes(pickle.dumps(content, protocol))
        return path

    return write


def test_both_parts_become_tables(
    write: Callable[..., Path], cells: dict[str, Any], lookups: dict[str, Any]
) -> None:
    found = import_official(write({"nasbench201": cells, "fbnet": lookups}))
    assert [(table.name, table.space, len(table)) for table in found] == [
        ("hw-nas-bench-official", "nasbench201", 15_625),
        ("hw-nas-bench-official-fbnet", "fbnet", 177),
    ]
    assert load_table("hw-nas-bench-official").sources[0]["path"] == "HW-NAS-Bench-v1_0.pickle"
    assert load_audit("hw-nas-bench-official-fbnet").n_unknown == 0


@pytest.mark.parametrize("protocol", [2, 4])
def test_values_are_read_whatever_numbers_they_are(
    write: Callable[..., Path], cells: dict[str, Any], protocol: int
) -> None:
    expected = cells["cifar100"]["edgegpu_latency"]
    for kind in (list, tuple, np.array, lambda values: [np.float64(v) for v in values]):
        content = {"nasbench201": {"cifar100": {"edgegpu_latency": kind(expected)}}}
        (table,) = import_official(write(content, protocol))
        assert table.values("cifar100_edgegpu_latency_ms").tolist() == expected


def test_cells_are_the_table_of_the_csv_files(
    write: Callable[..., Path], tables: Mapping[str, Table], nasbench201: SearchSpace
) -> None:
    published = tables["hw-nas-bench"]
    configs = [{"arch_str": arch} for arch in published_archs(nasbench201)]
    content: dict[str, Any] = {}
    for dataset, spelling in SPELLINGS.items():
        part = content[spelling] = {"config": configs}
        for metric in CELL_METRICS:
            unit = {"latency": "_ms", "energy": "_mj"}.get(metric.rpartition("_")[2], "")
            values = published.values(f"{dataset}_{metric}{unit}")
            part[metric] = np.where(np.isnan(values), -1.0, values).tolist()
    (table,) = import_official(write({"nasbench201": content}))
    pd.testing.assert_frame_equal(table.frame, published.frame)
    assert (table.columns, table.nulled) == (published.columns, published.nulled)


def test_networks_of_fbnet_are_sums_over_operators(
    write: Callable[..., Path], lookups: dict[str, dict[str, float]]
) -> None:
    import_official(write({"fbnet": lookups}))
    genotypes = np.random.default_rng(3).integers(0, 9, (300, 22))
    for dataset in FBNet.datasets:
        space = FBNet(dataset)
        archs = [space.architecture(genotype) for genotype in genotypes]
        found = predict(space, archs, "eyeriss", quantities=["latency", "energy"], source="table")
        for quantity in ("latency_ms", "energy_mj"):
            metric = f"eyeriss_{quantity.partition('_')[0]}"
            expected = network_values(space, lookups[metric], genotypes)
            np.testing.assert_allclose(found[quantity], expected, rtol=1e-10)
        assert set(found["energy_mj_source"]) == {"tabulated"}


def test_table_that_knows_every_network_answers_before_one_that_knows_some(
    write: Callable[..., Path], lookups: dict[str, dict[str, float]], upstream: Path
) -> None:
    from hwnas.tables import import_table

    import_table("help-fbnet", upstream)
    import_official(write({"fbnet": lookups}))
    objective = make_objective(FBNet(), "latency", load_device("fpga"), "table")
    assert objective.spec.origin.startswith("table hw-nas-bench-official-fbnet ")
    assert "sum over operators" in objective.spec.detail


def test_data_set_without_operators_is_left_out(
    write: Callable[..., Path], lookups: dict[str, dict[str, float]]
) -> None:
    known = set(operator_keys("imagenet"))
    part = {key: value for key, value in lookups["fpga_energy"].items() if key in known}
    (table,) = import_official(write({"fbnet": {"fpga_energy": part}}))
    assert [column.name for column in table.columns] == ["imagenet_fpga_energy_mj"]
    assert read_card("hw-nas-bench-official-fbnet").is_additive is True


def test_tables_that_were_not_imported_say_how_to_get_them() -> None:
    with pytest.raises(TableError, match=r"--from HW-NAS-Bench-v1_0\.pickle$"):
        load_table("hw-nas-bench-official-fbnet")


@pytest.mark.parametrize("source", ["predictor", "table"])
def test_energy_of_fbnet_is_told_to_be_in_the_official_file(source: str) -> None:
    with pytest.raises(
        (ConfigError, TableError),
        match=r"import hw-nas-bench-official --from HW-NAS-Bench-v1_0\.pickle$",
    ):
        make_objective(FBNet(), "energy", load_device("eyeriss"), source)


def test_command_line_imports_both_parts(
    write: Callable[..., Path],
    cells: dict[str, Any],
    lookups: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write({"nasbench201": cells, "fbnet": lookups})
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["tables", "import", "hw-nas-bench-official", "--from", str(path)])
    out = capsys.readouterr().out
    assert "Imported hw-nas-bench-official: 15,625 rows, 2 columns." in out
    assert "5,209 cells stood for" in out
    assert "Imported hw-nas-bench-official-fbnet: 177 rows, 16 columns." in out
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["tables", "show", "hw-nas-bench-official-fbnet"])
    text = " ".join(capsys.readouterr().out.split())
    assert "these rows give that of every other architecture" in text


class _Runs:
    def __reduce__(self) -> Any:
        return os.system, ("touch was-run",)


@pytest.mark.parametrize("words", [["--from", "HW.pickle"], [], ["--from", "no-such-file"]])
def test_command_line_refuses_with_one_line(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "HW.pickle").write_bytes(pickle.dumps({"fbnet": _Runs()}))
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["tables", "import", "hw-nas-bench-official", *words])
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "was-run").exists()


def shared(n_levels: int) -> list[Any]:
    """A list of 2^n_levels leaves that share all but a few lists."""
    value: list[Any] = [1.0]
    for _ in range(n_levels):
        value = [value, value]
    return value


LOOP: dict[str, Any] = {}
LOOP["nasbench201"] = LOOP["fbnet"] = LOOP


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], r"must be a dictionary with nasbench201 and fbnet"),
        ({}, r"must hold nasbench201 or fbnet; it holds neither"),
        ({"nasbench201": 3}, r"nasbench201 must be a dictionary"),
        ({"nasbench201": {}}, r"no metric is there"),
        ({"nasbench201": {"cifar10": {}}}, r"no metric is there"),
        ({"nasbench201": {"cifar10": {"fpga_energy": [1.0]}}}, r"fpga_energy: 1 rows, expected 15"),
        ({"nasbench201": {"cifar10": {"fpga_energy": "x" * 15_625}}}, r"must be a list of numbers"),
        ({"nasbench201": {"cifar10": {"fpga_energy": ["1"] * 15_625}}}, r"row 1 must be a finite"),
        ({"nasbench201": {"cifar10": {"fpga_energy": [float("nan")] * 15_625}}}, r"row 1 must be"),
        ({"nasbench201": {"cifar10": {"fpga_energy": [True] * 15_625}}}, r"row 1 must be a finite"),
        ({"nasbench201": {"cifar10": {"fpga_energy": [shared(50)] * 15_625}}}, r"row 1 must be a"),
        ({"nasbench201": {"cifar10": {"config": 1}}}, r"config must be a list"),
        ({"nasbench201": {"cifar10": {"config": [{"arch_str": "|x|"}]}}}, r"row 1 is another"),
        ({"fbnet": {}}, r"must hold the operators of cifar100 or imagenet"),
        ({"fbnet": {"fpga_latency": [1.0]}}, r"fpga_latency must be a dictionary"),
        ({"fbnet": {"fpga_latency": {"Skip\n": "1"}}}, r"Skip.* must be a finite number"),
        ({"fbnet": {"fpga_latency": {operator_keys("cifar100").fixed[0]: 1.0}}}, r"is missing"),
        (LOOP, r"no metric is there"),
    ],
    ids=range(18),
)
def test_file_of_another_form_is_refused(
    write: Callable[..., Path], content: Any, message: str
) -> None:
    with pytest.raises(TableError, match=rf"^HW-NAS-Bench-v1_0\.pickle.*{message}") as refused:
        import_official(write(content))
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 300
    with pytest.raises(TableError, match=r"is not in the cache"):
        load_table("hw-nas-bench-official")
