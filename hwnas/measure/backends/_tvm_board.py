"""A board behind TVM's RPC tracker: one session that all models on it share, each call bounded."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hwnas.errors import ConfigError, LostDeviceError
from hwnas.measure.backends._tvm_compile import one_line, tvm_library

T = TypeVar("T")


class Board:
    """A board that a tracker hands out, connected to when it is first needed.

    Args:
        tracker: Address of the tracker, ``host:port``.
        key: What the board is called there.
        timeout_s: Seconds that anything may take before the board counts as lost.

    Raises:
        ConfigError: ``tracker`` is no address or ``timeout_s`` is not positive.
    """

    def __init__(self, tracker: str, key: str, timeout_s: float) -> None:
        host, colon, port = tracker.rpartition(":")
        if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ConfigError(
                f"--tracker must be host:port, such as 10.0.0.2:9190; got '{tracker}'."
            )
        if not timeout_s > 0:
            raise ConfigError(f"--timeout-s must be a positive number of seconds; got {timeout_s}.")
        self._address, self._key, self._timeout_s = (host.strip("[]"), int(port)), key, timeout_s
        self._session: Any = None
        self._lines: tuple[int, set[int]] = 0, set()
        self._n_uploaded = 0

    def __str__(self) -> str:
        return f"board '{self._key}' of tracker {self._address[0]}:{self._address[1]}"

    def session(self) -> Any:
        """The session with the board, as TVM has it.

        Raises:
            LostDeviceError: The tracker or the board does not answer, or all such boards are busy.
        """
        if self._session is None:
            rpc = tvm_library("tvm-rpc").rpc
            url, port, match = self._requested(rpc.base)
            before = _open_files()
            self._session = self.bounded(lambda: rpc.connect(url, port, match))
            self._lines = port, _open_files() - before
        return self._session

    def is_in(self, session: Any) -> bool:
        """Whether a session is still the one that the board is in."""
        return self._session is session

    def device(self) -> Any:
        """The CPU of the board."""
        return self.session().cpu(0)

    def load(self, library: Path) -> Any:
        """A library's module on the board; it is uploaded first."""
        session = self.session()
        self._n_uploaded += 1
        name = f"{self._n_uploaded}-{library.name}"

        def load() -> Any:
            session.upload(bytearray(library.read_bytes()), target=name)
            return session.load_module(name)

        return self.bounded(load)

    def bounded(self, call: Callable[[], T]) -> T:
        """What a call to the board gives back.

        Raises:
            LostDeviceError: It takes too long, or it fails and the board answers no more; the
                next session is another one.
        """
        try:
            return self._in_time(call)
        except LostDeviceError:
            self._give_up()
            raise
        except Exception as error:
            if self._session is not None and self._answers(self._session):
                raise
            self._give_up()
            raise LostDeviceError(
                f"{self} must stay connected; it does not ({one_line(error)}). "
                "Check that its RPC server runs."
            ) from error

    def _give_up(self) -> None:
        """Forget the session, and end what still waits in it.

        TVM has no way to do so: the thread that waits holds a lock that whatever lets go of a
        thing on the board needs too.
        """
        self._session = None
        port, files = self._lines
        for file in files:
            with (
                contextlib.suppress(OSError),
                socket.fromfd(file, socket.AF_INET, socket.SOCK_STREAM) as line,
            ):
                if line.getpeername()[1] == port:
                    line.shutdown(socket.SHUT_RDWR)
        self._lines = 0, set()

    def _answers(self, session: Any) -> bool:
        try:
            self._in_time(lambda: session.get_function("runtime.config_threadpool"))
        except Exception:  # whatever it is, there is no answer
            return False
        return True

    def _in_time(self, call: Callable[[], T]) -> T:
        """Run a call that TVM would wait for without end; give up after the deadline."""
        done: list[T] = []
        failed: list[Exception] = []

        def run() -> None:
            try:
                done.append(call())
            except Exception as error:  # handed to the caller's thread
                failed.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(self._timeout_s)
        if failed:
            raise failed[0]
        if not done:
            raise LostDeviceError(
                f"{self} must answer within {self._timeout_s:g} s; it does not. "
                "Check that it is on, or raise --timeout-s."
            )
        return done[0]

    def _requested(self, base: Any) -> tuple[str, int, str]:
        """Address and password of a free board.

        TVM's own client waits for a minute and more where nothing answers.
        """
        where = f"{self._address[0]}:{self._address[1]}"
        try:
            with socket.create_connection(self._address, self._timeout_s) as line:
                return self._asked(base, line)
        except TimeoutError as error:
            raise LostDeviceError(
                f"Tracker {where} must hand out board '{self._key}' within {self._timeout_s:g} s; "
                "it does not. All may be busy; check with: python -m tvm.exec.query_rpc_tracker"
            ) from error
        except (OSError, ValueError, LookupError, struct.error) as error:
            raise LostDeviceError(
                f"--tracker: an RPC tracker of TVM must answer at {where}; there is none "
                f"({one_line(error)}). Start one with: python -m tvm.exec.rpc_tracker"
            ) from error

    def _asked(self, base: Any, line: socket.socket) -> tuple[str, int, str]:
        magic = struct.pack("<i", base.RPC_TRACKER_MAGIC)
        line.sendall(magic)
        if base.recvall(line, len(magic)) != magic:
            raise ValueError("something else answers")
        base.sendjson(line, [base.TrackerCode.SUMMARY])
        servers = base.recvjson(line)[1]["server_info"]
        keys = sorted({each["key"].removeprefix("server:") for each in servers})
        if self._key not in keys:
            raise LostDeviceError(
                f"--key must be that of a board that the tracker knows, "
                f"{', '.join(keys) or 'of which it has none'}; got '{self._key}'. "
                "Start an RPC server on the board with: python -m tvm.exec.rpc_server"
            )
        base.sendjson(line, [base.TrackerCode.REQUEST, self._key, "", 1])
        url, port, match = base.recvjson(line)[1]
        return url, port, match


def _open_files() -> set[int]:
    """Numbers of this process's open files and sockets; none where the system lists none."""
    try:
        return {int(each) for each in os.listdir("/dev/fd")}
    except OSError:  # pragma: no cover - Windows
        return set()
