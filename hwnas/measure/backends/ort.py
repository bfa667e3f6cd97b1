"""ONNX Runtime, on the CPU or through another execution provider that is present."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from hwnas.errors import ConfigError, MeasurementError
from hwnas.measure.backends import BACKENDS, Model
from hwnas.measure.clock import Clock
from hwnas.models.onnx_missing import missing_operators
from hwnas.models.sessions import CPU_PROVIDER, new_session, onnxruntime_library

_SUFFIX = "ExecutionProvider"


@BACKENDS.register("ort")
class OnnxRuntime:
    """ONNX Runtime in this process.

    Args:
        provider: Name of the execution provider, its ending left out: ``"CPU"``, ``"CUDA"``.

    Raises:
        ConfigError: There is no such provider here.
    """

    name: ClassVar[str] = "ort"
    is_remote: ClassVar[bool] = False
    is_compiled: ClassVar[bool] = False
    progress: ClassVar[tuple[str, ...]] = ()

    def __init__(self, provider: str = "CPU") -> None:
        known = {
            each.removesuffix(_SUFFIX): each
            for each in onnxruntime_library().get_available_providers()
        }
        by_word = {each.lower(): each for each in known}
        if provider.lower() not in by_word:
            raise ConfigError(
                f"--provider must be one that this ONNX Runtime has, {', '.join(sorted(known))}; "
                f"got '{provider}'."
            )
        self._provider = known[by_word[provider.lower()]]

    def why_not(self) -> str | None:
        """Always None: it is part of the core install."""
        return None

    def describe(self) -> dict[str, Any]:
        """Version, provider and session options."""
        return {
            "onnxruntime": onnxruntime_library().__version__,
            "provider": self._provider.removesuffix(_SUFFIX),
            "graph_optimization": "all",
            "execution_mode": "sequential",
            "inter_op_threads": 1,
        }

    def open(self, model: Model, threads: int) -> OrtRunner:
        """A session of the model, its inputs and outputs bound once."""
        library = onnxruntime_library()
        options = library.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # Threads that still wait in a loop after a run would take a core from the next model.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        providers = (
            [self._provider] if self._provider == CPU_PROVIDER else [self._provider, CPU_PROVIDER]
        )
        try:
            session = new_session(model.data, options, providers)
        except Exception as error:  # each of onnxruntime's is a class of its own
            raise _cannot_run(model, error) from error
        if session.get_providers()[0] != self._provider:
            raise MeasurementError(
                f"{model.name}: must run on {self._provider}; ONNX Runtime fell back to "
                f"{session.get_providers()[0]}. Check the driver, or choose another --provider."
            )
        return OrtRunner(model, session)


class OrtRunner:
    """A session with bound inputs and outputs.

    Args:
        model: The model.
        session: Its session.
    """

    def __init__(self, model: Model, session: Any) -> None:
        self._model, self._session = model, session
        self._binding = session.io_binding()
        for name, values in model.inputs.items():
            self._binding.bind_cpu_input(name, np.ascontiguousarray(values))
        for output in session.get_outputs():
            self._binding.bind_output(output.name)

    def outputs(self) -> list[np.ndarray]:
        """What the session makes of its inputs."""
        self._run()
        return [np.asarray(each) for each in self._binding.copy_outputs_to_cpu()]

    def run_ns(self, clock: Clock) -> int:
        """Run once by the given clock."""
        start = clock.now_ns()
        self._run()
        return clock.now_ns() - start

    def close(self) -> None:
        """Let the session go."""
        self._binding = self._session = None

    def _run(self) -> None:
        try:
            self._session.run_with_iobinding(self._binding)
        except Exception as error:  # each of onnxruntime's is a class of its own
            raise _cannot_run(self._model, error) from error


def _cannot_run(model: Model, error: Exception) -> MeasurementError:
    complaint = " ".join(str(error).split())
    missing = missing_operators(model.data, complaint)
    if missing:
        return MeasurementError(
            f"{model.name} must have operators that ONNX Runtime supports; it does not support "
            f"{', '.join(missing)}, or not in this precision. Export the model without them."
        )
    return MeasurementError(
        f"{model.name}: ONNX Runtime must run the model; it cannot ({complaint})."
    )
