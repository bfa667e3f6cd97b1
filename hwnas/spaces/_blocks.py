"""Torch modules that the search spaces build their networks from."""

from __future__ import annotations

from collections.abc import Sequence

from hwnas.errors import MissingExtraError

try:
    import torch
    from torch import nn
except ImportError as error:  # pragma: no cover - the test environment has torch
    raise MissingExtraError("Building a model", "torch", "torch") from error


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


class Cell(nn.Module):
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
        layers += [Cell(chosen, edges, width) for _ in range(cells)]
    head = [nn.BatchNorm2d(width), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, *head, nn.Linear(width, n_classes))
