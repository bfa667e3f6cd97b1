"""TVM in this process against ONNX Runtime; what cannot run is said in one line."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.errors import ConfigError, MeasurementError
from hwnas.measure.backends import Model, largest_difference, load_backend
from hwnas.measure.clock import SystemClock
from hwnas.models.building import model_onnx

pytest.importorskip("tvm", reason="apache-tvm is not installed")

OneOperator = Callable[[str], Model]
POOLS = "|avg_pool_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|"
MORE_POOLS = "|avg_pool_3x3~0|+|none~0|avg_pool_3x3~1|+|none~0|none~1|skip_connect~2|"


def _net(text: str, space_name: str = "nasbench201") -> Model:
    space = hwnas.load_space(space_name)
    arch = space.parse(text) if text else space.sample(1, np.random.default_rng(0))[0]
    shape = (1, *(space.graph(arch).in_shape or ()))
    values = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    return Model(str(arch), model_onnx(space, arch, 0, batch=1), {"input": values})


def _agrees(model: Model, **options: object) -> None:
    expected = load_backend("ort").open(model, 1).outputs()
    runner = load_backend("tvm", **options).open(model, 1)
    difference, scale = largest_difference(expected, runner.outputs())
    assert scale > 0
    assert difference < 1e-5 * scale
    assert runner.run_ns(SystemClock()) > 0
    runner.close()


def test_outputs_are_those_of_onnx_runtime(one_operator: OneOperator) -> None:
    _agrees(one_operator("Relu"))


@pytest.mark.long
@pytest.mark.parametrize(("text", "space"), [(POOLS, "nasbench201"), ("", "mnasnet")])
def test_outputs_of_a_network_are_those_of_onnx_runtime(text: str, space: str) -> None:
    _agrees(_net(text, space))


def test_an_operator_that_is_not_supported_is_named(one_operator: OneOperator) -> None:
    with pytest.raises(MeasurementError, match=r"Det.onnx: TVM must compile .* Det"):
        load_backend("tvm").open(one_operator("Det"), 1)


def test_what_is_no_model_is_refused_in_one_line() -> None:
    model = Model("bad.onnx", b"abc", {})
    with pytest.raises(MeasurementError, match=r"^bad.onnx: TVM must compile [^\n]*$"):
        load_backend("tvm").open(model, 1)


def test_the_target_is_this_host_s_cpu_and_is_described(one_operator: OneOperator) -> None:
    backend = load_backend("tvm")
    backend.open(one_operator("Relu"), 1)
    said = backend.describe()
    assert said["apache-tvm"] == importlib.metadata.version("apache-tvm")
    assert '"mcpu"' in said["target"]
    assert '"num-cores":1' in said["target"]
    assert (said["tuning_trials"], said["kernels"], said["tuned_kernels"]) == (0, 1, 0)


@pytest.mark.parametrize("target", ["cuda", "llvm -mcpu", "llvm mcpu=x", '{"kind": ', "[]", " "])
def test_a_target_that_is_no_cpu_s_is_refused(target: str) -> None:
    with pytest.raises(ConfigError, match="target= must be a CPU's target of TVM"):
        load_backend("tvm", target=target)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("llvm -mcpu=nonsense", "a CPU that LLVM knows as mcpu, .*; got 'nonsense'"),
        ("llvm -mtriple=nonsense-linux", "an mtriple of a machine .*; got 'nonsense-linux'"),
        ('{"kind": "llvm", "nonsense": 1}', "one that this TVM knows"),
    ],
)
def test_a_target_that_tvm_does_not_know_is_refused(
    target: str, said: str, one_operator: OneOperator
) -> None:
    with pytest.raises(ConfigError, match=f"target= must (be|have|name) {said}"):
        load_backend("tvm", target=target).open(one_operator("Relu"), 1)


def test_negative_trials_are_refused() -> None:
    with pytest.raises(ConfigError, match="tuning_trials= must be 0 or more; got -1"):
        load_backend("tvm", tuning_trials=-1)


def test_a_version_that_crashes_when_tuning_starts_is_refused_for_tuning(
    monkeypatch: pytest.MonkeyPatch, one_operator: OneOperator
) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "0.1.15.post2")
    assert load_backend("tvm").why_not() is None
    assert "crashes when tuning starts" in (load_backend("tvm", tuning_trials=4).why_not() or "")
    with pytest.raises(ConfigError, match=r"tuning_trials=4: apache-tvm-ffi 0.* crashes"):
        load_backend("tvm", tuning_trials=4).open(one_operator("Relu"), 1)


@pytest.mark.long
def test_kernels_are_tuned_once_for_all_models(tmp_path: Path) -> None:
    options = {"tuning_trials": 2, "database": tmp_path}
    first, second = _net(POOLS), _net(MORE_POOLS)
    n_first = load_backend("tvm", **options).prepare([first], 1)
    assert n_first > 0
    # Another process would find what is in the folder.
    backend = load_backend("tvm", **options)
    assert backend.prepare([first], 1) == 0
    assert backend.prepare([second], 1) < n_first
    _agrees(second, **options)
    backend.open(second, 1)
    said = backend.describe()
    assert (said["tuning_database"], said["tuning_trials"]) == (tmp_path.name, 2)
    assert 0 < said["tuned_kernels"] <= said["kernels"]


@pytest.mark.long
def test_a_database_of_another_target_or_number_of_trials_is_refused(
    tmp_path: Path, one_operator: OneOperator
) -> None:
    model = one_operator("Relu")
    load_backend("tvm", tuning_trials=2, database=tmp_path).prepare([model], 1)
    with pytest.raises(ConfigError, match=r"with 3 trials a kernel; it is for .* with 2"):
        load_backend("tvm", tuning_trials=3, database=tmp_path).open(model, 1)
    with pytest.raises(ConfigError, match=r'"num-cores": 2.* it is for .*"num-cores": 1'):
        load_backend("tvm", tuning_trials=2, database=tmp_path).open(model, 2)


def test_a_folder_without_a_database_is_refused_when_nothing_is_to_be_tuned(
    tmp_path: Path, one_operator: OneOperator
) -> None:
    with pytest.raises(ConfigError, match="must hold a tuning database; it does not"):
        load_backend("tvm", database=tmp_path).open(one_operator("Relu"), 1)
    assert list(tmp_path.iterdir()) == []
