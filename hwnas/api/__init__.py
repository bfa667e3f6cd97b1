"""The Python API: the jobs of the command line as functions."""

from hwnas.api._explain import explain
from hwnas.api._fit import fit, fit_quality_transfer, fit_transfer
from hwnas.api._predictors import device_predictors
from hwnas.api._runs import load_run, select, write_report
from hwnas.api._search import SearchInterrupted, search
from hwnas.api._values import COUNTED, make_objective, objective, predict

__all__ = [
    "COUNTED",
    "SearchInterrupted",
    "device_predictors",
    "explain",
    "fit",
    "fit_quality_transfer",
    "fit_transfer",
    "load_run",
    "make_objective",
    "objective",
    "predict",
    "search",
    "select",
    "write_report",
]
