"""``hwnas devices add`` and ``recheck``: a device of the user's own from a few measurements."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from hwnas.cli import _backend
from hwnas.cli._archs import print_table
from hwnas.cli._console import console, number, print_json
from hwnas.cli._help import examples

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from hwnas.fitting.held_out import Figure
    from hwnas.measure.profiling import Block
    from hwnas.measure.recheck import Recheck

_LITTLE = 0.9
"""An error that twice as many networks would leave so much of is hardly worth them."""

_ADVICE = {
    "still holds": "What is known of the device still holds.",
    "scale": (
        "Scale by {factor:.2f}: every network takes so many times what the table has, so that "
        "rankings hold and limits do not. If that is to stay, measure anew under another name."
    ),
    "refit": (
        "Refit: networks have become slower or faster by different factors. Measure anew under "
        "another name: hwnas devices add NAME"
    ),
}


@_backend.takes_backend
@examples(
    "hwnas devices add my-laptop",
    "hwnas devices add my-board --backend tvm-rpc --tracker 10.0.0.2:9190 --key board --budget 40",
)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call the device.")],
    spaces: Annotated[
        str, typer.Option(help="Search spaces to learn it on, by commas.")
    ] = "nasbench201",
    runs_on: _backend.Chosen = _backend.USUAL,
    budget: Annotated[int, typer.Option(help="Networks of each space to measure.")] = 20,
    title: Annotated[
        str | None, typer.Option(help="Full name; processor and backend by default.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the choice of networks and the fit.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure a few networks on a device and make it one that searches can use.

    Which networks are measured is chosen so that they say most of all others. Stopped, the same
    command goes on where it was.
    """
    from hwnas import api

    names = [each.strip() for each in spaces.split(",") if each.strip()]
    messages, plan = console(to_stderr=True), api.Plan(threads=runs_on.threads)
    runs_on.note_threads(messages)
    with _told(messages) as tell:
        device, learned = api.add_device(
            name, names, runs_on.name, runs_on.options, budget, plan, title, seed, tell
        )
    if as_json:
        print_json(
            {
                "device": api.device_record(device),
                "learned": [api.learned_record(each) for each in learned],
            }
        )
        return
    out = console()
    for each in learned:
        found = each.held_out
        out.print(f"[bold]{each.space}[/bold]: {each.n_nets:,} networks measured")
        if each.n_unstable:
            out.print(f"  [yellow]{each.n_unstable:,} more were unstable, left out[/yellow]")
        out.print("  on networks that it was not fitted on, with 90 % intervals:")
        out.print(f"    Spearman        {_with_interval(found.spearman, '.3f')}")
        out.print(f"    within 10 %     {_with_interval(found.within_10_pct, '.0f')} %")
        out.print(f"    median error    {_with_interval(found.median_error_pct, '.1f')} %")
        is_little = found.at_twice_pct > _LITTLE * found.median_error_pct.value
        out.print(
            f"  {found.n_nets:,} more would "
            + ("hardly help" if is_little else "help")
            + f": a median error of about {found.at_twice_pct:.1f} % "
            f"(half as many: {found.at_half_pct:.1f} %)"
        )
    out.print(f"Search for it: hwnas search {learned[0].space} --device {name}", soft_wrap=True)


@examples(
    "hwnas devices recheck my-laptop",
)
def recheck(
    name: Annotated[str, typer.Argument(metavar="DEVICE", help="A device of your own.")],
    budget: Annotated[int, typer.Option(help="Networks to measure again.")] = 5,
    space: Annotated[
        str | None, typer.Option(help="Space of the networks; the first measured by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure a few networks again: still holds, scale by a factor, or refit."""
    from hwnas import api

    found = api.recheck_device(name, budget, space=space)
    if as_json:
        print_json(api.recheck_record(found))
        return
    out = console()
    names = [each.name for each in found.nets]
    print_table(out, names, lambda has_names: _recheck_table(found, has_names))
    for what, (before, now) in found.changed.items():
        out.print(f"{what}: was {before}, is {now}")
    out.print(_verdict(found))


def _recheck_table(found: Recheck, has_names: bool) -> Table:
    """Latency before and now, a row for each network, with its name or with a number."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("network" if has_names else "", justify="left" if has_names else "right")
    for heading in ("before\nms", "now\nms", "factor"):
        table.add_column(heading, justify="right", no_wrap=True)
    for place, each in enumerate(found.nets, start=1):
        row = (number(each.before_ms), number(each.now_ms), f"{each.factor:.2f}")
        table.add_row(escape(each.name) if has_names else str(place), *row)
    return table


def _verdict(found: Recheck) -> str:
    return (
        f"{_ADVICE[found.verdict].format(factor=found.factor)} Factor {found.factor:.2f}; "
        f"networks differ from it by up to {100 * found.spread:.1f} %."
    )


def _with_interval(figure: Figure, form: str) -> str:
    return f"{figure.value:{form}} ({figure.low:{form}} to {figure.high:{form}})"


@contextlib.contextmanager
def _told(out: Console) -> Iterator[Callable[[str, Block, int, int], None]]:
    """A progress bar over the networks of each space."""
    with _backend.progress_bar(out) as update:

        def tell(space: str, _: Block, n_done: int, n_nets: int) -> None:
            update(f"networks of {space} measured", n_done, n_nets)

        yield tell
