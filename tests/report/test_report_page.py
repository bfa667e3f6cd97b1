from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hwnas.core.objective import ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.errors import StorageError
from hwnas.report import Provenance, ReportData, is_page, render_report, write_report
from tests.report.fronts import COLUMNS

MakeReport = Callable[..., ReportData]

ATTACK = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


class Page(HTMLParser):
    """What a browser finds in a page: its tags, its scripts, its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.content: dict[str, list[str]] = {"script": [], "style": [], "text": []}
        self._inside = "text"
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = tag
            self.content[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = "text"

    def handle_data(self, data: str) -> None:
        if self._inside == "text":
            self.content["text"].append(data)
        else:
            self.content[self._inside][-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.content["text"]).split())

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.content["script"][0])
        return data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(report: ReportData) -> Page:
    return Page(render_report(report))


def numbers(rows: list[list[float | None]]) -> np.ndarray:
    return np.array(rows, dtype=float)


def test_page_holds_the_front_as_it_was_given(make_report: MakeReport) -> None:
    report = make_report()
    report.front.values[3, 1] = np.nan
    told = page_of(report).data
    assert tuple(told["archs"]) == report.front.archs
    np.testing.assert_array_equal(numbers(told["values"]), report.front.values)
    np.testing.assert_array_equal(numbers(told["lower"]), report.front.lower)
    np.testing.assert_array_equal(numbers(told["upper"]), report.front.upper)
    assert [column["column"] for column in told["columns"]] == [
        spec.column for spec in report.front.columns
    ]


def test_page_names_no_file_to_load(make_report: MakeReport) -> None:
    page = page_of(make_report())
    loading = {"src", "href", "srcset", "data", "poster", "action", "background"}
    assert [tag for tag in page.tags if loading & set(tag[1])] == []
    assert not re.search(r"url\(|@import", "".join(page.content["style"]))


def test_policy_allows_the_two_scripts_of_the_page_and_nothing_else(
    make_report: MakeReport,
) -> None:
    page = page_of(make_report())
    policy = next(meta["content"] for meta in page.named("meta") if "http-equiv" in meta)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    data, *scripts = page.content["script"]
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert json.loads(data)["schema"] == 2
    assert rules["script-src"].split() == [f"'sha256-{found}'" for found in hashes]
    assert rules["default-src"] == "'none'"
    assert "connect-src" not in rules


def test_markup_in_a_run_stays_text(make_report: MakeReport, any_text: SearchSpace) -> None:
    column = ObjectiveSpec(ATTACK, ATTACK, "max", "custom", ATTACK, ATTACK)
    report = make_report(
        1,
        title=ATTACK,
        space=any_text,
        archs=(ATTACK,),
        columns=(column,),
        facts={ATTACK: ATTACK},
        provenance=(Provenance(ATTACK, "custom", ATTACK, {ATTACK: 1.0}),),
        notes=(ATTACK,),
    )
    page = page_of(report)
    assert page.named("img") == []
    assert len(page.named("script")) == 3
    assert page.data["archs"] == [ATTACK]
    # Title, heading, summary, fact (2), note, provenance (column, name, detail, figure),
    # what the hypervolume is of.
    assert page.text.count(ATTACK) == 11


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    arch=st.text() | st.sampled_from(["<!--<script>", "</SCRIPT >", "\u2028", "$data", "\\u003c"])
)
def test_any_string_reaches_the_page_unchanged(
    make_report: MakeReport, any_text: SearchSpace, arch: str
) -> None:
    text = render_report(make_report(1, space=any_text, archs=(arch,)))
    data = text.split('id="report-data">', 1)[1].split("</script>", 1)[0]
    assert "<" not in data
    assert json.loads(data)["archs"] == [arch]


def test_facts_and_notes_are_told_in_order(make_report: MakeReport) -> None:
    report = make_report(facts={"Seed": "7", "Device": "Eyeriss"}, notes=("b first", "a second"))
    text = page_of(report).text
    assert "b first a second" in text
    assert text.endswith("The run Seed 7 Device Eyeriss")


def test_summary_counts_the_front_and_the_evaluated(make_report: MakeReport) -> None:
    text = page_of(make_report(12, history=((10, 1.0), (1234, 2.0)))).text
    assert "12 architectures on the front, of 1,234 evaluated · Accuracy, Latency, Energy" in text


def test_the_pick_is_told_without_scripts(make_report: MakeReport) -> None:
    report = make_report(12)
    selection = report.selection
    assert selection is not None
    assert selection.runner_up is not None
    text = page_of(report).text
    assert f"Pick: row {selection.pick.index + 1} of 12 The best balance of 3 objectives" in text
    assert f"Runner-up: row {selection.runner_up.index + 1}." in text
    behind = selection.gives_up["latency_ms"]
    assert f"Latency by {behind:.3g} ms" in text


def test_what_the_pick_gives_up_is_readable(make_report: MakeReport) -> None:
    columns = (COLUMNS[0], COLUMNS[3])
    values = np.array([[92.0, 1.5e7], [91.9, 1.1e6], [60.0, 1e6]])
    text = page_of(make_report(3, columns=columns, values=values)).text
    assert "Behind the best in Accuracy by 0.1 points, Parameters by 100 k." in text


@pytest.mark.parametrize(
    ("n_archs", "columns", "told"),
    [
        (1, COLUMNS[:2], "Pick: row 1 of 1 The only architecture on the front."),
        (3, COLUMNS[:1], "Pick: row 1 of 3 The best Accuracy. Runner-up: row 2."),
    ],
)
def test_a_pick_without_a_trade_off_says_so(
    make_report: MakeReport, n_archs: int, columns: tuple[ObjectiveSpec, ...], told: str
) -> None:
    assert told in page_of(make_report(n_archs, columns=columns)).text


def test_a_page_knows_its_own(make_report: MakeReport, tmp_path: Path) -> None:
    write_report(make_report(1), tmp_path / "report.html")
    (tmp_path / "other.html").write_text("<!DOCTYPE html><html></html>")
    names = ("report.html", "other.html", "none.html", ".")
    assert [is_page(tmp_path / name) for name in names] == [True, False, False, False]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            Provenance("latency_ms", "predicted", "x", {"Kendall tau": 0.9712, "coverage": None}),
            "predicted by a model fitted to a table x held-out: Kendall tau: 0.971 ",
        ),
        (
            Provenance("latency_ms", "predicted", "x", {"Kendall tau": float("nan")}),
            "error unknown: it was not measured",
        ),
        (
            Provenance("latency_ms", "predicted", "x", {"within 10 % of the truth, %": 100.0}),
            "held-out: within 10 % of the truth: 100 % ",
        ),
        (
            Provenance("latency_ms", "extrapolated", "x", {"Kendall tau": None}),
            "extrapolated by a model fitted on another space x error unknown: untested on this",
        ),
        (
            Provenance("latency_ms", "predicted", "x", {"Kendall tau": 0.8}, "cross_validated"),
            "cross-validated: Kendall tau: 0.800 ",
        ),
        (Provenance("latency_ms", "predicted", "x", {}), "error unknown: it was not measured"),
        (
            Provenance("latency_ms", "tabulated", "x", {}),
            "tabulated as the table has it x not predicted, so there is no model to be wrong",
        ),
    ],
)
def test_provenance_says_how_wrong_a_column_is(
    make_report: MakeReport, entry: Provenance, told: str
) -> None:
    text = page_of(make_report(provenance=(entry,))).text
    assert told in text
    assert "Latency latency_ms" in text


def test_empty_front_is_said_to_be_empty(make_report: MakeReport) -> None:
    page = page_of(make_report(0))
    assert "The front is empty" in page.text
    assert "hidden" in next(div for div in page.named("div") if div.get("id") == "front")
    assert "hidden" not in next(
        section for section in page.named("section") if section.get("class") == "message"
    )
    assert page.data["archs"] == []


def test_front_with_architectures_is_not_said_to_be_empty(make_report: MakeReport) -> None:
    page = page_of(make_report(1))
    assert "hidden" in next(
        section for section in page.named("section") if section.get("class") == "message"
    )


@pytest.mark.parametrize("part", ["history", "provenance"])
def test_a_part_with_nothing_to_tell_is_hidden(make_report: MakeReport, part: str) -> None:
    def is_hidden(report: ReportData) -> bool:
        sections = page_of(report).named("section")
        heading = f"{part}-heading"
        return "hidden" in next(s for s in sections if s.get("aria-labelledby") == heading)

    assert is_hidden(make_report(1, **{part: ()}))
    assert not is_hidden(make_report(1))


def test_page_is_little_more_than_the_plotting_library(make_report: MakeReport) -> None:
    page = page_of(make_report(1000))
    data, library, own = map(len, page.content["script"])
    assert own < 60_000
    assert data < 500_000
    assert library > 1_000_000


def test_report_is_written_as_a_file(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report(3)
    write_report(report, tmp_path / "run" / "report.html")
    assert (tmp_path / "run" / "report.html").read_text(encoding="utf-8") == render_report(report)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["report.html"]


def test_a_place_that_cannot_be_written_is_told(make_report: MakeReport, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write report\.html"):
        write_report(make_report(1), tmp_path / "file" / "report.html")
