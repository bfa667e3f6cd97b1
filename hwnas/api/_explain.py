"""Which features predictions rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hwnas.api._objectives import COUNTED, names_in, objective_name, scored_names
from hwnas.api._spaces import resolve_space
from hwnas.core import arguments, given
from hwnas.core.arguments import checked, one_or_many, whole
from hwnas.core.device import Device
from hwnas.core.space import SearchSpace
from hwnas.core.target import parse_target
from hwnas.objectives.devices import load_device
from hwnas.objectives.explanation import (
    Explanation,
    explanation_frame,
    first,
    label_of,
    legend_of,
)
from hwnas.objectives.explanation import explanations as explanations_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["explain", "explanations", "first", "label_of", "legend_of"]


@checked(
    space=given.space,
    target=one_or_many(arguments.text),
    device=given.device,
    dataset=arguments.text,
    top=whole(at_least=1),
)
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
        ``tau_drop_std``: by how much Kendall tau on unseen classes falls when they are permuted.
        Features go together, so that a set counts for more than the sum of its features; none of
        it is a cause.

    Raises:
        UnknownNameError: There is no such space, data set, device or quantity.
        ConfigError: Nothing is predicted, or its importances cannot be measured.
        ArtifactError: A card is damaged.
    """
    space = resolve_space(space, dataset)
    return explanation_frame(space, explanations(space, target, device), top)


@checked(space=given.loaded_space, target=one_or_many(arguments.text), device=given.device)
def explanations(
    space: SearchSpace, target: str | Sequence[str], device: str | Device | None = None
) -> list[Explanation]:
    """What the predictors of a quantity rest on, each with its card.

    Args:
        space: Search space with its data set.
        target: Quantity or several; one that is named twice counts once, and of a reward what it is
            made of.
        device: Device or its name; all that have a predictor by default.

    Raises:
        UnknownNameError: There is no such device or quantity.
        ConfigError: Nothing is predicted, or its importances cannot be measured.
        ArtifactError: A card is damaged.
    """
    device = load_device(device) if isinstance(device, str) else device
    texts = [target] if isinstance(target, str) else target
    names = [name for text in texts for name in _predicted(text)]
    return [
        each
        for asked in dict.fromkeys(map(parse_target, names))
        for each in explanations_of(space, device, asked.meaning, asked.condition_text)
    ]


def _predicted(text: str) -> list[str]:
    """The quantities to explain: itself, or those of a reward that may be predicted."""
    if "(" not in text:
        return [text]
    names = (name.partition(":")[0] for name in names_in(objective_name(text)))
    targets = {name: parse_target(name) for name in names if name not in scored_names()}
    return [name for name, each in targets.items() if each.quantity not in COUNTED] or [*targets]
