"""What a proxy is, and the table of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hwnas._names import same
from hwnas.core.quantity import Direction
from hwnas.core.words import joined
from hwnas.errors import ConfigError
from hwnas.proxies._readings import Reading, UndefinedScore
from hwnas.proxies.voting import VOTE, VOTERS
from hwnas.registry import Registry

__all__ = ["PROXIES", "Proxy", "UndefinedScore", "proxies_named", "proxy"]

if TYPE_CHECKING:
    from hwnas.proxies._passes import Passes


@dataclass(frozen=True, slots=True)
class Proxy:
    """A zero-cost proxy.

    Args:
        name: Name of its values.
        function: Takes the passes, returns the value; may raise ``UndefinedScore``.
        reads: What it reads of the shared passes; a proxy that runs passes of its own with
            ``Passes.run`` reads nothing.
        direction: Which end promises the better network: ``"max"``, as the papers rank by
            accuracy, or ``"min"``, where small is robust.
    """

    name: str
    function: Callable[[Passes], float]
    reads: tuple[Reading, ...] = ()
    direction: Direction = "max"

    @property
    def doc(self) -> str:
        """Definition, paper and departures: the function's docstring."""
        return self.function.__doc__ or ""


PROXIES: Registry[Proxy] = Registry("proxy", "hwnas.proxies", "hwnas.proxies")


def proxies_named(names: Iterable[str] | None) -> list[Proxy]:
    """The proxies of these names, all by default.

    Raises:
        UnknownNameError: There is no such proxy.
        ConfigError: It is one text, or ``vote``, which is no number of one network.
    """
    if isinstance(names, str):
        raise ConfigError(f"Proxies must be a list of names; got the text {names!r}.")
    chosen = list(PROXIES if names is None else names)
    if any(isinstance(name, str) and same(name, [VOTE]) for name in chosen):
        raise ConfigError(
            f"'{VOTE}' is no proxy of one network: it is a mean rank among architectures, by "
            f"{joined(VOTERS)}. Predict it, or search by it as an objective."
        )
    return [PROXIES[name] for name in chosen]


def proxy(
    *reads: Reading, direction: Direction = "max"
) -> Callable[[Callable[[Passes], float]], Callable[[Passes], float]]:
    """Decorator that registers a function as the proxy of its name.

    Args:
        *reads: What it reads of the shared passes.
        direction: Which end promises the better network, ``"max"`` or ``"min"``.

    Raises:
        ConfigError: The name is taken.
    """

    def add(function: Callable[[Passes], float]) -> Callable[[Passes], float]:
        PROXIES.register(function.__name__)(Proxy(function.__name__, function, reads, direction))
        return function

    return add
