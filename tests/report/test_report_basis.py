"""The part of the page that says which features the predictions rest on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from hwnas.core.objective import ObjectiveSpec
from hwnas.core.quantity import Source
from hwnas.core.space import SearchSpace
from hwnas.report import ReportData, render_report
from hwnas.report.basis import N_SHOWN, basis
from hwnas.report.data import payload

MakeReport = Callable[..., ReportData]

MEASURED = {
    "n_repeats": 7,
    "set": {"graph": {"drop": 0.8, "std": 0.03}, "counts": {"drop": -0.001, "std": 0.002}},
    "kind": {"graph/max_on_path(S)": {"drop": 0.4, "std": 0.01}},
    "feature": {
        "graph/max_on_path(none+skip_connect)": {"drop": 0.2, "std": 0.01},
        "one_hot/edge 0-1=3": {"drop": 0.1, "std": 0.01},
    },
}


def spec(source: Source = "predicted", **parts: object) -> ObjectiveSpec:
    plain = ObjectiveSpec("accuracy_pct", "%", "max", source, "Accuracy", "CIFAR-10")
    return replace(plain, **parts)  # type: ignore[arg-type]


def visible(text: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", text.replace("<wbr>", "")).split())


def test_bars_are_as_long_as_their_share_of_the_largest(nasbench201: SearchSpace) -> None:
    text = basis([spec(importances=MEASURED)], nasbench201)
    assert re.findall(r"width:([\d.]+)%", text) == ["100.0", "0.0", "50.0", "25.0", "12.5"]


def test_every_bar_has_its_number_and_its_name(nasbench201: SearchSpace) -> None:
    text = visible(basis([spec(importances=MEASURED, figures={"kendall_tau": 0.9})], nasbench201))
    assert "Accuracy Kendall tau 0.900 Sets of features graph 0.800 ± 0.030" in text
    assert "counts -0.001 ± 0.002 Parts of sets max_on_path(S) 0.400 ± 0.010" in text
    assert "Single features max_on_path(none+skip_connect) 0.200 ± 0.010" in text
    assert "edge 0-1 = nor_conv_3x3 0.100 ± 0.010" in text


def test_caption_says_how_it_was_measured(nasbench201: SearchSpace) -> None:
    text = visible(basis([spec(importances=MEASURED)], nasbench201))
    assert (
        "How far the Kendall tau of a predictor on functional classes that it was not fit" in text
    )
    assert "mean and standard deviation of 7 permutations" in text
    assert "not what causes a value" in text


def test_names_are_explained(nasbench201: SearchSpace) -> None:
    text = visible(basis([spec(importances=MEASURED)], nasbench201))
    assert "max_on_path(S) largest number of operations of S on any path" in text


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("predicted", "Not known: it was not measured when the predictor was fitted."),
        ("extrapolated", "Not known: the model comes from another space"),
        ("estimated", "Not known: the value is a formula around another one."),
    ],
)
def test_what_is_not_known_is_said(nasbench201: SearchSpace, source: Source, told: str) -> None:
    text = visible(basis([spec(source)], nasbench201))
    assert text.startswith(f"Accuracy {told}")
    assert "permutations" not in text


def test_a_small_table_has_no_part_to_measure_importances_on(
    nasbench201: SearchSpace,
) -> None:
    text = visible(basis([spec(evaluation="cross_validated")], nasbench201))
    assert text.startswith(
        "Accuracy Not known: the table is too small to measure it on a part of it."
    )


@pytest.mark.parametrize("source", ["tabulated", "measured", "counted", "custom"])
def test_what_is_not_predicted_rests_on_no_features(
    nasbench201: SearchSpace, source: Source
) -> None:
    assert basis([spec(source)], nasbench201) == ""


def test_few_features_are_shown_of_many(nasbench201: SearchSpace) -> None:
    many = {f"graph/feature {at}": {"drop": 1 - at / 50, "std": 0.0} for at in range(20)}
    text = visible(basis([spec(importances={**MEASURED, "feature": many})], nasbench201))
    last = N_SHOWN["feature"]
    assert f"feature {last - 1} " in text
    assert f"feature {last} " not in text


def test_importance_of_nothing_draws_no_bar(nasbench201: SearchSpace) -> None:
    none = {"n_repeats": 7, "set": {"graph": {"drop": 0.0, "std": 0.0}}, "kind": {}, "feature": {}}
    assert "width:0.0%" in basis([spec(importances=none)], nasbench201)


def test_markup_in_names_stays_text(nasbench201: SearchSpace) -> None:
    attack = "<img src=x>"
    told = {**MEASURED, "feature": {f"graph/{attack}": {"drop": 0.1, "std": 0.0}}}
    text = basis([spec(title=attack, importances=told)], nasbench201)
    assert "<img" not in text
    assert visible(text).count("&lt;img src=x&gt;") == 2


def test_page_shows_it_or_hides_the_section(make_report: MakeReport) -> None:
    def section(report: ReportData) -> str:
        return re.findall(r'<section id="basis"([^>]*)>', render_report(report))[0]

    assert "hidden" not in section(make_report(1, columns=(spec(importances=MEASURED),)))
    assert "hidden" in section(make_report(1, columns=(spec("custom"),)))


def test_the_script_is_not_given_what_the_page_shows(make_report: MakeReport) -> None:
    told = payload(make_report(1, columns=(spec(importances=MEASURED),)))
    assert "importances" not in told["columns"][0]
