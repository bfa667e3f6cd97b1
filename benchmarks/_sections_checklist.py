"""The field's checklist, answered for the comparison of searches whose evaluations cost.

References:
    Lindauer and Hutter 2020, Best Practices for Scientific Research on Neural Architecture Search,
    JMLR 21(243), https://arxiv.org/abs/1909.02453
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from _environment import table
from _sections_quality import ORACLE, OURS

Record = Mapping[str, Any]

_MIN_SEEDS = 5
_TUNED = """\
Those of `surrogate` were chosen on seeds 1200 to 1205 of edgegpu and eyeriss, after prototypes on \
1100 to 1107. The seeds here are others, of which 1000 to 1004 were looked at before all was \
settled, and fpga had no part in it. But the space is the same, and so are accuracy and robustness \
on all devices. Peers have their defaults and were not tuned."""


def checklist(record: Record) -> str:
    """The 12 rows, as ``hwnas checklist`` has them, by what the kept runs tell."""
    answers = (
        ("Code of search space and evaluation", _EVALUATION),
        ("Code of the method, its settings and seeds", _METHOD),
        ("The same benchmark for all", _BENCHMARK),
        ("Ablation of what is new", _ABLATION),
        ("The same evaluation protocol and budget", _protocol(record)),
        ("Performance over time", _OVER_TIME),
        ("Random search among the compared", _random(record)),
        ("Several runs with other seeds", _seeds(record)),
        ("A tabular or surrogate benchmark", _TABULAR),
        ("Confounding factors controlled", _confounders(record)),
        ("How settings were tuned", ("partly", _TUNED)),
        ("Time of the whole method, and the set-up", _TIME),
    )
    rows = [[n, item, *answer] for n, (item, answer) in enumerate(answers, start=1)]
    return f"""\
[Best practices](https://arxiv.org/abs/1909.02453) for research on architecture search, answered for
the section above. Each run is a line of `benchmarks/results/search_quality/`, with seed, commit,
machine, versions, seconds and all that it evaluated in order. `hwnas checklist RUN...` answers the
same rows for runs of your own.

{table(["", "asked", "answer", "evidence"], rows)}"""


_EVALUATION = (
    "yes",
    "The space `nasbench201` and the published tables, which `hwnas tables pull` fetches by their "
    "SHA-256; class means, see `benchmarks/_truth.py`.",
)
_METHOD = (
    "yes",
    "Commit, seed, budget and population of each run are kept; all else is the code's default at "
    "that commit. Whether files differed from the commit is not.",
)
_BENCHMARK = (
    "yes",
    "One space, data set and table; the same four objectives, all unknown at the start, no limits; "
    "what is asked for again is free for all.",
)
_ABLATION = (
    "no",
    f"Parts of `{OURS}` were tried one by one on other seeds; those runs are not kept.",
)
_OVER_TIME = (
    "yes",
    "Every evaluation is kept in order, and the gap after each; processor time after each batch.",
)
_TABULAR = ("yes", "All values are looked up; nothing is trained or measured.")
_TIME = (
    "partly",
    "Processor and wall time of each run's search are kept. The time of the trainings and "
    "measurements behind the tables, and of the proxies' scores that are free to "
    f"`{OURS}`, is not counted.",
)


def _protocol(record: Record) -> tuple[str, str]:
    """Whether all went as far."""
    last = max(record["budgets"])
    short = [
        name
        for name, figures in _compared(record)
        if None in figures["gap_pct"][str(last)] or not figures["seeds"]
    ]
    told = f"{last:,} evaluations each."
    if not short:
        return "yes", told
    return "partly", f"{told} Not known to the end of: {_quoted(short)}."


def _random(record: Record) -> tuple[str, str]:
    """On which devices random search is among them."""
    devices: Mapping[str, Record] = record["devices"]
    having = [device for device, each in devices.items() if "random" in each["algorithms"]]
    answer = "yes" if len(having) == len(devices) else "partly" if having else "no"
    return answer, f"On {', '.join(having) or 'no device'}."


def _seeds(record: Record) -> tuple[str, str]:
    """How many seeds each has on each device, as far as they are few."""
    counts = {
        f"{name} on {device}": len(each["algorithms"][name]["seeds"])
        for device, each in record["devices"].items()
        for name in each["algorithms"]
        if name != ORACLE
    }
    least, most = min(counts.values()), max(counts.values())
    told = f"{most} seeds each." if least == most else f"{least} to {most} seeds each."
    few = [f"{name} ({n})" for name, n in counts.items() if n < _MIN_SEEDS]
    if not few:
        return "yes", told
    return "partly", f"{told} Fewer than {_MIN_SEEDS}: {', '.join(few)}."


def _confounders(record: Record) -> tuple[str, str]:
    """Whether commits, machines and versions are the same."""
    commits = {each for _, figures in _compared(record) for each in figures["commits"]}
    places = {each for _, figures in _compared(record) for each in figures.get("environments", ())}
    told = f"Commits: {len(commits)}; machines and versions: {len(places) or 'not kept'}."
    is_one = len(commits) == len(places) == 1
    return ("yes" if is_one else "partly"), f"{told} No figure rests on wall time."


def _compared(record: Record) -> Iterable[tuple[str, Record]]:
    """Names and figures of all but the oracle, which is a bound, on each device."""
    for each in record["devices"].values():
        for name, figures in each["algorithms"].items():
            if name != ORACLE:
                yield name, figures


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names))
