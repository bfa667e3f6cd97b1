"""Backends that measure: which there are, and whether they can run here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hwnas.core.arguments import must_be
from hwnas.measure.backends import BACKENDS, Backend, in_words, load_backend

__all__ = ["BackendStatus", "backend_of", "backend_statuses", "in_words", "load_backend"]


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """Whether a backend can run here.

    Args:
        name: Its name.
        title: What it is, in one line.
        why_not: Why it cannot run here and what would help; None if it can.
        settings: What it says of itself where it can run.
    """

    name: str
    title: str
    why_not: str | None
    settings: dict[str, Any]


def backend_of(backend: str | Backend) -> Backend:
    """A backend by its name, or one that was made.

    Raises:
        ArgumentError: It is neither.
        UnknownNameError: There is no such backend.
    """
    if isinstance(backend, str):
        return load_backend(backend)
    if not callable(getattr(backend, "why_not", None)):
        raise must_be("backend", "a backend or its name", backend)
    return backend


def backend_statuses() -> list[BackendStatus]:
    """Every backend, and whether it can run here."""
    return [_status(name) for name in BACKENDS]


def _status(name: str) -> BackendStatus:
    backend = load_backend(name)
    title = (BACKENDS[name].__doc__ or "").strip().partition("\n")[0].rstrip(".")
    reason = backend.why_not()
    return BackendStatus(name, title, reason, {} if reason else backend.describe())
