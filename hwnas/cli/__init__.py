"""The command line: parses, calls ``hwnas.api`` and prints; a module for each command."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterator
from typing import Any, NoReturn, cast

from hwnas.cli import _exit

_STRAY_LIMIT = re.compile(r"unexpected extra argument.*?([^\s(]+\s*[<>]=\s*[^\s)]+)")
"""A limit among the words that a usage error says are too many."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 1 failure, 2 the user's mistake, 130 interrupted.

    Args:
        arguments: Words after ``hwnas``; those of the process by default.
    """
    words = sys.argv[1:] if arguments is None else arguments
    wants_traceback = "--debug" in words
    with _noted():
        status = _run([word for word in words if word != "--debug"], wants_traceback)
    sys.exit(status)


@contextlib.contextmanager
def _noted() -> Iterator[None]:
    """Says which files were left out, each once."""
    from hwnas.errors import SkippedFileWarning

    told = set[str]()

    def note(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if not isinstance(message, SkippedFileWarning):
            usual(message, category, *place, **more)
        elif message.typed not in told:
            told.add(message.typed)
            print(f"Note: {message.typed}", file=sys.stderr)

    with warnings.catch_warnings():
        usual = warnings.showwarning
        warnings.showwarning = cast(Any, note)
        warnings.simplefilter("always", SkippedFileWarning)
        yield


def _run(words: list[str], wants_traceback: bool) -> int:
    import typer
    from typer.main import get_command

    from hwnas.cli._app import app
    from hwnas.cli._console import write_anything
    from hwnas.errors import one_line

    write_anything(sys.stdout)
    write_anything(sys.stderr)
    try:
        # Commands find the words as typed in their context's obj.
        result = get_command(app).main(
            args=words, prog_name="hwnas", standalone_mode=False, obj=tuple(words)
        )
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        return _exit.INTERRUPTED
    except (BrokenPipeError, SystemExit) as leaving:
        # Completion in a shell ends so.
        if isinstance(leaving, SystemExit) and leaving.code == 0:
            return 0
        # The reader, such as head, has seen enough; rich and typer leave by themselves then, with
        # status 1. What is left to flush goes nowhere.
        _drop_output()
        return 0
    except Exception as error:
        if wants_traceback:
            traceback.print_exception(error)
        message, status = _explain(error)
        if isinstance(error, OSError) and not error.filename:
            _drop_output()
    # Without arguments the help has said it all, and the message is empty.
    if message:
        print(f"Error: {one_line(' '.join(message.split()))}", file=sys.stderr)
    return status


def _drop_output() -> None:
    """Let what is left to flush go nowhere: at the end of the program it would fail again."""
    # A test's standard output has no descriptor.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: Exception) -> tuple[str, int]:
    """The one line for an error, and the exit status."""
    from hwnas.errors import HwnasError

    if isinstance(error, HwnasError):
        return error.typed, _exit.FAILURE if error.is_failure else _exit.USER_ERROR
    if isinstance(error, OSError) and error.strerror:
        # A folder that cannot be entered, or a full disk behind the output.
        what = error.filename or "The output"
        return f"{what} cannot be read or written ({error.strerror}).", _exit.FAILURE
    # Usage errors are of typer's private copy of click: their class cannot be named, but they alone
    # can format themselves.
    if hasattr(error, "format_message"):
        return _usage(error), _exit.USER_ERROR
    return (
        f"{type(error).__name__}: {error}. Run again with --debug for the traceback",
        _exit.FAILURE,
    )


def _usage(error: Any) -> str:
    """The line for a usage error, and which help tells more; empty for a bare ``hwnas``."""
    message = str(error.format_message()).strip()
    if not message or error.ctx is None:
        return message
    end = "" if message.endswith(("?", ".")) else "."
    stray = _STRAY_LIMIT.search(message)
    if stray and any(each.name == "constraint" for each in error.ctx.command.params):
        end += f" A limit is given as --constraint '{stray[1]}'."
    return f"{message}{end} See: {error.ctx.command_path} --help"
