"""Every evaluation of a run, in order, in one SQLite file: one transaction a generation."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwnas.errors import RunError, StorageError

SCHEMA = 1
ENDS = ("", "_lower", "_upper")


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Architectures that were evaluated, in the order asked.

    Args:
        archs: Published strings of ``n_archs`` canonical architectures.
        generation: Generation in which each was first asked, from 1, shape ``(n_archs,)``.
        violation: Shape ``(n_archs,)``, 0 where feasible.
        values: Shape ``(n_archs, n_columns, 3)``: value, lower and upper end; NaN for unknown.
    """

    archs: tuple[str, ...]
    generation: np.ndarray
    violation: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.archs)


@dataclass(frozen=True, slots=True)
class Generation:
    """A finished generation.

    Args:
        number: From 1.
        n_evaluated: Distinct architectures evaluated so far.
        hypervolume: Of the feasible ones so far, normalised; None while there are none.
    """

    number: int
    n_evaluated: int
    hypervolume: float | None


class Store:
    """The SQLite file of a run.

    Args:
        path: Where it lies; made if it does not exist.
        columns: Names of the columns, with their units.

    Raises:
        RunError: The file is damaged, or of other columns.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path = path
        self.columns = tuple(columns)
        self._fields = [f'"{name}{end}"' for name in columns for end in ENDS]
        try:
            self._database = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as error:
            raise StorageError(f"{path} must be writable; {error}.") from error
        with self._guard():
            # A killed process loses nothing it committed; only a power cut could.
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._prepare()

    def _prepare(self) -> None:
        # Two steps of SQLite: a small file can be opened and still be damaged inside.
        if self._database.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("its check failed")
        declared = ", ".join(f"{field} REAL" for field in self._fields)
        with self._transaction():
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS evaluations (seq INTEGER PRIMARY KEY, "
                f"generation INTEGER, arch TEXT UNIQUE, violation REAL, {declared})"
            )
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS generations (generation INTEGER PRIMARY KEY, "
                "n_evaluated INTEGER, hypervolume REAL)"
            )
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT)"
            )
        schema = self.fact("schema")
        if schema is None:
            self._set_fact("schema", SCHEMA)
        elif schema > SCHEMA:
            raise RunError(
                f"{self._path} has schema {schema}; this version reads up to {SCHEMA}. "
                "Update hwnas."
            )

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            message = str(error)
            if "full" in message or "readonly" in message:
                raise StorageError(f"{self._path} must be writable; {message}.") from error
            raise RunError(
                f"{self._path} must be the file that hwnas search wrote; it is damaged "
                f"({message}). Start again with another --out."
            ) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _set_fact(self, name: str, value: Any) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value))
        )

    def fact(self, name: str) -> Any:
        """A fact about the run, or None."""
        with self._guard():
            row = self._database.execute(
                "SELECT value FROM facts WHERE name = ?", (name,)
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def add(self, generation: Generation, new: Evaluated, facts: dict[str, Any]) -> None:
        """Add a generation with what was new in it and what is now known, in one transaction."""
        marks = ", ".join("?" * (3 + len(self._fields)))
        names = ", ".join(["generation", "arch", "violation", *self._fields])
        rows = [
            (generation.number, arch, violation, *(None if np.isnan(v) else v for v in values))
            for arch, violation, values in zip(
                new.archs,
                new.violation.tolist(),
                new.values.reshape(len(new), -1).tolist(),
                strict=True,
            )
        ]
        with self._guard(), self._transaction():
            self._database.executemany(f"INSERT INTO evaluations ({names}) VALUES ({marks})", rows)
            self._database.execute(
                "INSERT INTO generations VALUES (?, ?, ?)",
                (generation.number, generation.n_evaluated, generation.hypervolume),
            )
            for name, value in facts.items():
                self._set_fact(name, value)

    def evaluated(self) -> Evaluated:
        """Every evaluation, in the order asked."""
        names = ", ".join(["generation", "arch", "violation", *self._fields])
        with self._guard():
            rows = self._database.execute(
                f"SELECT {names} FROM evaluations ORDER BY seq"
            ).fetchall()
        values = np.array([row[3:] for row in rows], dtype=float)
        return Evaluated(
            archs=tuple(row[1] for row in rows),
            generation=np.array([row[0] for row in rows], dtype=np.int64),
            violation=np.array([row[2] for row in rows], dtype=float),
            values=values.reshape(len(rows), len(self.columns), len(ENDS)),
        )

    def generations(self) -> list[Generation]:
        """Every finished generation, in order."""
        with self._guard():
            rows = self._database.execute(
                "SELECT generation, n_evaluated, hypervolume FROM generations ORDER BY generation"
            ).fetchall()
        return [Generation(*row) for row in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
