"""Accel-NASBench, NAS-Bench-Macro and HELP against what is known of the published files."""

from __future__ import annotations

import functools
import gzip
import io
import json
import pickle
import tarfile
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwnas.core.quantity import QUANTITIES
from hwnas.core.target import Target
from hwnas.errors import TableError
from hwnas.spaces import load_space
from hwnas.tables import Audit, Table, audit_table, class_means
from hwnas.tables.importers import accel_nasbench, nas_bench_macro
from hwnas.tables.importers import help as help_importer

ARCHIVE = "anb_dataset_jsons.tar.gz"
MACRO = "nas-bench-macro_cifar10.json"
GPU_BATCHES = {"help-nasbench201": (1, 32, 256), "help-fbnet": (1, 32, 64)}
GPUS = ("1080ti", "2080ti", "titan_rtx", "titanx", "titanxp")
WHOLE_MS = {"essential_ph_1", "pixel2", "samsung_a50", "samsung_s7"}
OF_HW_NAS_BENCH = {"eyeriss", "fpga", "pixel3", "raspi4"}


@pytest.fixture(scope="module")
def results(upstream: Path) -> list[dict[str, Any]]:
    """Every result of Accel-NASBench as published."""
    path = upstream / "Accel-NASBench/anb_dataset" / ARCHIVE
    with tarfile.open(path) as archive:
        files = [archive.extractfile(member) for member in archive if member.isfile()]
        return [json.loads(file.read()) for file in files if file is not None]


def by_arch(table: Table, column: str) -> dict[str, float]:
    return dict(zip(table.archs, table.values(column), strict=True))


def devices(table: Table) -> set[str]:
    return {column.device for column in table.columns if column.device is not None}


def quantities(table: Table, device: str) -> set[str | None]:
    return {column.quantity for column in table.columns if column.device == device}


def marked(audit: Audit, mark: str) -> set[str]:
    """Names of the columns in which the audit found something."""
    return {column.name for column in audit.columns if getattr(column, mark)}


# Accel-NASBench


def test_accel_has_one_row_for_each_of_5138_results_but_13_repeats(
    tables: Mapping[str, Table], results: list[dict[str, Any]]
) -> None:
    assert len(results) == 5138
    space = load_space("mnasnet")
    archs = Counter(str(space.from_accel_nasbench(each["architecture"])) for each in results)
    assert Counter(archs.values()) == {1: 5112, 2: 13}
    assert set(tables["accel-nasbench"].archs) == set(archs)
    assert len(tables["accel-nasbench"]) == 5125


@pytest.mark.parametrize(
    ("column", "place"),
    [
        ("imagenet_accuracy_pct@proxy", ("metrics", "val_top1")),
        ("imagenet_zcu102_latency_ms", ("platform_perf", "latency_zcu102", "latency_mean")),
        (
            "imagenet_rtx3090_throughput_ips",
            ("platform_perf", "throughput_3090", "throughput_mean"),
        ),
        ("imagenet_tpuv3_throughput_ips", ("platform_perf", "throughput_tpuv3", "throughput_mean")),
        ("imagenet_published_macs_m", ("model_info", "macs")),
    ],
)
def test_accel_holds_the_published_numbers_and_means_of_repeats(
    tables: Mapping[str, Table], results: list[dict[str, Any]], column: str, place: tuple[str, ...]
) -> None:
    space = load_space("mnasnet")
    published: dict[str, list[float]] = {}
    for result in results:
        value: Any = result
        for key in place:
            value = value[key]
        values = published.setdefault(str(space.from_accel_nasbench(result["architecture"])), [])
        if value is not None:
            values.append(value)
    for arch, found in by_arch(tables["accel-nasbench"], column).items():
        values = published[arch]
        if len(values) == 1:
            assert found == values[0]
        else:
            np.testing.assert_allclose(found, np.mean(values) if values else np.nan, rtol=1e-12)


@pytest.mark.parametrize(
    ("column", "n_null"),
    [
        ("zcu102_latency_ms", 2),
        ("vck190_latency_ms", 2),
        ("a100_throughput_ips", 0),
        ("rtx3090_throughput_ips", 3),
        ("tpuv2_throughput_ips", 37),
        ("tpuv3_throughput_ips", 44),
        ("zcu102_throughput_ips", 2),
        ("vck190_throughput_ips", 2),
    ],
)
def test_accel_leaves_what_was_not_measured_null(
    tables: Mapping[str, Table], column: str, n_null: int
) -> None:
    values = tables["accel-nasbench"].values(f"imagenet_{column}")
    assert np.isnan(values).sum() == n_null
    assert np.nanmin(values) > 0


def test_accel_accuracy_is_named_a_proxys(tables: Mapping[str, Table]) -> None:
    column = tables["accel-nasbench"].find(Target("accuracy", "imagenet"))
    assert column is not None
    assert column.name == "imagenet_accuracy_pct@proxy"
    assert column.detail == "ImageNet top-1 of Accel-NASBench's training proxy, one seed"
    values = tables["accel-nasbench"].values(column.name)
    assert (round(values.min()), round(values.max())) == (43, 67)


def test_accel_throughput_is_maximised(tables: Mapping[str, Table]) -> None:
    assert QUANTITIES["throughput"].direction == "max"
    for name in ("a100", "rtx3090", "tpuv2", "tpuv3"):
        assert quantities(tables["accel-nasbench"], name) == {"throughput"}
    for name in ("zcu102", "vck190"):
        assert quantities(tables["accel-nasbench"], name) == {"latency", "throughput"}


def test_accel_counts_are_no_quantity(tables: Mapping[str, Table]) -> None:
    columns = {column.name: column for column in tables["accel-nasbench"].columns}
    assert columns["imagenet_published_macs_m"].quantity is None
    assert "normalisation and pooling" in columns["imagenet_published_macs_m"].detail


def test_accel_params_are_those_of_the_graph(tables: Mapping[str, Table]) -> None:
    space = load_space("mnasnet")
    params = by_arch(tables["accel-nasbench"], "imagenet_published_params_m")
    for arch in list(params)[::250]:
        assert space.graph(space.parse(arch)).params == round(params[arch] * 1e6)


def test_noise_floor_is_read_off_the_13_repeats(audits: Mapping[str, Audit]) -> None:
    repeats = {each.column: each for each in audits["accel-nasbench"].repeats}
    accuracy = repeats["imagenet_accuracy_pct@proxy"]
    assert accuracy.n_archs == 13
    assert round(accuracy.spread_max, 2) == 1.28
    assert round(accuracy.spread_median, 3) == 0.086
    assert repeats["imagenet_published_params_m"].spread_max == 0


def test_latency_and_throughput_of_a_board_are_one_objective(audits: Mapping[str, Audit]) -> None:
    inside = {
        pair.first.split("_")[1]: pair.rho
        for pair in audits["accel-nasbench"].pairs
        if pair.same_device
    }
    assert {board: round(rho, 3) for board, rho in inside.items()} == {
        "zcu102": -0.992,
        "vck190": -0.997,
    }


def accel_archive(**changes: Any) -> dict[str, bytes]:
    """5,138 results that are all one; ``changes`` are made to the first."""
    tar = _tar([json.dumps({**_entry(), **changes})], 0) + _equal_results()
    return {ARCHIVE: gzip.compress(tar, compresslevel=1)}


def _entry() -> dict[str, Any]:
    return {
        "architecture": {f"block{b}_{k}": v for b in range(7) for k, v in _BLOCK.items()},
        "metrics": {"val_top1": 50.0, "val_top5": 70.0},
        "model_info": {"macs": 1.0, "params": 1.0},
        "platform_perf": {
            f"{name}_{device}": {f"{name}_mean": 1.0}
            for name in ("latency", "throughput")
            for device in ("zcu102", "vck190", "a100", "3090", "tpuv2", "tpuv3")
        },
    }


@functools.cache
def _equal_results() -> bytes:
    return _tar([json.dumps(_entry())] * 5137, 1)


def _tar(texts: list[str], first: int) -> bytes:
    """An archive of results, numbered from ``first`` on, that ends where the last of them does."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for number, text in enumerate(texts, first):
            member = tarfile.TarInfo(f"./anb_dataset_jsons/result_{number}.json")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
        end = archive.offset
    return file.getvalue()[:end]


_BLOCK = {"e": 4, "k": 3, "l": 2, "se": True}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": {"val_top5": 70.0}}, r"must have metrics\.val_top1; val_top1 is missing"),
        ({"metrics": {"val_top1": None}}, r"metrics\.val_top1 must be a finite number; got None"),
        ({"metrics": {"val_top1": "58"}}, r"metrics\.val_top1 must be a finite number; got '58'"),
        ({"metrics": {"val_top1": float("nan")}}, r"val_top1 must be a finite number; got nan"),
        ({"metrics": [1]}, r"must have metrics\.val_top1; val_top1 is missing"),
        (
            {"architecture": {"block0_e": 4}},
            r"block0_e, .* missing or unknown: 'block0_k'",
        ),
        ({"architecture": 7}, r"architecture must be an object"),
    ],
)
def test_accel_result_of_another_form_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TableError, match=rf"^anb_.*result_0\.json.*{message}"):
        accel_nasbench.read(accel_archive(**changes))


# NAS-Bench-Macro


def test_macro_holds_all_6561_networks(tables: Mapping[str, Table]) -> None:
    table = tables["nas-bench-macro"]
    assert len(table) == len(set(table.archs)) == 6561
    assert table.archs[:2] == ["00000000", "00000001"]


def test_macro_accuracy_is_the_mean_of_three_seeds(
    tables: Mapping[str, Table], upstream: Path
) -> None:
    table = tables["nas-bench-macro"]
    published = json.loads((upstream / "NAS-Bench-Macro/data" / MACRO).read_text())
    assert np.allclose(
        table.values("cifar10_accuracy_pct@test"),
        [published[arch]["mean_acc"] for arch in table.archs],
        rtol=1e-9,
    )
    for seed in range(3):
        values = by_arch(table, f"cifar10_accuracy_pct@test-seed{seed}")
        assert values["22212202"] == published["22212202"]["test_acc"][seed]


def test_macro_default_accuracy_is_the_mean_and_is_told_to_be_test(
    tables: Mapping[str, Table],
) -> None:
    column = tables["nas-bench-macro"].find(Target("accuracy", "cifar10"))
    assert column is not None
    assert (column.variant, column.detail) == ("test", "CIFAR-10 test accuracy, mean of 3 seeds")


def test_macro_strings_of_one_network_hold_copies_of_one_result(
    audits: Mapping[str, Audit],
) -> None:
    assert audits["nas-bench-macro"].n_classes == 3969
    assert {column.class_factor_p95 for column in audits["nas-bench-macro"].columns} == {1.0}
    assert {column.class_spread_median for column in audits["nas-bench-macro"].columns} == {0.0}


def test_macro_file_with_a_network_missing_is_refused() -> None:
    entry = {"test_acc": [1.0, 2.0, 3.0], "params": 1, "flops": 2}
    archs = [f"{number:08d}" for number in range(nas_bench_macro.N_ROWS)]
    with pytest.raises(TableError, match=r"every network of 8 digits; 00010000 is missing"):
        nas_bench_macro.read({MACRO: json.dumps(dict.fromkeys(archs, entry)).encode()})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", r"must be JSON"),
        (b"[" * 100_000, r"must be JSON"),
        (b"[]", r"must be a JSON object of networks"),
        (b'{"00000000": {}}', r"1 rows, expected 6,561"),
    ],
)
def test_macro_file_of_another_form_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(TableError, match=rf"^nas-bench-macro_cifar10\.json.*{message}"):
        nas_bench_macro.read({MACRO: data})


# HELP


@pytest.mark.parametrize(("name", "n_rows"), [("help-nasbench201", 15_625), ("help-fbnet", 5_000)])
def test_help_has_27_settings_of_17_devices(
    tables: Mapping[str, Table], name: str, n_rows: int
) -> None:
    table = tables[name]
    assert (len(table), len(table.columns), len(devices(table))) == (n_rows, 27, 17)
    assert {column.quantity for column in table.columns} == {"latency"}
    for gpu in GPUS:
        variants = {column.variant for column in table.columns if column.device == gpu}
        assert variants == {f"batch{size}" for size in GPU_BATCHES[name]}


def test_help_latency_of_a_gpu_is_of_one_image_by_default(tables: Mapping[str, Table]) -> None:
    column = tables["help-fbnet"].find(Target("latency", "cifar100", "titanx"))
    assert column is not None
    assert column.variant == "batch1"


def test_help_rows_are_the_published_ones(tables: Mapping[str, Table]) -> None:
    table = tables["help-fbnet"]
    assert table.archs[0] == "7-8184-8887-4147-3273-2424-5"
    assert table.values("cifar100_2080ti_latency_ms@batch64")[0] == 8.839454709831625
    assert tables["help-nasbench201"].archs == tables["hw-nas-bench"].archs
    assert tables["help-nasbench201"].values("cifar10_pixel2_latency_ms")[1] == 17


@pytest.mark.parametrize("name", ["help-nasbench201", "help-fbnet"])
def test_help_phones_measure_whole_milliseconds(
    tables: Mapping[str, Table], audits: Mapping[str, Audit], name: str
) -> None:
    dataset = help_importer.DATASETS[tables[name].space]
    expected = {f"{dataset}_{device}_latency_ms" for device in WHOLE_MS}
    assert marked(audits[name], "is_whole") == expected
    for column in tables[name].columns:
        assert ("whole milliseconds" in column.detail) == (column.device in WHOLE_MS)


@pytest.mark.parametrize("device", sorted(OF_HW_NAS_BENCH))
def test_help_shares_four_columns_with_hw_nas_bench(
    tables: Mapping[str, Table], device: str
) -> None:
    ours = tables["help-nasbench201"].values(f"cifar10_{device}_latency_ms")
    theirs = {
        dataset: tables["hw-nas-bench"].values(f"{dataset}_{device}_latency_ms")
        for dataset in load_space("nasbench201").datasets
    }
    assert np.array_equal(ours, theirs["cifar10"])
    # The FPGA's model does not see the classifier.
    assert np.array_equal(ours, theirs["cifar100"]) == (device == "fpga")
    assert not np.array_equal(ours, theirs["imagenet16-120"])
    (column,) = (c for c in tables["help-nasbench201"].columns if c.device == device)
    assert "the same numbers as in HW-NAS-Bench" in column.detail


def test_help_latencies_of_fbnet_from_hw_nas_bench_are_sums_over_layers(
    tables: Mapping[str, Table], audits: Mapping[str, Audit]
) -> None:
    expected = {f"cifar100_{device}_latency_ms" for device in OF_HW_NAS_BENCH}
    assert marked(audits["help-fbnet"], "is_sum") == expected
    for column in tables["help-fbnet"].columns:
        assert ("exactly a sum over layers" in column.detail) == (column.device in OF_HW_NAS_BENCH)


def test_estimated_columns_of_nasbench201_are_sums_over_edges(
    tables: Mapping[str, Table], audits: Mapping[str, Audit]
) -> None:
    assert marked(audits["help-nasbench201"], "is_sum") == {
        "cifar10_eyeriss_latency_ms",
        "cifar10_fpga_latency_ms",
    }
    sums = {name.split("_")[1] for name in marked(audit_table(tables["hw-nas-bench"]), "is_sum")}
    assert sums == {"eyeriss", "fpga"}


def test_gold_6226_agrees_least_with_the_others_on_fbnet(tables: Mapping[str, Table]) -> None:
    rho = tables["help-fbnet"].frame.drop(columns="arch").corr("spearman")
    median = (rho.sum() - 1).div(len(rho) - 1), rho.median()
    assert median[0].idxmin() == median[1].idxmin() == "cifar100_gold_6226_latency_ms"
    assert rho.loc["cifar100_gold_6226_latency_ms", "cifar100_fpga_latency_ms"] > 0.85
    assert rho.loc["cifar100_gold_6226_latency_ms", "cifar100_2080ti_latency_ms@batch1"] < 0.25


@pytest.mark.parametrize("name", ["help-nasbench201", "help-fbnet"])
def test_help_values_reach_class_means(tables: Mapping[str, Table], name: str) -> None:
    table = tables[name]
    column = next(c for c in table.columns if c.device == "silver_4114")
    means = class_means(load_space(table.space), table, column.name)
    assert means.n_missing.sum() == 0
    assert len(means.values) == {"help-nasbench201": 4929, "help-fbnet": 5000}[name]


def torch_file(content: Any) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(content, 2))
    return file.getvalue()


@pytest.mark.parametrize(
    ("archs", "message"),
    [
        ({}, r"arch\.pt must be a list of architectures"),
        ([[0] * 22], r"arch\.pt: 1 rows, expected 5,000"),
        ([[0] * 22] * 5000, r"arch\.pt: every architecture must stand once"),
        ([[0] * 21] * 5000, r"arch\.pt, row 1: A genotype of fbnet has 22 genes; got 21"),
        ([[9] * 22] * 5000, r"arch\.pt, row 1: Gene layer 1 of fbnet must be 0 to 8; got 9"),
        ([["0"] * 22] * 5000, r"arch\.pt, row 1: An architecture must be a list of whole numbers"),
    ],
)
def test_help_architectures_of_another_form_are_refused(archs: Any, message: str) -> None:
    with pytest.raises(TableError, match=message):
        help_importer.read("fbnet", {"arch.pt": torch_file(archs)})


@pytest.mark.parametrize(
    ("latencies", "message"),
    [
        ({}, r"1080ti_1\.pt must be a list of latencies"),
        ([1.0], r"1080ti_1\.pt: 1 rows, expected 5,000"),
        ([1.0] * 4999 + [-1.0], r"1080ti_1\.pt, row 5000: latency must be a number above 0"),
        ([1.0] * 4999 + [float("nan")], r"row 5000: latency must be a number above 0"),
        ([1.0] * 4999 + [True], r"row 5000: latency must be a number above 0"),
    ],
)
def test_help_latencies_of_another_form_are_refused(
    upstream: Path, latencies: Any, message: str
) -> None:
    archs = (upstream / "HELP/data/fbnet/arch.pt").read_bytes()
    with pytest.raises(TableError, match=message):
        help_importer.read("fbnet", {"arch.pt": archs, "1080ti_1.pt": torch_file(latencies)})


def test_help_strings_in_another_order_are_refused(tables: Mapping[str, Table]) -> None:
    archs = tables["hw-nas-bench"].archs
    numbers = {arch: number for number, arch in enumerate([archs[1], archs[0], *archs[2:]])}
    with pytest.raises(TableError, match=r"^str_arch2idx\.pt must number the 15,625 architectures"):
        help_importer.read("nasbench201", {"str_arch2idx.pt": torch_file(numbers)})
