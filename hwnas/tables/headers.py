"""Headers that nearly follow the project's rule for columns, and what they should be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from hwnas._names import quoted
from hwnas.core.limits import other_units
from hwnas.core.quantity import QUANTITIES, Quantity
from hwnas.core.target import Target, parse_conditions, parse_table_column
from hwnas.errors import ConfigError

_SIGNS = {"%": "pct", "µ": "u", "μ": "u"}
_WORDS = {
    "acc": "accuracy",
    "top1": "accuracy",
    "fps": "throughput",
    "parameters": "params",
    "robust_accuracy": "robustness",
}
"""What quantities are called elsewhere."""
_CLOSE = 0.7


def near_miss(name: str, datasets: Sequence[str]) -> str | None:
    """What a header that does not follow the rule should be, as a clause; None if nobody knows.

    Args:
        name: The header.
        datasets: Data sets of the search space.

    Example:
        >>> near_miss("cifar10_pi5_latency_us", ["cifar10"])
        "'cifar10_pi5_latency_us' should be 'cifar10_pi5_latency_ms', with numbers in milliseconds"
    """
    body, _, conditions = name.partition("@")
    folded = _folded(body)
    found = next(filter(None, (_split(folded, *each) for each in _spellings())), None)
    if found is None:
        return None
    quantity, is_other_unit, place = found
    dataset, place, is_known = _dataset(place, datasets)
    device = re.sub(r"[^a-z0-9._-]+", "-", place).strip("_.-") if quantity.per_device else None
    if device and any(word in device for word in ("latency", "energy", "accuracy", "throughput")):
        return None
    target = Target(
        quantity.name,
        dataset if quantity.per_dataset else None,
        device or ("mydevice" if quantity.per_device else None),
        _conditions(conditions),
    )
    column = target.table_column
    if column == name or parse_table_column(column, datasets) != target:
        return None
    words = [f"{quoted(name)} should be {quoted(column)}"]
    words += [f"with numbers in {quantity.words}"] if is_other_unit else []
    words += ["where mydevice is what you call the device"] if device == "" else []
    if not is_known and len(datasets) > 1:
        words.append(f"data sets being {', '.join(datasets)}")
    return ", ".join(words)


def _folded(text: str) -> str:
    """A name in small letters, with underscores between words; a unit in brackets is a word."""
    text = text.strip().lower()
    for sign, letters in _SIGNS.items():
        text = text.replace(sign, letters)
    return re.sub(r"[\s()\[\]/]+", "_", text).strip("_")


def _spellings() -> Iterator[tuple[str, Quantity, bool]]:
    """What columns of quantities are called, the longest first; whether that is another unit."""
    found: dict[str, tuple[Quantity, bool]] = {}
    units = [quantity.column.rpartition("_")[2] for quantity in QUANTITIES.values()]
    for quantity in QUANTITIES.values():
        stem, _, unit = quantity.column.rpartition("_")
        if stem and units.count(unit) == 1:
            found[unit] = quantity, False
        for word in (quantity.column, quantity.name, stem or quantity.column):
            found[word] = quantity, False
        for other in other_units(quantity):
            found[other] = quantity, True
    for word, name in _WORDS.items():
        found[word] = QUANTITIES[name], False
    for word in sorted(found, key=len, reverse=True):
        yield word, *found[word]


def _split(
    folded: str, word: str, quantity: Quantity, is_other_unit: bool
) -> tuple[Quantity, bool, str] | None:
    """What a name that ends in a word says, and what stands before that; None if it does not."""
    loose = folded.replace("-", "_")
    if loose != word and not loose.endswith(f"_{word}"):
        return None
    return quantity, is_other_unit, folded[: len(folded) - len(word)].strip("_-")


def _dataset(place: str, datasets: Sequence[str]) -> tuple[str, str, bool]:
    """The data set that a place begins with, the rest, and whether it was named."""
    for dataset in sorted(datasets, key=len, reverse=True):
        letters = r"[-_ ]?".join(re.sub(r"[^a-z0-9]", "", dataset))
        match = re.match(rf"{letters}(?:[_-]+|$)", place)
        if match:
            return dataset, place[match.end() :], True
    first, _, rest = place.partition("_")
    close = difflib.get_close_matches(first, datasets, n=1, cutoff=_CLOSE)
    return (close[0], rest, False) if close else (datasets[0], place, False)


def _conditions(text: str) -> tuple[tuple[str, str], ...]:
    try:
        conditions = parse_conditions(text.strip().lower())
        Target("latency", conditions=conditions)
    except ConfigError:
        return ()
    return conditions
