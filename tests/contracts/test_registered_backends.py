"""Every backend that can run here keeps the contract, and a broken one is told what it breaks."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import pytest

from hwnas.measure.backends import BACKENDS, Model, load_backend
from hwnas.measure.backends.ort import OnnxRuntime, OrtRunner
from hwnas.measure.clock import Clock
from hwnas.testing import check_backend


# Eager torch runs torch's own module and no ONNX; tests/measure/backends hold it to that.
@pytest.mark.parametrize("name", [name for name in BACKENDS if name != "torch"])
def test_registered_backend_keeps_the_contract(name: str) -> None:
    backend = load_backend(name)
    check_backend(backend)
    reason = backend.why_not()
    if reason is not None:
        pytest.skip(reason)


class _Altered(OnnxRuntime):
    """ONNX Runtime with a fault."""

    name: ClassVar[str] = "altered"

    def open(self, model: Model, threads: int) -> OrtRunner:
        """A session with a fault."""
        plain = super().open(model, threads)
        return self.runner(model, plain._session)

    runner: ClassVar[type[OrtRunner]] = OrtRunner


def test_the_unbroken_one_passes() -> None:
    check_backend(_Altered())


class _OtherOutputs(OrtRunner):
    def outputs(self) -> list[np.ndarray]:
        return [1.01 * each for each in super().outputs()]


class _NoNumbers(OrtRunner):
    def outputs(self) -> list[np.ndarray]:
        return [math.nan * each for each in super().outputs()]


class _NoTime(OrtRunner):
    def run_ns(self, clock: Clock) -> int:  # noqa: ARG002
        return 0


class _ClosesOnce(OrtRunner):
    def close(self) -> None:
        del self._session


@pytest.mark.parametrize(
    ("runner", "message"),
    [
        (_OtherOutputs, r"altered: outputs must be within 0\.0001 .* differ by 0"),
        (_NoNumbers, r"they differ by nan"),
        (_NoTime, r"run_ns\(\) must be a positive whole number; got 0"),
        (_ClosesOnce, "must be closed twice without harm; it raised AttributeError"),
    ],
)
def test_broken_runner_is_told_what_must_hold(runner: type[OrtRunner], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_backend(type("_Broken", (_Altered,), {"runner": runner, "__doc__": "Broken."})())


class _Unrunnable(_Altered):
    """Says that it cannot run, and is silent when asked to."""

    def why_not(self) -> Any:
        return "It is broken."


class _Talkative(_Altered):
    """Has a reason of two lines."""

    def why_not(self) -> Any:
        return "It is broken.\nSorry."


class _Undescribed(_Altered):
    """Describes itself in what JSON does not know."""

    def describe(self) -> dict[str, Any]:
        return {"threads": np.int64(1)}


class _Undocumented(_Altered):
    __doc__ = None


class _Unguarded(_Altered):
    """Lets the errors of its library through."""

    def open(self, model: Model, threads: int) -> OrtRunner:  # noqa: ARG002
        from hwnas.models.sessions import open_session

        return OrtRunner(model, open_session(model.data))


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        (_Unrunnable, "to open a model nevertheless must be refused; it was accepted"),
        (_Talkative, r"why_not\(\) must be None or one line"),
        (_Undescribed, r"describe\(\) must be a dict that JSON can hold"),
        (_Undocumented, "must have a docstring"),
        (_Unguarded, "what is no ONNX model must be refused with an HwnasError; it raised"),
    ],
)
def test_broken_backend_is_told_what_must_hold(backend: type[_Altered], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_backend(backend())
