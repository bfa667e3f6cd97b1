"""From an architecture, by its string or as a row of a run, to its model in ONNX."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from hwnas.api._runs import load_run, select
from hwnas.api._spaces import resolve_space, spaces_with
from hwnas.choose import Choice, Selection
from hwnas.core import arguments, given
from hwnas.core.architecture import Architecture
from hwnas.core.arguments import checked, kind_of
from hwnas.core.space import SearchSpace
from hwnas.engine.record import RECORD
from hwnas.errors import ArchitectureError, ConfigError
from hwnas.models.export import Export, check_destination, export_onnx, export_record
from hwnas.spaces import SPACES, load_space

__all__ = ["check_destination", "export", "export_record"]

PICK = "pick"
"""What stands for a row's number where ``select`` is to choose."""
_N_LOOKED_AT = 20
"""Architectures drawn of a space to learn what its strings are made of."""
_NUMBER = re.compile(r"[0-9]{1,18}")


@checked(
    what=kind_of(
        *(str, Architecture, Choice, Selection),
        what="an architecture, its string, a row of a run such as 'runs/x#14', or a selection",
    ),
    out=arguments.path,
    space=given.space,
    dataset=arguments.text,
    weights=arguments.path,
    seed=arguments.whole(at_least=0),
    overwrite=arguments.flag,
)
def export(
    what: str | Architecture | Choice | Selection,
    out: str | os.PathLike[str],
    space: str | SearchSpace | None = None,
    dataset: str | None = None,
    weights: str | os.PathLike[str] | None = None,
    seed: int = 0,
    overwrite: bool = False,
) -> Export:
    """Write the model of an architecture in ONNX, and a card that tells of it beside it.

    Args:
        what: An architecture or its published string (or what else ``space.as_arch`` takes, with
            its space); ``"runs/x#14"``, the row of a run's front
            that the terminal, ``front.csv`` and the report number 14; ``"runs/x#pick"``, what
            ``select`` picks from it without limits; or a row of a front, or a selection.
        out: Where to; ends in ``.onnx``. The card's name is this one and ``.json``; folders are
            made.
        space: Search space of the architecture, or its name; needed only for a string that is an
            architecture of several, and for a space with other options than the usual ones. A run
            knows its own.
        dataset: Data set; the space's first one by default.
        weights: A ``.safetensors`` file with every parameter and buffer of the model; fresh,
            untrained weights by default.
        seed: Of fresh weights, and of the images that the check is made with.
        overwrite: Whether files of an earlier export may be replaced. A JSON file in the card's
            place that is no card never is.

    Raises:
        ConfigError: ``out`` is taken or cannot be one, or the space of a run is named again.
        ArchitectureError: A string is no architecture of the space, or of none.
        PositionError: The front has no such row.
        RunError: There is no such run, or it is damaged.
        ArtifactError: The weights file is missing, damaged or of another model.
        ExportError: The ONNX model cannot be written, or does not compute what the torch model
            does.
        MissingExtraError: Weights are given and torch or safetensors is not installed; or the model
            cannot be written from its graph, and onnxscript is not.
        StorageError: The folder cannot be written.
    """
    file, trained = Path(out), None if weights is None else Path(weights)
    check_destination(file, overwrite)
    if isinstance(what, str) and _is_row(what, space):
        what = _row(what, space, dataset)
    if isinstance(what, Choice | Selection):
        _check_unnamed(space, dataset)
        return what.export(file, trained, seed, overwrite)
    found, arch = _architecture(what, space, dataset)
    return export_onnx(found, arch, file, trained, seed, overwrite=overwrite)


def _is_row(text: str, space: str | SearchSpace | None) -> bool:
    """Whether a text means a row of a run: it ends in ``#`` and something, or is a run's folder."""
    folder, mark, _ = text.rpartition("#")
    if mark:
        # The strings of some space may have a '#' in them.
        return space is None or os.path.isdir(folder)
    return _is_run(text)


def _is_run(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, RECORD))


def _row(text: str, space: str | SearchSpace | None, dataset: str | None) -> Choice | Selection:
    """The row of a run that a text names.

    Raises:
        ConfigError: It names none, or the space is named beside it.
        PositionError: The front has no such row.
        RunError: There is no such run.
    """
    folder, mark, number = text.rpartition("#")
    if not mark or not (number == PICK or _NUMBER.fullmatch(number)):
        example = _short(text if not mark or _is_run(text) else folder)
        raise ConfigError(
            f"A row of a run must be named by its number, as {example}#14, or as {example}#{PICK}; "
            f"got '{_short(text)}'."
        )
    _check_unnamed(space, dataset)
    run = load_run(folder)
    # What is wrong with a space that is not known here is told by loading it.
    _ = run.space
    return select(run) if number == PICK else run.front.row(int(number))


def _check_unnamed(space: str | SearchSpace | None, dataset: str | None) -> None:
    if space is not None or dataset is not None:
        raise ConfigError(
            "A run knows its space and data set; one was named beside it. Leave it out."
        )


def _architecture(
    what: str | Architecture, space: str | SearchSpace | None, dataset: str | None
) -> tuple[SearchSpace, Architecture]:
    """An architecture and its space.

    Raises:
        ArchitectureError: It is none.
        ConfigError: It may be of several spaces.
        UnknownNameError: There is no such space or data set.
    """
    if space is None:
        space = what.space if isinstance(what, Architecture) else _space_of(what)
    found = resolve_space(space, dataset)
    # One of another space is told here.
    return found, found.as_arch(what)


def _space_of(text: str) -> str:
    """Name of the one space that a string is an architecture of.

    Raises:
        ArchitectureError: There is none.
        ConfigError: There are several.
    """
    names = spaces_with(text)
    if len(names) == 1:
        return names[0]
    if names:
        raise ConfigError(
            f"'{_short(text)}' may be of several search spaces, {' or '.join(names)}; "
            "name one with --space."
        )
    alike = [name for name in SPACES if _looks(name, text)]
    advice = _refusal(alike[0], text) if len(alike) == 1 else ""
    raise ArchitectureError(
        f"'{_short(text)}' must be an architecture of a search space ({', '.join(SPACES)}), or a "
        f"row of a run such as runs/x#14; it is none. "
        f"{advice or 'Copy the string that hwnas printed.'}"
    )


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}..."


def _looks(name: str, text: str) -> bool:
    """Whether a text is made of the signs and letters that architectures of a space are."""
    try:
        space = load_space(name)
        drawn = space.sample(_N_LOOKED_AT, np.random.default_rng(0))
        kinds = _kinds("".join(map(str, drawn)))
    except Exception:  # of a stranger's space, which must not hide the others
        return False
    given = _kinds(text)
    return set() < given <= kinds and all(
        any(map(test, given)) == any(map(test, kinds)) for test in (str.isalpha, _is_sign)
    )


def _refusal(name: str, text: str) -> str:
    """What a space says against a text, such as the form that it must have; empty if nothing."""
    try:
        load_space(name).parse(text)
    except ArchitectureError as error:
        return error.typed
    except Exception:  # likewise
        pass
    return ""


def _kinds(text: str) -> set[str]:
    """The characters of a text; every digit is a 0, and no space is one."""
    return {"0" if each.isdigit() else each for each in text if not each.isspace()}


def _is_sign(character: str) -> bool:
    return not character.isalnum() and character != "_"
