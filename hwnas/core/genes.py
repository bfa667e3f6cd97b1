"""Genes as whole numbers: what is none is named with the gene and its choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hwnas._names import shown
from hwnas.core.arguments import must_be, whole_number
from hwnas.core.notation import plain
from hwnas.errors import ArchitectureError, ShapeError

_MOST_CHOICES = 12
"""Choices of a gene that are named in a message."""


def whole_genes(
    space: str, genes: Sequence[str], choice_names: Sequence[Sequence[str]], genotype: Any
) -> tuple[int, ...]:
    """A genotype as whole numbers, each looked at.

    Args:
        space: Name of the space, for messages.
        genes: Names of its ``n_genes`` genes.
        choice_names: What people call the choices of each.
        genotype: A list or array; 2.0 is 2, as a table may hold it, 1.7 and True are nothing.

    Raises:
        ArchitectureError: One is no choice of its gene, or there are too many or too few.
    """
    found = plain(genotype)
    if not isinstance(found, list | tuple):
        raise ArchitectureError(
            f"A genotype of {space} must be a list of {len(genes)} whole numbers; "
            f"got {shown(genotype)}."
        )
    if len(found) != len(genes):
        raise ArchitectureError(f"A genotype of {space} has {len(genes)} genes; got {len(found)}.")
    choices = []
    for gene, names, value in zip(genes, choice_names, found, strict=True):
        choice = _choice(value)
        if choice is None or not 0 <= choice < len(names):
            raise ArchitectureError(
                f"Gene {gene} of {space} must be 0 to {len(names) - 1}; got {shown(value)}. "
                f"Choices: {_listed(names)}."
            )
        choices.append(choice)
    return tuple(choices)


def _listed(names: Sequence[str]) -> str:
    choices = [
        str(number) if name == str(number) else f"{number} ({name})"
        for number, name in enumerate(names[:_MOST_CHOICES])
    ]
    return ", ".join([*choices, "..."] if len(names) > _MOST_CHOICES else choices)


def _choice(value: Any) -> int | None:
    """A gene as a whole number; None where it is none."""
    if type(value) is int:
        return value
    number = whole_number(value)
    if number is None and isinstance(value, float | np.floating) and value == value // 1:
        return int(value)
    return number


def whole_array(genotypes: Any) -> np.ndarray:
    """An array of whole numbers as such, int64.

    Raises:
        ArgumentError: It holds something else.
        ShapeError: Its rows are not of one length.
    """
    if isinstance(genotypes, np.ndarray) and genotypes.dtype == np.int64:
        return genotypes
    if not isinstance(genotypes, np.ndarray | list | tuple):
        raise must_be("genotypes", "an array of whole numbers", genotypes)
    try:
        found = np.asarray(genotypes)
    except ValueError:
        raise ShapeError("genotypes must have shape (n_archs, n_genes); its rows differ.") from None
    is_whole = found.dtype.kind in "iu" or (
        found.dtype.kind == "f" and bool((np.isfinite(found) & (found == np.floor(found))).all())
    )
    if not is_whole:
        raise must_be("genotypes", "an array of whole numbers", genotypes)
    return found.astype(np.int64)
