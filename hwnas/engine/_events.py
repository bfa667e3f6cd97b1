"""What passed between search and algorithm, as a chain of events whose digests build on each other.

An event's digest is that of all that was stored up to it, so what was changed is seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from hwnas.engine.trials import Ask, Results, Trials

ASK, TOLD = "ask", "told"
"""Kinds of events."""


def ask_digest(
    previous: str,
    number: int,
    trials: Sequence[int],
    archs: Sequence[str],
    fidelity: float | None = None,
) -> str:
    """SHA-256 over an ask and the digest before it.

    Args:
        previous: The digest before it; empty for the first event.
        number: Which ask it is, from 1.
        trials: Trial of each architecture that it asked for.
        archs: Published strings of those that were new.
        fidelity: At which these were asked for; None where there are none.
    """
    told: tuple[Any, ...] = number, list(trials), list(archs)
    if archs and fidelity is not None:
        told = (*told, float(fidelity))
    return hashlib.sha256(f"{previous}{ASK}{told!r}".encode()).hexdigest()


def told_digest(
    previous: str, number: int, rows: Sequence[int], trials: Sequence[int], results: Results
) -> str:
    """SHA-256 over what was told, the trials finished for it, and the digest before it.

    Args:
        previous: The digest before it.
        number: Of which ask.
        rows: Places in that ask.
        trials: The trials that were finished for it.
        results: How.
    """
    told = number, list(rows), list(trials), results.status.tolist(), results.error.tolist()
    digest = hashlib.sha256(f"{previous}{TOLD}{told!r}".encode())
    for numbers in (results.violation, results.values):
        # There are many bit patterns for NaN, and two for 0; SQLite keeps one of each at most.
        digest.update((np.where(np.isnan(numbers), np.nan, numbers) + 0.0).tobytes())
    return digest.hexdigest()


def replay(trials: Trials, events: Sequence[Sequence[Any]]) -> tuple[tuple[Ask, ...], str]:
    """The asks that events tell of, and the last digest.

    Args:
        trials: The stored trials.
        events: ``(seq, kind, ask, detail, digest)`` of each, in order.

    Raises:
        ValueError: What is stored of an event is not what its digest was made of.
    """
    asks: list[Ask] = []
    finished: set[int] = set()
    n_trials, digest = 0, ""
    for seq, kind, number, detail, expected in events:
        places = tuple(json.loads(detail))
        if kind == ASK:
            new = np.flatnonzero(trials.ask == number)
            archs = [trials.archs[row] for row in new]
            n_trials += len(new)
            digest = ask_digest(digest, number, places, archs, _one(trials.fidelity[new]))
            asks.append(Ask(places))
        else:
            told = dict.fromkeys(asks[-1].trials[place] for place in places)
            new = np.array([each for each in told if each not in finished], dtype=int)
            finished.update(told)
            results = trials.results.part(new)
            digest = told_digest(digest, number, places, new.tolist(), results)
            asks[-1] = Ask(asks[-1].trials, (*asks[-1].told, places))
        if digest != expected or number != len(asks):
            raise ValueError(f"event {seq} was changed")
    if n_trials != len(trials) or finished != set(np.flatnonzero(trials.results.is_finished)):
        raise ValueError("events are missing")
    return tuple(asks), digest


def _one(fidelities: np.ndarray) -> float | None:
    """The fidelity that the new trials of an ask share; None where there is none.

    Raises:
        ValueError: They are several.
    """
    found = set(fidelities[~np.isnan(fidelities)].tolist())
    if len(found) > 1 or (found and np.isnan(fidelities).any()):
        raise ValueError("an ask is of several fidelities")
    return found.pop() if found else None
