"""The contract of search spaces where it is about one network: its graph and its model."""

from __future__ import annotations

from hwnas.core.architecture import Architecture
from hwnas.core.graph import OperationGraph
from hwnas.core.operation import KINDS, shape_error
from hwnas.core.space import SearchSpace
from hwnas.testing._require import require


def check_graph(space: SearchSpace, arch: Architecture) -> None:
    """Assert that a graph lists operators after what they read, with shapes that fit."""
    graph = space.graph(arch)
    where = f"{space.name}: the graph of {arch}"
    require(len(graph) > 0, f"{where} must have operators; it has none.")
    in_shape = _network_input(graph, where)
    for position, operation in enumerate(graph):
        what = f"{where}: operator {position} ({operation.kind})"
        require(operation.kind in KINDS, f"{what} must be one of {', '.join(KINDS)}.")
        require(
            bool(operation.inputs) and all(-1 <= i < position for i in operation.inputs),
            f"{what} must read operators before it; it reads {operation.inputs}.",
        )
        shapes = [in_shape if i < 0 else graph.operations[i].out_shape for i in operation.inputs]
        require(
            shapes[0] == operation.in_shape,
            f"{what} must have the in_shape of what it reads, {shapes[0]}; "
            f"got {operation.in_shape}.",
        )
        problem = shape_error(operation, shapes)
        require(not problem, f"{what} {problem}.")
    require(
        in_shape == tuple(space.input_shape),
        f"{where} must read the space's input_shape {space.input_shape}; it reads {in_shape}.",
    )
    out_shape = graph.operations[-1].out_shape
    require(
        out_shape[-1] == space.n_outputs,
        f"{where} must put out the space's n_outputs, {space.n_outputs}; got shape {out_shape}.",
    )


def _network_input(graph: OperationGraph, where: str) -> tuple[int, ...]:
    shapes = {operation.in_shape for operation in graph if -1 in operation.inputs}
    require(
        len(shapes) == 1,
        f"{where} must read the network's input (-1) in one shape; got {sorted(shapes)}.",
    )
    return shapes.pop()


def check_model(space: SearchSpace, arch: Architecture) -> None:
    """Assert that a model has the output and the parameters of its graph; needs torch."""
    import torch

    graph = space.graph(arch)
    model = space.build(arch).eval()
    n_images = 2
    images = torch.zeros(n_images, *space.input_shape)
    with torch.no_grad():
        out_shape = tuple(model(images).shape)
    expected = (n_images, *graph.operations[-1].out_shape)
    require(
        out_shape == expected,
        f"{space.name}: the model of {arch} must put out shape {expected}; got {out_shape}.",
    )
    n_params = sum(p.numel() for p in model.parameters() if p.requires_grad)
    require(
        n_params == graph.params,
        f"{space.name}: the model of {arch} must have the graph's {graph.params} parameters; "
        f"it has {n_params}.",
    )
