"""The machine that measures: what a reader must know of it, its memory, and pinned cores."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_CPUS = Path("/sys/devices/system/cpu")


@dataclass(frozen=True, slots=True)
class Environment:
    """The machine at the start of a pass; what could not be read is None.

    Args:
        cpu: Model name of the processor.
        machine: Its architecture: ``"x86_64"``.
        n_cpus: Logical processors that the system has.
        usable_cpus: Those that this process may use.
        governor: Frequency governor of the first of them.
        smt: Whether several of them share a core: ``"on"``, ``"off"``, ``"notsupported"``.
        hypervisor: Whether the system runs in a virtual machine.
        container: Whether it runs in a container, and which: ``"docker"``.
        load: Processes that wanted to run, mean of the minute before.
        system: Operating system and its version.
        python: Version of Python.
        hwnas: Version of hwnas.
    """

    cpu: str | None
    machine: str
    n_cpus: int | None
    usable_cpus: tuple[int, ...] | None
    governor: str | None
    smt: str | None
    hypervisor: bool | None
    container: str | None
    load: float | None
    system: str
    python: str
    hwnas: str


def read_environment() -> Environment:
    """The machine as it is now."""
    info = _read(_CPUINFO)
    return Environment(
        cpu=_field(info, "model name") or platform.processor() or None,
        machine=platform.machine(),
        n_cpus=os.cpu_count(),
        usable_cpus=_usable(),
        governor=_read(_CPUS / "cpu0" / "cpufreq" / "scaling_governor"),
        smt=_read(_CPUS / "smt" / "control"),
        hypervisor=None if info is None else "hypervisor" in (_field(info, "flags") or "").split(),
        container=_container(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        hwnas=importlib.metadata.version("hwnas"),
    )


class _Mallinfo2(ctypes.Structure):
    """What glibc tells of its heap, as ``man mallinfo2`` has it."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    ]  # fmt: skip


def heap_bytes() -> int | None:
    """Memory that this process has from its allocator and uses, in bytes.

    What the system counts as resident does not shrink and grow with a model: freed memory is kept
    for the next one.

    Returns:
        Bytes in use, None where the allocator does not tell: it is not glibc's of 2.33 or newer.
    """
    try:
        tell = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):
        return None
    tell.restype = _Mallinfo2
    info = tell()
    return int(info.uordblks + info.hblkhd)


@contextlib.contextmanager
def pinned(n_cores: int) -> Iterator[tuple[int, ...] | None]:
    """Keep this process to its last cores for a while; None where the system cannot do that.

    Args:
        n_cores: How many; all that it has if it has fewer. The last ones, since systems handle
            interrupts on the first.
    """
    usable = _usable()
    if usable is None:
        yield None
        return
    kept = usable[-n_cores:]
    os.sched_setaffinity(0, kept)
    try:
        yield kept
    finally:
        os.sched_setaffinity(0, usable)


def _usable() -> tuple[int, ...] | None:
    if sys.platform != "linux":
        return None
    return tuple(sorted(os.sched_getaffinity(0)))


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _field(info: str | None, name: str) -> str | None:
    """Value of the first line of ``/proc/cpuinfo`` with a name."""
    for line in (info or "").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip() or None
    return None


def _container() -> str | None:
    marks = {"docker": Path("/.dockerenv"), "podman": Path("/run/.containerenv")}
    return next((name for name, path in marks.items() if path.exists()), None)
