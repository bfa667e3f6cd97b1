"""Tables into the cache and out of it again."""

from __future__ import annotations

import contextlib
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from changed_records import rewrite

from hwnas._files import sha256_file
from hwnas.errors import StorageError, TableError, UnknownNameError
from hwnas.tables import import_file, import_table, load_audit, load_table, table_names
from hwnas.tables.sources import source_files
from hwnas.tables.store import names_in, shipped_folder

ARCHS = (
    "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
    "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|",
)
PUBLISHED = [
    "accel-nasbench", "help-fbnet", "help-nasbench201", "hw-nas-bench", "nas-bench-macro",
    "nats-bench", "nb-suite-zero", "robustness",
]  # fmt: skip


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Folder of tables in this test's own cache."""
    return tmp_path / "cache" / "tables"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A small table of the user's own."""
    path = tmp_path / "mine.csv"
    pd.DataFrame({"arch": ARCHS, "cifar10_pi_latency_ms": [1.5, np.nan]}).to_csv(path, index=False)
    return path


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow beyond 1,000 bytes; not around a whole test, whose report may go to one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def edit_card(cache: Path, **changes: object) -> None:
    rewrite(cache / "mine.json", **changes)


def test_table_survives_the_cache(own: Path, cache: Path) -> None:
    imported = import_file("mine", own, "nasbench201")
    loaded = load_table("mine")
    pd.testing.assert_frame_equal(loaded.frame, imported.frame)
    assert (loaded.columns, loaded.sources) == (imported.columns, imported.sources)
    assert loaded.sha256 == imported.sha256 == sha256_file(cache / "mine.parquet")


def test_unknown_value_is_null_in_the_file(own: Path, cache: Path) -> None:
    import pyarrow.parquet as pq

    import_file("mine", own, "nasbench201")
    column = pq.read_table(cache / "mine.parquet")["cifar10_pi_latency_ms"]
    assert column.to_pylist() == [1.5, None]


def test_importing_twice_gives_the_same_bytes(own: Path) -> None:
    first = import_file("mine", own, "nasbench201")
    assert import_file("mine", own, "nasbench201").sha256 == first.sha256


def test_names_are_the_published_and_the_users_own(own: Path) -> None:
    known = sorted([*PUBLISHED, *names_in(shipped_folder())])
    assert table_names() == known
    import_file("mine", own, "nasbench201")
    assert table_names() == sorted([*known, "mine"])


def test_unknown_table_is_refused_with_a_guess() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown table 'nats-bnch'\. Did you mean 'nats-b"):
        load_table("nats-bnch")


def test_unknown_table_has_no_audit() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown table '\.\./mine'"):
        load_audit("../mine")


def test_table_that_was_not_imported_says_how_to_get_it() -> None:
    with pytest.raises(
        TableError,
        match=r"^Table 'hw-nas-bench' is not in the cache\. Run: hwnas tables import hw-nas-bench "
        r"--from DIR \(or: hwnas tables pull hw-nas-bench\)\.$",
    ):
        load_table("hw-nas-bench")


def test_changed_parquet_is_refused(own: Path, cache: Path) -> None:
    import_file("mine", own, "nasbench201")
    data = bytearray((cache / "mine.parquet").read_bytes())
    data[100] ^= 1
    (cache / "mine.parquet").write_bytes(bytes(data))
    with pytest.raises(TableError, match=r"sha256 of its Parquet file differs .* --from FILE"):
        load_table("mine")


def test_newer_card_is_refused(own: Path, cache: Path) -> None:
    import_file("mine", own, "nasbench201")
    edit_card(cache, schema=4)
    with pytest.raises(TableError, match=r"schema must be at most 3; got 4\. Update hwnas"):
        load_table("mine")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null"])
def test_damaged_card_is_refused(own: Path, cache: Path, text: str) -> None:
    import_file("mine", own, "nasbench201")
    (cache / "mine.json").write_text(text)
    with pytest.raises(TableError, match=r"'mine': .*mine\.json must be the card of a table; "):
        load_table("mine")


@pytest.mark.parametrize("part", ["columns", "nulled"])
def test_card_with_a_broken_part_is_refused(own: Path, cache: Path, part: str) -> None:
    import_file("mine", own, "nasbench201")
    edit_card(cache, **{part: [{"size": 3}]})
    with pytest.raises(TableError, match=r"must be the card of a table; it has no '.*size"):
        load_table("mine")


def test_card_without_audit_is_refused(own: Path, cache: Path) -> None:
    import_file("mine", own, "nasbench201")
    edit_card(cache, audit=None)
    with pytest.raises(TableError, match=r"must be the card of a table; expected .* 'audit'"):
        load_audit("mine")


def test_cache_that_cannot_be_written_is_told(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HWNAS_CACHE", "/proc/hwnas")
    with pytest.raises(StorageError, match=r"/proc/hwnas/tables must be writable"):
        import_file("mine", own, "nasbench201")


def test_full_disk_leaves_nothing(own: Path, cache: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot write mine\.parquet"), full_disk():
        import_file("mine", own, "nasbench201")
    assert list(cache.iterdir()) == []


def test_table_without_its_files_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HWNAS_UPSTREAM", raising=False)
    with pytest.raises(TableError, match=r"is no folder\. Run: hwnas tables pull robustness"):
        import_table("robustness")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"nats_bench\.csv must be a published file of table 'nat"):
        import_table("nats-bench", tmp_path)


def test_source_folder_is_taken_from_the_environment(
    upstream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWNAS_UPSTREAM", str(upstream))
    assert len(import_table("nats-bench")) == 15_625


@pytest.fixture
def copied(upstream: Path, tmp_path: Path) -> Path:
    """A copy of NATS-Bench's file that a test may damage."""
    (file,) = source_files("nats-bench")
    path = tmp_path / "copy" / file.path
    path.parent.mkdir(parents=True)
    shutil.copy(upstream / file.path, path)
    return path


def test_truncated_source_is_refused_with_its_rows(copied: Path, cache: Path) -> None:
    lines = copied.read_bytes().splitlines(keepends=True)
    copied.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(
        TableError,
        match=r"^nats_bench\.csv: 15,624 rows, expected 15,625; sha256 differs from SOURCES\. "
        r"Delete it and run: hwnas tables pull nats-bench$",
    ):
        import_table("nats-bench", copied.parents[1])
    assert not cache.exists()


def test_one_changed_digit_is_refused(copied: Path) -> None:
    copied.write_bytes(copied.read_bytes().replace(b"85.86333", b"85.86334", 1))
    with pytest.raises(TableError, match=r"^nats_bench\.csv: sha256 differs from SOURCES\."):
        import_table("nats-bench", copied.parents[1])


def test_sources_of_the_shared_files_are_the_shipped_ones(upstream: Path) -> None:
    for name in PUBLISHED:
        for file in source_files(name):
            path = upstream / file.path
            assert (path.stat().st_size, sha256_file(path)) == (file.bytes, file.sha256)


def test_looking_at_the_package_loads_no_pandas() -> None:
    program = "import sys, hwnas.tables; print({'pandas', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
