"""NAS-Bench-201: a cell of four nodes and six edges, five operations an edge, 15,625 strings.

References:
    Dong and Yang 2020, NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture
    Search, https://arxiv.org/abs/2001.00326
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.cell import CellGraph
from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError, ConfigError
from hwnas.spaces import SPACES

if TYPE_CHECKING:
    import torch

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
N_NODES = 4
NONE, SKIP, CONV_1X1, CONV_3X3, POOL = range(len(OPERATIONS))

# The order of the published tables: all cells in lexicographic order, shuffled by Python's own
# generator with this seed (AutoDL-Projects, exps/NAS-Bench-201/main.py).
_TABLE_ORDER_SEED = 88

_INPUT_SIZES = {"cifar10": (32, 10), "cifar100": (32, 100), "imagenet16-120": (16, 120)}
_TEXT = re.compile(
    r"\|([a-z0-9_]+)~0\|\+\|([a-z0-9_]+)~0\|([a-z0-9_]+)~1\|"
    r"\+\|([a-z0-9_]+)~0\|([a-z0-9_]+)~1\|([a-z0-9_]+)~2\|"
)


class Classes(NamedTuple):
    """Functional classes of all cells, indexed by ``code`` (the genotype as a base-5 number).

    Args:
        class_of: Shape ``(15625,)``, number of each cell's class; class 0 is disconnected.
        representative: Shape ``(n_classes, 6)``, the canonical genotype of each class.
        pruned: Shape ``(15625, 6)``, each cell with ``none`` for every dead operation.
    """

    class_of: np.ndarray
    representative: np.ndarray
    pruned: np.ndarray


def code(genotypes: np.ndarray) -> np.ndarray:
    """Genotypes ``(n_archs, 6)`` as base-5 numbers ``(n_archs,)``, in lexicographic order."""
    return np.asarray(genotypes @ len(OPERATIONS) ** np.arange(len(EDGES) - 1, -1, -1))


@cache
def _lexicographic() -> np.ndarray:
    """All genotypes in lexicographic order, shape ``(15625, 6)``."""
    return np.array(list(itertools.product(range(len(OPERATIONS)), repeat=len(EDGES))))


@cache
def _table_order() -> np.ndarray:
    """All genotypes in the order of the published tables, shape ``(15625, 6)``."""
    order = list(range(len(_lexicographic())))
    random.Random(_TABLE_ORDER_SEED).shuffle(order)
    return _lexicographic()[order]


def prune(genotypes: np.ndarray) -> np.ndarray:
    """Cells with ``none`` in place of operations that no path from input to output uses.

    Args:
        genotypes: Shape ``(n_archs, 6)``.

    Returns:
        Shape ``(n_archs, 6)``.
    """
    n_archs = len(genotypes)
    from_input = np.zeros((n_archs, N_NODES), dtype=bool)
    to_output = np.zeros((n_archs, N_NODES), dtype=bool)
    from_input[:, 0] = to_output[:, -1] = True
    used = genotypes != NONE
    for edge, (start, end) in enumerate(EDGES):
        from_input[:, end] |= used[:, edge] & from_input[:, start]
    for edge, (start, end) in reversed(list(enumerate(EDGES))):
        to_output[:, start] |= used[:, edge] & to_output[:, end]
    starts, ends = np.array(EDGES).T
    return np.where(from_input[:, starts] & to_output[:, ends], genotypes, NONE)


class _Sums:
    """Numbers for the functions that nodes compute: sums of terms, equal sums equal numbers.

    A term is the input itself or an operation applied to a sum. Sums commute, ``skip_connect``
    passes all terms of its node on, ``none`` and anything applied to an empty sum vanish.
    """

    EMPTY = 0

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, ...], int] = {(): self.EMPTY}
        self._terms: list[tuple[int, ...]] = [()]
        self._applied: dict[tuple[int, int], int] = {}
        self.input = self._number((-1,))

    def _number(self, terms: tuple[int, ...]) -> int:
        if terms not in self._numbers:
            self._numbers[terms] = len(self._terms)
            self._terms.append(terms)
        return self._numbers[terms]

    def _through(self, operation: int, node: int) -> tuple[int, ...]:
        """Terms that reach the end of an edge from a node that computes sum ``node``."""
        if operation == NONE or node == self.EMPTY:
            return ()
        if operation == SKIP:
            return self._terms[node]
        return (self._applied.setdefault((operation, node), len(self._applied)),)

    def add(self, *edges: tuple[int, int]) -> int:
        """Number of the sum over edges, each an operation and the sum it reads."""
        terms = [term for operation, node in edges for term in self._through(operation, node)]
        return self._number(tuple(sorted(terms)))


@cache
def functional_classes() -> Classes:
    """Which cells compute the same function, for every cell of the space.

    A class's representative is the pruned member with the fewest parameters, then the fewest
    MACs, then the fewest operations, then the first in lexicographic order.
    """
    choices = range(len(OPERATIONS))
    sums = _Sums()
    outputs: list[int] = []
    for first in choices:
        node1 = sums.add((first, sums.input))
        for second in itertools.product(choices, repeat=2):
            node2 = sums.add((second[0], sums.input), (second[1], node1))
            outputs += [
                sums.add((a, sums.input), (b, node1), (c, node2))
                for a, b, c in itertools.product(choices, repeat=3)
            ]
    # Disconnected cells compute the empty sum, whose number is the smallest: class 0.
    _, class_of = np.unique(outputs, return_inverse=True)
    genotypes = _lexicographic()
    pruned = prune(genotypes)
    counts = np.stack([(genotypes == op).sum(axis=1) for op in choices], axis=1)
    # A 3x3 convolution has nine times the weights of a 1x1; every other operation has none.
    weights = 9 * counts[:, CONV_3X3] + counts[:, CONV_1X1]
    is_pruned = (genotypes == pruned).all(axis=1)
    order = np.lexsort((code(genotypes), counts[:, POOL], -counts[:, NONE], weights, ~is_pruned))
    _, first_position = np.unique(class_of[order], return_index=True)
    return Classes(class_of, genotypes[order[first_position]], pruned)


@SPACES.register("nasbench201")
class NasBench201(SearchSpace):
    """NAS-Bench-201.

    The published string is ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``: for nodes 1, 2 and 3 the
    operation on the edge from each earlier node.

    Args:
        dataset: ``cifar10``, ``cifar100`` (32 x 32) or ``imagenet16-120`` (16 x 16).
        channels: Channels of the first stage; doubled twice.
        cells: Cells in each of the three stages.

    Raises:
        UnknownNameError: There is no such data set.
        ConfigError: ``channels`` or ``cells`` is below 1.

    References:
        Dong and Yang 2020, https://arxiv.org/abs/2001.00326
    """

    name = "nasbench201"
    title = "NAS-Bench-201: cells of six edges, 15,625 strings (Dong and Yang 2020)"
    datasets = ("cifar10", "cifar100", "imagenet16-120")
    genes = tuple(f"edge {start}-{end}" for start, end in EDGES)
    n_choices = (len(OPERATIONS),) * len(EDGES)
    independent_genes = tuple((edge,) for edge in range(len(EDGES)))
    cell = CellGraph(EDGES, OPERATIONS, absent="none", identity="skip_connect")

    def __init__(self, dataset: str | None = None, channels: int = 16, cells: int = 5) -> None:
        super().__init__(dataset)
        for option, value in (("channels", channels), ("cells", cells)):
            if value < 1:
                raise ConfigError(f"{option} of nasbench201 must be at least 1; got {value}.")
        self.channels = channels
        self.cells = cells
        self.image_size, self.n_classes = _INPUT_SIZES[self.dataset]

    def parse(self, text: str) -> Architecture:
        """The architecture of a published string.

        Raises:
            ArchitectureError: The text has another form or an unknown operation.
        """
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ArchitectureError(
                "An architecture of nasbench201 must have the form "
                f"'|op~0|+|op~0|op~1|+|op~0|op~1|op~2|'; got {text!r}."
            )
        for operation in match.groups():
            if operation not in OPERATIONS:
                raise ArchitectureError(
                    f"An operation of nasbench201 must be one of {', '.join(OPERATIONS)}; "
                    f"got '{operation}'."
                )
        return self.architecture([OPERATIONS.index(operation) for operation in match.groups()])

    def format(self, genotype: Sequence[int]) -> str:
        """The published string of a genotype."""
        nodes = [
            "".join(
                f"|{OPERATIONS[genotype[edge]]}~{start}"
                for edge, (start, end) in enumerate(EDGES)
                if end == node
            )
            for node in range(1, N_NODES)
        ]
        return "+".join(f"{node}|" for node in nodes)

    def all_genotypes(self) -> np.ndarray:
        """All 15,625 genotypes in the order of NATS-Bench and HW-NAS-Bench."""
        return _table_order()

    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        """The representative of each genotype's functional class, shape ``(n_archs, 6)``.

        Two cells are of one class when they compute the same sum of the same terms, the weights
        of equal terms being equal: dead operations do nothing, ``none`` adds nothing,
        ``skip_connect`` is the identity and sums commute. There are 4,930 classes, one of which
        does not connect input and output. That average pooling distributes over sums, which would
        join some more, is left out.
        """
        classes = functional_classes()
        class_of = classes.class_of[code(self.check_genotypes(genotypes))]
        return np.asarray(classes.representative[class_of])

    def pruned_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        """Genotypes with ``none`` in place of dead operations, shape ``(n_archs, 6)``."""
        return np.asarray(functional_classes().pruned[code(self.check_genotypes(genotypes))])

    def valid_mask(self, genotypes: np.ndarray) -> np.ndarray:
        """Whether a path of operations leads from input to output, shape ``(n_archs,)``."""
        return np.asarray((self.pruned_genotypes(genotypes) != NONE).any(axis=1))

    def unique_string(self, arch: Architecture) -> str:
        """NATS-Bench's isomorphism string; equal strings make 6,466 classes.

        Unlike ``canonical``, it keeps operations on zeros apart from no operation.

        References:
            Dong et al. 2021, NATS-Bench, https://arxiv.org/abs/2009.00437
        """
        nodes = ["0"]
        for node in range(1, N_NODES):
            terms = []
            for (start, end), choice in zip(EDGES, arch.genotype, strict=True):
                if end != node:
                    continue
                if choice == NONE or nodes[start] == "#":
                    terms.append("#")
                elif choice == SKIP:
                    terms.append(nodes[start])
                else:
                    terms.append(f"({nodes[start]})@{OPERATIONS[choice]}")
            nodes.append("+".join(sorted(terms)))
        return nodes[-1]

    def graph(self, arch: Architecture) -> OperationGraph:
        """Every operator of the network, dead ones included, with its tensor shapes."""
        builder = GraphBuilder((3, self.image_size, self.image_size), stage="stem")
        node = builder.same("batch_norm", builder.conv(-1, self.channels, 3))
        for stage in range(3):
            channels = self.channels * 2**stage
            builder.stage = f"stage{stage + 1}"
            if stage:
                node = _reduction(builder, node, channels)
            for _ in range(self.cells):
                node = _cell(builder, node, arch.genotype)
        builder.stage = "head"
        node = builder.same("relu", builder.same("batch_norm", node))
        builder.linear(builder.global_avg_pool(node), self.n_classes)
        return builder.build()

    def build(self, arch: Architecture) -> torch.nn.Module:
        """The network as published, freshly initialised.

        Raises:
            MissingExtraError: torch is not installed.
        """
        from hwnas.spaces import _blocks

        return _blocks.cell_network(
            OPERATIONS, EDGES, arch.genotype, self.channels, self.cells, self.n_classes
        )


def _relu_conv_bn(
    builder: GraphBuilder, node: int, channels: int, kernel: int, stride: int = 1
) -> int:
    conv = builder.conv(builder.same("relu", node), channels, kernel, stride)
    return builder.same("batch_norm", conv)


def _reduction(builder: GraphBuilder, node: int, channels: int) -> int:
    """Residual block between stages: half the size, twice the channels."""
    first = _relu_conv_bn(builder, node, channels, kernel=3, stride=2)
    second = _relu_conv_bn(builder, first, channels, kernel=3)
    shortcut = builder.conv(builder.avg_pool(node, kernel=2, stride=2), channels, kernel=1)
    return builder.same("add", second, shortcut)


def _edge(builder: GraphBuilder, node: int, choice: int) -> int:
    channels = builder.shape(node)[0]
    if choice == NONE:
        return builder.same("zero", node)
    if choice == SKIP:
        return builder.same("identity", node)
    if choice == POOL:
        return builder.avg_pool(node, kernel=3)
    return _relu_conv_bn(builder, node, channels, kernel=3 if choice == CONV_3X3 else 1)


def _cell(builder: GraphBuilder, node: int, genotype: Sequence[int]) -> int:
    nodes = [node]
    for target in range(1, N_NODES):
        incoming = [
            _edge(builder, nodes[start], genotype[edge])
            for edge, (start, end) in enumerate(EDGES)
            if end == target
        ]
        nodes.append(incoming[0] if len(incoming) == 1 else builder.same("add", *incoming))
    return nodes[-1]
