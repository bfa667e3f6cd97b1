"""Which module of a torch model is which operation of its graph, as a guess to be checked.

A space writes its networks twice, as a torch model and as an operation graph, and nothing says what
belongs to what. Most models hold their modules, or call them, in the order of the graph; whether a
guess is right shows when the exported model is compared with the torch model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hwnas.core.graph import OperationGraph
from hwnas.core.operation import Operation
from hwnas.core.shapes import Shape
from hwnas.models._onnx_writer import Weights
from hwnas.models.graph_onnx import weight_shapes

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class ModuleTensors:
    """A module's tensors under the names of an operation's arrays.

    Args:
        operation: The operation that the module is.
        tensors: Parameters and running statistics by name.
        epsilon: What a normalisation adds to the variance.
    """

    operation: Operation
    tensors: Mapping[str, torch.Tensor]
    epsilon: float = 0.0

    def write(self, arrays: Weights) -> None:
        """Put the arrays of the operation into the module."""
        import torch

        with torch.no_grad():
            for name, tensor in self.tensors.items():
                array = arrays[name] - self.epsilon if name == "variance" else arrays[name]
                tensor.copy_(torch.from_numpy(array).reshape(tensor.shape))


Assignment = Sequence[ModuleTensors | None]
"""The module of each operation of a graph; None for those without weights."""


def read_weights(assignment: Assignment) -> list[Weights]:
    """The arrays of each operation, in double precision; a tensor that two share is one array."""
    known: dict[int, np.ndarray] = {}

    def read(module: ModuleTensors) -> Weights:
        shapes = weight_shapes(module.operation)
        arrays = {
            name: known.setdefault(id(tensor), _array(tensor, shapes[name]))
            for name, tensor in module.tensors.items()
        }
        if "variance" in arrays:
            arrays["variance"] = arrays["variance"] + module.epsilon
        elif module.epsilon:
            arrays["epsilon"] = np.array(module.epsilon)
        return arrays

    return [read(module) if module else {} for module in assignment]


def _array(tensor: torch.Tensor, shape: Shape) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().double().numpy().reshape(shape)
    return array


def write_weights(assignment: Assignment, weights: Sequence[Weights]) -> None:
    """Put the arrays of each operation into its module."""
    for module, arrays in zip(assignment, weights, strict=True):
        if module:
            module.write(arrays)


def assignments(
    model: torch.nn.Module, graph: OperationGraph, inputs: np.ndarray
) -> Iterator[Assignment]:
    """Ways in which a model's modules may be its graph's operations; none where none fits.

    Modules are taken in the order in which the model holds them, then in that in which it calls
    them. Every parameter must have its place, and all shapes must agree.

    Args:
        model: In evaluation mode.
        graph: Its operations.
        inputs: Of the model, to see what it calls.
    """
    held = [module for module in model.modules() if _owns_tensors(module)]
    fitting = _assignment(model, graph, held)
    if fitting is not None:
        yield fitting
    called = _called(model, inputs)
    if called != held and (fitting := _assignment(model, graph, called)) is not None:
        yield fitting


def _owns_tensors(module: torch.nn.Module) -> bool:
    return next(module.parameters(recurse=False), None) is not None


def _called(model: torch.nn.Module, inputs: np.ndarray) -> list[torch.nn.Module]:
    """Modules with parameters of their own in the order in which the model calls them."""
    import torch

    called: list[torch.nn.Module] = []

    def note(module: torch.nn.Module, *_: object) -> None:
        called.append(module)

    hooks = [m.register_forward_hook(note) for m in model.modules() if _owns_tensors(m)]
    try:
        with torch.no_grad():
            model(torch.from_numpy(inputs))
    finally:
        for hook in hooks:
            hook.remove()
    return called


def _assignment(
    model: torch.nn.Module, graph: OperationGraph, modules: Sequence[torch.nn.Module]
) -> Assignment | None:
    """Each module at the next operation that has weights; None unless all fit."""
    needs = [bool(weight_shapes(operation)) for operation in graph]
    if sum(needs) != len(modules):
        return None
    following = iter(modules)
    found = [
        _tensors(operation, next(following)) if need else None
        for operation, need in zip(graph, needs, strict=True)
    ]
    if any(need and each is None for need, each in zip(needs, found, strict=True)):
        return None
    placed = {id(tensor) for each in found if each for tensor in each.tensors.values()}
    return found if all(id(each) in placed for each in model.parameters()) else None


def _tensors(operation: Operation, module: torch.nn.Module) -> ModuleTensors | None:
    """A module's tensors as an operation's; None if it cannot be that operation."""
    if operation.kind not in _READERS:
        return None
    found = _READERS[operation.kind](module)
    if found is None:
        return None
    named, epsilon = found
    tensors = {name: tensor for name, tensor in named.items() if tensor is not None}
    shapes = weight_shapes(operation)
    if {*tensors} != {*shapes}:
        return None
    if any(_squeezed(tensors[name].shape) != _squeezed(shapes[name]) for name in shapes):
        return None
    return ModuleTensors(operation, tensors, epsilon)


def _squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape without axes of 1: a linear layer may be a window of one pixel."""
    return tuple(size for size in shape if size != 1)


_Found = tuple[Mapping[str, "torch.Tensor | None"], float] | None


def _matrix(module: torch.nn.Module) -> _Found:
    from torch import nn

    if not isinstance(module, nn.Conv2d | nn.Linear):
        return None
    return {"weight": module.weight, "bias": module.bias}, 0.0


def _batch_norm(module: torch.nn.Module) -> _Found:
    from torch import nn

    if not isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        return None
    own = {"weight": module.weight, "bias": module.bias}
    return {**own, "mean": module.running_mean, "variance": module.running_var}, module.eps


def _layer_norm(module: torch.nn.Module) -> _Found:
    from torch import nn

    if not isinstance(module, nn.LayerNorm):
        return None
    return {"weight": module.weight, "bias": module.bias}, module.eps


def _embedding(module: torch.nn.Module) -> _Found:
    from torch import nn

    return ({"weight": module.weight}, 0.0) if isinstance(module, nn.Embedding) else None


_READERS: dict[str, Callable[[torch.nn.Module], _Found]] = {
    "conv": _matrix,
    "linear": _matrix,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "embedding": _embedding,
}
