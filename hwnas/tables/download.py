"""Published files over the network, checked before anything reads them."""

from __future__ import annotations

import http.client
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from hwnas._files import write_bytes
from hwnas.errors import ConfigError, DownloadError
from hwnas.tables.importers import IMPORTERS
from hwnas.tables.importing import import_table
from hwnas.tables.sources import SourceFile, check_content, download_dir, source_files
from hwnas.tables.table import Table

BASE_URL = "https://raw.githubusercontent.com"
TIMEOUT_S = 30.0
"""How long a server may say nothing."""
LEAST_S, LEAST_BYTES_PER_S = 60.0, 20_000
"""How long a file may take: so long in any case, and then as long as at this rate."""


def pull_table(name: str, base_url: str = BASE_URL, least_s: float = LEAST_S) -> Table:
    """Fetch a published table's files and import it into the cache.

    Nothing is kept unless every file is byte for byte the published one.

    Args:
        name: Its name.
        base_url: Where ``/{repository}/{commit}/{path}`` is served.
        least_s: Seconds that each file may take, however slowly it comes; a large one may take as
            long again as it would at 20 kB a second.

    Raises:
        UnknownNameError: There is no such published table.
        ConfigError: ``base_url`` is no web address.
        DownloadError: A file cannot be fetched in time.
        TableError: A file differs from the published one.
        StorageError: The cache cannot be written.
    """
    _ = IMPORTERS[name]
    if not base_url.startswith(("https://", "http://")):
        raise ConfigError(f"base_url must begin with https:// or http://; got '{base_url}'.")
    contents = {file: _fetch(name, file, base_url, least_s) for file in source_files(name)}
    for file, data in contents.items():
        write_bytes(download_dir() / Path(file.path), data)
    return import_table(name, download_dir())


def _fetch(name: str, file: SourceFile, base_url: str, least_s: float) -> bytes:
    """Bytes of a published file.

    Raises:
        DownloadError: It cannot be fetched in time.
        TableError: It is another one.
    """
    path = quote(f"{file.repository}/{file.commit}/{file.upstream_path}")
    url = f"{base_url.rstrip('/')}/{path}"
    most_s = least_s + file.bytes / LEAST_BYTES_PER_S
    try:
        # One byte too many is enough to know that it is another file.
        data = _in_time(lambda: _read(url, file.bytes + 1), most_s)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise DownloadError(
            f"{file.name} must be fetched from {url}; {reason}. Check the network, or get the "
            f"files elsewhere and run: hwnas tables import {name} --from DIR"
        ) from error
    check_content(file, data, f"{url} served another file; nothing was kept.")
    return data


def _read(url: str, most_bytes: int) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
            data: bytes = response.read(most_bytes)
    except urllib.error.HTTPError as error:
        # It is a response too, and holds the connection open.
        error.close()
        raise
    return data


def _in_time(read: Callable[[], bytes], most_s: float) -> bytes:
    """What is read, if it is there in time.

    A server that sends a byte now and then never exceeds a socket's timeout, be it in the headers
    or the body. The thread that waits for it ends with the process.

    Raises:
        TimeoutError: It is not.
    """
    answers: queue.Queue[bytes | Exception] = queue.Queue(1)

    def work() -> None:
        try:
            answers.put(read())
        except Exception as error:  # raised where it is waited for
            answers.put(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        answer = answers.get(timeout=most_s)
    except queue.Empty:
        raise TimeoutError(f"it was not whole after {most_s:.0f} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
