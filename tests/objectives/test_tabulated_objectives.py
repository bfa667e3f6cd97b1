"""Objectives looked up in the published tables: class means, checked against the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hwnas.api import make_objective
from hwnas.core.objective import Objective
from hwnas.core.quantity import QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError, UnknownNameError
from hwnas.objectives import NothingKnownError
from hwnas.objectives.devices import load_device
from hwnas.spaces import load_space
from hwnas.tables import import_file, load_table
from hwnas.testing import check_objective


def tabulated(name: str, device: str | None = None, dataset: str = "cifar10") -> Objective:
    space = load_space("nasbench201", dataset=dataset)
    return make_objective(space, name, device and load_device(device), source="table")


def value_of(objective: Objective, index: int) -> float:
    """Value of the architecture with a published index."""
    space = load_space("nasbench201")
    genotypes = space.all_genotypes()
    assert genotypes is not None
    return float(objective([space.architecture(genotypes[index])]).value[0])


@pytest.mark.usefixtures("published_cache")
@pytest.mark.parametrize(
    ("name", "dataset", "index", "value"),
    [
        ("accuracy@test", "cifar10", 6111, 94.37),
        ("accuracy", "cifar100", 9930, 73.51),
        ("accuracy", "imagenet16-120", 857, 47.31),
    ],
)
def test_best_accuracies_are_those_published(
    name: str, dataset: str, index: int, value: float
) -> None:
    # Each of these is alone in its class.
    assert value_of(tabulated(name, dataset=dataset), index) == pytest.approx(value, abs=0.005)


@pytest.mark.usefixtures("published_cache")
def test_value_is_the_mean_of_the_class_by_hand() -> None:
    # Index 13433 (published: 33.6) and 14361 (30.8) are one network.
    robustness = tabulated("robustness@pgd-eps1")
    assert value_of(robustness, 13433) == pytest.approx((33.6 + 30.8) / 2)
    assert value_of(robustness, 14361) == pytest.approx((33.6 + 30.8) / 2)


@pytest.mark.usefixtures("published_cache")
def test_latency_is_the_mean_over_the_eight_members_of_the_class() -> None:
    # Index 0 (published: 5.807 ms) and the seven other pruned cells that compute the same.
    members = [5.80741854, 5.28136253, 5.89699745, 5.94091892,
               6.42224789, 5.90266705, 5.86377144, 6.00326061]  # fmt: skip
    latency = value_of(tabulated("latency", "edgegpu"), 0)
    assert latency == pytest.approx(np.mean(members), abs=1e-7)


@pytest.mark.usefixtures("published_cache")
@pytest.mark.parametrize(
    ("name", "device", "table", "column"),
    [
        ("energy", "fpga", "hw-nas-bench", "cifar10_fpga_energy_mj"),
        ("latency", "edgetpu", "hw-nas-bench", "cifar10_edgetpu_latency_ms"),
        ("accuracy", None, "robustness", "cifar10_accuracy_pct@validation"),
    ],
)
def test_values_are_means_over_pruned_rows_of_the_table(
    nasbench201: SearchSpace, name: str, device: str | None, table: str, column: str
) -> None:
    genotypes = nasbench201.all_genotypes()
    assert genotypes is not None
    values = load_table(table).values(column)
    canonical = nasbench201.canonical_genotypes(genotypes)
    is_pruned = (nasbench201.pruned_genotypes(genotypes) == genotypes).all(axis=1)
    objective = tabulated(name, device)
    is_valid = nasbench201.valid_mask(genotypes)
    for row in np.random.default_rng(0).permutation(len(genotypes))[:40]:
        of_class = values[(canonical == canonical[row]).all(axis=1) & is_pruned]
        of_class = of_class[~np.isnan(of_class)]
        expected = of_class.mean() if len(of_class) and is_valid[row] else np.nan
        assert value_of(objective, row) == pytest.approx(expected, rel=1e-12, nan_ok=True)


@pytest.mark.usefixtures("published_cache")
def test_fpga_energy_is_seven_times_its_latency(nasbench201: SearchSpace) -> None:
    archs = nasbench201.sample(50, np.random.default_rng(0))
    energy, latency = (tabulated(name, "fpga")(archs).value for name in ("energy", "latency"))
    np.testing.assert_allclose(energy, 7 * latency, rtol=1e-3)


@pytest.mark.usefixtures("published_cache")
def test_disconnected_and_unsupported_cells_are_unknown(nasbench201: SearchSpace) -> None:
    archs = [
        nasbench201.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"),
        # Published as -1 for edgetpu, and so is every other cell that computes the same.
        nasbench201.parse("|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|avg_pool_3x3~2|"),
    ]
    assert np.isnan(tabulated("latency", "edgegpu")(archs).value).tolist() == [True, False]
    assert np.isnan(tabulated("latency", "edgetpu")(archs).value).tolist() == [True, True]
    assert np.isnan(tabulated("robustness")(archs).value).tolist() == [True, False]


@pytest.mark.usefixtures("published_cache")
@pytest.mark.parametrize(
    ("name", "device"),
    [("accuracy", None), ("robustness", None), ("latency", "edgetpu"), ("energy", "eyeriss")],
)
def test_tabulated_objective_keeps_the_contract(
    nasbench201: SearchSpace, name: str, device: str | None
) -> None:
    check_objective(tabulated(name, device), nasbench201.sample(10, np.random.default_rng(0)))


@pytest.mark.usefixtures("published_cache")
def test_tabulated_spec_says_table_column_and_class_mean() -> None:
    spec = tabulated("latency", "edgegpu").spec
    latency = QUANTITIES["latency"]
    assert (spec.column, spec.unit, spec.direction) == ("latency_ms", latency.unit, "min")
    assert spec.source == "tabulated"
    assert spec.detail == "measured, see HW-NAS-Bench; mean over the functional class"
    assert spec.origin.startswith("table hw-nas-bench sha256 ")
    assert spec.origin.endswith(", column cifar10_edgegpu_latency_ms")
    assert spec.figures == {}


@pytest.mark.usefixtures("published_cache")
def test_what_two_tables_hold_is_one_and_the_same(nasbench201: SearchSpace) -> None:
    # HELP repeats HW-NAS-Bench's numbers on four devices.
    genotypes = nasbench201.all_genotypes()
    assert genotypes is not None
    is_pruned = (nasbench201.pruned_genotypes(genotypes) == genotypes).all(axis=1)
    canonical = nasbench201.canonical_genotypes(genotypes)
    values = load_table("hw-nas-bench").values("cifar10_pixel3_latency_ms")
    objective = tabulated("latency", "pixel3")
    for row in np.random.default_rng(1).permutation(np.flatnonzero(is_pruned))[:10]:
        if nasbench201.valid_mask(genotypes[row : row + 1])[0]:
            of_class = values[(canonical == canonical[row]).all(axis=1) & is_pruned]
            assert value_of(objective, row) == pytest.approx(of_class.mean(), rel=1e-9)
    assert "HW-NAS-Bench" in objective.spec.detail


@pytest.mark.usefixtures("published_cache")
def test_predictions_are_near_the_table(nasbench201: SearchSpace) -> None:
    archs = nasbench201.sample(200, np.random.default_rng(1))
    truth = tabulated("latency", "edgegpu")(archs).value
    estimate = make_objective(nasbench201, "latency", load_device("edgegpu"))(archs)
    assert np.mean(np.abs(estimate.value / truth - 1) < 0.1) > 0.95
    # All of these classes were fitted on: no fewer than the 90 % of unseen ones, give or take.
    assert np.mean((estimate.lower <= truth) & (truth <= estimate.upper)) > 0.8


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "device", "table"),
    [
        ("accuracy", None, "robustness"),
        ("latency", "edgegpu", "hw-nas-bench"),
        ("latency@batch32", "titan_rtx", "help-nasbench201"),
    ],
)
def test_empty_cache_says_which_table_to_import(name: str, device: str | None, table: str) -> None:
    quantity = name.partition("@")[0]
    with pytest.raises(
        TableError,
        match=rf"No table in the cache holds {quantity} for nasbench201 on cifar10\. "
        rf"Run: hwnas tables import {table} --from DIR \(or: hwnas tables pull {table}\)",
    ):
        tabulated(name, device)


@pytest.mark.usefixtures("published_cache")
def test_what_no_table_holds_does_not_ask_to_import_them_again() -> None:
    with pytest.raises(NothingKnownError, match=r"No robustness data is known for nasbench201 on "):
        tabulated("robustness", dataset="cifar100")


@pytest.mark.usefixtures("published_cache")
def test_unknown_condition_in_a_table_names_a_close_one() -> None:
    with pytest.raises(
        UnknownNameError, match=r"condition of robustness 'square-eps5'\. Did you mean 'square-eps"
    ):
        tabulated("robustness@square-eps5")


def test_own_table_answers_for_a_device(tmp_path: Path, nasbench201: SearchSpace) -> None:
    texts = [
        "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
        "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
        "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
    ]
    rows = zip(texts, ("2", "4", ""), strict=True)
    path = tmp_path / "mine.csv"
    path.write_text(
        "\n".join(["arch,cifar10_raspi4_energy_mj", *(f"{text},{value}" for text, value in rows)])
    )
    import_file("mine", path, "nasbench201")
    energy = make_objective(nasbench201, "energy", load_device("raspi4"), source="table")
    values = energy([nasbench201.parse(text) for text in texts]).value
    np.testing.assert_array_equal(values, [3.0, 3.0, np.nan])


@pytest.mark.usefixtures("published_cache")
@pytest.mark.parametrize(
    ("dataset", "name", "device"),
    [
        ("cifar10", "accuracy", None),
        ("cifar100", "accuracy", None),
        ("cifar10", "robustness", None),
        ("cifar10", "latency", "edgegpu"),
        ("cifar10", "latency", "1080ti"),
    ],
)
def test_a_table_names_its_values_as_a_predictor_does(
    dataset: str, name: str, device: str | None
) -> None:
    space = load_space("nasbench201", dataset=dataset)
    specs = [
        make_objective(space, name, device and load_device(device), source).spec
        for source in ("table", "predictor")
    ]
    assert specs[0].column == specs[1].column
    assert specs[0].title == specs[1].title
