"""Models converted from their graphs, what is done where that fails, and what without torch."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from hwnas.core.architecture import Architecture
from hwnas.core.graph import OperationGraph
from hwnas.errors import ExportError, MissingExtraError
from hwnas.models.building import model_onnx
from hwnas.models.conversion import FROM_GRAPH, convert
from hwnas.models.graph_onnx import serialized
from hwnas.models.graph_weights import fresh_weights, random_inputs
from hwnas.models.module_weights import assignments, read_weights, write_weights
from hwnas.spaces import SPACES, graph_model, load_space
from hwnas.spaces.nasbench201 import NasBench201

torch = pytest.importorskip("torch", reason="torch is not installed")
safetensors_torch = pytest.importorskip("safetensors.torch")
nn = torch.nn

_OPTIONS = {"nasbench201": {"channels": 4, "cells": 1}, "mnasnet": {"resolution": 64}}
CELL = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|skip_connect~2|"


class _Small(NasBench201):
    """The space that the tests' own models differ from in one thing."""

    def __init__(self, dataset: str | None = None) -> None:
        super().__init__(dataset, channels=4, cells=1)

    options = {}  # noqa: RUF012 - it is made again without any


class _Backwards(nn.Module):
    """Holds last what it calls first."""

    def __init__(self, network: nn.Sequential) -> None:
        super().__init__()
        self.last, self.first = network[-1], network[:-1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.first(x))


class _HeldBackwards(_Small):
    def build(self, arch: Architecture) -> nn.Module:
        return _Backwards(super().build(arch))


class _Doubled(_Small):
    """Its torch model computes something that its graph does not list."""

    def build(self, arch: Architecture) -> nn.Module:
        network = super().build(arch)
        return nn.Sequential(network, nn.Hardtanh(-0.1, 0.1))


class _OneMore(_Small):
    """Its torch model has a parameter that its graph does not."""

    def build(self, arch: Architecture) -> nn.Module:
        return nn.Sequential(super().build(arch), nn.PReLU())


class _OwnKind(_Small):
    """Its graph has a kind of operation that nobody can write."""

    def graph(self, arch: Architecture) -> OperationGraph:
        return OperationGraph(
            tuple(
                replace(each, kind="soft_relu") if each.kind == "relu" else each
                for each in super().graph(arch)
            )
        )


def _trained(space: NasBench201, arch: Architecture, path: Path) -> Path:
    """A file of weights as after training: no bias is zero, no scale one."""
    generator = torch.Generator().manual_seed(1)
    state = space.build(arch).state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point():
            low = 0.5 if name.endswith("running_var") else -0.5
            tensor.uniform_(low, 1.0, generator=generator)
    safetensors_torch.save_file(state, path)
    return path


@pytest.mark.parametrize("name", list(SPACES))
def test_graphs_of_a_space_compute_what_its_torch_models_do(name: str) -> None:
    space = load_space(name, **_OPTIONS.get(name, {}))
    for arch in space.sample(3, np.random.default_rng(1)):
        found = convert(space, arch, None, seed=0)
        assert (found.exporter, found.exporter_note) == (FROM_GRAPH, None)
        assert found.max_abs_error <= 1e-5 * found.output_scale
        assert found.checked == f"torch {torch.__version__}"


@pytest.mark.parametrize("name", list(SPACES))
def test_weights_of_a_file_are_found_by_their_operations(name: str, tmp_path: Path) -> None:
    space = load_space(name, **_OPTIONS.get(name, {}))
    (arch,) = space.sample(1, np.random.default_rng(2))
    weights = _trained(space, arch, tmp_path / "trained.safetensors")
    found = convert(space, arch, weights, seed=0)
    assert found.exporter == FROM_GRAPH
    assert found.max_abs_error <= 1e-4 * found.output_scale


def test_modules_that_are_held_in_another_order_than_called_are_found() -> None:
    space = _HeldBackwards()
    found = convert(space, space.parse(CELL), None, seed=0)
    assert found.exporter == FROM_GRAPH


def test_epsilon_of_a_normalisation_is_its_modules(tmp_path: Path) -> None:
    class Coarse(_Small):
        def build(self, arch: Architecture) -> nn.Module:
            network = super().build(arch)
            for module in network.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eps = 0.5
            return network

    space = Coarse()
    arch = space.parse(CELL)
    weights = _trained(space, arch, tmp_path / "trained.safetensors")
    assert convert(space, arch, weights, seed=0).exporter == FROM_GRAPH


def test_what_is_written_into_a_model_is_read_back() -> None:
    graph = _Small().graph(_Small().parse(CELL))
    model = graph_model(graph).eval()
    (found,) = assignments(model, graph, random_inputs(graph, 1, 0))
    weights = fresh_weights(graph, seed=3)
    write_weights(found, weights)
    for written, read in zip(weights, read_weights(found), strict=True):
        assert written.keys() == read.keys()
        for name, array in written.items():
            np.testing.assert_allclose(read[name], array, rtol=1e-6, atol=1e-7)


def test_model_with_a_parameter_of_its_own_is_not_its_graphs() -> None:
    space = _OneMore()
    graph = space.graph(space.parse(CELL))
    model = space.build(space.parse(CELL)).eval()
    assert list(assignments(model, graph, random_inputs(graph, 1, 0))) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("space", "why"),
    [
        (_Doubled(), "its graph does not compute what its torch model does"),
        (_OneMore(), "its graph has other operations with weights than its torch model has"),
        (_OwnKind(), "'soft_relu' has none"),
    ],
)
def test_model_that_its_graph_does_not_tell_is_written_by_torch(
    space: _Small, why: str, tmp_path: Path
) -> None:
    pytest.importorskip("onnxscript")
    arch = space.parse(CELL)
    weights = _trained(space, arch, tmp_path / "trained.safetensors")
    found = convert(space, arch, weights, seed=0)
    assert found.exporter == f"torch {torch.__version__}"
    assert found.exporter_note is not None
    assert why in found.exporter_note
    assert found.max_abs_error <= 1e-4 * found.output_scale


def test_torch_without_its_exporter_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxscript")
    monkeypatch.delattr(torch.onnx, "export")
    space = _Doubled()
    with pytest.raises(ExportError, match=r"must export the model; its exporter cannot \(Attrib"):
        convert(space, space.parse(CELL), None, seed=0)


def test_torch_without_its_exporter_exports_what_graphs_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(torch.onnx, "export")
    space = _Small()
    assert convert(space, space.parse(CELL), None, seed=0).exporter == FROM_GRAPH


# --- without torch -------------------------------------------------------------------------------


def test_fresh_weights_are_the_same_with_and_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    space = _Small()
    arch = space.parse(CELL)
    compared = convert(space, arch, None, seed=4)
    monkeypatch.setitem(sys.modules, "torch", None)
    alone = convert(space, arch, None, seed=4)
    assert serialized(alone.proto) == serialized(compared.proto)
    assert (alone.exporter, alone.max_abs_error) == (FROM_GRAPH, None)
    assert alone.checked == "counts and finite outputs alone; torch is not installed"
    assert alone.output_scale > 0


def test_fresh_model_in_onnx_is_what_is_exported() -> None:
    space = _Small()
    arch = space.parse(CELL)
    model = onnx.load_model_from_string(model_onnx(space, arch, seed=4))
    exported = convert(space, arch, None, seed=4).proto
    assert model.graph == exported.graph


def test_kind_that_nobody_can_write_is_named_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    space = _OwnKind()
    with pytest.raises(ExportError, match=r"'soft_relu' has none\. Add one with hwnas\.models"):
        convert(space, space.parse(CELL), None, seed=0)


def test_weights_of_a_file_need_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    space = _Small()
    arch = space.parse(CELL)
    weights = _trained(space, arch, tmp_path / "trained.safetensors")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r'pip install "hwnas\[torch\]"'):
        convert(space, arch, weights, seed=0)
