"""``hwnas fit``: predictors from a table."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwnas.cli._help import examples
from hwnas.cli._space import completed

if TYPE_CHECKING:
    from rich.console import Console

    from hwnas.errors import TableError
    from hwnas.predictors.card import Card


_LEGEND = """\
All figures are of architectures that the predictor was not fitted on:
  Kendall tau     how well it ranks them: 1 as measured, 0 as chance does
  within 10 %     how many of its values are so close to those measured
  90 % intervals  how many of those measured they hold: 90 % is right
A class is all architectures that compute the same."""
_KEPT = (
    "Predictors without skill are kept, and searches, choices and reports say so. Check the "
    "table's values, or measure more architectures."
)


@examples(
    "hwnas fit my-table",
    "hwnas fit my-table --column cifar10_myboard_latency_ms",
    "hwnas fit --device edgegpu --from-space nasbench201 --to-space mnasnet",
)
def fit(
    table: Annotated[
        str | None,
        typer.Argument(
            metavar="TABLE", help="Table; see: hwnas tables list", autocompletion=completed("table")
        ),
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

    Predictors are fitted on all functional classes of a table. Their figures are from
    cross-validation: each class is predicted by a model that was fitted without it.
    """
    from rich.markup import escape

    from hwnas import api
    from hwnas.cli._console import console, print_json
    from hwnas.cli._transfer import print_quality_transfer, print_transfer
    from hwnas.errors import ConfigError

    lines = console(to_stderr=as_json)

    def tell(name: str, found: Card | TableError) -> None:
        _print_fitted(lines, name, found)

    ends = (device, quantity, from_space, to_space)
    if table is not None and not any(ends):
        cards = api.fit(table, column, out, seed, tell, tolerance)
        lines.print(f"[dim]{_LEGEND}[/dim]")
        if any(card.evaluation.lacks_skill for card in cards):
            lines.print(f"[yellow]{_KEPT}[/yellow]")
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
    # Searches look for predictors in the cache alone.
    if out is None:
        lines.print(f"Next    {escape(shlex.join(api.next_search(cards)))}", soft_wrap=True)
    if as_json:
        print_json(api.predictor_records(cards))


def _print_fitted(out: Console, name: str, card: Card | TableError) -> None:
    """What a predictor of a column is, how wrong it is, and a warning where it has no skill."""
    from rich.markup import escape

    if isinstance(card, Exception):
        out.print(f"Not fitted: {escape(str(card))}", soft_wrap=True)
        return
    evaluation = card.evaluation
    tau, close = evaluation.figures["kendall_tau"], evaluation.figures["within_10_pct"]
    figures = [
        "Kendall tau unknown" if tau is None else f"Kendall tau {tau:.3f}",
        f"{close:.1f} % within 10 %",
        f"{evaluation.coverage_pct:.0f} % inside their 90 % intervals",
    ]
    best = evaluation.figures.get("kendall_tau_best_fifth")
    if best is not None:
        figures[0] += f" ({best:.3f} within the best fifth)"
    out.print(f"{escape(name)}: {card.model.estimator}")
    out.print(f"  cross-validated on {evaluation.n_classes.test:,} classes")
    out.print(f"  {', '.join(figures)}")
    if evaluation.lacks_skill:
        out.print(
            "  [yellow]Warning: no skill.[/yellow] Chance alone gets a Kendall tau of "
            f"{evaluation.chance_tau:.2f} one time in twenty."
        )
