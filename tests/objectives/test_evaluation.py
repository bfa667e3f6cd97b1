"""Several objectives of one batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import hwnas
from hwnas.api import make_objective
from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.limits import Limit
from hwnas.core.objective import Estimate, ObjectiveSpec, Stage
from hwnas.core.space import SearchSpace
from hwnas.errors import ShapeError
from hwnas.objectives import predicted
from hwnas.objectives.devices import load_device
from hwnas.objectives.evaluation import Problem, evaluate, evaluate_stages
from hwnas.predictors import batches
from hwnas.spaces import load_space


def test_objectives_say_the_same_together_as_alone() -> None:
    space, device = load_space("mnasnet"), load_device("zcu102")
    names = ("params", "accuracy", "latency", "throughput", "macs")
    measures = [make_objective(space, name, device) for name in names]
    archs = space.sample(50, np.random.default_rng(0))
    for batch in (archs, Batch.of(space, archs), Batch(space, space.genotypes(archs))):
        found_together = evaluate(Batch.of(space, batch), measures)
        for found, measure in zip(found_together, measures, strict=True):
            alone = measure(archs)
            np.testing.assert_array_equal(found.value, alone.value)
            np.testing.assert_array_equal(found.lower, alone.lower)


def test_a_function_of_ones_own_gets_architectures() -> None:
    space = load_space("mnasnet")

    def n_squeezed(archs: Sequence[Architecture]) -> np.ndarray:
        return np.array([str(arch).count("se") for arch in archs])

    genotypes = space.sample_genotypes(5, np.random.default_rng(0))
    (found,) = evaluate(Batch(space, genotypes), [hwnas.objective(n_squeezed)])
    assert found.value.tolist() == genotypes[:, 3::4].sum(axis=1).tolist()


def test_what_several_objectives_need_is_predicted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    space, device = load_space("nasbench201"), load_device("edgegpu")
    latency = make_objective(space, "latency", device)
    measures = [
        latency,
        make_objective(space, "accuracy", device),
        make_objective(space, "energy", device, power_w=5.0),
    ]
    n_runs: Counter[int] = Counter()
    run = batches.run_session

    def counted(session: Any, features: np.ndarray) -> np.ndarray:
        n_runs[len(features)] += 1
        return run(session, features)

    monkeypatch.setattr(batches, "run_session", counted)
    archs = space.sample(7, np.random.default_rng(0))
    found = evaluate(Batch.of(space, archs), measures)
    # Latency, for itself and for energy, and accuracy with what scores what it cannot rank.
    sessions = [measure.predictor.sessions for measure in measures[:2]]  # type: ignore[attr-defined]
    assert n_runs[7] == sum(map(len, sessions))
    np.testing.assert_array_equal(found[2].value, 5.0 * found[0].value)
    np.testing.assert_array_equal(found[2].upper, 5.0 * found[0].upper)


def test_latency_that_only_energy_needs_is_predicted_with_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    space, device = load_space("nasbench201"), load_device("edgegpu")
    measures = [
        make_objective(space, "accuracy", device),
        make_objective(space, "energy", device, power_w=5.0),
    ]
    passes: list[int] = []
    together = predicted.predict_together

    def counted(predictors: Sequence[Any], *rest: Any, **others: Any) -> list[Estimate]:
        passes.append(len(predictors))
        return together(predictors, *rest, **others)

    monkeypatch.setattr(predicted, "predict_together", counted)
    evaluate(Batch.of(space, space.sample(3, np.random.default_rng(0))), measures)
    assert passes == [2]


class Staged:
    """The sum of a genotype, and what was asked."""

    def __init__(self, column: str, stage: Stage, is_known: bool = True) -> None:
        self.spec = ObjectiveSpec(column, "", "min", "custom", column, stage=stage)
        self.n_asked: list[int] = []
        self._is_known = is_known

    def __call__(self, batch: Sequence[Architecture]) -> Estimate:
        self.n_asked.append(len(batch))
        totals = np.array([float(sum(arch.genotype)) for arch in batch])
        return Estimate.exact(totals if self._is_known else np.where(totals > 9, np.nan, totals))


@pytest.fixture
def batch(nasbench201: SearchSpace) -> Batch:
    genotypes = nasbench201.sample_genotypes(40, np.random.default_rng(0))
    return Batch(nasbench201, genotypes)


def test_stages_are_asked_in_their_order_and_what_breaks_a_limit_is_spared(batch: Batch) -> None:
    totals = batch.genotypes.sum(axis=1)
    last, first, middle = Staged("last", 2), Staged("first", 0), Staged("middle", 1)
    limits = Limit("first", "<=", 12.0), Limit("middle", ">=", 8.0), Limit("last", "<=", 1.0)
    found = evaluate(batch, [last, first, middle], limits)
    within = totals <= 12
    assert first.n_asked == [40]
    assert middle.n_asked == [within.sum()]
    assert last.n_asked == [(within & (totals >= 8)).sum()]
    assert 0 < last.n_asked[0] < middle.n_asked[0] < 40
    np.testing.assert_array_equal(found[1].value, totals)
    np.testing.assert_array_equal(found[2].value, np.where(within, totals, np.nan))


def test_only_objectives_must_have_a_value(batch: Batch) -> None:
    n_known = int((batch.genotypes.sum(axis=1) <= 9).sum())
    for n_objectives, n_asked in ((0, 40), (1, n_known)):
        early, late = Staged("early", 1, is_known=False), Staged("late", 2)
        evaluate(batch, [early, late], n_objectives=n_objectives)
        assert late.n_asked == [n_asked]


def test_nothing_is_asked_about_nothing(batch: Batch) -> None:
    first, last = Staged("first", 0), Staged("last", 2)
    evaluate(batch, [first, last], [Limit("first", "<=", -1.0)])
    assert (first.n_asked, last.n_asked) == ([40], [])


def test_an_objective_of_another_shape_is_refused(batch: Batch) -> None:
    short = hwnas.objective(lambda archs: np.zeros(len(archs)), "short")
    odd = type(
        "Short", (), {"spec": short.spec, "__call__": lambda *_: Estimate.exact(np.ones(1))}
    )()
    with pytest.raises(ShapeError, match=r"short must give shape \(n_archs,\) = \(40,\); got \(1,"):
        evaluate(batch, [odd])


def test_our_objectives_know_their_stages(nasbench201: SearchSpace) -> None:
    device = load_device("edgegpu")

    def stage(name: str, **settings: Any) -> int:
        return make_objective(nasbench201, name, device, **settings).spec.stage

    assert [stage(name) for name in ("params", "macs", "latency", "accuracy")] == [0, 0, 1, 1]
    assert stage("energy", power_w=5.0) == 1
    assert hwnas.objective(lambda archs: np.zeros(len(archs)), "own").spec.stage == 2


class Doubtful(Staged):
    """The same with an interval of 2 below and 4 above."""

    def __call__(self, batch: Sequence[Architecture]) -> Estimate:
        value = super().__call__(batch).value
        return Estimate(value, value - 2, value + 4)


@pytest.mark.parametrize(("share", "room"), [(0.0, 0), (0.5, 2), (1.0, 4)])
def test_end_of_the_interval_decides_what_is_spared_as_far_as_it_is_asked(
    batch: Batch, share: float, room: int
) -> None:
    totals = batch.genotypes.sum(axis=1)
    early, late = Doubtful("early", 1), Staged("late", 2)
    problem = Problem((early, late), 2, (Limit("early", "<=", 12.0),), share)
    values = evaluate_stages(problem, batch, (0, 1, 2))
    keeps = totals + room <= 12
    assert 0 < keeps.sum() < 40
    assert late.n_asked == [keeps.sum()]
    assert (problem.status(values) == np.where(keeps, "done", "infeasible")).all()
    expected = np.maximum(totals + room - 12, 0) / 12
    np.testing.assert_allclose(problem.violation(values)[:, 0], expected)
