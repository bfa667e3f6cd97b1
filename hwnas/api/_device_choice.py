"""On which devices limits can be kept, and with what: the inverse of a search for one device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnas.api._objectives import ALWAYS_COUNTED, make_objective
from hwnas.api._spaces import resolve_space
from hwnas.choose import Selection
from hwnas.choose import select as select_from_front
from hwnas.choose.front import Front
from hwnas.choose.selection import selection_record
from hwnas.core import arguments, given
from hwnas.core.arguments import checked, many, mapping, whole
from hwnas.core.batch import Batch
from hwnas.core.classes import sample_classes, valid_classes
from hwnas.core.columns import column_of, once
from hwnas.core.device import Device
from hwnas.core.limits import Limit, Relation, check_compatible, in_own_units, parse_limit
from hwnas.core.objective import Estimate, Objective
from hwnas.core.quantity import DEFAULT_OBJECTIVES
from hwnas.core.residuals import DEFAULT_LIMIT_AT, limit_share
from hwnas.core.space import SearchSpace
from hwnas.core.target import parse_target
from hwnas.errors import ConfigError, NoCandidateError, UnknownNameError
from hwnas.objectives import NothingKnownError
from hwnas.objectives.devices import device_names, load_device
from hwnas.objectives.evaluation import ask_together
from hwnas.objectives.unsupported import support

__all__ = ["DEFAULT_SAMPLE", "choose_device", "device_choice_record"]

DEFAULT_SAMPLE = 10_000
"""Architectures drawn from a space that is too large to be listed."""


@dataclass(frozen=True, slots=True)
class DeviceChoices:
    """Which devices can keep limits.

    Args:
        selections: By device, the best architecture that keeps them; the best device first.
        refused: By device, why no architecture keeps them; the device that misses them least first.
        unknown: Devices of which a limited column is not known.
        n_archs: How many architectures were valued.
        is_sample: Whether they are a random sample, and not all functional classes of the space.
    """

    selections: Mapping[str, Selection]
    refused: Mapping[str, str]
    unknown: tuple[str, ...]
    n_archs: int
    is_sample: bool


@checked(
    space=given.space,
    at_most=mapping(arguments.number),
    at_least=mapping(arguments.number),
    dataset=arguments.text,
    limit_at=arguments.text,
    sample=whole(at_least=1),
    seed=whole(at_least=0),
    constraints=many(),
)
def choose_device(
    space: str | SearchSpace,
    at_most: Mapping[str, float] | None = None,
    at_least: Mapping[str, float] | None = None,
    dataset: str | None = None,
    limit_at: str = DEFAULT_LIMIT_AT,
    sample: int = DEFAULT_SAMPLE,
    seed: int = 0,
    constraints: Sequence[str | Limit] = (),
) -> DeviceChoices:
    """The devices on which limits can be kept, with the best architecture for each.

    All functional classes of the space are valued where they can be listed, else a random sample.
    The best has the best accuracy under the limits, if any is known, else what ``select`` chooses;
    what is neither accuracy nor limited is told beside.

    Args:
        space: Search space or its name.
        at_most: Largest value allowed, by column, in the unit that the column names.
        at_least: Smallest value allowed, by column.
        dataset: Data set; the space's first one by default.
        limit_at: What must keep a limit; see ``select``.
        sample: How many architectures to draw where there are too many to list.
        seed: Seed of that draw.
        constraints: More limits, as a search takes them: ``["latency_ms<=20"]``.

    Raises:
        UnknownNameError: There is no such space, data set or quantity.
        ConfigError: No limit is on a quantity of devices, nothing knows one that is of none, or two
            exclude each other.
    """
    space = resolve_space(space, dataset)
    limit_share(limit_at)
    at_most, at_least = _sides(at_most or {}, at_least or {}, constraints)
    # As each was asked for, by the target that it names.
    limited = {str(parse_target(name)): name for name in (*at_most, *at_least)}
    ours = [target for target in limited if _is_per_device(target)]
    if not ours:
        raise ConfigError(
            "To choose a device, limit what depends on it, such as --at-most latency_ms=20; "
            f"got {', '.join(limited.values()) or 'no limit'}."
        )
    batch, is_sample = _architectures(space, sample, seed)
    common = _common(space, [target for target in limited if target not in ours])
    devices = {name: load_device(name) for name in device_names()}
    by_device = {name: _of_device(space, device, ours) for name, device in devices.items()}
    asked = [*common.values(), *(each for found in by_device.values() for each in found.values())]
    estimates = dict(zip(map(id, asked), ask_together(batch, asked), strict=True))
    archs = tuple(map(str, batch))
    selections, refused, misses = {}, {}, dict[str, float]()
    for name, found in by_device.items():
        if not found:
            continue
        known = {**common, **found}
        runs = _runs(batch, devices[name])
        if not runs.any():
            refused[name] = (
                f"All {len(batch):,} architectures have operators that it does not support: "
                f"{', '.join(devices[name].unsupported)}."
            )
            misses[name] = np.inf
            continue
        front = _front(space, archs, known, list(limited), estimates).part(np.flatnonzero(runs))
        upper, lower = (_by_column(limits, known) for limits in (at_most, at_least))
        try:
            selections[name] = select_from_front(front, upper, lower, limit_at=limit_at)
        except NoCandidateError as error:
            refused[name] = str(error)
            misses[name] = _miss(front, upper, lower)
    return DeviceChoices(
        selections=dict(sorted(selections.items(), key=lambda item: _rank(*item))),
        refused={name: refused[name] for name in sorted(refused, key=lambda name: misses[name])},
        unknown=tuple(name for name, found in by_device.items() if not found),
        n_archs=len(batch),
        is_sample=is_sample,
    )


def _sides(
    at_most: Mapping[str, float],
    at_least: Mapping[str, float],
    constraints: Sequence[str | Limit],
) -> tuple[dict[str, float], dict[str, float]]:
    """Upper and lower limits in own units, the tighter where there are two."""
    sides: dict[Relation, dict[str, float]] = {
        "<=": in_own_units(at_most),
        ">=": in_own_units(at_least),
    }
    for each in constraints:
        limit = each if isinstance(each, Limit) else parse_limit(each, "--constraint")
        side = sides[limit.relation]
        tighter = min if limit.relation == "<=" else max
        side[limit.column] = tighter(limit.bound, side.get(limit.column, limit.bound))
    check_compatible(
        Limit(column_of(name), relation, bound)
        for relation, side in sides.items()
        for name, bound in side.items()
    )
    return sides["<="], sides[">="]


def device_choice_record(choices: DeviceChoices) -> dict[str, Any]:
    """The same as JSON can hold it."""
    return {
        "devices": [
            {"device": name, "selection": selection_record(selection)}
            for name, selection in choices.selections.items()
        ],
        "refused": dict(choices.refused),
        "unknown": list(choices.unknown),
        "n_archs": choices.n_archs,
        "is_sample": choices.is_sample,
    }


def _is_per_device(target: str) -> bool:
    return parse_target(target).meaning.per_device


def _by_column(limits: Mapping[str, float], known: Mapping[str, Objective]) -> dict[str, float]:
    """Limits by the column that answers for what each was asked on."""
    return once((known[str(parse_target(name))].spec.column, name, limits[name]) for name in limits)


def _architectures(space: SearchSpace, sample: int, seed: int) -> tuple[Batch, bool]:
    """All functional classes of a space, or some; and whether it is some."""
    every = space.all_genotypes()
    if every is not None:
        return Batch(space, valid_classes(space, every), is_canonical=True), False
    return Batch.of(space, sample_classes(space, sample, seed)), True


def _common(space: SearchSpace, limited: Sequence[str]) -> dict[str, Objective]:
    """What depends on no device: what is limited, and what is known of the usual quantities."""
    usual = [name for name in (*DEFAULT_OBJECTIVES, *ALWAYS_COUNTED) if not _is_per_device(name)]
    found = {name: make_objective(space, name) for name in limited}
    return _with_known(found, space, usual, None)


def _of_device(space: SearchSpace, device: Device, limited: Sequence[str]) -> dict[str, Objective]:
    """What is known of a device; nothing where something limited is not."""
    found = {name: _known(space, name, device) for name in limited}
    whole = {name: each for name, each in found.items() if each is not None}
    if len(whole) < len(found):
        return {}
    return _with_known(whole, space, list(filter(_is_per_device, DEFAULT_OBJECTIVES)), device)


def _with_known(
    found: Mapping[str, Objective],
    space: SearchSpace,
    names: Sequence[str],
    device: Device | None,
) -> dict[str, Objective]:
    """Objectives by what they were asked as, with those of more names that are known."""
    more = dict(found)
    for name in names:
        made = None if name in more else _known(space, name, device)
        if made is not None:
            more[name] = made
    return more


def _known(space: SearchSpace, name: str, device: Device | None) -> Objective | None:
    """The objective of a quantity; None where it is not known."""
    try:
        return make_objective(space, name, device)
    except (NothingKnownError, UnknownNameError):
        return None


def _front(
    space: SearchSpace,
    archs: tuple[str, ...],
    known: Mapping[str, Objective],
    limited: Sequence[str],
    estimates: Mapping[int, Estimate],
) -> Front:
    """All architectures with their values; objectives are the accuracy and what is limited."""
    leading = [name for name in DEFAULT_OBJECTIVES[:1] if name in known]
    # One column may have been asked for by several names.
    ordered = list({known[name].spec.column: known[name] for name in (*leading, *limited)}.values())
    n_objectives = len(ordered)
    columns = {each.spec.column for each in ordered}
    ordered += [each for each in known.values() if each.spec.column not in columns]
    found = [estimates[id(measure)] for measure in ordered]
    return Front(
        archs=archs,
        columns=tuple(measure.spec for measure in ordered),
        values=np.stack([each.value for each in found], axis=1),
        lower=np.stack([each.lower for each in found], axis=1),
        upper=np.stack([each.upper for each in found], axis=1),
        n_objectives=n_objectives,
        space=space,
    )


def _runs(batch: Batch, device: Device) -> np.ndarray:
    """Which architectures a device supports, booleans of shape ``(n_archs,)``."""
    counts, limits = support(batch.space, device)
    pairs = zip(counts, limits, strict=True)
    kept = [limit.violation(count(batch).value) == 0 for count, limit in pairs]
    return np.asarray(np.all([np.ones(len(batch), dtype=bool), *kept], axis=0))


def _miss(front: Front, upper: Mapping[str, float], lower: Mapping[str, float]) -> float:
    """How far the architecture that is nearest to keeping limits is off them, as a share."""
    over = [front.column(name) / bound - 1 for name, bound in upper.items()]
    over += [1 - front.column(name) / bound for name, bound in lower.items()]
    worst = np.max([np.maximum(each, 0) for each in over], axis=0)
    return float(np.nanmin(worst)) if np.isfinite(worst).any() else np.inf


def _rank(name: str, selection: Selection) -> tuple[float, str]:
    """Devices by what their picks are best in, the best first."""
    (leading,) = selection.weights
    spec = next(each for each in selection.columns if each.column == leading)
    value = selection.pick.values[leading]
    return -value if spec.direction == "max" else value, name
