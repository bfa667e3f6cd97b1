"""Torch's eager model computes what the ONNX model of the same architecture does."""

from __future__ import annotations

import numpy as np
import pytest

import hwnas
from hwnas.errors import MeasurementError
from hwnas.measure.backends import Model, largest_difference, load_backend
from hwnas.measure.clock import SystemClock
from hwnas.models.building import model_onnx
from hwnas.models.conversion import torch_model

pytest.importorskip("torch", reason="torch is not installed")

ARCHS = {
    "nasbench201": "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|"
    "+|skip_connect~0|none~1|nor_conv_1x1~2|",
    "mnasnet": None,
}


def _model(name: str, seed: int = 0) -> Model:
    space = hwnas.load_space(name)
    text = ARCHS[name]
    arch = space.parse(text) if text else space.sample(1, np.random.default_rng(0))[0]
    shape = (1, *space.graph(arch).in_shape)
    values = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    data = model_onnx(space, arch, seed, batch=1)
    return Model(str(arch), data, {"input": values}, lambda: torch_model(space, arch, seed))


@pytest.mark.parametrize("name", ARCHS)
def test_outputs_are_those_of_onnx_runtime(name: str) -> None:
    model = _model(name)
    expected = load_backend("ort").open(model, 1).outputs()
    runner = load_backend("torch").open(model, 1)
    difference, scale = largest_difference(expected, runner.outputs())
    assert scale > 0
    assert difference < 1e-5 * scale
    assert runner.run_ns(SystemClock()) > 0
    runner.close()


def test_a_file_has_no_torch_model() -> None:
    model = _model("nasbench201")
    file = Model("model.onnx", model.data, model.inputs)
    with pytest.raises(MeasurementError, match=r"model.onnx: backend 'torch' runs architectures"):
        load_backend("torch").open(file, 1)


def test_it_says_its_version() -> None:
    backend = load_backend("torch")
    assert backend.why_not() is None
    assert backend.describe()["mode"] == "eager, inference mode"
