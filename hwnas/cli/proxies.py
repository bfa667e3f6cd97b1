"""``hwnas proxies``: zero-cost scores of architectures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwnas.cli._archs import print_arch
from hwnas.cli._console import console, number, print_json
from hwnas.cli._help import examples
from hwnas.cli._space import DatasetName, OptionTexts, SpaceName

if TYPE_CHECKING:
    from hwnas.core.architecture import Architecture
    from hwnas.proxies.sweep import ScoringPlan


@examples(
    "hwnas proxies --sample 20 --proxies nwot,synflow",
    'hwnas proxies "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|" --batch noise',
    "hwnas proxies --space fbnet --sample 1000 --out scores.parquet",
)
def proxies(
    archs: Annotated[
        list[str] | None, typer.Argument(metavar="ARCH", help="Published strings, in quotes.")
    ] = None,
    space: SpaceName = "nasbench201",
    dataset: DatasetName = None,
    sample: Annotated[
        int | None, typer.Option(metavar="N", help="Score N different random architectures.")
    ] = None,
    score_all: Annotated[
        bool, typer.Option("--all", help="Score every architecture of the space.")
    ] = False,
    names: Annotated[
        str | None, typer.Option("--proxies", help="Comma-separated; all by default.")
    ] = None,
    batch: Annotated[
        str, typer.Option(metavar="photos|noise|FILE", help="FILE: .npz of images and labels.")
    ] = "photos",
    batch_size: Annotated[int, typer.Option(help="Images of the minibatch.")] = 64,
    option: OptionTexts = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same scores.")] = 0,
    torch_device: Annotated[
        str, typer.Option("--torch-device", metavar="cpu|cuda", help="Where to score.")
    ] = "cpu",
    workers: Annotated[
        int | None, typer.Option(help="Processes, each of one thread; one a core by default.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.parquet", help="Where to; a file that exists is continued."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score untrained architectures by zero-cost proxies; needs the extra torch."""
    from hwnas import api

    target = api.space_of(space, dataset, option)
    chosen = api.choose_architectures(target, archs or [], sample, score_all, seed)
    wanted = None if names is None else [name.strip() for name in names.split(",")]
    plan = api.plan_scoring(target, batch, batch_size, wanted, seed, torch_device)
    n_workers = _n_workers(workers, torch_device, len(chosen))
    if out is None:
        _print(chosen, plan, n_workers, as_json)
    else:
        _save(chosen, plan, out, n_workers)


def _n_workers(asked: int | None, torch_device: str, n_archs: int) -> int:
    """Processes to use: one for each core this process may use, one for a GPU."""
    from hwnas import api

    if asked is not None:
        return asked
    if torch_device != "cpu":
        return 1
    # Starting a process takes as long as some architectures.
    return max(1, min(api.n_cores(), n_archs // 8))


def _save(archs: Sequence[Architecture], plan: ScoringPlan, out: Path, n_workers: int) -> None:
    """Score into a file, with a progress bar."""
    from rich.markup import escape

    from hwnas import api

    messages = console(to_stderr=True)
    _track(api.sweep(archs, plan, out, n_workers), len(archs), messages)
    console().print(f"{len(archs):,} architectures scored: {out}", soft_wrap=True)
    for note in api.unscored_notes(plan, out):
        messages.print(f"[yellow]Note:[/yellow] {escape(note)}")


def _track(counts: Iterable[int], total: int, messages: Any) -> None:
    from rich import progress as parts

    bar = parts.Progress(
        parts.BarColumn(bar_width=20),
        parts.MofNCompleteColumn(),
        parts.TextColumn("architectures"),
        parts.TimeRemainingColumn(compact=True),
        console=messages,
        transient=True,
    )
    with bar:
        row = bar.add_task("", total=total)
        for n_done in counts:
            bar.update(row, completed=n_done)


def _print(archs: Sequence[Architecture], plan: ScoringPlan, n_workers: int, as_json: bool) -> None:
    """Score and print, each architecture under its canonical string."""
    from rich.markup import escape
    from rich.table import Table

    from hwnas import api

    scored = api.score_rows(archs, plan, n_workers)
    if as_json:
        print_json(
            [
                {
                    "arch": str(arch),
                    **api.numbers_by_column(scores.values),
                    "reasons": dict(scores.reasons),
                }
                for arch, scores in scored
            ]
        )
        return
    out = console()
    for arch, scores in scored:
        print_arch(out, str(arch), style="bold")
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
        for name, value in scores.values.items():
            table.add_row(name, number(value), escape(scores.reasons.get(name, "")))
        out.print(table)
