"""Published files over the network, checked before anything reads them."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

from hwnas._files import write_bytes
from hwnas.errors import ConfigError, TableError
from hwnas.tables.importers import IMPORTERS
from hwnas.tables.importing import import_table
from hwnas.tables.sources import SourceFile, check_content, download_dir, source_files
from hwnas.tables.table import Table

BASE_URL = "https://raw.githubusercontent.com"
TIMEOUT_S = 30.0


def pull_table(name: str, base_url: str = BASE_URL) -> Table:
    """Fetch a published table's files and import it into the cache.

    Nothing is kept unless every file is byte for byte the published one.

    Args:
        name: Its name.
        base_url: Where ``/{repository}/{commit}/{path}`` is served.

    Raises:
        UnknownNameError: There is no such published table.
        ConfigError: ``base_url`` is no web address.
        TableError: A file cannot be fetched or differs from the published one.
        StorageError: The cache cannot be written.
    """
    _ = IMPORTERS[name]
    if not base_url.startswith(("https://", "http://")):
        raise ConfigError(f"base_url must begin with https:// or http://; got '{base_url}'.")
    contents = {file: _fetch(name, file, base_url) for file in source_files(name)}
    for file, data in contents.items():
        write_bytes(download_dir() / Path(file.path), data)
    return import_table(name, download_dir())


def _fetch(name: str, file: SourceFile, base_url: str) -> bytes:
    """Bytes of a published file.

    Raises:
        TableError: It cannot be fetched or is another one.
    """
    path = quote(f"{file.repository}/{file.commit}/{file.upstream_path}")
    url = f"{base_url.rstrip('/')}/{path}"
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
            # One byte too many is enough to know that it is another file.
            data: bytes = response.read(file.bytes + 1)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise TableError(
            f"{file.name} must be fetched from {url}; {reason}. Check the network, or get the "
            f"files elsewhere and run: hwnas tables import {name} --from DIR"
        ) from error
    check_content(file, data, f"{url} served another file; nothing was kept.")
    return data
