"""What can be known of an architecture: each quantity's unit, direction and bounds.

Other distributions add theirs through the entry points ``hwnas.quantities``: each is a
``Quantity`` under its own name.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from hwnas.errors import ConfigError, known_name
from hwnas.registry import Registry

Direction = Literal["min", "max"]
Source = Literal[
    "predicted", "extrapolated", "tabulated", "measured", "estimated", "counted", "scored", "custom"
]
"""Where a value comes from. ``extrapolated``: predicted by a model fitted on another space;
``counted``: exact, from the operation graph; ``estimated``: from a formula with a rated figure in
it; ``scored``: by a zero-cost proxy of the untrained network, which ranks and tells no accuracy;
``custom``: the user's own function."""

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")


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
        lower: Smallest value it can have, in its unit; ``-inf`` for a loss that may be negative.
        upper: Largest value it can have.
        unit_words: The unit in words, for messages: ``"milliseconds"``.
        is_quality: Whether it says how well an architecture does its task, as accuracy and
            perplexity do; what it costs is none.
        is_lower_open: Whether ``lower`` itself cannot be, as a latency of 0.
        is_whole: Whether it is a number of things or bytes, and so a whole one.

    Raises:
        ConfigError: A name is no plain word, the direction is none, or the bounds are not in order.
    """

    name: str
    column: str
    unit: str
    direction: Direction
    title: str
    per_device: bool = False
    per_dataset: bool = True
    lower: float = 0.0
    upper: float = math.inf
    unit_words: str = ""
    is_quality: bool = False
    is_lower_open: bool = False
    is_whole: bool = False

    def __post_init__(self) -> None:
        for word in (self.name, self.column):
            if not _NAME.fullmatch(word):
                raise ConfigError(
                    f"A quantity's name and column must be of letters, digits and '_'; got {word!r}"
                    "."
                )
        if self.direction not in ("min", "max"):
            raise ConfigError(
                f"Quantity '{self.name}': direction must be min or max; got {self.direction!r}."
            )
        if not self.lower < self.upper:
            raise ConfigError(
                f"Quantity '{self.name}': lower must be below upper; "
                f"got {self.lower:g} and {self.upper:g}."
            )

    def can_be(self, value: float) -> bool:
        """Whether a number lies within the bounds; NaN does not."""
        is_above = value > self.lower if self.is_lower_open else value >= self.lower
        return is_above and value <= self.upper

    @property
    def is_count(self) -> bool:
        """Whether it is a number of things, such as parameters."""
        return not self.unit

    @property
    def words(self) -> str:
        """The unit in words, or the quantity's title where it has none."""
        return self.unit_words or self.title.lower()


QUANTITIES: Registry[Quantity] = Registry("quantity", group="hwnas.quantities")
for _quantity in (
    Quantity(
        "accuracy",
        "accuracy_pct",
        "%",
        "max",
        "Accuracy",
        upper=100.0,
        unit_words="percentage",
        is_quality=True,
    ),
    Quantity(
        "robustness",
        "robustness_pct",
        "%",
        "max",
        "Robust accuracy",
        upper=100.0,
        unit_words="percentage",
        is_quality=True,
    ),
    Quantity(
        "latency",
        "latency_ms",
        "ms",
        "min",
        "Latency",
        per_device=True,
        unit_words="milliseconds",
        is_lower_open=True,
    ),
    Quantity(
        "energy",
        "energy_mj",
        "mJ",
        "min",
        "Energy",
        per_device=True,
        unit_words="millijoules",
        is_lower_open=True,
    ),
    Quantity(
        "throughput",
        "throughput_ips",
        "img/s",
        "max",
        "Throughput",
        per_device=True,
        unit_words="images per second",
        is_lower_open=True,
    ),
    Quantity("params", "params", "", "min", "Parameters", is_whole=True),
    Quantity("macs", "macs", "", "min", "Multiply-accumulates", is_whole=True),
    Quantity(
        "peak_memory",
        "peak_memory_bytes",
        "bytes",
        "min",
        "Peak memory",
        unit_words="bytes",
        is_whole=True,
    ),
    Quantity("size", "size_bytes", "bytes", "min", "Size", unit_words="bytes", is_whole=True),
):
    QUANTITIES.register(_quantity.name)(_quantity)

DEFAULT_OBJECTIVES = ("accuracy", "robustness", "latency", "energy")


def find_quantity(word: str) -> Quantity:
    """The quantity with a name or column, capitals, spaces, ``-`` and ``_`` aside.

    Raises:
        UnknownNameError: There is none.
        ConfigError: Two quantities share a column, or one is registered under another name.

    Example:
        >>> find_quantity("latency_ms").unit
        'ms'
    """
    by_word: dict[str, Quantity] = {}
    for name in QUANTITIES:
        quantity = QUANTITIES[name]
        if quantity.name != name:
            raise ConfigError(
                f"A quantity must be registered under its own name, '{quantity.name}'; got '{name}'"
                "."
            )
        for each in {quantity.name, quantity.column}:
            if each in by_word:
                raise ConfigError(
                    f"Two quantities are called '{each}', {by_word[each].name} and {name}; "
                    "rename one."
                )
            by_word[each] = quantity
    columns = by_word.keys() - set(QUANTITIES)
    return by_word[known_name("quantity", word, by_word, also=columns)]
