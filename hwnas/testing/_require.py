"""How a contract says that it is broken."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hwnas.errors import ArchitectureError


def require(holds: bool | np.bool_, sentence: str) -> None:
    # Not an assert statement: python -O must not switch a contract off.
    if not holds:
        raise AssertionError(sentence)


def require_refused(attempt: Callable[[], object], what: str) -> None:
    try:
        attempt()
    except ArchitectureError as error:
        require("\n" not in str(error), f"The error for {what} must be one line; got: {error}")
        return
    except Exception as error:
        raise AssertionError(
            f"{what} must be refused with an ArchitectureError; it raised {error!r}."
        ) from error
    raise AssertionError(f"{what} must be refused with an ArchitectureError; it was accepted.")
