"""Cards of older schemas, brought up to date one number at a time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

from hwnas._records import Upgrade
from hwnas.core.target import parse_conditions

Fields = dict[str, Any]

_OPTIONS: Mapping[str, Fields] = {
    "nasbench201": {"channels": 16, "cells": 5},
    "mnasnet": {"resolution": 224, "activation": "relu"},
}
"""Options that spaces had while schema 1 was written, with the values that all predictors had."""


def _nested(old: Fields) -> Fields:
    """From schema 1, whose parts lay side by side and which knew the usual options only."""
    interval = dict(old["interval"])
    coverage = interval.pop("coverage")
    quantity, variant = old["quantity"], old["variant"]
    model = ("sha256", "transform", "mean", "scale", "estimator", "candidates")
    target = {
        "quantity": quantity,
        "dataset": old["dataset"],
        "device": old["device"],
        "conditions": parse_conditions(variant),
    }
    return {
        "target": target,
        "options": dict(_OPTIONS.get(old["space"], {})),
        "features": {
            "sets": old["feature_sets"],
            "n": old["n_features"],
            "sha256": old["features_sha256"],
        },
        "model": {part: old[part] for part in model},
        "evaluation": {
            "how": old.get("evaluation", "held_out"),
            "n_classes": old["n_classes"],
            "figures": old["held_out"],
            "coverage": coverage,
        },
        "interval": interval,
        "transfer": _transfer(old.get("transfer")),
        "support": old["support"],
        "importances": old.get("importances"),
        **{part: old[part] for part in ("space", "is_default", "detail", "table")},
        **{part: old[part] for part in ("seed", "versions")},
    }


def _transfer(old: Mapping[str, Any] | None) -> Fields | None:
    if old is None:
        return None
    trust: dict[str, list[Fields]] = {"costs": [], "qualities": []}
    for entry in old["trust"]:
        ends = {"from_space": entry["from"], "to_space": entry["to"]}
        rest = {name: value for name, value in entry.items() if name not in ("from", "to")}
        trust["costs" if "device" in entry else "qualities"].append({**ends, **rest})
    return {"from_space": old["from_space"], "from_dataset": old["from_dataset"], **trust}


def _with_ends(old: Fields) -> Fields:
    """From schema 2, whose intervals were symmetric and of one width within each bin."""
    level, edges, widths = (old["interval"][part] for part in ("level", "edges", "half_widths"))
    knots, distances = [0.0], widths
    if edges:
        # A step, as a line can have it: the edge itself belongs to the bin above.
        knots = [knot for edge in edges for knot in (math.nextafter(edge, -math.inf), edge)]
        distances = [each for pair in itertools.pairwise(widths) for each in pair]
    ends = {"level": level, "knots": knots, "below": distances, "above": distances}
    importances = old.get("importances")
    if importances is not None:
        # What was ranked was what was held out.
        importances = {**importances, "n_classes": old["evaluation"]["n_classes"]["test"]}
    return {**_factor_named(old), "interval": ends, "importances": importances}


_RENAMED = {"within_10_pct": "within_10_pct_scaled"}


def _factor_named(old: Fields) -> Fields:
    """The same, which knew one way to carry a cost, and shares within 10 % without factor."""
    transfer = old.get("transfer")
    if transfer is None:
        return old
    costs = [
        {_RENAMED.get(name, name): value for name, value in entry.items()}
        for entry in transfer.get("costs", ())
    ]
    method = {"method": "totals"} if costs else {}
    return {**old, "transfer": {**transfer, "costs": costs, **method}}


def _index_with_ends(old: Fields) -> Fields:
    """The same for an index of cards."""
    return {**old, "predictors": [_with_ends(card) for card in old["predictors"]]}


UPGRADES: Mapping[int, Upgrade] = {1: _nested, 2: _with_ends, 3: dict}
"""From each older schema of a card to the next; schema 4 added the digest."""
INDEX_UPGRADES: Mapping[int, Upgrade] = {2: _index_with_ends, 3: dict}
"""The same for an index; there was none of schema 1."""
