"""Inference sessions of ONNX models on one thread, so that two runs give the same bits."""

from __future__ import annotations

import os
from typing import Any

import numpy as np


def onnxruntime_library() -> Any:
    """The module ``onnxruntime``, imported so that it keeps to itself."""
    # From 1.32 on it would write to the user's home and report to its maker as it is imported.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def open_session(data: bytes) -> Any:
    """An onnxruntime session on one thread, so that two runs give the same bits."""
    onnxruntime = onnxruntime_library()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def run_session(session: Any, features: np.ndarray) -> np.ndarray:
    """Predictions of shape ``(n_archs,)``, float64."""
    outputs = session.run(
        None, {session.get_inputs()[0].name: features.astype(np.float32, copy=False)}
    )
    return np.asarray(outputs[0], dtype=np.float64).reshape(len(features))


def run_onnx(data: bytes, features: np.ndarray) -> np.ndarray:
    """Predictions of a serialised model, shape ``(n_archs,)``."""
    return run_session(open_session(data), features)
