"""The command line: parses, calls ``hwnas.api`` and prints; a module for each command."""

from __future__ import annotations

import sys
import traceback
from typing import NoReturn

EXIT_FAILURE = 1
EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 1 failure, 2 the user's mistake, 130 interrupted.

    Args:
        arguments: Words after ``hwnas``; those of the process by default.
    """
    words = sys.argv[1:] if arguments is None else arguments
    wants_traceback = "--debug" in words
    sys.exit(_run([word for word in words if word != "--debug"], wants_traceback))


def _run(words: list[str], wants_traceback: bool) -> int:
    import click
    from typer.main import get_command

    from hwnas.cli._app import app
    from hwnas.errors import HwnasError

    try:
        result = get_command(app).main(args=words, prog_name="hwnas", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except HwnasError as error:
        message, status = str(error), EXIT_USER_ERROR
    except click.ClickException as error:
        message, status = error.format_message(), EXIT_USER_ERROR
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader, such as head, has seen enough.
        sys.stderr.close()
        return 0
    except Exception as error:
        message = f"{type(error).__name__}: {error}. Run again with --debug for the traceback"
        status = EXIT_FAILURE
    if wants_traceback:
        traceback.print_exc()
    print(f"Error: {' '.join(message.split())}", file=sys.stderr)
    return status
