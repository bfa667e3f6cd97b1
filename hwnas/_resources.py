"""Where the data that travels with the package lies, in a wheel and in a checkout."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_dir(name: str) -> Path:
    """Folder of shipped data: ``devices`` or ``latency_tables``.

    A wheel carries them in ``hwnas/_data``; a checkout (an editable install) has them beside the
    package.
    """
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def artifacts_dir() -> Path:
    """Folder of the shipped predictors."""
    return _PACKAGE / "artifacts"


def config_dir() -> Path:
    """The user's own settings: ``$HWNAS_CONFIG``, or the platform's usual place."""
    chosen = os.environ.get("HWNAS_CONFIG")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_config_dir("hwnas", appauthor=False))


def cache_dir() -> Path:
    """The user's cache: ``$HWNAS_CACHE``, or the platform's usual place."""
    chosen = os.environ.get("HWNAS_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("hwnas", appauthor=False))
