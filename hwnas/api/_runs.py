"""What is done with a finished run: read it, choose from it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hwnas.api._baseline import baseline_of
from hwnas.choose import Selection, SweptLimit, sweep
from hwnas.choose import select as select_from_front
from hwnas.choose.front import shown_columns
from hwnas.choose.infeasible import why_nothing
from hwnas.choose.selection import selection_record
from hwnas.choose.swept import sweep_record
from hwnas.core import arguments
from hwnas.core.architecture import Architecture
from hwnas.core.arguments import checked, kind_of, many, mapping
from hwnas.core.limits import (
    Goal,
    Limit,
    Share,
    limit_notes,
    parse_assignments,
    parse_goals,
    parse_limit,
)
from hwnas.core.residuals import DEFAULT_LIMIT_AT, limit_share
from hwnas.engine.front_files import front_record
from hwnas.engine.run import Run
from hwnas.errors import ConfigError, NoCandidateError

__all__ = [
    "DEFAULT_LIMIT_AT",
    "Share",
    "check_feasible",
    "front_record",
    "limit_notes",
    "load_run",
    "parse_assignments",
    "parse_goals",
    "parse_limit",
    "select",
    "selection_record",
    "shown_columns",
    "sweep_limits",
    "sweep_record",
]

RUN = kind_of(Run, what="a run, as hwnas.load_run gives it")


def _goal(name: str, value: Any) -> Goal:
    return value if isinstance(value, Share) else arguments.number(name, value)


_GOALS = mapping(_goal)


@checked(path=arguments.path)
def load_run(path: str | os.PathLike[str]) -> Run:
    """The run in a directory.

    Raises:
        RunError: The directory holds no run, or a damaged one.
    """
    return Run.load(Path(path))


def check_apart(runs: Sequence[Run]) -> None:
    """Check that no run is among runs twice.

    Raises:
        ConfigError: One is.
    """
    seen = set[Path]()
    for run in runs:
        if run.path.resolve() in seen:
            raise ConfigError(f"Runs must each be named once to be compared; {run.path} is twice.")
        seen.add(run.path.resolve())


def check_feasible(run: Run) -> None:
    """Check that a run found anything that keeps its constraints.

    Raises:
        NoCandidateError: It did not: which constraint is the tightest, and what comes nearest.
    """
    if len(run.front):
        return
    broke = run.infeasible
    if not run.n_evaluated:
        raise NoCandidateError(
            "The run must have evaluated something; it has not yet. Resume the search."
        )
    if not run.is_full.any():
        raise NoCandidateError(f"{run.lacks_full} Resume the search with a larger budget.")
    if not len(broke):
        raise NoCandidateError(
            f"None of the {run.n_evaluated:,} architectures evaluated has a value in every "
            "objective. Search longer, or leave an objective out."
        )
    limits = [parse_limit(text, own=broke.names) for text in run.record.limits]
    share = limit_share(run.config["limit_at"])
    raise NoCandidateError(
        why_nothing(broke, limits, share, "evaluated", "Or search longer.", is_spared=True)
    )


@checked(
    run=RUN,
    at_most=_GOALS,
    at_least=_GOALS,
    prefer=mapping(arguments.number),
    method=arguments.text,
    limit_at=arguments.text,
    constraints=many(),
)
def select(
    run: Run,
    at_most: Mapping[str, Goal] | None = None,
    at_least: Mapping[str, Goal] | None = None,
    prefer: Mapping[str, float] | None = None,
    method: str | None = None,
    limit_at: str = DEFAULT_LIMIT_AT,
    baseline: str | Architecture | None = None,
    constraints: Sequence[str | Limit] = (),
) -> Selection:
    """Choose the architecture to ship from a run's front.

    Args:
        run: The run.
        at_most: Largest value allowed, by column; ``Share(0.6)`` of the baseline's.
        at_least: Smallest value allowed, by column.
        prefer: Importance, by column.
        method: ``"lexicographic"``, the default under limits: the best of the first quality that
            has no limit; ``"knee"``, the default without; ``"asf"``, the default with a
            preference; or ``"pseudo-weights"``.
        limit_at: What must keep a limit: ``"interval"``, the far end of the value's 90 % interval;
            ``"point"``, the value; or a probability such as ``"90%"``.
        baseline: What you have, to compare the pick with: an architecture, or its values as
            ``"latency_ms=20,accuracy_pct=91"``.
        constraints: More limits, as a search takes them: ``["latency_ms<=5"]``.

    Raises:
        NoCandidateError: Nothing satisfies the limits, or nothing did those of the search.
        UnknownNameError: There is no such column or method.
        ArchitectureError: The baseline is no architecture of the space.
        ConfigError: A limit or weight cannot be, or two limits exclude each other.
    """
    check_feasible(run)
    known = None if baseline is None else baseline_of(run, baseline)
    return select_from_front(
        run.front, at_most or {}, at_least or {}, prefer, method, limit_at, known, constraints
    )


@checked(
    run=RUN,
    column=arguments.text,
    at_most=_GOALS,
    at_least=_GOALS,
    prefer=mapping(arguments.number),
    method=arguments.text,
    limit_at=arguments.text,
    constraints=many(),
)
def sweep_limits(
    run: Run,
    column: str,
    at_most: Mapping[str, Goal] | None = None,
    at_least: Mapping[str, Goal] | None = None,
    prefer: Mapping[str, float] | None = None,
    method: str | None = None,
    limit_at: str = DEFAULT_LIMIT_AT,
    baseline: str | Architecture | None = None,
    constraints: Sequence[str | Limit] = (),
) -> tuple[SweptLimit, ...]:
    """The pick from a run's front at each of ten limits on a column, the tightest first.

    Args:
        run: The run.
        column: The column to limit.
        at_most: As for ``select``, and so on.
        at_least: The same.
        prefer: The same.
        method: The same.
        limit_at: The same.
        baseline: The same.
        constraints: The same.

    Raises:
        NoCandidateError: No limit leaves anything.
        UnknownNameError: There is no such column or method.
        ArchitectureError: The baseline is no architecture of the space.
        ConfigError: The column is limited already; a limit or weight cannot be.
    """
    check_feasible(run)
    known = None if baseline is None else baseline_of(run, baseline)
    return sweep(
        run.front,
        column,
        at_most,
        at_least,
        prefer,
        method,
        limit_at,
        known,
        constraints=constraints,
    )
