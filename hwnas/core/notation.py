"""Ways in which others write architectures: read, written, and told apart from each other."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from hwnas._names import shown
from hwnas.core.architecture import Architecture
from hwnas.errors import ArchitectureError

LONGEST_TEXT = 2_000
"""Characters of the longest text that is looked at as an architecture."""


def _never(value: Any) -> bool:  # noqa: ARG001
    return False


@dataclass(frozen=True, slots=True)
class Notation:
    """A way to write an architecture that is not the field's published string.

    Args:
        title: What must hold of it, for messages: ``"op_indices of NASLib: six numbers ..."``.
        read: Choices of the genes from what is written; raises ArchitectureError.
        write: The inverse.
        is_certain: Whether a value can be nothing but this, so that it needs no name.
    """

    title: str
    read: Callable[[Any], Sequence[int]]
    write: Callable[[Sequence[int]], Any]
    is_certain: Callable[[Any], bool] = _never


def literal(text: str) -> Any:
    """The value that a text such as ``(4, 0, 3)`` or ``{"0_1": "none"}`` spells; nothing is run.

    A text that spells none is itself.

    Example:
        >>> literal("(4, 0, 3)"), literal('{"se": true}'), literal("7"), literal("none")
        ((4, 0, 3), {'se': True}, 7, 'none')
    """
    if len(text) > LONGEST_TEXT:
        return text
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return text


def plain(value: Any) -> Any:
    """A value with lists and numbers of Python's own in place of numpy's."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value


def is_list(value: Any, length: int) -> bool:
    """Whether a value is a list of so many."""
    return isinstance(value, list | tuple) and len(value) == length


def choices_of(value: Any, title: str, sizes: Sequence[int]) -> list[int]:
    """The whole numbers of a list, each from 0 to below its size.

    Args:
        value: What was given; a text may spell it.
        title: What must hold, for the message.
        sizes: How many choices there are at each place.

    Raises:
        ArchitectureError: It is none.
    """
    found = plain(_spelled(value))
    if not is_list(found, len(sizes)) or not all(
        type(each) is int and 0 <= each < size for each, size in zip(found, sizes, strict=True)
    ):
        raise ArchitectureError(f"Wanted {title}; got {shown(value)}.")
    return list(found)


def settings_of(value: Any, keys: Sequence[str], title: str) -> list[Any]:
    """The values of a dictionary under all of some keys and no others, in the order of the keys.

    Raises:
        ArchitectureError: It is no dictionary, or of other keys.
    """
    found = _spelled(value)
    if not isinstance(found, Mapping):
        raise ArchitectureError(f"Wanted {title}; got {shown(value)}.")
    wrong = [*(key for key in keys if key not in found), *(key for key in found if key not in keys)]
    if wrong:
        names = ", ".join(map(shown, wrong[:8])) + (" and more" if len(wrong) > 8 else "")
        raise ArchitectureError(f"Wanted {title}; missing or unknown: {names}.")
    return [found[key] for key in keys]


class Genes(Protocol):
    """What a search space says of its genes; this module is below it."""

    @property
    def name(self) -> str:
        """Name of the space."""

    @property
    def genes(self) -> tuple[str, ...]:
        """Names of the genes."""

    @property
    def choice_names(self) -> tuple[tuple[str, ...], ...]:
        """What people call the choices of each."""

    def genes_of(self, genotype: Any) -> tuple[int, ...]:
        """A genotype as whole numbers, each looked at."""

    def all_genotypes(self) -> np.ndarray | None:
        """Every genotype in the order of the published tables; None if too many to list."""

    def architecture(self, genotype: Sequence[int]) -> Architecture:
        """The architecture of a genotype."""

    def from_index(self, index: int) -> Architecture:
        """The architecture in a row of the published tables, counted from 0."""

    def index_of(self, arch: Any) -> int:
        """The row of an architecture in the published tables, counted from 0."""


def usual_notations(space: Genes) -> dict[str, Notation]:
    """Those that every space has: ``genotype``, ``choices`` and, where it can be listed, ``index``.

    Args:
        space: The space; its genes and choices name what ``choices`` holds.
    """
    found = {
        "genotype": Notation(
            f"the {len(space.genes)} genes of {space.name} as numbers",
            lambda value: space.genes_of(_spelled(value)),
            list,
        ),
        "choices": Notation(
            f"the choice of each gene of {space.name} by name",
            lambda value: _from_choices(space, value),
            lambda genes: {
                gene: names[choice]
                for gene, names, choice in zip(space.genes, space.choice_names, genes, strict=True)
            },
            lambda value: isinstance(value, Mapping) and set(value) == set(space.genes),
        ),
    }
    if space.all_genotypes() is not None:
        found["index"] = Notation(
            f"the index of an architecture in the tables of {space.name}",
            lambda value: space.from_index(_spelled(value)).genotype,
            lambda genes: space.index_of(space.architecture(genes)),
        )
    return found


def _spelled(value: Any) -> Any:
    return literal(value) if isinstance(value, str) else value


def _from_choices(space: Genes, value: Any) -> list[int]:
    chosen = settings_of(value, space.genes, f"the choice of each gene of {space.name} by name")
    choices = []
    for gene, names, choice in zip(space.genes, space.choice_names, chosen, strict=True):
        if choice not in names:
            raise ArchitectureError(
                f"Gene {gene} of {space.name} must be one of {', '.join(names)}; "
                f"got {shown(choice)}."
            )
        choices.append(names.index(choice))
    return choices
