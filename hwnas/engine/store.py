"""Every evaluation of a run, in order, in one SQLite file: one transaction a generation.

A generation carries a digest of all that was stored up to it: what was changed from outside is
seen even where SQLite would read it without complaint.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwnas.errors import ConfigError, RunError, StorageError

SCHEMA = 1
ENDS = ("", "_lower", "_upper")
_KEYS = ("generation", "arch", "violation")
_TAKEN = {"seq", "feasible", *_KEYS}
_GENERATION = ("generation", "n_evaluated", "hypervolume", "digest")
_STORAGE = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_PERM")
_SHARED = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CONSTRAINT")


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

    def part(self, start: int, end: int) -> Evaluated:
        """Those from position ``start`` up to ``end``."""
        rows = slice(start, end)
        return Evaluated(
            self.archs[rows], self.generation[rows], self.violation[rows], self.values[rows]
        )


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


@dataclass(frozen=True, slots=True)
class History:
    """All that a store holds.

    Args:
        evaluated: Every evaluation, in the order asked.
        generations: Every finished generation, in order.
    """

    evaluated: Evaluated
    generations: tuple[Generation, ...]


def check_names(columns: Sequence[str]) -> None:
    """See that columns can stand beside each other in a store.

    Raises:
        ConfigError: Two of them, their ends or the store's own columns have the same name.
    """
    seen = set(_TAKEN)
    for column in columns:
        # SQLite does not tell upper from lower case.
        fields = {f"{column}{end}".lower() for end in ENDS}
        if fields & seen:
            raise ConfigError(
                f"The objective '{column}' needs another name: '{min(fields & seen)}' is taken."
            )
        seen |= fields


class Store:
    """The SQLite file of a run.

    Args:
        path: Where it lies; made if it does not exist.
        columns: Names of the columns, with their units.

    Raises:
        RunError: The file is damaged, of other columns, or of a newer schema.
        StorageError: It cannot be opened or written.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path = path
        self._n_columns = len(columns)
        self._fields = (*_KEYS, *(f"{name}{end}" for name in columns for end in ENDS))
        self._digest = ""
        self._is_writing = False
        with self._guard():
            self._database = sqlite3.connect(path, isolation_level=None)
        try:
            with self._guard():
                self._check()
        except BaseException:
            self._database.close()
            raise

    def _check(self) -> None:
        """See that the file is whole and holds these columns, without writing to it."""
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA:
            raise RunError(
                f"{self._path} has schema {version}; this version reads up to {SCHEMA}. "
                "Update hwnas."
            )
        # Two steps of SQLite: a small file can be opened and still be damaged inside.
        if self._database.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("its check failed")
        (n_things,) = self._database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        self._is_new = (version, n_things) == (0, 0)
        found = self._layout("evaluations"), self._layout("generations")
        expected = ("seq", *self._fields), _GENERATION
        if not self._is_new and (version, found) != (SCHEMA, expected):
            raise sqlite3.DatabaseError("its columns are others")

    def _layout(self, table: str) -> tuple[str, ...]:
        """Names of a table's columns; empty if there is no such table."""
        return tuple(row[1] for row in self._database.execute(f"PRAGMA table_info({table})"))

    def _prepare(self) -> None:
        """Make the file ready to be written."""
        if self._is_writing:
            return
        # Nothing that was committed is lost when the process is killed. A power cut can lose the
        # last generations, never the file; waiting for the disk would cost more than the search.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._is_writing = True
        if self._is_new:
            values = ", ".join(f'"{field}" REAL' for field in self._fields[len(_KEYS) :])
            with self._transaction():
                self._database.execute(
                    "CREATE TABLE evaluations (seq INTEGER PRIMARY KEY, generation INTEGER, "
                    f"arch TEXT UNIQUE, violation REAL, {values})"
                )
                self._database.execute(
                    "CREATE TABLE generations (generation INTEGER PRIMARY KEY, "
                    "n_evaluated INTEGER, hypervolume REAL, digest TEXT)"
                )
                self._database.execute(f"PRAGMA user_version = {SCHEMA}")
            self._is_new = False

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        """Say in one line what SQLite complains about."""
        try:
            yield
        except RunError:
            raise
        except (sqlite3.Error, ValueError, TypeError, OverflowError) as error:
            name = getattr(error, "sqlite_errorname", "")
            if name.startswith(_STORAGE):
                raise StorageError(
                    f"{self._path} must be readable and writable ({error}). Free some space or "
                    "change its permissions, then go on with --resume."
                ) from error
            if name.startswith(_SHARED):
                raise RunError(
                    f"{self._path} is in use by another process ({error}). Wait for it to end."
                ) from error
            raise self._damaged(str(error)) from error

    def _damaged(self, reason: str) -> RunError:
        return RunError(
            f"{self._path} must be the file that hwnas search wrote; it is damaged "
            f"({reason}). Start again with another --out."
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def add(self, generation: Generation, new: Evaluated) -> None:
        """Add a generation with what was new in it, in one transaction."""
        values = new.values.reshape(len(new), len(self._fields) - len(_KEYS))
        cells = values.astype(object)
        cells[np.isnan(values)] = None
        keys = zip(new.generation.tolist(), new.archs, new.violation.tolist(), strict=True)
        rows = [(*key, *row) for key, row in zip(keys, cells.tolist(), strict=True)]
        names = ", ".join(f'"{field}"' for field in self._fields)
        marks = ", ".join("?" * len(self._fields))
        digest = _digest(self._digest, generation, new)
        closing = (generation.number, generation.n_evaluated, generation.hypervolume, digest)
        with self._guard():
            self._prepare()
            with self._transaction():
                self._database.executemany(
                    f"INSERT INTO evaluations ({names}) VALUES ({marks})", rows
                )
                self._database.execute("INSERT INTO generations VALUES (?, ?, ?, ?)", closing)
        self._digest = digest

    def history(self) -> History:
        """All that the store holds.

        Raises:
            RunError: It is not what was stored.
        """
        if self._is_new:
            return History(self._evaluated([]), ())
        names = ", ".join(f'"{field}"' for field in self._fields)
        with self._guard():
            rows = self._database.execute(
                f"SELECT {names} FROM evaluations ORDER BY seq"
            ).fetchall()
            closings = self._database.execute(
                "SELECT * FROM generations ORDER BY generation"
            ).fetchall()
            evaluated = self._evaluated(rows)
            generations = tuple(Generation(*closing[:-1]) for closing in closings)
            n_seen, digest = 0, ""
            for generation, closing in zip(generations, closings, strict=True):
                new = evaluated.part(n_seen, generation.n_evaluated)
                n_seen, digest = generation.n_evaluated, _digest(digest, generation, new)
                if digest != closing[-1]:
                    raise self._damaged(f"generation {generation.number} was changed")
        if n_seen != len(evaluated):
            raise self._damaged("generations are missing")
        self._digest = digest
        return History(evaluated, generations)

    def _evaluated(self, rows: Sequence[Sequence[Any]]) -> Evaluated:
        n_keys = len(_KEYS)
        values = np.array([row[n_keys:] for row in rows], dtype=float)
        return Evaluated(
            archs=tuple(row[1] for row in rows),
            generation=np.array([row[0] for row in rows], dtype=np.int64),
            violation=np.array([row[2] for row in rows], dtype=float),
            values=values.reshape(len(rows), self._n_columns, len(ENDS)),
        )

    def close(self) -> None:
        """Let go of the file, and leave it one file that can be read where nothing is written."""
        if self._is_writing:
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.close()


def read_history(path: Path, columns: Sequence[str]) -> History:
    """What the SQLite file of a run holds.

    Raises:
        RunError: It is missing, damaged, of other columns or of a newer schema.
        StorageError: It cannot be opened.
    """
    if not path.is_file():
        raise RunError(f"{path} is missing; go on with --resume, or start again.")
    with contextlib.closing(Store(path, columns)) as store:
        return store.history()


def _digest(previous: str, generation: Generation, new: Evaluated) -> str:
    """SHA-256 over a generation, what was new in it, and the digest before it."""
    told = (generation.number, generation.n_evaluated, generation.hypervolume, new.archs)
    digest = hashlib.sha256(f"{previous}{told!r}".encode())
    digest.update(new.generation.tobytes())
    digest.update(new.violation.tobytes())
    # There are many bit patterns for NaN; SQLite keeps none of them.
    digest.update(np.where(np.isnan(new.values), np.nan, new.values).tobytes())
    return digest.hexdigest()
