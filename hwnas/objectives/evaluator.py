"""The user's own function, called once for several values of an architecture."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hwnas._names import shown
from hwnas.core.batch import Batch
from hwnas.core.columns import columns_meant, once
from hwnas.errors import ConfigError, ReturnError


class Evaluator:
    """The user's function, called once for all objectives of the same architectures.

    It returns, for ``n_archs`` architectures, either a mapping from column or quantity to values
    of shape ``(n_archs,)``, or an array of shape ``(n_archs, n_columns)``, one column for each
    objective that comes from it, in their order, then those that only limits need. With one more
    axis of length 2, so ``(n_archs, 2)`` and ``(n_archs, n_columns, 2)``, they are values with
    their standard errors; the interval is then 1.645 of these to either side, 90 % of a normal
    distribution. NaN or None is unknown; a mapping may hold more than is asked for, and of a single
    architecture a plain number or None.

    Args:
        function: Takes a list of architectures, one at a time in a search, and, where there are
            fidelities, the one to evaluate them at.
        has_fidelities: Whether there are.

    Attributes:
        columns: What it must give, in the order in which it was asked for; grows.

    Raises:
        ConfigError: The function takes something else.
    """

    def __init__(self, function: Callable[..., Any], has_fidelities: bool = False) -> None:
        self._function = function
        self.columns: list[str] = []
        name = getattr(function, "__qualname__", type(function).__name__)
        if not _takes(function, 2 if has_fidelities else 1):
            must = "(archs, fidelity) where there are fidelities" if has_fidelities else "(archs)"
            raise ConfigError(f"evaluate must be called as {must}; {name} cannot be.")
        self.detail = f"your own evaluation, {name}"

    def __call__(self, batch: Batch) -> dict[str, np.ndarray]:
        """Values with standard errors of a batch by column, each of shape ``(n_archs, 2)``.

        Raises:
            ReturnError: The function returned something else, or left a column out.
        """
        return batch.once(("evaluation", id(self)), lambda: self._called(batch))

    def _called(self, batch: Batch) -> dict[str, np.ndarray]:
        archs = list(batch)
        at = () if batch.fidelity is None else (batch.fidelity,)
        returned = self._function(archs, *at)
        if isinstance(returned, Mapping):
            found = self._by_column(returned)
        else:
            found = self._columns_of(returned, len(archs))
        return {column: _pairs(column, found[column], len(archs)) for column in self.columns}

    def _by_column(self, returned: Mapping[Any, Any]) -> dict[str, Any]:
        try:
            found = once(
                (column, name, values)
                for name, values in returned.items()
                if isinstance(name, str)
                for column in columns_meant(name, self.columns)
            )
        except ConfigError as error:
            raise ReturnError(error.typed) from error
        missing = [column for column in self.columns if column not in found]
        if missing:
            given = ", ".join(map(str, returned)) or "nothing"
            raise ReturnError(
                f"evaluate must return a value of {', '.join(missing)}; got {given}. Return it "
                "(None where it is unknown), or name another source for it, as in "
                f"source='{missing[0].partition('@')[0]}:predictor'."
            )
        return found

    def _columns_of(self, returned: Any, n_archs: int) -> dict[str, np.ndarray]:
        values = _numbers(f"values of {', '.join(self.columns)}", returned)
        shape = (n_archs, len(self.columns))
        if values.shape not in (shape, (*shape, 2)):
            raise ReturnError(
                f"evaluate must return a mapping by column or shape (n_archs, n_columns) = {shape},"
                f" or {(*shape, 2)} with standard errors, for {', '.join(self.columns)}; "
                f"got {values.shape}."
            )
        return dict(zip(self.columns, np.moveaxis(values, 1, 0), strict=True))


def _takes(function: Callable[..., Any], n_arguments: int) -> bool:
    """Whether a function can be called with so many arguments, as far as it tells."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        return True
    try:
        signature.bind(*range(n_arguments))
    except TypeError:
        return False
    return True


def _pairs(column: str, returned: Any, n_archs: int) -> np.ndarray:
    """Values with their standard errors, NaN where there are none, shape ``(n_archs, 2)``."""
    values = _numbers(f"values of {column}", np.nan if returned is None else returned)
    if values.shape == () and n_archs == 1:
        values = values[None]
    if values.shape not in ((n_archs,), (n_archs, 2)):
        raise ReturnError(
            f"evaluate must return shape (n_archs,) = ({n_archs},) for {column}, or ({n_archs}, 2) "
            f"with standard errors; got {values.shape}."
        )
    if values.ndim == 1:
        values = np.stack([values, np.full(n_archs, np.nan)], axis=1)
    return np.where(np.isinf(values), np.nan, values)


def _numbers(what: str, returned: Any) -> np.ndarray:
    """What was returned as an array of numbers.

    Raises:
        ReturnError: It is no such thing.
    """
    try:
        values = np.asarray(returned)
        if values.dtype.kind == "O":
            # None among numbers is unknown.
            values = values.astype(float)
    except (TypeError, ValueError, RuntimeError):
        values = np.array("")
    if returned is None or values.dtype.kind not in "iuf":
        raise ReturnError(f"evaluate must return {what} as numbers; got {shown(returned)}.")
    return values.astype(float)
