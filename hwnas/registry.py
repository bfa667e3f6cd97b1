"""Names to things, found by themselves: in modules of this package, then entry points of others."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from hwnas.errors import ConfigError, known_name

T = TypeVar("T")


class Registry(Generic[T]):
    """A table of named things of one kind, filled on first use.

    Args:
        kind: What the things are, for messages: ``"search space"``.
        package: Package whose modules register them when imported; modules whose name begins
            with an underscore are skipped. Empty for none.
        group: Entry-point group through which other distributions add theirs.
        see: Command that lists what is known, for messages.
        modules: Modules elsewhere that register them when imported.
    """

    def __init__(
        self,
        kind: str,
        package: str = "",
        group: str = "",
        see: str = "",
        modules: Sequence[str] = (),
    ) -> None:
        self.kind = kind
        self._package = package
        self._group = group
        self._see = see
        self._modules = tuple(modules)
        self._things: dict[str, T] = {}
        self._is_loaded = self._is_loading = False
        self._lock = threading.RLock()

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
        # Threads that ask while another one loads must not find half of the things.
        with self._lock:
            if self._is_loading:
                return
            self._is_loading = True
            try:
                for module in (*self._package_modules(), *self._modules):
                    importlib.import_module(module)
                for point in entry_points(group=self._group):
                    self.register(point.name)(point.load())
                self._is_loaded = True
            finally:
                self._is_loading = False

    def _package_modules(self) -> Iterator[str]:
        if self._package:
            package = importlib.import_module(self._package)
            for module in pkgutil.iter_modules(package.__path__):
                if not module.name.startswith("_"):
                    yield f"{self._package}.{module.name}"

    def __getitem__(self, name: str) -> T:
        """The thing called ``name``, capitals, spaces, ``-`` and ``_`` aside.

        Raises:
            ArgumentError: ``name`` is no text.
            UnknownNameError: There is none.
            ConfigError: There are several of a name that folds to this one.
        """
        return self._things[self.name_of(name)]

    def name_of(self, name: str) -> str:
        """The one name under which files hold the thing that is called ``name``; see above."""
        self._load()
        return known_name(self.kind, name, self._things, self._see)

    def __contains__(self, name: object) -> bool:
        """Whether there is a thing called just ``name``."""
        self._load()
        return isinstance(name, str) and name in self._things

    def __iter__(self) -> Iterator[str]:
        """Names in alphabetical order."""
        self._load()
        return iter(sorted(self._things))

    def values(self) -> list[T]:
        """The things, in alphabetical order of their names."""
        return [self[name] for name in self]
