"""What a finished search says of its end, and of rewards that nothing earned."""

from __future__ import annotations

import numpy as np

from hwnas.algorithms import ALGORITHMS, ends_by_itself
from hwnas.choose.infeasible import tightest_limit
from hwnas.core.formula import REWARD, kinds_of
from hwnas.core.words import joined
from hwnas.engine.loop import Loop
from hwnas.engine.run import Run
from hwnas.engine.task import Task


def ended_note(run: Run, task: Task, loop: Loop) -> list[str]:
    """What to say of an end that nobody could tell before; nothing of one that was asked for.

    Args:
        run: What was found.
        task: When it was to end.
        loop: How it ended.
    """
    if loop.end == "time":
        return [f"The search ended with its time, after {_archs(run)}."]
    if loop.end == "stable":
        return [
            f"The search ended as its hypervolume had come to rest, after {_archs(run)}: the "
            "second half of them raised it by less than 1 %."
        ]
    why = _why_early(run, loop)
    if not why or _is_complete(run, task, loop):
        return []
    return [f"The search ended early, {why}: {_how_far(run, task, loop)}.{_limit(run, task)}"]


def zero_notes(run: Run) -> list[str]:
    """What to say of rewards that are 0 for all that was evaluated, however little that is."""
    found = []
    for spec, values in zip(run.record.objectives, run.evaluated.T, strict=True):
        known = values[np.isfinite(values)]
        if REWARD in kinds_of([spec.column]) and len(known) and not known.any():
            found.append(
                f"{spec.column} is 0 for every architecture of the {len(known):,} evaluated, as "
                "none keeps its limits: it ranks nothing. Loosen them, or search longer."
            )
    return found


def _why_early(run: Run, loop: Loop) -> str:
    """Why a search ended that was to go on, in words; empty if it was not."""
    algorithm = run.config["algorithm"]
    # It ends with all classes whatever the budget, and that is what it was chosen for.
    if ends_by_itself(ALGORITHMS[algorithm]):
        return ""
    return {
        "classes": "as every functional class of the space was evaluated",
        "idle": f"as generation after generation of {algorithm} brought nothing more to evaluate",
        "algorithm": f"as {algorithm} had nothing more to propose",
    }.get(loop.end or "", "")


def _is_complete(run: Run, task: Task, loop: Loop) -> bool:
    """Whether the budget, or all generations, were used up at the same time."""
    is_spent = task.budget is not None and run.spent >= task.budget
    return is_spent or len(loop.tracker.generations) == task.generations


def _how_far(run: Run, task: Task, loop: Loop) -> str:
    """How much was evaluated, of how much."""
    if task.budget is not None:
        return f"{run.spent:,.6g} of {task.budget:,} evaluations were used"
    if task.generations is None:
        return f"{_archs(run)} evaluated"
    n_generations = len(loop.tracker.generations)
    return f"{n_generations:,} of {task.generations:,} generations, {_archs(run)} evaluated"


def _archs(run: Run) -> str:
    return f"{run.n_evaluated:,} architecture{'s' if run.n_evaluated != 1 else ''}"


def _limit(run: Run, task: Task) -> str:
    """The tightest limit, as a further sentence; all where nothing was evaluated to tell it."""
    broke, problem = run.infeasible, task.problem
    if not problem.limits:
        return ""
    if not len(broke):
        return f" Nothing else may keep {joined(list(map(str, problem.limits)))}."
    return f" {tightest_limit(broke, problem.limits, problem.limit_share)}"
