"""FBNet's space as HW-NAS-Bench has it: 22 layers, nine choices each.

References:
    Wu et al. 2019, FBNet, https://arxiv.org/abs/1812.03443
    Li et al. 2021, HW-NAS-Bench, https://openreview.net/forum?id=_0kaDkv3dVf; code:
    https://github.com/GATECH-EIC/HW-NAS-Bench
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

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

OPERATIONS = (
    "k3_e1",
    "k3_e1_g2",
    "k3_e3",
    "k3_e6",
    "k5_e1",
    "k5_e1_g2",
    "k5_e3",
    "k5_e6",
    "skip",
)
SKIP = OPERATIONS.index("skip")
STAGE_LAYERS = (1, 4, 4, 4, 4, 4, 1)
STAGE_CHANNELS = (16, 24, 32, 64, 112, 184, 352)
STEM_CHANNELS = 16
N_LAYERS = sum(STAGE_LAYERS)

# Kernel, expansion and groups of each operation but the skip.
_SETTINGS = (
    (3, 1, 1),
    (3, 1, 2),
    (3, 3, 1),
    (3, 6, 1),
    (5, 1, 1),
    (5, 1, 2),
    (5, 3, 1),
    (5, 6, 1),
)


class _Skeleton(NamedTuple):
    """What the data set decides: size of an image, strides, width of the head, classes."""

    image_size: int
    stem_stride: int
    strides: tuple[int, ...]
    head_channels: int
    n_classes: int


_SKELETONS = {
    "cifar100": _Skeleton(32, 1, (1, 1, 2, 2, 1, 2, 1), 1504, 100),
    "imagenet": _Skeleton(224, 2, (1, 2, 2, 2, 1, 2, 1), 1984, 1000),
}

# Layers after a stage's first keep its shape: there, a skip is the identity.
_STARTS = tuple(itertools.accumulate(STAGE_LAYERS, initial=0))[:-1]
_STRETCHES = tuple(
    slice(start + 1, start + n) for start, n in zip(_STARTS, STAGE_LAYERS, strict=True)
)
_LIST_TITLE = f"HW-NAS-Bench's list of {N_LAYERS} operation numbers from 0 to {SKIP}"
_TEXT = re.compile("-".join(f"[0-{SKIP}]{{{n_layers}}}" for n_layers in STAGE_LAYERS))


@SPACES.register("fbnet")
class FBNet(SearchSpace):
    """FBNet's space as HW-NAS-Bench has it.

    The string is HW-NAS-Bench's list of 22 operation numbers, a hyphen between stages:
    ``7-8181-4888-7414-7327-3242-4``. Operations are, from 0 on, k3_e1, k3_e1_g2, k3_e3, k3_e6,
    k5_e1, k5_e1_g2, k5_e3, k5_e6, skip: kernel size, expansion ratio, groups of the 1x1
    convolutions. Every layer but a skip has both 1x1 convolutions, at expansion 1 too. A skip is
    the identity; where size or channels change, it is a 1x1 convolution, batch normalisation and
    ReLU.

    Args:
        dataset: ``cifar100`` (32 x 32), for which HELP's latencies are, or ``imagenet``
            (224 x 224).

    Raises:
        UnknownNameError: There is no such data set.

    References:
        Wu et al. 2019, https://arxiv.org/abs/1812.03443
        Li et al. 2021, https://openreview.net/forum?id=_0kaDkv3dVf
    """

    name = "fbnet"
    title = "FBNet: 22 layers of nine choices, 9^22 strings (Wu et al. 2019)"
    datasets = ("cifar100", "imagenet")
    genes = tuple(f"layer {layer}" for layer in range(1, N_LAYERS + 1))
    choice_names = (OPERATIONS,) * N_LAYERS
    independent_genes = tuple((layer,) for layer in range(N_LAYERS))
    own_notations = MappingProxyType(
        {
            "list": Notation(
                _LIST_TITLE,
                lambda value: choices_of(value, _LIST_TITLE, (len(OPERATIONS),) * N_LAYERS),
                list,
                # Its numbers are the genotype's: whichever is meant, it is one architecture.
                lambda value: is_list(value, N_LAYERS),
            )
        }
    )

    def __init__(self, dataset: str | None = None) -> None:
        super().__init__(dataset)
        skeleton = _SKELETONS[self.dataset]
        self.input_shape = (3, skeleton.image_size, skeleton.image_size)
        self.n_outputs = skeleton.n_classes

    def parse(self, text: str) -> Architecture:
        """The architecture of a string such as ``7-8181-4888-7414-7327-3242-4``.

        Raises:
            ArchitectureError: The text has another form.
        """
        stages = text.strip()
        if _TEXT.fullmatch(stages) is None:
            raise ArchitectureError(
                f"An architecture of fbnet must be {N_LAYERS} digits from 0 to {SKIP} in stages of "
                f"1, 4, 4, 4, 4, 4 and 1, such as '7-8181-4888-7414-7327-3242-4'; "
                f"got {shown(text)}."
            )
        return self.architecture([int(digit) for digit in stages.replace("-", "")])

    def from_list(self, operations: Sequence[int]) -> Architecture:
        """The architecture of HW-NAS-Bench's list of 22 operation numbers.

        Raises:
            ArchitectureError: It is none.

        Example:
            >>> print(FBNet().from_list([7, *[8, 1, 8, 1], *[8] * 16, 4]))
            7-8181-8888-8888-8888-8888-4
        """
        return self.read(operations, "list")

    def to_list(self, arch: Architecture | str) -> list[int]:
        """HW-NAS-Bench's list of an architecture; the inverse of ``from_list``."""
        return list(self.write(arch, "list"))

    def format(self, genotype: Sequence[int]) -> str:
        """The string of a genotype."""
        digits = iter(genotype)
        return "-".join(
            "".join(str(digit) for digit in itertools.islice(digits, n_layers))
            for n_layers in STAGE_LAYERS
        )

    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        """Genotypes with skips after the other layers of one shape, shape ``(n_archs, 22)``.

        A skip among layers that keep the shape is the identity, wherever it stands. A stage's
        first layer stays where it is.
        """
        return identities_last(self.check_genotypes(genotypes), _STRETCHES, SKIP)

    def graph(self, arch: Architecture) -> OperationGraph:
        """Every operator of the network with its tensor shapes."""
        return chain_graph(_network(_SKELETONS[self.dataset], arch.genotype))

    def blocks(self, arch: Architecture) -> tuple[Block, ...]:
        """A block for each layer: kernel, expansion and groups, or that it is skipped."""
        return chain_blocks(self.genes, _network(_SKELETONS[self.dataset], arch.genotype))

    def build(self, arch: Architecture) -> torch.nn.Module:
        """The network as HW-NAS-Bench has it, freshly initialised.

        Raises:
            MissingExtraError: torch is not installed.
        """
        from hwnas.spaces import _blocks

        return _blocks.chain_network(_network(_SKELETONS[self.dataset], arch.genotype))


def _network(skeleton: _Skeleton, genotype: Sequence[int]) -> ChainNetwork:
    choices = iter(genotype)
    stages = []
    in_channels = STEM_CHANNELS
    for channels, stride, n_layers in zip(
        STAGE_CHANNELS, skeleton.strides, STAGE_LAYERS, strict=True
    ):
        first = _layer(next(choices), in_channels, channels, stride)
        rest = (_layer(next(choices), channels, channels, 1) for _ in range(n_layers - 1))
        stages.append((first, *rest))
        in_channels = channels
    return ChainNetwork(
        in_shape=(3, skeleton.image_size, skeleton.image_size),
        stem_channels=STEM_CHANNELS,
        stem_stride=skeleton.stem_stride,
        stages=tuple(stages),
        head_channels=skeleton.head_channels,
        n_classes=skeleton.n_classes,
    )


def _layer(choice: int, in_channels: int, out_channels: int, stride: int) -> Layer:
    if choice == SKIP:
        keeps_shape = stride == 1 and in_channels == out_channels
        return Identity() if keeps_shape else Projection(out_channels, stride, "relu")
    kernel, expansion, groups = _SETTINGS[choice]
    return InvertedResidual(out_channels, kernel, expansion, stride, groups, expands_always=True)
