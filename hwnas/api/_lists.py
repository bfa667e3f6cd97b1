"""What is registered, in words for help texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hwnas.algorithms import ALGORITHMS, receiving, summary
from hwnas.choose import METHODS
from hwnas.core.quantity import QUANTITIES
from hwnas.objectives import SOURCES
from hwnas.objectives.devices import device_names
from hwnas.objectives.evaluated import SOURCE as EVALUATE
from hwnas.objectives.scored import scored_names
from hwnas.objectives.simple import COUNTED
from hwnas.spaces import SPACES


def listed(place: str) -> str:
    """The words that stand for a place in a help text, such as ``{algorithms}``.

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


def _summaries() -> str:
    def line(name: str) -> str:
        start = ALGORITHMS[name].default_warm_start
        begins = f" (begins with {start} by default)" if start else ""
        return f"{name}: {summary(name).replace('``', '')}{begins}."

    return " ".join(map(line, ALGORITHMS))


def _predicted() -> str:
    names = [each.name for each in QUANTITIES.values() if each.name not in COUNTED]
    return f"{', '.join(names[:-1])} or {names[-1]}"


_LISTS: dict[str, Callable[[], str]] = {
    "{algorithms}": lambda: "|".join(ALGORITHMS),
    "{algorithm summaries}": _summaries,
    "{least populations}": lambda: ", ".join(
        f"{ALGORITHMS[name].least_population} of {name}" for name in ALGORITHMS
    ),
    "{receiving}": lambda: ", ".join(receiving()),
    "{sources}": lambda: "|".join(name for name in SOURCES if name != EVALUATE),
    "{methods}": lambda: "|".join(METHODS),
    "{quantities}": _predicted,
}
