"""Headers that nearly follow the project's rule for columns, and what they should be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence

from hwnas._names import quoted
from hwnas.core.limits import other_units
from hwnas.core.quantity import QUANTITIES, Quantity
from hwnas.core.target import (
    LONGEST_DEVICE,
    Conditions,
    Target,
    parse_conditions,
    parse_table_column,
)
from hwnas.errors import ConfigError

_ELSEWHERE: Mapping[str, Sequence[str]] = {
    "ms": ("ns", "sec", "msec", "usec"),
    "mj": ("nj",),
    "ips": ("fps", "qps"),
}
"""Units that others write, by a column's own."""
_SIGNS = {"%": "pct", "µ": "u", "μ": "u"}
_WORDS = {
    "acc": "accuracy",
    "top1": "accuracy",
    "fps": "throughput",
    "parameters": "params",
    "robust_accuracy": "robustness",
    "flops": "macs",
}
"""What quantities are called elsewhere."""
_COUNTED_TWICE = "flops"
_CLOSE = 0.7
_MISSPELT, _LEAST_LETTERS = 0.8, 5
"""How alike words are of which one is misspelt, and how long."""
_MIDDLES = frozenset(("mean", "avg", "average", "median"))
_STATISTICS = _MIDDLES | frozenset(("std", "stdev", "sd", "var", "min", "max", "p50", "p95", "p99"))
_NO_DEVICES = frozenset(("index", "id", "no", "nr", "row", "n", "seed", "day", "date", "time"))
_COPY = re.compile(r"\.[0-9]{1,2}$")
"""What pandas writes behind the name of a column that stands twice."""


def near_miss(name: str, datasets: Sequence[str]) -> str | None:
    """What a header that does not follow the rule should be, as a clause; None if nobody knows.

    Args:
        name: The header.
        datasets: Data sets of the search space.

    Example:
        >>> near_miss("cifar10_pi5_latency_us", ["cifar10"])
        "'cifar10_pi5_latency_us' should be 'cifar10_pi5_latency_ms', with numbers in milliseconds"
    """
    body, at, conditions = name.partition("@")
    folded = _folded(body)
    plain = _COPY.sub("", folded)
    stem, _, last = plain.rpartition("_")
    plain, is_middle = (stem, True) if last in _MIDDLES and stem else (plain, False)
    found = _found(plain, datasets)
    if found is None:
        return None
    quantity, is_other_unit, place, word = found
    dataset, place, is_known = _dataset(place, datasets)
    device = re.sub(r"[^a-z0-9._-]+", "-", place).strip("_.-") if quantity.per_device else None
    if device and any(each in device for each in ("latency", "energy", "accuracy", "throughput")):
        return None
    if device in _STATISTICS:
        device = ""
    if device and len(device) > LONGEST_DEVICE:
        return f"{quoted(name)} has the name of a device of more than {LONGEST_DEVICE} characters"
    usable = _conditions(conditions)
    target = Target(
        quantity.name,
        dataset if quantity.per_dataset else None,
        device or ("mydevice" if quantity.per_device else None),
        usable or (),
    )
    column = target.table_column
    if column == name or parse_table_column(column, datasets) != target:
        return None
    words = [f"{quoted(name)} should be {quoted(column)}"]
    words += [f"with numbers in {quantity.words}"] if is_other_unit else []
    words += ["where mydevice is what you call the device"] if device == "" else []
    if word == _COUNTED_TWICE:
        words.append("which are half of the FLOPs where these count a multiply and an add as two")
    if is_middle or plain != folded:
        words.append("or have a condition such as @run2 where that stands too")
    if at and usable is None:
        words.append("perhaps with conditions such as @batch32")
    if not is_known and len(datasets) > 1:
        words.append(f"data sets being {', '.join(datasets)}")
    return ", ".join(words)


def device_alone(name: str, datasets: Sequence[str]) -> str | None:
    """What a header of numbers should be that is only a device, in words; None if it is none.

    Example:
        >>> device_alone("my-board", ["cifar10"])
        "If 'my-board' is a device with latencies in ms, call it 'cifar10_my-board_latency_ms'"
    """
    dataset, place, _ = _dataset(name.strip().lower(), datasets)
    device = re.sub(r"[^a-z0-9._-]+", "-", place).strip("_.-")
    parts = re.split(r"[^a-z0-9]+", device)
    units = {unit for each in _ELSEWHERE.items() for unit in (each[0], *each[1])}
    if not re.search("[a-z]", device) or units.union(_STATISTICS, _NO_DEVICES).intersection(parts):
        return None
    column = Target("latency", dataset, device).table_column
    if parse_table_column(column, datasets) is None:
        return None
    return f"If {quoted(name)} is a device with latencies in ms, call it {quoted(column)}"


def _folded(text: str) -> str:
    """A name in small letters, with underscores between words; a unit in brackets is a word."""
    text = text.strip().lower()
    for sign, letters in _SIGNS.items():
        text = text.replace(sign, letters)
    return re.sub(r"[\s()\[\]/]+", "_", text).strip("_")


def _spellings() -> Iterator[tuple[Quantity, bool, str]]:
    """What columns of quantities are called, the longest first; whether that is another unit."""
    found: dict[str, tuple[Quantity, bool]] = {}
    units = [quantity.column.rpartition("_")[2] for quantity in QUANTITIES.values()]
    for quantity in QUANTITIES.values():
        stem, _, unit = quantity.column.rpartition("_")
        if stem and units.count(unit) == 1:
            found[unit] = quantity, False
        for word in (quantity.column, quantity.name, stem or quantity.column):
            found[word] = quantity, False
        others = [f"{stem}_{other}" for other in _ELSEWHERE.get(unit, ())]
        for other in (*other_units(quantity), *others):
            found[other] = quantity, True
            found[other.replace("_", "")] = quantity, True
        found[quantity.column.replace("_", "")] = quantity, False
    for word, name in _WORDS.items():
        found[word] = QUANTITIES[name], False
    for word in sorted(found, key=len, reverse=True):
        yield *found[word], word


def _found(folded: str, datasets: Sequence[str]) -> tuple[Quantity, bool, str, str] | None:
    """Quantity, whether in another unit, what stands before it, and what it is called there."""
    spellings = list(_spellings())
    columns = [quantity.column.rpartition("_") for quantity, *_ in spellings]
    units = {unit for stem, _, unit in columns if stem}
    names = [each for each in spellings if each[2] not in units]
    exact = [
        (quantity, is_other_unit, place, word)
        for quantity, is_other_unit, word in spellings
        if (place := _before(folded, word)) is not None
    ]
    sure = next((each for each in exact if each[3] not in units), None)
    # A unit alone says little: mean_ms is perhaps no latency.
    likely = (each for each in exact if _is_of_dataset(each[2], datasets))
    return sure or _misspelt(folded, names) or next(likely, None)


def _is_of_dataset(place: str, datasets: Sequence[str]) -> bool:
    _, device, is_known = _dataset(place, datasets)
    return is_known and device not in _STATISTICS


def _before(folded: str, word: str) -> str | None:
    """What stands before a word at the end of a name; None if it does not end so."""
    loose = folded.replace("-", "_")
    if loose != word and not loose.endswith(f"_{word}"):
        return None
    return folded[: len(folded) - len(word)].strip("_-")


def _misspelt(
    folded: str, spellings: Sequence[tuple[Quantity, bool, str]]
) -> tuple[Quantity, bool, str, str] | None:
    """The same as ``_found`` where a word of the quantity's name is misspelt."""
    parts = folded.replace("-", "_").split("_")
    for quantity, is_other_unit, word in spellings:
        words = word.split("_")
        ends = parts[-len(words) :]
        if len(ends) == len(words) and all(map(_is_alike, ends, words)):
            place = folded[: len(folded) - len("_".join(ends))].strip("_-")
            return quantity, is_other_unit, place, word
    return None


def _is_alike(given: str, word: str) -> bool:
    if given == word:
        return True
    if min(len(given), len(word)) < _LEAST_LETTERS or len(given) > 2 * len(word):
        return False
    return difflib.SequenceMatcher(None, given, word).ratio() >= _MISSPELT


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


def _conditions(text: str) -> Conditions | None:
    """The conditions that a text states; None if they cannot be."""
    try:
        conditions = parse_conditions(text.strip().lower())
        Target("latency", conditions=conditions)
    except ConfigError:
        return None
    return conditions
