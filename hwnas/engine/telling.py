"""What an algorithm is told: values as it compares them, all minimised."""

from __future__ import annotations

import numpy as np

from hwnas.algorithms import Told
from hwnas.core.batch import Batch
from hwnas.core.space import SearchSpace
from hwnas.objectives.evaluation import ENDS, Problem, evaluate_stages
from hwnas.objectives.indicators import minimised


def told_of(
    problem: Problem,
    genotypes: np.ndarray,
    values: np.ndarray,
    violation: np.ndarray,
    status: np.ndarray,
) -> Told:
    """What is told of architectures.

    Args:
        problem: What is asked of them.
        genotypes: As they were asked, shape ``(n_archs, n_genes)``.
        values: With both ends of intervals, shape ``(n_archs, n_columns, 3)``.
        violation: Shape ``(n_archs, n_limits)``.
        status: Shape ``(n_archs,)``.
    """
    objectives = problem.objectives
    value, *ends = (
        minimised(values[:, : len(objectives), end], objectives) for end in range(len(ENDS))
    )
    # A negated interval is turned round.
    is_turned = [spec.direction == "max" for spec in objectives]
    lower, upper = np.where(is_turned, ends[::-1], ends)
    return Told(genotypes, value, lower, upper, violation, status)


def known_for_free(space: SearchSpace, problem: Problem, genotypes: np.ndarray) -> Told:
    """What is known of architectures that nobody has evaluated.

    Args:
        space: Their search space.
        problem: What is asked.
        genotypes: Canonical, shape ``(n_archs, n_genes)``.

    Returns:
        As if told: NaN for what is evaluated one by one, values and violations alike.
    """
    batch = Batch(space, genotypes, is_canonical=True)
    values = evaluate_stages(problem, batch, (0, 1))
    violation = problem.violation(values)
    violation[:, [stage == 2 for stage in problem.limit_stages()]] = np.nan
    # What costs is missing everywhere; only what else is rules something out.
    status = np.where(problem.can_be_feasible(values, 1), "asked", problem.status(values))
    return told_of(problem, genotypes, values, violation, status)
