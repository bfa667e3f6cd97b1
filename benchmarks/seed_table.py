"""The field's comparison on NAS-Bench-201, many seeds each, beside its published column.

One objective: CIFAR-10 validation accuracy, the only true validation accuracy there is. What has
the best of it among the classes evaluated is picked, and its test accuracy told on all three data
sets, all class means. Run: ``python benchmarks/seed_table.py``.

References:
    Dong and Yang 2020, NAS-Bench-201, Table 5, https://arxiv.org/abs/2001.00326 (random search,
    regularised evolution, REINFORCE, BOHB)
    Mellor et al. 2021, Neural Architecture Search without Training, Table 2,
    https://arxiv.org/abs/2006.04647 (NASWOT, AREA, the best of N)
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _environment import RESULTS, commit, environment, read_results, write_results
from _truth import need_tables
from page import section
from search_quality import PACKAGES

import hwnas
from hwnas.algorithms import ALGORITHMS, Setting, Told
from hwnas.algorithms.warm_start import draw, parse_warm_start
from hwnas.core.architecture import genotype_keys
from hwnas.core.forms import Forms
from hwnas.core.space import SearchSpace
from hwnas.tables import class_means, load_table

SPACE = "nasbench201"
VALIDATION = ("robustness", "cifar10_accuracy_pct@validation")
TESTS = {
    name: ("nats-bench", f"{name}_accuracy_pct@test")
    for name in ("cifar10", "cifar100", "imagenet16-120")
}
TABLES = ("robustness", "nats-bench")
# What 12,000 simulated seconds were cannot be told from the tables, which hold no training times;
# as many as the published best of 100 has.
BUDGET = 100
N_SEEDS = 200
# NATS-Bench's of regularised evolution; below 20 one architecture is asked for at once.
POPULATION = 10
NAME = "seed_table"


@dataclass(frozen=True, slots=True)
class Row:
    """A strategy of the table.

    Args:
        title: Its name in the field.
        algorithm: Ours; None where there is none.
        published: Mean test accuracy in % on the three data sets, None where none was published.
        deviations: Their published standard deviations, None where none was found.
        budget: Classes that are evaluated.
        warm_start: What it begins with.
        n_seeds: Seeds at most, where a run is dear.
        note: What is to be known of the comparison.
    """

    title: str
    algorithm: str | None
    published: tuple[float, ...] | None = None
    deviations: tuple[float | None, ...] | None = None
    budget: int = BUDGET
    warm_start: str | None = None
    n_seeds: int = N_SEEDS
    note: str = ""


# Published numbers that no copy of the papers' tables was found for.
UNCHECKED = "published: as given in lectures"
ROWS = (
    Row(
        "RS",
        "random",
        (93.70, 71.04, 44.57),
        (0.36, None, 1.25),
        note="published on cifar100: as given in lectures",
    ),
    Row("REA", "regularized-evolution", (93.92, 71.84, 45.54), note=UNCHECKED),
    Row("REINFORCE", "reinforce", (93.85, 71.71, 45.24), (0.37, 1.09, 1.18)),
    Row(
        "BOHB",
        None,
        (93.61, 70.85, 44.26),
        note=f"needs fidelities, the tables have 200 epochs; {UNCHECKED}",
    ),
    Row("TPE", "tpe", n_seeds=100, note="Optuna's, at full fidelity: no BOHB"),
    Row("AREA", "area", warm_start="nwot:1000", note=f"{UNCHECKED}, validation 91.20"),
    Row("surrogate", "surrogate", n_seeds=20),
    Row("NASWOT, N = 10", "naswot", (92.44, 68.62, 41.31), (1.13, 2.04, 4.11), 1, "nwot:10"),
    Row("NASWOT, N = 100", "naswot", (92.81, 69.48, 43.10), (0.99, 1.70, 3.16), 1, "nwot:100"),
    Row("NASWOT, N = 1000", "naswot", (92.96, 69.98, 44.44), (0.81, 1.22, 2.10), 1, "nwot:1000"),
)
# The best test accuracy of so many cells drawn at random: what no pick among them can beat.
OPTIMAL = {10: 93.06, 100: 93.84}


class Accuracies:
    """Accuracies of all functional classes in percent, class means.

    Args:
        space: NAS-Bench-201.

    Attributes:
        genotypes: Canonical genotypes, shape ``(n_classes, n_genes)``.
        validation: On CIFAR-10, shape ``(n_classes,)``.
        tests: On each data set, shape ``(n_classes, n_data_sets)``.
    """

    def __init__(self, space: SearchSpace) -> None:
        means = [
            class_means(space, load_table(table), column)
            for table, column in (VALIDATION, *TESTS.values())
        ]
        assert all(np.array_equal(each.genotypes, means[0].genotypes) for each in means)
        self.genotypes = means[0].genotypes
        self.validation = means[0].values
        self.tests = np.stack([each.values for each in means[1:]], axis=1)
        self._space = space
        self._row_of = {key: row for row, key in enumerate(genotype_keys(self.genotypes))}

    def rows(self, genotypes: np.ndarray) -> np.ndarray:
        """The class of each valid genotype, shape ``(n_archs,)``."""
        keys = genotype_keys(self._space.canonical_genotypes(genotypes))
        return np.array([self._row_of[key] for key in keys], dtype=int)


def evaluated(
    space: SearchSpace, known: Accuracies, row: Row, seed: int, forms: Forms
) -> np.ndarray:
    """Classes that a strategy evaluates, each once, in order; shape ``(n_evaluated,)``.

    What is asked for again is told again and costs nothing.
    """
    assert row.algorithm is not None
    make = ALGORITHMS[row.algorithm]
    population = min(POPULATION, row.budget)
    initial = None
    if row.warm_start is not None:
        start = parse_warm_start(row.warm_start)
        initial = draw(space, start, population, seed).best(population)
    n_classes = len(known.genotypes)
    setting = Setting(space, 1, population, seed, initial=initial, forms=forms, n_classes=n_classes)
    algorithm, found = make(setting), dict[int, None]()
    while len(found) < row.budget:
        genotypes = algorithm.ask(min(population, row.budget - len(found)))
        if not len(genotypes):
            break
        rows = known.rows(genotypes)
        found.update(dict.fromkeys(rows.tolist()))
        algorithm.tell(_told(genotypes, known.validation[rows]))
    return np.array(list(found), dtype=int)


def _told(genotypes: np.ndarray, accuracy_pct: np.ndarray) -> Told:
    unknown = np.full((len(genotypes), 1), np.nan)
    return Told(
        genotypes,
        -accuracy_pct[:, None],
        unknown,
        unknown,
        np.zeros((len(genotypes), 0)),
        np.full(len(genotypes), "done", dtype=object),
    )


def picked(
    space: SearchSpace, known: Accuracies, row: Row, seeds: Sequence[int], forms: Forms
) -> dict[str, Any]:
    """Accuracies of what a strategy picks: means and standard deviations over seeds."""
    started = time.process_time()
    runs = [evaluated(space, known, row, seed, forms) for seed in seeds]
    picks = np.array([rows[np.argmax(known.validation[rows])] for rows in runs])
    return {
        "n_seeds": len(seeds),
        "evaluated": float(np.mean([len(rows) for rows in runs])),
        "validation_pct": _spread(known.validation[picks]),
        "test_pct": [_spread(values) for values in known.tests[picks].T],
        "seconds_cpu": round(time.process_time() - started, 1),
        "commit": commit(),
    }


def optimal(
    space: SearchSpace, known: Accuracies, n_cells: int, seeds: Sequence[int]
) -> dict[str, Any]:
    """The best accuracy of so many cells drawn at random, on each data set by itself."""
    drawn = [
        known.rows(space.sample_genotypes(n_cells, np.random.default_rng(seed))) for seed in seeds
    ]
    return {
        "n_seeds": len(seeds),
        "evaluated": float(n_cells),
        "validation_pct": _spread(np.array([known.validation[rows].max() for rows in drawn])),
        "test_pct": [
            _spread(values)
            for values in np.array([known.tests[rows].max(axis=0) for rows in drawn]).T
        ],
    }


def _spread(values: np.ndarray) -> list[float]:
    """Mean and standard deviation."""
    return [float(values.mean()), float(values.std(ddof=1))]


def rows_of_table(
    n_seeds: int, titles: Sequence[str], kept: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """All rows, ours beside the published, one after the other.

    Args:
        n_seeds: Seeds of each.
        titles: Which strategies are run; of the others what was kept before stands on.
        kept: What was measured before, by title.
    """
    space = hwnas.load_space(SPACE)
    known, forms, seeds = Accuracies(space), Forms(space), range(n_seeds)
    for row in ROWS:
        ours = kept.get(row.title)
        if row.algorithm in ALGORITHMS and row.title in titles:
            ours = picked(space, known, row, seeds[: row.n_seeds], forms)
        yield {
            "title": row.title,
            "published_pct": row.published,
            "published_deviations": row.deviations,
            "note": row.note,
            "ours": ours,
        }
    for n_cells, published in OPTIMAL.items():
        yield {
            "title": f"best of {n_cells}",
            "published_pct": (published, None, None),
            "published_deviations": None,
            "note": f"by test accuracy itself; {UNCHECKED}",
            "ours": optimal(space, known, n_cells, seeds),
        }


def main() -> None:
    """Make the table, write it and tell; each row is kept as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-seeds", type=int, default=N_SEEDS)
    parser.add_argument("--rows", nargs="+", default=[row.title for row in ROWS])
    parser.add_argument("--from", dest="source", type=Path, help="folder of the published files")
    given = parser.parse_args()
    need_tables(given.source, TABLES)
    path, before = RESULTS / f"{NAME}.json", list[dict[str, Any]]()
    if path.exists():
        before = read_results(path)["rows"]
    rows = {row["title"]: row for row in before}
    kept = {title: row["ours"] for title, row in rows.items()}
    for row in rows_of_table(given.n_seeds, given.rows, kept):
        rows[row["title"]] = row
        numbers = {"budget": BUDGET, "population": POPULATION, "data_sets": list(TESTS)}
        where = environment((*PACKAGES, "optuna"))
        write_results(NAME, {**numbers, "rows": list(rows.values())}, where)
    print(section(NAME))


if __name__ == "__main__":
    main()
