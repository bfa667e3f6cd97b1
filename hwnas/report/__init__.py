"""A search run as one HTML file that needs no network: plots, table, cells, provenance."""

from hwnas.report.data import Provenance, ReportData
from hwnas.report.render import render_report, write_report

__all__ = ["Provenance", "ReportData", "render_report", "write_report"]
