"""Where a benchmark ran, as Markdown, so that its numbers can be compared."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def _processor() -> str:
    """The processor's name, or what the platform knows of it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [
        line.partition(":")[2].strip()
        for line in text.splitlines()
        if line.startswith("model name")
    ]
    return names[0] if names else platform.machine()


def environment(packages: Sequence[str] = ("hwnas", "numpy"), seed: int | None = None) -> str:
    """Machine, versions and seed as a Markdown list.

    Args:
        packages: Distributions whose versions matter to the numbers.
        seed: Seed of the benchmark; None where it draws nothing.
    """
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    lines = [
        f"- machine: {_processor()}, {os.cpu_count()} logical cores, {platform.system()}",
        f"- versions: Python {platform.python_version()}, {versions}",
    ]
    if seed is not None:
        lines.append(f"- seed: {seed}")
    return "\n".join(lines)


def commit() -> str:
    """The commit that is checked out."""
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()


def write_results(
    name: str, numbers: Mapping[str, Any], where: str, path: Path | None = None
) -> None:
    """Write the numbers of a benchmark with the commit and machine that they were measured on.

    Args:
        name: Name of the script.
        numbers: What was measured, as JSON can hold it; unknown is None.
        where: As ``environment`` gives it.
        path: Where to write; ``results/<name>.json`` by default.
    """
    record = {"commit": commit(), "environment": where.splitlines(), **numbers}
    path = path or RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read_results(path: Path) -> dict[str, Any]:
    """The record that ``write_results`` has written."""
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def provenance(record: Mapping[str, Any]) -> str:
    """Where a record's numbers come from, as one line of Markdown.

    A record whose ``commit`` is null was printed before results were kept: its ``source`` says
    where the numbers stand.
    """
    said = dict(line.removeprefix("- ").split(": ", 1) for line in record["environment"])
    made_at = record["commit"]
    parts = [f"Commit `{made_at[:12]}`" if made_at else f"No commit kept; {record['source']}"]
    parts += [said[name] for name in ("machine", "versions") if name in said]
    seeds = record.get("seeds") or ([int(said["seed"])] if "seed" in said else [])
    if seeds:
        is_run = len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1))
        words = f"{seeds[0]} to {seeds[-1]}" if is_run else ", ".join(map(str, seeds))
        parts.append(f"seed{'s' if len(seeds) > 1 else ''} {words}")
    return "*" + "; ".join(parts) + ".*"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table.

    Args:
        header: Titles of the ``n_columns`` columns.
        rows: Rows of ``n_columns`` cells each.
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
