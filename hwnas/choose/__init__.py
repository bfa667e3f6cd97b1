"""Choose the architecture to ship from a front."""

from hwnas.choose.choice import Choice, Selection, select
from hwnas.choose.ranking import METHODS

__all__ = ["METHODS", "Choice", "Selection", "select"]
