from __future__ import annotations

import contextlib
import hashlib
import json
import pickle
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hwnas.errors import ArtifactError
from hwnas.models.weights import load_weights

torch = pytest.importorskip("torch", reason="torch is not installed")
safetensors_torch = pytest.importorskip("safetensors.torch")


def small_model():
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))


def saved(path: Path, tensors) -> Path:
    safetensors_torch.save_file(tensors, path)
    return path


def test_weights_of_the_model_are_loaded_and_their_hash_is_told(tmp_path) -> None:
    trained, model = small_model(), small_model()
    path = saved(tmp_path / "trained.safetensors", trained.state_dict())
    assert load_weights(model, path) == hashlib.sha256(path.read_bytes()).hexdigest()
    for name, tensor in trained.state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor)


def test_half_precision_weights_fit_a_single_precision_model(tmp_path) -> None:
    trained, model = small_model().half(), small_model()
    load_weights(model, saved(tmp_path / "half.safetensors", trained.state_dict()))
    assert torch.equal(model[0].weight, trained[0].weight.float())


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.bfloat16])
def test_unknown_numbers_are_refused_in_every_floating_type(dtype, tmp_path) -> None:
    tensors = small_model().state_dict()
    tensors["0.bias"] = torch.full((3,), torch.nan).to(dtype)
    with pytest.raises(ArtifactError, match=r"'0\.bias' must be finite"):
        load_weights(small_model(), saved(tmp_path / "low.safetensors", tensors))


def test_missing_file_is_refused(tmp_path) -> None:
    with pytest.raises(ArtifactError, match=r"cannot be read \(No such file or directory\)"):
        load_weights(small_model(), tmp_path / "nowhere.safetensors")


def test_folder_is_refused(tmp_path) -> None:
    with pytest.raises(ArtifactError, match=r"cannot be read \(it is a folder\)"):
        load_weights(small_model(), tmp_path)


def without_bias(tensors):
    del tensors["0.bias"]


def with_extra(tensors):
    tensors["2.weight"] = torch.zeros(1)


def reshaped(tensors):
    tensors["0.weight"] = torch.zeros(3, 4)


def not_finite(tensors):
    tensors["0.weight"][1, 1] = torch.nan


def integers(tensors):
    tensors["0.bias"] = torch.zeros(3, dtype=torch.int64)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without_bias, r"1 of 7 tensors are missing, such as '0\.bias'"),
        (with_extra, r"1 tensors have no place in it, such as '2\.weight'"),
        (reshaped, r"'0\.weight' must have shape \(3, 2\); got \(3, 4\)"),
        (not_finite, r"'0\.weight' must be finite; got infinity or NaN"),
        (integers, r"'0\.bias' must have type torch\.float32; got torch\.int64"),
    ],
)
def test_weights_of_another_model_are_refused_and_change_nothing(damage, message, tmp_path) -> None:
    tensors = small_model().state_dict()
    damage(tensors)
    path = saved(tmp_path / "other.safetensors", tensors)
    model = small_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ArtifactError, match=message):
        load_weights(model, path)
    assert all(torch.equal(model.state_dict()[name], before[name]) for name in before)


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_pickle_is_refused_and_never_run(tmp_path) -> None:
    sprung = tmp_path / "sprung"
    for write in (pickle.dump, torch.save):
        path = tmp_path / "model.safetensors"
        with path.open("wb") as file:
            write(Trap(sprung), file)
        with pytest.raises(ArtifactError, match=r"must be a whole safetensors file"):
            load_weights(small_model(), path)
    assert not sprung.exists()


def file_of(header: object, body: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"1234567",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        file_of({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}),
        file_of({"x": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}, bytes(8)),
        file_of({"x": {"dtype": "F32", "shape": [2**60], "data_offsets": [0, 8]}}, bytes(8)),
        file_of({"x": {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
        file_of({"x": {"dtype": "F4", "shape": [4], "data_offsets": [0, 2]}}, bytes(2)),
        file_of({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 8]}}, bytes(8)),
    ],
)
def test_hostile_header_is_refused_in_one_line(data: bytes, tmp_path) -> None:
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match=r"^hostile\.safetensors must be a whole") as caught:
        load_weights(small_model(), path)
    assert "\n" not in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_file_loads_or_is_refused(tmp_path, data) -> None:
    whole = safetensors_torch.save(small_model().state_dict())
    start = data.draw(st.integers(0, len(whole) - 1))
    patch = data.draw(st.binary(max_size=8))
    end = data.draw(st.integers(start, min(len(whole), start + 8)))
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(whole[:start] + patch + whole[end:])
    model = small_model()
    with contextlib.suppress(ArtifactError):
        load_weights(model, path)
    assert all(tensor.isfinite().all() for tensor in model.state_dict().values())
