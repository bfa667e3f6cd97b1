"""Peak memory as it is counted, beside what ONNX Runtime's arena takes: 20 networks of each space.

ONNX Runtime's Python interface does not tell the arena's statistics. But its arena logs every
extension: one that extends by just what is asked, and is emptied after each run, tells by its
extensions how large it grew. Two figures a network: *arena*, all extensions of a run that allocates
as it goes, workspace of operators and gaps that nothing fits included; *planned*, the one block in
which its memory pattern lays all activations out, from the second run on. The network's input and
output lie outside both. ONNX Runtime also runs operators in an order of its own, and shares equal
ones.

Run: ``python benchmarks/peak_memory.py``
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnxruntime as ort
from _environment import environment, write_results
from page import section

from hwnas.core.space import SearchSpace
from hwnas.features.memory import PRECISIONS, memory_genotypes, peak_memory_bytes
from hwnas.models.building import model_onnx
from hwnas.spaces import SPACES, load_space

N_NETS, SEED = 20, 0
# With and without layouts of the processor's own.
LEVELS = {
    "usual": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    "plain layout": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
}
_EXTENSION = re.compile(r"Extended allocation by (\d+) bytes")
_INFO = 1
_SAME_AS_REQUESTED = 1


@contextmanager
def logged() -> Iterator[Callable[[], str]]:
    """What ONNX Runtime writes to standard error meanwhile, as a function that reads it."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield lambda: os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode()
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def share_one_arena() -> None:
    """Register the arena that all sessions allocate from."""
    info = ort.OrtMemoryInfo(
        "Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT
    )
    how = {"arena_extend_strategy": _SAME_AS_REQUESTED, "initial_chunk_size_bytes": 256}
    ort.create_and_register_allocator(info, ort.OrtArenaCfg(how))
    # Not before: what is logged until a run would be seen.
    ort.set_default_logger_severity(_INFO)


def extensions(model: bytes, level: Any, has_pattern: bool, n_runs: int) -> list[int]:
    """By what the arena is extended in the last of some runs, in bytes."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = has_pattern
    options.graph_optimization_level = level
    options.add_session_config_entry("session.use_env_allocators", "1")
    # Weights stay out of the arena.
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    with logged():
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (given,), (wanted,) = session.get_inputs(), session.get_outputs()
    binding = session.io_binding()
    binding.bind_cpu_input(given.name, np.zeros(given.shape, np.float32))
    output = ort.OrtValue.ortvalue_from_numpy(np.zeros(wanted.shape, np.float32))
    binding.bind_ortvalue_output(wanted.name, output)
    emptied = ort.RunOptions()
    emptied.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    found: list[int] = []
    for _ in range(n_runs):
        with logged() as log:
            session.run_with_iobinding(binding, emptied)
            found = [int(size) for size in _EXTENSION.findall(log())]
    return found


def measure(space: SearchSpace) -> dict[str, list[int]]:
    """Bytes counted and allocated, ``N_NETS`` of each."""
    drawn = space.sample_genotypes(N_NETS, np.random.default_rng(SEED))
    genotypes = space.canonical_genotypes(drawn)
    counted = peak_memory_bytes(memory_genotypes(space, genotypes), PRECISIONS["float32"])
    found: dict[str, list[int]] = {"counted": counted.tolist()}
    for genotype in genotypes:
        model = model_onnx(space, space.architecture(genotype), SEED, batch=1)
        for name, level in LEVELS.items():
            arena = extensions(model, level, has_pattern=False, n_runs=1)
            planned = extensions(model, level, has_pattern=True, n_runs=2)
            found.setdefault(f"arena, {name}", []).append(sum(arena))
            found.setdefault(f"planned, {name}", []).append(sum(planned))
    return found


def main() -> None:
    """Measure and print."""
    share_one_arena()
    found = {name: measure(load_space(name)) for name in sorted(SPACES)}
    where = environment(("hwnas", "numpy", "onnxruntime"), seed=SEED)
    write_results("peak_memory", {"bytes": found}, where)
    print(section("peak_memory"))


if __name__ == "__main__":
    main()
