"""What is printed of models that were fitted on another space: how far they carry."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from hwnas.predictors.card import Card
    from hwnas.predictors.trust import CostTrust, Order, Transfer


def print_transfer(out: Console, card: Card) -> None:
    """What was extrapolated, and how far such models carried where the truth is known."""
    transfer = card.transfer
    assert transfer is not None
    through = f" through {transfer.via_space}" if transfer.via_space else ""
    interval = "no interval"
    if card.interval is not None:
        factor = math.exp(card.interval.above[0])
        interval = f"90 % interval a factor of {factor:.2f} either way"
    out.print(
        f"{card.target.device} {card.target.quantity} on {card.space}: extrapolated from "
        f"{transfer.from_space}{through}, {interval}"
    )
    if transfer.weights:
        largest = sorted(transfer.weights.items(), key=lambda each: -each[1])[:_N_SHOWN]
        shown = ", ".join(f"{name} {weight:.2f}" for name, weight in largest)
        n_more = len(transfer.weights) - len(largest)
        more = f" and {n_more} more" if n_more else ""
        out.print(f"A product, to the power of: {shown}{more}")
    for line in remarks(card):
        out.print(line)
    if transfer.order is not None and transfer.order.same_as is None:
        out.print(_beside_counts(transfer.order, card.space))
    if card.target.quantity == "latency":
        _print_measured(out, transfer)


_N_SHOWN = 3
"""Factors that are named of those that a cost is a product of."""


def remarks(card: Card) -> Iterator[str]:
    """What to know of an extrapolated cost, a line each: its error, and counting instead."""
    transfer, target = card.transfer, card.target
    if transfer is None or target.device is None:
        return
    found = transfer.measured(target.quantity, target.device)
    if card.interval is None or not found:
        yield (
            f"How far {target.quantity} carries in this way was never measured: nothing is known "
            "of its error."
        )
    elif found[0].device == target.device:
        yield from filter(None, map(_against_macs, found))
    elif (better := [each.beats_macs for each in found]).count(None) == 0:
        yield (
            f"Of {len(found)} other devices carried from {transfer.from_space} in this way, "
            f"{sum(map(bool, better))} rank better than by MACs alone."
        )
    if transfer.order is not None and transfer.order.same_as is not None:
        yield (
            f"Over {transfer.order.n_archs:,} random architectures of {card.space} it ranks as "
            f"{transfer.order.same_as} alone do."
        )


def _against_macs(entry: CostTrust) -> str:
    """How well a transfer ranked where the truth is known, and how well MACs do."""
    if entry.beats_macs is None:
        return ""
    verdict = "better than MACs alone" if entry.beats_macs else "no better than MACs alone"
    return (
        f"From {entry.from_space} to {entry.to_space} it ranks {verdict}: Spearman "
        f"{_rho(entry.spearman)} against {_rho(entry.spearman_macs)}."
    )


def _beside_counts(order: Order, space: str) -> str:
    """How its values order random architectures, beside counts."""
    return (
        f"Over {order.n_archs:,} random architectures of {space}: {order.n_distinct:,} different "
        f"values, Spearman {_rho(order.spearman_macs)} with MACs, {_rho(order.spearman_params)} "
        "with parameters."
    )


def _rho(rho: float | None) -> str:
    return "-" if rho is None else f"{rho:.3f}"


def _print_measured(out: Console, transfer: Transfer) -> None:
    """How far costs carry in this way; of a way through a third space, each half of it."""
    ways = [(transfer.method, transfer.from_space)]
    if transfer.via_space is not None:
        ways = [("devices", transfer.from_space), ("totals", transfer.via_space)]
    for way in ways:
        found = [each for each in transfer.costs if (each.method, each.from_space) == way]
        for goal in dict.fromkeys(each.to_space for each in found):
            out.print(f"How far latency carries from {way[1]} to {goal}, where both are known:")
            out.print(_cost_table([each for each in found if each.to_space == goal]))
    out.print("What all are off by cannot be known without a value on the other space.")


def _cost_table(entries: Sequence[CostTrust]) -> Table:
    """A row for each measured transfer."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("device")
    headings = ("Spearman", "MACs\nalone", "params\nalone", "within\n10 %", "off by")
    for heading in (*headings, "within\n10 % then"):
        table.add_column(heading, justify="right")
    for entry in entries:
        close = entry.within_10_pct
        table.add_row(
            entry.device,
            _rho(entry.spearman),
            _rho(entry.spearman_macs),
            _rho(entry.spearman_params),
            "-" if close is None else f"{close:.0f} %",
            f"x {entry.scale:.2f}",
            f"{entry.within_10_pct_scaled:.0f} %",
        )
    return table


def print_quality_transfer(out: Console, card: Card) -> None:
    """What was extrapolated, and how well such models ranked spaces whose accuracy is known."""
    from rich.table import Table

    assert card.transfer is not None
    assert card.interval is not None
    inputs = "features and proxy scores" if card.reads_scores else "features alone"
    out.print(
        f"{card.target.quantity} on {card.space} from {inputs}: extrapolated from "
        f"{card.transfer.from_space}, untested; 90 % interval "
        f"{card.interval.above[0]:.0f} points either way"
    )
    if not card.transfer.qualities:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("from", "to"):
        table.add_column(heading)
    for heading in ("networks", "Kendall tau", "params alone", "MACs alone"):
        table.add_column(heading, justify="right")
    for entry in card.transfer.qualities:
        taus = (entry.kendall_tau, entry.kendall_tau_params, entry.kendall_tau_macs)
        shown = ("-" if tau is None else f"{tau:.3f}" for tau in taus)
        figures = (f"{entry.n_classes:,}", *shown)
        table.add_row(entry.from_space, entry.to_space, *figures)
    out.print("How well such models rank accuracy where it is known:")
    out.print(table)
