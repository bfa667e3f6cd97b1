"""Inference sessions of ONNX models on one thread, so that two runs give the same bits."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

CPU_PROVIDER = "CPUExecutionProvider"
"""What onnxruntime calls itself where it runs on the CPU."""


def onnxruntime_library() -> Any:
    """The module ``onnxruntime``, imported so that it keeps to itself."""
    # From 1.32 on it would write to the user's home and report to its maker as it is imported.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def new_session(data: bytes, options: Any, providers: Sequence[str] = (CPU_PROVIDER,)) -> Any:
    """An onnxruntime session with options, which does what it is told and prints nothing.

    Args:
        data: The model.
        options: What onnxruntime calls session options.
        providers: Names of execution providers, the first one first.
    """
    # It would print and try another provider when one fails, and follow options in the file.
    return onnxruntime_library().InferenceSession(
        data, options, providers=list(providers), enable_fallback=0, read_config_from_model=0
    )


def open_session(data: bytes) -> Any:
    """An onnxruntime session on one thread, so that two runs give the same bits."""
    options = onnxruntime_library().SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return new_session(data, options)


def run_session(session: Any, features: np.ndarray) -> np.ndarray:
    """Predictions of shape ``(n_archs,)``, float64."""
    outputs = session.run(
        None, {session.get_inputs()[0].name: features.astype(np.float32, copy=False)}
    )
    return np.asarray(outputs[0], dtype=np.float64).reshape(len(features))


def run_onnx(data: bytes, features: np.ndarray) -> np.ndarray:
    """Predictions of a serialised model, shape ``(n_archs,)``."""
    return run_session(open_session(data), features)
