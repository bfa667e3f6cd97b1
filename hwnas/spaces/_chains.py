"""Networks that are chains of layers, as mobile search spaces have: what they are, their graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hwnas.core.blocks import Block
from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.shapes import Shape

Activation = Literal["relu", "silu"]


@dataclass(frozen=True, slots=True)
class InvertedResidual:
    """Expand the channels, convolve each by itself, project; the input is added where it fits.

    Args:
        out_channels: Channels of the output.
        kernel: Side of the depthwise window, in pixels.
        expansion: Channels inside for each of the input.
        stride: Step of the depthwise window, in pixels.
        groups: Groups of the 1x1 convolutions; above 1, channels are shuffled after the first.
        has_squeeze_excite: Whether the channels inside are weighted by what they hold on average.
        expands_always: Whether there is a first 1x1 convolution even at expansion 1.
        activation: Activation after the first two convolutions and inside the squeeze-excite.

    References:
        Sandler et al. 2018, MobileNetV2, https://arxiv.org/abs/1801.04381
        Hu et al. 2018, Squeeze-and-Excitation Networks, https://arxiv.org/abs/1709.01507
    """

    out_channels: int
    kernel: int
    expansion: int
    stride: int = 1
    groups: int = 1
    has_squeeze_excite: bool = False
    expands_always: bool = False
    activation: Activation = "relu"

    def expands(self) -> bool:
        """Whether there is a first 1x1 convolution."""
        return self.expands_always or self.expansion != 1

    def is_residual(self, in_channels: int) -> bool:
        """Whether the input is added to the output."""
        return self.stride == 1 and in_channels == self.out_channels

    def squeezed(self, in_channels: int) -> int:
        """Width of the squeeze-excite: a quarter of the layer's input channels, at least 1."""
        return max(1, in_channels // 4)


@dataclass(frozen=True, slots=True)
class Projection:
    """A 1x1 convolution with batch normalisation: what a skipped layer that must change shape is.

    Args:
        out_channels: Channels of the output.
        stride: Step in pixels.
        activation: Activation at its end; None for none.
    """

    out_channels: int
    stride: int
    activation: Activation | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A skipped layer that passes its input on."""


Layer = InvertedResidual | Projection | Identity


@dataclass(frozen=True, slots=True)
class ChainNetwork:
    """A stem, stages of layers, a 1x1 head convolution, average pooling and a classifier.

    Args:
        in_shape: Shape of an image: ``(channels, height, width)``.
        stem_channels: Channels of the 3x3 stem convolution.
        stem_stride: Its step in pixels.
        stages: Layers of each stage.
        head_channels: Channels of the head convolution.
        n_classes: Outputs of the classifier.
        activation: Activation of stem and head.
    """

    in_shape: Shape
    stem_channels: int
    stem_stride: int
    stages: tuple[tuple[Layer, ...], ...]
    head_channels: int
    n_classes: int
    activation: Activation = "relu"


def chain_graph(network: ChainNetwork) -> OperationGraph:
    """Every operator of the network with its tensor shapes."""
    builder = GraphBuilder(network.in_shape, stage="stem")
    activation = network.activation
    node = _conv_bn(builder, -1, network.stem_channels, 3, activation, network.stem_stride)
    for number, layers in enumerate(network.stages, start=1):
        builder.stage = f"stage{number}"
        for layer in layers:
            node = _layer(builder, node, layer)
    builder.stage = "head"
    node = _conv_bn(builder, node, network.head_channels, 1, activation)
    builder.linear(builder.global_avg_pool(node), network.n_classes)
    return builder.build()


def chain_blocks(genes: Sequence[str], network: ChainNetwork) -> tuple[Block, ...]:
    """A network as a strip of blocks, one for each layer.

    Args:
        genes: What its ``n_layers`` layers are called.
        network: The network.
    """
    names, channels, blocks = iter(genes), network.stem_channels, []
    for number, layers in enumerate(network.stages, start=1):
        kept = [each.out_channels for each in layers if not isinstance(each, Identity)]
        channels = kept[-1] if kept else channels
        stage = f"stage {number}: {channels} channels"
        blocks += [
            Block(next(names), _choices(each), stage, not isinstance(each, InvertedResidual))
            for each in layers
        ]
    return tuple(blocks)


def _choices(layer: Layer) -> tuple[tuple[str, str], ...]:
    """What is to be said of a layer, by name; what it leaves out is not."""
    if isinstance(layer, Identity):
        return ()
    if isinstance(layer, Projection):
        return (("", "1x1 convolution"),)
    groups = (("groups", str(layer.groups)),) if layer.groups > 1 else ()
    excite = (("squeeze-excite", "on"),) if layer.has_squeeze_excite else ()
    return (
        ("kernel", str(layer.kernel)),
        ("expansion", str(layer.expansion)),
        *groups,
        *excite,
    )


def identities_last(genotypes: np.ndarray, stretches: Sequence[slice], identity: int) -> np.ndarray:
    """Genotypes whose identities come last in each stretch of layers of one shape.

    An identity anywhere among layers that keep the shape leaves the same chain of other layers.

    Args:
        genotypes: Shape ``(n_archs, n_genes)``.
        stretches: The genes of each stretch.
        identity: The choice that is the identity.

    Returns:
        Shape ``(n_archs, n_genes)``.
    """
    ordered = genotypes.copy()
    for stretch in stretches:
        for last in range(stretch.stop - 1, stretch.start, -1):
            for gene in range(stretch.start, last):
                left, right = ordered[:, gene].copy(), ordered[:, gene + 1].copy()
                moves = left == identity
                ordered[:, gene] = np.where(moves, right, left)
                ordered[:, gene + 1] = np.where(moves, identity, right)
    return ordered


def _conv_bn(
    builder: GraphBuilder,
    node: int,
    channels: int,
    kernel: int,
    activation: Activation | None,
    stride: int = 1,
    groups: int = 1,
) -> int:
    conv = builder.conv(node, channels, kernel, stride, groups)
    node = builder.same("batch_norm", conv)
    return builder.same(activation, node) if activation else node


def _layer(builder: GraphBuilder, node: int, layer: Layer) -> int:
    if isinstance(layer, Identity):
        return builder.same("identity", node)
    if isinstance(layer, Projection):
        return _conv_bn(builder, node, layer.out_channels, 1, layer.activation, layer.stride)
    return _inverted_residual(builder, node, layer)


def _inverted_residual(builder: GraphBuilder, start: int, layer: InvertedResidual) -> int:
    in_channels = builder.shape(start)[0]
    inner = in_channels * layer.expansion
    activation, groups = layer.activation, layer.groups
    node = start
    if layer.expands():
        node = _conv_bn(builder, node, inner, 1, activation, groups=groups)
        if groups > 1:
            node = builder.channel_shuffle(node, groups)
    node = _conv_bn(builder, node, inner, layer.kernel, activation, layer.stride, groups=inner)
    if layer.has_squeeze_excite:
        node = _squeeze_excite(builder, node, layer.squeezed(in_channels), activation)
    node = _conv_bn(builder, node, layer.out_channels, 1, None, groups=groups)
    return builder.same("add", node, start) if layer.is_residual(in_channels) else node


def _squeeze_excite(builder: GraphBuilder, node: int, squeezed: int, activation: Activation) -> int:
    squeeze = builder.linear(builder.global_avg_pool(node), squeezed)
    excite = builder.linear(builder.same(activation, squeeze), builder.shape(node)[0])
    return builder.same("mul", node, builder.same("sigmoid", excite))
