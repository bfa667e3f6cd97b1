"""``hwnas fit``: predictors from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hwnas.predictors.card import Card


def fit(
    table: Annotated[
        str | None, typer.Argument(metavar="[TABLE]", help="Table; see: hwnas tables list")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Column to fit; repeat it for several. All that vary by default."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of predictors; your cache by default.", file_okay=False),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Device to extrapolate to another space, without TABLE.")
    ] = None,
    quantity: Annotated[
        str | None,
        typer.Option(help="Or extrapolate accuracy or robustness to a space that has none."),
    ] = None,
    from_space: Annotated[
        str | None, typer.Option(help="Space whose published values are fitted.")
    ] = None,
    to_space: Annotated[str | None, typer.Option(help="Space to extrapolate to.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of splits and estimators.", min=0)] = 0,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="How far below the best Kendall tau a smaller model may be. [default: 0.001]",
            min=0,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the cards as JSON.")] = False,
) -> None:
    """Fit predictors on a table, or extrapolate a device from one space to another.

    Figures of predictors are from functional classes held out from fitting. Of fewer than 200, or
    fewer than 1,500 for what a device takes, all are fitted on and figures are cross-validated.
    """
    from rich.markup import escape

    from hwnas import api
    from hwnas.cli._console import console, print_json
    from hwnas.cli._transfer import print_quality_transfer, print_transfer
    from hwnas.errors import ConfigError

    lines = console(to_stderr=as_json)

    def tell(name: str, card: Card | None) -> None:
        lines.print(f"{escape(name)}: {_line(card)}", soft_wrap=True)

    ends = (device, quantity, from_space, to_space)
    if table is not None and not any(ends):
        cards = api.fit(table, column, out, seed, tell, tolerance)
        for line in api.unused_rows(api.load_audit(table)):
            lines.print(f"Of {escape(table)}, {line}", soft_wrap=True)
    elif table is None and bool(device) != bool(quantity) and from_space and to_space:
        if device:
            cards = api.fit_transfer(device, from_space, to_space, out=out)
        else:
            cards = api.fit_quality_transfer(str(quantity), from_space, to_space, out=out)
        for card in cards:
            (print_transfer if device else print_quality_transfer)(lines, card)
    else:
        raise ConfigError(
            "hwnas fit needs a TABLE, or --from-space, --to-space and one of --device and "
            "--quantity; got neither, a part, or both."
        )
    lines.print(f"Predictors are in {escape(str(out or api.predictors_dir()))}", soft_wrap=True)
    if as_json:
        print_json(api.predictor_records(cards))


def _line(card: Card | None) -> str:
    """What a predictor is and how wrong it is."""
    if card is None:
        return "the same for every architecture, nothing to fit"
    evaluation = card.evaluation
    tau, close = evaluation.figures["kendall_tau"], evaluation.figures["within_10_pct"]
    known = [f"Kendall tau {tau:.3f}" if tau is not None else "", f"{close:.1f} % within 10 %"]
    covered = f"90 % intervals hold {evaluation.coverage_pct:.0f} %"
    figures = f"{', '.join(filter(None, known))}; {covered}"
    if not evaluation.is_held_out:
        figures = f"cross-validated on {evaluation.n_classes.test} classes: {figures}"
    return f"{card.model.estimator}; {figures}"
