"""Pages of runs: one run as a report, two runs side by side."""

from __future__ import annotations

import hashlib
import os
import webbrowser
from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwnas.api._runs import RUN, check_apart
from hwnas.choose import Selection
from hwnas.choose import select as select_from_front
from hwnas.core import arguments
from hwnas.core.arguments import checked, many
from hwnas.core.limits import Limit, parse_limit
from hwnas.core.residuals import INTERVAL, POINT
from hwnas.engine.directory import ENDS
from hwnas.engine.record import FRONT_CSV, REPORT
from hwnas.engine.run import Run
from hwnas.errors import ConfigError, HwnasError, NoCandidateError

if TYPE_CHECKING:
    from hwnas.report import (
        Curves,
        EarlierFront,
        FrontComparison,
        Provenance,
        Searched,
        Side,
    )

__all__ = [
    "check_picture",
    "compare_curves",
    "compare_runs",
    "open_page",
    "verdict",
    "write_comparison",
    "write_curves",
    "write_picture",
    "write_report",
]

COMPARISON = "comparison.html"
_EARLIER_PCT = (10, 50)
_FIGURES = {
    "kendall_tau": "Kendall tau",
    "kendall_tau_best_fifth": "Kendall tau within the best fifth",
    "spearman": "Spearman",
    "mape_pct": "mean relative error, %",
    "within_10_pct": "within 10 % of the truth, %",
    "interval_coverage_pct": "inside the 90 % interval, %",
    "coverage_worst_fifth_pct": "inside it in the fifth where it is least, %",
}


@checked(run=RUN, out=arguments.path)
def write_report(run: Run, out: str | os.PathLike[str] | None = None) -> Path:
    """Write a run's report, one HTML file that needs no network; returns its path.

    Args:
        run: The run.
        out: Where to; ends in ``.html``. ``report.html`` in the run's directory by default.

    Raises:
        ConfigError: ``out`` has another suffix, or is a file that hwnas did not write.
        StorageError: The directory cannot be written.
    """
    from hwnas.report import ReportData
    from hwnas.report import write_report as write

    path = run.path / REPORT if out is None else _page_path(out)
    data = ReportData(
        title=f"Pareto front of {run.config['space']} on {run.config['device'] or 'no device'}",
        front=run.front,
        space=run.space,
        history=tuple(
            (generation.n_evaluated, generation.hypervolume)
            for generation in run.history
            if generation.hypervolume is not None
        ),
        facts=_facts(run),
        provenance=_provenance(run),
        notes=run.record.notes,
        run=str(run.path),
        limits=_limits(run),
        earlier=_earlier(run),
        selection=_selection(run),
    )
    write(data, path)
    return path


@checked(one=RUN, other=RUN)
def compare_runs(one: Run, other: Run) -> FrontComparison:
    """The fronts of two runs beside each other.

    Args:
        one: A run.
        other: Another, of the same objectives: columns are matched by what they mean.

    Raises:
        ConfigError: They differ in objectives, units, device or data set, so that their values
            cannot be compared; or a front is empty, or they are one run.
    """
    from hwnas.report import compare_fronts

    if one.path.resolve() == other.path.resolve():
        raise ConfigError(f"Two runs must be named to be compared; {one.path} is named twice.")
    return compare_fronts(_side(one), _side(other))


def verdict(comparison: FrontComparison) -> list[str]:
    """What differs between two fronts, A and B, a sentence each."""
    from hwnas.report import verdict as sentences

    return sentences(comparison)


@checked(one=RUN, other=RUN, out=arguments.path)
def write_comparison(one: Run, other: Run, out: str | os.PathLike[str] = COMPARISON) -> Path:
    """Write two runs side by side as one HTML file that needs no network; returns its path.

    Args:
        one: A run.
        other: Another.
        out: Where to; ends in ``.html``.

    Raises:
        ConfigError: They cannot be compared, or ``out`` has another suffix or is a file that hwnas
            did not write.
        StorageError: The directory cannot be written.
    """
    from hwnas.report import write_comparison as write

    path = _page_path(out)
    write(compare_runs(one, other), path, _curves([one, other], is_grouped=False))
    return path


@checked(runs=many(RUN))
def compare_curves(runs: Sequence[Run]) -> Curves:
    """How good the fronts of runs were after each evaluation, runs of one setting together.

    A setting is all that was asked for but the seed and when to end; two runs are two curves
    whatever their settings. The gap is to the front of a run among them that evaluated its whole
    space, else to the best front of all together.

    Args:
        runs: Runs of the same objectives: columns are matched by what they mean.

    Raises:
        ConfigError: There is none, one is named twice or has evaluated nothing, or they differ in
            objectives, units, device or data set.
    """
    return _curves(runs, is_grouped=len(runs) != 2)


@checked(runs=many(RUN), out=arguments.path)
def write_curves(runs: Sequence[Run], out: str | os.PathLike[str] = COMPARISON) -> Path:
    """Write the curves of many runs as one HTML file that needs no network; returns its path.

    Args:
        runs: As for ``compare_curves``.
        out: Where to; ends in ``.html``.

    Raises:
        ConfigError: They cannot be compared, or ``out`` has another suffix or is a file that hwnas
            did not write.
        StorageError: The directory cannot be written.
    """
    from hwnas.report import write_curves as write

    path = _page_path(out)
    write(compare_curves(runs), tuple(map(_side, runs)), path)
    return path


@checked(runs=many(RUN), out=arguments.path)
def write_picture(runs: Sequence[Run], out: str | os.PathLike[str]) -> Path:
    """Write the curves of runs as a picture in PNG; returns its path.

    Of one run, its front stands in the place of the gap.

    Args:
        runs: As for ``compare_curves``.
        out: Where to; ends in ``.png``. A picture that is there is written over.

    Raises:
        ConfigError: They cannot be compared, or ``out`` has another suffix or is no picture.
        StorageError: The directory cannot be written.
    """
    from hwnas.report import curves_png, run_png, write_png

    path = check_picture(out)
    curves = compare_curves(runs)
    picture = run_png(curves, runs[0].front) if len(runs) == 1 else curves_png(curves)
    write_png(picture, path)
    return path


@checked(out=arguments.path)
def check_picture(out: str | os.PathLike[str]) -> Path:
    """Check that a picture may be written to a path; returns it.

    Args:
        out: Where to.

    Raises:
        ConfigError: It does not end in ``.png``, or is there and is no picture.
    """
    from hwnas.report import is_png

    path = Path(out)
    if path.suffix.lower() != ".png":
        raise ConfigError(f"A picture must be written to a file that ends in .png; got '{path}'.")
    if path.exists() and not is_png(path):
        raise ConfigError(f"{path} must be a PNG to be written anew; it is not. Name another file.")
    return path


def open_page(path: Path) -> bool:
    """Open a page in the user's browser; whether one was found."""
    return webbrowser.open(path.resolve().as_uri())


def _page_path(out: str | os.PathLike[str]) -> Path:
    """A path that a page may be written to."""
    from hwnas.report import is_page

    path = Path(out)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"A page must be written to a file that ends in .html; got '{path}'.")
    if path.exists() and not is_page(path):
        raise ConfigError(
            f"{path} must be a page of hwnas to be written anew; it is something else. "
            "Name another file."
        )
    return path


def _curves(runs: Sequence[Run], is_grouped: bool) -> Curves:
    from hwnas.report import curves_of

    check_apart(runs)
    return curves_of([_searched(run) for run in runs], ENDS, is_grouped)


def _searched(run: Run) -> Searched:
    from hwnas.report import Searched

    return Searched(_side(run), run.config, run.evaluated, run.is_exhaustive)


def _side(run: Run) -> Side:
    from hwnas.report import Side

    return Side(
        name=str(run.path),
        front=run.front,
        space=run.space,
        device=run.config["device"],
        n_evaluated=run.n_evaluated,
        facts=_facts(run),
        limits=", ".join(run.record.limits),
    )


def _selection(run: Run) -> Selection | None:
    """What is chosen without limits; None where the front is empty."""
    try:
        return select_from_front(run.front)
    except NoCandidateError:
        return None


def _limits(run: Run) -> tuple[Limit, ...]:
    """The search's limits; one that this version can no longer read is told in words alone."""
    own = [spec.column for spec in run.record.columns]
    found = []
    for text in run.record.limits:
        try:
            found.append(parse_limit(text, own=own))
        except HwnasError:
            continue
    return tuple(found)


def _earlier(run: Run) -> tuple[EarlierFront, ...]:
    """The fronts after a tenth and a half of what was evaluated."""
    from hwnas.report import EarlierFront

    counts = {pct: ceil(run.n_evaluated * pct / 100) for pct in _EARLIER_PCT}
    return tuple(
        EarlierFront(pct, n_evaluated, run.front_after(n_evaluated).values)
        for pct, n_evaluated in counts.items()
    )


def _facts(run: Run) -> dict[str, str]:
    config = run.config
    return {
        "Search space": f"{run.space.label}, {config['dataset']}",
        "Device": run.record.device_title or "none",
        "Algorithm": f"{config['algorithm']}, population {config['population']}{_islands(config)}",
        **({"Warm start": _warm_start(config)} if config.get("warm_start") else {}),
        "Generations": f"{len(run.history)} ({run.record.status})",
        "Architectures evaluated": f"{run.n_evaluated:,}",
        **({"Failed evaluations": f"{run.n_failed:,}"} if run.n_failed else {}),
        "Constraints": _constraints(run.record.limits, config["limit_at"]),
        "Seed": str(config["seed"]),
        "Versions": ", ".join(f"{name} {v}" for name, v in run.record.versions.items()),
        **_front_hash(run.path / FRONT_CSV),
    }


def _front_hash(path: Path) -> dict[str, str]:
    """What tells which ``front.csv`` the page belongs to; nothing where there is none.

    Its first 12 digits are enough to tell files apart.
    """
    try:
        return {f"SHA-256 of {path.name}": hashlib.sha256(path.read_bytes()).hexdigest()[:12]}
    except OSError:
        return {}


def _provenance(run: Run) -> tuple[Provenance, ...]:
    from hwnas.report import Provenance

    return tuple(
        Provenance(
            spec.column,
            spec.source,
            spec.detail,
            _human(spec.figures),
            spec.evaluation,
            spec.lacks_skill,
            spec.origin,
        )
        for spec in run.record.columns
    )


def _constraints(limits: Sequence[str], limit_at: str) -> str:
    if not limits:
        return "none"
    ways = {INTERVAL: "to the end of the 90 % intervals", POINT: "by the values alone"}
    how = ways.get(limit_at, f"with a probability of {limit_at}")
    return f"{', '.join(limits)}, kept {how}"


def _islands(config: Mapping[str, Any]) -> str:
    if config.get("islands") is None:
        return ""
    return f" on {config['islands']} islands, migration every {config['migrate']} generations"


def _warm_start(config: Mapping[str, Any]) -> str:
    proxy, _, n_candidates = config["warm_start"].partition(":")
    return f"the best {config['population']:,} of {int(n_candidates):,} random ones by {proxy}"


def _human(figures: Mapping[str, float | None]) -> dict[str, float | None]:
    return {title: figures[name] for name, title in _FIGURES.items() if name in figures}
