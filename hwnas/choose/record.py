"""A selection as JSON can hold it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hwnas.choose.selection import Choice, Comparison, Selection
from hwnas.choose.swept import SweptLimit


def selection_record(selection: Selection) -> dict[str, Any]:
    """A selection as JSON can hold it: unknown is None, limits are text."""
    versus = selection.versus_runner_up
    baseline = selection.versus_baseline
    return {
        "pick": _choice_record(selection, selection.pick),
        "runner_up": selection.runner_up and _choice_record(selection, selection.runner_up),
        "baseline": baseline and _choice_record(selection, baseline.other),
        "n_archs": selection.n_archs,
        "n_candidates": selection.n_candidates,
        "method": selection.method,
        "weights": dict(selection.weights),
        "limits": [str(limit) for limit in selection.limits],
        "limit_at": selection.limit_at,
        "limit_probabilities": list(selection.limit_chances),
        "uncertain_limits": [str(limit) for limit in selection.uncertain_limits],
        "gives_up": dict(selection.gives_up),
        "versus_runner_up": versus and _comparison_record(versus),
        "versus_baseline": baseline and _comparison_record(baseline),
        "is_tie": selection.is_tie,
        "improves": selection.improves,
    }


def sweep_record(swept: Sequence[SweptLimit]) -> list[dict[str, Any]]:
    """A sweep as JSON can hold it."""
    return [
        {
            "limit": str(each.limit),
            "selection": None if each.selection is None else selection_record(each.selection),
        }
        for each in swept
    ]


def _comparison_record(comparison: Comparison) -> dict[str, Any]:
    return {
        "differences": {
            column: _known(difference) for column, difference in comparison.differences.items()
        },
        "probabilities": dict(comparison.chances),
        "better": list(comparison.better),
        "worse": list(comparison.worse),
        "indistinguishable": list(comparison.indistinguishable),
    }


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _choice_record(selection: Selection, choice: Choice) -> dict[str, Any]:
    values = {}
    for spec in selection.columns:
        value = choice.values[spec.column]
        lower, upper = choice.intervals.get(spec.column, (None, None))
        values[spec.column] = {
            "value": _known(value),
            "lower": lower,
            "upper": upper,
            "unit": spec.unit,
            "source": spec.source,
            "detail": spec.detail,
            "lacks_skill": spec.lacks_skill,
        }
    return {"index": choice.index, "arch": choice.arch, "values": values}
