"""Exhaustive search: each functional class once, so that the front is the exact one."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from hwnas.algorithms import ALGORITHMS, Setting, Told
from hwnas.core.classes import every_class
from hwnas.errors import ConfigError

MOST_CLASSES = 1_000_000


@ALGORITHMS.register("exhaustive")
class Exhaustive:
    """Every architecture that differs in function, in random order; the front is the exact one.

    It ends by itself; with a budget below the size of the space it is a random sample without
    replacement.

    Args:
        setting: What every algorithm is built from.

    Raises:
        ConfigError: The space has more than a million functional classes.
    """

    least_population: ClassVar[int] = 1
    default_warm_start: ClassVar[str | None] = None
    ends_by_itself: ClassVar[bool] = True

    def __init__(self, setting: Setting) -> None:
        space = setting.space
        classes = every_class(space, MOST_CLASSES)
        if classes is None:
            raise ConfigError(
                f"exhaustive must have a space of at most {MOST_CLASSES:,} architectures that "
                f"differ in function; {space.label} has more. Choose another --algorithm."
            )
        left = np.random.default_rng(setting.seed).permutation(classes)
        if setting.initial is not None:
            first = {row.tobytes() for row in space.canonical_genotypes(setting.initial)}
            is_left = [row.tobytes() not in first for row in left]
            left = np.concatenate([setting.initial, left[np.array(is_left, dtype=bool)]])
        self._left = left

    def ask(self, n: int) -> np.ndarray:
        """The next ``n`` classes, shape ``(n_archs, n_genes)``; none at the end."""
        asked, self._left = self._left[:n], self._left[n:]
        return asked

    def tell(self, told: Told) -> None:
        """Nothing to learn."""
