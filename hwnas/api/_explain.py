"""Which features predictions rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hwnas.api._values import resolve_space
from hwnas.core.device import Device
from hwnas.core.space import SearchSpace
from hwnas.core.target import parse_target
from hwnas.objectives.devices import load_device

if TYPE_CHECKING:
    import pandas as pd


def explain(
    space: str | SearchSpace,
    target: str | Sequence[str],
    device: str | Device | None = None,
    dataset: str | None = None,
    top: int | None = None,
) -> pd.DataFrame:
    """Which features the predictors of a quantity rest on.

    Args:
        space: Search space or its name.
        target: Quantity or several, such as ``"latency"`` or ``"robustness@pgd-eps1"``.
        device: Device or its name; all that have a predictor by default.
        dataset: Data set; the space's first one by default.
        top: How many kinds of features, and single features, of each predictor to tell; all that
            were measured by default.

    Returns:
        One row for each set, kind or single feature of each predictor, largest first, with columns
        ``target``, ``device``, ``level``, ``feature_set``, ``name``, ``label``, ``tau_drop`` and
        ``tau_drop_std``: by how much Kendall tau on held-out classes falls when they are permuted.
        Features go together, so that a set counts for more than the sum of its features; none of
        it is a cause.

    Raises:
        UnknownNameError: There is no such space, data set, device or quantity.
        ConfigError: Nothing is predicted, or its importances cannot be measured.
        ArtifactError: A card is damaged.
    """
    from hwnas.objectives.explanation import explanation_frame, explanations

    space = resolve_space(space, dataset)
    device = load_device(device) if isinstance(device, str) else device
    targets = [target] if isinstance(target, str) else target
    found = [
        each
        for asked in map(parse_target, targets)
        for each in explanations(space, device, asked.meaning, asked.condition_text)
    ]
    return explanation_frame(space, found, top)
