"""The part of the page that tells which features the predictions rest on, as bars."""

from __future__ import annotations

import html
from collections.abc import Sequence

from hwnas.core.formula import is_formula
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.objectives.explanation import label_of, legend_of
from hwnas.predictors.card import CROSS_VALIDATED
from hwnas.predictors.importances import Importance, importances_of

N_SHOWN = {"set": 10, "kind": 5, "feature": 6}
HEADINGS = {"set": "Sets of features", "kind": "Parts of sets", "feature": "Single features"}
_WHY_NOT = {
    "predicted": "Not known: it was not measured when the predictor was fitted.",
    "extrapolated": "Not known: the model comes from another space, and there are no true values "
    "on this one to measure it on.",
    "estimated": "Not known: the value is a formula around another one.",
}
"""What is said of columns without importances, by their source; of other sources, nothing."""
_WHY_NOT_OF_FEW = "Not known: the table is too small to measure it on a part of it."


def basis(columns: Sequence[ObjectiveSpec], space: SearchSpace) -> str:
    """HTML of what the columns that are predicted rest on; empty where none is.

    Args:
        columns: What each column of a front is.
        space: The search space, which names the features.
    """
    # A reward rests on its parts, which are columns of their own.
    told = [spec for spec in columns if spec.source in _WHY_NOT and not is_formula(spec.column)]
    if not told:
        return ""
    measured = {spec.column: importances_of(spec.importances) for spec in told}
    every = [each for found in measured.values() for each in found]
    n_repeats = {spec.importances["n_repeats"] for spec in told if spec.importances}
    parts = [_caption(n_repeats) if every else ""]
    parts += [
        f'<div class="basis">{"".join(_article(s, measured[s.column], space) for s in told)}</div>'
    ]
    parts += [_legend(every)] if every else []
    return "\n".join(filter(None, parts))


def _caption(n_repeats: set[int]) -> str:
    times = ", ".join(map(str, sorted(n_repeats)))
    return (
        '<p class="hint">How far the Kendall tau of a predictor on functional classes that it was '
        "not fitted on falls when features are permuted among them: mean and standard deviation of "
        f"{times} permutations. Features go together and share their importance, so that a set "
        "counts for more than its features do. It is what a predictor rests on, not what causes "
        "a value.</p>"
    )


def _article(spec: ObjectiveSpec, found: Sequence[Importance], space: SearchSpace) -> str:
    tau = spec.figures.get("kendall_tau")
    told = f" <small>Kendall tau {tau:.3f}</small>" if found and tau is not None else ""
    head = f"<h3>{html.escape(spec.title)}{told}</h3>"
    if not found:
        is_whole = spec.evaluation == CROSS_VALIDATED
        why_not = _WHY_NOT_OF_FEW if is_whole else _WHY_NOT[spec.source]
        return f'<article>{head}<p class="hint">{why_not}</p></article>'
    largest = max(each.drop for each in found)
    tables = (
        _bars(
            heading,
            [each for each in found if each.level == level][: N_SHOWN[level]],
            largest,
            space,
        )
        for level, heading in HEADINGS.items()
    )
    return f"<article>{head}{''.join(tables)}</article>"


def _bars(heading: str, shown: Sequence[Importance], largest: float, space: SearchSpace) -> str:
    """A table with a bar in each row; a bar as long as its cell is the objective's largest."""
    if not shown:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{_breakable(label_of(space, each))}</th>'
        f'<td class="bar"><div style="width:{100 * _share(each.drop, largest):.1f}%"></div></td>'
        f'<td class="number">{each.drop:.3f} '
        f"<small>\N{PLUS-MINUS SIGN} {each.std:.3f}</small></td></tr>"
        for each in shown
    )
    return f'<table class="bars"><caption>{heading}</caption><tbody>{rows}</tbody></table>'


def _share(drop: float, largest: float) -> float:
    return max(drop, 0.0) / largest if largest > 0 else 0.0


def _breakable(label: str) -> str:
    """A name that a browser may break after each sign that joins operations."""
    text = html.escape(label)
    for sign in ("+", "&gt;", "("):
        text = text.replace(sign, f"{sign}<wbr>")
    return text


def _legend(found: Sequence[Importance]) -> str:
    """What the names of the sets and kinds on the page mean."""
    rows = []
    for feature_set, meaning, kinds in legend_of(found, whole=True):
        rows.append(_meaning("", feature_set, meaning))
        rows += [_meaning("part", *kind) for kind in kinds]
    return (
        "<details><summary>What the names mean</summary>"
        f'<dl class="legend">{"".join(rows)}</dl></details>'
    )


def _meaning(css: str, name: str, meaning: str) -> str:
    return f'<div class="{css}"><dt>{html.escape(name)}</dt><dd>{html.escape(meaning)}</dd></div>'
