"""``hwnas explain``: which features a prediction rests on, by target and device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwnas.cli._archs import broken
from hwnas.cli._columns import in_lines
from hwnas.cli._help import examples
from hwnas.cli._space import DatasetName, OptionTexts, SpaceName, completed

if TYPE_CHECKING:
    from rich.console import Console

    from hwnas.core.space import SearchSpace
    from hwnas.objectives.explanation import Explanation
    from hwnas.predictors.importances import Importance

BAR_WIDTH = 20
FIGURE_WIDTH = 17
LABEL_WIDTH = 30
HEADINGS = {"set": "Sets of features", "kind": "Parts of sets", "feature": "Single features"}
CAVEAT = (
    "Features go together and share their importance: a set counts for more than its features do. "
    "This is what the predictor rests on, not what causes the value."
)


@examples(
    "hwnas explain --target latency --device edgegpu",
    "hwnas explain --target accuracy,robustness",
)
def explain(
    quantities: Annotated[
        str,
        typer.Option(
            "--target",
            metavar="QUANTITY",
            help="{quantities}, with a condition after @; several, comma-separated, are compared.",
        ),
    ],
    space: SpaceName = "nasbench201",
    device: Annotated[
        str | None,
        typer.Option(
            help="Device; without it, all are compared. See: hwnas devices",
            autocompletion=completed("device"),
        ),
    ] = None,
    dataset: DatasetName = None,
    option: OptionTexts = None,
    top: Annotated[
        int, typer.Option(help="How many kinds and single features to show.", min=1)
    ] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which features the predictor of a quantity rests on."""
    from hwnas import api
    from hwnas.cli._console import console, print_json

    loaded = api.space_of(space, dataset, option)
    found = api.explanations(loaded, api.between_commas(quantities), device)
    if as_json:
        print_json([_record(loaded, explanation, top) for explanation in found])
        return
    out = console()
    known = [explanation for explanation in found if explanation.importances]
    out.print(_heading(known))
    if len(known) == 1:
        _print_one(out, loaded, known[0], top)
    else:
        _print_all(out, loaded, known, top)
    for explanation in found:
        if not explanation.importances:
            out.print(f"\nNot known: {explanation.why_not}")


def _record(space: SearchSpace, explanation: Explanation, top: int) -> dict[str, Any]:
    from hwnas import api

    card = explanation.card
    return {
        "space": card.space,
        "dataset": card.target.dataset,
        "device": card.target.device,
        "target": card.target.quantity,
        "variant": card.target.condition_text,
        "kendall_tau": card.evaluation.figures["kendall_tau"],
        "n_classes": card.importances.n_classes if card.importances else None,
        "n_repeats": card.importances.n_repeats if card.importances else None,
        "importances": [
            {
                "level": each.level,
                "feature_set": each.feature_set,
                "name": each.name,
                "label": api.label_of(space, each),
                "tau_drop": each.drop,
                "tau_drop_std": each.std,
            }
            for each in api.first(explanation.importances, top)
        ],
        "not_known": explanation.why_not or None,
    }


def _heading(known: Sequence[Explanation]) -> str:
    """What is explained, and what the numbers below it are."""
    from rich.markup import escape

    card = known[0].card
    devices = {each.card.target.device for each in known} - {None}
    device = f" of {devices.pop()}" if len(devices) == 1 else ""
    targets = ", ".join(dict.fromkeys(each.target for each in known))
    tau = f" of {_tau(known[0])}" if len(known) == 1 else ""
    measured = [each.card.importances for each in known if each.card.importances]
    sizes = [each.n_classes or 0 for each in measured]
    n_classes = " to ".join(f"{size:,}" for size in sorted({min(sizes), max(sizes)}))
    n_repeats = {each.n_repeats for each in measured}
    return (
        f"[bold]{escape(targets + device)} on {card.space} ({card.target.dataset})[/bold]\n"
        f"How far the Kendall tau{tau} on {n_classes} unseen classes falls when features are "
        f"permuted: mean of {', '.join(map(str, sorted(n_repeats)))} permutations."
    )


def _tau(explanation: Explanation) -> str:
    tau = explanation.card.evaluation.figures["kendall_tau"]
    return "" if tau is None else f"{tau:.3f}"


def _print_one(out: Console, space: SearchSpace, explanation: Explanation, top: int) -> None:
    """One predictor: numbers and bars."""
    from rich.table import Table

    from hwnas import api

    shown = api.first(explanation.importances, top)
    largest = max(each.drop for each in shown)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    width = out.width - BAR_WIDTH - FIGURE_WIDTH
    for level, heading in HEADINGS.items():
        rows = [each for each in shown if each.level == level]
        if rows:
            table.add_row()
            table.add_row(f"[bold]{heading}[/bold]", "[bold]fall of tau[/bold]")
        for each in rows:
            figure = f"{each.drop:.3f} ± {each.std:.3f}"
            bar = "█" * round(BAR_WIDTH * each.drop / largest)
            table.add_row(_wrapped(space, each, width), figure, bar)
    out.print(table)
    _print_legend(out, shown)


def _print_all(out: Console, space: SearchSpace, known: Sequence[Explanation], top: int) -> None:
    """Several predictors: features by devices, as many devices beside each other as fit."""
    shown = {level: _largest_of_all(known, level, top) for level in HEADINGS}
    every = [each for rows in shown.values() for each in rows]
    for beside in _blocks(known, out.width - LABEL_WIDTH):
        out.print()
        out.print(_comparison(space, beside, shown, out.width))
    out.print("\n[dim]\N{MIDDLE DOT}  not among the largest of its column[/dim]")
    _print_legend(out, every)


def _names(known: Sequence[Explanation]) -> list[str]:
    """Heading of each predictor: its target, its conditions and its device, as they differ."""
    targets = {each.target for each in known}
    quantities = {each.card.target.quantity for each in known}
    devices = {each.card.target.device for each in known} - {None}

    def name(one: Explanation) -> str:
        quantity, *conditions = in_lines(one.target)
        device = one.card.target.device
        return "\n".join(
            [
                *([quantity] if len(quantities) > 1 else []),
                *(conditions if len(targets) > 1 else []),
                *([device] if device and len(devices) > 1 else []),
            ]
        )

    return list(map(name, known))


def _blocks(known: Sequence[Explanation], width: int) -> Iterator[list[tuple[str, Explanation]]]:
    """Predictors with their headings, as many at a time as stand beside each other."""
    beside: list[tuple[str, Explanation]] = []
    used = 0
    for name, each in zip(_names(known), known, strict=True):
        if beside and used + _width(name) > width:
            yield beside
            beside, used = [], 0
        beside.append((name, each))
        used += _width(name)
    yield beside


def _width(heading: str) -> int:
    """Width of a column of drops, the gap to the next included."""
    return max(map(len, ["0.000", *heading.split("\n")])) + len("  ")


def _largest_of_all(known: Sequence[Explanation], level: str, top: int) -> list[Importance]:
    """What is most important in the mean over predictors, each with some predictor's figures."""
    sums: dict[tuple[str, str], float] = {}
    one = {}
    for explanation in known:
        for each in explanation.importances:
            if each.level == level:
                key = each.feature_set, each.name
                sums[key] = sums.get(key, 0.0) + each.drop
                one[key] = each
    order = sorted(sums, key=lambda key: -sums[key])
    return [one[key] for key in (order if level == "set" else order[:top])]


def _comparison(
    space: SearchSpace,
    beside: Sequence[tuple[str, Explanation]],
    shown: Mapping[str, Sequence[Importance]],
    width: int,
) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("", no_wrap=True)
    label_width = max(LABEL_WIDTH, width - sum(_width(name) for name, _ in beside))
    for name, _ in beside:
        table.add_column(escape(name), justify="right", no_wrap=True)
    table.add_row("Kendall tau", *(_tau(explanation) for _, explanation in beside))
    drops = [
        {(each.level, each.feature_set, each.name): each.drop for each in explanation.importances}
        for _, explanation in beside
    ]
    for level, rows in shown.items():
        table.add_row()
        table.add_row(f"[bold]{HEADINGS[level]}[/bold]")
        for row in rows:
            found = [drop.get((level, row.feature_set, row.name)) for drop in drops]
            cells = ["\N{MIDDLE DOT}" if drop is None else f"{drop:.3f}" for drop in found]
            table.add_row(_wrapped(space, row, label_width), *cells)
    return table


def _wrapped(space: SearchSpace, importance: Importance, width: int) -> str:
    """Name of what was permuted, on lines of ``width`` that end after a sign, not in a word."""
    from rich.markup import escape

    from hwnas import api

    return escape("\n".join(broken(api.label_of(space, importance), width, indent=2)))


def _print_legend(out: Console, shown: Sequence[Importance]) -> None:
    """One line on each set and kind that was shown, and what importance is not."""
    from rich.table import Table

    from hwnas import api

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    for feature_set, meaning, kinds in api.legend_of(shown):
        table.add_row(feature_set, meaning)
        for kind, its in kinds:
            table.add_row(f"  {kind}", its)
    out.print()
    out.print(table)
    out.print(f"\n{CAVEAT}")
