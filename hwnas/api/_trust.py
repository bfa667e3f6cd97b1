"""What is known of the truth of a predicted front as a whole, by space: ``benchmarks/pick.py``."""

from __future__ import annotations

_MEASURED = {"nasbench201": (74, 63)}
"""By space, in percent: rows of a front whose intervals all hold the truth, and rows that are
dominated in truth, where predictors have not seen the architectures."""


def row_note(space: str) -> str:
    """What to say of a front whose rows hold several values with an interval each.

    Args:
        space: Name of the search space.
    """
    if space not in _MEASURED:
        return (
            "Each interval holds the truth in 90 %; how often all of a row do at once, and how "
            f"many of a predicted front are dominated in truth, was not measured on {space}."
        )
    row_pct, dominated_pct = _MEASURED[space]
    return (
        f"Each interval holds the truth in 90 %, all of a row at once in about {row_pct} %; about "
        f"{dominated_pct} % of a predicted front are dominated in truth (measured on four devices "
        f"of {space}, by predictors that have not seen the architectures)."
    )
