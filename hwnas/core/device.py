"""A device: a target machine, described by one TOML file in ``devices/``.

What is known of it is what the catalogue of tables and the predictors find.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from hwnas._records import RecordFormat
from hwnas._resources import config_dir, data_dir
from hwnas.core.operation import run_kinds
from hwnas.errors import ConfigError, UnknownNameError

ENTRY_POINTS = "hwnas.devices"
"""Each entry point is the path of a TOML file; its name is the device's."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Device:
    """A target machine.

    Args:
        name: Name on the command line.
        title: Full name for people.
        kind: What sort of machine: ``"embedded GPU"``.
        source: Where its numbers come from.
        rated_power_w: Rated power in watts, or None where no source states one.
        rated_power_source: The source of ``rated_power_w``.
        note: Anything a user must know before trusting its numbers.
        unsupported: Kinds of operation that it cannot run, such as ``"avg_pool"``; architectures
            that contain one are infeasible on it.

    Raises:
        ConfigError: The rated power is no positive number of watts, or an unsupported operation is
            none that a network runs.
    """

    name: str
    title: str
    kind: str
    source: str
    rated_power_w: float | None = None
    rated_power_source: str = ""
    note: str = ""
    unsupported: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = run_kinds()
        for kind in self.unsupported:
            if kind not in known:
                raise ConfigError(
                    f"Device '{self.name}': unsupported must name operations, of "
                    f"{', '.join(known)}; got '{kind}'."
                )
        power = self.rated_power_w
        if power is not None and not (math.isfinite(power) and power > 0):
            raise ConfigError(
                f"Device '{self.name}': the rated power must be a positive number of watts; "
                f"got {power:g}."
            )


@dataclass(frozen=True, slots=True)
class _Power:
    """A device's rated power and who states it."""

    rated_w: float
    source: str


@dataclass(frozen=True, slots=True)
class _Description:
    """What a TOML file says of a device; its name is the file's."""

    title: str
    kind: str
    source: str
    note: str = ""
    unsupported: tuple[str, ...] = ()
    power: _Power | None = None

    def __post_init__(self) -> None:
        for name in ("title", "kind", "source"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} must not be empty")


def _without_tables(fields: dict[str, Any]) -> dict[str, Any]:
    """Schema 1 listed columns of tables, which the catalogue finds by itself."""
    return {key: value for key, value in fields.items() if key != "table"}


def _without_operations(fields: dict[str, Any]) -> dict[str, Any]:
    """Schema 2 did not say what a device cannot run; the fields are the same."""
    return fields


_DESCRIPTIONS = RecordFormat(
    kind=_Description,
    schema=3,
    error=ConfigError,
    what="the description of a device (schema, title, kind, source, note, unsupported, [power])",
    advice="See devices/raspi4.toml for one",
    upgrades={1: _without_tables, 2: _without_operations},
)


def read_device(path: Path, name: str | None = None) -> Device:
    """The device that a TOML file describes.

    Args:
        path: The file.
        name: What to call the device; the file's name without suffix by default.

    Raises:
        ConfigError: The file is no device description this version can read.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{path.name} must be {_DESCRIPTIONS.what}; it cannot be read: {error}."
        ) from error
    found = _DESCRIPTIONS.decode(data, path.name)
    return Device(
        name=name or path.stem,
        title=found.title,
        kind=found.kind,
        source=found.source,
        rated_power_w=found.power.rated_w if found.power else None,
        rated_power_source=found.power.source if found.power else "",
        note=found.note,
        unsupported=found.unsupported,
    )


def _files() -> dict[str, Path]:
    """TOML file of each device: the project's, other distributions' and the user's own.

    Raises:
        ConfigError: A name is taken twice.
    """
    found = [(path.stem, path) for path in data_dir("devices").glob("*.toml")]
    found += [(point.name, Path(point.load())) for point in entry_points(group=ENTRY_POINTS)]
    found += [(path.stem, path) for path in (config_dir() / "devices").glob("*.toml")]
    files: dict[str, Path] = {}
    for name, path in sorted(found):
        if name in files:
            raise ConfigError(
                f"Device '{name}' is described twice, in {files[name]} and {path}; rename one."
            )
        files[name] = path
    return files


def check_device_name(name: str) -> None:
    """Check that a device may be called so.

    Raises:
        ConfigError: It may not.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            "A device's name must be of small letters, digits, '.', '_' and '-', and begin with a "
            f"letter or digit; got '{name}'."
        )


def described_names() -> list[str]:
    """Names of the devices that a TOML file describes, in alphabetical order."""
    return sorted(_files())


def described_device(name: str) -> Device:
    """The device that the TOML file called ``name`` describes.

    Raises:
        UnknownNameError: There is none.
        ConfigError: Its file is no device description.
    """
    files = _files()
    if name not in files:
        raise UnknownNameError("device", name, files, "hwnas devices")
    return read_device(files[name], name)
