"""TVM in this process against ONNX Runtime; what cannot run is said in one line."""

from __future__ import annotations

import numpy as np
import pytest

import hwnas
from hwnas.measure.backends import Model, largest_difference, load_backend
from hwnas.measure.clock import SystemClock
from hwnas.models.building import model_onnx

pytest.importorskip("tvm", reason="apache-tvm is not installed")

POOLS = "|avg_pool_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|"


@pytest.fixture(scope="module")
def net() -> Model:
    space = hwnas.load_space("nasbench201")
    values = np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32)
    return Model(POOLS, model_onnx(space, space.parse(POOLS), 0, batch=1), {"input": values})


def test_outputs_are_those_of_onnx_runtime(net: Model) -> None:
    expected = load_backend("ort").open(net, 1).outputs()
    runner = load_backend("tvm").open(net, 1)
    difference, scale = largest_difference(expected, runner.outputs())
    assert difference < 1e-5 * scale
    assert runner.run_ns(SystemClock()) > 0
    runner.close()
