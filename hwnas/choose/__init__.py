"""Choose the architecture to ship from a front."""

from hwnas.choose.choice import select
from hwnas.choose.front import Front
from hwnas.choose.pick import Choice
from hwnas.choose.ranking import METHODS
from hwnas.choose.selection import Comparison, Selection
from hwnas.choose.swept import SweptLimit, sweep

__all__ = [
    "METHODS",
    "Choice",
    "Comparison",
    "Front",
    "Selection",
    "SweptLimit",
    "select",
    "sweep",
]
