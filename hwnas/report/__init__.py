"""A search run, or several beside each other, as one HTML file that needs no network, or as PNG."""

from hwnas.report.assembly import is_page
from hwnas.report.comparison import FrontComparison, Side, compare_fronts
from hwnas.report.comparison_page import render_comparison, verdict, write_comparison
from hwnas.report.curves import Contender, Curves, Searched, curves_of
from hwnas.report.curves_page import write_curves
from hwnas.report.data import EarlierFront, Provenance, ReportData
from hwnas.report.field_checklist import ChecklistRow, checklist
from hwnas.report.picture import curves_png, is_png, run_png, write_png
from hwnas.report.render import render_report, write_report
from hwnas.report.run_facts import RunFacts
from hwnas.report.settings import in_words

__all__ = [
    "ChecklistRow",
    "Contender",
    "Curves",
    "EarlierFront",
    "FrontComparison",
    "Provenance",
    "ReportData",
    "RunFacts",
    "Searched",
    "Side",
    "checklist",
    "compare_fronts",
    "curves_of",
    "curves_png",
    "in_words",
    "is_page",
    "is_png",
    "render_comparison",
    "render_report",
    "run_png",
    "verdict",
    "write_comparison",
    "write_curves",
    "write_png",
    "write_report",
]
