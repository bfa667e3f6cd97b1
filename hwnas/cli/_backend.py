"""Options by which commands take a backend and a plan, and what they make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hwnas.measure.backends import Backend

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
Threads = Annotated[int, typer.Option(help="Threads of a model's operators.")]
BatchSize = Annotated[
    int | None, typer.Option(metavar="N", help="Inputs at once; 1, or a file's own, by default.")
]
Precision = Annotated[
    str, typer.Option(metavar="float32|int8", help="int8: random calibration, for latency only.")
]
ModeText = Annotated[
    str, typer.Option("--mode", metavar="burst|paced:30fps|cold", help="Rhythm of the runs.")
]


def backend_of(name: str, **options: Any) -> Backend:
    """The backend of a name with the options that were given on the command line.

    Raises:
        UnknownNameError: There is no such backend.
        ConfigError: It has no such option, or an option cannot be.
    """
    from hwnas import api

    return api.load_backend(name, **{k: v for k, v in options.items() if v is not None})


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
        if not (name and equals and all(word.isdecimal() for word in words)):
            raise ConfigError(f"--input-shape must have the form NAME=1,3,224,224; got '{text}'.")
        shapes[name] = [int(word) for word in words]
    return shapes
