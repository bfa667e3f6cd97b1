"""Architectures that stand in a source several times: one row of means, and what it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwnas.tables.table import ARCH, Repeats

if TYPE_CHECKING:
    import pandas as pd


def merge_repeats(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Repeats, ...]]:
    """One row an architecture, and how far the values of the same architecture lie apart.

    Args:
        frame: Column ``arch``, then columns of numbers; an architecture may stand several times.

    Returns:
        The mean of each architecture's known values, where it stood first; and the noise of each
        column in which some architecture has two values or more.
    """
    groups = frame.groupby(ARCH, sort=False)
    merged = groups.mean().reset_index()
    has_two = groups.count() > 1
    spreads = (groups.max() - groups.min()).where(has_two)
    repeats = (
        Repeats(name, int(known.size), float(known.median()), float(known.max()))
        for name, known in ((name, spreads[name].dropna()) for name in spreads.columns)
        if known.size
    )
    return merged, tuple(repeats)
