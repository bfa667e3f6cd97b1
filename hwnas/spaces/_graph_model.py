"""A torch module for any operation graph, so that a space need not write its networks twice."""

from __future__ import annotations

from collections.abc import Callable

from hwnas.core.graph import OperationGraph
from hwnas.core.operation import Operation
from hwnas.errors import ConfigError, MissingExtraError
from hwnas.spaces._blocks import ChannelShuffle

try:
    import torch
    from torch import nn
except ImportError as error:  # pragma: no cover - the test environment has torch
    raise MissingExtraError("Building a model", "torch", "torch") from error


class GraphModel(nn.Module):
    """The network of an operation graph, freshly initialised.

    Args:
        graph: The operators; convolutions and pools pad as ``GraphBuilder`` says.

    Raises:
        ConfigError: There is an operator that is no module here.
    """

    def __init__(self, graph: OperationGraph) -> None:
        super().__init__()
        self._inputs = [operation.inputs for operation in graph]
        self.operators = nn.ModuleList(_module(operation) for operation in graph)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The last operator's output, from images of shape ``(batch, *in_shape)``."""
        # The network's input is at position -1.
        outputs: dict[int, torch.Tensor] = {-1: x}
        for position, (inputs, operator) in enumerate(
            zip(self._inputs, self.operators, strict=True)
        ):
            outputs[position] = operator(*(outputs[node] for node in inputs))
        return outputs[len(self._inputs) - 1]


class _Apply(nn.Module):
    """A function of its inputs that has no parameters."""

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self._function = function

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self._function(*inputs)


class _Zeros(nn.Module):
    """Zeros of a shape, whatever the input's."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self._shape = shape

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.new_zeros((len(x), *self._shape))


def _add(*terms: torch.Tensor) -> torch.Tensor:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _mul(x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    # One number a channel weights all its pixels.
    return x * weights.reshape(*weights.shape, *(1,) * (x.ndim - weights.ndim))


def _concat(*parts: torch.Tensor) -> torch.Tensor:
    return torch.cat(parts, dim=1)


def _conv(operation: Operation) -> nn.Module:
    return nn.Conv2d(
        operation.in_shape[0],
        operation.out_shape[0],
        operation.window,
        operation.stride,
        _padding(operation),
        operation.dilation,
        operation.groups,
        bias=operation.has_bias,
    )


def _avg_pool(operation: Operation) -> nn.Module:
    window, stride, padding = operation.window, operation.stride, _padding(operation)
    return nn.AvgPool2d(window, stride, padding, count_include_pad=False)


def _max_pool(operation: Operation) -> nn.Module:
    return nn.MaxPool2d(operation.window, operation.stride, _padding(operation))


def _padding(operation: Operation) -> tuple[int, int]:
    """Pixels above and beside a map, the same below and on its other side.

    Raises:
        ConfigError: They are not the same.
    """
    (top, bottom), (left, right) = operation.padding
    if (top, left) != (bottom, right):
        raise ConfigError(
            "A window of a network that is built from its graph must be padded alike on opposite "
            f"sides; a {operation.kind} of {operation.in_shape} to {operation.out_shape} by "
            f"{operation.window} is not. Write the space's own build."
        )
    return top, left


_MAKERS: dict[str, Callable[[Operation], nn.Module]] = {
    "conv": _conv,
    "linear": lambda op: nn.Linear(op.in_shape[-1], op.out_shape[-1], bias=op.has_bias),
    "batch_norm": lambda op: nn.BatchNorm2d(op.out_shape[0]),
    "relu": lambda _: nn.ReLU(),
    "silu": lambda _: nn.SiLU(),
    "gelu": lambda _: nn.GELU(),
    "sigmoid": lambda _: nn.Sigmoid(),
    "avg_pool": _avg_pool,
    "max_pool": _max_pool,
    "global_avg_pool": lambda _: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    "add": lambda _: _Apply(_add),
    "mul": lambda _: _Apply(_mul),
    "concat": lambda _: _Apply(_concat),
    "channel_shuffle": lambda op: ChannelShuffle(op.groups),
    "identity": lambda _: nn.Identity(),
    "zero": lambda op: _Zeros(op.out_shape),
}


def _module(operation: Operation) -> nn.Module:
    if operation.kind not in _MAKERS:
        raise ConfigError(
            f"An operator of a network that is built from its graph must be one of "
            f"{', '.join(_MAKERS)}; got '{operation.kind}'. Write the space's own build."
        )
    return _MAKERS[operation.kind](operation)
