"""Objectives of the shipped predictors: what they say of themselves, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hwnas.api import make_objective
from hwnas.core.architecture import Architecture
from hwnas.core.quantity import QUANTITIES
from hwnas.errors import ConfigError, UnknownNameError
from hwnas.objectives import SOURCES, NothingKnownError
from hwnas.objectives.devices import device_names, load_device
from hwnas.spaces import load_space
from hwnas.testing import check_objective

DATASETS = ("cifar10", "cifar100", "imagenet16-120")
LATENCY = ("edgegpu", "edgetpu", "eyeriss", "fpga", "pixel3", "raspi4")
ENERGY = ("edgegpu", "eyeriss", "fpga")
SHIPPED = [
    *(("latency", device, dataset) for dataset in DATASETS for device in LATENCY),
    *(("energy", device, dataset) for dataset in DATASETS for device in ENERGY),
    *(("accuracy", None, dataset) for dataset in DATASETS),
    ("accuracy@test", None, "cifar10"),
    ("robustness", None, "cifar10"),
    ("robustness@fgsm-eps7", None, "cifar10"),
]

each_shipped = pytest.mark.parametrize(("name", "device", "dataset"), SHIPPED)

SCORED = "from features and proxy scores"


@pytest.fixture(scope="module")
def archs() -> list[Architecture]:
    return load_space("nasbench201").sample(12, np.random.default_rng(0))


def test_there_are_four_sources() -> None:
    assert list(SOURCES) == ["evaluate", "measure", "predictor", "table"]


@each_shipped
def test_shipped_objective_keeps_the_contract(
    archs: list[Architecture], name: str, device: str | None, dataset: str
) -> None:
    space = load_space("nasbench201", dataset=dataset)
    check_objective(make_objective(space, name, device and load_device(device)), archs)


@each_shipped
def test_predicted_spec_says_what_it_is_and_how_wrong(
    name: str, device: str | None, dataset: str
) -> None:
    space = load_space("nasbench201", dataset=dataset)
    spec = make_objective(space, name, device and load_device(device)).spec
    word, at, variant = name.partition("@")
    quantity = QUANTITIES[word]
    assert spec.column.startswith(f"{quantity.column}{at}{variant}")
    assert spec.title.startswith(quantity.title)
    assert (spec.unit, spec.direction, spec.source) == (
        quantity.unit, quantity.direction, "predicted",
    )  # fmt: skip
    assert spec.detail
    assert spec.origin.startswith(f"{device}.{word}" if device else word)
    assert ".onnx sha256 " in spec.origin
    assert {"kendall_tau", "within_10_pct", "interval_coverage_pct"} <= set(spec.figures)
    coverage = spec.figures["interval_coverage_pct"]
    assert coverage is not None
    assert 80 < coverage < 100


@pytest.mark.parametrize(
    ("name", "dataset", "detail"),
    [
        ("accuracy", "cifar10", f"CIFAR-10 validation accuracy, one seed; {SCORED}"),
        (
            "accuracy@test",
            "cifar10",
            f"CIFAR-10 test accuracy after 200 epochs, mean of seeds; {SCORED}",
        ),
        ("accuracy", "cifar100", "CIFAR-100 test accuracy after 200 epochs, mean of seeds"),
        ("robustness", "cifar10", f"accuracy under APGD-CE, eps 1/255 (Linf); {SCORED}"),
        ("robustness@pgd-eps0.5", "cifar10", "accuracy under PGD, eps 0.5/255 (Linf)"),
    ],
)
def test_detail_names_split_and_attack(name: str, dataset: str, detail: str) -> None:
    space = load_space("nasbench201", dataset=dataset)
    assert make_objective(space, name).spec.detail == detail


@pytest.mark.parametrize(
    ("device", "detail"), [("edgegpu", "measured"), ("eyeriss", "estimated"), ("fpga", "estimated")]
)
def test_detail_tells_measured_from_simulated_devices(device: str, detail: str) -> None:
    objective = make_objective(load_space("nasbench201"), "latency", load_device(device))
    assert objective.spec.detail == f"{detail}, see HW-NAS-Bench"


def test_the_default_variant_is_also_known_by_its_name(archs: list[Architecture]) -> None:
    space = load_space("nasbench201")
    default, named = (
        make_objective(space, name) for name in ("robustness", "robustness@apgd-ce-eps1")
    )
    np.testing.assert_array_equal(default(archs).value, named(archs).value)
    assert default.spec == named.spec


@pytest.mark.parametrize(
    ("space", "dataset", "name", "device", "column", "title"),
    [
        ("nasbench201", "cifar10", "accuracy", None, "accuracy_pct@validation", "(validation)"),
        ("nasbench201", "cifar100", "accuracy", None, "accuracy_pct@test", "Accuracy (test)"),
        ("mnasnet", "imagenet", "accuracy", None, "accuracy_pct@proxy", "(training proxy)"),
        (
            "nasbench201",
            "cifar10",
            "robustness",
            None,
            "robustness_pct@apgd-ce-eps1",
            "Robust accuracy (APGD-CE, eps 1/255)",
        ),
        ("nasbench201", "cifar10", "latency", "1080ti", "latency_ms@batch1", "Latency (batch 1)"),
        ("nasbench201", "cifar10", "latency", "edgegpu", "latency_ms", "Latency"),
    ],
)
def test_column_and_title_say_what_a_value_is_though_it_was_asked_for_in_short(
    space: str, dataset: str, name: str, device: str | None, column: str, title: str
) -> None:
    loaded = load_space(space, dataset=dataset)
    spec = make_objective(loaded, name, device and load_device(device)).spec
    assert spec.column == column
    assert spec.title.endswith(title)


def test_a_bigger_network_is_slower_on_every_device() -> None:
    space = load_space("nasbench201")
    small, big = (
        space.parse(f"|{op}~0|+|{op}~0|{op}~1|+|{op}~0|{op}~1|{op}~2|")
        for op in ("nor_conv_1x1", "nor_conv_3x3")
    )
    # On edgegpu the smaller one is measured slower, by half a percent: starting an operator counts.
    for device in set(LATENCY) - {"edgegpu"}:
        latency = make_objective(space, "latency", load_device(device))([small, big]).value
        assert latency[0] < latency[1]


def test_edgetpu_does_not_know_cells_it_does_not_run() -> None:
    # Published as -1, and so is every other cell that computes the same.
    space = load_space("nasbench201")
    refused = space.parse("|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|avg_pool_3x3~2|")
    runs = space.parse("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
                       "+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|")  # fmt: skip
    value = make_objective(space, "latency", load_device("edgetpu"))([refused, runs]).value
    assert np.isnan(value).tolist() == [True, False]


@pytest.mark.parametrize(
    ("space", "name", "device"),
    [
        ("fbnet", "latency", "gold_6226"),
        ("fbnet", "latency", "samsung_s7"),
        ("fbnet", "latency@batch64", "2080ti"),
        ("nasbench201", "latency", "gold_6240"),
        ("nasbench201", "latency@batch256", "titan_rtx"),
    ],
)
def test_devices_of_help_alone_are_predicted(space: str, name: str, device: str) -> None:
    loaded = load_space(space)
    objective = make_objective(loaded, name, load_device(device))
    assert objective.spec.source == "predicted"
    assert "fitted on table help-" in objective.spec.origin
    check_objective(objective, loaded.sample(12, np.random.default_rng(0)))


def test_a_batch_of_one_is_what_latency_means() -> None:
    space, device = load_space("fbnet"), load_device("1080ti")
    archs = space.sample(12, np.random.default_rng(0))
    default, named, large = (
        make_objective(space, f"latency{variant}", device)(archs).value
        for variant in ("", "@batch1", "@batch64")
    )
    np.testing.assert_array_equal(default, named)
    assert (large > default).all()


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["predictor", "table"])
@pytest.mark.parametrize(("name", "title"), [("latency", "Latency"), ("energy", "Energy")])
def test_what_depends_on_a_device_needs_one(source: str, name: str, title: str) -> None:
    known = re.escape(", ".join(device_names()))
    with pytest.raises(
        ConfigError, match=rf"^{title} needs a device; name one with device=\. Known: {known}\.$"
    ):
        make_objective(load_space("nasbench201"), name, None, source)


@pytest.mark.parametrize("source", ["predictor", "table"])
def test_missing_energy_lists_devices_that_have_it_and_offers_a_rated_power(source: str) -> None:
    with pytest.raises(
        NothingKnownError,
        match=r"Device 'raspi4' has no energy data for nasbench201 on cifar10\. Devices that have "
        r"it: edgegpu, eyeriss, fpga\. Or give the device's rated power with power_w=W",
    ):
        make_objective(load_space("nasbench201"), "energy", load_device("raspi4"), source)


def test_rated_power_stands_in_for_missing_energy() -> None:
    space = load_space("nasbench201")
    energy = make_objective(space, "energy", load_device("raspi4"), power_w=5.0)
    assert energy.spec.source == "estimated"


def test_quantity_that_no_device_has_is_told() -> None:
    with pytest.raises(NothingKnownError, match=r"no throughput data .*\. No device has it\.$"):
        make_objective(load_space("nasbench201"), "throughput", load_device("edgegpu"))


def test_robustness_is_known_on_cifar10_only() -> None:
    space = load_space("nasbench201", dataset="cifar100")
    with pytest.raises(
        NothingKnownError,
        match=r"No robustness data is known for nasbench201 on cifar100\. Leave robustness out, ch",
    ):
        make_objective(space, "robustness")


def test_unknown_condition_names_a_close_one() -> None:
    with pytest.raises(
        UnknownNameError,
        match=r"Unknown condition of robustness 'pgd-eps11'\. Did you mean 'pgd-eps1'\? Known: a",
    ):
        make_objective(load_space("nasbench201"), "robustness@pgd-eps11")


def test_condition_of_what_is_known_under_the_usual_ones_alone_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"under the usual conditions, .* Leave '@p99' out\."):
        make_objective(load_space("nasbench201"), "latency@p99", load_device("edgegpu"))


def test_unknown_quantity_names_a_close_one() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown quantity 'latancy'\. Did you mean 'laten"):
        make_objective(load_space("nasbench201"), "latancy")


def test_unknown_source_names_a_close_one() -> None:
    with pytest.raises(
        UnknownNameError, match=r"Unknown source of values 'tables'\. Did you mean 'table'\?"
    ):
        make_objective(load_space("nasbench201"), "accuracy", source="tables")
