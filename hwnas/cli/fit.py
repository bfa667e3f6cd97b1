"""``hwnas fit``: predictors from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hwnas.predictors.card import Card


def fit(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Table; see: hwnas tables list")],
    column: Annotated[
        list[str] | None,
        typer.Option(help="Column to fit; repeat it for several. All that vary by default."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of predictors; your cache by default.", file_okay=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of splits and estimators.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the cards as JSON.")] = False,
) -> None:
    """Fit predictors on a table; figures are from functional classes held out."""
    import dataclasses

    from rich.markup import escape

    from hwnas import api
    from hwnas.cli._console import console, print_json
    from hwnas.predictors import search_path

    lines = console(to_stderr=as_json)

    def tell(name: str, card: Card | None) -> None:
        lines.print(f"{escape(name)}: {_line(card)}", soft_wrap=True)

    cards = api.fit(table, column, out, seed, tell)
    lines.print(f"Predictors are in {escape(str(out or search_path()[0]))}", soft_wrap=True)
    if as_json:
        print_json([dataclasses.asdict(card) for card in cards])


def _line(card: Card | None) -> str:
    """What a predictor is and how wrong it is."""
    if card is None:
        return "the same for every architecture, nothing to fit"
    tau, close = card.held_out["kendall_tau"], card.held_out["within_10_pct"]
    known = [f"Kendall tau {tau:.3f}" if tau is not None else "", f"{close:.1f} % within 10 %"]
    covered = f"90 % intervals hold {100 * card.interval['coverage']:.0f} %"
    return f"{card.estimator}; {', '.join(filter(None, known))}; {covered}"
