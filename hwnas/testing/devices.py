"""The contract of devices."""

from __future__ import annotations

from pathlib import Path

from hwnas.core.device import Device, read_device
from hwnas.core.operation import run_kinds
from hwnas.core.quantity import QUANTITIES
from hwnas.core.target import Target, parse_table_column
from hwnas.testing._require import require

_DATASET = "dataset"


def check_device(device: Device | Path) -> None:
    """Assert that a device, or the TOML file that describes it, is one to search for.

    It checks that

    - a file can be read, with no key that nobody knows;
    - tables can name it in their columns, as in ``cifar10_pixel3_latency_ms``;
    - its title, kind and source are one line each;
    - a rated power says who states it, and nothing else does;
    - what it cannot run is named once, and is not all that a network is made of.

    Args:
        device: The device, or the path of its file.

    Raises:
        AssertionError: A sentence on what must hold and what was found instead.
        ConfigError: The file is no device description.
    """
    found = device if isinstance(device, Device) else read_device(device)
    for quantity in QUANTITIES.values():
        if quantity.per_device:
            dataset = _DATASET if quantity.per_dataset else None
            column = Target(quantity.name, dataset, found.name).table_column
            target = parse_table_column(column, [_DATASET])
            require(
                target is not None
                and (target.quantity, target.device) == (quantity.name, found.name),
                "A device's name must be small letters, digits, '.', '_' and '-', so that tables "
                f"can name it in a column; {column!r} names {target and target.device}.",
            )
    for name in ("title", "kind", "source"):
        text = getattr(found, name)
        require(
            bool(text.strip()) and "\n" not in text,
            f"Device '{found.name}': {name} must be one line; got {text!r}.",
        )
    require(
        (found.rated_power_w is None) == (not found.rated_power_source.strip()),
        f"Device '{found.name}': a rated power and its source must be given together; got "
        f"{found.rated_power_w} from {found.rated_power_source!r}.",
    )
    require(
        len(set(found.unsupported)) == len(found.unsupported)
        and not set(run_kinds()) <= set(found.unsupported),
        f"Device '{found.name}': unsupported must name each operation once, and not all of them; "
        f"got {', '.join(found.unsupported)}.",
    )
