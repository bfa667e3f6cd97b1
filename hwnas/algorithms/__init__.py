"""What a search algorithm is: it proposes genotypes and listens to what they are worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from hwnas.core.forms import Forms
from hwnas.core.limits import Limit
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.errors import ShapeError
from hwnas.registry import Registry

CANNOT_RUN = 1e9
"""Further from feasible than what breaks all limits: the distance of what has no value."""


@dataclass(frozen=True, eq=False)
class Told:
    """What architectures turned out to be worth.

    Args:
        genotypes: As they were asked, shape ``(n_archs, n_genes)``.
        values: Shape ``(n_archs, n_objectives)``, all minimised; NaN where unknown.
        lower: Lower ends of their 90 % intervals, same shape; NaN where there is none.
        upper: Upper ends.
        violation: How far each limit is broken, relative to its bound, shape ``(n_archs,
            n_limits)``; infinite where the limited value is unknown, NaN where it was not
            evaluated, as another limit had been broken.
        status: Shape ``(n_archs,)``: ``done``, ``infeasible``, ``unknown`` or ``failed``; see
            ``hwnas.objectives.evaluation.Status``.

    Raises:
        ShapeError: The arrays disagree on ``n_archs``.
    """

    genotypes: np.ndarray
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    violation: np.ndarray
    status: np.ndarray

    def __post_init__(self) -> None:
        lengths = {name: len(array) for name, array in vars(self).items()}
        if len(set(lengths.values())) > 1:
            raise ShapeError(f"What is told must have n_archs rows each; got {lengths}.")

    def __len__(self) -> int:
        return len(self.genotypes)

    @cached_property
    def is_feasible(self) -> np.ndarray:
        """Which have all values and keep all limits, booleans of shape ``(n_archs,)``."""
        return np.asarray(self.status == "done")

    @cached_property
    def distance(self) -> np.ndarray:
        """How far from feasible, shape ``(n_archs,)``: 0 where it is.

        A relative violation ``v`` counts ``v / (1 + v)``, less than 1, so that no limit drowns the
        others, on whatever scale it is broken. A limit that was spared counts 1: what keeps those
        of cheap stages is nearer than what does not. What failed or has no value is further away
        than both.
        """
        has_value = np.isfinite(self.violation)
        broken = np.where(has_value, self.violation, 0.0)
        share = np.where(np.isnan(self.violation), 1.0, CANNOT_RUN)
        share = np.where(has_value, broken / (1 + broken), share)
        has_values = np.isin(self.status, ("done", "infeasible"))
        return np.where(has_values, share.sum(axis=1), CANNOT_RUN)


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What every algorithm is built from.

    Args:
        space: Search space.
        n_objectives: How many objectives there are.
        population: Architectures in a generation.
        seed: Seed of its random numbers.
        initial: Genotypes to propose first, valid and each class once, shape ``(population,
            n_genes)``; None to choose freely.
        forms: Canonical forms that are known already; None where there are none.
        n_classes: How many functional classes the space has; None if that is not known.
        fidelities: At which architectures can be evaluated, rising, the last in full; empty where
            there is but the one way.
        objectives: What each objective's values are; empty where that is not told.
        limits: What must hold, in the order in which violations are told.
        free: Tells what costs nothing of canonical genotypes ``(n_archs, n_genes)``, as if they
            had been evaluated: NaN for objectives, and for violations of limits, that cost an
            evaluation. None where nothing is known for free.
    """

    space: SearchSpace
    n_objectives: int
    population: int
    seed: int
    initial: np.ndarray | None = None
    forms: Forms | None = None
    n_classes: int | None = None
    fidelities: tuple[float, ...] = ()
    objectives: tuple[ObjectiveSpec, ...] = ()
    limits: tuple[Limit, ...] = ()
    free: Callable[[np.ndarray], Told] | None = None

    def may_be_feasible(self, genotypes: np.ndarray) -> np.ndarray:
        """Which nothing rules out that is known for free, booleans of shape ``(n_archs,)``.

        Args:
            genotypes: Canonical, shape ``(n_archs, n_genes)``.
        """
        if self.free is None:
            return np.ones(len(genotypes), dtype=bool)
        known = self.free(genotypes)
        # Of what costs, violations are not known; a value that is missing breaks all limits.
        keeps_limits = np.nan_to_num(known.violation, nan=0.0, posinf=np.inf).sum(axis=1) == 0
        return np.asarray(keeps_limits & (known.status != "unknown"))


class Algorithm(Protocol):
    """Ask for genotypes, tell what they are worth, again and again.

    The first line of a class's docstring describes it in the command line's help.

    One that at some time has evaluated all that it would, and asks for no more, says so by a class
    attribute ``ends_by_itself``: a search that is told no end then has none. One that keeps a
    population may have a method ``immigrate``, see ``Receiving``, and can then live on islands.

    One that needs packages which hwnas does not require names them in a class attribute
    ``packages``; a run notes their versions.

    One that evaluates at fidelities has two attributes more: ``needs_fidelities``, which is true of
    the class, and ``fidelity``, that at which what it asked last is to be evaluated.

    Attributes:
        least_population: The smallest population that it works with.
        default_warm_start: What it begins with if nothing else is said, such as ``"nwot:1000"``;
            None to choose freely.
    """

    least_population: ClassVar[int]
    default_warm_start: ClassVar[str | None]

    def __init__(self, setting: Setting) -> None: ...

    def ask(self, n: int) -> np.ndarray:
        """Genotypes to value next, shape ``(n_archs, n_genes)``.

        Args:
            n: How many at most; fewer where a generation ends. None means that it has no more.

        Raises:
            StateError: It must be told of what it asked before it can go on.
        """
        ...

    def tell(self, told: Told) -> None:
        """Hear about some of what was asked, in whatever order and portions.

        Raises:
            StateError: One of them was not asked.
        """
        ...


@runtime_checkable
class Receiving(Protocol):
    """An algorithm whose population takes in others."""

    def immigrate(self, told: Told) -> None:
        """Take in what was told elsewhere, when all that was asked is told and before the next ask.

        What of the population makes room is for the algorithm to say.
        """
        ...


ALGORITHMS: Registry[type[Algorithm]] = Registry(
    "algorithm", "hwnas.algorithms", "hwnas.algorithms"
)


def ends_by_itself(algorithm: type[Algorithm]) -> bool:
    """Whether an algorithm stops asking when it has evaluated all that it would."""
    return bool(getattr(algorithm, "ends_by_itself", False))


def receiving() -> list[str]:
    """Names of the algorithms that can live on islands, in alphabetical order."""
    return [name for name in ALGORITHMS if issubclass(ALGORITHMS[name], Receiving)]


def packages_of(algorithm: type[Algorithm]) -> tuple[str, ...]:
    """Packages that an algorithm needs and hwnas does not require."""
    return tuple(getattr(algorithm, "packages", ()))


def fidelity_of(algorithm: Algorithm, fidelities: Sequence[float]) -> float | None:
    """The fidelity at which what an algorithm asked last is to be evaluated.

    Args:
        algorithm: Which; one that knows no fidelities has all evaluated in full.
        fidelities: Those there are, rising.

    Returns:
        One of them; None where there are none.
    """
    if not fidelities:
        return None
    return getattr(algorithm, "fidelity", None) or fidelities[-1]


def needs_fidelities(algorithm: type[Algorithm]) -> bool:
    """Whether an algorithm can do nothing without fidelities."""
    return bool(getattr(algorithm, "needs_fidelities", False))


def usual_algorithm(is_free: bool, has_fidelities: bool = False) -> str:
    """The algorithm where none is named.

    Args:
        is_free: Whether all values are counted, predicted or looked up.
        has_fidelities: Whether it can evaluate at lower fidelities than in full.
    """
    if has_fidelities:
        return "hyperband"
    return "nsga2" if is_free else "surrogate"


def summary(name: str) -> str:
    """What an algorithm is, in one line.

    Raises:
        UnknownNameError: There is no such algorithm.
    """
    text = (ALGORITHMS[name].__doc__ or "").strip()
    return text.partition("\n")[0].rstrip(".")
