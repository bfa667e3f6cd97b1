"""A search run, or two side by side, as one HTML file that needs no network."""

from hwnas.report.assembly import is_page
from hwnas.report.comparison import FrontComparison, Side, compare_fronts
from hwnas.report.comparison_page import render_comparison, verdict, write_comparison
from hwnas.report.data import EarlierFront, Provenance, ReportData
from hwnas.report.render import render_report, write_report

__all__ = [
    "EarlierFront",
    "FrontComparison",
    "Provenance",
    "ReportData",
    "Side",
    "compare_fronts",
    "is_page",
    "render_comparison",
    "render_report",
    "verdict",
    "write_comparison",
    "write_report",
]
