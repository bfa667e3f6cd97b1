"""A model of one operator, as a file could hold it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from onnx import TensorProto, helper

from hwnas.measure.backends import Model


def _one_operator(kind: str) -> Model:
    graph = helper.make_graph(
        [helper.make_node(kind, ["input"], ["output"])],
        "graph",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [2, 3, 3])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    values = np.random.default_rng(0).standard_normal((2, 3, 3)).astype(np.float32)
    return Model(f"{kind}.onnx", proto.SerializeToString(), {"input": values})


@pytest.fixture(scope="session")
def one_operator() -> Callable[[str], Model]:
    return _one_operator
