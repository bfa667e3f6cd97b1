"""Predictors fitted on tables."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwnas.api._objectives import make_objective
from hwnas.core import arguments
from hwnas.core.arguments import checked, many, whole
from hwnas.core.device import Device
from hwnas.core.quantity import DEFAULT_OBJECTIVES
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target, parse_target
from hwnas.errors import ConfigError, TableError, UnknownNameError, known_name
from hwnas.objectives.devices import load_device
from hwnas.predictors import predictor_cards, search_path
from hwnas.predictors.card import CARDS
from hwnas.spaces import SPACES, load_space
from hwnas.tables import load_audit, unused_rows
from hwnas.tables.catalogue import find
from hwnas.tables.store import EVERY_TABLE, how_to_get

if TYPE_CHECKING:
    from hwnas.fitting.carrying import Known
    from hwnas.predictors.card import Card
    from hwnas.tables import Table

_MIN_USUAL = 2
_MOST_REASONS = 3
"""Columns of which is told why they cannot be fitted, where none can."""


@checked(
    quantity=arguments.text,
    from_space=arguments.text,
    to_space=arguments.text,
    to_dataset=arguments.text,
    out=arguments.path,
)
def fit_quality_transfer(
    quantity: str,
    from_space: str,
    to_space: str,
    to_dataset: str | None = None,
    out: str | os.PathLike[str] | None = None,
) -> list[Card]:
    """Extrapolate accuracy or robustness from one space to another that has none.

    Args:
        quantity: ``"accuracy"`` or ``"robustness"``, or one under a condition, such as
            ``"robustness@pgd-eps1"``.
        from_space: Search space whose published values are fitted.
        to_space: Search space to value.
        to_dataset: Its data set; the first one by default.
        out: Folder of predictors; the user's cache by default.

    Returns:
        A card from features alone and, where proxy scores of both spaces ship, one that reads
        them; ``transfer`` says how well such models ranked the accuracy of other spaces. Values
        are labelled *extrapolated* wherever they are shown.

    Raises:
        UnknownNameError: There is no such quantity, space or data set.
        ConfigError: The two spaces are one, the second has values of its own, or the quantity is
            one of a device.
        TableError: No table in the cache holds the quantity, or it has too few values.
        StorageError: The folder cannot be written.
    """
    from hwnas.fitting.columns import SCORED_QUANTITIES, write_predictor
    from hwnas.fitting.quality import carried_sets, extrapolate_quality, measure_trust

    wanted = parse_target(quantity)
    if wanted.quantity not in SCORED_QUANTITIES:
        raise ConfigError(
            f"Without a device, accuracy or robustness can be extrapolated; got {wanted.quantity}. "
            "Name a device with --device."
        )
    goal, start = load_space(to_space, dataset=to_dataset), load_space(from_space)
    if goal.name == start.name:
        raise ConfigError(f"Extrapolation must go to another space; got {goal.name} twice.")
    if _has_own(goal, wanted.quantity):
        raise ConfigError(
            f"{goal.name} has published {wanted.quantity} on {goal.dataset}; fit that: "
            "hwnas fit TABLE"
        )
    known = _quality(start, quantity)
    if known is None:
        raise TableError(
            f"No table in the cache holds {quantity} for {start.name} on {start.dataset}. "
            f"Run: {how_to_get(EVERY_TABLE)}"
        )
    # Only accuracy is known on more than one space: how far that carries is all there is to say.
    accuracy = _quality(start, "accuracy")
    others = [_quality(load_space(name), "accuracy") for name in SPACES if name != start.name]
    cards = []
    for sets in carried_sets(known, goal):
        trust = measure_trust(accuracy, list(filter(None, others)), sets)
        fitted = extrapolate_quality(known, goal, sets, trust)
        write_predictor(Path(out) if out else search_path()[0], fitted)
        cards.append(fitted.card)
    return cards


def _has_own(space: SearchSpace, quantity: str) -> bool:
    """Whether a table in the cache, or a predictor that was fitted on one, knows a quantity."""
    return _quality(space, quantity) is not None or any(
        card.target.quantity == quantity and card.transfer is None
        for card in predictor_cards(space.name, space.dataset)
    )


def _quality(space: SearchSpace, quantity: str) -> Known | None:
    """What the tables in the cache know of accuracy or robustness on a space; None if nothing."""
    return first_known(space, parse_target(quantity, space.dataset))


def first_known(
    space: SearchSpace,
    target: Target,
    is_needed: bool = False,
    load: Callable[[str], Table] | None = None,
) -> Known | None:
    """What the first table in the cache whose rows were measured knows of a target; None if none.

    Args:
        space: Search space with its data set.
        target: What is asked for.
        is_needed: Whether a table that is not in the cache is an error.
        load: How a table is read; from the cache by default.

    Raises:
        TableError: It is needed, and there is such a table, but not in the cache.
    """
    from hwnas.fitting.carrying import Known
    from hwnas.tables import load_table

    found = [(entry, column) for entry, column in find(target, space) if not entry.is_additive]
    here = [(entry, column) for entry, column in found if entry.is_here]
    for entry, column in here or (found[:1] if is_needed else ()):
        return Known(space, (load or load_table)(entry.name), column)
    return None


@checked(
    table=arguments.text,
    columns=many(arguments.text),
    out=arguments.path,
    seed=whole(at_least=0),
    on_column=arguments.function,
    tolerance=arguments.number,
)
def fit(
    table: str,
    columns: Sequence[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    seed: int = 0,
    on_column: Callable[[str, Card | TableError], None] | None = None,
    tolerance: float | None = None,
) -> list[Card]:
    """Fit predictors on the columns of a table.

    Of accuracy and robustness a second one, which reads zero-cost proxies too, is fitted where
    their scores ship and help.

    Args:
        table: Name of a table in the cache.
        columns: Columns to fit; by default all that hold a quantity and vary.
        out: Folder of predictors; the user's cache by default, where they go before shipped ones.
        seed: Seed of splits and estimators.
        on_column: Called with each column's name and its card when it is fitted, or why it cannot
            be: it is the same for every architecture, or has too few values.
        tolerance: How far below the best Kendall tau of cross-validation a smaller model may be
            to be preferred, where 1,500 classes or more are fitted on; 0.001 by default.

    Returns:
        The cards: what each predicts and how wrong it is on functional classes that it was not
        fitted on, in cross-validation.

    Raises:
        UnknownNameError: There is no such table or column.
        ConfigError: ``tolerance`` is negative.
        TableError: The table is not in the cache or damaged, or no column can be fitted.
        StorageError: The folder cannot be written.
    """
    from hwnas.fitting.columns import fit_column, fit_scored, write_predictor
    from hwnas.fitting.procedure import NO_BETTER
    from hwnas.tables import load_table

    tolerance = NO_BETTER if tolerance is None else tolerance
    if not tolerance >= 0:
        raise ConfigError(f"tolerance must be a Kendall tau of at least 0; got {tolerance:g}.")
    source = load_table(table)
    by_name = {column.name: column for column in source.columns}
    see = f"hwnas tables show {table} --columns"
    asked = [known_name("column", name, by_name, see) for name in columns or ()]
    chosen = asked or [column.name for column in source.columns if column.quantity]
    if not chosen:
        raise ConfigError(f"Table '{table}' holds no quantity that can be predicted.")
    cards, refused = [], dict[str, TableError]()
    for name in chosen:
        column = by_name[name]
        space = load_space(source.space, **{**(source.options or {}), "dataset": column.dataset})
        try:
            fitted = fit_column(space, source, column, seed, tolerance=tolerance)
        except TableError as error:
            refused[name] = error
            continue
        scored = fit_scored(space, source, column, fitted.card, seed, tolerance)
        for each in filter(None, (fitted, scored)):
            write_predictor(Path(out) if out else search_path()[0], each)
            cards.append(each.card)
        if on_column is not None:
            on_column(name, cards[-1])
    if not cards:
        raise _nothing_fitted(table, list(refused.values()))
    for name, reason in refused.items():
        if on_column is not None:
            on_column(name, reason)
    return cards


def _nothing_fitted(table: str, reasons: Sequence[TableError]) -> TableError:
    """Why no column could be fitted, and which rows could not help."""
    sentences = [str(reason) for reason in reasons[:_MOST_REASONS]]
    if len(reasons) > 1:
        sentences.insert(0, f"No column of table '{table}' can be fitted.")
    if len(reasons) > _MOST_REASONS:
        sentences.append(f"So it is with {len(reasons) - _MOST_REASONS:,} more.")
    sentences += [f"{line}." for line in unused_rows(load_audit(table))]
    return TableError(" ".join(sentences))


def predictors_dir() -> Path:
    """Where predictors go unless another folder is named: in the user's cache."""
    return search_path()[0]


def next_search(cards: Sequence[Card]) -> list[str]:
    """Words of the command that searches with predictors: for the first one that has a device."""
    card = next((card for card in cards if card.target.device), cards[0])
    usual = load_space(card.space)
    space = load_space(card.space, **{**card.options, "dataset": card.target.dataset})
    words = ["hwnas", "search", space.name]
    for key, value in space.options.items():
        if value != usual.options.get(key):
            words += ["--option", f"{key}={_option_text(value)}"]
    words += ["--dataset", space.dataset] if space.dataset != usual.dataset else []
    words += ["--device", card.target.device] if card.target.device else []
    device = load_device(card.target.device) if card.target.device else None
    known = [name for name in DEFAULT_OBJECTIVES if _is_known(space, name, device)]
    # By default a search takes the usual objectives, of which it needs two.
    if device is None or len(known) < _MIN_USUAL:
        words += ["--objectives", ",".join([*(known or [str(card.target)]), "params"])]
    return words


def _option_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_known(space: SearchSpace, name: str, device: Device | None) -> bool:
    try:
        make_objective(space, name, device)
    except (ConfigError, UnknownNameError):
        return False
    return True


def predictor_records(cards: Sequence[Card]) -> list[dict[str, Any]]:
    """Cards of predictors as JSON can hold them, and whether each lacks skill."""
    return [{**CARDS.encode(card), "lacks_skill": card.evaluation.lacks_skill} for card in cards]
