"""A device: a target machine, described by one TOML file in ``devices/``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from hwnas._resources import config_dir, data_dir
from hwnas.core.quantity import column_name, parse_quantity
from hwnas.errors import ConfigError, UnknownNameError

SCHEMA = 1
ENTRY_POINTS = "hwnas.devices"
"""Each entry point is the path of a TOML file; its name is the device's."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a published table that holds a quantity of this device.

    Args:
        table: Name of the table.
        space: Search space of its rows.
        dataset: Data set whose input size and classes the networks have.
        quantity: Name of the quantity.
        column: Name of the column, with its unit.
        variant: Which variant of the quantity, such as ``"batch32"``; empty for none.
    """

    table: str
    space: str
    dataset: str
    quantity: str
    column: str
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of a target machine.

    Args:
        name: Name on the command line.
        title: Full name for people.
        kind: What sort of machine: ``"embedded GPU"``.
        source: Where its numbers come from.
        columns: Its columns in published tables.
        rated_power_w: Rated power in watts, or None where no source states one.
        rated_power_source: The source of ``rated_power_w``.
        note: Anything a user must know before trusting its numbers.
    """

    name: str
    title: str
    kind: str
    source: str
    columns: tuple[TableColumn, ...]
    rated_power_w: float | None = None
    rated_power_source: str = ""
    note: str = ""

    def quantities(self, space: str, dataset: str) -> tuple[str, ...]:
        """Names of the quantities a table knows for this device on a space and data set."""
        return tuple(
            dict.fromkeys(
                c.quantity for c in self.columns if (c.space, c.dataset) == (space, dataset)
            )
        )

    def tables(self, quantity: str, space: str, dataset: str) -> tuple[str, ...]:
        """Names of the tables that know a quantity of this device on a space and data set."""
        asked = (quantity, space, dataset)
        return tuple(
            dict.fromkeys(
                c.table for c in self.columns if (c.quantity, c.space, c.dataset) == asked
            )
        )


def _columns(name: str, tables: list[dict[str, Any]]) -> tuple[TableColumn, ...]:
    """Columns of the ``[[table]]`` blocks: each data set times each quantity's variant."""
    found = []
    for table in tables:
        for dataset in table["datasets"]:
            for quantity, variant in map(parse_quantity, table["quantities"]):
                unit_name = column_name(quantity, variant)
                column = f"{dataset}_{table.get('prefix', name)}_{unit_name}"
                found.append(
                    TableColumn(
                        table["name"], table["space"], dataset, quantity.name, column, variant
                    )
                )
    return tuple(found)


def read_device(path: Path) -> Device:
    """The device that a TOML file describes.

    Raises:
        ConfigError: The file is no device description this version can read.
    """
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
        if data["schema"] > SCHEMA:
            raise ConfigError(
                f"{path.name}: schema must be at most {SCHEMA}; got {data['schema']}. Update hwnas."
            )
        power = data.get("power", {})
        return Device(
            name=path.stem,
            title=data["title"],
            kind=data["kind"],
            source=data["source"],
            columns=_columns(path.stem, data.get("table", [])),
            rated_power_w=power.get("rated_w"),
            rated_power_source=power.get("source", ""),
            note=data.get("note", ""),
        )
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{path.name} must describe a device (title, kind, source, table); {error!r}."
        ) from error


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


def device_names() -> list[str]:
    """Names of all devices, in alphabetical order."""
    return sorted(_files())


def load_device(name: str) -> Device:
    """The device called ``name``.

    Raises:
        UnknownNameError: There is none.
        ConfigError: Its file is no device description.
    """
    files = _files()
    if name not in files:
        raise UnknownNameError("device", name, files, "hwnas devices")
    return replace(read_device(files[name]), name=name)
