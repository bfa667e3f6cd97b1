"""Choose the architecture to ship from a front."""

from hwnas.choose.choice import select
from hwnas.choose.ranking import METHODS
from hwnas.choose.selection import Choice, Comparison, Selection
from hwnas.choose.swept import SweptLimit, sweep

__all__ = ["METHODS", "Choice", "Comparison", "Selection", "SweptLimit", "select", "sweep"]
