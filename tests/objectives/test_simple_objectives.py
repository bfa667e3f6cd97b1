"""Objectives that need no data: counts, rated energy, the user's own functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import hwnas
from hwnas.api import make_objective
from hwnas.core.architecture import Architecture
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.errors import (
    ArchitectureError,
    ConfigError,
    HwnasError,
    ReturnError,
    UnknownNameError,
)
from hwnas.objectives.devices import load_device
from hwnas.objectives.simple import CountedObjective, CustomObjective, RatedEnergy
from hwnas.spaces import load_space
from hwnas.testing import check_objective


@pytest.fixture(scope="module")
def archs(nasbench201: SearchSpace) -> list[Architecture]:
    return nasbench201.sample(5, np.random.default_rng(0))


class Latency:
    """Three milliseconds, give or take one; unknown for the last architecture."""

    spec = ObjectiveSpec(
        "latency_ms", "ms", "min", "predicted", "Latency", "a detail", "a file", {"mae": 0.5}
    )

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        value = np.full(len(archs), 3.0)
        value[-1] = np.nan
        return Estimate(value, value - 1, value + 1)


# --- counts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "params", "macs"),
    # Constant, 3x3 and 1x1 of a stage: see the proxies table's params and the pure MACs.
    [
        ("cifar10", 73_306 + 2 * 243_040 + 28_000, 7_783_040 + 2 * 35_389_440 + 3_932_160),
        ("imagenet16-120", 80_456 + 2 * 243_040 + 28_000, None),
    ],
)
def test_counts_are_those_published(dataset: str, params: int, macs: int | None) -> None:
    space = load_space("nasbench201", dataset=dataset)
    text = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|none~2|"
    arch = space.parse(text)
    assert make_objective(space, "params")([arch]).value.tolist() == [params]
    if macs is not None:
        assert make_objective(space, "macs")([arch]).value.tolist() == [macs]


@pytest.mark.parametrize("name", ["params", "macs"])
def test_counted_spec_is_exact_and_minimised(nasbench201: SearchSpace, name: str) -> None:
    spec = CountedObjective(nasbench201, name).spec
    assert (spec.column, spec.unit, spec.direction, spec.source) == (name, "", "min", "counted")
    assert spec.detail == "counted from the operation graph for cifar10"


@pytest.mark.parametrize("name", ["params", "macs"])
def test_counts_keep_the_contract(
    nasbench201: SearchSpace, archs: list[Architecture], name: str
) -> None:
    objective = CountedObjective(nasbench201, name)
    check_objective(objective, archs)
    assert np.isnan(objective(archs).lower).all()


@pytest.mark.parametrize(
    ("name", "column", "title", "detail"),
    [
        ("peak_memory", "peak_memory_bytes", "Peak memory", "in float32, batch 1"),
        (
            "size@precision=int8",
            "size_bytes@precision=int8",
            "Size (precision int8)",
            "in int8, batch 1",
        ),
    ],
)
def test_memory_keeps_the_contract(
    nasbench201: SearchSpace,
    archs: list[Architecture],
    name: str,
    column: str,
    title: str,
    detail: str,
) -> None:
    objective = make_objective(nasbench201, name)
    check_objective(objective, archs)
    spec = objective.spec
    assert spec.title == title
    assert (spec.column, spec.unit, spec.direction, spec.source, spec.stage) == (
        column, "bytes", "min", "counted", 0,
    )  # fmt: skip
    assert spec.detail == f"counted from the operation graph for cifar10, {detail}"


def test_memory_of_a_cell_by_hand(nasbench201: SearchSpace) -> None:
    # See the tests of memory: a map and its activation between stages, and half a map.
    arch = nasbench201.parse("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    map_bytes = 4 * 16 * 32 * 32
    assert make_objective(nasbench201, "peak_memory")([arch]).value.tolist() == [2.5 * map_bytes]
    int8 = make_objective(nasbench201, "peak_memory@precision=int8")([arch])
    assert int8.value.tolist() == [2.5 * map_bytes / 4]
    # Of 73,306 parameters the normalisations of five convolutions leave half, their shifts.
    n_folded = 16 + 2 * 32 + 2 * 64
    assert make_objective(nasbench201, "size")([arch]).value.tolist() == [4 * (73_306 - n_folded)]


def test_the_precision_of_numbers_must_be_known(nasbench201: SearchSpace) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown precision 'int4'\. Did you mean 'int8'\?"):
        make_objective(nasbench201, "peak_memory@precision=int4")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("params@batch8", r"^params@batch8: .* no conditions at all; got batch\. Leave it out"),
        (
            "size@batch8+precision=int8",
            r"no conditions but precision=float32\|float16\|int8; got batch\. Leave it",
        ),
    ],
)
def test_other_conditions_of_counts_are_refused(
    nasbench201: SearchSpace, name: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make_objective(nasbench201, name)


def test_architectures_of_another_space_are_refused(nasbench201: SearchSpace) -> None:
    stranger = Architecture("fbnet", (0,) * 22, "fbnet")
    with pytest.raises(ArchitectureError, match=r"is an architecture of fbnet; expected one of na"):
        make_objective(nasbench201, "params")([stranger])


# --- energy from a rated power ------------------------------------------------------------------


def test_watts_times_milliseconds_are_millijoules(archs: list[Architecture]) -> None:
    energy = RatedEnergy(Latency(), power_w=7.5)(archs)
    np.testing.assert_array_equal(energy.value, [22.5, 22.5, 22.5, 22.5, np.nan])
    np.testing.assert_array_equal(energy.lower, [15.0, 15.0, 15.0, 15.0, np.nan])
    np.testing.assert_array_equal(energy.upper, [30.0, 30.0, 30.0, 30.0, np.nan])


def test_rated_energy_is_labelled_estimated() -> None:
    spec = RatedEnergy(Latency(), power_w=7.5).spec
    assert (spec.column, spec.unit, spec.direction) == ("energy_mj", "mJ", "min")
    assert spec.source == "estimated"
    assert spec.detail == "rated power 7.5 W x latency (predicted)"
    assert spec.origin == "a file"


def test_rated_energy_does_not_claim_the_figures_of_latency() -> None:
    assert RatedEnergy(Latency(), power_w=7.5).spec.figures == {}


def test_rated_energy_of_a_device_is_its_predicted_latency_times_the_power(
    nasbench201: SearchSpace, archs: list[Architecture]
) -> None:
    device = load_device("raspi4")
    latency = make_objective(nasbench201, "latency", device)(archs)
    energy = make_objective(nasbench201, "energy", device, power_w=4.0)
    np.testing.assert_allclose(energy(archs).value, 4.0 * latency.value, rtol=1e-12)
    check_objective(energy, archs)


@pytest.mark.parametrize("power_w", [0.0, -5.0, float("nan"), float("inf")])
def test_power_that_cannot_be_is_refused(power_w: float) -> None:
    with pytest.raises(ConfigError, match=r"rated power must be a positive number of watts; got"):
        RatedEnergy(Latency(), power_w)


# --- the user's own -----------------------------------------------------------------------------


def _own(values: object, column: str = "cost_eur") -> Objective:
    return hwnas.objective(lambda _: values, column)  # type: ignore[arg-type, return-value]


def test_own_function_is_an_objective(archs: list[Architecture]) -> None:
    def depth(archs: Sequence[Architecture]) -> np.ndarray:
        return np.array([sum(choice > 1 for choice in arch.genotype) for arch in archs])

    own = hwnas.objective(depth, direction="max", unit="layers", title="Depth")
    check_objective(own, archs)
    assert own.spec == ObjectiveSpec(
        "depth", "layers", "max", "custom", "Depth", detail="your own function"
    )
    assert own(archs).value.dtype == float
    assert own(archs).value.tolist() == [sum(c > 1 for c in arch.genotype) for arch in archs]


def test_title_of_an_own_objective_is_its_name_by_default() -> None:
    assert _own([]).spec.title == "cost_eur"


def test_what_is_not_finite_is_unknown(archs: list[Architecture]) -> None:
    estimate = _own([1, np.nan, np.inf, -np.inf, None])(archs)
    np.testing.assert_array_equal(estimate.value, [1, np.nan, np.nan, np.nan, np.nan])


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        ([1.0, 2.0], r"\(2,\)"),
        (5.0, r"\(\)"),
        (np.ones((5, 1)), r"\(5, 1\)"),
        ([], r"\(0,\)"),
    ],
)
def test_another_number_of_values_is_refused(
    archs: list[Architecture], values: object, shape: str
) -> None:
    with pytest.raises(
        ReturnError, match=rf"cost_eur must return shape \(n_archs,\) = \(5,\); got {shape}\."
    ):
        _own(values)(archs)


@pytest.mark.parametrize("values", [["cheap"] * 5, [[1], [1, 2], 3, 4, 5], {"a": 1}])
def test_values_that_are_no_numbers_are_refused(archs: list[Architecture], values: object) -> None:
    with pytest.raises(ReturnError, match=r"cost_eur must return a number for each architecture; "):
        _own(values)(archs)


@pytest.mark.parametrize(
    "column",
    [
        "latency", "latency_ms", "params", "Accuracy_Pct", "arch", "generation", "feasible",
        "seq", "violation", "ARCH", "cost_lower", "cost_upper", "cost_source", "cost eur",
        "cost@eur", "", "1st", "<lambda>", "x;drop",
    ],
)  # fmt: skip
def test_name_that_is_taken_or_no_word_is_refused(column: str) -> None:
    with pytest.raises(ConfigError, match=r"objective of your own needs a name of letters, digits"):
        CustomObjective(lambda archs: np.zeros(len(archs)), column)


def test_lambda_needs_a_name() -> None:
    with pytest.raises(ConfigError, match=r"got '<lambda>'"):
        hwnas.objective(lambda archs: np.zeros(len(archs)))


def test_direction_must_be_min_or_max() -> None:
    with pytest.raises(ConfigError, match=r"direction of cost_eur must be min or max; got 'less'"):
        CustomObjective(lambda archs: np.zeros(len(archs)), "cost_eur", "less")  # type: ignore[arg-type]


def test_errors_of_an_own_function_are_its_own(archs: list[Architecture]) -> None:
    def broken(archs: Sequence[Architecture]) -> np.ndarray:
        raise ZeroDivisionError(f"of {len(archs)}")

    with pytest.raises(ZeroDivisionError, match="of 5") as caught:
        hwnas.objective(broken)(archs)
    assert not isinstance(caught.value, HwnasError)
