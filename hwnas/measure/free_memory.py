"""Memory that this process may still take, and a guard that turns asking for more into an error."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

# The first pair is of the second version of control groups, the other of the first.
_GROUP_FILES = (
    ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
     "total_inactive_file"),
)  # fmt: skip


def available_memory_bytes(root: Path = Path("/")) -> int | None:
    """Memory that is free for new work, or can be made so without swapping.

    It is the least of what the machine has and of what the control groups of this process, such as
    a container's, leave it.

    Args:
        root: Root of the file system.

    Returns:
        Bytes; None where the system does not say, as any but Linux.
    """
    found = [_machine_bytes(root), *_group_bytes(root)]
    known = [n_bytes for n_bytes in found if n_bytes is not None]
    return min(known) if known else None


def _machine_bytes(root: Path) -> int | None:
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return None


def _group_bytes(root: Path) -> Iterator[int | None]:
    """What each control group around this process leaves it."""
    paths = {
        tuple(controllers.split(",")): group
        for line in _text(root / "proc/self/cgroup").splitlines()
        for _, controllers, group in [line.split(":", 2)]
    }
    for (mount, *files), controllers in zip(_GROUP_FILES, (("",), ("memory",)), strict=True):
        top = root / mount
        group = top / paths.get(controllers, "/").lstrip("/")
        # In a container the path may be that of the host, which is not seen from inside.
        for folder in (group, *group.parents):
            if folder.is_relative_to(top):
                yield _left_bytes(folder, *files)


def _left_bytes(folder: Path, limit: str, usage: str, reclaimable: str) -> int | None:
    try:
        largest, used = int(_text(folder / limit)), int(_text(folder / usage))
    except ValueError:  # no such file, or "max"
        return None
    pairs = (line.split() for line in _text(folder / "memory.stat").splitlines())
    cached = sum(int(pair[1]) for pair in pairs if len(pair) == 2 and pair[0] == reclaimable)
    return max(0, largest - used + cached)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


@contextlib.contextmanager
def memory_guard(extra_bytes: int | None) -> Iterator[None]:
    """Let this process take so much more memory and not more: beyond it allocation fails.

    Without it the system would kill some process when memory runs out. It does nothing where the
    system knows no such limit.

    Args:
        extra_bytes: How much more; None for as much as there is.
    """
    used = _text(Path("/proc/self/statm")).split()
    if extra_bytes is None or not used:
        yield
        return
    import resource

    soft, hard = before = resource.getrlimit(resource.RLIMIT_AS)
    wanted = int(used[0]) * resource.getpagesize() + extra_bytes
    limits = [each for each in (soft, hard) if each != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([wanted, *limits]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
