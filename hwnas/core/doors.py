"""The doors of a search space: its methods take architectures however they are given."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from hwnas.core.notation import LONGEST_TEXT, literal
from hwnas.errors import ArchitectureError

Method = Callable[..., Any]
_LONGEST_INDEX = 18
"""Digits of a number that may be meant as an index."""


def inner(method: Method) -> Method:
    """A method behind its door: what a space's author wrote."""
    return getattr(method, "__wrapped__", method)


def _parsing(method: Method) -> Method:
    """A door for ``parse``: strings, those of other notations among them, and all else."""

    @functools.wraps(method)
    def parse(self: Any, text: Any) -> Any:
        if not isinstance(text, str):
            return self.as_arch(text)
        if len(text) > LONGEST_TEXT:
            raise ArchitectureError(
                f"An architecture of {self.name} must be a text of at most {LONGEST_TEXT:,} "
                f"characters; got {len(text):,}."
            )
        words = text.strip()
        notation, colon, value = words.partition(":")
        if colon and notation.strip() in self.notations:
            return self.read(value.strip(), notation.strip())
        try:
            return method(self, text)
        except ArchitectureError as error:
            if words.isdecimal() and "index" in self.notations and len(words) <= _LONGEST_INDEX:
                raise ArchitectureError(
                    f"{error} For the architecture of that number, write index:{words}."
                ) from None
            # The strings of some space may look like this themselves.
            found = literal(words) if words[:1] in ("(", "[", "{") else words
            if isinstance(found, str):
                raise
        return self.as_arch(found)

    return parse


def _taking(method: Method) -> Method:
    """A door for a method of one architecture."""

    @functools.wraps(method)
    def take(self: Any, arch: Any) -> Any:
        return method(self, self.as_arch(arch))

    return take


def _formatting(method: Method) -> Method:
    """A door for ``format``."""

    @functools.wraps(method)
    def format(self: Any, genotype: Any) -> Any:
        return method(self, self.genes_of(genotype))

    return format


DOORS: Mapping[str, Callable[[Method], Method]] = {
    "parse": _parsing,
    "format": _formatting,
    "graph": _taking,
    "build": _taking,
}
"""By method, what stands before it in every space."""
