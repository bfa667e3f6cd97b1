"""How the costs of known devices are smoothed, so that they ship as features and not as values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.features import net_feature_matrix
from hwnas.features.device_costs import ENCODING, DeviceCosts, SmoothedCost
from hwnas.fitting.columns import target_of, versions
from hwnas.fitting.device_prior import cost_sets, is_cost, prior_of_costs
from hwnas.fitting.linear_prior import fit_with_prior
from hwnas.tables import Column, Table
from hwnas.tables.checks import parse_archs
from hwnas.tables.classes import class_members

PENALTY = 1.0
"""Weight of the squared coefficients: most pairs of operations stand in hundreds of nets."""
FEW = 1500
"""Fewer nets than this are learned from with a prior of counts and operations."""
N_FILLED = 5000
"""Random nets on which what few nets say is smoothed."""
DECIMALS = 5
"""Of coefficients of a logarithm: far below any noise, and the same on every machine."""
SAME = 1e-6
"""Two columns whose logarithms differ by less than this, but for a constant, are one."""


def smooth_costs(space: SearchSpace, tables: Sequence[Table]) -> DeviceCosts:
    """Linear models of the logarithm of every device's cost on a space's operation encoding.

    Args:
        space: Search space with the data set of the columns.
        tables: Tables of nets of the space; of columns that mean the same, or are multiples of
            each other, the first one's counts.

    Raises:
        TableError: A cost is not positive, or no table holds one.
    """
    costs: list[SmoothedCost] = []
    seen: list[tuple[dict[str, float], str]] = []
    for table in tables:
        for column in _cost_columns(space, table):
            target = target_of(column)
            archs, genotypes, logs = _log_costs(space, table, column)
            known = dict(zip(archs, logs.tolist(), strict=True))
            is_twice = any(each.target == target for each in costs) or any(
                _is_multiple(known, other) for other, _ in seen
            )
            if is_twice:
                continue
            seen.append((known, column.name))
            costs.append(_smoothed(space, table, column, genotypes, logs))
    if not costs:
        raise TableError(f"No table holds the cost of a device on {space.label}.")
    return DeviceCosts(
        space=space.name,
        options=dict(space.options),
        penalty=PENALTY,
        costs=tuple(sorted(costs, key=lambda each: each.name)),
        sources={table.name: table.sources for table in tables},
        versions={name: versions()[name] for name in ("hwnas", "numpy")},
    )


def _cost_columns(space: SearchSpace, table: Table) -> list[Column]:
    table.check_space(space)
    return [each for each in table.columns if is_cost(each) and each.dataset == space.dataset]


def _log_costs(
    space: SearchSpace, table: Table, column: Column
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Strings and genotypes ``(n_nets, n_genes)`` of measured pruned nets, and ``(n_nets,)`` logs.

    Raises:
        TableError: A cost is not positive.
    """
    values = table.values(column.name)
    genotypes = parse_archs(space, table.archs, f"Table '{table.name}'")
    members = class_members(space, genotypes)
    rows = members.rows[~np.isnan(values[members.rows])]
    if not (values[rows] > 0).all():
        raise TableError(f"{column.name} of table '{table.name}' must be positive; it is not.")
    is_rate = target_of(column).meaning.direction == "max"
    logs = np.log(values[rows])
    archs = table.archs
    return [archs[row] for row in rows], genotypes[rows], -logs if is_rate else logs


def _is_multiple(one: dict[str, float], other: dict[str, float]) -> bool:
    """Whether two columns, by architecture, are one but for a factor."""
    ratios = [one[arch] - other[arch] for arch in one.keys() & other.keys()]
    return len(ratios) > 1 and max(ratios) - min(ratios) < SAME


def _smoothed(
    space: SearchSpace, table: Table, column: Column, genotypes: np.ndarray, logs: np.ndarray
) -> SmoothedCost:
    """A column's cost by ridge regression; where nets are few, on what they say of others."""
    is_few = len(logs) < FEW
    coefficients, intercept = _ridge(
        space, *(_filled(space, genotypes, logs) if is_few else (genotypes, logs))
    )
    design = net_feature_matrix(space, genotypes, (ENCODING,)).astype(float)
    left_over = logs - design @ coefficients - intercept
    return SmoothedCost(
        target=target_of(column),
        table=table.name,
        table_sha256=table.sha256,
        n_nets=len(logs),
        mean=round(float(logs.mean()), DECIMALS),
        deviation=round(float(logs.std()), DECIMALS),
        error=round(float(np.sqrt(np.mean(left_over**2))), DECIMALS),
        intercept=intercept,
        coefficients=tuple(coefficients.tolist()),
    )


def _ridge(space: SearchSpace, genotypes: np.ndarray, logs: np.ndarray) -> tuple[np.ndarray, float]:
    """Coefficients of the encoding, shape ``(n_columns,)``, and intercept, in closed form."""
    design = net_feature_matrix(space, genotypes, (ENCODING,)).astype(float)
    centre, mean = design.mean(axis=0), float(logs.mean())
    off = design - centre
    gram = off.T @ off + PENALTY * np.eye(off.shape[1])
    coefficients = np.round(np.linalg.solve(gram, off.T @ (logs - mean)), DECIMALS)
    return coefficients, round(mean - float(centre @ coefficients), DECIMALS)


def _filled(
    space: SearchSpace, genotypes: np.ndarray, logs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Random nets ``(n_nets, n_genes)`` and the costs ``(n_nets,)`` that few measured ones imply.

    The ridge alone would shrink each of hundreds of coefficients alike.
    """
    sets = cost_sets(space)
    mean, deviation = logs.mean(), logs.std() or 1.0
    features = net_feature_matrix(space, genotypes, sets)
    model = fit_with_prior(prior_of_costs(space, ()), features, (logs - mean) / deviation)
    drawn = space.sample_genotypes(N_FILLED, np.random.default_rng(0))
    nets = space.pruned_genotypes(drawn)
    return nets, model.predict(net_feature_matrix(space, nets, sets)) * deviation + mean
