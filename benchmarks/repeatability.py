"""How well a measurement repeats, and what it costs: 20 NAS-Bench-201 networks in ONNX Runtime.

    python benchmarks/repeatability.py [--visits 10] [--runs 60] [--seed 0]

Each network is visited ten times for 60 runs, in turns; once with nothing else running and once
beside one busy process. Of the same runs, the naive value of a visit is the median by the clock,
and ours the median of the ratios to the anchor's run just before. Their coefficient of variation
over visits, median over networks, is compared. Then 20 others are profiled as by default, for the
seconds that each takes.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from _environment import environment, write_results
from page import section

from hwnas.api._measure import sample_networks
from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.measure.backends import load_backend
from hwnas.measure.candidates import anchor_architecture, candidate_of
from hwnas.measure.clock import SystemClock
from hwnas.measure.plan import Plan
from hwnas.measure.profiling import profile
from hwnas.measure.samples import Samples
from hwnas.spaces import load_space

N_NETWORKS = 20
BUSY = "while True: sum(each * each for each in range(1000))"


@contextlib.contextmanager
def busy(is_busy: bool) -> Iterator[None]:
    """One process beside that does nothing but work."""
    if not is_busy:
        yield
        return
    with subprocess.Popen([sys.executable, "-c", BUSY]) as process:
        try:
            yield
        finally:
            process.kill()


def variation(values: np.ndarray) -> float:
    """Standard deviation by mean of a network's visits ``(n_visits,)``."""
    return float(values.std(ddof=1) / values.mean())


def both_ways(samples: Samples) -> tuple[float, float]:
    """Variation over visits of the naive value and of ours."""
    visits = [samples.visit == visit for visit in np.unique(samples.visit)]
    naive = [np.median(samples.run_ns[rows]) for rows in visits]
    paired = [np.median(samples.run_ns[rows] / samples.anchor_ns[rows]) for rows in visits]
    return variation(np.array(naive)), variation(np.array(paired))


def measure(
    space: SearchSpace, archs: list[Architecture], plan: Plan
) -> tuple[list[Samples], float]:
    """Samples of each network, and the seconds that all of it took."""
    started = time.perf_counter()
    blocks = profile(
        [candidate_of(space, arch) for arch in archs],
        candidate_of(space, anchor_architecture(space)),
        load_backend("ort"),
        plan,
        SystemClock(),
    )
    samples = [each.samples for block in blocks for each in block.measured]
    return samples, time.perf_counter() - started


def main() -> None:
    """Print the table and keep the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=10)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    words = parser.parse_args()
    space, where = load_space("nasbench201"), environment(("hwnas", "onnxruntime"), words.seed)
    archs = sample_networks(space, 2 * N_NETWORKS + 1, words.seed)
    # Whatever is imported by a first network is not of its cost.
    measure(space, archs[-1:], Plan(min_seconds=0.0))
    plan = Plan(
        visits=words.visits, min_samples=words.visits * words.runs, min_seconds=0.0, cooldown_s=0.0
    )
    numbers = {}
    for name, is_busy in (("alone", False), ("beside a busy process", True)):
        with busy(is_busy):
            samples, _ = measure(space, archs[:N_NETWORKS], replace(plan, seed=words.seed))
        found = np.array([both_ways(each) for each in samples])
        naive, paired = np.median(found, axis=0)
        numbers[name] = {"naive_cv": naive, "paired_cv": paired, "ratio": paired / naive}
    _, seconds = measure(space, archs[N_NETWORKS:-1], Plan())
    write_results("repeatability", {**numbers, "seconds_a_network": seconds / N_NETWORKS}, where)
    print(section("repeatability"))


if __name__ == "__main__":
    main()
