"""Pulling, from a server on loopback that lays files out as the public one does."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hwnas.errors import ConfigError, DownloadError, StorageError, TableError, UnknownNameError
from hwnas.tables import load_table, pull_table
from hwnas.tables.download import LEAST_BYTES_PER_S
from hwnas.tables.sources import source_files


class Server(ThreadingHTTPServer):
    """Serves ``bodies`` by path; announces ``extra`` bytes more than it sends."""

    bodies: dict[str, bytes]
    is_over: threading.Event
    extra = 0
    drips: str | None = None
    # Connections are closed before a test ends.
    daemon_threads = False


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.server.drips is not None:
            self._drip(self.server.drips)
            return
        body = self.server.bodies.get(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + self.server.extra))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self, place: str) -> None:
        """Send a byte now and then, in the headers or the body, until nobody listens any more."""
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX: " + (b"" if place == "headers" else b"\r\n\r\n"))
        with contextlib.suppress(OSError):
            while not self.server.is_over.wait(0.01):
                self.wfile.write(b"0")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server with nothing to serve yet."""
    with Server(("127.0.0.1", 0), Handler) as running:
        running.bodies, running.is_over = {}, threading.Event()
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.is_over.set()
        running.shutdown()
        thread.join()


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def serve(server: Server, name: str, upstream: Path) -> None:
    for file in source_files(name):
        path = f"/{file.repository}/{file.commit}/{file.upstream_path}"
        server.bodies[path] = (upstream / file.path).read_bytes()


def files_below(path: Path) -> list[Path]:
    return [each for each in path.rglob("*") if each.is_file()]


@pytest.mark.parametrize("name", ["nats-bench", "nb-suite-zero"])
def test_pulled_table_is_the_published_one(
    server: Server, upstream: Path, tmp_path: Path, name: str
) -> None:
    serve(server, name, upstream)
    pulled = pull_table(name, address(server))
    assert load_table(name).sha256 == pulled.sha256
    for file in source_files(name):
        kept = tmp_path / "cache" / "downloads" / file.path
        assert kept.read_bytes() == (upstream / file.path).read_bytes()


def test_wrong_bytes_are_refused_and_nothing_is_kept(
    server: Server, upstream: Path, tmp_path: Path
) -> None:
    serve(server, "hw-nas-bench", upstream)
    last = list(server.bodies)[-1]
    server.bodies[last] = server.bodies[last].replace(b"0", b"1", 1)
    with pytest.raises(
        TableError, match=r"ImageNet16-120\.csv: sha256 differs .* nothing was kept"
    ):
        pull_table("hw-nas-bench", address(server))
    assert files_below(tmp_path / "cache") == []


def test_longer_file_is_refused_without_reading_it_all(server: Server, tmp_path: Path) -> None:
    (file,) = source_files("nats-bench")
    path = f"/{file.repository}/{file.commit}/{file.upstream_path}"
    server.bodies[path] = b"\n" * (file.bytes + 1000)
    with pytest.raises(TableError, match=rf"{file.bytes:,} rows, expected 15,625; sha256 differs"):
        pull_table("nats-bench", address(server))
    assert files_below(tmp_path / "cache") == []


def test_truncated_body_is_refused(server: Server, upstream: Path, tmp_path: Path) -> None:
    serve(server, "nats-bench", upstream)
    ((path, body),) = server.bodies.items()
    server.bodies[path] = body[:100_000]
    server.extra = len(body) - 100_000
    with pytest.raises(TableError, match=r"^nats_bench\.csv"):
        pull_table("nats-bench", address(server))
    assert files_below(tmp_path / "cache") == []


def test_missing_file_is_told(server: Server, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"robustness_targets\.csv must be fetched .* Not Found"):
        pull_table("robustness", address(server))
    assert files_below(tmp_path / "cache") == []


@pytest.mark.parametrize("place", ["headers", "body"])
def test_server_that_drips_is_not_waited_for(server: Server, tmp_path: Path, place: str) -> None:
    server.drips = place
    with pytest.raises(DownloadError, match=r"fetched from .*; it was not whole after \d+ s\. Ch"):
        pull_table("nats-bench", address(server), least_s=0.1 - _rated_s("nats-bench"))
    assert files_below(tmp_path / "cache") == []


def _rated_s(name: str) -> float:
    """Seconds that the files of a table may take for their size."""
    return source_files(name)[0].bytes / LEAST_BYTES_PER_S


def test_server_that_does_not_answer_is_told(server: Server, tmp_path: Path) -> None:
    closed = address(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(TableError, match=r"Connection refused\. Check the network, or get the"):
        pull_table("robustness", closed)
    assert files_below(tmp_path / "cache") == []


def test_cache_that_cannot_be_written_is_told(
    server: Server, upstream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(server, "nats-bench", upstream)
    monkeypatch.setenv("HWNAS_CACHE", "/proc/hwnas")
    with pytest.raises(StorageError, match=r"must be writable; cannot write nats_bench\.csv"):
        pull_table("nats-bench", address(server))


def test_own_tables_cannot_be_pulled() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown table 'nats'\. Did you mean 'nats-bench'"):
        pull_table("nats")


@pytest.mark.parametrize("base_url", ["file:///etc", "ftp://host", "host"])
def test_only_web_addresses_are_fetched(base_url: str) -> None:
    with pytest.raises(ConfigError, match=r"must begin with https:// or http://; got"):
        pull_table("nats-bench", base_url)
