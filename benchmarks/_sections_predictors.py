"""Section of the page of figures on the shipped predictors, and the README's ranges of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from _environment import table

Record = Mapping[str, Any]

_ORDER = ("nasbench201", "mnasnet", "nasbench_macro", "fbnet")
_USUAL_PCT = 92
"""Intervals of 90 % that hold more are of another kind."""


def predictor_cards(record: Record) -> str:
    """Figures of every shipped predictor of the usual conditions, space by space."""
    cards = record["predictors"]
    parts = [
        """\
Figures come from five-fold cross-validation in which each functional class is predicted by models
that were fitted without it. Each cell: Kendall tau, and that among the best fifth, where fronts
lie / share within 10 % of the truth / share inside the 90 % interval. The truth is the
published tables'; that of `x86-ort` and `x86-tvm` is this project's own measurements.""",
        _intervals(cards),
    ]
    for space in _ORDER:
        of_space = [each for each in cards if each["space"] == space and not _is_help(each)]
        if of_space:
            parts += [f"`{space}`:", _cells(of_space)]
    parts += [_help(cards), _attacks(cards), _extrapolated(record["extrapolated"])]
    return "\n\n".join(parts)


def _is_help(card: Record) -> bool:
    """Whether the values are HELP's, whose 27 settings are told in a table of their own."""
    return bool(card["table"].startswith("help-"))


def _cells(cards: Iterable[Record]) -> str:
    """A row for a quantity and device, a column for a data set."""
    rows: dict[tuple[str, str], dict[str, Record]] = {}
    datasets: dict[str, None] = {}
    for card in cards:
        if card["is_default"]:
            datasets[card["dataset"]] = None
            row = rows.setdefault((card["quantity"], card["device"] or "-"), {})
            # One that reads proxy scores comes first, and is what is asked.
            row.setdefault(card["dataset"], card)
    columns = sorted(datasets)
    cells = [
        [*names, *(_cell(found.get(dataset)) for dataset in columns)]
        for names, found in sorted(rows.items())
    ]
    return table(["quantity", "device", *columns], cells)


def _cell(card: Record | None) -> str:
    if card is None:
        return "-"
    best = card["kendall_tau_best_fifth"]
    tau = f"{card['kendall_tau']:.3f}" + ("" if best is None else f" ({best:.2f})")
    return f"{tau} / {card['within_10_pct']:.0f} % / {card['coverage_pct']:.0f} %"


def _help(cards: Sequence[Record]) -> str:
    """Latency in HELP's settings: a row for a device and batch size."""
    rows: dict[tuple[str, int], dict[str, Record]] = {}
    columns: dict[str, str] = {}
    for card in filter(_is_help, cards):
        size = int(card["conditions"].get("batch", 0))
        rows.setdefault((card["device"], size), {})[card["space"]] = card
        columns[card["space"]] = f"{card['space']}, {card['dataset']}"
    cells = [
        [device, size or "-", *(_cell(found.get(space)) for space in columns)]
        for (device, size), found in sorted(rows.items())
    ]
    return f"""\
Latency in HELP's settings. HELP's `fbnet` latencies of raspi4, pixel3, eyeriss and fpga are exact
sums over layers, which a linear model recovers; nothing was measured on whole networks.
essential_ph_1, pixel2, samsung_a50 and samsung_s7 tell whole milliseconds.

{table(["device", "batch", *columns.values()], cells)}"""


def _attacks(cards: Sequence[Record]) -> str:
    """Robustness under each attack that is not the usual one."""
    rows = [
        [card["conditions"]["attack"], _cell(card)]
        for card in cards
        if card["quantity"] == "robustness" and not card["is_default"]
    ]
    header = ["attack and strength in 255ths", "`nasbench201`, cifar10"]
    return f"Robustness under other attacks:\n\n{table(header, rows)}"


def _extrapolated(cards: Sequence[Record]) -> str:
    """Costs from another space: what is known of them is how they rank."""
    rows = [
        [
            f"`{card['space']}`",
            card["quantity"],
            card["device"],
            card["from_space"] + (f", through {card['via_space']}" if card["via_space"] else ""),
            f"{card['spearman_macs']:.2f}",
            f"{card['spearman_params']:.2f}",
            f"{card['interval_factor']:.1f}" if card["interval_factor"] else "-",
        ]
        for card in cards
    ]
    header = ["on", "quantity", "device", "from", "Spearman with MACs", "with params"]
    return f"""\
Costs extrapolated from another space, on random architectures of their own: where Spearman's rho
with MACs is 1.00 they rank as MACs alone do. An interval reaches from the value by its factor to
the value times it; a way that was never measured has none.

{table([*header, "factor of the interval"], rows)}"""


def _intervals(cards: Sequence[Record]) -> str:
    """How often the intervals of all cards hold, in one sentence."""

    def least(name: str) -> float:
        return float(min(card[name] for card in cards if card[name] is not None))

    usual = [card["coverage_pct"] for card in cards if card["coverage_pct"] <= _USUAL_PCT]
    most = max(card["coverage_pct"] for card in cards)
    n_others = len(cards) - len(usual)
    fewest, fewest_true = least("coverage_worst_fifth_pct"), least("coverage_worst_true_fifth_pct")
    return f"""\
Of {len(cards)} predictors, {len(usual)} have intervals that hold {min(usual):.1f} to
{max(usual):.1f} % of unseen classes; the other {n_others} up to {most:.1f} % (attacks so strong
that many published values are 0). Of the fifth of the classes where they hold fewest, by predicted
value, {fewest:.0f} % at least; by true value, which nobody knows beforehand, {fewest_true:.0f} % at
least."""


def features_alone(record: Record) -> str:
    """What the two predictors that read proxy scores reach without them."""
    rows = [[name, f"{tau:.3f}"] for name, tau in record["kendall_tau"].items()]
    return f"""\
Accuracy on CIFAR-10 and robustness of `nasbench201` are predicted from features and proxy scores;
from features alone Kendall tau is the following. On CIFAR-100 and ImageNet16-120 scores did not
help.

{table(["quantity", "Kendall tau"], rows)}"""


def ranges(record: Record) -> str:
    """The README's table: ranges over the predictors of each space and quantity."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for space in _ORDER:
        for card in record["predictors"]:
            if card["space"] == space and (card["is_default"] or _is_help(card)):
                groups.setdefault((space, _named(card)), []).append(card)
    rows = [
        [
            f"`{space}`",
            name,
            len(cards),
            _range(cards, "kendall_tau", 2),
            f"{_range(cards, 'within_10_pct', 0)} %",
            f"{_range(cards, 'coverage_pct', 0)} %",
        ]
        for (space, name), cards in sorted(
            groups.items(), key=lambda group: (_ORDER.index(group[0][0]), group[0][1])
        )
    ]
    header = ["space", "predicted", "predictors", "Kendall tau", "within 10 % of the truth"]
    return table([*header, "inside the 90 % interval"], rows)


def _named(card: Record) -> str:
    return f"{card['quantity']}" + (" (HELP's devices)" if _is_help(card) else "")


def _range(cards: Sequence[Record], figure: str, decimals: int) -> str:
    values = [card[figure] for card in cards]
    low, high = (f"{value:.{decimals}f}" for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"
