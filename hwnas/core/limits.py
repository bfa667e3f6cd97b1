"""Limits that an architecture must keep, such as ``latency_ms<=5``, and how they are written."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from hwnas._names import between_commas, quoted
from hwnas.core import arguments
from hwnas.core.arguments import checked
from hwnas.core.columns import column_of, once, quantity_of, target_of
from hwnas.core.numbers import hint, parse_count, parse_number, plain
from hwnas.core.quantity import QUANTITIES, Quantity
from hwnas.core.target import parse_target
from hwnas.errors import ConfigError

Relation = Literal["<=", ">="]

# Conditions after @ may be spelled out, as in latency_ms@batch=32. In brackets stands what a reward
# is made of, whatever that is.
_COLUMN = r"([a-z]+\(.+\)|[^\s<>=,@]+(?:@[^\s<>,]+?)?)"
_LIMIT = re.compile(rf"{_COLUMN}\s*(<=|>=)\s*([^\s<>=,]+)")
_STRICT = re.compile(rf"{_COLUMN}\s*([<>])\s*([^\s<>=,]+)")
# By a column's own unit, its last word: what one of another unit is. 1 kB is 1,000 bytes, as in SI,
# and 1 KiB is 1,024, what a microcontroller's data sheet means by kB.
_OTHER_UNITS: Mapping[str, Mapping[str, float]] = {
    "ms": {"us": 1e-3, "s": 1e3},
    "mj": {"uj": 1e-3, "j": 1e3},
    "bytes": {"kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2**10, "mib": 2**20, "gib": 2**30},
}
_BOUNDING: Mapping[str, str] = {"--at-most": "latency_ms=5", "--at-least": "accuracy_pct=92"}
_ASSIGNMENTS: Mapping[str, str] = {**_BOUNDING, "--prefer": "accuracy_pct=2,latency_ms=1"}
"""An example for each option whose text is assignments."""
_ASSIGNMENT = re.compile(rf"{_COLUMN}\s*=\s*([^\s<>=,]+)")


@dataclass(frozen=True, slots=True)
class Limit:
    """An upper or lower bound on a column, in the column's own unit.

    Args:
        column: Name of the column, with its unit: ``"latency_ms"``.
        relation: ``"<="`` or ``">="``.
        bound: The largest or smallest value allowed; it is allowed itself.

    Raises:
        ConfigError: The bound is not finite, or the column's quantity cannot reach it.
    """

    column: str
    relation: Relation
    bound: float

    def __post_init__(self) -> None:
        problem = _problem(self)
        if problem:
            raise ConfigError(f"{self}: {problem}")

    def __str__(self) -> str:
        return f"{self.column} {self.relation} {plain(self.bound)}"

    def violation(self, values: np.ndarray) -> np.ndarray:
        """Amount by which each value breaks the limit, in the column's unit.

        Args:
            values: Shape ``(n_archs,)``; NaN where unknown.

        Returns:
            Shape ``(n_archs,)``; 0 where the limit holds, infinity where the value is unknown.
        """
        values = np.asarray(values, dtype=float)
        excess = values - self.bound if self.relation == "<=" else self.bound - values
        return np.where(np.isnan(values), np.inf, np.maximum(excess, 0.0))

    def relative_violation(self, values: np.ndarray) -> np.ndarray:
        """Violation as a multiple of the bound, so that those of several limits add up.

        Args:
            values: Shape ``(n_archs,)``; NaN where unknown.

        Returns:
            Shape ``(n_archs,)``; as it is where the bound is 0.
        """
        return self.violation(values) / (abs(self.bound) or 1.0)


@dataclass(frozen=True, slots=True)
class Share:
    """A goal relative to what the user has.

    Args:
        of_baseline: Multiple of the baseline's value: 0.6 for 60 %.
    """

    of_baseline: float


Goal = float | Share
"""A bound in the column's unit, or a share of the baseline's value."""
G = TypeVar("G", float, Goal)


def parse_limit(text: str, option: str = "", own: Collection[str] = ()) -> Limit:
    """The limit that a text such as ``latency_ms<=5`` or ``accuracy >= 92`` states.

    Args:
        text: A quantity's name or column, perhaps with a condition after ``@``, then ``<=`` or
            ``>=``, then the bound in the column's unit; or in another, which the column then
            names: ``peak_memory_kb<=256``, see ``in_own_unit``.
        option: Where the text was given, such as ``"--constraint"``; begins the messages.
        own: Columns of the user's own objectives, which may be limited too.

    Raises:
        ConfigError: The text has another form, or the bound is no number the quantity can reach.
        UnknownNameError: There is no such quantity.

    Example:
        >>> print(parse_limit("latency<=5"))
        latency_ms <= 5
    """
    if not isinstance(text, str):
        raise ConfigError(
            "A limit must be a text such as 'latency_ms<=5'; got a value of type "
            f"{type(text).__name__}."
        )
    where = _where(option, text)
    match = _LIMIT.fullmatch(text.strip())
    # A number on the left is the form turned round, and no name of a quantity.
    if match is None or (match[1] not in own and parse_number(match[1]) is not None):
        strict = strict_sign(text)
        end = f"; {strict}." if strict else "."
        raise ConfigError(
            f"{where} a limit must have the form 'latency_ms<=5' or 'accuracy_pct>=92'{end}"
        )
    name, relation, number = match.groups()
    try:
        name, factor = in_own_unit(name, 1.0, own)
        column = name if name in own else parse_target(name).column
        bound = factor * finite_number(number, quantity_of(column))
        return Limit(column, "<=" if relation == "<=" else ">=", bound)
    except ConfigError as error:
        raise ConfigError(f"{where} {str(error).partition(': ')[2] or error}") from None


def strict_sign(text: str) -> str:
    """What to write in place of a strict sign, as part of a sentence; empty where none stands.

    Example:
        >>> strict_sign("latency<5")
        'a limit may be reached: write <= for <'
    """
    match = _STRICT.fullmatch(text.strip())
    return f"a limit may be reached: write {match[2]}= for {match[2]}" if match else ""


@checked(text=arguments.text, option=arguments.text, shown=arguments.text)
def parse_assignments(text: str, option: str = "", shown: str = "") -> dict[str, float]:
    """Numbers by column, from a text such as ``latency_ms=5,accuracy=92``.

    A quantity's name becomes its column; any other name is kept as it is, since a user's own
    objective has a column that only its front knows.

    Args:
        text: Assignments with commas between them.
        option: Where the text was given, such as ``"--at-most"``; begins the messages.
        shown: What the messages show as the text; the text itself by default.

    Raises:
        ConfigError: The text has another form, a value is no finite number, or a column is named
            twice.

    Example:
        >>> parse_assignments("latency=5, accuracy_pct=92")
        {'latency_ms': 5.0, 'accuracy_pct': 92.0}
    """
    where = _where(option, shown or text)
    found: dict[str, float] = {}
    for part in between_commas(text):
        match = _ASSIGNMENT.fullmatch(part)
        if match is None:
            raise ConfigError(f"{where} must have the form {_form(option, part)}")
        column = column_of(match[1])
        if column in found:
            raise ConfigError(f"{where} {column} must be given once; got it twice.")
        try:
            found[column] = finite_number(match[2], quantity_of(in_own_unit(column, 1.0)[0]))
        except ConfigError as error:
            raise ConfigError(f"{where} {error}") from None
    return found


@checked(text=arguments.text, option=arguments.text)
def parse_goals(text: str, option: str = "") -> dict[str, Goal]:
    """Goals by column, from a text such as ``latency_ms=60%,accuracy=92``.

    Args:
        text: As for ``parse_assignments``; a percentage is a share of the baseline's value.
        option: Where the text was given; begins the messages.

    Raises:
        ConfigError: The text has another form, a value is no finite number, or a column is named
            twice.

    Example:
        >>> parse_goals("latency=60%")
        {'latency_ms': Share(of_baseline=0.6)}
    """
    is_share = {}
    texts = []
    for part in between_commas(text):
        name, equals, value = part.rpartition("=")
        texts.append(f"{name}{equals}{value.rstrip().removesuffix('%')}")
        is_share[len(texts) - 1] = value.rstrip().endswith("%")
    numbers = parse_assignments(",".join(texts), option, shown=text)
    return {
        column: Share(number / 100) if is_share[place] else number
        for place, (column, number) in enumerate(numbers.items())
    }


def bound_of(goal: Goal, column: str, baseline: Mapping[str, float]) -> float:
    """The bound that a goal states, in the column's unit.

    Args:
        goal: A number, or a share of the baseline's value.
        column: The column.
        baseline: What the user has, by column; empty where that was not said.

    Raises:
        ConfigError: The goal is relative, and the baseline's value is not known.
    """
    if not isinstance(goal, Share):
        return float(goal)
    value = baseline.get(column, math.nan)
    if math.isnan(value):
        lack = f"it does not tell {column}" if baseline else "there is none"
        raise ConfigError(
            f"{column}={100 * goal.of_baseline:g}% is a share of the baseline's value; {lack}. "
            "Give one with --baseline, or a number without %."
        )
    return goal.of_baseline * value


def in_own_unit(name: str, value: G, own: Collection[str] = ()) -> tuple[str, G]:
    """A column and a value of it in its own unit, where the name is in another.

    Known are ``_us`` and ``_s`` for ``_ms``, ``_uj`` and ``_j`` for ``_mj``; for ``_bytes``,
    ``_kb``, ``_mb`` and ``_gb`` (powers of 1,000) and ``_kib``, ``_mib`` and ``_gib`` (of 1,024).

    Args:
        name: A quantity's name or column, or what the column would be called in another unit,
            perhaps with a condition; any other is kept as it is.
        value: A number in the unit of the name, or a share, which has none.
        own: Columns that have just this name.

    Example:
        >>> in_own_unit("peak_memory_kib@precision=int8", 256.0)
        ('peak_memory_bytes@precision=int8', 262144.0)
    """
    base, at, conditions = name.partition("@")
    if name in own or target_of(base) is not None:
        return name, value
    for quantity in QUANTITIES.values():
        factor = other_units(quantity).get(base)
        if factor is not None:
            scaled = value if isinstance(value, Share) else value * factor
            return f"{quantity.column}{at}{conditions}", scaled
    return name, value


def other_units(quantity: Quantity) -> dict[str, float]:
    """What a quantity's column is called in other units, and what one of these is in its own.

    Example:
        >>> other_units(QUANTITIES["latency"])
        {'latency_us': 0.001, 'latency_s': 1000.0}
    """
    stem, _, unit = quantity.column.rpartition("_")
    return {f"{stem}_{other}": factor for other, factor in _OTHER_UNITS.get(unit, {}).items()}


def in_own_units(given: Mapping[str, G], own: Collection[str] = ()) -> dict[str, G]:
    """What is given by name, every number in its column's own unit; see ``in_own_unit``.

    Raises:
        ConfigError: Two names are one column in two units.
    """
    converted = {name: in_own_unit(name, value, own) for name, value in given.items()}
    return once((column, name, value) for name, (column, value) in converted.items())


def check_compatible(limits: Iterable[Limit]) -> None:
    """Check that no limit on a column excludes another on it.

    Raises:
        ConfigError: Nothing can keep two of them.
    """
    limits = list(limits)
    for upper in limits:
        for lower in limits:
            sides = (upper.relation, lower.relation) == ("<=", ">=")
            if sides and upper.column == lower.column and upper.bound < lower.bound:
                raise ConfigError(
                    f"{upper} and {lower} exclude each other: no value keeps both. Loosen one."
                )


def limit_notes(limits: Iterable[Limit]) -> list[str]:
    """What may be meant otherwise in limits: a share in place of a percentage."""
    return [
        f"{limit} is a bound of {plain(limit.bound)} %: accuracies and the like are in percent, "
        f"from 0 to 100. Was {plain(round(100 * limit.bound, 9))} meant?"
        for limit in limits
        if _is_percentage(limit.column) and 0 < limit.bound <= 1
    ]


def _is_percentage(column: str) -> bool:
    quantity = quantity_of(column)
    return quantity is not None and quantity.unit == "%"


def _problem(limit: Limit) -> str:
    """What is wrong with a limit's bound, as the rest of a sentence; empty if nothing is."""
    if not math.isfinite(limit.bound):
        return f"the limit must be a finite number; got {limit.bound}."
    quantity = quantity_of(limit.column)
    wanted = quantity and _reachable(quantity, limit)
    return f"the limit must be {wanted}; got {plain(limit.bound)}." if wanted else ""


def _reachable(quantity: Quantity, limit: Limit) -> str:
    """What the bound must be for the quantity to reach it; empty if it is that."""
    lower, upper = quantity.lower, quantity.upper
    if math.isfinite(lower) and math.isfinite(upper):
        is_fine = quantity.can_be(limit.bound)
        return "" if is_fine else f"a {quantity.words} from {plain(lower)} to {plain(upper)}"
    if limit.bound < lower or (limit.relation == "<=" and limit.bound == lower):
        what = "a positive number" if lower == 0 else f"a number above {plain(lower)}"
        return f"{what} of {quantity.words}"
    if limit.bound > upper or (limit.relation == ">=" and limit.bound == upper):
        return f"a number below {plain(upper)} of {quantity.words}"
    return ""


def finite_number(text: str, quantity: Quantity | None = None) -> float:
    """The finite number that a text states of a quantity, None for the user's own column.

    Raises:
        ConfigError: It states none.
    """
    of_things = quantity is None or quantity.is_count
    number = parse_count(text) if of_things else parse_number(text)
    if number is None:
        raise ConfigError(
            f"the value must be a finite number; got {quoted(text)}{hint(text, of_things)}."
        )
    return number


def _form(option: str, part: str) -> str:
    """The form of an option's assignments, and where a part goes that is a limit, not one."""
    form = f"'{_ASSIGNMENTS.get(option, 'latency_ms=5,accuracy_pct=92')}'"
    if option in _BOUNDING and _LIMIT.fullmatch(part.strip()):
        return f'{form}. Give a limit with a sign as --constraint "{part.strip()}".'
    return f"{form}."


def _where(option: str, text: str) -> str:
    return f'{option} "{text}":'.lstrip()
