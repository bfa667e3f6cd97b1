"""Settings that cannot be are refused before anything is touched."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hwnas.algorithms import ALGORITHMS
from hwnas.config import SearchConfig
from hwnas.errors import ConfigError


def _config(**settings: Any) -> SearchConfig:
    return SearchConfig(space="nasbench201", dataset="cifar10", **settings)


@pytest.mark.parametrize(
    ("name", "value", "least"),
    [
        ("population", 3, 4),
        ("population", 0, 4),
        ("generations", 0, 1),
        ("generations", -1, 1),
        ("budget", 0, 1),
        ("budget", -3, 1),
        ("seed", -1, 0),
    ],
)
def test_numbers_that_are_too_small_are_refused(name: str, value: int, least: int) -> None:
    with pytest.raises(ConfigError, match=rf"^{name} must be at least {least}; got {value}\.$"):
        _config(**{name: value})


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_the_least_population_is_what_the_algorithm_declares(algorithm: str) -> None:
    least = ALGORITHMS[algorithm].least_population
    assert _config(algorithm=algorithm, population=least).population == least
    with pytest.raises(ConfigError, match=f"population must be at least {least}; got {least - 1}"):
        _config(algorithm=algorithm, population=least - 1)


@pytest.mark.parametrize("name", ["population", "generations", "budget", "seed"])
@pytest.mark.parametrize("value", [2.5, 10.0, math.nan, "10"])
def test_what_is_no_whole_number_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"^{name} must be a whole number; got {value!r}\.$"):
        _config(**{name: value})


@pytest.mark.parametrize("name", ["population", "seed"])
def test_population_and_seed_must_be_given(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{name} must be a whole number; got None\.$"):
        _config(**{name: None})


def test_the_smallest_numbers_are_taken() -> None:
    config = _config(population=4, generations=1, budget=1, seed=0)
    assert (config.population, config.generations, config.budget, config.seed) == (4, 1, 1, 0)


def test_integers_of_numpy_become_plain() -> None:
    assert type(_config(seed=np.int64(7)).seed) is int


def test_a_search_without_an_end_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"A search must end: give generations, a budget, a time"):
        _config(generations=None)


def test_no_objective_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"needs at least one objective; got none"):
        _config(objectives=())


def test_an_objective_named_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Each objective counts once; latency is twice"):
        _config(objectives=("latency", "accuracy", "latency"))


@pytest.mark.parametrize("power_w", [0.0, -5.0, math.nan, math.inf])
def test_power_that_is_no_positive_number_is_refused(power_w: float) -> None:
    with pytest.raises(ConfigError, match=r"power_w= must be a positive number of watts; got"):
        _config(power_w=power_w)


def test_settings_are_as_json_has_them() -> None:
    settings = _config(objectives=("latency",), constraints=("params <= 5",)).as_dict()
    assert settings["objectives"] == ["latency"]
    assert settings["constraints"] == ["params <= 5"]
    assert settings["generations"] == 50
