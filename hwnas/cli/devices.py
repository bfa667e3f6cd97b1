"""``hwnas devices``: which there are, what is known of them, and how good it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwnas.cli import _exit
from hwnas.cli._help import Listing, Pages, examples
from hwnas.cli._limits import LIMIT_HELP, Constraints, LimitAt, limits, parsed
from hwnas.cli._space import DatasetName, OptionTexts, SpaceName, completed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hwnas.api._devices import How, Searchable
    from hwnas.core.target import Target
    from hwnas.predictors.card import Card, Sizes
    from hwnas.tables.catalogue import Entry

_HEADINGS = {
    "held_out": "Predictors, measured on functional classes held out from fitting",
    "cross_validated": "Predictors, fitted on all functional classes and measured out of fold",
}
"""What the figures of predictors are, by how they were measured."""

app = Pages(cls=Listing, help="List devices, and show what is known of one.")


@app.command("list")
@examples("hwnas devices", "hwnas devices list --json")
def list_devices(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List devices, and what a search accepts on each."""
    import dataclasses

    from rich.markup import escape
    from rich.table import Table

    from hwnas import api
    from hwnas.cli._console import console, print_json

    devices = [api.load_device(name) for name in api.device_names()]
    if as_json:
        known = api.searchable(devices)
        print_json(
            [
                {
                    **api.device_record(device),
                    "searchable": [dataclasses.asdict(each) for each in known[device.name]],
                }
                for device in devices
            ]
        )
        return
    known = api.searchable(devices)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    out = console()
    table.add_column("name", no_wrap=True)
    table.add_column("device", max_width=max(20, out.width // 4))
    table.add_column("a search takes")
    for device in devices:
        table.add_row(
            escape(device.name), escape(device.title), "\n".join(_taken(known[device.name]))
        )
    out.print(table)
    out.print(
        "\n[dim]extrapolated: from another space, untested there. table only: with --source table. "
        "No data set named: on all of the space. More: hwnas devices show NAME[/dim]"
    )


@app.command("show")
@examples(
    "hwnas devices show edgegpu",
    "hwnas devices show raspi4 --json",
)
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="DEVICE", help="Name of the device.", autocompletion=completed("device")
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what is known of a device and how good it is."""
    from rich.markup import escape
    from rich.padding import Padding

    from hwnas import api
    from hwnas.cli._console import console, print_json

    device = api.load_device(name)
    cards = api.device_predictors(device)
    if as_json:
        record = api.device_record(device)
        print_json({**record, "predictors": api.predictor_records(cards)})
        return
    out = console()
    out.print(f"[bold]{escape(device.title)}[/bold] ({escape(device.kind)})")
    out.print(f"Source: {escape(device.source)}")
    if device.rated_power_w is not None:
        source = escape(device.rated_power_source)
        out.print(f"Rated power: {device.rated_power_w:g} W ({source})")
    if device.unsupported:
        out.print(f"Unsupported operators: {', '.join(device.unsupported)}")
    if device.note:
        out.print(f"Note: {escape(device.note)}")
    for entry, targets in api.tables_of(device):
        out.print(_table_line(entry, targets))
    for evaluation, heading in _HEADINGS.items():
        measured = [c for c in cards if c.transfer is None and c.evaluation.how == evaluation]
        if measured:
            out.print(f"\n{heading}:\n")
            out.print(_card_table(measured))
        for card in measured:
            if card.evaluation.lacks_skill:
                out.print(
                    f"[yellow]No skill:[/yellow] {escape(str(card.target))} on {card.space} "
                    f"({escape(str(card.target.dataset))}) is ranked no better than chance, which "
                    f"gets a Kendall tau of {card.evaluation.chance_tau:.2f} one time in twenty."
                )
    if any(card.transfer for card in cards):
        out.print("\nExtrapolated from another space, untested where they are used:\n")
        for line, notes in _transfers(cards):
            out.print(line)
            for note in notes:
                out.print(Padding(note, (0, 0, 0, 2)))
    if not cards:
        out.print("\nNo predictors. Make some from a table: hwnas fit TABLE")


@app.command("choose")
@examples(
    "hwnas devices choose --at-most latency_ms=5",
    'hwnas devices choose --space fbnet --constraint "latency_ms<=20"',
)
def choose(
    space: SpaceName = "nasbench201",
    at_most: Annotated[
        list[str] | None, typer.Option(metavar="LIMITS", help=LIMIT_HELP.format("Largest"))
    ] = None,
    at_least: Annotated[
        list[str] | None, typer.Option(metavar="LIMITS", help=LIMIT_HELP.format("Smallest"))
    ] = None,
    constraint: Constraints = None,
    dataset: DatasetName = None,
    option: OptionTexts = None,
    limit_at: LimitAt = None,
    sample: Annotated[
        int | None,
        typer.Option(metavar="N", help="Architectures to draw where a space is too large to list."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of that draw.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Choose a device: on which can limits be kept, and with what?"""
    from hwnas import api
    from hwnas.cli._console import console, print_json
    from hwnas.cli._selection import print_device_choices

    choices = api.choose_device(
        api.space_of(space, dataset, option),
        limits(at_most, "--at-most"),
        limits(at_least, "--at-least"),
        limit_at=limit_at or api.DEFAULT_LIMIT_AT,
        sample=api.DEFAULT_SAMPLE if sample is None else sample,
        seed=seed,
        constraints=parsed(constraint),
    )
    if as_json:
        print_json(api.device_choice_record(choices))
    else:
        print_device_choices(console(), choices)
    if not choices.selections:
        raise typer.Exit(_exit.FAILURE)


def _taken(known: Sequence[Searchable]) -> Iterator[str]:
    """What a search takes of a device: ``nasbench201 (cifar10): latency predicted``."""
    from hwnas import api

    for space in dict.fromkeys(each.space for each in known):
        datasets: dict[tuple[tuple[str, How], ...], list[str]] = {}
        for dataset in api.spaces()[space].datasets:
            here = [each for each in known if (each.space, each.dataset) == (space, dataset)]
            if here:
                taken = tuple((each.quantity, each.how) for each in here)
                datasets.setdefault(taken, []).append(dataset)
        for taken, names in datasets.items():
            hows = dict.fromkeys(how for _, how in taken)
            words = (
                f"{', '.join(name for name, its in taken if its == how)} {how}" for how in hows
            )
            is_all = len(names) == len(api.spaces()[space].datasets)
            where = "" if is_all else f" ({', '.join(names)})"
            yield f"{space}{where}: {'; '.join(words)}"


def _table_line(entry: Entry, targets: list[Target]) -> str:
    """What a table holds of a device: ``In table x, on nasbench201 (cifar10): latency``."""
    datasets = ", ".join(dict.fromkeys(filter(None, (each.dataset for each in targets))))
    names = ", ".join(dict.fromkeys(map(str, targets)))
    return f"In table {entry.name}, on {entry.space} ({datasets}): {names}"


def _transfers(cards: list[Card]) -> Iterator[tuple[str, list[str]]]:
    """What is extrapolated to where, and what to know of it, a line each.

    The first is ``mnasnet (imagenet): latency, energy; from nasbench201``.
    """
    from hwnas.cli._transfer import remarks

    by_place: dict[tuple[str, str, str], list[Card]] = {}
    for card in cards:
        if card.transfer is not None:
            place = (card.space, str(card.target.dataset), card.transfer.from_space)
            by_place.setdefault(place, []).append(card)
    for (space, dataset, start), members in by_place.items():
        quantities = ", ".join(card.target.quantity for card in members)
        notes = [
            f"{card.target.quantity}: {line[0].lower()}{line[1:]}"
            for card in members
            for line in remarks(card)
        ]
        yield f"{space} ({dataset}): {quantities}; from {start}", notes


def _sizes(sizes: Sizes) -> str:
    """Classes that were fitted on and, where these are others, those that measured."""
    return f"{sizes.train:,}" + ("" if sizes.train == sizes.test else f"/{sizes.test:,}")


def _card_table(cards: list[Card]) -> Any:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    # A unit may stand on a line of its own; everything else stays on one.
    for heading in ("space", "data set", "quantity"):
        table.add_column(heading, no_wrap=heading != "quantity", overflow="fold")
    for heading in ("Kendall\ntau", "within\n10 %", "in 90 %\ninterval", "classes"):
        table.add_column(heading, justify="right", no_wrap=True)
    for card in cards:
        evaluation = card.evaluation
        tau, close = evaluation.figures["kendall_tau"], evaluation.figures["within_10_pct"]
        table.add_row(
            card.space,
            card.target.dataset,
            f"{card.target} ({card.target.meaning.unit})",
            "" if tau is None else f"{tau:.3f}",
            "" if close is None else f"{close:.1f} %",
            f"{evaluation.coverage_pct:.1f} %",
            _sizes(evaluation.n_classes),
        )
    return table
