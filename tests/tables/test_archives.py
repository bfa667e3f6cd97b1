"""Archives: their files are read in memory, and an archive with anything else is refused."""

from __future__ import annotations

import gzip
import io
import re
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.errors import TableError
from hwnas.tables import archives
from hwnas.tables.archives import read_archive

NAME = re.compile(r"result_\d\.json")


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as writer:
        for member, data in members:
            member.size = len(data)
            writer.addfile(member, io.BytesIO(data))
    return file.getvalue()


def read(data: bytes) -> dict[str, bytes]:
    return read_archive(data, "a.tar.gz", "./data", NAME)


def test_files_of_the_folder_are_read() -> None:
    data = archive(
        (entry("./data", tarfile.DIRTYPE), b""),
        (entry("./data/result_1.json"), b"one"),
        (entry("./data/result_0.json"), b""),
    )
    assert read(data) == {"result_1.json": b"one", "result_0.json": b""}


@pytest.mark.parametrize(
    "member",
    [
        entry("/etc/result_1.json"),
        entry("./data/../result_1.json"),
        entry("../data/result_1.json"),
        entry("./data/inner/result_1.json"),
        entry("./data/result_1.json.sh"),
        entry("./data/result_1.json\nx"),
        entry("result_1.json"),
        entry("./data/result_1.json", tarfile.SYMTYPE, "/etc/passwd"),
        entry("./data/result_1.json", tarfile.LNKTYPE, "/etc/passwd"),
        entry("./data/result_1.json", tarfile.FIFOTYPE),
        entry("./data/result_1.json", tarfile.CHRTYPE),
        entry("./data/result_1.json", tarfile.GNUTYPE_SPARSE),
        entry("./other", tarfile.DIRTYPE),
    ],
    ids=lambda member: f"{member.name!a} {member.type.decode()}",
)
def test_anything_else_is_refused(member: tarfile.TarInfo) -> None:
    with pytest.raises(TableError, match=r"^a\.tar\.gz must .*$") as refused:
        read(archive((entry("./data/result_0.json"), b"{}"), (member, b"")))
    assert len(str(refused.value).splitlines()) == 1


def test_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(TableError, match=r"stand once; got result_1\.json twice"):
        read(archive(*((entry("./data/result_1.json"), text) for text in (b"1", b"2"))))


def test_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 100_000)
    data = archive((entry("./data/result_1.json"), bytes(1_000_000)))
    assert len(data) < 3000
    with pytest.raises(TableError, match=r"^a\.tar\.gz must unpack to at most 100,000 bytes\.$"):
        read(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"no gzip", gzip.compress(b"no archive" * 100, mtime=0)],
    ids=["empty", "no gzip", "no tar"],
)
def test_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(TableError, match=r"^a\.tar\.gz must be a whole \.tar\.gz archive"):
        read(data)


def test_truncated_archive_is_refused() -> None:
    data = archive((entry("./data/result_1.json"), bytes(range(256)) * 100))
    for n_bytes in (10, len(data) // 2, len(data) - 1):
        with pytest.raises(TableError, match=r"must be a whole \.tar\.gz archive"):
            read(data[:n_bytes])


@given(st.data())
def test_changed_archive_is_read_or_refused(draw: st.DataObject) -> None:
    unpacked = bytearray(gzip.decompress(archive((entry("./data/result_1.json"), b"{}"))))
    for _ in range(draw.draw(st.integers(1, 4))):
        unpacked[draw.draw(st.integers(0, 1023))] = draw.draw(st.integers(0, 255))
    message = ""
    try:
        read(gzip.compress(bytes(unpacked)))
    except TableError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1
