"""Samplers of Optuna: they learn, ask for no class twice, keep quiet, and resume to the same."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from ask_and_tell import conflict, searched, squares, told

import hwnas
from hwnas.algorithms import ALGORITHMS, Algorithm, Setting, Told
from hwnas.core.space import SearchSpace
from hwnas.errors import MissingExtraError, StateError

optuna = pytest.importorskip("optuna", reason="optuna is not installed: hwnas[baselines]")
_NEEDS_TORCH = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")


def _made(space: SearchSpace, seed: int = 0, n_objectives: int = 1, name: str = "tpe") -> Algorithm:
    return ALGORITHMS[name](Setting(space, n_objectives, 200, seed))


def test_tpe_is_far_ahead_of_random_search_after_60_evaluations(nasbench201: SearchSpace) -> None:
    tpe, random = (
        np.mean(
            [
                squares(
                    searched(_made(nasbench201, seed, 1, name), nasbench201, squares, 60, 1)
                ).min()
                for seed in range(4)
            ]
        )
        for name in ("tpe", "random")
    )
    assert tpe < 0.5 * random


def test_no_class_is_asked_twice_also_within_a_batch(nasbench201: SearchSpace) -> None:
    algorithm, asked = _made(nasbench201, n_objectives=2), []
    for _ in range(10):
        asked.append(algorithm.ask(8))
        algorithm.tell(told(asked[-1], conflict(asked[-1])))
    classes = nasbench201.canonical_genotypes(np.concatenate(asked))
    assert len(np.unique(classes, axis=0)) == len(classes) == 80


def test_a_generation_is_a_tenth_of_the_population(nasbench201: SearchSpace) -> None:
    assert len(_made(nasbench201).ask(200)) == 20
    assert len(ALGORITHMS["tpe"](Setting(nasbench201, 1, 5, 0)).ask(5)) == 1


def test_a_twin_of_what_is_known_is_told_its_value_and_another_is_asked(
    nasbench201: SearchSpace,
) -> None:
    algorithm = _made(nasbench201)
    values = {}
    for _ in range(30):
        asked = algorithm.ask(1)
        (form,) = nasbench201.canonical_genotypes(asked)
        values[form.tobytes()] = float(len(values))
        algorithm.tell(told(asked, np.array([[values[form.tobytes()]]])))
    trials = algorithm._study.get_trials(deepcopy=False)  # type: ignore[attr-defined]
    assert len(trials) > 30
    for trial in trials:
        genotype = np.array([[trial.params[str(gene)] for gene in range(6)]])
        (form,) = nasbench201.canonical_genotypes(genotype)
        expected = [values[form.tobytes()]] if nasbench201.valid_mask(genotype)[0] else None
        assert trial.values == expected


def test_every_class_of_a_space_is_asked_once_and_then_none(nasbench201: SearchSpace) -> None:
    class Tiny(type(nasbench201)):  # type: ignore[misc]
        """Only two operations on each edge: absent and skip."""

        n_choices = (2,) * 6

        def all_genotypes(self) -> np.ndarray:
            return np.array(list(np.ndindex(*self.n_choices)))

    space = Tiny()
    every = space.all_genotypes()
    n_classes = len(np.unique(space.canonical_genotypes(every[space.valid_mask(every)]), axis=0))
    algorithm, asked = _made(space), np.empty((0, 6), int)
    for _ in range(n_classes):
        new = algorithm.ask(3)
        algorithm.tell(told(new, squares(new)))
        asked = np.concatenate([asked, new])
    assert len(np.unique(space.canonical_genotypes(asked), axis=0)) == len(asked) == n_classes
    assert algorithm.ask(3).shape == (0, 6)


def test_limits_are_kept_more_and_more(nasbench201: SearchSpace) -> None:
    algorithm, is_kept = _made(nasbench201), []
    for _ in range(60):
        asked = algorithm.ask(1)
        # What breaks the limit would be the best, if its value were looked at.
        far = np.maximum(asked[:, 0] + asked[:, 1] - 1.0, 0)
        values = np.where(far > 0, -100, squares(asked)[:, 0])[:, None]
        algorithm.tell(told(asked, values, far))
        is_kept.append(bool(far[0] == 0))
    # Three of 25 pairs keep it.
    assert np.mean(is_kept[20:]) > 0.4


def _lost(asked: np.ndarray, status: str) -> Told:
    part = told(asked, np.full((len(asked), 1), np.nan))
    return Told(asked, part.values, part.lower, part.upper, part.violation, np.array([status]))


@pytest.mark.parametrize("status", ["failed", "unknown"])
def test_what_failed_or_is_unknown_is_told_as_failed(nasbench201: SearchSpace, status: str) -> None:
    algorithm = _made(nasbench201)
    algorithm.tell(_lost(algorithm.ask(1), status))
    (trial,) = algorithm._study.get_trials()  # type: ignore[attr-defined]
    assert trial.state == optuna.trial.TrialState.FAIL
    assert len(algorithm.ask(1)) == 1


def test_what_breaks_a_limit_need_not_have_a_value(nasbench201: SearchSpace) -> None:
    algorithm = _made(nasbench201)
    for _ in range(15):
        asked = algorithm.ask(1)
        algorithm.tell(told(asked, np.full((1, 1), np.nan), np.ones(1)))
    trials = algorithm._study.get_trials(deepcopy=False)  # type: ignore[attr-defined]
    valued = [trial for trial in trials if trial.state == optuna.trial.TrialState.COMPLETE]
    assert len(valued) >= 15
    # A relative violation v is v / (1 + v) away.
    assert {tuple(trial.constraints.values()) for trial in valued} == {(0.5,)}


def test_telling_what_was_not_asked_is_refused(nasbench201: SearchSpace) -> None:
    genotypes = nasbench201.sample_genotypes(1, np.random.default_rng(0))
    with pytest.raises(StateError, match=r"tell\(\) must be about what was asked and not told"):
        _made(nasbench201).tell(told(genotypes, squares(genotypes)))


def test_nothing_of_optunas_is_said_and_its_verbosity_stays(
    nasbench201: SearchSpace, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.enable_propagation()
    try:
        with caplog.at_level(logging.DEBUG):
            algorithm = _made(nasbench201)
            for _ in range(12):
                asked = algorithm.ask(1)
                algorithm.tell(told(asked, squares(asked)))
            algorithm.tell(_lost(algorithm.ask(1), "failed"))
    finally:
        optuna.logging.disable_propagation()
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == verbosity


def _searched(path: Path, budget: int, resume: bool = False) -> hwnas.Run:
    return hwnas.search(
        "nasbench201",
        objectives=["params", "macs"],
        algorithm="tpe",
        population=4,
        budget=budget,
        seed=1,
        out=path,
        resume=resume,
    )


def test_a_run_that_was_stopped_goes_on_to_the_same_end(tmp_path: Path) -> None:
    whole = _searched(tmp_path / "whole", 20)
    _searched(tmp_path / "parts", 12)
    parts = _searched(tmp_path / "parts", 20, resume=True)
    assert parts.evaluations["arch"].tolist() == whole.evaluations["arch"].tolist()
    assert whole.record.versions["optuna"] == optuna.__version__


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [("tpe", "optuna", "baselines"), ("gp", "optuna", "baselines,torch")],
)
def test_without_optuna_one_line_says_what_to_install(
    nasbench201: SearchSpace, monkeypatch: pytest.MonkeyPatch, name: str, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError) as caught:
        _made(nasbench201, name=name)
    assert str(caught.value) == (
        f"Algorithm '{name}' cannot run here: {package} is not installed. "
        f'Install it with: pip install "hwnas[{extra}]".'
    )


def test_without_torch_gp_says_what_to_install(
    nasbench201: SearchSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"'gp' cannot run here: torch is not installed"):
        _made(nasbench201, name="gp")


def _begun(space: SearchSpace, tell: Callable[[np.ndarray], Told]) -> np.ndarray:
    """What GP asks when it has learned from what it drew at random, shape ``(3, n_genes)``."""
    algorithm = _made(space, n_objectives=2, name="gp")
    first = algorithm.ask(12)
    for genotype in first:
        algorithm.tell(tell(genotype[None]))
    asked = np.concatenate([algorithm.ask(2), algorithm.ask(1)])
    classes = space.canonical_genotypes(np.concatenate([first, asked]))
    assert len(np.unique(classes, axis=0)) == len(classes) == 15
    return asked


@pytest.mark.long
@_NEEDS_TORCH
@pytest.mark.parametrize("n_limits", [0, 1])
def test_gp_suggests_new_architectures_and_the_same_for_the_same_seed(
    nasbench201: SearchSpace, n_limits: int
) -> None:
    def tell(genotypes: np.ndarray) -> Told:
        part = told(genotypes, conflict(genotypes), (genotypes[:, 0] == 0).astype(float))
        status = part.status if n_limits else np.array(["done"])
        ends, violation = part.lower, part.violation[:, :n_limits]
        return Told(genotypes, part.values, ends, ends, violation, status)

    np.testing.assert_array_equal(_begun(nasbench201, tell), _begun(nasbench201, tell))


@pytest.mark.long
@_NEEDS_TORCH
def test_gp_is_far_ahead_of_random_search_after_30_evaluations(nasbench201: SearchSpace) -> None:
    gp, random = (
        squares(searched(_made(nasbench201, 0, 1, name), nasbench201, squares, 30, 1)).min()
        for name in ("gp", "random")
    )
    assert gp < 0.5 * random
