"""Backends: ways to run an ONNX model on a device; a file that registers one is found by itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from hwnas.core import arguments
from hwnas.core.arguments import checked
from hwnas.errors import ConfigError
from hwnas.measure.clock import Clock
from hwnas.registry import Registry

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What a backend runs.

    Args:
        name: What to call it in messages: an architecture's string or a file's name.
        data: A self-contained ONNX model with fixed shapes.
        inputs: What it reads, by the names of its inputs; the first axis of each is the batch.
        torch_model: Makes the torch module that computes the same, where there is one.
    """

    name: str
    data: bytes
    inputs: Mapping[str, np.ndarray]
    torch_model: Callable[[], torch.nn.Module] | None = None


class Runner(Protocol):
    """A model that is loaded and ready, again and again on the same inputs."""

    def outputs(self) -> list[np.ndarray]:
        """What the model makes of its inputs, in the order of the ONNX model's outputs.

        Raises:
            MeasurementError: It cannot be run.
        """
        ...

    def run_ns(self, clock: Clock) -> int:
        """Run once; how many nanoseconds that took.

        Args:
            clock: Tells the time where the model runs in this process; a remote device has its
                own.

        Raises:
            LostDeviceError: The device went away; another try may work.
            MeasurementError: It cannot be run.
        """
        ...

    def close(self) -> None:
        """Let go of what the model holds."""
        ...


class Backend(Protocol):
    """A way to run ONNX models on a device.

    The first line of a class's docstring describes it to users, and its constructor takes the
    options of the backend, all with defaults and checked.

    Attributes:
        name: Its name on the command line.
        is_remote: Whether models run elsewhere than in this process.
        is_compiled: Whether ``open`` compiles a model, which takes much longer than loading it.
        progress: Keys of ``describe()`` that change as it works; all others say what it is, and
            values are comparable only where these are the same.
    """

    name: ClassVar[str]
    is_remote: ClassVar[bool]
    is_compiled: ClassVar[bool]
    progress: ClassVar[tuple[str, ...]]

    def why_not(self) -> str | None:
        """Why it cannot run here and what to do about it, in one line; None if it can."""
        ...

    def describe(self) -> dict[str, Any]:
        """What a measurement with it must say: versions, target, tuning; as JSON can hold it."""
        ...

    def open(self, model: Model, threads: int) -> Runner:
        """Load a model.

        Args:
            model: The model.
            threads: How many threads its operators may use.

        Raises:
            MissingExtraError: What it needs is not installed.
            LostDeviceError: The device does not answer.
            MeasurementError: The model cannot be run; the message names the operators that are
                not supported where that is the reason.
        """
        ...


BACKENDS: Registry[type[Backend]] = Registry(
    "backend", "hwnas.measure.backends", "hwnas.backends", "hwnas backends"
)


@checked(name=arguments.text)
def load_backend(name: str, **options: Any) -> Backend:
    """The backend called ``name``.

    Args:
        name: Its name, such as ``"ort"``.
        **options: What its constructor takes.

    Raises:
        UnknownNameError: There is no such backend.
        ConfigError: It has no such option, or an option cannot be.
    """
    name = BACKENDS.name_of(name)
    backend = BACKENDS[name]
    accepted = list(inspect.signature(backend).parameters)
    for option in options:
        if option not in accepted:
            raise ConfigError(
                f"Backend '{name}' has no option '{option}'. Its options: "
                f"{', '.join(accepted) or 'none'}."
            )
    return backend(**options)


def in_words(settings: Mapping[str, Any]) -> str:
    """What a backend says of itself in one line, without what is not set."""
    return ", ".join(f"{key} {value}" for key, value in settings.items() if value is not None)


def largest_difference(
    expected: Sequence[np.ndarray], actual: Sequence[np.ndarray]
) -> tuple[float, float]:
    """How far the outputs of a model are from those of another run of it.

    Returns:
        The largest absolute difference, infinite where shapes or numbers of outputs differ, NaN
        where some value is; and the largest absolute value that was expected.
    """
    scale = max((float(np.abs(each).max(initial=0.0)) for each in expected), default=0.0)
    if [each.shape for each in expected] != [each.shape for each in actual]:
        return float("inf"), scale
    pairs = zip(expected, actual, strict=True)
    return max(float(np.abs(one - other).max(initial=0.0)) for one, other in pairs), scale
