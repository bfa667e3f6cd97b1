"""Every trial of a run and what passed between search and algorithm, in one SQLite file.

Each event carries a digest of all that was stored up to it: what was changed from outside is seen
even where SQLite would read it without complaint. How long trials took, and who evaluated them, is
no part of it, so that runs of the same seed are the same.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hwnas.engine import schema1
from hwnas.engine._events import ASK, TOLD, ask_digest, replay, told_digest
from hwnas.engine._sqlite import damaged, guarded
from hwnas.engine.trials import History, Results, Trials
from hwnas.errors import ConfigError, RunError

SCHEMA = 3
_WITHOUT = 2
"""Runs without fidelities are written as before there were any: they lack that column alone."""
ENDS = ("", "_lower", "_upper")
_KEYS = ("seq", "ask", "arch", "status", "seconds", "worker", "error")
_FIDELITY = "fidelity"
_TAKEN = {"generation", "violation", "feasible", _FIDELITY, *_KEYS}
_EVENT = ("seq", "kind", "ask", "detail", "digest")


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
        limits: The limits, as they are printed.
        has_fidelities: Whether a new file is to tell at which fidelity each trial was.

    Raises:
        RunError: The file is damaged, of other columns, or of another schema.
        StorageError: It cannot be opened or written.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[str],
        limits: Sequence[str] = (),
        has_fidelities: bool = False,
    ) -> None:
        self._has_fidelities = has_fidelities
        self._path = path
        self._columns, self._limits = tuple(columns), tuple(limits)
        # With a blank in it, it is no name that an objective can have.
        self._numbers = (
            *(f"violation of {limit}" for limit in limits),
            *(f"{name}{end}" for name in columns for end in ENDS),
        )
        self._digest = ""
        self._n_trials = 0
        self._is_writing = False
        with guarded(self._path):
            self._database = sqlite3.connect(path, isolation_level=None)
        try:
            with guarded(self._path):
                self._check()
        except BaseException:
            self._database.close()
            raise

    def _check(self) -> None:
        """See that the file is whole and holds these columns, without writing to it."""
        (self.schema,) = self._database.execute("PRAGMA user_version").fetchone()
        if self.schema > SCHEMA:
            raise RunError(
                f"{self._path} has schema {self.schema}; this version reads up to {SCHEMA}. "
                "Update hwnas."
            )
        # Two steps of SQLite: a small file can be opened and still be damaged inside.
        if self._database.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("its check failed")
        (n_things,) = self._database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        self._is_new = (self.schema, n_things) == (0, 0)
        if self._is_new or self.schema == schema1.SCHEMA:
            return
        self._has_fidelities = self.schema > _WITHOUT
        found = self._layout("trials"), self._layout("events")
        if self.schema < _WITHOUT or found != (self._names(), _EVENT):
            raise sqlite3.DatabaseError("its columns are others")

    def _names(self) -> tuple[str, ...]:
        """Columns of the trials."""
        return (*_KEYS, *self._numbers, *([_FIDELITY] if self._has_fidelities else []))

    def _layout(self, table: str) -> tuple[str, ...]:
        """Names of a table's columns; empty if there is no such table."""
        return tuple(row[1] for row in self._database.execute(f"PRAGMA table_info({table})"))

    def _prepare(self) -> None:
        """Make the file ready to be written."""
        if self._is_writing:
            return
        # Nothing that was committed is lost when the process is killed. A power cut can lose the
        # last trials, never the file; waiting for the disk would cost more than the search.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._is_writing = True
        if self._is_new:
            self._create()
            self._is_new = False

    def _create(self) -> None:
        numbers = "".join(f', "{name}" REAL' for name in self._names()[len(_KEYS) :])
        once = f"arch, {_FIDELITY}" if self._has_fidelities else "arch"
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute(
            "CREATE TABLE trials (seq INTEGER PRIMARY KEY, ask INTEGER, arch TEXT, "
            f"status TEXT, seconds REAL, worker TEXT, error TEXT{numbers}, UNIQUE ({once}))"
        )
        self._database.execute(
            "CREATE TABLE events (seq INTEGER PRIMARY KEY, kind TEXT, ask INTEGER, detail TEXT, "
            "digest TEXT)"
        )
        schema = SCHEMA if self._has_fidelities else _WITHOUT
        self._database.execute(f"PRAGMA user_version = {schema}")
        self._database.execute("COMMIT")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """What is added within this is stored whole or not at all.

        Raises:
            RunError: Another process writes to it.
            StorageError: It cannot be written.
        """
        before = self._digest, self._n_trials
        with guarded(self._path):
            self._prepare()
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                self._digest, self._n_trials = before
                raise
            self._database.execute("COMMIT")

    def add_ask(
        self,
        number: int,
        trials: Sequence[int],
        archs: Sequence[str],
        fidelity: float | None = None,
    ) -> None:
        """Add what an algorithm asked for, within a transaction.

        Args:
            number: Which ask it is, from 1.
            trials: Trial of each architecture that it asked for, in order.
            archs: Published strings of those that are new, in the order of their trials.
            fidelity: At which it asked for them; None where the run has none.
        """
        names = ["seq", "ask", "arch", "status", *([_FIDELITY] if self._has_fidelities else [])]
        at = [float(fidelity)] if self._has_fidelities and fidelity is not None else []
        self._database.executemany(
            f"INSERT INTO trials ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})",
            [(self._n_trials + n, number, arch, "asked", *at) for n, arch in enumerate(archs)],
        )
        self._n_trials += len(archs)
        digest = ask_digest(self._digest, number, trials, archs, fidelity)
        self._add_event(digest, ASK, number, trials)

    def add_told(
        self, number: int, rows: Sequence[int], trials: Sequence[int], results: Results
    ) -> None:
        """Add what an algorithm was told, and the trials that were finished for it, alike.

        Args:
            number: Of which ask.
            rows: Places in that ask.
            trials: The trials that were finished.
            results: How.
        """
        names = (*_KEYS[3:], *self._numbers)
        numbers = np.hstack(
            [
                results.violation,
                results.values.reshape(len(results), len(self._columns) * len(ENDS)),
            ]
        )
        cells = numbers.astype(object)
        cells[np.isnan(numbers)] = None
        seconds = [None if np.isnan(each) else each for each in results.seconds.tolist()]
        keys = zip(results.status, seconds, results.worker, results.error, strict=True)
        changed = ", ".join(f'"{name}" = ?' for name in names)
        self._database.executemany(
            f"UPDATE trials SET {changed} WHERE seq = ?",
            [(*key, *row, seq) for key, row, seq in zip(keys, cells.tolist(), trials, strict=True)],
        )
        digest = told_digest(self._digest, number, rows, trials, results)
        self._add_event(digest, TOLD, number, rows)

    def _add_event(self, digest: str, kind: str, number: int, detail: Sequence[int]) -> None:
        self._database.execute(
            "INSERT INTO events (kind, ask, detail, digest) VALUES (?, ?, ?, ?)",
            (kind, number, json.dumps(list(detail)), digest),
        )
        self._digest = digest

    def check_current(self) -> None:
        """See that the file can be written to.

        Raises:
            RunError: It is of an older version, which can only be read.
        """
        if self.schema == schema1.SCHEMA:
            raise RunError(
                f"{self._path} was written by an older version of hwnas: it can be read, not "
                "continued. Search again with another --out."
            )

    def history(self) -> History:
        """All that the store holds.

        Raises:
            RunError: It is not what was stored.
        """
        with guarded(self._path):
            if self.schema == schema1.SCHEMA:
                return schema1.history(self._database, self._columns, self._limits)
            if self._is_new:
                return History(self._trials([]), ())
            rows, events = self._rows_and_events()
            if [row[0] for row in rows] != list(range(len(rows))):
                raise damaged(self._path, "trials are missing")
            trials = self._trials(rows)
            asks, self._digest = replay(trials, events)
        self._n_trials = len(trials)
        return History(trials, asks)

    def _rows_and_events(self) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Rows of both tables as they were at one moment: a search may be writing to them."""
        names = ", ".join(f'"{name}"' for name in self._names())
        with self._database:
            self._database.execute("BEGIN")
            rows = self._database.execute(f"SELECT {names} FROM trials ORDER BY seq").fetchall()
            events = self._database.execute("SELECT * FROM events ORDER BY seq").fetchall()
        return rows, events

    def _trials(self, rows: Sequence[Sequence[Any]]) -> Trials:
        """Trials from what the file holds of them."""
        n_keys, n_limits = len(_KEYS), len(self._limits)
        numbers = np.array([row[n_keys:] for row in rows], dtype=float)
        numbers = numbers.reshape(len(rows), len(self._names()) - n_keys)
        fidelity = np.full(len(rows), np.nan)
        if self._has_fidelities:
            fidelity, numbers = numbers[:, -1], numbers[:, :-1]
        results = Results(
            status=np.array([row[3] for row in rows], dtype=object),
            violation=numbers[:, :n_limits],
            values=numbers[:, n_limits:].reshape(len(rows), len(self._columns), len(ENDS)),
            seconds=np.array([row[4] for row in rows], dtype=float),
            worker=np.array([row[5] for row in rows], dtype=object),
            error=np.array([row[6] for row in rows], dtype=object),
        )
        ask = np.array([row[1] for row in rows], dtype=np.int64)
        return Trials(tuple(row[2] for row in rows), ask, results, fidelity)

    def close(self) -> None:
        """Let go of the file, and leave it one file that can be read where nothing is written."""
        if self._is_writing:
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.close()


def read_history(path: Path, columns: Sequence[str], limits: Sequence[str] = ()) -> History:
    """What the SQLite file of a run holds.

    Raises:
        RunError: It is missing, damaged, of other columns or of a newer schema.
        StorageError: It cannot be opened.
    """
    if not path.is_file():
        raise RunError(f"{path} is missing; go on with --resume, or start again.")
    with contextlib.closing(Store(path, columns, limits)) as store:
        return store.history()
