"""What the user has, valued as the architectures of a run are."""

from __future__ import annotations

import math

import numpy as np

from hwnas.api._objectives import make_objective
from hwnas.choose import Choice
from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.columns import ByColumn, resolve_columns
from hwnas.core.formula import is_formula
from hwnas.core.formula_text import parse_formula
from hwnas.core.limits import in_own_units, parse_assignments
from hwnas.core.objective import Objective
from hwnas.engine.run import Run
from hwnas.errors import ArchitectureError
from hwnas.objectives.combined import combined
from hwnas.objectives.devices import load_device
from hwnas.objectives.evaluation import evaluate


def baseline_of(run: Run, text: str | Architecture) -> Choice:
    """An architecture, or a row of values, as something to compare with.

    Args:
        run: The run whose columns it is valued in, and from the same sources. What the user's own
            functions say of an architecture is known only where the run has evaluated it.
        text: The architecture or its string, or values as ``latency_ms=20,accuracy_pct=91``, which
            count as exact.

    Raises:
        ArchitectureError: It is neither.
        ConfigError: The values have another form, or a name may mean several columns.
        UnknownNameError: The run has no such column.
    """
    try:
        arch = run.space.as_arch(text)
    except ArchitectureError:
        if not isinstance(text, str) or "=" not in text:
            raise
        return _given(run, text)
    return _valued(run, arch)


def _given(run: Run, text: str) -> Choice:
    known = [spec.column for spec in run.record.columns]
    parsed = in_own_units(parse_assignments(text, "--baseline"), known)
    given = resolve_columns(parsed, known)
    values = ByColumn((column, given.get(column, math.nan)) for column in known)
    return Choice(-1, "", values, {}, run.record.columns)


def _valued(run: Run, arch: Architecture) -> Choice:
    measures = _measures(run)
    batch = Batch.of(run.space, [arch])
    found = [
        (each.value[0].item(), (each.lower[0].item(), each.upper[0].item()))
        for each in evaluate(batch, list(measures.values()))
    ]
    values = ByColumn((spec.column, math.nan) for spec in run.record.columns)
    values |= {column: value for column, (value, _) in zip(measures, found, strict=True)}
    intervals = {
        column: ends
        for column, (_, ends) in zip(measures, found, strict=True)
        if np.isfinite(ends).all()
    }
    seen = run.evaluations[run.is_full]
    row = seen[seen["arch"] == str(run.space.architecture(batch.canonical[0]))]
    for column in values.keys() - measures.keys():
        values[column] = float(row[column].iloc[0]) if len(row) else math.nan
    return Choice(-1, str(arch), values, intervals, run.record.columns, run.space)


def _measures(run: Run) -> dict[str, Objective]:
    """By column, what the run's values come from, but for what is dear: measured, or own."""
    config = run.config
    device = load_device(config["device"]) if config["device"] else None
    found = {
        spec.column: make_objective(
            run.space,
            f"{spec.column}:table" if spec.source == "tabulated" else spec.column,
            device,
            power_w=config["power_w"],
        )
        for spec in run.record.columns
        if spec.stage < 2 and not is_formula(spec.column)
    }
    rewards = [name for name in (spec.column for spec in run.record.columns) if is_formula(name)]
    for name in rewards:
        formula = parse_formula(name)
        if found.keys() >= set(formula.names):
            found[name] = combined(formula, found.__getitem__)
    return found
