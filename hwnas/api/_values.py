"""What is expected of architectures on a device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hwnas.api._objectives import ALWAYS_COUNTED, make_objective, source_text, usual_objectives
from hwnas.api._spaces import resolve_space
from hwnas.choose.front import as_numbers
from hwnas.core import arguments, given
from hwnas.core.architecture import Architecture
from hwnas.core.arguments import checked, many
from hwnas.core.batch import Batch
from hwnas.core.columns import numbers_by_column
from hwnas.core.device import Device
from hwnas.core.objective import Objective
from hwnas.core.space import SearchSpace
from hwnas.objectives.devices import load_device
from hwnas.objectives.evaluation import evaluate, inputs_of, with_parts
from hwnas.objectives.predicted import INPUTS
from hwnas.objectives.simple import CountedObjective
from hwnas.objectives.unsupported import support

if TYPE_CHECKING:
    import pandas as pd


__all__ = ["INPUTS", "numbers_by_column", "predict"]


@checked(
    space=given.space,
    device=given.device,
    dataset=arguments.text,
    quantities=many(arguments.text),
    source=arguments.text,
    power_w=arguments.watts,
)
def predict(
    space: str | SearchSpace,
    archs: Architecture | str | Sequence[Architecture | str],
    device: str | Device | None = None,
    dataset: str | None = None,
    quantities: Sequence[str] | None = None,
    source: str = "predictor",
    power_w: float | None = None,
) -> pd.DataFrame:
    """What is expected of architectures on a device.

    An architecture is asked for itself: a predictor of a device that learned from few nets tells
    nets apart that compute the same, where a search values them alike.

    Args:
        space: Search space or its name.
        archs: Architectures, their published strings, or in another of the space's notations, such
            as ``"index:7"``; one of them will do.
        device: Device or its name; needed for latency and energy.
        dataset: Data set; the space's first one by default.
        quantities: Quantities to predict, and rewards, which come with what they are made of; by
            default accuracy, robustness and, with a device, latency and energy, as far as they are
            known, and the counts.
        source: ``"predictor"``; ``"table"`` to look true values up: the architecture's own row,
            else the mean over its functional class; or ``"measure"``, for latency, to measure the
            network unless that was done before. ``"latency:table"`` is for one quantity, and a
            quantity may name its own in the same way.
        power_w: Rated power in watts; energy is then estimated from it.

    Returns:
        One row an architecture in the order given, indexed by its string. For each quantity,
        named with its unit and what it is (``accuracy_pct@validation``, also where ``accuracy`` was
        asked for): the value, ``_lower`` and ``_upper`` ends of its 90 % interval (NaN
        where there is none), and ``_source``: ``predicted``, ``tabulated``, ``estimated`` or
        ``counted``, whose values are integers. NaN is unknown: the input does not reach the output,
        or the device cannot run it. Where a predictor reads zero-cost proxies, ``_inputs`` says
        whether an architecture has any or is predicted ``from features alone``; where a table is
        looked up, whether a value is that ``from its own row`` or ``from the mean of its class``.
        Where a predictor ranks no better than chance, ``_lacks_skill`` is True. What contains
        operations that the device does not support is infeasible: ``unsupported_operators`` counts
        them, and nothing else but counts is told.

    Raises:
        UnknownNameError: There is no such space, data set, device or quantity.
        ArchitectureError: A string is no architecture of the space.
        ConfigError: Nothing is known of a quantity that was asked for.
    """
    import pandas as pd

    space, source = resolve_space(space, dataset), source_text(source)
    device = load_device(device) if isinstance(device, str) else device
    parsed = space.as_archs([archs] if isinstance(archs, str | Architecture) else archs)
    columns: dict[str, Any] = {}
    counts, limits = support(space, device)
    measures = [*_measures(space, quantities, device, source, power_w), *counts]
    batch = Batch.of(space, parsed)
    for measure, estimate in zip(measures, evaluate(batch, measures, limits), strict=True):
        name = measure.spec.column
        columns[name] = as_numbers(pd.Series(estimate.value), measure.spec).array
        columns[f"{name}_lower"] = estimate.lower
        columns[f"{name}_upper"] = estimate.upper
        columns[f"{name}_source"] = measure.spec.source
        inputs = inputs_of(measure, batch)
        if inputs is not None:
            columns[f"{name}_inputs"] = inputs
        if measure.spec.lacks_skill:
            columns[f"{name}_lacks_skill"] = True
    return pd.DataFrame(columns, index=pd.Index([str(arch) for arch in parsed], name="arch"))


def _measures(
    space: SearchSpace,
    quantities: Sequence[str] | None,
    device: Device | None,
    source: str,
    power_w: float | None,
) -> list[Objective]:
    if quantities is not None:
        asked = [make_objective(space, name, device, source, power_w, True) for name in quantities]
        return with_parts(asked)
    found = usual_objectives(space, device, source, power_w, as_given=True)
    return [*found.values()] + [CountedObjective(space, name) for name in ALWAYS_COUNTED]
