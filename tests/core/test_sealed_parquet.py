"""Parquet files with a seal: whatever bit of them changes is seen before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hwnas._parquet import SealedFile, write_sealed
from hwnas._records import RecordFormat
from hwnas.errors import TableError

KEY = b"note"


@dataclass(frozen=True)
class Note:
    """What a file says of itself."""

    text: str


FORMAT = RecordFormat(Note, 2, TableError, "notes", "Write it again.", {1: dict}, sealed_from=2)
VALUES = pa.table({"x": [1.5, None, 3.0]})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_sealed(tmp_path / "notes.parquet", VALUES, KEY, Note("mine"), FORMAT)
    return tmp_path / "notes.parquet"


def read(path: Path) -> tuple[Note, list[float | None]]:
    file = SealedFile(path, KEY, FORMAT)
    return file.record, file.table()["x"].to_pylist()


def test_what_was_written_is_read(path: Path) -> None:
    assert read(path) == (Note("mine"), [1.5, None, 3.0])


def test_others_read_it_as_any_parquet_file(path: Path) -> None:
    assert pq.read_table(path)["x"].to_pylist() == [1.5, None, 3.0]


def test_the_same_content_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    write_sealed(tmp_path / "again.parquet", VALUES, KEY, Note("mine"), FORMAT)
    assert (tmp_path / "again.parquet").read_bytes() == path.read_bytes()


def test_no_byte_of_it_can_change(path: Path) -> None:
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 16]) + data[place + 1 :])
        with pytest.raises(TableError, match=r"notes\.parquet must be notes; it "):
            read(path)


def test_one_whose_seal_was_taken_off_is_refused(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({KEY: table.schema.metadata[KEY]}), path)
    with pytest.raises(TableError, match="it has changed since it was written"):
        read(path)


def test_an_older_one_without_a_seal_is_read(tmp_path: Path) -> None:
    metadata = {KEY: b'{"schema": 1, "text": "old"}'}
    pq.write_table(VALUES.replace_schema_metadata(metadata), tmp_path / "old.parquet")
    assert read(tmp_path / "old.parquet")[0] == Note("old")


def test_another_parquet_file_is_none(tmp_path: Path) -> None:
    pq.write_table(VALUES, tmp_path / "other.parquet")
    with pytest.raises(TableError, match=r"other\.parquet must be notes; it is none\. Write it"):
        read(tmp_path / "other.parquet")
