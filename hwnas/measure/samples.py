"""Raw samples of one model and what follows from them: median, P90, P99, CV, an interval.

Every run is paired with a run of an anchor model just before it. Both are slowed alike by whatever
else the machine does, so that their ratio says more than either; times the anchor's usual time it
is a latency again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwnas.errors import MeasurementError, ShapeError

_N_RESAMPLES = 200
USUAL_LEVEL = 0.95
"""Level of the intervals in tables."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Runs of one model in the order of time.

    Args:
        visit: Number of the visit of each run, shape ``(n_runs,)``; each stretch of turns has
            numbers of its own.
        start_ns: When each run started, by a monotonic clock, in nanoseconds.
        run_ns: How long it took.
        anchor_ns: How long the anchor's run just before it took.

    Raises:
        ShapeError: The arrays disagree on ``n_runs``.
    """

    visit: np.ndarray
    start_ns: np.ndarray
    run_ns: np.ndarray
    anchor_ns: np.ndarray

    def __post_init__(self) -> None:
        shapes = {name: getattr(self, name).shape for name in self.__slots__}
        if len(set(shapes.values())) > 1 or self.visit.ndim != 1:
            raise ShapeError(f"Samples must have shape (n_runs,) each; got {shapes}.")

    def __len__(self) -> int:
        """Number of runs."""
        return len(self.run_ns)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the samples of one model say.

    Args:
        latency_ms: Median of the runs' ratios to the anchor's, times its usual time.
        low_ms: Lower end of the median's bootstrap interval, of 95 % unless asked otherwise.
        high_ms: Upper end.
        p90_ms: 90th percentile of the runs, the drift between visits divided out.
        p99_ms: 99th percentile.
        cv: Standard deviation of the visits' medians by their mean; None for one visit.
        raw_median_ms: Median of the runs as the clock had them.
        n_runs: Number of runs.
        n_visits: Number of visits.
    """

    latency_ms: float
    low_ms: float
    high_ms: float
    p90_ms: float
    p99_ms: float
    cv: float | None
    raw_median_ms: float
    n_runs: int
    n_visits: int


def joined(parts: Sequence[Samples]) -> Samples:
    """Samples of several stretches as one; visits are numbered on."""
    visits, first = [], 0
    for part in parts:
        visits.append(part.visit + first)
        first = int(visits[-1].max(initial=first - 1)) + 1
    return Samples(
        np.concatenate(visits),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("start_ns", "run_ns", "anchor_ns")
        ),
    )


def reference_ns(parts: Sequence[Samples]) -> float:
    """The anchor's usual time in nanoseconds: the median of its medians over visits.

    Raises:
        MeasurementError: There is no run.
    """
    medians = [
        np.median(part.anchor_ns[part.visit == visit])
        for part in parts
        for visit in np.unique(part.visit)
    ]
    if not medians:
        raise MeasurementError("A measurement must hold at least one run; got none.")
    return float(np.median(medians))


def summarize(
    samples: Samples, reference_ns: float, seed: int = 0, level: float = USUAL_LEVEL
) -> Summary:
    """What samples say.

    Args:
        samples: At least one run.
        reference_ns: The anchor's usual time in nanoseconds.
        seed: Of the bootstrap, which draws visits and then runs within them.
        level: Of the median's interval.

    Raises:
        MeasurementError: There is no run.
    """
    if len(samples) == 0:
        raise MeasurementError("A measurement must hold at least one run; got none.")
    to_ms = reference_ns / 1e6
    ratios = samples.run_ns / samples.anchor_ns
    visits = [np.flatnonzero(samples.visit == visit) for visit in np.unique(samples.visit)]
    medians = np.array([np.median(ratios[rows]) for rows in visits])
    steady = np.concatenate(
        [samples.run_ns[rows] / np.median(samples.anchor_ns[rows]) for rows in visits]
    )
    low, high = _interval([ratios[rows] for rows in visits], seed, level)
    p90, p99 = np.quantile(steady, (0.9, 0.99))
    return Summary(
        latency_ms=float(np.median(ratios)) * to_ms,
        low_ms=low * to_ms,
        high_ms=high * to_ms,
        p90_ms=float(p90) * to_ms,
        p99_ms=float(p99) * to_ms,
        cv=float(medians.std(ddof=1) / medians.mean()) if len(visits) > 1 else None,
        raw_median_ms=float(np.median(samples.run_ns)) / 1e6,
        n_runs=len(samples),
        n_visits=len(visits),
    )


def _interval(visits: Sequence[np.ndarray], seed: int, level: float) -> tuple[float, float]:
    """Ends of the bootstrap interval of the median of all visits' ratios."""
    rng = np.random.default_rng(seed)
    medians = []
    for _ in range(_N_RESAMPLES):
        drawn = [visits[place] for place in rng.integers(len(visits), size=len(visits))]
        medians.append(
            np.median(
                np.concatenate([part[rng.integers(len(part), size=len(part))] for part in drawn])
            )
        )
    low, high = np.quantile(medians, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)
