"""The shipped predictors' figures out of fold, as their cards have them; tests recompute some."""

from __future__ import annotations

from collections.abc import Iterator

from _environment import table

from hwnas.predictors import predictor_cards
from hwnas.predictors.card import Card
from hwnas.spaces import SPACES

CELL = "Kendall tau (best fifth) / within 10 % of the truth / inside the 90 % interval"


def fitted(space: str) -> Iterator[Card]:
    """Cards of the predictors that were fitted on a space's own tables."""
    for card in predictor_cards(space):
        if card.transfer is None:
            yield card


def is_from_help(card: Card) -> bool:
    """Whether the values are HELP's, whose 27 settings are told in a table of their own."""
    return card.table.name.startswith("help-")


def cell(card: Card | None) -> str:
    """Kendall tau, share within 10 %, share inside the 90 % interval."""
    if card is None:
        return "-"
    evaluation = card.evaluation
    figures = evaluation.figures
    tau, close, best = (
        figures[name] for name in ("kendall_tau", "within_10_pct", "kendall_tau_best_fifth")
    )
    return f"{tau:.3f} ({best:.2f}) / {close:.0f} % / {evaluation.coverage_pct:.0f} %"


def print_space(space: str) -> None:
    """Print the default predictors of a space: a row for a quantity and device."""
    rows: dict[tuple[str, str], dict[str, Card]] = {}
    for card in fitted(space):
        if card.is_default and not is_from_help(card):
            row = rows.setdefault((card.target.quantity, card.target.device or ""), {})
            # One that reads proxy scores comes first, and is what is asked.
            row.setdefault(str(card.target.dataset), card)
    if not rows:
        return
    datasets = SPACES[space].datasets
    print(f"{space}: {CELL}\n")
    cells = [
        [*names, *(cell(found.get(dataset)) for dataset in datasets)]
        for names, found in sorted(rows.items())
    ]
    print(table(["quantity", "device", *datasets], cells), end="\n\n")


def print_help() -> None:
    """Print latency in HELP's settings: a row for a device and batch size."""
    rows: dict[tuple[str, int], dict[str, Card]] = {}
    columns: dict[str, str] = {}
    for space in SPACES:
        for card in filter(is_from_help, fitted(space)):
            size = int(dict(card.target.conditions).get("batch", 0))
            rows.setdefault((card.target.device or "", size), {})[space] = card
            columns[space] = f"{space}, {card.target.dataset}"
    print(f"Latency in HELP's settings: {CELL}\n")
    cells = [
        [device, size or "", *(cell(found.get(space)) for space in columns)]
        for (device, size), found in sorted(rows.items())
    ]
    print(table(["device", "batch", *columns.values()], cells), end="\n\n")
    for space in columns:
        taus = [
            found[space].evaluation.figures["kendall_tau"]
            for found in rows.values()
            if space in found
        ]
        known = [tau for tau in taus if tau is not None]
        print(f"{space}: Kendall tau {min(known):.3f} to {max(known):.3f}, {len(known)} settings")


def main() -> None:
    """Print a table for each space, then one for HELP."""
    for space in SPACES:
        print_space(space)
    print_help()


if __name__ == "__main__":
    main()
