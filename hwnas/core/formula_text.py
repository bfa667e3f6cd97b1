"""Rewards of the field as text: ``reward(accuracy,latency<=5)`` and ``weighted(...)``.

A reward is a product: what is rewarded, then factors. ``latency<=5`` is 1 where the limit holds and
0 elsewhere; ``(latency/5)^-0.07`` is the ratio to a target, raised to a power, and
``(latency/5)^(0,-1)`` takes one power as long as the target is met and another beyond it. A
weighted sum has terms such as ``-0.5*latency/10``: a weight with its sign, and the scale that
makes a plain number of milliseconds. The sums have no scale of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from hwnas._names import between_commas, quoted
from hwnas.core.columns import quantity_of
from hwnas.core.formula import FORMS, REWARD, Formula, Kept, Ratio, Term, Value, Weight
from hwnas.core.limits import Limit, Relation, finite_number, in_own_unit, strict_sign
from hwnas.core.numbers import plain
from hwnas.errors import ConfigError, HwnasError, known_name

_HEAD = re.compile(r"([A-Za-z]*)\s*\((.*)\)")
# A quantity, perhaps with conditions and a source of its own.
_NAME = r"([A-Za-z_][^\s<>=,/*^()@:]*(?:@[^\s<>,/*^():]+)?(?::[A-Za-z_]+)?)"
_VALUE = re.compile(_NAME)
_KEPT = re.compile(rf"{_NAME}\s*(<=|>=)\s*([^\s<>=]+)")
_RATIO = re.compile(rf"\(\s*{_NAME}\s*/\s*([^\s()]+)\s*\)\s*\^\s*(.+)")
_TWO = re.compile(r"\((.*)\)")
_WEIGHT = re.compile(rf"([+-]?)\s*(?:([^\s*+-][^\s*]*)\s*\*\s*)?{_NAME}(?:\s*/\s*([^\s/]+))?")


def parse_formula(
    text: str, name_of: Callable[[str], str] = str.strip, own: Collection[str] = ()
) -> Formula:
    """The formula that a text states.

    Args:
        text: Such as ``"reward(accuracy, latency<=5)"``.
        name_of: The one form of a part's name; refuses what is none.
        own: Columns of the user's own objectives.

    Raises:
        UnknownNameError: There is no such form or quantity.
        ConfigError: It has another form, or one of its numbers cannot be.

    Example:
        >>> print(parse_formula("reward(accuracy, (macs/50M)^-0.07)"))
        reward(accuracy,(macs/50000000)^-0.07)
    """
    match = _HEAD.fullmatch(text.strip())
    if match is None or not is_balanced(text):
        raise ConfigError(
            f"{quoted(text)} must have the form {', or '.join(FORMS.values())}, with every "
            "bracket closed."
        )
    kind = known_name("reward", match[1], FORMS)
    reader = _Reader(text.strip(), kind, name_of, own)
    parts = between_commas(match[2])
    if kind == REWARD:
        terms = [reader.value(part) for part in parts[:1]]
        terms += [reader.factor(part) for part in parts[1:]]
    else:
        terms = [reader.weight(part) for part in parts]
    if len(terms) < 2:
        raise reader.error("it must be made of two things at least")
    return Formula(kind, tuple(terms))


def is_balanced(text: str) -> bool:
    """Whether every bracket of a text is opened before it is closed, and closed."""
    depth = 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the terms of one formula; what is wrong is said of the whole."""

    text: str
    kind: str
    name_of: Callable[[str], str]
    own: Collection[str]

    def error(self, problem: str) -> ConfigError:
        return ConfigError(f"{quoted(self.text)}: {problem}, such as {FORMS[self.kind]}.")

    def value(self, part: str) -> Term:
        if not _VALUE.fullmatch(part):
            raise self.error(f"what is rewarded must be the name of a quantity; got {quoted(part)}")
        return Value(self.name_of(part))

    def factor(self, part: str) -> Term:
        match = _KEPT.fullmatch(part)
        if match is not None:
            relation: Relation = "<=" if match[2] == "<=" else ">="
            name, bound = self._number(match[1], match[3])
            self._check_reach(name, relation, bound)
            return Kept(name, relation, bound)
        match = _RATIO.fullmatch(part)
        if match is None:
            form = "a factor must be a limit, or a ratio in brackets with its power"
            raise self.error(f"{strict_sign(part) or form}; got {quoted(part)}")
        name, target = self._number(match[1], match[2])
        self._check_scale(name, target, "target")
        quantity = quantity_of(name.partition(":")[0])
        if quantity is not None:
            self._check_reach(name, "<=" if quantity.direction == "min" else ">=", target)
        return Ratio(name, target, *self._powers(match[3]))

    def weight(self, part: str) -> Term:
        match = _WEIGHT.fullmatch(part)
        if match is None:
            raise self.error(
                f"a term must be a weight, a quantity and its scale; got {quoted(part)}"
            )
        sign, weight, name, scale = match.groups()
        if scale is None:
            raise self.error(
                f"{name} needs the scale that makes a plain number of it: percents and "
                f"milliseconds do not add up; got {quoted(part)}"
            )
        name, size = self._number(name, scale)
        self._check_scale(name, size, "scale")
        times = 1.0 if weight is None else self._plain_number(weight)
        return Weight(name, -times if sign == "-" else times, size)

    def _number(self, name: str, number: str) -> tuple[str, float]:
        """A part's name in its one form, and a number of it in its own unit."""
        base, colon, source = name.partition(":")
        base, factor = in_own_unit(base, 1.0, self.own)
        name = self.name_of(f"{base}{colon}{source}")
        try:
            found = finite_number(number, quantity_of(name.partition(":")[0]))
        except ConfigError as error:
            raise ConfigError(f"{quoted(self.text)}: {error}") from None
        return name, factor * found

    def _plain_number(self, text: str) -> float:
        try:
            return finite_number(text)
        except ConfigError as error:
            raise ConfigError(f"{quoted(self.text)}: {error}") from None

    def _powers(self, text: str) -> tuple[float, float]:
        two = _TWO.fullmatch(text)
        texts = between_commas(two[1]) if two else [text, text]
        if len(texts) != 2:
            raise self.error(
                f"a power must be one number, or two in brackets, where the target is met and "
                f"where it is not; got {quoted(text)}"
            )
        met, missed = map(self._plain_number, texts)
        return met, missed

    def _check_scale(self, name: str, number: float, word: str) -> None:
        if number <= 0:
            raise ConfigError(
                f"{quoted(self.text)}: the {word} of {name} must be above 0; got {plain(number)}."
            )

    def _check_reach(self, name: str, relation: Relation, bound: float) -> None:
        """See that the quantity can reach a bound."""
        column = name.partition(":")[0]
        quantity = quantity_of(column)
        if quantity is None:
            return
        try:
            Limit(quantity.column, relation, bound)
        except HwnasError as error:
            raise ConfigError(f"{quoted(self.text)}: {str(error).partition(': ')[2]}") from None
