"""Which runs are one setting under several seeds, and what tells settings apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SEED, ALGORITHM = "seed", "algorithm"


@dataclass(frozen=True, slots=True)
class Setting:
    """Runs that differ in nothing but their seed and when they end.

    Args:
        label: The algorithm, and what tells it from other settings of the same algorithm.
        runs: Their places among all runs.
        config: What they were asked for, without seed and end.
    """

    label: str
    runs: tuple[int, ...]
    config: Mapping[str, Any]


def settings_of(configs: Sequence[Mapping[str, Any]], ends: Collection[str]) -> tuple[Setting, ...]:
    """Runs by setting, in the order in which the settings come up first.

    Args:
        configs: What each run was asked for.
        ends: Settings that say when a search ends: curves go as far as all runs of a setting do.
    """
    own = [{k: v for k, v in each.items() if k not in {SEED, *ends}} for each in configs]
    kinds: list[Mapping[str, Any]] = []
    for config in own:
        if config not in kinds:
            kinds.append(config)
    members = [tuple(n for n, each in enumerate(own) if each == kind) for kind in kinds]
    return tuple(
        Setting(_label(kind, kinds), runs, kind) for kind, runs in zip(kinds, members, strict=True)
    )


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of what two configurations do not share, in order."""
    return tuple(sorted(k for k in {*one, *other} if one.get(k) != other.get(k)))


def in_words(name: str, value: Any) -> str:
    """One thing that was asked for: ``population 20``, ``no warm start``."""
    title = name.replace("_", " ")
    if value is None or value is False or value in ([], {}, ()):
        return f"no {title}"
    if value is True:
        return title
    if isinstance(value, Mapping):
        value = [f"{key}={each}" for key, each in value.items()]
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    return f"{title} {value}"


def _label(config: Mapping[str, Any], kinds: Sequence[Mapping[str, Any]]) -> str:
    algorithm = config.get(ALGORITHM)
    rivals = [each for each in kinds if each.get(ALGORITHM) == algorithm]
    names = dict.fromkeys(name for rival in rivals for name in differing(config, rival))
    words = [in_words(name, config.get(name)) for name in names]
    return ", ".join([str(algorithm or "unknown algorithm"), *words])
