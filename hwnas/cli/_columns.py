"""How columns are named in tables on the screen: what is measured, and below it the conditions."""

from __future__ import annotations

from collections.abc import Sequence


def in_lines(column: str) -> list[str]:
    """A column's name, then its conditions or what it is made of, each on a line of its own."""
    from hwnas import api

    kind, bracket, made_of = column.partition("(")
    if bracket:
        *others, last = api.between_commas(made_of.removesuffix(")"))
        return [f"{kind}(", *(f"{each}," for each in others), f"{last})"]
    name, at, conditions = column.partition("@")
    return [name, *(f"{at}{conditions}".replace("+", "\n+").split("\n") if at else [])]


def label(column: str) -> str:
    """A column's name as the first cell of a row."""
    return "\n".join(in_lines(column))


def headings(columns: Sequence[str], marks: Sequence[str] = ()) -> list[str]:
    """Names above columns that stand beside each other, as many lines each.

    Args:
        columns: The names.
        marks: What stands after each one's name, such as an arrow; nothing by default.
    """
    lines = list(map(in_lines, columns))
    height = max(map(len, lines), default=0)
    for name, mark in zip(lines, marks, strict=False):
        name[0] += f" {mark}"
    return ["\n".join(name + [""] * (height - len(name))) for name in lines]
