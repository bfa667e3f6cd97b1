"""A selection as JSON can hold it."""

from __future__ import annotations

import math
from typing import Any

from hwnas.choose.choice import Choice, Selection


def selection_record(selection: Selection) -> dict[str, Any]:
    """A selection as JSON can hold it: unknown is None, limits are text."""
    return {
        "pick": _choice_record(selection, selection.pick),
        "runner_up": selection.runner_up and _choice_record(selection, selection.runner_up),
        "n_archs": selection.n_archs,
        "n_candidates": selection.n_candidates,
        "method": selection.method,
        "weights": dict(selection.weights),
        "limits": [str(limit) for limit in selection.limits],
        "uncertain_limits": [str(limit) for limit in selection.uncertain_limits],
        "gives_up": dict(selection.gives_up),
        "versus_runner_up": dict(selection.versus_runner_up),
        "indistinguishable": list(selection.indistinguishable),
        "is_tie": selection.is_tie,
    }


def _choice_record(selection: Selection, choice: Choice) -> dict[str, Any]:
    values = {}
    for spec in selection.columns:
        value = choice.values[spec.column]
        lower, upper = choice.intervals.get(spec.column, (None, None))
        values[spec.column] = {
            "value": value if math.isfinite(value) else None,
            "lower": lower,
            "upper": upper,
            "unit": spec.unit,
            "source": spec.source,
            "detail": spec.detail,
        }
    return {"index": choice.index, "arch": choice.arch, "values": values}
