"""The field's checklist for comparisons of searches, answered for given runs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hwnas.algorithms import ALGORITHMS
from hwnas.api._runs import RUN, check_apart
from hwnas.config import SearchConfig
from hwnas.core.arguments import checked, many
from hwnas.core.classes import listed_classes
from hwnas.engine.directory import ENDS
from hwnas.engine.run import Run
from hwnas.engine.work import Stretch, read_work
from hwnas.errors import HwnasError

if TYPE_CHECKING:
    from hwnas.report import ChecklistRow, RunFacts

__all__ = ["checklist", "checklist_markdown", "checklist_record"]

SCHEMA = 1
_SOURCE = "Lindauer and Hutter 2020, https://arxiv.org/abs/1909.02453"
_PROBLEM = {
    "space", "dataset", "options", "device", "objectives", "constraints", "source", "power_w",
    "algorithm", "seed", *ENDS,
}  # fmt: skip
"""What says what is searched and how long, and not how."""


@checked(runs=many(RUN))
def checklist(runs: Sequence[Run]) -> tuple[ChecklistRow, ...]:
    """The 12 rows of the field's checklist, answered by what runs have recorded.

    Args:
        runs: Runs that are compared; of one alone, most rows about comparison are a no.

    Raises:
        ConfigError: There is no run, or one is named twice.
        RunError: What a run has recorded of its work is damaged.

    References:
        Lindauer and Hutter 2020, Best Practices for Scientific Research on Neural Architecture
        Search, JMLR 21(243), https://arxiv.org/abs/1909.02453
    """
    from hwnas.report import checklist as rows

    check_apart(runs)
    return rows([_facts(run) for run in runs], ENDS)


def checklist_record(runs: Sequence[Run], rows: Sequence[ChecklistRow]) -> dict[str, Any]:
    """A checklist for JSON."""
    return {
        "schema": SCHEMA,
        "reference": _SOURCE,
        "runs": [str(run.path) for run in runs],
        "rows": [dataclasses.asdict(row) for row in rows],
    }


def checklist_markdown(rows: Sequence[ChecklistRow]) -> str:
    """A checklist as a table in Markdown."""
    lines = ["| | Practice | Answer | Evidence |", "|---|---|---|---|"]
    for row in rows:
        told = f"{row.evidence} {row.missing}".strip().replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {row.number} | {row.item} | {row.answer} | {told} |")
    return "\n".join(lines)


def _facts(run: Run) -> RunFacts:
    from hwnas.report import RunFacts

    record, work = run.record, read_work(run.path)
    classes = listed_classes(run.space)
    return RunFacts(
        name=str(run.path),
        config=run.config,
        objectives=record.objectives,
        limits=record.limits,
        versions=record.versions,
        status=record.status,
        n_evaluated=run.n_evaluated,
        n_failed=run.n_failed,
        is_exhaustive=run.is_exhaustive,
        n_archs=math.prod(run.space.n_choices),
        n_classes=None if classes is None else len(classes),
        space_from=_package(type(run.space)),
        algorithm_from=None if _algorithm(run) is None else _package(_algorithm(run)),
        changed=_changed(run),
        seconds=work.seconds,
        machines=tuple(dict.fromkeys(map(_machine, work.stretches))),
        commits=tuple(dict.fromkeys(each.commit for each in work.stretches if each.commit)),
    )


def _package(thing: Any) -> str:
    return str(thing.__module__).partition(".")[0]


def _algorithm(run: Run) -> Any:
    """What is registered under the name of the run's algorithm; None if nothing is any more."""
    try:
        return ALGORITHMS[run.config["algorithm"]]
    except (HwnasError, KeyError):
        return None


def _changed(run: Run) -> tuple[str, ...]:
    """Settings of the method that are not the defaults, in words."""
    from hwnas.report import in_words

    usual = {each.name: each.default for each in dataclasses.fields(SearchConfig)}
    usual["warm_start"] = getattr(_algorithm(run), "default_warm_start", None)
    # A limit is kept as limit_at says where the user says nothing.
    own = {name: value for name, value in run.config.items() if name not in {*_PROBLEM, "limit_at"}}
    return tuple(
        in_words(name, value) for name, value in own.items() if value != usual.get(name, value)
    )


def _machine(stretch: Stretch) -> str:
    """A machine in words: what could not be read is left out."""
    n_cpus = None if stretch.n_cpus is None else f"{stretch.n_cpus} CPUs"
    parts = (stretch.cpu, n_cpus, stretch.system, f"Python {stretch.python}")
    return ", ".join(filter(None, parts))
