from __future__ import annotations

import hashlib
import json
import sys

import numpy as np
import onnx
import onnxruntime
import pytest

from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.errors import ArtifactError, ConfigError, ExportError
from hwnas.models.export import Export, export_onnx
from hwnas.spaces import load_space

torch = pytest.importorskip("torch", reason="torch is not installed")
safetensors_torch = pytest.importorskip("safetensors.torch")

CELL = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|skip_connect~2|"


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return load_space("nasbench201", channels=4, cells=1)


@pytest.fixture(scope="module")
def arch(space: SearchSpace) -> Architecture:
    return space.parse(CELL)


@pytest.fixture(scope="module")
def trained(space, arch, tmp_path_factory):
    """A model whose batch normalisation does something, as after training, and its file."""
    generator = torch.Generator().manual_seed(1)
    model = space.build(arch).eval()
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            low = 0.5 if name.endswith("running_var") else -0.5
            tensor.uniform_(low, 1.0, generator=generator)
    path = tmp_path_factory.mktemp("weights") / "trained.safetensors"
    safetensors_torch.save_file(model.state_dict(), path)
    return model, path


@pytest.fixture(scope="module")
def exported(space, arch, trained, tmp_path_factory) -> Export:
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    details = {"limits": ["latency_ms <= 5"]}
    return export_onnx(space, arch, path, weights=trained[1], details=details)


@pytest.mark.parametrize("batch", [1, 5])
def test_exported_model_computes_what_the_torch_model_does(exported, trained, batch) -> None:
    images = np.random.default_rng(3).standard_normal((batch, 3, 32, 32)).astype(np.float32)
    session = onnxruntime.InferenceSession(exported.path, providers=["CPUExecutionProvider"])
    (actual,) = session.run(None, {exported.input_name: images})
    with torch.no_grad():
        expected = trained[0](torch.from_numpy(images)).numpy()
    assert expected.shape == (batch, 10)
    np.testing.assert_allclose(actual, expected, atol=1e-4 * np.abs(expected).max())


def test_exported_file_is_alone_valid_and_tells_its_origin(exported, trained) -> None:
    assert sorted(path.name for path in exported.path.parent.iterdir()) == [
        "model.onnx",
        "model.onnx.json",
    ]
    model = onnx.load(exported.path, load_external_data=False)
    onnx.checker.check_model(model, full_check=True)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    digest = hashlib.sha256(trained[1].read_bytes()).hexdigest()
    assert (properties["arch"], properties["space"]) == (CELL, "nasbench201")
    assert (properties["dataset"], properties["weights_are_fresh"]) == ("cifar10", "false")
    assert json.loads(properties["options"]) == {"channels": 4, "cells": 1}
    assert properties["weights_sha256"] == digest == exported.weights_sha256
    assert exported.opset == model.opset_import[0].version
    assert not exported.is_untrained


def test_exported_file_quotes_no_source_file(exported) -> None:
    assert b".py" not in exported.path.read_bytes()


def test_card_says_what_was_exported(exported) -> None:
    card = json.loads(exported.card.read_text())
    assert card["schema"] == 2
    assert (card["arch"], card["limits"]) == (CELL, ["latency_ms <= 5"])
    assert card["options"] == {"channels": 4, "cells": 1}
    assert card["model"]["file"] == "model.onnx"
    assert card["model"]["sha256"] == hashlib.sha256(exported.path.read_bytes()).hexdigest()
    assert card["model"]["weights"] == "trained.safetensors"
    assert card["model"]["input_shape"] == [3, 32, 32]
    assert card["model"]["exporter"] == "operation graph"
    assert card["model"]["checked"] == f"torch {torch.__version__}"
    assert card["model"]["max_abs_error"] == exported.max_abs_error


def test_fresh_weights_are_called_untrained_and_come_from_the_seed(
    space, arch, tmp_path, capfd
) -> None:
    before = torch.get_rng_state()
    one, same, other = (
        export_onnx(space, arch, tmp_path / name / "model.onnx", seed=seed)
        for name, seed in (("one", 0), ("same", 0), ("other", 1))
    )
    assert one.sha256 == same.sha256 != other.sha256
    assert one.weights == "fresh weights, seed 0: untrained"
    assert one.is_untrained
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")


def test_weights_that_overflow_are_refused_and_nothing_is_written(
    space, arch, trained, tmp_path
) -> None:
    # Finite weights, infinite outputs.
    tensors = {
        name: tensor.clamp(min=0).mul(1e12) if tensor.is_floating_point() else tensor
        for name, tensor in trained[0].state_dict().items()
    }
    weights = tmp_path / "huge.safetensors"
    safetensors_torch.save_file(tensors, weights)
    with pytest.raises(ExportError, match="outputs of the torch model must be finite"):
        export_onnx(space, arch, tmp_path / "model.onnx", weights=weights)
    assert [path.name for path in tmp_path.iterdir()] == ["huge.safetensors"]


def test_weights_of_another_architecture_are_refused(space, trained, tmp_path) -> None:
    other = space.parse(CELL.replace("nor_conv_1x1", "none"))
    with pytest.raises(ArtifactError, match="must hold the weights of this architecture's model"):
        export_onnx(space, other, tmp_path / "model.onnx", weights=trained[1])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["model.json", "model", "model.ONNX", ".onnx", ""])
def test_exported_file_must_end_in_onnx(space, arch, tmp_path, name) -> None:
    with pytest.raises(ConfigError, match=r"must end in \.onnx; got "):
        export_onnx(space, arch, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_exported_file_is_no_folder_and_lies_in_none_that_is_a_file(space, arch, tmp_path) -> None:
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(ConfigError, match=r"is a folder\. Name a file in it"):
        export_onnx(space, arch, tmp_path / "folder.onnx", overwrite=True)
    (tmp_path / "notes").touch()
    with pytest.raises(ConfigError, match=r"must lie in a folder; '.*notes' is a file"):
        export_onnx(space, arch, tmp_path / "notes" / "deep" / "model.onnx", overwrite=True)


def test_earlier_export_is_replaced_only_where_that_is_asked(space, arch, tmp_path) -> None:
    path = tmp_path / "model.onnx"
    first = export_onnx(space, arch, path)
    with pytest.raises(ConfigError, match=r"model\.onnx' exists already.* pass overwrite=True"):
        export_onnx(space, arch, path, seed=1)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == first.sha256
    second = export_onnx(space, arch, path, seed=1, overwrite=True)
    assert json.loads(second.card.read_text())["model"]["sha256"] == second.sha256 != first.sha256
    path.unlink()
    with pytest.raises(ConfigError, match=r"model\.onnx\.json' exists already"):
        export_onnx(space, arch, path)


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON", '{"model": {"file": "x"}}', "[" * 99_999])
def test_file_in_the_cards_place_that_is_no_card_is_never_replaced(
    space, arch, tmp_path, text
) -> None:
    (tmp_path / "model.onnx.json").write_text(text)
    with pytest.raises(ConfigError, match="holds something else and is never replaced"):
        export_onnx(space, arch, tmp_path / "model.onnx", overwrite=True)
    assert (tmp_path / "model.onnx.json").read_text() == text
    assert not (tmp_path / "model.onnx").exists()


def test_card_says_what_was_not_checked_without_torch(
    space, arch, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    export_onnx(space, arch, tmp_path / "model.onnx")
    told = json.loads((tmp_path / "model.onnx.json").read_text())["model"]
    assert told["max_abs_error"] is None
    assert told["checked"] == "counts and finite outputs alone; torch is not installed"
    assert told["exporter_note"] is None
