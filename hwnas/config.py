"""What a search is asked for, checked before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from hwnas._names import shown
from hwnas.algorithms import ALGORITHMS, ends_by_itself, needs_fidelities
from hwnas.algorithms.islands import DEFAULT_MIGRATE, check_islands
from hwnas.core.arguments import watts, whole
from hwnas.core.quantity import DEFAULT_OBJECTIVES
from hwnas.core.residuals import limit_share
from hwnas.errors import ConfigError

DEFAULT_POPULATION = 100
DEFAULT_GENERATIONS = 50
_LEAST = {"generations": 1, "budget": 1, "seed": 0, "islands": 2, "migrate": 1}
_OPTIONAL = ("generations", "budget", "islands", "migrate")


def checked_fidelities(given: Sequence[float]) -> tuple[float, ...]:
    """Fidelities as a search has them: at least two numbers, each above the last.

    Args:
        given: Such as ``(1, 3, 9)`` epochs, the last in full.

    Raises:
        ConfigError: They are something else.
    """
    try:
        found = np.asarray(list(given))
    except (TypeError, ValueError):
        found = np.empty(0)
    is_list = found.ndim == 1 and len(found) > 1 and found.dtype.kind in "iuf"
    if not is_list or not (np.isfinite(found).all() and (np.diff(found, prepend=0) > 0).all()):
        raise ConfigError(
            "fidelities must be two or more positive numbers, each above the last, such as "
            f"(1, 3, 9); got {shown(given)}."
        )
    # Epochs are told to the user's function as the whole numbers that they are.
    return tuple(int(each) if each == int(each) else each for each in found.tolist())


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """Everything that decides a search's result.

    Args:
        space: Name of the search space.
        dataset: Name of the data set.
        options: What else the space was made of, such as ``{"cells": 5}``.
        device: Name of the device, or None.
        objectives: Quantities (``robustness@pgd-eps1`` under a condition) or own functions.
        constraints: Limits such as ``"latency_ms <= 5"``.
        limit_at: What must keep a constraint: ``"interval"``, ``"point"`` or a probability, such as
            ``"90%"``; None for as the run that is resumed has it.
        source: ``"predictor"``, ``"table"`` or ``"measure"``, perhaps for one quantity:
            ``"latency:measure"``.
        power_w: Rated power in watts from which energy is estimated, or None.
        algorithm: Name of the algorithm.
        warm_start: Proxy and number of candidates that the search begins with, such as
            ``"nwot:1000"``, or None.
        population: Architectures a generation, at least as many as the algorithm needs.
        generations: Number of generations; None for as many as the budget allows.
        budget: Distinct architectures to evaluate, at least 1; None for no limit.
        seed: Seed of the search, 0 or larger.
        fidelities: At which architectures can be evaluated, rising, the last in full; None where
            there is but the one way.
        islands: Populations that evolve side by side and share ``population``, at least 2; None for
            one that is not divided.
        migrate: Generations after which each island sends its best to the next; with islands 5
            where it is None.

    Raises:
        UnknownNameError: There is no such algorithm.
        ConfigError: A setting cannot be, or two exclude each other.
    """

    space: str
    dataset: str
    options: Mapping[str, Any] = field(default_factory=dict)
    device: str | None = None
    objectives: tuple[str, ...] = DEFAULT_OBJECTIVES
    constraints: tuple[str, ...] = ()
    limit_at: str | None = None
    source: str = "predictor"
    power_w: float | None = None
    algorithm: str = "nsga2"
    warm_start: str | None = None
    population: int = DEFAULT_POPULATION
    generations: int | None = DEFAULT_GENERATIONS
    budget: int | None = None
    seed: int = 0
    fidelities: tuple[float, ...] | None = None
    islands: int | None = None
    migrate: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "algorithm", ALGORITHMS.name_of(self.algorithm))
        least_of = {"population": ALGORITHMS[self.algorithm].least_population, **_LEAST}
        for name, least in least_of.items():
            value = getattr(self, name)
            if value is None and name in _OPTIONAL:
                continue
            # An integer of numpy's would not go into run.json.
            object.__setattr__(self, name, whole(at_least=least)(name, value))
        is_endless = self.generations is None and self.budget is None
        if is_endless and not ends_by_itself(ALGORITHMS[self.algorithm]):
            raise ConfigError(
                "A search must end: give generations, a budget, or both; got neither."
            )
        if not self.objectives:
            raise ConfigError("A search needs at least one objective; got none.")
        twice = {name for name in self.objectives if self.objectives.count(name) > 1}
        if twice:
            raise ConfigError(f"Each objective counts once; {', '.join(sorted(twice))} is twice.")
        if self.limit_at is not None:
            limit_share(self.limit_at)
        if self.power_w is not None:
            watts("power_w", self.power_w)
        self._settle_islands()
        if self.fidelities is not None:
            object.__setattr__(self, "fidelities", checked_fidelities(self.fidelities))
        elif needs_fidelities(ALGORITHMS[self.algorithm]):
            raise ConfigError(
                f"{self.algorithm} must have fidelities to evaluate at, such as "
                "fidelities=(1, 3, 9); got none. Give them with evaluate= in Python, or choose "
                "another algorithm."
            )

    def _settle_islands(self) -> None:
        if self.islands is not None:
            kind = ALGORITHMS[self.algorithm]
            check_islands(kind, self.algorithm, self.population, self.islands)
            if self.migrate is None:
                object.__setattr__(self, "migrate", DEFAULT_MIGRATE)
        elif self.migrate is not None:
            raise ConfigError(
                f"--migrate must come with islands to migrate between; got {self.migrate} and no "
                "--islands."
            )

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON has them."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
        }
