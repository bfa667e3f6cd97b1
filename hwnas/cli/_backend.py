"""Options by which commands take a backend and a plan, and what they make of them."""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

BackendName = Annotated[
    str, typer.Option("--backend", help="What runs the models; see: hwnas backends")
]
Provider = Annotated[
    str | None, typer.Option(help="Execution provider of ort, such as CPU or CUDA.")
]
TuningTrials = Annotated[
    int | None,
    typer.Option(metavar="N", help="Trials for each operator that tvm has not tuned yet."),
]
Tracker = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help="RPC tracker of tvm-rpc; trusted nets only.")
]
Key = Annotated[str | None, typer.Option(help="Key of the board at the tracker.")]
TargetText = Annotated[str | None, typer.Option("--target", help="Target that tvm compiles for.")]
Database = Annotated[
    str | None, typer.Option(help="Folder of tvm's tuning database; one in your cache by default.")
]
Compiler = Annotated[
    str | None, typer.Option("--cc", help="Compiler that links for a board of tvm-rpc.")
]
TimeoutS = Annotated[
    float | None, typer.Option(help="Seconds that a board of tvm-rpc may take to answer.")
]
Threads = Annotated[int, typer.Option(help="Threads of a model's operators.")]
BatchSize = Annotated[
    int | None, typer.Option(metavar="N", help="Inputs at once; 1, or a file's own, by default.")
]
Precision = Annotated[
    str, typer.Option(metavar="float32|int8", help="int8: random calibration, for latency only.")
]
ModeText = Annotated[
    str,
    typer.Option(
        "--mode", metavar="burst|paced:RATE|cold", help="Rhythm of the runs; paced:30fps is one."
    ),
]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A backend as it was chosen on the command line.

    Args:
        name: Its name.
        options: What it is made with, as far as that was given.
        threads: Threads of a model's operators.
    """

    name: str
    options: Mapping[str, Any]
    threads: int

    def note_threads(self, out: Console) -> None:
        """Tell that there are more threads than cores, which measure how they wait."""
        from hwnas import api

        is_here = not api.load_backend(self.name, **self.options).is_remote
        if is_here and self.threads > api.n_cores():
            out.print(
                f"[yellow]Note:[/yellow] {self.threads:,} threads share {api.n_cores():,} cores: "
                "they wait for each other, and so is it measured."
            )


USUAL = Chosen("ort", {}, 1)


def _options(
    backend: BackendName = "ort",
    provider: Provider = None,
    tuning_trials: TuningTrials = None,
    tracker: Tracker = None,
    key: Key = None,
    target: TargetText = None,
    database: Database = None,
    cc: Compiler = None,
    timeout_s: TimeoutS = None,
    threads: Threads = 1,
) -> None:
    """The options by which a command takes a backend."""


def takes_backend(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command those options in place of its parameter ``runs_on``, a ``Chosen``."""
    own = inspect.signature(function, eval_str=True).parameters
    options = inspect.signature(_options, eval_str=True).parameters
    parameters = [
        each
        for name, parameter in own.items()
        for each in (options.values() if name == "runs_on" else (parameter,))
    ]

    @functools.wraps(function)
    def command(**given: Any) -> None:
        taken = {name: given.pop(name) for name in options}
        name, threads = taken.pop("backend"), taken.pop("threads")
        named = {option: value for option, value in taken.items() if value is not None}
        function(**given, runs_on=Chosen(name, named, threads))

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


@contextlib.contextmanager
def progress_bar(out: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A bar over models that are measured, if that is a terminal; gone when all are.

    Yields:
        What moves it: words, how many are done and how many there are.
    """
    from rich import progress as parts

    bar = parts.Progress(
        parts.BarColumn(bar_width=20),
        parts.MofNCompleteColumn(),
        parts.TextColumn("{task.description}"),
        parts.TimeRemainingColumn(compact=True),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
    row = bar.add_task("", total=None)
    with contextlib.ExitStack() as shown:

        def update(words: str, n_done: int, n_models: int) -> None:
            # Not before there is something to show: what is refused is refused in one line.
            if not bar.live.is_started:
                shown.enter_context(bar)
            bar.update(row, description=words, completed=n_done, total=n_models)

        yield update


def shapes_of(texts: Sequence[str] | None) -> Mapping[str, Sequence[int]]:
    """Shapes by name from texts such as ``pixels=1,3,224,224``.

    Raises:
        ConfigError: A text has another form.
    """
    from hwnas.errors import ConfigError

    shapes = {}
    for text in texts or ():
        name, equals, sizes = text.rpartition("=")
        words = [word.strip() for word in sizes.split(",")]
        if not (name and equals and all(re.fullmatch("[0-9]{1,9}", word) for word in words)):
            raise ConfigError(f"--input-shape must have the form NAME=1,3,224,224; got '{text}'.")
        shapes[name] = [int(word) for word in words]
    return shapes
