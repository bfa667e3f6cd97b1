"""Parquet files with a record in their metadata and a seal: the SHA-256 of their own bytes."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from hwnas._files import read_bytes, sha256_bytes, write_bytes
from hwnas._records import RecordFormat
from hwnas.errors import HwnasError

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
_SEAL = b"hwnas.sha256"
_BLANK = b"0" * 64
# As Thrift's compact protocol writes a key and its value: kind of field, length, text.
_PLACE = re.compile(re.escape(_SEAL) + rb"\x18\x40([0-9a-f]{64})")


def write_sealed(
    path: Path,
    table: pa.Table,
    key: bytes,
    record: T,
    record_format: RecordFormat[T],
    **settings: Any,
) -> None:
    """Write a table and a record, whole or not at all.

    Args:
        path: The file.
        table: The table.
        key: Key of the record in the metadata.
        record: The record.
        record_format: How it lies in files.
        **settings: As pyarrow's ``write_table`` has them.

    Raises:
        StorageError: The folder cannot be written.
    """
    import pyarrow.parquet as pq

    text = record_format.text(record, is_compact=True)
    metadata = {key: text.encode(), _SEAL: _BLANK}
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), buffer, **settings)
    data = buffer.getvalue()
    place = _place(data)
    assert place is not None
    seal = sha256_bytes(data).encode()
    write_bytes(path, data[: place.start(1)] + seal + data[place.end(1) :])


class SealedFile(Generic[T]):
    """A Parquet file that was read, its seal checked before anything else of it.

    Files without a seal are read as long as their record is as old as they are.

    Args:
        path: The file.
        key: Key of the record in the metadata.
        record_format: How the record lies in it.

    Attributes:
        record: The record.

    Raises:
        HwnasError: Of the format's class: it is missing, no such file, or has changed since it was
            written.
    """

    def __init__(self, path: Path, key: bytes, record_format: RecordFormat[T]) -> None:
        self._where, self._format = str(path), record_format
        try:
            self._data = read_bytes(path)
        except OSError as error:
            raise self._refused(error.strerror or str(error)) from error
        place = _place(self._data)
        if place is not None:
            blank = self._data[: place.start(1)] + _BLANK + self._data[place.end(1) :]
            if sha256_bytes(blank).encode() != place[1]:
                raise self._refused("it has changed since it was written")
        metadata = self._opened(lambda pq, data: pq.read_schema(data).metadata or {})
        if key not in metadata:
            raise self._refused("it is none")
        self.record: T = record_format.parse(metadata[key], self._where, place is not None)

    def table(self) -> pa.Table:
        """The table.

        Raises:
            HwnasError: Of the format's class: it cannot be read.
        """
        return self._opened(lambda pq, data: pq.read_table(data))

    def _opened(self, read: Any) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return read(pq, io.BytesIO(self._data))
        except (OSError, ValueError, MemoryError, pa.ArrowException) as error:
            raise self._refused("it is no whole Parquet file") from error

    def _refused(self, reason: str) -> HwnasError:
        return self._format.refused(self._where, reason)


def _place(data: bytes) -> re.Match[bytes] | None:
    """Where the seal of a file stands: in its footer, behind all values."""
    return _PLACE.match(data, max(0, data.rfind(_SEAL)))
