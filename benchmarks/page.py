"""Renders the page of figures and the README's ranges: ``python benchmarks/page.py``.

A figure stands in one place: a file of ``results/``. Tests render again and compare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import _sections_checklist as checklist
import _sections_devices as devices
import _sections_field as field
import _sections_predictors as predictors
import _sections_proxies as proxies
import _sections_quality as quality
import _sections_search as search
from _environment import RESULTS, provenance, read_results

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).parent / "README.md"
README = ROOT / "README.md"
_BLOCK = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)


class Section(NamedTuple):
    """A section of the page.

    Args:
        title: Its heading.
        script: What measures it, and how it is called.
        render: Markdown of a record.
        results: Name of the results that it is about, where they are another section's.
    """

    title: str
    script: str
    render: Callable[[Mapping[str, Any]], str]
    results: str | None = None


PARTS: Mapping[str, Mapping[str, Section]] = {
    "What a search finds": {
        "default_search": Section(
            "The front a default search finds, scored on the published tables",
            "default_search.py",
            search.default_search,
        ),
        "search_quality": Section(
            "The front after few evaluations that cost",
            "search_quality.py",
            quality.search_quality,
        ),
        "search_quality_checklist": Section(
            "The field's checklist for that comparison",
            "search_quality.py",
            checklist.checklist,
            results="search_quality",
        ),
        "mnasnet_quality": Section(
            "MnasNet, a space that no table holds",
            "mnasnet_quality.py",
            quality.mnasnet_quality,
        ),
        "constrained_search": Section(
            "The best within a limit after few evaluations",
            "constrained_search.py",
            quality.constrained_search,
        ),
        "seed_table": Section(
            "The field's comparison on NAS-Bench-201", "seed_table.py", field.seed_table
        ),
        "pick": Section("Whether the pick keeps its limit", "pick.py", search.pick),
        "mnas_search": Section("Search on MnasNet", "mnas_search.py searches", search.mnas_search),
        "naswot": Section("NASWOT as search, and a warm start", "naswot.py", search.naswot),
    },
    "How wrong predictions are": {
        "predictor_cards": Section(
            "The shipped predictors", "predictor_cards.py", predictors.predictor_cards
        ),
        "features_alone": Section("Without proxy scores", "", predictors.features_alone),
        "small_samples": Section("Small samples", "small_samples.py", proxies.small_samples),
        "small_devices": Section(
            "A new device from few nets", "small_devices.py", devices.small_devices
        ),
        "few_shot": Section(
            "Few networks of a new device, on the published splits",
            "few_shot.py",
            devices.few_shot,
        ),
        "measured_predictors": Section(
            "Predictors of measured latency",
            "measured_predictors.py",
            devices.measured_predictors,
        ),
        "cost_transfer": Section(
            "Costs carried to another space", "cost_transfer.py", devices.cost_transfer
        ),
        "quality_transfer": Section(
            "Accuracy carried to another space", "", proxies.quality_transfer
        ),
    },
    "Measuring and counting": {
        "repeatability": Section(
            "How well a measurement repeats", "repeatability.py", devices.repeatability
        ),
        "peak_memory": Section(
            "Peak memory, counted and allocated", "peak_memory.py", devices.peak_memory
        ),
    },
    "Zero-cost proxies": {
        "proxies_ranks": Section(
            "Shipped scores beside the published ones", "proxies.py ranks", proxies.proxies_ranks
        ),
        "proxies_vote": Section("Three proxies together", "proxies.py vote", proxies.proxies_vote),
        "proxies_settings": Section(
            "Which minibatch, which depth", "proxies.py settings", proxies.proxies_settings
        ),
    },
    "Time and memory": {
        "search_speed": Section("What a search costs", "search_speed.py", search.search_speed),
        "surrogate_cost": Section(
            "What a search by surrogates costs", "surrogate_cost.py", quality.surrogate_cost
        ),
        "prediction_speed": Section("Predictions", "mnas_search.py speed", search.prediction_speed),
        "export_time": Section("Export to ONNX", "export_time.py", devices.export_time),
        "graph_features": Section("Graph features", "graph_features.py", proxies.graph_features),
        "proxies_time": Section(
            "Proxies in shared passes", "proxies.py time", proxies.proxies_time
        ),
    },
}

_HEAD = """\
# Figures

Rendered by `benchmarks/page.py` from `benchmarks/results/`; each section names the script that
measures it, the commit and the machine. Where no commit was kept, the numbers were printed before
results were, and their source says where they stood."""


def section(name: str, record: Mapping[str, Any] | None = None) -> str:
    """A section as Markdown.

    Args:
        name: Name of its results.
        record: Results; those that are kept by default.
    """
    (found,) = [part[name] for part in PARTS.values() if name in part]
    record = read_results(RESULTS / f"{found.results or name}.json") if record is None else record
    script = f"`benchmarks/{found.script}`. " if found.script else ""
    note = f" {record['note']}" if "note" in record else ""
    return f"### {found.title}\n\n{script}{provenance(record)}{note}\n\n{found.render(record)}"


def page() -> str:
    """The page of figures; what is not measured yet has no section."""
    parts, measured = [_HEAD], {path.stem for path in RESULTS.glob("*.json")}
    for title, sections in PARTS.items():
        known = [name for name, each in sections.items() if (each.results or name) in measured]
        parts += [f"## {title}", *map(section, known)]
    return "\n\n".join(parts) + "\n"


def with_ranges(readme: str) -> str:
    """The README's text with its ranges as the results have them."""
    block = predictors.ranges(read_results(RESULTS / "predictor_cards.json"))
    return _BLOCK.sub(lambda _: f"{block}\n", readme)


def main() -> None:
    """Write the page and the README's block."""
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(with_ranges(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
