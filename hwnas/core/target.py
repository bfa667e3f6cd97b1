"""What a number is about: quantity, data set, device and conditions, with one text form.

A text such as ``latency@batch32+precision=int8`` names the quantity, or its column, and after
``@`` the conditions. Where a value names its key the value stands alone: ``batch32`` is
``batch=32``, ``pgd-eps1`` an attack of strength 1/255, ``test`` a split, ``proxy`` a training; any
other word is a ``variant``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hwnas._names import quoted
from hwnas.core.quantity import QUANTITIES, Quantity, find_quantity
from hwnas.errors import ConfigError

Conditions = tuple[tuple[str, str], ...]
"""Pairs of key and value, in the order of their keys."""

VARIANT = "variant"
"""Key of a word that names no other."""
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_WORD = re.compile(r"[a-z0-9][a-z0-9._-]*")
LONGEST_DEVICE = 64
"""Characters of the longest name of a device."""
DEVICE_NAME = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{LONGEST_DEVICE - 1}}}")
_SIZE = re.compile(r"[1-9][0-9]*")
_NO_BATCH = re.compile(rf"batch(?!{_SIZE.pattern}$)[0-9._-]*")
# The group is the value; a word that matches none is a variant.
_BARE = {
    "batch": re.compile(r"batch([1-9][0-9]*)"),
    "attack": re.compile(r"([a-z][a-z0-9-]*-eps[0-9.]+)"),
    "split": re.compile(r"((?:train|validation|test)(?:-seed[0-9]+)?)"),
    "training": re.compile(r"(proxy)"),
}
_PREFIXES = {"batch": "batch"}
_WORDS = {("training", "proxy"): "training proxy"}
"""Conditions for people, where they are not their key and value."""
_ATTACK = re.compile(r"(.+)-eps([0-9.]+)")
_ATTACKS = {"square": "Square"}
"""Attacks for people that are no abbreviation."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a number is about.

    Args:
        quantity: Name of the quantity; files may name one that is not known here.
        dataset: Data set, or None for one that is not said.
        device: Device; None for a quantity that depends on none, or one that is not said.
        conditions: What else was set, such as ``(("batch", "32"),)``; none stands for the usual
            ones. Given in any order, kept in that of the keys.

    Raises:
        ConfigError: A key or value is no plain word, or a key stands twice.
    """

    quantity: str
    dataset: str | None = None
    device: str | None = None
    conditions: Conditions = ()

    def __post_init__(self) -> None:
        pairs = tuple(sorted((key, value) for key, value in self.conditions))
        keys = [key for key, _ in pairs]
        for key, value in pairs:
            if not _KEY.fullmatch(key) or not _WORD.fullmatch(value):
                raise ConfigError(
                    f"{self.quantity}: a condition must be key=value in small letters, digits, "
                    f"'.', '_' and '-', such as batch=32; got '{key}={value}'."
                )
            is_size = key != "batch" or _SIZE.fullmatch(value)
            if not is_size or (key == VARIANT and _NO_BATCH.fullmatch(value)):
                raise ConfigError(
                    f"{self.quantity}: a batch must be a whole number from 1, such as batch32; got "
                    f"{quoted(value)}."
                )
            if keys.count(key) > 1:
                raise ConfigError(f"{self.quantity}: {key} must be given once; got it twice.")
        object.__setattr__(self, "conditions", pairs)

    @property
    def meaning(self) -> Quantity:
        """The quantity with its unit and direction.

        Raises:
            UnknownNameError: There is none: another distribution that had it is gone.
        """
        return find_quantity(self.quantity)

    @property
    def condition_text(self) -> str:
        """The conditions as text: ``batch32+precision=int8``; empty for the usual ones."""
        return "+".join(_shown(key, value) for key, value in self.conditions)

    @property
    def condition_words(self) -> str:
        """The conditions for people: ``APGD-CE, eps 1/255``; empty for the usual ones."""
        return ", ".join(_in_words(key, value) for key, value in self.conditions)

    @property
    def title(self) -> str:
        """A heading for people: ``Accuracy (training proxy)``."""
        words = self.condition_words
        return f"{self.meaning.title} ({words})" if words else self.meaning.title

    def __str__(self) -> str:
        """The text form without data set and device: ``latency@batch32``."""
        return self._with_conditions(self.quantity)

    @property
    def column(self) -> str:
        """Column of the values in files of a search: ``latency_ms@batch32``."""
        return self._with_conditions(self.meaning.column)

    @property
    def table_column(self) -> str:
        """Column of the values in a table: ``cifar10_pixel3_latency_ms``."""
        places = (self.dataset, self.device, self.meaning.column)
        return self._with_conditions("_".join(filter(None, places)))

    def _with_conditions(self, name: str) -> str:
        return f"{name}@{self.condition_text}" if self.conditions else name

    @property
    def usual(self) -> Target:
        """The same under the usual conditions."""
        return replace(self, conditions=())


def parse_target(text: str, dataset: str | None = None, device: str | None = None) -> Target:
    """The target that a text names.

    Args:
        text: A quantity's name or column, then perhaps ``@`` and conditions.
        dataset: Data set of the target.
        device: Device of the target, if its quantity depends on one.

    Raises:
        UnknownNameError: There is no such quantity.
        ConfigError: The conditions have another form.

    Example:
        >>> parse_target("latency_ms@batch=32").column
        'latency_ms@batch32'
    """
    name, at, conditions = text.strip().partition("@")
    quantity = find_quantity(name)
    if at and not conditions:
        raise ConfigError(f"'{text}' must name a condition after '@', such as @batch32.")
    return Target(
        quantity.name,
        dataset if quantity.per_dataset else None,
        device if quantity.per_device else None,
        parse_conditions(conditions),
    )


def parse_conditions(text: str) -> Conditions:
    """The conditions that a text such as ``batch32+precision=int8`` states; none if it is empty.

    Example:
        >>> parse_conditions("test+precision=int8")
        (('split', 'test'), ('precision', 'int8'))
    """
    return tuple(_parsed(part) for part in text.split("+")) if text else ()


def parse_table_column(name: str, datasets: Sequence[str]) -> Target | None:
    """The target of a table's column; None if its name does not follow the project's rule.

    The rule is ``{dataset}_{device}_{quantity column}[@conditions]``, without the device for a
    quantity that depends on none.

    Example:
        >>> parse_table_column("cifar10_pixel3_latency_ms", ["cifar10", "cifar100"]).device
        'pixel3'
    """
    body, at, conditions = name.partition("@")
    # The longest first: a name may end in another's, as peak_memory_bytes in memory_bytes.
    quantities = sorted(QUANTITIES.values(), key=lambda quantity: -len(quantity.column))
    for quantity in quantities:
        if body != quantity.column and not body.endswith(f"_{quantity.column}"):
            continue
        place = body.removesuffix(quantity.column).removesuffix("_")
        found = _place(quantity, place, datasets)
        if found is None or (at and not conditions):
            return None
        try:
            return Target(quantity.name, *found, parse_conditions(conditions))
        except ConfigError:
            return None
    return None


def _place(
    quantity: Quantity, place: str, datasets: Sequence[str]
) -> tuple[str | None, str | None] | None:
    """Data set and device of a column, from what stands before the quantity's; None if wrong."""
    dataset = None
    if quantity.per_dataset:
        # The longest first: one data set's name may begin another's.
        known = sorted(datasets, key=len, reverse=True)
        dataset = next((each for each in known if f"{place}_".startswith(f"{each}_")), None)
        if dataset is None:
            return None
        place = place.removeprefix(dataset).removeprefix("_")
    if bool(place) != quantity.per_device or (place and not DEVICE_NAME.fullmatch(place)):
        return None
    return dataset, place or None


def _parsed(part: str) -> tuple[str, str]:
    """Key and value of one condition."""
    key, equals, value = part.partition("=")
    if equals:
        return key, value
    for key, pattern in _BARE.items():
        match = pattern.fullmatch(part)
        if match is not None:
            return key, match[1]
    return VARIANT, part


def _shown(key: str, value: str) -> str:
    """A condition as text, its value alone where that says the same."""
    bare = _PREFIXES.get(key, "") + value
    return bare if _parsed(bare) == (key, value) else f"{key}={value}"


def _in_words(key: str, value: str) -> str:
    """A condition for people."""
    if (key, value) in _WORDS:
        return _WORDS[key, value]
    attack = _ATTACK.fullmatch(value) if key == "attack" else None
    if attack:
        name, strength = attack.groups()
        return f"{_ATTACKS.get(name, name.upper())}, eps {strength}/255"
    if _parsed(value) == (key, value):
        # What names its key stands alone: a split, perhaps with its seed.
        return value.replace("-seed", ", seed ")
    return f"{key} {value}"
