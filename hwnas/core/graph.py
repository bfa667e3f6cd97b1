"""The operation graph of an architecture: every operator with its tensor shapes, no framework.

Parameters and multiply-accumulates are counted from it. ``macs`` are those of convolutions and
linear layers (1 MAC = 1) and nothing else; other tools add activations, normalisation or pooling,
or count each MAC twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

Shape = tuple[int, ...]

KINDS = (
    "conv",
    "linear",
    "batch_norm",
    "relu",
    "silu",
    "sigmoid",
    "avg_pool",
    "max_pool",
    "global_avg_pool",
    "add",
    "mul",
    "channel_shuffle",
    "identity",
    "zero",
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operator and what flows through it.

    Args:
        kind: One of ``KINDS``.
        inputs: Positions in the graph of the operators it reads; ``-1`` is the network's input.
        in_shape: Shape of one input without the batch axis: ``(channels, height, width)``, or
            ``(features,)`` after the last pooling.
        out_shape: Shape of the output without the batch axis.
        kernel: Side of a square window, in pixels; 1 where there is none.
        stride: Step of the window, in pixels.
        groups: Groups of a convolution or of a channel shuffle.
        has_bias: Whether a convolution or linear layer has one.
        stage: Which part of the network it belongs to: ``"stem"``, ``"stage1"``, ``"head"``.
    """

    kind: str
    inputs: tuple[int, ...]
    in_shape: Shape
    out_shape: Shape
    kernel: int = 1
    stride: int = 1
    groups: int = 1
    has_bias: bool = False
    stage: str = ""

    @property
    def params(self) -> int:
        """Trainable parameters; running statistics are none."""
        if self.kind == "conv":
            weights = self.out_shape[0] * (self.in_shape[0] // self.groups) * self.kernel**2
            return weights + self.out_shape[0] * self.has_bias
        if self.kind == "linear":
            return self.out_shape[0] * (self.in_shape[0] + self.has_bias)
        if self.kind == "batch_norm":
            return 2 * self.out_shape[0]
        return 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a convolution or linear layer for one image, else 0."""
        if self.kind == "conv":
            taps = (self.in_shape[0] // self.groups) * self.kernel**2
            return math.prod(self.out_shape) * taps
        if self.kind == "linear":
            return self.in_shape[0] * self.out_shape[0]
        return 0


@dataclass(frozen=True, slots=True)
class OperationGraph:
    """Operators in an order in which each follows what it reads; the last one is the output.

    Args:
        operations: The ``n_operations`` operators.
    """

    operations: tuple[Operation, ...]

    def __len__(self) -> int:
        return len(self.operations)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    @property
    def params(self) -> int:
        """Trainable parameters of the network."""
        return sum(operation.params for operation in self.operations)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the network for one image."""
        return sum(operation.macs for operation in self.operations)


@dataclass(slots=True)
class GraphBuilder:
    """Builds an operation graph, keeping track of shapes.

    Args:
        in_shape: Shape of the network's input: ``(channels, height, width)``.
    """

    in_shape: Shape
    stage: str = ""
    _operations: list[Operation] = field(default_factory=list)

    def shape(self, node: int) -> Shape:
        """Shape of what the operator at ``node`` puts out; ``-1`` is the network's input."""
        return self.in_shape if node < 0 else self._operations[node].out_shape

    def _append(self, kind: str, inputs: tuple[int, ...], out: Shape, **how: int | bool) -> int:
        operation = Operation(
            kind,
            inputs,
            self.shape(inputs[0]),
            out,
            stage=self.stage,
            **how,  # type: ignore[arg-type]
        )
        self._operations.append(operation)
        return len(self._operations) - 1

    def conv(
        self,
        node: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        has_bias: bool = False,
    ) -> int:
        """Convolution with padding ``kernel // 2``; returns its position."""
        _, height, width = self.shape(node)
        out = (out_channels, -(-height // stride), -(-width // stride))
        return self._append(
            "conv", (node,), out, kernel=kernel, stride=stride, groups=groups, has_bias=has_bias
        )

    def linear(self, node: int, out_features: int) -> int:
        """Linear layer with a bias; returns its position."""
        return self._append("linear", (node,), (out_features,), has_bias=True)

    def same(self, kind: str, *nodes: int) -> int:
        """Operator that keeps the shape of the first node; returns its position.

        Normalisation, activation, sum; and ``mul``, whose second node may have one number a
        channel.
        """
        return self._append(kind, nodes, self.shape(nodes[0]))

    def channel_shuffle(self, node: int, groups: int) -> int:
        """Channels of the groups in turn, the first of each before the second of any."""
        return self._append("channel_shuffle", (node,), self.shape(node), groups=groups)

    def avg_pool(self, node: int, kernel: int, stride: int = 1) -> int:
        """Average pooling with padding ``kernel // 2`` where it keeps the size."""
        return self._pool("avg_pool", node, kernel, stride)

    def max_pool(self, node: int, kernel: int, stride: int = 1) -> int:
        """Maximum pooling with padding ``kernel // 2`` where it keeps the size."""
        return self._pool("max_pool", node, kernel, stride)

    def _pool(self, kind: str, node: int, kernel: int, stride: int) -> int:
        channels, height, width = self.shape(node)
        out = (channels, -(-height // stride), -(-width // stride))
        return self._append(kind, (node,), out, kernel=kernel, stride=stride)

    def global_avg_pool(self, node: int) -> int:
        """Average over all pixels, flattened; returns its position."""
        return self._append("global_avg_pool", (node,), (self.shape(node)[0],))

    def build(self) -> OperationGraph:
        """The finished graph."""
        return OperationGraph(tuple(self._operations))
