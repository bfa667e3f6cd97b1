"""What can be known of an architecture: each quantity's unit and which direction is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hwnas.errors import UnknownNameError

Direction = Literal["min", "max"]
Source = Literal[
    "predicted", "extrapolated", "tabulated", "measured", "estimated", "counted", "custom"
]
"""Where a value comes from. ``extrapolated``: predicted by a model fitted on another space;
``counted``: exact, from the operation graph; ``estimated``: from a formula with a rated figure in
it; ``custom``: the user's own function."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measurable property of an architecture.

    Args:
        name: Word used on the command line: ``"latency"``.
        column: Name with its unit, used for every array and file column: ``"latency_ms"``.
        unit: The unit, for people; empty for a pure count.
        direction: Whether less or more is better.
        title: What to print above a column of it.
        per_device: Whether it means nothing without a device.
        per_dataset: Whether it means nothing without a dataset.
    """

    name: str
    column: str
    unit: str
    direction: Direction
    title: str
    per_device: bool = False
    per_dataset: bool = True


_QUANTITIES = (
    Quantity("accuracy", "accuracy_pct", "%", "max", "Accuracy"),
    Quantity("robustness", "robustness_pct", "%", "max", "Robust accuracy"),
    Quantity("latency", "latency_ms", "ms", "min", "Latency", per_device=True),
    Quantity("energy", "energy_mj", "mJ", "min", "Energy", per_device=True),
    Quantity("throughput", "throughput_ips", "img/s", "max", "Throughput", per_device=True),
    Quantity("params", "params", "", "min", "Parameters"),
    Quantity("macs", "macs", "", "min", "Multiply-accumulates"),
)
QUANTITIES = {quantity.name: quantity for quantity in _QUANTITIES}
_BY_COLUMN = {quantity.column: quantity for quantity in _QUANTITIES}

DEFAULT_OBJECTIVES = ("accuracy", "robustness", "latency", "energy")


def parse_quantity(text: str) -> tuple[Quantity, str]:
    """The quantity and variant that a word such as ``robustness@pgd-eps1`` names.

    Args:
        text: A quantity's name or column, then, after ``@``, which variant of it (an attack, for
            robustness); no variant means the default one.

    Returns:
        The quantity and its variant (empty for the default one).

    Raises:
        UnknownNameError: There is no such quantity.

    Example:
        >>> parse_quantity("latency_ms")[0].unit
        'ms'
    """
    name, _, variant = text.strip().partition("@")
    quantity = QUANTITIES.get(name) or _BY_COLUMN.get(name)
    if quantity is None:
        raise UnknownNameError("quantity", name, [*QUANTITIES, *_BY_COLUMN])
    return quantity, variant


def column_name(quantity: Quantity, variant: str = "") -> str:
    """Column of a quantity's variant: ``robustness_pct`` or ``robustness_pct@pgd-eps1``."""
    return f"{quantity.column}@{variant}" if variant else quantity.column
