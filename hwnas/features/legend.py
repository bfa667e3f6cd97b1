"""What the names of features mean, for people."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from hwnas.core.space import SearchSpace
from hwnas.features.additive import independent_genes
from hwnas.features.sets import feature_names

SETS = {
    "counts": "logarithm of the parameters and of the multiply-accumulates",
    "graph": "paths and degrees of the cell for each set S of operations (GRAF)",
    "paths": "number of paths from input to output that apply these operations, skips left out",
    "path_statistics": "order and number of operations on the paths from input to output",
    "one_hot": "1 where a gene has this choice",
    "groups": "1 where all genes of a part have these choices: a look-up table",
    "encoding": "1 for each operation and pair of them in a cell, or choice of a part of a chain",
    "device_costs": "logarithm of what a known device takes, smoothed",
    "net_counts": "logarithm of the parameters and of the multiply-accumulates, mean over the nets",
    "ordinal": "number of a gene's choice, from 0",
    "stages": "size of each stage of the network",
    "operators": "size of all operators of a type",
    "relative": "rank among random architectures of the space",
    "proxies": "zero-cost proxies of the untrained network, ranked among the shipped scores",
    "totals": "operators, work, weights and traffic of the whole network",
}
"""One line on each set of features."""

KINDS = {
    "graph": {
        "n_OPERATION": "how often an operation occurs",
        "min_path_len(S)": "edges on the shortest path from input to output that uses only S",
        "max_on_path(S)": "largest number of operations of S on any path",
        "out_degree_input(S)": "operations of S that leave the input",
        "in_degree_output(S)": "operations of S that enter the output",
        "mean_degree(S)": "operations of S for each node",
    },
    "stages": {
        "layers(STAGE)": "convolutions and linear layers of a stage",
        "macs(STAGE)": "multiply-accumulates of a stage",
        "params(STAGE)": "parameters of a stage",
        "activations(STAGE)": "numbers that its convolutions and linear layers put out",
        "bytes(STAGE)": "its inputs, outputs and weights",
    },
    "operators": {
        "n(TYPE)": "operators of a type",
        "macs(TYPE)": "their multiply-accumulates",
        "params(TYPE)": "their parameters",
        "bytes_read(TYPE)": "inputs that they read",
        "bytes_written(TYPE)": "outputs that they write",
    },
}
"""One line on each kind of feature, for sets whose kinds are the same in every space."""


def kinds(space: SearchSpace, feature_set: str) -> list[str]:
    """Kind of each column of a set: one of ``KINDS``, or the gene or part that a choice is of.

    Empty where the set is of one kind.

    Raises:
        UnknownNameError: There is no such set.
        ConfigError: The space cannot have such features.
    """
    names = feature_names(space, (feature_set,))
    if feature_set == "groups":
        return [part for part, choices in _groups(space) for _ in choices]
    if feature_set == "one_hot":
        return [name.rpartition("=")[0] for name in names]
    known = {kind.partition("(")[0]: kind for kind in KINDS.get(feature_set, ())}
    # What has no brackets counts an operation of cells.
    others = known.get("n_OPERATION", "")
    return [known.get(name.partition("(")[0], others) for name in names]


def labels(space: SearchSpace, feature_set: str) -> list[str]:
    """Names of the columns of a set for people: choices by their names, not their numbers.

    Raises:
        UnknownNameError: There is no such set.
        ConfigError: The space cannot have such features.
    """
    names = feature_names(space, (feature_set,))
    if feature_set == "groups":
        return [f"{part}: {choice}" for part, choices in _groups(space) for choice in choices]
    if feature_set == "one_hot":
        return [
            f"{gene} = {name}"
            for gene, choices in zip(space.genes, space.choice_names, strict=True)
            for name in choices
        ]
    return ["paths(skips alone)" if name == "paths()" else name for name in names]


def _groups(space: SearchSpace) -> Iterator[tuple[str, list[str]]]:
    """Each group of genes, by the words that their names begin with, and its choices."""
    for group in independent_genes(space):
        genes = [space.genes[gene] for gene in group]
        words = zip(*(gene.split() for gene in genes), strict=False)
        shared = [word[0] for word in itertools.takewhile(lambda word: len(set(word)) == 1, words)]
        part = " ".join(shared)
        rests = [gene.removeprefix(part).strip() for gene in genes]
        every = itertools.product(*(space.choice_names[gene] for gene in group))
        choices = [
            ", ".join(f"{rest} {name}".strip() for rest, name in zip(rests, names, strict=True))
            for names in every
        ]
        yield part or " and ".join(genes), choices
