"""Predictors of measured latency: 200 measured networks, all others predicted.

    python benchmarks/measured_predictors.py [--seeds 0 1 2 3 4] [TABLE ...]

Of each table in ``latency_tables/``, 200 networks are fitted as ``hwnas fit`` fits them, and all
others are predicted as they stand: once 200 that ``hwnas devices add`` would choose among them, and
once 200 at random, for each seed. The last pass of each table measured some networks of the first
again, in another process at another time: the share of its values within 10 % of the first is the
most that a predictor can reach.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
from _environment import environment, write_results
from page import section
from scipy.stats import spearmanr

from hwnas._resources import data_dir
from hwnas.core.target import Target
from hwnas.fitting.columns import fit_column
from hwnas.fitting.design import choose_to_measure
from hwnas.measure.record import SUFFIX, Profile, read_profile
from hwnas.measure.samples import reference_ns, summarize
from hwnas.models.sessions import open_session
from hwnas.predictors.predictor import Predictor
from hwnas.spaces import load_space
from hwnas.tables import Column, Table, load_table

TABLES = ("x86-ort-nasbench201", "x86-ort-mnasnet")
N_FITTED = 200
CLOSE = 0.1


def predict_others(own: Table, column: Column, seed: int | None) -> dict[str, float]:
    """Figures of the networks that a predictor was not fitted on; chosen ones without a seed."""
    space, truth = load_space(own.space), own.values(column.name)
    genotypes = space.genotypes([space.parse(arch) for arch in own.archs])
    known = np.flatnonzero(np.isfinite(truth))
    if seed is None:
        chosen = choose_to_measure(space, N_FITTED, among=genotypes[known])
        is_chosen = (genotypes[known][:, None] == chosen[None]).all(axis=2).any(axis=1)
        fitted_on, rest = known[is_chosen], known[~is_chosen]
    else:
        order = np.random.default_rng(seed).permutation(known)
        fitted_on, rest = order[:N_FITTED], order[N_FITTED:]
    frame = own.frame.iloc[fitted_on].reset_index(drop=True)
    found = fit_column(space, replace(own, name="mine", frame=frame), column, seed or 0)
    predictor = Predictor(found.card, space, open_session(found.model))
    value = predictor.predict_nets(genotypes[rest]).value
    error = np.abs(value / truth[rest] - 1)
    return {
        "within_10_pct": 100 * float(np.mean(error <= CLOSE)),
        "median_error_pct": 100 * float(np.median(error)),
        "spearman": float(spearmanr(value, truth[rest]).statistic),
        "n_others": len(rest),
    }


def repeated(profile: Profile, target: Target) -> dict[str, float]:
    """How the networks of the last pass agree with the first."""
    passes = [
        (each, samples)
        for each, samples in zip(profile.record.passes, profile.samples, strict=True)
        if each.target == target
    ]
    (first, one), (last, two) = passes[0], passes[-1]
    usual = reference_ns(list(one.values()))
    both = np.array(
        [[summarize(part[net], usual).latency_ms for part in (one, two)] for net in two]
    )
    change = np.abs(both[:, 1] / both[:, 0] - 1)
    naive = np.array([[np.median(part[net].run_ns) for part in (one, two)] for net in two])
    return {
        "n_networks": len(two),
        "within_10_pct": 100 * float(np.mean(change <= CLOSE)),
        "median_change_pct": 100 * float(np.median(change)),
        "largest_change_pct": 100 * float(change.max()),
        "naive_median_change_pct": 100 * float(np.median(np.abs(naive[:, 1] / naive[:, 0] - 1))),
        "hours_apart": (last.started_unix_s - first.started_unix_s) / 3600,
    }


def main() -> None:
    """Print the tables and keep the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=TABLES)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(5))
    words = parser.parse_args()
    where = environment(("hwnas", "scikit-learn"))
    numbers = dict[str, Any]()
    for name in words.tables:
        own = load_table(name)
        column = next(each for each in own.columns if each.target and not each.target.conditions)
        assert column.target is not None
        again = repeated(
            read_profile(data_dir("latency_tables") / f"{name}{SUFFIX}"), column.target
        )
        runs = [predict_others(own, column, seed) for seed in words.seeds]
        ways = {
            "chosen": predict_others(own, column, None),
            "random": {key: float(np.mean([run[key] for run in runs])) for key in runs[0]},
        }
        numbers[name] = {**ways, "seeds": list(words.seeds), "again": again}
    write_results("measured_predictors", numbers, where)
    print(section("measured_predictors"))


if __name__ == "__main__":
    main()
