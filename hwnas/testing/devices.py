"""The contract of a device's description."""

from __future__ import annotations

import re
from pathlib import Path

from hwnas.core.device import read_device
from hwnas.core.quantity import QUANTITIES
from hwnas.core.target import Target, parse_table_column
from hwnas.errors import ConfigError
from hwnas.testing._require import require


def check_device(path: Path) -> None:
    """Assert that a TOML file describes a device as ``devices/`` and ``hwnas.devices`` need it.

    It checks that

    - it is read, and holds nothing that is not known;
    - its name, that of the file, can stand in a table's column and is read back from there;
    - it says what the device is, of which kind, and where its numbers come from, with a link;
    - a rated power comes with who states it.

    Args:
        path: The file.

    Raises:
        AssertionError: A sentence on what must hold and what was found instead.
    """
    try:
        device = read_device(path)
    except ConfigError as error:
        raise AssertionError(str(error)) from error
    _check_name(device.name)
    for field in ("title", "kind", "source"):
        require(
            bool(getattr(device, field).strip()),
            f"{path.name}: {field} must say something; got an empty text.",
        )
    require(
        re.search(r"https?://\S", device.source) is not None,
        f"{path.name}: source must hold a link to where the numbers come from; "
        f"got '{device.source}'.",
    )
    require(
        device.rated_power_w is None or bool(device.rated_power_source.strip()),
        f"{path.name}: a rated power must come with its source; [power] source is empty.",
    )


def _check_name(name: str) -> None:
    for quantity in QUANTITIES.values():
        if not quantity.per_device:
            continue
        column = Target(quantity.name, "cifar10", name).table_column
        read = parse_table_column(column, ["cifar10"])
        found = None if read is None else (read.device, read.quantity)
        require(
            found == (name, quantity.name),
            f"A device's name must be read back from a table's column; '{column}' gave "
            f"{found or 'nothing'} for '{name}'. Name its file in small letters, digits, '_', "
            "'.' and '-', and not after the beginning of a quantity.",
        )
