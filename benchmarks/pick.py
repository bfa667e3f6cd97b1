"""Whether the pick keeps its limit in truth and what it gives away; what a front's rows are worth.

Default searches on NAS-Bench-201, 20 latency limits each; the truth of a class is the mean over its
networks in the published tables. The shipped predictors have seen every class; beside them the same
by predictions of classes that were not seen. Needs the tables:
``python benchmarks/pick.py --from DIR``. About 40 minutes on two cores.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _environment import RESULTS, environment, read_results, write_results
from _truth import TABLES, objectives_of
from _unseen import unseen
from page import section

import hwnas
from hwnas.api import make_objective
from hwnas.choose import select
from hwnas.choose.front import Front
from hwnas.core.batch import Batch
from hwnas.core.classes import valid_classes
from hwnas.core.objective import Objective
from hwnas.core.residuals import chance_at_most, chance_larger
from hwnas.core.space import SearchSpace
from hwnas.errors import NoCandidateError
from hwnas.objectives.evaluation import evaluate
from hwnas.objectives.indicators import minimised, non_dominated
from hwnas.tables import import_table

DEVICES = ("edgegpu", "raspi4", "pixel3", "eyeriss")
N_LIMITS = 20
N_CALIBRATED = 1000
"""Classes on which probabilities are held against the truth."""
RULES: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "limit at 90%": {"limit_at": "90%"},
    "limit at point": {"limit_at": "point"},
    "knee, limit at point": {"limit_at": "point", "method": "knee"},
    "asf, limit at point": {"limit_at": "point", "method": "asf"},
}
SHIPPED, UNSEEN = "shipped", "unseen"
PREDICTIONS = (SHIPPED, UNSEEN)
"""By the shipped predictors, or by models that have not seen the class."""


@dataclass(frozen=True)
class Known:
    """What is known of every functional class on a device.

    Args:
        row_of: Row of each canonical string.
        measures: What predicts.
        predicted: Every class as the rows of a front, with values that are predicted.
        truth: True values, shape ``(n_classes, n_objectives)``.
    """

    row_of: dict[str, int]
    measures: Sequence[Objective]
    predicted: Front
    truth: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """True values of a column, shape ``(n_classes,)``."""
        return self.truth[:, self.predicted.place(name)]

    @property
    def limits(self) -> np.ndarray:
        """Latency limits: evenly spaced quantiles of the true latencies, shape ``(n_limits,)``."""
        shares = (np.arange(N_LIMITS) + 0.5) / N_LIMITS
        return np.asarray(np.quantile(self.column("latency_ms"), shares))


def known_of(space: SearchSpace, device: str, predictions: str, folder: Path) -> Known:
    """What is known of every functional class on a device.

    Args:
        space: Search space with its data set.
        device: Name of the device.
        predictions: One of ``PREDICTIONS``.
        folder: Where predictions of unseen classes are kept.
    """
    every = space.all_genotypes()
    assert every is not None
    batch = Batch(space, valid_classes(space, every), is_canonical=True)
    names = objectives_of(space, device)
    target = hwnas.load_device(device)
    measures: list[Objective] = [make_objective(space, name, target) for name in names]
    if predictions == UNSEEN:
        measures = [unseen(each, folder) for each in measures]
    predicted = evaluate(batch, measures)
    truth = evaluate(batch, [make_objective(space, name, target, "table") for name in names])
    values, lower, upper = (
        np.stack([getattr(each, end) for each in predicted], axis=1)
        for end in ("value", "lower", "upper")
    )
    specs = tuple(each.spec for each in measures)
    archs = tuple(map(str, batch))
    return Known(
        row_of={arch: row for row, arch in enumerate(archs)},
        measures=measures,
        predicted=Front(archs, specs, values, lower, upper, len(specs)),
        truth=np.stack([each.value for each in truth], axis=1),
    )


def picks(known: Known, front: Front, rule: Mapping[str, Any]) -> list[Any]:
    """At each limit: the limit, the pick's row or None, and the probability that it holds.

    Args:
        known: What is known of the device.
        front: Where to choose from.
        rule: Settings of ``select``.
    """
    accuracy, latency = known.column("accuracy_pct"), known.column("latency_ms")
    found: list[Any] = []
    for limit in known.limits:
        best = accuracy[latency <= limit].max(initial=-math.inf)
        if not math.isfinite(best):
            continue
        try:
            selection = select(front, at_most={"latency_ms": float(limit)}, **rule)
        except NoCandidateError:
            found.append((limit, None, None, best))
            continue
        row = known.row_of[selection.pick.arch]
        found.append((limit, row, selection.limit_chances[0], best))
    return found


def figures(known: Known, found: Sequence[Any]) -> dict[str, float]:
    """How often limits are broken in truth, and how far accuracy is from the best within them."""
    accuracy, latency = known.column("accuracy_pct"), known.column("latency_ms")
    made = [each for each in found if each[1] is not None]
    over = np.array([latency[row] / limit - 1 for limit, row, _, _ in made])
    short = np.array([best - accuracy[row] for _, row, _, best in made])
    return {
        "n": len(found),
        "nothing_left_pct": 100 * (1 - len(made) / len(found)),
        "broken_pct": float(100 * np.mean(over > 0)),
        "stated_to_break_pct": float(100 * np.mean([1 - chance for _, _, chance, _ in made])),
        "worst_excess_pct": float(100 * max(over.max(), 0)),
        "accuracy_short_mean": float(short.mean()),
        "accuracy_short_max": float(short.max()),
    }


def front_figures(known: Known, fronts: Iterable[Sequence[str]]) -> dict[str, float]:
    """How many members of fronts are dominated in truth, and inside their intervals."""
    specs = known.predicted.objectives
    costs = minimised(known.truth, specs)
    inside = (known.predicted.lower <= known.truth) & (known.truth <= known.predicted.upper)
    dominated, by_own, each, together = [], [], [], []
    for archs in fronts:
        rows = np.array([known.row_of[arch] for arch in archs])
        worse = (costs[None] <= costs[rows][:, None]).all(axis=2)
        worse &= (costs[None] < costs[rows][:, None]).any(axis=2)
        dominated.append(worse.any(axis=1).mean())
        by_own.append(1 - non_dominated(costs[rows]).mean())
        each.append(inside[rows].mean())
        together.append(inside[rows].all(axis=1).mean())
    return {
        "dominated_by_any_class_pct": float(100 * np.mean(dominated)),
        "dominated_by_another_member_pct": float(100 * np.mean(by_own)),
        "each_interval_pct": float(100 * np.mean(each)),
        "all_of_a_row_pct": float(100 * np.mean(together)),
        "each_interval_of_all_classes_pct": float(100 * inside.mean()),
        "all_of_a_row_of_all_classes_pct": float(100 * inside.all(axis=1).mean()),
    }


def laplace_at_most(value: float, lower: float, upper: float, bound: float) -> float:
    """As ``chance_at_most``, with residuals by Laplace calibrated to the same interval."""
    side = upper - value if bound >= value else value - lower
    tail = 0.5 * math.pow(0.1, abs(bound - value) / side)
    return 1 - tail if bound >= value else tail


def calibration(known: Known) -> dict[str, Any]:
    """Probabilities against truth, for two models of the residuals."""
    front, rng = known.predicted, np.random.default_rng(0)
    rows = rng.choice(len(front), N_CALIBRATED, replace=False)
    place = front.place("latency_ms")
    # Evenly spaced: some devices have a few latencies that most networks share, and a limit at one
    # of them would know more than a user does.
    ends = np.quantile(known.column("latency_ms"), (0.02, 0.98))
    bounds = np.linspace(ends[0], ends[1], 199)
    cases = [
        ((*(array[row, place] for array in (front.values, front.lower, front.upper)), bound), row)
        for row in rows
        for bound in bounds.tolist()
        # Elsewhere every model is sure.
        if 2 * front.lower[row, place] - front.values[row, place]
        <= bound
        <= 2 * front.upper[row, place] - front.values[row, place]
    ]
    holds = np.array([known.truth[row, place] <= case[-1] for case, row in cases])
    found: dict[str, Any] = {"n": len(cases)}
    for name, model in (("normal", chance_at_most), ("laplace", laplace_at_most)):
        found[name] = _reliability(np.array([model(*case) for case, _ in cases]), holds)
    found["pairs"] = {
        spec.column: _pairs(known, number) for number, spec in enumerate(front.objectives)
    }
    return found


def _pairs(known: Known, place: int) -> dict[str, Any]:
    """Probability that one of two classes is larger, for pairs whose intervals overlap."""
    front, rng = known.predicted, np.random.default_rng(0)
    pairs = rng.choice(len(front), size=(20_000, 2))
    ends = np.stack([array[:, place] for array in (front.values, front.lower, front.upper)], axis=1)
    one, other = ends[pairs[:, 0]], ends[pairs[:, 1]]
    near = (one[:, 1] <= other[:, 2]) & (other[:, 1] <= one[:, 2]) & (pairs[:, 0] != pairs[:, 1])
    chances = np.array(
        [chance_larger(tuple(a), tuple(b)) for a, b in zip(one[near], other[near], strict=True)]
    )
    larger = known.truth[pairs[near][:, 0], place] > known.truth[pairs[near][:, 1], place]
    return _reliability(chances, larger)


def _reliability(chances: np.ndarray, happened: np.ndarray) -> dict[str, Any]:
    """Log loss, Brier score, and for bins of probability its mean and how often it happened."""
    safe = np.clip(chances, 1e-6, 1 - 1e-6)
    bins = np.digitize(chances, [0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
    return {
        "log_loss": float(-np.mean(np.where(happened, np.log(safe), np.log(1 - safe)))),
        "brier": float(np.mean((chances - happened) ** 2)),
        "stated_happened": [
            [round(float(array[bins == each].mean()), 3) for array in (chances, happened)]
            for each in np.unique(bins)
        ],
    }


def measured(
    space: SearchSpace, device: str, predictions: str, seeds: Sequence[int], folder: Path
) -> dict[str, Any]:
    """All figures of a device, by one of ``PREDICTIONS``."""
    known = known_of(space, device, predictions, folder / UNSEEN)
    runs = [
        hwnas.search(
            space,
            device=device,
            objectives=list(known.measures),
            seed=seed,
            out=folder / f"{device}-{predictions}-{seed}",
        )
        for seed in seeds
    ]
    rules = {}
    for title, rule in RULES.items():
        found = [each for run in runs for each in picks(known, run.front, rule)]
        rules[title] = figures(known, found)
    return {
        "objectives": [each.spec.column for each in known.measures],
        "rules": rules,
        "front": front_figures(known, [run.front.archs for run in runs]),
        "calibration": calibration(known),
    }


def main() -> None:
    """Print the tables and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--devices", nargs="+", default=DEVICES)
    parser.add_argument("--out", type=Path, default=RESULTS / "pick.json")
    words = parser.parse_args()
    space = hwnas.load_space("nasbench201")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["HWNAS_CACHE"] = str(folder / "cache")
        for needed in TABLES:
            import_table(needed, words.source)
        found = {
            device: {
                each: measured(space, device, each, words.seeds, folder) for each in PREDICTIONS
            }
            for device in words.devices
        }
    where = environment(("hwnas", "numpy", "pymoo", "moocore"))
    numbers = {"seeds": words.seeds, "n_limits": N_LIMITS, "devices": found}
    write_results("pick", numbers, where, words.out)
    print(section("pick", read_results(words.out)))


if __name__ == "__main__":
    main()
