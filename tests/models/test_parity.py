"""Checks of ONNX models: what passes, what does not, and what is said of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hwnas.errors import ExportError
from hwnas.models.building import model_onnx
from hwnas.models.graph_onnx import graph_to_onnx, serialized
from hwnas.models.graph_weights import fresh_weights, random_inputs
from hwnas.models.parity import Parity, check_alone, compare
from hwnas.models.sessions import open_session
from hwnas.spaces import load_space

SPACE = load_space("nasbench201", channels=4, cells=1)
ARCH = SPACE.parse("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|")
OTHER = SPACE.parse("|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|")
GRAPH = SPACE.graph(ARCH)


@pytest.mark.parametrize(
    ("error", "scale", "holds"),
    [(1e-4, 1.0, True), (1.1e-4, 1.0, False), (0.0, 0.0, True), (math.nan, 1.0, False)],
)
def test_tolerance_is_a_share_of_the_largest_output(
    error: float, scale: float, holds: bool
) -> None:
    assert Parity(error, scale).holds == holds


def test_error_is_the_largest_difference() -> None:
    data, images = model_onnx(SPACE, ARCH), random_inputs(GRAPH, 2, 0)
    (outputs,) = open_session(data).run(None, {"input": images})
    expected = outputs + np.float32(0.25) * (outputs == outputs.max())
    found = compare(data, images, expected)
    assert found.max_abs_error == pytest.approx(0.25, rel=1e-5)
    assert found.output_scale == np.abs(expected).max()


def test_outputs_of_another_shape_do_not_agree() -> None:
    data, images = model_onnx(SPACE, ARCH), random_inputs(GRAPH, 2, 0)
    assert not compare(data, images, np.ones((2, 3), dtype=np.float32)).holds


def test_model_that_cannot_run_is_refused() -> None:
    with pytest.raises(ExportError, match=r"onnxruntime must run the ONNX model; it cannot \("):
        compare(b"no model", random_inputs(GRAPH, 2, 0), np.ones((2, 10)))


def test_model_alone_is_checked_by_its_graph() -> None:
    assert check_alone(model_onnx(SPACE, ARCH), GRAPH, 0) > 0


def test_model_of_other_counts_is_refused() -> None:
    with pytest.raises(ExportError, match=r"must have the graph's \d+ parameters and \d+ multiply"):
        check_alone(model_onnx(SPACE, OTHER), GRAPH, 0)


def test_model_of_another_output_is_refused() -> None:
    graph = load_space("nasbench201", dataset="cifar100", channels=4, cells=1).graph(ARCH)
    with pytest.raises(ExportError, match=r"must put out shape \(3, 100\); got \(3, 10\)"):
        check_alone(model_onnx(SPACE, ARCH), graph, 0)


def test_model_whose_outputs_are_not_finite_is_refused() -> None:
    weights = [{name: 1e30 * np.abs(a) for name, a in w.items()} for w in fresh_weights(GRAPH)]
    with pytest.raises(ExportError, match="of the ONNX model must be finite; some are not"):
        check_alone(serialized(graph_to_onnx(GRAPH, weights)), GRAPH, 0)
