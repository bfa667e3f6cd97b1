"""The contract of measuring backends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from hwnas.core.graph import GraphBuilder
from hwnas.errors import HwnasError
from hwnas.measure.backends import Backend, Model, Runner, largest_difference
from hwnas.measure.clock import SystemClock
from hwnas.models.graph_onnx import graph_to_onnx, serialized
from hwnas.models.graph_weights import fresh_weights, random_inputs
from hwnas.models.sessions import open_session
from hwnas.testing._require import require

# Largest difference from ONNX Runtime, relative to the largest output.
_TOLERANCE = 1e-4

_BATCH = 2


def check_backend(backend: Backend) -> None:
    """Assert that a backend measures what it is given, or says why it cannot.

    It checks that

    - its docstring begins with one line for users, and ``why_not`` is None or one line;
    - ``describe`` is what JSON can hold;
    - a small network puts out what ONNX Runtime makes of it, before and after it was timed and
      beside another one;
    - every run takes some time, a whole number of nanoseconds;
    - what is no ONNX model, and operators that nobody has, are refused with one line;
    - a runner can be closed twice.

    One that cannot run here is checked for the reason alone, and that opening a model says so.

    Args:
        backend: The backend, made with the options that it is to be checked with.

    Raises:
        AssertionError: A sentence on what must hold and what was found instead.
    """
    _check_words(backend)
    model = _network(seed=0)
    if backend.why_not() is not None:
        _require_refused(backend, partial(backend.open, model, 1), "to open a model nevertheless")
        return
    described = backend.describe()
    require(
        isinstance(described, dict) and _through_json(described) == described,
        f"Backend {backend.name}: describe() must be a dict that JSON can hold; got {described!r}.",
    )
    _check_runs(backend, model)
    for data, what in (
        (b"no model", "what is no ONNX model"),
        (_unsupported(model.data), "an operator that nobody has"),
    ):
        _require_refused(backend, partial(_run, backend, replace(model, data=data)), what)


def _check_words(backend: Backend) -> None:
    first = (type(backend).__doc__ or "").strip().split("\n")[0]
    require(
        bool(first),
        f"Backend {backend.name}: its class must have a docstring that begins with one line for "
        "users; it has none.",
    )
    reason = backend.why_not()
    require(
        reason is None or (bool(reason.strip()) and "\n" not in reason),
        f"Backend {backend.name}: why_not() must be None or one line; got {reason!r}.",
    )


def _check_runs(backend: Backend, model: Model) -> None:
    other = _network(seed=1)
    runner, neighbour = backend.open(model, 1), backend.open(other, 1)
    try:
        _check_outputs(backend, model, runner)
        clock = SystemClock()
        for took_ns in (runner.run_ns(clock), neighbour.run_ns(clock), runner.run_ns(clock)):
            require(
                isinstance(took_ns, int) and took_ns > 0,
                f"Backend {backend.name}: run_ns() must be a positive whole number; got "
                f"{took_ns!r}.",
            )
        _check_outputs(backend, other, neighbour)
        neighbour.close()
        _check_outputs(backend, model, runner)
    finally:
        runner.close()
    for each in (runner, neighbour):
        _close_again(backend, each)


def _close_again(backend: Backend, runner: Runner) -> None:
    try:
        runner.close()
    except Exception as error:
        raise AssertionError(
            f"Backend {backend.name}: a runner must be closed twice without harm; it raised "
            f"{error!r}."
        ) from error


def _check_outputs(backend: Backend, model: Model, runner: Runner) -> None:
    expected = open_session(model.data).run(None, dict(model.inputs))
    difference, scale = largest_difference(expected, runner.outputs())
    require(
        # Written so that NaN fails.
        difference <= _TOLERANCE * scale,
        f"Backend {backend.name}: outputs must be within {_TOLERANCE:g} of the largest of ONNX "
        f"Runtime's, {scale:g}; they differ by {difference:g}.",
    )


def _network(seed: int) -> Model:
    """A small classifier with convolutions, a sum, pooling and a linear layer."""
    builder = GraphBuilder((3, 8, 8))
    first = builder.same("relu", builder.same("batch_norm", builder.conv(-1, 8, 3)))
    second = builder.add(first, builder.conv(first, 8, 3, groups=8))
    builder.linear(builder.global_avg_pool(builder.avg_pool(second, 3, 2)), 5)
    graph = builder.build()
    proto = graph_to_onnx(graph, fresh_weights(graph, seed), _BATCH)
    inputs = {proto.graph.input[0].name: random_inputs(graph, _BATCH, seed)}
    return Model("a small network", serialized(proto), inputs)


def _unsupported(data: bytes) -> bytes:
    """A model whose last operator is one that does not exist."""
    import onnx

    proto = onnx.load_model_from_string(data)
    proto.graph.node[-1].op_type = "NoSuchOperator"
    return serialized(proto)


def _run(backend: Backend, model: Model) -> list[np.ndarray]:
    runner = backend.open(model, 1)
    try:
        return runner.outputs()
    finally:
        runner.close()


def _through_json(described: object) -> object:
    try:
        return json.loads(json.dumps(described, allow_nan=False))
    except (TypeError, ValueError):
        return None


def _require_refused(backend: Backend, attempt: Callable[[], object], what: str) -> None:
    try:
        attempt()
    except HwnasError as error:
        require(
            "\n" not in str(error),
            f"Backend {backend.name}: the error for {what} must be one line; got: {error}",
        )
        return
    except Exception as error:
        raise AssertionError(
            f"Backend {backend.name}: {what} must be refused with an HwnasError; it raised "
            f"{error!r}."
        ) from error
    raise AssertionError(f"Backend {backend.name}: {what} must be refused; it was accepted.")
