"""The SQLite file: whole transactions or none, and damage that is always seen."""

from __future__ import annotations

import contextlib
import json
import resource
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwnas.engine.store import Store, check_names, read_history
from hwnas.engine.trials import Ask, History, Results
from hwnas.errors import ConfigError, RunError, StorageError

COLUMNS = ("accuracy_pct", "latency_ms")
LIMITS = ("latency_ms <= 5",)


def _archs(first: int, n: int) -> list[str]:
    return [f"|arch~{number}|" for number in range(first, first + n)]


def _results(first: int, n: int) -> Results:
    """Results of trials from ``first`` on; every third one breaks the limit, the eighth failed."""
    numbers = np.arange(first, first + n, dtype=float)
    results = Results.blank(n, len(COLUMNS), len(LIMITS))
    results.values[:] = numbers[:, None, None] + np.arange(6.0).reshape(1, 2, 3) / 7
    results.values[:, 0, 1:] = np.nan
    results.violation[:, 0] = np.where(numbers % 3 == 0, 0.5, 0.0)
    results.status[:] = np.where(numbers % 3 == 0, "infeasible", "done")
    results.status[numbers == 8] = "failed"
    results.error[numbers == 8] = "OSError: the board is gone"
    results.seconds[:] = np.where(numbers % 2 == 0, np.nan, numbers / 3)
    return results


def _add(store: Store, number: int, n: int = 4) -> None:
    """An ask of new architectures and the first of all, told in two portions."""
    first = 4 * (number - 1)
    trials = list(range(first, first + n))
    with store.transaction():
        store.add_ask(number, [*trials, 0], _archs(first, n))
        store.add_told(number, [0, *([n] if number > 1 else [])], trials[:1], _results(first, 1))
    with store.transaction():
        store.add_told(
            number, [3, 2, 1], trials[:0:-1], _results(first, n).part(slice(None, 0, -1))
        )


def _add_and_fail(store: Store) -> None:
    store.add_ask(4, [12], _archs(12, 1))
    raise ZeroDivisionError


def _fill(path: Path, n_asks: int = 3) -> None:
    with contextlib.closing(Store(path, COLUMNS, LIMITS)) as store:
        for number in range(1, n_asks + 1):
            _add(store, number)


def _read(path: Path) -> History:
    return read_history(path, COLUMNS, LIMITS)


def _same(one: History, other: History) -> bool:
    """Whether all agrees that a digest is over: not how long trials took, and who made them."""
    left, right = one.trials, other.trials
    return (
        one.asks == other.asks
        and left.archs == right.archs
        and np.array_equal(left.ask, right.ask)
        and _same_results(left.results, replace(right.results, **_who(left.results)))
    )


def _who(results: Results) -> dict[str, np.ndarray]:
    return {"seconds": results.seconds, "worker": results.worker}


def _same_results(left: Results, right: Results) -> bool:
    words = ("status", "worker", "error")
    numbers = ("violation", "values", "seconds")
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in words) and all(
        np.array_equal(getattr(left, name), getattr(right, name), equal_nan=True)
        for name in numbers
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "run.sqlite"
    _fill(path)
    return path


def test_what_was_added_is_read_back(path: Path) -> None:
    history = _read(path)
    assert history.asks == (
        Ask((0, 1, 2, 3, 0), ((0,), (3, 2, 1))),
        Ask((4, 5, 6, 7, 0), ((0, 4), (3, 2, 1))),
        Ask((8, 9, 10, 11, 0), ((0, 4), (3, 2, 1))),
    )
    assert history.trials.archs == tuple(_archs(0, 12))
    assert history.trials.ask.tolist() == [1] * 4 + [2] * 4 + [3] * 4
    assert _same_results(history.trials.results, _results(0, 12))


def test_what_is_asked_and_not_told_is_not_finished(path: Path) -> None:
    with contextlib.closing(Store(path, COLUMNS, LIMITS)) as store:
        store.history()
        with store.transaction():
            store.add_ask(4, [12, 13], _archs(12, 2))
    history = _read(path)
    assert history.trials.results.status[-2:].tolist() == ["asked", "asked"]
    assert len(history.trials.finished()) == 12
    assert history.asks[-1] == Ask((12, 13))


def test_unknown_is_null_in_the_file(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        row = database.execute(
            "SELECT accuracy_pct, accuracy_pct_lower, latency_ms_upper, seconds, error FROM trials"
        ).fetchone()
    assert row == (0.0, None, 5 / 7, None, None)


def test_infinity_is_kept(tmp_path: Path) -> None:
    results = _results(0, 1)
    results.values[0, 1] = np.inf
    store = Store(tmp_path / "run.sqlite", COLUMNS, LIMITS)
    with contextlib.closing(store), store.transaction():
        store.add_ask(1, [0], _archs(0, 1))
        store.add_told(1, [0], [0], results)
    assert np.isposinf(_read(tmp_path / "run.sqlite").trials.results.values[0, 1]).all()


def test_an_ask_without_new_architectures_is_kept(path: Path) -> None:
    with contextlib.closing(Store(path, COLUMNS, LIMITS)) as store:
        store.history()
        with store.transaction():
            store.add_ask(4, [0, 5], [])
            store.add_told(4, [0, 1], [], _results(0, 0))
    history = _read(path)
    assert (len(history.trials), history.asks[-1]) == (12, Ask((0, 5), ((0, 1),)))


def test_a_file_that_was_closed_is_one_file(path: Path) -> None:
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert path.read_bytes()[18:20] == b"\x01\x01", "left in WAL mode: a reader would have to write"


def test_reading_changes_nothing(path: Path) -> None:
    before = path.read_bytes(), path.stat().st_mtime_ns
    _read(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_file_that_a_search_writes_to_is_read_as_it_was_at_one_moment(path: Path) -> None:
    before = _read(path)
    with (
        contextlib.closing(Store(path, COLUMNS, LIMITS)) as writer,
        contextlib.closing(Store(path, COLUMNS, LIMITS)) as reader,
    ):
        writer.history()
        with writer.transaction():
            pass

        def write(statement: str) -> None:
            # Between the reader's two looks: its trials are read, its events not yet.
            if "FROM events" in statement:
                _add(writer, 4)

        reader._database.set_trace_callback(write)
        assert _same(reader.history(), before)
        reader._database.set_trace_callback(None)
        assert len(reader.history().asks) == 4


def test_a_transaction_is_stored_whole_or_not_at_all(path: Path) -> None:
    # The last architecture is there already: the whole ask must go, not its last row.
    with contextlib.closing(Store(path, COLUMNS, LIMITS)) as store:
        store.history()
        with (
            pytest.raises(RunError, match=r"in use by another process \(UNIQUE constraint"),
            store.transaction(),
        ):
            store.add_ask(4, [12, 13], ["|arch~12|", "|arch~0|"])
        assert len(_read(path).asks) == 3
        with pytest.raises(ZeroDivisionError), store.transaction():
            _add_and_fail(store)
        # And what comes next is stored as if nothing had been tried.
        _add(store, 4)
    assert _same_results(_read(path).trials.results, _results(0, 16))


def test_a_crash_in_a_transaction_leaves_what_was_whole(path: Path) -> None:
    expected = _read(path)
    crash = (
        "import os, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "database.execute('PRAGMA journal_mode = ' + sys.argv[2])\n"
        "database.execute('PRAGMA cache_size = 1')\n"
        "database.execute('BEGIN')\n"
        "database.execute('INSERT INTO events VALUES (99, 4, 9, NULL, NULL)')\n"
        "for n in range(2000):\n"
        "    database.execute('INSERT INTO trials (ask, arch) VALUES (4, ?)', (n,))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    for mode in ("WAL", "DELETE"):
        done = subprocess.run([sys.executable, "-c", crash, str(path), mode], check=False)
        assert done.returncode == -9
        assert len(list(path.parent.iterdir())) > 1, "the crash left no journal to recover from"
        assert _same(_read(path), expected)


def test_what_was_stored_can_be_added_to(path: Path) -> None:
    with contextlib.closing(Store(path, COLUMNS, LIMITS)) as store:
        store.history()
        _add(store, 4)
    history = _read(path)
    assert len(history.asks) == 4
    assert history.trials.archs[-1] == "|arch~15|"


def test_a_file_of_a_newer_schema_is_refused(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 4")
    with pytest.raises(RunError, match=r"has schema 4; this version reads up to 3\. Update"):
        _read(path)


def test_how_long_trials_took_is_no_part_of_the_digest(path: Path, tmp_path: Path) -> None:
    def digests(path: Path) -> list[tuple[str]]:
        with contextlib.closing(sqlite3.connect(path)) as database:
            return database.execute("SELECT digest FROM events").fetchall()

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE trials SET seconds = 5, worker = 'elsewhere'")
    assert _read(path).trials.results.seconds.tolist() == [5.0] * 12
    _fill(tmp_path / "again.sqlite")
    assert digests(path) == digests(tmp_path / "again.sqlite")


def test_other_limits_are_other_columns(path: Path) -> None:
    with pytest.raises(RunError, match=r"damaged \(its columns are others\)"):
        read_history(path, COLUMNS, ("latency_ms <= 6",))


def test_a_file_of_other_columns_is_refused(path: Path) -> None:
    with pytest.raises(RunError, match=r"damaged \(its columns are others\)"):
        read_history(path, ("accuracy_pct", "energy_mj"), LIMITS)


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(RunError, match="damaged"):
        Store(path, COLUMNS, LIMITS).history()
    database = sqlite3.connect(path)
    assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]
    database.close()
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    path.write_bytes(b"accuracy,latency\n" * 100)
    with pytest.raises(RunError, match=r"damaged \(file is not a database\)"):
        _read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"run\.sqlite is missing; go on with resume=True"):
        _read(tmp_path / "run.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_never_begun_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    path.touch()
    assert _read(path).asks == ()
    assert path.stat().st_size == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE trials SET latency_ms = latency_ms + 1e-9 WHERE seq = 5",
        "UPDATE trials SET latency_ms = NULL WHERE seq = 5",
        "UPDATE trials SET latency_ms = 'fast' WHERE seq = 5",
        "UPDATE trials SET arch = NULL WHERE seq = 5",
        "UPDATE trials SET ask = 'x' WHERE seq = 5",
        "UPDATE trials SET ask = 3 WHERE seq = 5",
        "UPDATE trials SET ask = 5 - ask WHERE seq IN (7, 8)",
        'UPDATE trials SET "violation of latency_ms <= 5" = 0 WHERE seq = 0',
        "UPDATE trials SET status = 'done' WHERE seq = 0",
        "UPDATE trials SET status = 'asked' WHERE seq = 5",
        "UPDATE trials SET error = NULL WHERE seq = 8",
        "UPDATE trials SET seq = 99 WHERE seq = 5",
        "DELETE FROM trials WHERE seq = 11",
        "DELETE FROM trials WHERE seq = 5",
        "DELETE FROM events WHERE seq = 9",
        "DELETE FROM events WHERE seq = 1",
        "DELETE FROM events WHERE seq >= 7",
        "UPDATE events SET detail = '[1, 2, 3]' WHERE seq = 3",
        "UPDATE events SET detail = '[99]' WHERE seq = 3",
        "UPDATE events SET detail = 'x' WHERE seq = 2",
        "UPDATE events SET ask = 1 WHERE seq = 4",
        "UPDATE events SET kind = 'told' WHERE seq = 1",
        "UPDATE events SET digest = NULL",
        "ALTER TABLE trials RENAME latency_ms TO energy_mj",
        "DROP TABLE events",
    ],
)
def test_content_changed_from_outside_is_seen(path: Path, change: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(change)
    with pytest.raises(RunError, match=r"must be the file that hwnas search wrote; it is damaged"):
        _read(path)


def _is_refused_or_whole(path: Path, expected: History) -> bool:
    """Whether reading gives an error or exactly what was stored; True if refused."""
    try:
        found = _read(path)
    except (RunError, StorageError):
        return True
    assert _same(found, expected)
    return False


def test_no_changed_byte_goes_unseen(path: Path, tmp_path: Path) -> None:
    expected, whole = _read(path), path.read_bytes()
    used = [offset for offset, byte in enumerate(whole) if byte]
    damaged = tmp_path / "damaged.sqlite"
    n_refused = 0
    for offset in used[::3]:
        data = bytearray(whole)
        data[offset] ^= 0xFF
        damaged.write_bytes(data)
        n_refused += _is_refused_or_whole(damaged, expected)
    # The rest is what carries no content: counters, and the types in the text of the schema.
    assert n_refused > 0.7 * len(used[::3])


def test_a_truncated_file_is_refused(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    damaged = tmp_path / "damaged.sqlite"
    # SQLite takes a file of one byte for an empty one.
    for length in range(2, len(whole), 509):
        damaged.write_bytes(whole[:length])
        with pytest.raises(RunError, match="damaged"):
            _read(damaged)


def test_a_full_disk_is_no_damage(path: Path) -> None:
    """The limit on file sizes stands for the disk; it holds for root as well."""
    script = (
        "import json, resource, sys\n"
        "from pathlib import Path\n"
        "from hwnas.errors import StorageError\n"
        "from hwnas.engine.store import Store\n"
        "path, n = Path(sys.argv[1]), 500\n"
        "store = Store(path, ('accuracy_pct', 'latency_ms'), ('latency_ms <= 5',))\n"
        "store.history()\n"
        "size = path.stat().st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
        "try:\n"
        "    with store.transaction():\n"
        "        store.add_ask(4, range(12, 12 + n), [str(each) for each in range(n)])\n"
        "except StorageError as error:\n"
        "    print(json.dumps(str(error)))\n"
        "store.close()\n"
    )
    assert resource.RLIMIT_FSIZE
    expected = _read(path)
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    message = json.loads(done.stdout)
    assert "must be readable and writable" in message
    assert "Free some space or change its permissions, then go on with resume=True." in message
    assert _same(_read(path), expected)


def test_a_folder_that_does_not_exist_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"must be readable and writable"):
        Store(tmp_path / "missing" / "run.sqlite", COLUMNS, LIMITS)


@pytest.mark.parametrize(
    ("columns", "taken"),
    [
        (("violation",), "violation"),
        (("Seq",), "seq"),
        (("feasible",), "feasible"),
        (("cost", "Cost"), "cost"),
        (("cost", "cost_lower"), "cost_lower"),
        (("cost_upper", "cost"), "cost_upper"),
    ],
)
def test_columns_that_cannot_stand_side_by_side_are_refused(
    columns: tuple[str, ...], taken: str
) -> None:
    with pytest.raises(ConfigError, match=f"needs another name: '{taken}' is taken"):
        check_names(columns)


def test_usual_columns_stand_side_by_side() -> None:
    check_names(["accuracy_pct", "robustness_pct", "robustness_pct@pgd-eps1", "latency_ms", "macs"])
