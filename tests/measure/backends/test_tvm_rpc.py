"""A board on loopback: a real tracker and a real server of TVM as processes of their own."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.errors import ConfigError, LostDeviceError
from hwnas.measure.backends import Backend, Model, Runner, largest_difference, load_backend
from hwnas.measure.backends._tvm_compile import export_library
from hwnas.measure.backends._tvm_compiler import Compiler
from hwnas.measure.clock import SystemClock
from hwnas.models.building import model_onnx

pytest.importorskip("tvm", reason="apache-tvm is not installed")

needs_tornado = pytest.mark.skipif(
    importlib.util.find_spec("tornado") is None,
    reason="tornado, which TVM's tracker needs, is not installed",
)

POOLS = "|avg_pool_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|"
KEY = "test-board"
AARCH64 = 183  # ELF's number of the machine


def _start(module: str, *options: str) -> subprocess.Popen:
    # A session of its own, so that what it starts ends with it.
    return subprocess.Popen(
        [sys.executable, "-m", module, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(process: subprocess.Popen) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def tracker() -> Iterator[str]:
    port = _free_port()
    options = ("--host=127.0.0.1", f"--port={port}", f"--port-end={port + 1}")
    process = _start("tvm.exec.rpc_tracker", *options)
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


def _opened(backend: Backend, model: Model) -> Runner:
    """A model on a board; trackers and servers take some seconds to start."""
    deadline = time.monotonic() + 90
    while True:
        try:
            return backend.open(model, 1)
        except LostDeviceError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _board(tracker: str, **options: object) -> Backend:
    given = {"tracker": tracker, "key": KEY, "target": "llvm", **options}
    return load_backend("tvm-rpc", **given)


@needs_tornado
@pytest.mark.long
@pytest.mark.usefixtures("server")
def test_outputs_are_those_of_onnx_runtime(tracker: str, net: Model) -> None:
    expected = load_backend("ort").open(net, 1).outputs()
    runner = _opened(_board(tracker), net)
    difference, scale = largest_difference(expected, runner.outputs())
    assert difference < 1e-5 * scale
    assert runner.run_ns(SystemClock()) > 0


@needs_tornado
@pytest.mark.long
@pytest.mark.usefixtures("server")
def test_models_share_a_board_and_its_kernels_are_tuned_there(
    tracker: str, net: Model, tmp_path: Path
) -> None:
    backend = _board(tracker, tuning_trials=1, database=tmp_path)
    first = _opened(backend, net)
    second = backend.open(net, 1)
    assert first.run_ns(SystemClock()) > 0
    assert second.run_ns(SystemClock()) > 0
    assert backend.describe()["tuned_kernels"] > 0


@needs_tornado
@pytest.mark.long
def test_a_server_that_dies_in_the_middle_is_a_lost_device_and_its_successor_is_found(
    tracker: str, server: subprocess.Popen, net: Model
) -> None:
    backend = _board(tracker)
    runner, other = _opened(backend, net), _opened(backend, net)
    runner.run_ns(SystemClock())
    _end(server)
    with pytest.raises(LostDeviceError, match=f"board '{KEY}' of tracker .* must stay connected"):
        runner.run_ns(SystemClock())
    successor = _server(tracker)
    try:
        assert _opened(backend, net).run_ns(SystemClock()) > 0
        with pytest.raises(LostDeviceError, match="was lost meanwhile"):
            other.run_ns(SystemClock())
    finally:
        _end(successor)


@needs_tornado
@pytest.mark.long
def test_a_board_that_hangs_is_a_lost_device(
    tracker: str, server: subprocess.Popen, net: Model
) -> None:
    runner = _opened(_board(tracker, timeout_s=20), net)
    os.killpg(server.pid, signal.SIGSTOP)
    with pytest.raises(LostDeviceError, match="must answer within 20 s; it does not"):
        runner.run_ns(SystemClock())


@needs_tornado
@pytest.mark.long
@pytest.mark.usefixtures("server")
def test_a_target_of_another_machine_is_refused_by_the_board(tracker: str, net: Model) -> None:
    backend = _board(tracker, target="llvm -mtriple=riscv64-unknown-linux-gnu")
    with pytest.raises(ConfigError, match="target= must be that of board"):
        _opened(backend, net)


@needs_tornado
@pytest.mark.long
@pytest.mark.usefixtures("server")
def test_a_key_that_the_tracker_does_not_know_is_said(tracker: str, net: Model) -> None:
    _opened(_board(tracker), net)
    with pytest.raises(LostDeviceError, match=rf"key= must be .* {KEY}; got 'another'"):
        _board(tracker, key="another").open(net, 1)


@pytest.fixture(scope="module")
def relu(one_operator: Callable[[str], Model]) -> Model:
    return one_operator("Relu")


def test_a_tracker_that_is_not_there_is_a_lost_device(relu: Model) -> None:
    with pytest.raises(LostDeviceError, match=r"must answer at 127\.0\.0\.1:\d+; there is none"):
        _board(f"127.0.0.1:{_free_port()}").open(relu, 1)


def test_a_tracker_that_does_not_answer_is_a_lost_device(relu: Model) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(LostDeviceError, match=rf"Tracker {where} must .* within 0.2 s"):
            _board(where, timeout_s=0.2).open(relu, 1)


def test_something_else_than_a_tracker_is_a_lost_device(relu: Model) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.sendall(b"HTTP/1.1 400 Bad Request")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(LostDeviceError, match="something else answers"):
            _board(f"127.0.0.1:{server.getsockname()[1]}").open(relu, 1)
        thread.join()


@pytest.mark.parametrize("tracker", ["board", "board:", ":9190", "board:0", "board:99999", "a:b"])
def test_an_address_that_is_none_is_refused(tracker: str) -> None:
    with pytest.raises(ConfigError, match=f"tracker= must be host:port, .*; got '{tracker}'"):
        _board(tracker)


def test_a_deadline_must_be_positive() -> None:
    with pytest.raises(ConfigError, match="timeout_s= must be a positive number of seconds"):
        _board("board:9190", timeout_s=0.0)


def test_what_it_needs_and_what_to_beware_of_is_said() -> None:
    backend = load_backend("tvm-rpc")
    assert backend.why_not() == "--tracker host:port, --key KEY and --target TARGET must be given."
    assert "trusted networks only" in backend.describe()["caution"]
    assert _board("board:9190").why_not() is None


def test_a_library_for_aarch64_is_made_without_its_linker(relu: Model, tmp_path: Path) -> None:
    compiler = Compiler("tvm-rpc", 0, None, "llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72")
    compiled = compiler.compile(relu, 4, lambda *_: 0.0)
    library = export_library(compiled.executable, tmp_path, compiler.target(4), None)
    with tarfile.open(library) as archive:
        objects = [each for each in archive.getmembers() if each.name.endswith(".o")]
        assert objects
        for each in objects:
            member = archive.extractfile(each)
            assert member is not None
            header = member.read(20)
            machine = int.from_bytes(header[18:20], "little")
            assert (header[:4], machine) == (b"\x7fELF", AARCH64)


def test_a_compiler_that_cannot_link_for_the_target_is_refused(relu: Model, tmp_path: Path) -> None:
    compiler = Compiler("tvm-rpc", 0, None, "llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72")
    compiled = compiler.compile(relu, 4, lambda *_: 0.0)
    with pytest.raises(ConfigError, match="cc= must be a compiler that links for the target"):
        export_library(compiled.executable, tmp_path, compiler.target(4), "no-such-compiler")
