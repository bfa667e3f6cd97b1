"""Hashes of files that travel with the package and hold no digest of their own."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from hwnas._files import sha256_file
from hwnas._resources import artifacts_dir
from hwnas.errors import HwnasError

SUMS = "SHA256SUMS"
"""File of the hashes, as ``sha256sum`` writes it; names are relative to its folder."""


def check_sum(path: Path, error: type[HwnasError]) -> None:
    """See that a file that travels with the package is as it was packed.

    Args:
        path: The file; another one than those that are listed is as it is.
        error: Class of the error where it is not.

    Raises:
        HwnasError: Of the class given: it has changed.
    """
    root = artifacts_dir()
    is_ours = path.is_relative_to(root)
    listed = _sums(root).get(path.relative_to(root).as_posix()) if is_ours else None
    if listed is not None and sha256_file(path) != listed:
        raise error(f"{path} must be as it was packed; its sha256 is another. Install hwnas again.")


@lru_cache(maxsize=2)
def _sums(root: Path) -> dict[str, str]:
    """Hash of each listed file by its name; none where there is no list."""
    try:
        lines = (root / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return {name: digest for digest, name in pairs}
