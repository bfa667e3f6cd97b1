"""The SQLite file: whole generations or none, and damage that is always seen."""

from __future__ import annotations

import contextlib
import json
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hwnas.engine.store import (
    Evaluated,
    Generation,
    History,
    Store,
    check_names,
    read_history,
)
from hwnas.errors import ConfigError, RunError, StorageError

COLUMNS = ("accuracy_pct", "latency_ms")


def _new(first: int, n: int, generation: int) -> Evaluated:
    numbers = np.arange(first, first + n, dtype=float)
    values = numbers[:, None, None] + np.arange(6.0).reshape(1, 2, 3) / 7
    values[:, 0, 1:] = np.nan
    archs = tuple(f"|arch~{number:.0f}|" for number in numbers)
    return Evaluated(archs, np.full(n, generation), np.where(numbers % 3 == 0, 0.5, 0.0), values)


def _fill(path: Path, n_generations: int = 3) -> None:
    with contextlib.closing(Store(path, COLUMNS)) as store:
        for number in range(1, n_generations + 1):
            volume = None if number == 1 else number / 7
            store.add(Generation(number, 4 * number, volume), _new(4 * number - 4, 4, number))


def _same(one: History, other: History) -> bool:
    left, right = one.evaluated, other.evaluated
    return (
        one.generations == other.generations
        and left.archs == right.archs
        and all(
            np.array_equal(getattr(left, name), getattr(right, name), equal_nan=True)
            for name in ("generation", "violation", "values")
        )
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "run.sqlite"
    _fill(path)
    return path


def test_what_was_added_is_read_back(path: Path) -> None:
    history = read_history(path, COLUMNS)
    assert history.generations == (
        Generation(1, 4, None),
        Generation(2, 8, 2 / 7),
        Generation(3, 12, 3 / 7),
    )
    for number in (1, 2, 3):
        expected, found = _new(4 * number - 4, 4, number), history.evaluated
        part = found.part(4 * number - 4, 4 * number)
        assert part.archs == expected.archs
        np.testing.assert_array_equal(part.values, expected.values)
        np.testing.assert_array_equal(part.violation, expected.violation)
        np.testing.assert_array_equal(part.generation, expected.generation)


def test_unknown_is_null_in_the_file(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        row = database.execute(
            "SELECT accuracy_pct, accuracy_pct_lower, latency_ms_upper FROM evaluations"
        ).fetchone()
    assert row == (0.0, None, 5 / 7)


def test_infinity_is_kept(tmp_path: Path) -> None:
    new = _new(0, 1, 1)
    new.values[0, 1] = np.inf
    with contextlib.closing(Store(tmp_path / "run.sqlite", COLUMNS)) as store:
        store.add(Generation(1, 1, None), new)
    values = read_history(tmp_path / "run.sqlite", COLUMNS).evaluated.values
    assert np.isposinf(values[0, 1]).all()


def test_a_generation_without_new_architectures_is_kept(tmp_path: Path) -> None:
    with contextlib.closing(Store(tmp_path / "run.sqlite", COLUMNS)) as store:
        store.add(Generation(1, 0, None), _new(0, 0, 1))
    history = read_history(tmp_path / "run.sqlite", COLUMNS)
    assert (len(history.evaluated), history.generations) == (0, (Generation(1, 0, None),))


def test_a_file_that_was_closed_is_one_file(path: Path) -> None:
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert path.read_bytes()[18:20] == b"\x01\x01", "left in WAL mode: a reader would have to write"


def test_reading_changes_nothing(path: Path) -> None:
    before = path.read_bytes(), path.stat().st_mtime_ns
    read_history(path, COLUMNS)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_generation_is_one_transaction(path: Path) -> None:
    # The last architecture is there already: the whole generation must go, not its last row.
    new = _new(12, 4, 4)
    twice = Evaluated((*new.archs[:3], "|arch~0|"), new.generation, new.violation, new.values)
    with contextlib.closing(Store(path, COLUMNS)) as store:
        store.history()
        with pytest.raises(RunError, match=r"in use by another process \(UNIQUE constraint"):
            store.add(Generation(4, 16, 0.5), twice)
    assert len(read_history(path, COLUMNS).generations) == 3


def test_a_crash_in_a_transaction_leaves_the_last_whole_generation(path: Path) -> None:
    expected = read_history(path, COLUMNS)
    crash = (
        "import os, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "database.execute('PRAGMA journal_mode = ' + sys.argv[2])\n"
        "database.execute('PRAGMA cache_size = 1')\n"
        "database.execute('BEGIN')\n"
        "database.execute('INSERT INTO generations VALUES (4, 999, 0.5, NULL)')\n"
        "for n in range(2000):\n"
        "    database.execute('INSERT INTO evaluations (generation, arch) VALUES (4, ?)', (n,))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    for mode in ("WAL", "DELETE"):
        done = subprocess.run([sys.executable, "-c", crash, str(path), mode], check=False)
        assert done.returncode == -9
        assert len(list(path.parent.iterdir())) > 1, "the crash left no journal to recover from"
        assert _same(read_history(path, COLUMNS), expected)


def test_what_was_stored_can_be_added_to(path: Path) -> None:
    with contextlib.closing(Store(path, COLUMNS)) as store:
        store.history()
        store.add(Generation(4, 13, 0.5), _new(12, 1, 4))
    history = read_history(path, COLUMNS)
    assert history.generations[-1] == Generation(4, 13, 0.5)
    assert history.evaluated.archs[-1] == "|arch~12|"


def test_a_file_of_a_newer_schema_is_refused(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 2")
    with pytest.raises(RunError, match=r"has schema 2; this version reads up to 1\. Update"):
        read_history(path, COLUMNS)


def test_a_file_of_other_columns_is_refused(path: Path) -> None:
    with pytest.raises(RunError, match=r"damaged \(its columns are others\)"):
        read_history(path, ("accuracy_pct", "energy_mj"))


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(RunError, match="damaged"):
        Store(path, COLUMNS).history()
    database = sqlite3.connect(path)
    assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]
    database.close()
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    path.write_bytes(b"accuracy,latency\n" * 100)
    with pytest.raises(RunError, match=r"damaged \(file is not a database\)"):
        read_history(path, COLUMNS)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"run\.sqlite is missing; go on with --resume"):
        read_history(tmp_path / "run.sqlite", COLUMNS)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_never_begun_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    path.touch()
    assert read_history(path, COLUMNS).generations == ()
    assert path.stat().st_size == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE evaluations SET latency_ms = latency_ms + 1e-9 WHERE seq = 5",
        "UPDATE evaluations SET latency_ms = NULL WHERE seq = 5",
        "UPDATE evaluations SET latency_ms = 'fast' WHERE seq = 5",
        "UPDATE evaluations SET arch = NULL WHERE seq = 5",
        "UPDATE evaluations SET generation = 'x' WHERE seq = 5",
        "UPDATE evaluations SET violation = 0 WHERE seq = 1",
        "UPDATE evaluations SET seq = 99 WHERE seq = 5",
        "DELETE FROM evaluations WHERE seq = 12",
        "DELETE FROM generations WHERE generation = 3",
        "DELETE FROM generations WHERE generation = 1",
        "UPDATE generations SET hypervolume = 0.99 WHERE generation = 2",
        "UPDATE generations SET n_evaluated = 'x' WHERE generation = 2",
        "UPDATE generations SET digest = NULL",
        "ALTER TABLE evaluations RENAME latency_ms TO energy_mj",
        "DROP TABLE generations",
    ],
)
def test_content_changed_from_outside_is_seen(path: Path, change: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(change)
    with pytest.raises(RunError, match=r"must be the file that hwnas search wrote; it is damaged"):
        read_history(path, COLUMNS)


def _is_refused_or_whole(path: Path, expected: History) -> bool:
    """Whether reading gives an error or exactly what was stored; True if refused."""
    try:
        found = read_history(path, COLUMNS)
    except (RunError, StorageError):
        return True
    assert _same(found, expected)
    return False


def test_no_changed_byte_goes_unseen(path: Path, tmp_path: Path) -> None:
    expected, whole = read_history(path, COLUMNS), path.read_bytes()
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
            read_history(damaged, COLUMNS)


def test_a_full_disk_is_no_damage(path: Path) -> None:
    """The limit on file sizes stands for the disk; it holds for root as well."""
    script = (
        "import json, resource, sys\n"
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from hwnas.errors import StorageError\n"
        "from hwnas.engine.store import Evaluated, Generation, Store\n"
        "path, n = Path(sys.argv[1]), 500\n"
        "new = Evaluated(tuple(map(str, range(n))), np.full(n, 4), np.zeros(n),\n"
        "                np.zeros((n, 2, 3)))\n"
        "store = Store(path, ('accuracy_pct', 'latency_ms'))\n"
        "store.history()\n"
        "size = path.stat().st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
        "try:\n"
        "    store.add(Generation(4, 12 + n, 0.5), new)\n"
        "except StorageError as error:\n"
        "    print(json.dumps(str(error)))\n"
        "store.close()\n"
    )
    assert resource.RLIMIT_FSIZE
    expected = read_history(path, COLUMNS)
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    message = json.loads(done.stdout)
    assert "must be readable and writable" in message
    assert "Free some space or change its permissions, then go on with --resume." in message
    assert _same(read_history(path, COLUMNS), expected)


def test_a_folder_that_does_not_exist_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"must be readable and writable"):
        Store(tmp_path / "missing" / "run.sqlite", COLUMNS)


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
