"""Choose the architecture to ship from a front, and export it."""

from hwnas.select.choice import Choice, Selection, select
from hwnas.select.export import Export, export_onnx
from hwnas.select.ranking import METHODS

__all__ = ["METHODS", "Choice", "Export", "Selection", "export_onnx", "select"]
