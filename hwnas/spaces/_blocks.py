"""Torch modules that the search spaces build their networks from."""

from __future__ import annotations

from collections.abc import Sequence

from hwnas.errors import MissingExtraError
from hwnas.spaces._chains import (
    Activation,
    ChainNetwork,
    Identity,
    InvertedResidual,
    Layer,
    Projection,
)

try:
    import torch
    from torch import nn
except ImportError as error:  # pragma: no cover - the test environment has torch
    raise MissingExtraError("Building a model", "torch", "torch") from error

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU}


class ReluConvBn(nn.Sequential):
    """ReLU, convolution without bias, batch normalisation.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel: Side of the window, in pixels.
        stride: Step of the window, in pixels.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__(
            nn.ReLU(inplace=False),
            nn.Conv2d(in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(out_channels),
        )


class Zero(nn.Module):
    """Zeros of the input's shape: the ``none`` operation."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Zeros, shape of ``x``."""
        return x.mul(0.0)


def edge_operation(operation: str, channels: int) -> nn.Module:
    """The module of a NAS-Bench-201 operation at stride 1."""
    if operation == "none":
        return Zero()
    if operation == "skip_connect":
        return nn.Identity()
    if operation == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return ReluConvBn(channels, channels, kernel=3 if operation == "nor_conv_3x3" else 1)


class CellModule(nn.Module):
    """A NAS-Bench-201 cell: each node sums the operations on its incoming edges.

    Args:
        operations: Operation of each edge.
        edges: Start and end node of each edge.
        channels: Channels of every node.
    """

    def __init__(
        self, operations: Sequence[str], edges: Sequence[tuple[int, int]], channels: int
    ) -> None:
        super().__init__()
        self.edges = tuple(edges)
        self.ops = nn.ModuleList(edge_operation(operation, channels) for operation in operations)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Output node of shape ``(batch, channels, height, width)``, the shape of ``x``."""
        nodes = [x]
        for node in range(1, max(end for _, end in self.edges) + 1):
            incoming = [
                op(nodes[start])
                for op, (start, end) in zip(self.ops, self.edges, strict=True)
                if end == node
            ]
            total = incoming[0]
            for term in incoming[1:]:
                total = total + term
            nodes.append(total)
        return nodes[-1]


class Reduction(nn.Module):
    """Residual block that halves the size and changes the channels.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            ReluConvBn(in_channels, out_channels, kernel=3, stride=2),
            ReluConvBn(out_channels, out_channels, kernel=3),
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2, stride=2), nn.Conv2d(in_channels, out_channels, 1, bias=False)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape ``(batch, out_channels, height / 2, width / 2)``."""
        out: torch.Tensor = self.residual(x) + self.shortcut(x)
        return out


def cell_network(
    operations: Sequence[str],
    edges: Sequence[tuple[int, int]],
    genotype: Sequence[int],
    channels: int,
    cells: int,
    n_classes: int,
) -> nn.Module:
    """The NAS-Bench-201 network: stem, three stages of equal cells, classifier.

    Args:
        operations: Names of the operations, as the genotype numbers them.
        edges: Start and end node of each edge.
        genotype: Operation of each edge, a position in ``operations``.
        channels: Channels of the first stage; doubled twice.
        cells: Cells in each stage.
        n_classes: Outputs of the classifier.
    """
    chosen = [operations[choice] for choice in genotype]
    layers: list[nn.Module] = [
        nn.Sequential(nn.Conv2d(3, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))
    ]
    for stage in range(3):
        width = channels * 2**stage
        if stage:
            layers.append(Reduction(width // 2, width))
        layers += [CellModule(chosen, edges, width) for _ in range(cells)]
    head = [nn.BatchNorm2d(width), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, *head, nn.Linear(width, n_classes))


class ConvBn(nn.Sequential):
    """Convolution without bias, batch normalisation, an activation if there is one.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel: Side of the window, in pixels.
        stride: Step of the window, in pixels.
        groups: Groups of the convolution.
        activation: ``"relu"``, ``"silu"`` or None.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activation: Activation | None = None,
    ) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(
                in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False
            ),
            nn.BatchNorm2d(out_channels),
        ]
        if activation:
            layers.append(_ACTIVATIONS[activation]())
        super().__init__(*layers)


class ChannelShuffle(nn.Module):
    """Channels of the groups in turn, so that the next grouped convolution mixes them.

    Args:
        groups: Number of groups.
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape of ``x``: ``(batch, channels, height, width)``."""
        batch, channels, height, width = x.shape
        grouped = x.reshape(batch, self.groups, channels // self.groups, height, width)
        return grouped.transpose(1, 2).reshape(batch, channels, height, width)


class SqueezeExcite(nn.Module):
    """Weights each channel by a number from 0 to 1 that depends on all channels' averages.

    Args:
        channels: Channels of the input.
        squeezed: Width of the layer between.
        activation: Activation of that layer.
    """

    def __init__(self, channels: int, squeezed: int, activation: Activation) -> None:
        super().__init__()
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            _ACTIVATIONS[activation](),
            nn.Conv2d(squeezed, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape of ``x``: ``(batch, channels, height, width)``."""
        out: torch.Tensor = x * self.weigh(x)
        return out


class InvertedResidualBlock(nn.Module):
    """The module of an inverted residual.

    Args:
        in_channels: Channels of the input.
        layer: What it is.
    """

    def __init__(self, in_channels: int, layer: InvertedResidual) -> None:
        super().__init__()
        inner = in_channels * layer.expansion
        activation = layer.activation
        layers: list[nn.Module] = []
        if layer.expands():
            layers.append(ConvBn(in_channels, inner, 1, 1, layer.groups, activation))
            if layer.groups > 1:
                layers.append(ChannelShuffle(layer.groups))
        layers.append(ConvBn(inner, inner, layer.kernel, layer.stride, inner, activation))
        if layer.has_squeeze_excite:
            layers.append(SqueezeExcite(inner, layer.squeezed(in_channels), activation))
        layers.append(ConvBn(inner, layer.out_channels, 1, 1, layer.groups))
        self.residual = nn.Sequential(*layers)
        self.adds_input = layer.is_residual(in_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape ``(batch, out_channels, height / stride, width / stride)``."""
        out: torch.Tensor = self.residual(x)
        return out + x if self.adds_input else out


def chain_layer(in_channels: int, layer: Layer) -> nn.Module:
    """The module of a layer of a chain."""
    if isinstance(layer, Identity):
        return nn.Identity()
    if isinstance(layer, Projection):
        return ConvBn(in_channels, layer.out_channels, 1, layer.stride, 1, layer.activation)
    return InvertedResidualBlock(in_channels, layer)


def chain_network(network: ChainNetwork) -> nn.Module:
    """The network of a chain: stem, its layers one after another, head."""
    channels, activation = network.stem_channels, network.activation
    modules: list[nn.Module] = [
        ConvBn(network.in_shape[0], channels, 3, network.stem_stride, activation=activation)
    ]
    for layer in (layer for layers in network.stages for layer in layers):
        modules.append(chain_layer(channels, layer))
        channels = channels if isinstance(layer, Identity) else layer.out_channels
    return nn.Sequential(
        *modules,
        ConvBn(channels, network.head_channels, 1, activation=activation),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(network.head_channels, network.n_classes),
    )
