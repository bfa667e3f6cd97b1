"""The shipped predictors' held-out figures, as their cards have them; tests recompute them."""

from __future__ import annotations

from _environment import table

from hwnas.predictors import predictor_cards
from hwnas.predictors.card import Card
from hwnas.spaces import SPACES


def cards(space: str) -> dict[tuple[str, str], dict[str, Card]]:
    """Default predictors fitted on a space: ``(quantity, device)`` to data set to card."""
    found: dict[tuple[str, str], dict[str, Card]] = {}
    for dataset in SPACES[space].datasets:
        for _, card in predictor_cards(space, dataset):
            if card.is_default and card.transfer is None:
                found.setdefault((card.quantity, card.device or ""), {})[dataset] = card
    return found


def cell(card: Card | None) -> str:
    """Kendall tau, share within 10 %, share inside the 90 % interval."""
    if card is None:
        return "-"
    tau, close = card.held_out["kendall_tau"], card.held_out["within_10_pct"]
    return f"{tau:.3f} / {close:.0f} % / {card.coverage_pct:.0f} %"


def main() -> None:
    """Print a table for each space."""
    for space in SPACES:
        found = cards(space)
        if not found:
            continue
        datasets = SPACES[space].datasets
        print(f"{space}: Kendall tau / within 10 % of the truth / inside the 90 % interval\n")
        rows = [
            [quantity, device, *(cell(by_dataset.get(dataset)) for dataset in datasets)]
            for (quantity, device), by_dataset in sorted(found.items())
        ]
        print(table(["quantity", "device", *datasets], rows), end="\n\n")


if __name__ == "__main__":
    main()
