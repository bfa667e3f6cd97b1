"""Why a predictor says what it says: which features its ranking rests on, and on which device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hwnas.core.device import Device
from hwnas.core.feature_set import FEATURE_SETS
from hwnas.core.quantity import QUANTITIES, Quantity
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target, parse_conditions
from hwnas.errors import ConfigError
from hwnas.features import feature_names
from hwnas.features.legend import KINDS, SETS, labels
from hwnas.fitting.few_costs import MAX_CLASSES, USUAL
from hwnas.fitting.importance import MIN_CLASSES
from hwnas.objectives._missing import NothingKnownError, check_conditions, unknown_here
from hwnas.objectives.simple import COUNTED
from hwnas.predictors import fits, predictor_cards, why_not
from hwnas.predictors.card import Card
from hwnas.predictors.importances import Importance

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "target",
    "device",
    "level",
    "feature_set",
    "name",
    "label",
    "tau_drop",
    "tau_drop_std",
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one predictor rests on.

    Args:
        card: The predictor's card.
        importances: What was measured; nothing where that cannot be or was not.
    """

    card: Card
    importances: tuple[Importance, ...]

    @property
    def target(self) -> str:
        """What is predicted: ``latency`` or ``robustness@pgd-eps1``."""
        return str(self.card.target)

    @property
    def _of(self) -> str:
        """What is predicted, and where: ``latency of eyeriss on mnasnet (imagenet)``."""
        target = self.card.target
        device = f" of {target.device}" if target.device else ""
        return f"{self.target}{device} on {self.card.space} ({target.dataset})"

    @property
    def why_not(self) -> str:
        """Why nothing is known, as a sentence and what to do; empty where something is."""
        card = self.card
        if self.importances:
            return ""
        if card.transfer is not None:
            start, device = card.transfer.from_space, card.target.device
            on_device = f" --device {device}" if device else ""
            return (
                f"{self._of} is extrapolated from {start}; there are no true values on "
                f"{card.space} to measure importances on. See: hwnas explain --space {start} "
                f"--target {card.target.quantity}{on_device}"
            )
        n_classes = card.evaluation.n_classes.train
        n_least = MAX_CLASSES if USUAL in card.model.candidates else MIN_CLASSES
        if n_classes < n_least:
            return (
                f"The predictor of {self._of} was fitted on {n_classes} classes of table "
                f"{card.table.name}; importances are measured on a fifth of {n_least:,} or "
                "more: add measurements."
            )
        return (
            f"The predictor of {self._of} was fitted before importances were measured. "
            f"Fit it again: hwnas fit {card.table.name} --column {card.table.column}"
        )


def explanations(
    space: SearchSpace, device: Device | None, quantity: Quantity, variant: str = ""
) -> list[Explanation]:
    """What the predictors of a quantity rest on, in the order of their devices.

    Args:
        space: Search space with its data set.
        device: Device; None for all that have a predictor.
        quantity: What is predicted.
        variant: Which variant of it; the default one of each device where empty.

    Raises:
        ConfigError: The quantity is not predicted, or none of it can be explained.
        UnknownNameError: There is no such variant.
        ArtifactError: A card is damaged.
    """
    if quantity.name in COUNTED:
        raise ConfigError(
            f"{quantity.name} is counted exactly, not predicted; there is nothing to explain. "
            f"Choose a target of {', '.join(each for each in QUANTITIES if each not in COUNTED)}."
        )
    name = device.name if device and quantity.per_device else None
    cards = [
        card
        for card in predictor_cards(space.name, space.dataset)
        if card.target.quantity == quantity.name
        and name in (None, card.target.device)
        and fits(card, space)
    ]
    chosen: dict[str | None, Card] = {}
    conditions = parse_conditions(variant)
    for card in cards:
        if card.answers(replace(card.target, conditions=conditions)):
            # The user's own comes before the shipped one.
            chosen.setdefault(card.target.device, card)
    if not chosen:
        reason = why_not(space, Target(quantity.name, space.dataset, name, conditions))
        if reason:
            raise NothingKnownError(f"{reason} Fit one for these options: hwnas fit TABLE")
        check_conditions(quantity, variant, (card.target.condition_text for card in cards))
        raise _unknown(space, device, quantity)
    found = [
        Explanation(card, card.importances.listed() if card.importances else ())
        for card in chosen.values()
    ]
    if not any(explanation.importances for explanation in found):
        raise ConfigError(found[0].why_not)
    return sorted(found, key=lambda explanation: explanation.card.target.device or "")


def _unknown(space: SearchSpace, device: Device | None, quantity: Quantity) -> NothingKnownError:
    if quantity.per_device and device is None:
        return NothingKnownError(
            f"No device has a predictor of {quantity.name} for {space.name} on {space.dataset}. "
            "Fit one with: hwnas fit"
        )
    name = device.name if device and quantity.per_device else None
    return unknown_here(space, Target(quantity.name, space.dataset, name))


def label_of(space: SearchSpace, importance: Importance) -> str:
    """Name of a set, kind or feature for people."""
    if importance.level == "kind" and importance.feature_set not in KINDS:
        # A gene or part, which may be told in several ways.
        return f"{importance.name} ({importance.feature_set})"
    if importance.level != "feature" or importance.feature_set not in FEATURE_SETS:
        return importance.name
    names = feature_names(space, (importance.feature_set,))
    named = dict(zip(names, labels(space, importance.feature_set), strict=True))
    # A card of another version may name a feature that this one does not have.
    return named.get(importance.name, importance.name)


def explanation_frame(
    space: SearchSpace, explained: Iterable[Explanation], top: int | None = None
) -> pd.DataFrame:
    """Explanations as a table, one row an importance.

    Args:
        space: Their search space.
        explained: The explanations.
        top: How many kinds and single features of each predictor to keep; all by default.

    Returns:
        Columns ``target``, ``device`` (None for what needs none), ``level`` (``set``, ``kind`` or
        ``feature``), ``feature_set``, ``name``, ``label`` (the name for people), ``tau_drop`` and
        ``tau_drop_std``: by how much Kendall tau on unseen classes falls when the features
        are permuted as one, mean and standard deviation over permutations. Largest first within a
        device and level.
    """
    import pandas as pd

    rows = [
        (
            explanation.target,
            explanation.card.target.device,
            importance.level,
            importance.feature_set,
            importance.name,
            label_of(space, importance),
            importance.drop,
            importance.std,
        )
        for explanation in explained
        for importance in first(explanation.importances, top)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def first(importances: Sequence[Importance], top: int | None) -> list[Importance]:
    """All sets, and at most ``top`` kinds and features, which come largest first."""
    kept: list[Importance] = []
    taken = {"kind": 0, "feature": 0}
    for importance in importances:
        level = importance.level
        if level in taken:
            taken[level] += 1
            if top is not None and taken[level] > top:
                continue
        kept.append(importance)
    return kept


def legend_of(
    shown: Iterable[Importance], whole: bool = False
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """What the names of the sets and kinds among importances mean.

    Args:
        shown: The importances.
        whole: Whether to tell every kind of a set, and not only those among them.

    Returns:
        Name of each set, its meaning, and name and meaning of its kinds.
    """
    named: dict[str, set[str]] = {}
    for each in shown:
        named.setdefault(each.feature_set, set()).add(each.name)
    return [
        (
            feature_set,
            SETS.get(feature_set, ""),
            [
                (kind, meaning)
                for kind, meaning in KINDS.get(feature_set, {}).items()
                if whole or kind in names
            ],
        )
        for feature_set, names in named.items()
    ]
