"""Words of sentences for people."""

from __future__ import annotations

from collections.abc import Sequence


def joined(names: Sequence[str]) -> str:
    """Names as a list in a sentence.

    Args:
        names: The names; of none, nothing is said.

    Example:
        >>> joined(["accuracy_pct", "latency_ms", "energy_mj"])
        'accuracy_pct, latency_ms and energy_mj'
    """
    if not names:
        return ""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
