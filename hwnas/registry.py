"""Names to things, found by themselves: modules of a package, then entry points of others."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from hwnas.errors import ConfigError, UnknownNameError

T = TypeVar("T")


class Registry(Generic[T]):
    """A table of named things of one kind, filled on first use.

    Args:
        kind: What the things are, for messages: ``"search space"``.
        package: Package whose modules register them when imported; modules whose name begins
            with an underscore are skipped. A module that registers them itself will do.
        group: Entry-point group through which other distributions add theirs.
        see: Command that lists what is known, for messages.
    """

    def __init__(self, kind: str, package: str, group: str, see: str = "") -> None:
        self.kind = kind
        self._package = package
        self._group = group
        self._see = see
        self._things: dict[str, T] = {}
        self._is_loaded = False

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that adds a thing under ``name``.

        Raises:
            ConfigError: The name is taken by something else.
        """

        def add(thing: T) -> T:
            if name in self._things and self._things[name] is not thing:
                raise ConfigError(f"{self.kind} '{name}' is registered twice; choose another name.")
            self._things[name] = thing
            return thing

        return add

    def _load(self) -> None:
        if self._is_loaded:
            return
        self._is_loaded = True
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(getattr(package, "__path__", ())):
            if not module.name.startswith("_"):
                importlib.import_module(f"{self._package}.{module.name}")
        for point in entry_points(group=self._group):
            self.register(point.name)(point.load())

    def __getitem__(self, name: str) -> T:
        """The thing called ``name``.

        Raises:
            UnknownNameError: There is none.
        """
        self._load()
        if name not in self._things:
            raise UnknownNameError(self.kind, name, self._things, self._see)
        return self._things[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is a thing called ``name``."""
        self._load()
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        """Names in alphabetical order."""
        self._load()
        return iter(sorted(self._things))

    def values(self) -> list[T]:
        """The things, in alphabetical order of their names."""
        return [self[name] for name in self]
