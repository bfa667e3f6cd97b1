"""An architecture as a strip of blocks with their choices by name, which is how it is drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# A word and a number, as in "block 3 kernel", "kernel of block 3" or "normal edge 0-1".
_PLACE = re.compile(r"\b[^\W\d_]+ \d+(?:-\d+)?\b")


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a network, in the order in which an input passes through.

    Args:
        name: What it is called: ``"block 3"``.
        choices: What was chosen for it, each with its value: ``("kernel", "5")``; the first is
            empty where the value says it all.
        stage: What it and its neighbours are a part of; empty for nothing.
        is_skipped: Whether the network passes by it.
    """

    name: str
    choices: tuple[tuple[str, str], ...]
    stage: str = ""
    is_skipped: bool = False


def blocks_of_genes(
    genes: Sequence[str], choices: Sequence[str], is_active: Sequence[bool]
) -> tuple[Block, ...]:
    """Blocks as the names of genes tell them: genes that name one place belong to one block.

    Args:
        genes: Names of the ``n_genes`` genes.
        choices: What was chosen, by name, ``n_genes`` of them.
        is_active: Whether the network has a use for each.

    Example:
        >>> genes = ("block 1 kernel", "block 1 width", "depth")
        >>> [block.choices for block in blocks_of_genes(genes, ("5", "16", "2"), (True,) * 3)]
        [(('kernel', '5'), ('width', '16')), (('', '2'),)]
    """
    found: dict[tuple[str, str], list[tuple[str, str, bool]]] = {}
    for gene, choice, active in zip(genes, choices, is_active, strict=True):
        stage, name, what = _place_of(gene)
        found.setdefault((stage, name), []).append((what, choice, active))
    return tuple(
        Block(
            name,
            tuple((what, choice) for what, choice, active in chosen if active),
            stage,
            is_skipped=not any(active for _, _, active in chosen),
        )
        for (stage, name), chosen in found.items()
    )


def _place_of(gene: str) -> tuple[str, str, str]:
    """The stage and the place that a gene's name names, and what of it the gene decides."""
    places = list(_PLACE.finditer(gene))
    if not places:
        return "", gene, ""
    last = places[-1]
    before, after = gene[: last.start()].strip(), gene[last.end() :].strip()
    if len(places) > 1:
        return before, last[0], after
    # "normal edge 0-1" is another place than "reduce edge 0-1"; "kernel of block 1" is no place.
    what, of, rest = before.rpartition("of")
    if of and not rest and (not what or what.endswith(" ")):
        return "", last[0], " ".join(filter(None, (what.strip(), after)))
    return "", " ".join(filter(None, (before, last[0]))), after
