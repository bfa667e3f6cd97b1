"""A device: a target machine, described by one TOML file in ``devices/``.

What is known of it is what the catalogue of tables and the predictors find.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from hwnas._files import write_text
from hwnas._names import quoted
from hwnas._records import RecordFormat
from hwnas._resources import config_dir, data_dir
from hwnas.core.operation import run_kinds
from hwnas.core.target import DEVICE_NAME, LONGEST_DEVICE
from hwnas.errors import ConfigError, UnknownNameError, skip

ENTRY_POINTS = "hwnas.devices"
"""Each entry point is the path of a TOML file; its name is the device's."""


Option = str | int | float | bool
"""An option of a backend."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How to run models on a device.

    Args:
        name: Name of the backend.
        options: What it is made with.
        threads: Threads of a model's operators.
    """

    name: str
    options: dict[str, Option] = field(default_factory=dict)
    threads: int = 1


@dataclass(frozen=True, slots=True, repr=False)
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
        backend: How to run models on it; None where nobody said.

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
    backend: Reach | None = None

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

    def __repr__(self) -> str:
        return f"Device {self.name}: {self.title}, {self.kind}"


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
    backend: Reach | None = None

    def __post_init__(self) -> None:
        for name in ("title", "kind", "source"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} must not be empty")


def _without_tables(fields: dict[str, Any]) -> dict[str, Any]:
    """Schema 1 listed columns of tables, which the catalogue finds by itself."""
    return {key: value for key, value in fields.items() if key != "table"}


_DESCRIPTIONS = RecordFormat(
    kind=_Description,
    schema=3,
    error=ConfigError,
    what=(
        "the description of a device (schema, title, kind, source, note, unsupported, [power], "
        "[backend])"
    ),
    advice="See devices/raspi4.toml for one",
    # Schema 3 says how to reach a device and what it cannot run.
    upgrades={1: _without_tables, 2: dict},
)


def read_device(path: Path, name: str | None = None) -> Device:
    """The device that a TOML file describes.

    Args:
        path: The file.
        name: What to call the device; the file's name without suffix by default.

    Raises:
        ConfigError: The file is no device description this version can read.
    """
    found = _DESCRIPTIONS.read_toml(path, path.name)
    return Device(
        name=name or path.stem,
        title=found.title,
        kind=found.kind,
        source=found.source,
        rated_power_w=found.power.rated_w if found.power else None,
        rated_power_source=found.power.source if found.power else "",
        note=found.note,
        unsupported=found.unsupported,
        backend=found.backend,
    )


def own_device_path(name: str) -> Path:
    """File in which the user's device of a name is described, or would be."""
    return config_dir() / "devices" / f"{name}.toml"


def write_device(device: Device) -> Path:
    """Describe a device of the user's own; the file.

    Raises:
        StorageError: The folder cannot be written.
    """
    texts = {
        "title": device.title,
        "kind": device.kind,
        "source": device.source,
        "note": device.note,
    }
    lines = [f"schema = {_DESCRIPTIONS.schema}"]
    lines += [f"{key} = {_quoted(text)}" for key, text in texts.items() if text]
    if device.unsupported:
        lines += [f"unsupported = {json.dumps(device.unsupported)}"]
    if device.rated_power_w is not None:
        lines += ["", "[power]", f"rated_w = {device.rated_power_w}"]
        lines += [f"source = {_quoted(device.rated_power_source)}"]
    if device.backend is not None:
        lines += ["", "[backend]", f"name = {_quoted(device.backend.name)}"]
        lines += [f"threads = {device.backend.threads}"]
        if device.backend.options:
            lines += ["", "[backend.options]"]
        lines += [f"{key} = {_quoted(each)}" for key, each in device.backend.options.items()]
    path = own_device_path(device.name)
    write_text(path, "\n".join(lines) + "\n")
    return path


def _files() -> dict[str, list[Path]]:
    """TOML files of each device: the project's, other distributions' and the user's own."""
    found = [(path.stem, path) for path in data_dir("devices").glob("*.toml")]
    for point in entry_points(group=ENTRY_POINTS):
        try:
            found.append((point.name, Path(point.load())))
        except Exception as error:  # whatever another distribution does when it is imported
            skip(ConfigError(f"device '{point.name}' of {point.value} ({type(error).__name__})"))
    found += [(path.stem, path) for path in (config_dir() / "devices").glob("*.toml")]
    files: dict[str, list[Path]] = {}
    for name, path in sorted(found):
        files.setdefault(name, []).append(path)
    return files


def _quoted(value: Option) -> str:
    """A value as TOML has it: as JSON does, but the delete character is written as its number."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def check_device_name(name: str) -> None:
    """Check that a device may be called so.

    Raises:
        ConfigError: It may not.
    """
    if len(name) > LONGEST_DEVICE:
        raise ConfigError(
            f"A device's name must have at most {LONGEST_DEVICE} characters; got {quoted(name)}."
        )
    if not DEVICE_NAME.fullmatch(name):
        raise ConfigError(
            "A device's name must be of small letters, digits, '.', '_' and '-', and begin with a "
            f"letter or digit; got {quoted(name)}."
        )


def check_own_device(name: str) -> None:
    """Check that what is measured here may be of a device of this name.

    Raises:
        ConfigError: It is no plain word, or a device that hwnas describes itself: what is known of
            that was published, and another machine's values would take their place.
    """
    check_device_name(name)
    if (data_dir("devices") / f"{name}.toml").exists():
        raise ConfigError(
            f"Device '{name}' is one that hwnas describes, and what is known of it was measured "
            "elsewhere; what is measured here needs a --device of your own."
        )


def described_names() -> list[str]:
    """Names of the devices that a TOML file describes, in alphabetical order."""
    return sorted(_files())


def readable_names() -> list[str]:
    """The same without those whose file cannot be read, which are left out with a warning."""
    names = []
    for name in described_names():
        try:
            described_device(name)
        except ConfigError as error:
            skip(error)
        else:
            names.append(name)
    return names


def described_device(name: str) -> Device:
    """The device that the TOML file called just ``name`` describes.

    Raises:
        UnknownNameError: There is none.
        ConfigError: Its file is no device description, or there are two.
    """
    files = _files()
    if name not in files:
        raise UnknownNameError("device", name, files, "hwnas devices")
    first, *others = files[name]
    if others:
        raise ConfigError(
            f"Device '{name}' is described twice, in {first} and {others[0]}; rename one."
        )
    return read_device(first, name)
