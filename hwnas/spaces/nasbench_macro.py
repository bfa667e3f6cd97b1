"""NAS-Bench-Macro: eight layers, three choices each, 6,561 strings, 3,969 networks.

References:
    Su et al. 2021, Prioritized Architecture Sampling with Monto-Carlo Tree Search,
    https://arxiv.org/abs/2103.11922; code: https://github.com/xiusu/NAS-Bench-Macro
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from hwnas._names import shown
from hwnas.core.architecture import Architecture
from hwnas.core.blocks import Block
from hwnas.core.graph import OperationGraph
from hwnas.core.notation import Notation, choices_of, is_list
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError
from hwnas.spaces import SPACES
from hwnas.spaces._chains import (
    ChainNetwork,
    Identity,
    InvertedResidual,
    Layer,
    Projection,
    chain_blocks,
    chain_graph,
    identities_last,
)

if TYPE_CHECKING:
    import torch

OPERATIONS = ("identity", "mb_k3_e3", "mb_k5_e6")
IDENTITY = 0
STAGE_LAYERS = (2, 3, 3)
STEM_CHANNELS = 32
N_LAYERS = sum(STAGE_LAYERS)

# Layers after a stage's first keep its shape: there, and only there, an identity does nothing.
_STARTS = tuple(itertools.accumulate(STAGE_LAYERS, initial=0))[:-1]
_STRETCHES = tuple(
    slice(start + 1, start + n) for start, n in zip(_STARTS, STAGE_LAYERS, strict=True)
)
_LIST_TITLE = f"a list of {N_LAYERS} choices from 0 to {len(OPERATIONS) - 1}"
_TEXT = re.compile(rf"[0-{len(OPERATIONS) - 1}]{{{N_LAYERS}}}")


@SPACES.register("nasbench_macro")
class NasBenchMacro(SearchSpace):
    """NAS-Bench-Macro.

    The published string is eight digits, one a layer: 0 identity, 1 inverted residual with a 3x3
    window and expansion 3, 2 with a 5x5 window and expansion 6. Stages have 2, 3 and 3 layers; the
    first of each doubles the channels (32 after the stem) and halves the size, and its identity
    is a 1x1 convolution with batch normalisation.

    Args:
        dataset: ``cifar10`` (32 x 32, 10 classes).

    Raises:
        UnknownNameError: There is no such data set.

    References:
        Su et al. 2021, https://arxiv.org/abs/2103.11922
    """

    name = "nasbench_macro"
    title = "NAS-Bench-Macro: eight layers of three choices, 6,561 strings (Su et al. 2021)"
    datasets = ("cifar10",)
    genes = tuple(f"layer {layer}" for layer in range(1, N_LAYERS + 1))
    choice_names = (OPERATIONS,) * N_LAYERS
    independent_genes = tuple((layer,) for layer in range(N_LAYERS))
    own_notations = MappingProxyType(
        {
            "list": Notation(
                _LIST_TITLE,
                lambda value: choices_of(value, _LIST_TITLE, (len(OPERATIONS),) * N_LAYERS),
                list,
                lambda value: is_list(value, N_LAYERS),
            )
        }
    )
    input_shape = (3, 32, 32)
    n_outputs = 10

    def parse(self, text: str) -> Architecture:
        """The architecture of a published string.

        Raises:
            ArchitectureError: The text is not eight digits from 0 to 2.
        """
        digits = text.strip()
        if _TEXT.fullmatch(digits) is None:
            raise ArchitectureError(
                f"An architecture of nasbench_macro must be {N_LAYERS} digits from 0 to "
                f"{len(OPERATIONS) - 1}, such as '12012011'; got {shown(text)}."
            )
        return self.architecture([int(digit) for digit in digits])

    def format(self, genotype: Sequence[int]) -> str:
        """The published string of a genotype."""
        return "".join(str(choice) for choice in genotype)

    def all_genotypes(self) -> np.ndarray:
        """All 6,561 genotypes in lexicographic order, shape ``(6561, 8)``."""
        return _lexicographic()

    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        """Genotypes with identities after the other layers of one shape, shape ``(n_archs, 8)``.

        There are 3,969; upstream, too, gives all strings of such a class one network's results.
        """
        return identities_last(self.check_genotypes(genotypes), _STRETCHES, IDENTITY)

    def graph(self, arch: Architecture) -> OperationGraph:
        """Every operator of the network with its tensor shapes."""
        return chain_graph(_network(arch.genotype))

    def blocks(self, arch: Architecture) -> tuple[Block, ...]:
        """A block for each layer: kernel and expansion, or that it is skipped."""
        return chain_blocks(self.genes, _network(arch.genotype))

    def build(self, arch: Architecture) -> torch.nn.Module:
        """The network as published, freshly initialised.

        Raises:
            MissingExtraError: torch is not installed.
        """
        from hwnas.spaces import _blocks

        return _blocks.chain_network(_network(arch.genotype))


@cache
def _lexicographic() -> np.ndarray:
    return np.array(list(itertools.product(range(len(OPERATIONS)), repeat=N_LAYERS)))


def _network(genotype: Sequence[int]) -> ChainNetwork:
    choices = iter(genotype)
    stages = []
    for number, n_layers in enumerate(STAGE_LAYERS, start=1):
        channels = STEM_CHANNELS * 2**number
        stages.append(
            tuple(_layer(next(choices), channels, 1 if i else 2) for i in range(n_layers))
        )
    return ChainNetwork(
        in_shape=NasBenchMacro.input_shape,
        stem_channels=STEM_CHANNELS,
        stem_stride=1,
        stages=tuple(stages),
        head_channels=1280,
        n_classes=NasBenchMacro.n_outputs,
    )


def _layer(choice: int, channels: int, stride: int) -> Layer:
    if choice == IDENTITY:
        return Identity() if stride == 1 else Projection(channels, stride)
    kernel, expansion = ((3, 3), (5, 6))[choice - 1]
    return InvertedResidual(channels, kernel, expansion, stride)
