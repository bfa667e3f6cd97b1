"""A board on loopback: a real tracker and a real server of TVM as processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

import hwnas
from hwnas.errors import LostDeviceError
from hwnas.measure.backends import Backend, Model, largest_difference, load_backend
from hwnas.measure.clock import SystemClock
from hwnas.models.building import model_onnx

pytest.importorskip("tvm", reason="apache-tvm is not installed")
pytest.importorskip("tornado", reason="tornado, which TVM's tracker needs, is not installed")

POOLS = "|avg_pool_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|"
KEY = "test-board"


def _start(module: str, *options: str) -> subprocess.Popen:
    # A session of its own, so that what it starts ends with it.
    return subprocess.Popen(
        [sys.executable, "-m", module, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def tracker() -> Iterator[str]:
    port = _free_port()
    process = _start(
        "tvm.exec.rpc_tracker", "--host=127.0.0.1", f"--port={port}", f"--port-end={port + 1}"
    )
    yield f"127.0.0.1:{port}"
    _end(process)


def _server(tracker: str) -> subprocess.Popen:
    return _start("tvm.exec.rpc_server", "--host=127.0.0.1", f"--tracker={tracker}", f"--key={KEY}")


@pytest.fixture
def server(tracker: str) -> Iterator[subprocess.Popen]:
    process = _server(tracker)
    yield process
    _end(process)


@pytest.fixture(scope="module")
def net() -> Model:
    space = hwnas.load_space("nasbench201")
    values = np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32)
    return Model(POOLS, model_onnx(space, space.parse(POOLS), 0, batch=1), {"input": values})


def _connected(tracker: str, **options: object) -> Backend:
    """A backend whose board is there; servers take some seconds to start."""
    deadline = time.monotonic() + 60
    backend = load_backend("tvm-rpc", tracker=tracker, key=KEY, target="llvm", **options)
    while True:
        try:
            backend._board.session()
        except LostDeviceError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return backend


def test_outputs_are_those_of_onnx_runtime_and_the_time_is_the_board_s(
    tracker: str, server: object, net: Model
) -> None:
    expected = load_backend("ort").open(net, 1).outputs()
    t = time.time()
    runner = _connected(tracker).open(net, 1)
    difference, scale = largest_difference(expected, runner.outputs())
    assert difference < 1e-5 * scale
    assert runner.run_ns(SystemClock()) > 0


def test_a_server_that_dies_in_the_middle_is_a_lost_device(
    tracker: str, server: subprocess.Popen, net: Model
) -> None:
    backend = _connected(tracker, timeout_s=20)
    runner = backend.open(net, 1)
    runner.run_ns(SystemClock())
    _end(server)
    with pytest.raises(LostDeviceError, match="must stay connected; it does not"):
        runner.run_ns(SystemClock())
    again = _server(tracker)
    try:
        time.sleep(5)
        assert backend.open(net, 1).run_ns(SystemClock()) > 0
    finally:
        _end(again)
