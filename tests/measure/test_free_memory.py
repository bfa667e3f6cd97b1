"""Memory that is free, read from file systems that are made up, and the guard that keeps to it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from hwnas.measure.free_memory import available_memory_bytes, memory_guard

_MACHINE = {"proc/meminfo": "MemTotal: 9000 kB\nMemFree: 10 kB\nMemAvailable: 5000 kB\n"}


def _root(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_without_groups_it_is_what_the_machine_has(tmp_path: Path) -> None:
    assert available_memory_bytes(_root(tmp_path, _MACHINE)) == 5000 * 1024


def test_group_leaves_its_limit_less_what_is_used_and_cannot_be_dropped(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/box/inner\n",
        "sys/fs/cgroup/box/inner/memory.max": "max\n",
        "sys/fs/cgroup/box/inner/memory.current": "500\n",
        "sys/fs/cgroup/box/memory.max": "3000\n",
        "sys/fs/cgroup/box/memory.current": "2000\n",
        "sys/fs/cgroup/box/memory.stat": "anon 1200\ninactive_file 800\n",
    }
    assert available_memory_bytes(_root(tmp_path, {**_MACHINE, **files})) == 3000 - 2000 + 800


def test_group_of_a_container_is_seen_at_the_root(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/of/the/host\n",
        "sys/fs/cgroup/memory.max": "3000\n",
        "sys/fs/cgroup/memory.current": "2000\n",
    }
    assert available_memory_bytes(_root(tmp_path, {**_MACHINE, **files})) == 1000


def test_group_of_the_first_version_is_read(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "9:name=systemd:/\n4:memory:/box\n0::/\n",
        "sys/fs/cgroup/memory/box/memory.limit_in_bytes": "4000\n",
        "sys/fs/cgroup/memory/box/memory.usage_in_bytes": "3500\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "3500\n",
    }
    assert available_memory_bytes(_root(tmp_path, {**_MACHINE, **files})) == 500


def test_group_that_is_over_its_limit_leaves_nothing(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": "10\n",
        "sys/fs/cgroup/memory.current": "20\n",
    }
    assert available_memory_bytes(_root(tmp_path, {**_MACHINE, **files})) == 0


def test_system_that_does_not_say_is_unknown(tmp_path: Path) -> None:
    assert available_memory_bytes(tmp_path) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has the guard")
def test_guard_refuses_more_than_was_granted_and_is_gone_afterwards() -> None:
    with memory_guard(100_000_000):
        np.empty(10_000_000, dtype=np.uint8)
        with pytest.raises(MemoryError):
            np.empty(1_000_000_000, dtype=np.uint8)
    np.empty(1_000_000_000, dtype=np.uint8)


def test_guard_of_unknown_memory_lets_all_pass() -> None:
    with memory_guard(None):
        assert np.empty(1_000_000_000, dtype=np.uint8).size == 10**9
