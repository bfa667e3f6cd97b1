"""What it costs to have a network in ONNX, and how fast the file runs: two ways side by side.

    python benchmarks/export_time.py [--networks 3] [--seed 0] [SPACE ...]

One way is torch's exporter, the other writes the operation graph: with the torch model's weights,
or with fresh ones and no torch. Times are this process's processor time, each network done all ways
before the next; imports and a first network are not counted. What both files cost onnxruntime is
measured in turns, an image at a time on one thread.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from _environment import environment, write_results
from page import section

from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.models.building import build_model, model_onnx
from hwnas.models.graph_onnx import graph_to_onnx, serialized
from hwnas.models.graph_weights import random_inputs
from hwnas.models.module_weights import assignments, read_weights
from hwnas.models.sessions import open_session
from hwnas.models.torch_onnx import to_onnx
from hwnas.spaces import load_space

SPACES = ("nasbench201", "nasbench_macro", "fbnet", "mnasnet")
RUNS = 30


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of this process, and what was made."""
    started = time.process_time()
    made = work()
    return time.process_time() - started, made


def from_graph(space: SearchSpace, arch: Architecture, model: torch.nn.Module) -> bytes:
    """A network with its torch model's weights, written from its graph."""
    graph = space.graph(arch)
    found = next(assignments(model, graph, random_inputs(graph, 1, 0)))
    return serialized(graph_to_onnx(graph, read_weights(found)))


def run_ratio(new: bytes, old: bytes, inputs: np.ndarray) -> float:
    """Median of the ratios of runs of two files, one after the other."""
    sessions = [open_session(data) for data in (new, old)]
    ratios = []
    for number in range(RUNS):
        # Whichever comes first finds the other's numbers in the processor's cache.
        order = (0, 1) if number % 2 else (1, 0)
        seconds = {each: timed(lambda s=sessions[each]: s.run(None, {"input": inputs}))[0]  # type: ignore[misc]
                   for each in order}  # fmt: skip
        ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios[RUNS // 5 :])


def measure(space: SearchSpace, arch: Architecture) -> tuple[float, float, float, float]:
    """Seconds of torch's exporter, of the graph with weights and without torch; runs' ratio."""
    model = build_model(space, arch).eval()
    by_torch, old = timed(lambda: serialized(to_onnx(model, space.input_shape)))
    with_weights, new = timed(lambda: from_graph(space, arch, model))
    fresh, _ = timed(lambda: model_onnx(space, arch))
    runs = run_ratio(new, old, random_inputs(space.graph(arch), 1, 0))
    return by_torch, with_weights, fresh, runs


def main() -> None:
    """Print medians and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("spaces", nargs="*", default=SPACES)
    given = parser.parse_args()
    torch.set_num_threads(1)
    small = load_space("nasbench_macro")
    measure(small, small.parse("0" * 8))
    rows = []
    for name in given.spaces:
        space = load_space(name)
        archs = space.sample(given.networks, np.random.default_rng(given.seed))
        found = [measure(space, arch) for arch in archs]
        by_torch, with_weights, fresh, run = map(statistics.median, zip(*found, strict=True))
        rows.append(
            {
                "space": name,
                "exporter_s": by_torch,
                "graph_s": with_weights,
                "graph_fresh_s": fresh,
                "exporter_by_graph": statistics.median(each[0] / each[1] for each in found),
                "run_ratio": run,
            }
        )
    where = environment(("hwnas", "torch", "onnx", "onnxruntime"), given.seed)
    write_results("export_time", {"n_networks": given.networks, "rows": rows}, where)
    print(section("export_time"))


if __name__ == "__main__":
    main()
