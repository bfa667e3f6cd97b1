"""Gathers the shipped predictors' figures out of fold from their cards; tests recompute some."""

from __future__ import annotations

import math
from typing import Any

from _environment import environment, write_results
from page import section

from hwnas.predictors import predictor_cards
from hwnas.predictors.card import Card
from hwnas.spaces import SPACES

_DECIMALS = 6
_FIGURES = (
    "kendall_tau",
    "kendall_tau_best_fifth",
    "within_10_pct",
    "coverage_worst_fifth_pct",
    "coverage_worst_true_fifth_pct",
)


def shipped_figures() -> list[dict[str, Any]]:
    """Target and figures of each predictor that was fitted on its own space's tables."""
    return [
        figures_of(card)
        for space in sorted(SPACES)
        for card in predictor_cards(space)
        if card.transfer is None
    ]


def figures_of(card: Card) -> dict[str, Any]:
    """What the page of figures tells of a card; None where a figure is not defined."""
    figures = card.evaluation.figures
    return {
        "space": card.space,
        "quantity": card.target.quantity,
        "dataset": card.target.dataset,
        "device": card.target.device,
        "conditions": dict(card.target.conditions),
        "table": card.table.name,
        "is_default": card.is_default,
        "reads_scores": card.reads_scores,
        "n_classes": card.evaluation.n_classes.test,
        **{name: _rounded(figures.get(name)) for name in _FIGURES},
        "coverage_pct": _rounded(card.evaluation.coverage_pct),
    }


def extrapolated_figures() -> list[dict[str, Any]]:
    """How each shipped predictor of costs that comes from another space ranks its own."""
    return [
        extrapolated
        for space in sorted(SPACES)
        for card in predictor_cards(space)
        if (extrapolated := _extrapolated(card))
    ]


def _extrapolated(card: Card) -> dict[str, Any] | None:
    if card.transfer is None or card.transfer.order is None:
        return None
    order, interval = card.transfer.order, card.interval
    return {
        "space": card.space,
        "quantity": card.target.quantity,
        "device": card.target.device,
        "from_space": card.transfer.from_space,
        "via_space": card.transfer.via_space,
        "n_archs": order.n_archs,
        "spearman_macs": _rounded(order.spearman_macs),
        "spearman_params": _rounded(order.spearman_params),
        # Such a model predicts the logarithm, and is as far off everywhere.
        "interval_factor": _rounded(math.exp(interval.above[0]) if interval else None),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DECIMALS)


def main() -> None:
    """Write the figures and print them."""
    where = environment(("hwnas", "scikit-learn"))
    numbers = {"predictors": shipped_figures(), "extrapolated": extrapolated_figures()}
    write_results("predictor_cards", numbers, where)
    print(section("predictor_cards"))


if __name__ == "__main__":
    main()
