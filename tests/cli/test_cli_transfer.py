"""What is printed of extrapolated costs, from the cards of those that ship."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from made_up import shipped_predictor
from rich.console import Console

from hwnas.cli._transfer import print_transfer, remarks
from hwnas.predictors.card import Card


def card_of(name: str) -> Card:
    return shipped_predictor("mnasnet", "imagenet", name).card


def printed(card: Card) -> str:
    file = io.StringIO()
    print_transfer(Console(file=file, width=80), card)
    return file.getvalue()


def test_measured_transfers_stand_beside_counts_and_their_factor() -> None:
    lines = [line.split() for line in printed(card_of("raspi4.latency")).splitlines()]
    transfer = card_of("raspi4.latency").transfer
    assert transfer is not None
    (own,) = transfer.measured("latency", "raspi4")
    assert [
        "raspi4", f"{own.spearman:.3f}", f"{own.spearman_macs:.3f}", f"{own.spearman_params:.3f}",
        f"{own.within_10_pct:.0f}", "%", "x", f"{own.scale:.2f}",
        f"{own.within_10_pct_scaled:.0f}", "%",
    ] in lines  # fmt: skip
    assert "What all are off by cannot be known without a value on the other space." in printed(
        card_of("raspi4.latency")
    )


def test_tables_of_transfers_fit_in_80_columns() -> None:
    lines = printed(card_of("edgegpu.latency")).splitlines()
    header = next(row for row, line in enumerate(lines) if line.startswith("device"))
    assert max(len(line.rstrip()) for line in lines[header:]) <= 80


def test_a_way_that_was_never_measured_is_said_to_be_so() -> None:
    text = " ".join(printed(card_of("edgegpu.energy")).split())
    assert text.startswith(
        "edgegpu energy on mnasnet: extrapolated from nasbench201 through fbnet, no interval "
    )
    assert (
        "How far energy carries in this way was never measured: nothing is known of its error."
    ) in text


def test_values_that_rank_as_macs_do_are_said_to_do_so() -> None:
    assert "it ranks as MACs alone do." in printed(card_of("fpga.latency"))
    text = " ".join(printed(card_of("raspi4.latency")).split())
    assert "it ranks as" not in text.replace("it ranks better", "")
    assert "different values, Spearman 0.9" in text


@pytest.mark.parametrize(("rho", "said"), [(0.99, "better than"), (0.9, "no better than")])
def test_a_transfer_that_counting_macs_beats_is_said_to_be_so(rho: float, said: str) -> None:
    card = card_of("raspi4.latency")
    assert card.transfer is not None
    costs = tuple(replace(each, spearman=rho, spearman_macs=0.95) for each in card.transfer.costs)
    changed = replace(card, transfer=replace(card.transfer, costs=costs))
    assert next(remarks(changed)) == (
        f"From fbnet to nasbench201 it ranks {said} MACs alone: Spearman {rho:.3f} against 0.950."
    )
