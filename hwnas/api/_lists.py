"""What is registered, in words for help texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from hwnas.algorithms import ALGORITHMS, needs_fidelities, receiving, summary
from hwnas.choose import METHODS
from hwnas.core.quantity import QUANTITIES
from hwnas.core.words import joined
from hwnas.objectives import SOURCES
from hwnas.objectives.devices import device_names
from hwnas.objectives.evaluated import SOURCE as EVALUATE
from hwnas.objectives.scored import scored_names
from hwnas.objectives.simple import COUNTED
from hwnas.spaces import SPACES


def listed(place: str) -> str:
    """The words that stand for a place in a help text, such as ``{sources}``.

    Raises:
        KeyError: There is no such place.
    """
    return _LISTS[place]()


def names(kind: str) -> list[str]:
    """Names of all things of a kind that a command line can have.

    Args:
        kind: ``"space"``, ``"dataset"``, ``"device"``, ``"quantity"``, ``"algorithm"`` or
            ``"table"``.

    Raises:
        KeyError: There is no such kind.
    """
    return sorted(set(_NAMES[kind]()))


def summaries(kind: str) -> list[tuple[str, str]]:
    """Names of all things of a kind, each with what it is.

    Args:
        kind: ``"algorithm"``.

    Raises:
        KeyError: There is no such kind.
    """
    return _SUMMARIES[kind]()


def _algorithms() -> list[tuple[str, str]]:
    return [(name, f"{'; '.join(_traits(name))}.") for name in ALGORITHMS]


def _traits(name: str) -> Iterator[str]:
    """What an algorithm is, and what to know before it is named."""
    kind = ALGORITHMS[name]
    yield summary(name).replace("``", "")
    if kind.default_warm_start:
        yield f"begins with {kind.default_warm_start} by default"
    if needs_fidelities(kind):
        yield "in Python alone, with fidelities"


_SUMMARIES: dict[str, Callable[[], list[tuple[str, str]]]] = {"algorithm": _algorithms}


def _least_populations() -> str:
    """The smallest populations, of what needs more than 1, the largest first."""
    needed: dict[int, list[str]] = {}
    for name in ALGORITHMS:
        needed.setdefault(ALGORITHMS[name].least_population, []).append(name)
    return "; ".join(
        f"{least} of {joined(needed[least])}" for least in sorted(needed, reverse=True) if least > 1
    )


def _tables() -> list[str]:
    from hwnas.tables.catalogue import catalogue

    return [entry.name for entry in catalogue()]


_NAMES: dict[str, Callable[[], Iterable[str]]] = {
    "space": lambda: SPACES,
    "dataset": lambda: [name for each in SPACES.values() for name in each.datasets],
    "device": device_names,
    "quantity": lambda: [*QUANTITIES, *scored_names()],
    "algorithm": lambda: ALGORITHMS,
    "table": _tables,
}


def _predicted() -> str:
    names = [each.name for each in QUANTITIES.values() if each.name not in COUNTED]
    return f"{', '.join(names[:-1])} or {names[-1]}"


_LISTS: dict[str, Callable[[], str]] = {
    "{least populations}": _least_populations,
    "{receiving}": lambda: ", ".join(receiving()),
    "{sources}": lambda: "|".join(name for name in SOURCES if name != EVALUATE),
    "{methods}": lambda: "|".join(METHODS),
    "{quantities}": _predicted,
}
