"""Torch's own model, run eagerly: a reference to compare compiled models with."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from typing import Any, ClassVar

import numpy as np

from hwnas.errors import MeasurementError, MissingExtraError
from hwnas.measure.backends import BACKENDS, Model
from hwnas.measure.clock import Clock


@BACKENDS.register("torch")
class Torch:
    """Torch on the CPU, eager; for reference, architectures of a space only."""

    name: ClassVar[str] = "torch"
    is_remote: ClassVar[bool] = False
    is_compiled: ClassVar[bool] = False
    progress: ClassVar[tuple[str, ...]] = ()

    def why_not(self) -> str | None:
        """Why it cannot run here: torch is not installed."""
        if importlib.util.find_spec("torch") is None:
            return 'torch is not installed. Install it with: pip install "hwnas[torch]".'
        return None

    def describe(self) -> dict[str, Any]:
        """Version and mode."""
        return {"torch": importlib.metadata.version("torch"), "mode": "eager, inference mode"}

    def open(self, model: Model, threads: int) -> TorchRunner:
        """The architecture's torch model with the weights of its ONNX model."""
        if self.why_not() is not None:
            raise MissingExtraError(f"Backend '{self.name}'", "torch", "torch")
        if model.torch_model is None:
            raise MeasurementError(
                f"{model.name}: backend 'torch' runs architectures of a space, which have a torch "
                "model; this is an ONNX file. Measure it with another --backend."
            )
        return TorchRunner(model, model.torch_model(), threads)


class TorchRunner:
    """A torch model in evaluation mode and its inputs.

    Args:
        model: The model.
        module: Its torch module.
        threads: How many threads its operators may use.
    """

    def __init__(self, model: Model, module: Any, threads: int) -> None:
        import torch

        self._model, self._threads = model, threads
        self._module: Any = module.eval()
        self._inputs = [
            torch.from_numpy(np.ascontiguousarray(values)) for values in model.inputs.values()
        ]

    def outputs(self) -> list[np.ndarray]:
        """What the module makes of its inputs."""
        result = self._run()
        return [each.numpy() for each in (result if isinstance(result, tuple) else (result,))]

    def run_ns(self, clock: Clock) -> int:
        """Run once by the given clock."""
        self._use_threads()
        start = clock.now_ns()
        self._run()
        return clock.now_ns() - start

    def close(self) -> None:
        """Let the module go."""
        self._module = None

    def _use_threads(self) -> None:
        import torch

        # One setting for the whole process.
        if torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)

    def _run(self) -> Any:
        import torch

        try:
            with torch.inference_mode():
                return self._module(*self._inputs)
        except RuntimeError as error:
            raise MeasurementError(
                f"{self._model.name}: torch must run the model; it cannot "
                f"({' '.join(str(error).split())})."
            ) from error
