"""How a measurement is made: how often, how long, on how many threads and in which rhythm."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal

from hwnas.core import arguments
from hwnas.core.arguments import checked
from hwnas.errors import ConfigError

Kind = Literal["burst", "paced", "cold"]
_PACED = re.compile(r"paced:([0-9]+(?:\.[0-9]+)?)fps")


@dataclass(frozen=True, slots=True)
class Mode:
    """The rhythm in which a model runs.

    Args:
        kind: ``"burst"``, one run after the other; ``"paced"``, so many a second with rest between
            them, as a camera's frames come; ``"cold"``, each run loads the model first.
        fps: Runs a second of ``"paced"``.
    """

    kind: Kind = "burst"
    fps: float | None = None

    def __str__(self) -> str:
        return self.kind if self.fps is None else f"{self.kind}:{self.fps:g}fps"

    @property
    def condition(self) -> str | None:
        """Value of the condition ``mode`` of a target; None for the usual one."""
        if self.kind == "burst":
            return None
        return self.kind if self.fps is None else f"{self.kind}-{self.fps:g}fps"


BURST = Mode()


@checked(text=arguments.text)
def parse_mode(text: str) -> Mode:
    """The mode that a text names.

    Raises:
        ConfigError: It names none.

    Example:
        >>> parse_mode("paced:30fps")
        Mode(kind='paced', fps=30.0)
    """
    paced = _PACED.fullmatch(text)
    if paced is not None and float(paced[1]) > 0:
        return Mode("paced", float(paced[1]))
    if text == "burst":
        return BURST
    if text == "cold":
        return Mode("cold")
    raise ConfigError(f"--mode must be burst, cold or paced:30fps, for any rate; got '{text}'.")


@dataclass(frozen=True, slots=True)
class Plan:
    """How each model of a block of candidates is measured.

    Args:
        visits: How often each candidate has its turn; turns are in random order.
        min_samples: Runs of a candidate over all visits, at least.
        min_seconds: Time that these runs take together, at least.
        threads: Threads of a model's operators.
        batch: Inputs in a run; None for one, or as many as a file is made for.
        mode: The rhythm.
        warmup_s: A model runs unrecorded for at least so many seconds before its first visit ...
        max_warmup_s: ... and at most so many, until the median of its runs stands still.
        cooldown_s: Seconds that a block may wait, all in all, for a hot device to cool down.
        max_cv: A measurement whose visits vary more, standard deviation by mean, is unstable.
        block: Candidates that are loaded at the same time and take turns.
        is_pinned: Whether the process keeps to as many cores as there are threads.
        seed: Of the order of turns and the inputs.

    Raises:
        ConfigError: A number is out of range.
    """

    visits: int = 5
    min_samples: int = 100
    min_seconds: float = 0.4
    threads: int = 1
    batch: int | None = None
    mode: Mode = field(default=BURST)
    warmup_s: float = 0.05
    max_warmup_s: float = 2.0
    cooldown_s: float = 10.0
    max_cv: float = 0.1
    block: int = 20
    is_pinned: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("visits", "min_samples", "threads", "batch", "block"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{_flag(name)} must be at least 1; got {value}.")
        for name in ("min_seconds", "warmup_s", "max_warmup_s", "cooldown_s"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ConfigError(
                    f"{_flag(name)} must be a number of seconds, 0 or more; got {value:g}."
                )
        if not self.max_cv > 0:
            raise ConfigError(f"{_flag('max_cv')} must be above 0; got {self.max_cv:g}.")

    @property
    def threads_in_words(self) -> str:
        """``1 thread``, ``2 threads``."""
        return f"{self.threads} thread{'s' if self.threads > 1 else ''}"

    @property
    def visit_samples(self) -> int:
        """Runs of a visit, at least."""
        return -(-self.min_samples // self.visits)

    @property
    def visit_ns(self) -> float:
        """Nanoseconds that the runs of a visit take together, at least."""
        return self.min_seconds * 1e9 / self.visits


def _flag(name: str) -> str:
    return "--" + {"batch": "batch-size"}.get(name, name.replace("_", "-"))
