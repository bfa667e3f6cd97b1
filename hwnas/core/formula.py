"""Products and sums of what is known of architectures, as rewards of the field are.

References:
    Tan et al. 2019, MnasNet: Platform-Aware Neural Architecture Search for Mobile,
    https://arxiv.org/abs/1807.11626
    Cai et al. 2019, ProxylessNAS: Direct Neural Architecture Search on Target Task and Hardware,
    https://arxiv.org/abs/1812.00332
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from hwnas.core.limits import Relation
from hwnas.core.numbers import plain
from hwnas.core.quantity import Direction
from hwnas.errors import ConfigError

REWARD, WEIGHTED = "reward", "weighted"
_SIGNS: Mapping[Relation, str] = {
    "<=": "\N{LESS-THAN OR EQUAL TO}",
    ">=": "\N{GREATER-THAN OR EQUAL TO}",
}
_TIMES = "\N{MULTIPLICATION SIGN}"
FORMS: Mapping[str, str] = {
    REWARD: "reward(accuracy,latency<=5) or reward(accuracy,(latency/5)^-0.07)",
    WEIGHTED: "weighted(accuracy/100,-0.5*latency/10)",
}
"""The forms, and an example of each."""


@dataclass(frozen=True, slots=True)
class Value:
    """What is rewarded, as it is.

    Args:
        name: Its name, or column.
    """

    name: str

    def __str__(self) -> str:
        return self.name

    def of(self, values: np.ndarray, _: Direction) -> np.ndarray:
        """The values themselves, shape ``(n_archs,)``; unknown where they are below 0."""
        return np.where(values >= 0, values, np.nan)

    def words(self, title: str, _: str) -> str:
        """It for people."""
        return title

    def problem(self, direction: Direction) -> str:
        """What is wrong with it where that is the better direction; empty if nothing is."""
        return "" if direction == "max" else "what is rewarded must be better the larger it is"


@dataclass(frozen=True, slots=True)
class Kept:
    """1 where a limit is kept, and 0 elsewhere.

    Args:
        name: Of what is limited.
        relation: ``"<="`` or ``">="``.
        bound: The largest or smallest value, in the quantity's own unit.
    """

    name: str
    relation: Relation
    bound: float

    def __str__(self) -> str:
        return f"{self.name}{self.relation}{plain(self.bound)}"

    def of(self, values: np.ndarray, _: Direction) -> np.ndarray:
        """1 or 0, shape ``(n_archs,)``; NaN where unknown."""
        is_kept = values <= self.bound if self.relation == "<=" else values >= self.bound
        return np.where(np.isnan(values), np.nan, is_kept)

    def words(self, title: str, unit: str) -> str:
        """It for people: ``[Latency <= 5 ms]``, in the brackets of Iverson."""
        sign = (
            "\N{LESS-THAN OR EQUAL TO}" if self.relation == "<=" else "\N{GREATER-THAN OR EQUAL TO}"
        )
        return f"[{title} {sign} {_with_unit(self.bound, unit)}]"

    def problem(self, direction: Direction) -> str:
        """What is wrong with it where that is the better direction; empty if nothing is."""
        is_right = (direction == "min") == (self.relation == "<=")
        side = "upper bound, such as <=" if direction == "min" else "lower bound, such as >="
        return "" if is_right else f"{self.name} needs the {side}"


@dataclass(frozen=True, slots=True)
class Ratio:
    """The ratio to a target, raised to a power.

    Args:
        name: Of what has the target.
        target: The target, above 0, in the quantity's own unit.
        met: The power where the target is met.
        missed: The power where it is not.
    """

    name: str
    target: float
    met: float
    missed: float

    def __str__(self) -> str:
        powers = (plain(self.met), plain(self.missed))
        shown = powers[0] if self.met == self.missed else f"({','.join(powers)})"
        return f"({self.name}/{plain(self.target)})^{shown}"

    def of(self, values: np.ndarray, direction: Direction) -> np.ndarray:
        """The powers, shape ``(n_archs,)``; NaN where there is none."""
        is_met = values <= self.target if direction == "min" else values >= self.target
        with np.errstate(all="ignore"):
            return np.asarray((values / self.target) ** np.where(is_met, self.met, self.missed))

    def words(self, title: str, unit: str) -> str:
        """It for people: ``(Latency / 5 ms)^-0.07``."""
        power = plain(self.met)
        if self.met != self.missed:
            power = f"({plain(self.met)} where met, else {plain(self.missed)})"
        return f"({title} / {_with_unit(self.target, unit)})^{power}"

    def problem(self, direction: Direction) -> str:
        """What is wrong with it where that is the better direction; empty if nothing is."""
        powers = np.array([self.met, self.missed]) * (-1 if direction == "min" else 1)
        if (powers >= 0).all() and powers.any():
            return ""
        sign = "0 or below" if direction == "min" else "0 or above"
        return f"the power of {self.name} must be {sign}, and not 0 alone, so that better is more"


@dataclass(frozen=True, slots=True)
class Weight:
    """A term of a sum.

    Args:
        name: Of what is added.
        weight: What a scale's worth of it counts, with its sign.
        scale: How much is one, above 0, in the quantity's own unit.
    """

    name: str
    weight: float
    scale: float

    def __str__(self) -> str:
        times = f"{plain(abs(self.weight))}*" if abs(self.weight) != 1 else ""
        sign = "-" if self.weight < 0 else ""
        return f"{sign}{times}{self.name}/{plain(self.scale)}"

    def of(self, values: np.ndarray, _: Direction) -> np.ndarray:
        """The terms, shape ``(n_archs,)``."""
        return self.weight * values / self.scale

    def words(self, title: str, unit: str) -> str:
        """It for people: ``-0.5 x Latency / 10 ms``."""
        sign = "\N{MINUS SIGN}" if self.weight < 0 else "+"
        times = (
            "" if abs(self.weight) == 1 else f"{plain(abs(self.weight))} \N{MULTIPLICATION SIGN} "
        )
        return f"{sign} {times}{title} / {_with_unit(self.scale, unit)}"

    def problem(self, direction: Direction) -> str:
        """What is wrong with it where that is the better direction; empty if nothing is."""
        if self.weight and (self.weight > 0) == (direction == "max"):
            return ""
        sign, better = ("above", "more") if direction == "max" else ("below", "less")
        return f"the weight of {self.name} must be {sign} 0, as {better} of it is better"


Term = Value | Kept | Ratio | Weight


@dataclass(frozen=True, slots=True)
class Formula:
    """A product or a sum of what is known of architectures; more is better.

    Args:
        kind: ``"reward"``, a product, or ``"weighted"``, a sum.
        terms: What is multiplied or added.
    """

    kind: str
    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return f"{self.kind}({','.join(map(str, self.terms))})"

    @property
    def names(self) -> list[str]:
        """What it is made of, each once, in order."""
        return list(dict.fromkeys(term.name for term in self.terms))

    def renamed(self, names: Mapping[str, str]) -> Formula:
        """The same of other names for the same things, such as their columns."""
        return Formula(
            self.kind, tuple(replace(term, name=names[term.name]) for term in self.terms)
        )

    def of(
        self, values: Mapping[str, np.ndarray], directions: Mapping[str, Direction]
    ) -> np.ndarray:
        """What it comes to.

        Args:
            values: By name, each of shape ``(n_archs,)``; NaN where unknown.
            directions: By name, which direction is better.

        Returns:
            Shape ``(n_archs,)``; NaN where a part is unknown or the formula has no finite value.
        """
        parts = [term.of(values[term.name], directions[term.name]) for term in self.terms]
        found = np.prod(parts, axis=0) if self.kind == REWARD else np.sum(parts, axis=0)
        return np.where(np.isfinite(found), found, np.nan)

    def words(self, titles: Mapping[str, str], units: Mapping[str, str]) -> str:
        """It for people, from titles and units by name."""
        parts = [term.words(titles[term.name], units[term.name]) for term in self.terms]
        sign = " " if self.kind == WEIGHTED else f" {_TIMES} "
        return sign.join(parts).removeprefix("+ ")

    def check(self, directions: Mapping[str, Direction]) -> None:
        """Check that better parts make more of it.

        Raises:
            ConfigError: One does not.
        """
        for term in self.terms:
            problem = term.problem(directions[term.name])
            if problem:
                raise ConfigError(f"{self}: {problem}; got {term}. Such as {FORMS[self.kind]}.")


def is_formula(text: str) -> bool:
    """Whether a column, or an objective's text in its one form, is a formula."""
    kind, bracket, _ = text.partition("(")
    return bool(bracket) and kind in FORMS


def kinds_of(names: Iterable[str]) -> set[str]:
    """The forms of those names that are formulas, by which a sole one may be called."""
    return {name.partition("(")[0] for name in names if is_formula(name)}


def _with_unit(number: float, unit: str) -> str:
    text = f"{number:,.0f}" if number >= 1000 and number.is_integer() else plain(number)
    return f"{text} {unit}".strip()
