"""Runs of schema 1, of hwnas up to 0.1: whole generations, one violation over all limits."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence

import numpy as np

from hwnas.engine.trials import Ask, History, Results, Trials

SCHEMA = 1
_KEYS = ("generation", "arch", "violation")


def history(database: sqlite3.Connection, columns: Sequence[str], limits: Sequence[str]) -> History:
    """What a file of schema 1 holds; limits broken are known together only, and so not told.

    Raises:
        sqlite3.DatabaseError: It is of other columns, or not what was stored.
    """
    numbers = [f"{name}{end}" for name in columns for end in ("", "_lower", "_upper")]
    names = ", ".join(f'"{name}"' for name in (*_KEYS, *numbers))
    rows = database.execute(f"SELECT {names} FROM evaluations ORDER BY seq").fetchall()
    closings = database.execute("SELECT * FROM generations ORDER BY generation").fetchall()
    generation = np.array([row[0] for row in rows], dtype=np.int64)
    archs = tuple(row[1] for row in rows)
    violation = np.array([row[2] for row in rows], dtype=float)
    values = np.array([row[3:] for row in rows], dtype=float).reshape(len(rows), len(columns), 3)
    asks, digest, first = [], "", 0
    for number, n_evaluated, hypervolume, expected in closings:
        part = slice(first, n_evaluated)
        told = (number, n_evaluated, hypervolume, archs[part])
        chain = hashlib.sha256(f"{digest}{told!r}".encode())
        chain.update(generation[part].tobytes())
        chain.update(violation[part].tobytes())
        chain.update(np.where(np.isnan(values[part]), np.nan, values[part]).tobytes())
        digest = chain.hexdigest()
        if digest != expected:
            raise sqlite3.DatabaseError(f"generation {number} was changed")
        trials = tuple(range(first, n_evaluated))
        asks.append(Ask(trials, (tuple(range(len(trials))),)))
        first = n_evaluated
    if first != len(rows):
        raise sqlite3.DatabaseError("generations are missing")
    results = Results.blank(len(rows), len(columns), len(limits))
    results.values[:] = values
    results.status[:] = np.where(violation == 0, "done", "infeasible")
    no_fidelity = np.full(len(rows), np.nan)
    return History(Trials(archs, generation, results, no_fidelity), tuple(asks))
