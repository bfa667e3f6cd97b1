"""How good a front is after few evaluations that cost: the gap to the exhaustive front.

Each evaluation is one functional class of NAS-Bench-201 whose true values, class means, are looked
up as if it were trained and measured; all objectives are unknown at the start. Any algorithm of
hwnas, and peers with their own loops (``_peers.py``). Runs that are kept are not made again:

    python benchmarks/search_quality.py --algorithms surrogate --seeds 1000-1009

Needs the published tables: ``--from DIR``, ``$HWNAS_UPSTREAM``, or what is imported already.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _environment import RESULTS, commit, environment, read_results, write_results
from _peers import PEERS, POPULATION
from _searches import Searched, searched
from _sections_quality import OURS, search_quality
from _truth import Truth, need_tables

import hwnas
from hwnas._files import write_text
from hwnas.algorithms import ALGORITHMS
from hwnas.core.space import SearchSpace
from hwnas.objectives.curves import Band, evaluations_to
from hwnas.report.curves import Contender, Curves
from hwnas.report.picture import curves_png, write_png

SPACE, DATASET = "nasbench201", "cifar10"
OBJECTIVES = ("accuracy", "robustness", "latency", "energy")
DEVICES = ("edgegpu", "eyeriss")
# No choice of the project's own search was made on these.
SEEDS = range(1000, 1010)
BUDGETS = (50, 100, 200, 500)
TARGETS_PCT = (5.0, 1.0, 0.5)
# Curves of the picture; more of them could not be told apart.
DRAWN = (OURS, "optuna-tpe", "regularized-evolution", "nsga2", "random")
PACKAGES = ("hwnas", "numpy", "pymoo", "moocore", "scikit-learn")
SCHEMA = 1
KEPT = RESULTS / "search_quality"


class Runs:
    """The kept runs of one algorithm on one device: a file, written whole after each run.

    Args:
        folder: Where such files lie.
        setting: What makes runs comparable; with ``device`` and ``algorithm``, which name the file.

    Raises:
        SystemExit: The file holds runs of another setting.
    """

    def __init__(self, folder: Path, setting: Mapping[str, Any]) -> None:
        self.path = folder / f"{setting['device']}-{setting['algorithm']}.json"
        self._setting = dict(setting)
        self._runs = dict[int, dict[str, Any]]()
        if self.path.exists():
            kept = read_results(self.path)
            if (kept["schema"], kept["setting"]) != (SCHEMA, self._setting):
                raise SystemExit(
                    f"{self.path} must hold runs of {self._setting}; it holds {kept['setting']}. "
                    "Give another --out."
                )
            self._runs = {run["seed"]: run for run in kept["runs"]}

    def has(self, seed: int, budget: int) -> bool:
        """Whether there is a run that was to go as far."""
        return seed in self._runs and self._runs[seed]["budget"] >= budget

    def add(self, run: dict[str, Any]) -> None:
        """Keep a run; one line each."""
        self._runs[run["seed"]] = run
        head = json.dumps({"schema": SCHEMA, "setting": self._setting}, indent=1)
        lines = [json.dumps(self._runs[seed], allow_nan=False) for seed in sorted(self._runs)]
        joined = ",\n  ".join(lines)
        write_text(self.path, f'{head[:-2]},\n "runs": [\n  {joined}\n ]\n}}\n')


def recorded(
    truth: Truth, algorithm: str, found: Searched, seed: int, budget: int
) -> dict[str, Any]:
    """A run as it is kept: what was evaluated, in order, and the curve that follows from it."""
    packages = (*PACKAGES, "optuna") if "optuna" in algorithm else PACKAGES
    gaps = truth.gaps_pct(found.rows).round(4)
    changes = np.flatnonzero(np.diff(gaps, prepend=np.inf))
    return {
        "seed": seed,
        "budget": budget,
        "commit": commit(),
        "environment": environment(packages).splitlines(),
        "seconds_cpu": round(found.seconds_cpu, 3),
        "seconds": round(found.seconds, 3),
        "is_out_of_time": found.is_out_of_time,
        "steps": [[n, round(seconds, 3)] for n, seconds in found.steps],
        "classes": found.rows.tolist(),
        "gap_pct": [[int(place) + 1, float(gaps[place])] for place in changes],
    }


def summary(
    truth: Truth, runs: Sequence[Mapping[str, Any]], budgets: Sequence[int]
) -> dict[str, Any]:
    """What the page tells of an algorithm's runs on a device, one number for each seed.

    A run that has ended of its own accord stands where it stood; one that was stopped for its time,
    or has a smaller budget, is not known from there on.
    """
    evaluated = [np.array(run["classes"], dtype=int) for run in runs]
    known = curves(truth, runs)
    gaps: dict[str, list[float | None]] = {}
    distances: dict[str, list[float | None]] = {}
    for n in budgets:
        is_known = [n <= len(curve) for curve in known]
        gaps[str(n)] = [
            round(float(curve[n - 1]), 4) if is_there else None
            for curve, is_there in zip(known, is_known, strict=True)
        ]
        distances[str(n)] = [
            round(truth.igd_plus(rows[:n]), 6) if is_there else None
            for rows, is_there in zip(evaluated, is_known, strict=True)
        ]
    return {
        "seeds": [run["seed"] for run in runs],
        "commits": sorted({run["commit"] for run in runs}),
        "environments": sorted({"; ".join(run["environment"]) for run in runs}),
        "evaluations": [len(rows) for rows in evaluated],
        "budgets": [run["budget"] for run in runs],
        "is_out_of_time": [run["is_out_of_time"] for run in runs],
        "seconds_cpu": [run["seconds_cpu"] for run in runs],
        "gap_pct": gaps,
        "igd_plus": distances,
        "evaluations_to": {
            f"{target:g}": [evaluations_to(curve, target) for curve in known]
            for target in TARGETS_PCT
        },
    }


def curves(truth: Truth, runs: Sequence[Mapping[str, Any]]) -> list[np.ndarray]:
    """Gap in percent after each evaluation, as far as it is known; ``(n_evaluations,)`` a run."""
    found = []
    for run in runs:
        gaps = truth.gaps_pct(np.array(run["classes"], dtype=int))
        if not run["is_out_of_time"] and len(gaps) < run["budget"]:
            gaps = np.append(gaps, np.full(run["budget"] - len(gaps), gaps[-1]))
        found.append(gaps)
    return found


def draw(truth: Truth, gaps_pct: Mapping[str, Sequence[np.ndarray]], device: str) -> None:
    """Draw the curves of all algorithms on a device, mean and standard error.

    Args:
        truth: Values of all classes.
        gaps_pct: Curves of each algorithm's runs.
        device: Name of the device.
    """
    contenders = [
        Contender(
            label=name,
            runs=tuple(f"{name}-{n}" for n in range(len(gaps))),
            seeds=tuple(range(len(gaps))),
            n_evaluated=tuple(map(len, gaps)),
            volume=Band.of([(1 - each / 100) * truth.yardstick.whole for each in gaps]),
            gap=Band.of([each / 100 for each in gaps]),
            reached=(),
        )
        for name, gaps in gaps_pct.items()
    ]
    # In the order in which the lines end.
    contenders.sort(key=lambda each: float(each.gap.mean[-1]))
    reach = f"{device}: gap to the exhaustive front."
    pictured = Curves(tuple(contenders), tuple(truth.specs), truth.yardstick, reach, ())
    write_png(curves_png(pictured), RESULTS.parent / f"gap-{device}.png")


def collected(space: SearchSpace, folder: Path, budgets: Sequence[int]) -> dict[str, Any]:
    """All runs of a folder, as the page tells of them."""
    kept = [read_results(path) for path in sorted(folder.glob("*.json"))]
    found = dict[str, dict[str, Any]]()
    for device in dict.fromkeys(each["setting"]["device"] for each in kept):
        of_device = [each for each in kept if each["setting"]["device"] == device]
        truth = Truth(space, device, of_device[0]["setting"]["objectives"])
        runs = {each["setting"]["algorithm"]: each["runs"] for each in of_device}
        found[device] = {
            "truth": truth.described(),
            "algorithms": {name: summary(truth, runs[name], budgets) for name in runs},
        }
        if folder == KEPT:
            found[device]["picture"] = f"gap-{device}.png"
            drawn = [name for name in DRAWN if name in runs]
            draw(truth, {name: curves(truth, runs[name]) for name in drawn}, device)
    return {"budgets": list(budgets), "devices": found}


def seeds_of(text: str) -> list[int]:
    """Seeds of ``"1000-1009"`` or ``"3"``."""
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = (*ALGORITHMS, *PEERS)
    parser.add_argument("--algorithms", nargs="*", default=[], choices=names, metavar="NAME")
    parser.add_argument("--devices", nargs="+", default=DEVICES)
    parser.add_argument("--objectives", nargs="+", default=OBJECTIVES)
    parser.add_argument("--seeds", type=seeds_of, default=list(SEEDS), help="such as 1000-1009")
    parser.add_argument("--budgets", nargs="+", type=int, default=BUDGETS, help="the last is run")
    parser.add_argument("--population", type=int, default=POPULATION)
    parser.add_argument("--limit-s", type=float, default=np.inf, help="processor time of a peer")
    parser.add_argument("--out", type=Path, default=KEPT, help="folder of the kept runs")
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    return parser.parse_args()


def main() -> None:
    """Make the runs that are missing; then write the figures of all that are kept, and tell."""
    given = _arguments()
    need_tables(given.source)
    space = hwnas.load_space(SPACE, dataset=DATASET)
    for device in given.devices if given.algorithms else ():
        truth = Truth(space, device, given.objectives)
        for algorithm in given.algorithms:
            setting = {
                "space": SPACE,
                "dataset": DATASET,
                "device": device,
                "objectives": list(given.objectives),
                "algorithm": algorithm,
                "population": given.population,
            }
            kept = Runs(given.out, setting)
            for seed in given.seeds:
                if kept.has(seed, max(given.budgets)):
                    continue
                budget, limit_s = max(given.budgets), given.limit_s
                found = searched(truth, algorithm, seed, budget, given.population, limit_s)
                kept.add(recorded(truth, algorithm, found, seed, budget))
    numbers = collected(space, given.out, given.budgets)
    record = {"seeds": list(SEEDS), **numbers}
    if given.out == KEPT:
        write_results("search_quality", record, environment(PACKAGES))
    print(search_quality(record))


if __name__ == "__main__":
    main()
