"""What follows from other objectives: asked once, with stage, source and interval of its parts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.formula_text import parse_formula
from hwnas.core.objective import Estimate, ObjectiveSpec, Stage
from hwnas.core.quantity import Direction, Source
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.objectives.combined import CombinedObjective, combined
from hwnas.objectives.evaluation import evaluate
from hwnas.testing import check_objective


class Given:
    """An objective of given values, which counts how often it is asked."""

    def __init__(
        self,
        column: str,
        values: Sequence[float] = (1.0,),
        lower: Sequence[float] | None = None,
        upper: Sequence[float] | None = None,
        source: Source = "predicted",
        stage: Stage = 1,
        direction: Direction = "min",
    ) -> None:
        self.spec = ObjectiveSpec(column, "%", direction, source, column, stage=stage)
        unknown = [math.nan] * len(values)
        self.estimate = Estimate(*map(np.array, (values, lower or unknown, upper or unknown)))
        self.n_asked = 0

    def __call__(self, batch: Batch) -> Estimate:
        self.n_asked += len(batch)
        return self.estimate


def _accuracy(
    value: float = 90.0, lower: float = 88.0, upper: float = 91.0, source: Source = "predicted"
) -> Given:
    return Given("accuracy_pct", [value], [lower], [upper], source, direction="max")


def _latency(
    value: float = 4.0, lower: float = 3.5, upper: float = 4.8, source: Source = "predicted"
) -> Given:
    return Given("latency_ms", [value], [lower], [upper], source)


def _combined(text: str, *parts: Given) -> CombinedObjective:
    by_name = {part.spec.column: part for part in parts}
    return combined(parse_formula(text), by_name.__getitem__)


def _interval(text: str, *parts: Given) -> tuple[float, float, float]:
    found = _combined(text, *parts).combine([part.estimate for part in parts])
    return found.value.item(), found.lower.item(), found.upper.item()


def test_residuals_of_a_sum_add_up_in_squares() -> None:
    found = _interval("weighted(accuracy_pct/1,-2*latency_ms/1)", _accuracy(), _latency())
    value = 90 - 8
    # Of costs the upper end is the worse one.
    lower, upper = value - math.hypot(2, 2 * 0.8), value + math.hypot(1, 2 * 0.5)
    assert found == pytest.approx((value, lower, upper))


def test_a_reward_may_be_nothing_where_a_limit_is_not_surely_kept() -> None:
    text = "reward(accuracy_pct,latency_ms<=5)"
    assert _interval(text, _accuracy(), _latency()) == pytest.approx((90, 88, 91))
    assert _interval(text, _accuracy(), _latency(upper=5.2)) == pytest.approx((90, 0, 91))


def test_a_reward_of_nothing_may_be_all_where_a_limit_may_be_kept() -> None:
    text = "reward(accuracy_pct,latency_ms<=5)"
    assert _interval(text, _accuracy(), _latency(5.5, 4.5, 6.0)) == pytest.approx((0, 0, 90))
    assert _interval(text, _accuracy(), _latency(5.5, 5.1, 6.0)) == pytest.approx((0, 0, 0))


def test_what_a_part_may_be_at_most_bounds_the_interval() -> None:
    text = "reward(accuracy_pct,(latency_ms/5)^-1)"
    value, lower, upper = _interval(text, _accuracy(), _latency())
    assert 88 / (4.8 / 5) < lower < value < upper < 91 / (3.5 / 5)


def test_a_part_that_is_exact_needs_no_interval() -> None:
    macs = Given("macs", [100.0], source="counted")
    found = _interval("weighted(accuracy_pct/1,-macs/10)", _accuracy(), macs)
    assert found == pytest.approx((80, 78, 81))


def test_there_is_no_interval_where_an_uncertain_part_has_none() -> None:
    latency = Given("latency_ms", [4.0], source="estimated")
    value, *ends = _interval("reward(accuracy_pct,latency_ms<=5)", _accuracy(), latency)
    assert value == 90
    assert np.isnan(ends).all()


def test_exact_parts_make_a_value_without_interval() -> None:
    parts = (
        Given("accuracy_pct", [90.0], source="tabulated", direction="max"),
        Given("macs", [5.0], source="counted"),
    )
    value, *ends = _interval("reward(accuracy_pct,macs<=5)", *parts)
    assert value == 90
    assert np.isnan(ends).all()


@pytest.mark.parametrize(
    ("one", "other", "worse"),
    [
        ("tabulated", "counted", "tabulated"),
        ("measured", "predicted", "predicted"),
        ("predicted", "estimated", "estimated"),
        ("custom", "extrapolated", "extrapolated"),
        ("custom", "tabulated", "custom"),
        ("predicted", "predicted", "predicted"),
    ],
)
def test_its_source_is_the_least_sure_of_its_parts(
    one: Source, other: Source, worse: Source
) -> None:
    text = "reward(accuracy_pct,latency_ms<=5)"
    assert _combined(text, _accuracy(source=one), _latency(source=other)).spec.source == worse
    assert _combined(text, _accuracy(source=other), _latency(source=one)).spec.source == worse


def test_its_stage_is_the_last_of_its_parts_and_its_unit_what_is_rewarded() -> None:
    measured = Given("latency_ms", source="measured", stage=2)
    spec = _combined("reward(accuracy_pct,latency_ms<=5)", _accuracy(), measured).spec
    assert (spec.stage, spec.unit, spec.direction) == (2, "%", "max")
    assert (
        _combined("weighted(accuracy_pct/1,-latency_ms/1)", _accuracy(), measured).spec.unit == ""
    )


def test_its_column_names_the_columns_of_its_parts() -> None:
    parts = {"accuracy": Given("accuracy_pct@validation", direction="max"), "latency": _latency()}
    made = combined(parse_formula("reward(accuracy,latency<=5)"), parts.__getitem__)
    assert made.spec.column == "reward(accuracy_pct@validation,latency_ms<=5)"


def test_parts_are_asked_once_whoever_needs_them(nasbench201: SearchSpace) -> None:
    accuracy, latency = _accuracy(), _latency()
    rewards = [
        _combined(f"reward(accuracy_pct,latency_ms<={bound})", accuracy, latency)
        for bound in (3, 5)
    ]
    batch = Batch(nasbench201, nasbench201.sample_genotypes(1, np.random.default_rng(0)))
    found = evaluate(batch, [*rewards, latency])
    assert [each.value.item() for each in found] == [0, 90, 4]
    assert (accuracy.n_asked, latency.n_asked) == (1, 1)


def test_two_sources_of_one_column_are_refused(nasbench201: SearchSpace) -> None:
    reward = _combined("reward(accuracy_pct,latency_ms<=5)", _accuracy(), _latency())
    batch = Batch(nasbench201, nasbench201.sample_genotypes(1, np.random.default_rng(0)))
    with pytest.raises(ConfigError, match=r"latency_ms must have one source in a search; it is"):
        evaluate(batch, [reward, _latency(source="tabulated")])


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("reward(x,accuracy_pct>=5)", "min"),
        ("reward(accuracy_pct,x>=5)", "min"),
        ("reward(accuracy_pct,x<=5)", "max"),
        ("reward(accuracy_pct,(x/5)^1)", "min"),
        ("reward(accuracy_pct,(x/5)^(0,1))", "min"),
        ("reward(accuracy_pct,(x/5)^0)", "min"),
        ("reward(accuracy_pct,(x/5)^-1)", "max"),
        ("weighted(accuracy_pct/1,x/5)", "min"),
        ("weighted(accuracy_pct/1,-x/5)", "max"),
        ("weighted(accuracy_pct/1,0*x/5)", "max"),
    ],
)
def test_what_makes_worse_better_is_refused(text: str, direction: Direction) -> None:
    with pytest.raises(ConfigError, match=r"(x needs the|of x must be|what is rewarded must)"):
        _combined(text, _accuracy(), Given("x", source="custom", direction=direction))


def test_it_keeps_the_contract_of_objectives(nasbench201: SearchSpace) -> None:
    class OfSums(Given):
        def __call__(self, batch: Sequence[Architecture]) -> Estimate:
            value = np.array([60.0 + sum(arch.genotype) for arch in batch])
            return Estimate(value, value - 1, value + 2)

    parts = OfSums("accuracy_pct", direction="max"), OfSums("latency_ms")
    made = _combined("reward(accuracy_pct,(latency_ms/70)^(0,-1))", *parts)
    check_objective(made, nasbench201.sample(6, np.random.default_rng(1)))
