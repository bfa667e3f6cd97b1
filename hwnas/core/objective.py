"""What is optimised: a named, directed quantity and the batches of values it answers with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from hwnas.core.batch import Batch
from hwnas.core.columns import is_whole, number
from hwnas.core.quantity import Direction, Source
from hwnas.core.target import Target
from hwnas.errors import ShapeError, printable

Stage = Literal[0, 1, 2]
"""When something is evaluated, the cheap first: 0 counted, 1 predicted or looked up, both of whole
batches; 2 measured or the user's own function, one architecture at a time."""


@dataclass(frozen=True, slots=True)
class ObjectiveSpec:
    """What an objective's values are; characters in its words that steer a terminal are escaped.

    Args:
        column: Name with unit and conditions, such as ``"accuracy_pct@validation"``; the key in
            every file.
        unit: The unit, for people.
        direction: ``"min"`` or ``"max"``, in the user's own sense.
        source: Where the values come from.
        title: A heading for people.
        detail: One line on what exactly the value is: dataset, split, device, attack.
        origin: The file or formula behind it, with its hash.
        figures: How wrong it may be, measured on architectures that were not fitted on: name to
            figure.
        importances: Which features a prediction rests on, as its predictor's card tells it; empty
            where that is not known.
        evaluation: How ``figures`` were measured: ``held_out`` or ``cross_validated``.
        stage: When it is evaluated.
        lacks_skill: Whether the predictor behind it ranks no better than chance; None where that
            is not known, or nothing is predicted.
    """

    column: str
    unit: str
    direction: Direction
    source: Source
    title: str
    detail: str = ""
    origin: str = ""
    figures: Mapping[str, float | None] = field(default_factory=dict)
    importances: Mapping[str, Any] = field(default_factory=dict)
    evaluation: str = "held_out"
    stage: Stage = 2
    lacks_skill: bool | None = None

    def __post_init__(self) -> None:
        # They are shown in terminals and on pages, and come from the user and from files.
        for name in ("unit", "title", "detail", "origin"):
            words = printable(getattr(self, name)).replace("\n", "\\n")
            object.__setattr__(self, name, words)

    @classmethod
    def of(
        cls,
        target: Target,
        source: Source,
        stage: Stage,
        detail: str,
        origin: str = "",
        figures: Mapping[str, float | None] | None = None,
        importances: Mapping[str, Any] | None = None,
        evaluation: str = "held_out",
        lacks_skill: bool | None = None,
    ) -> ObjectiveSpec:
        """What values of a target are: column and title say under which conditions they hold.

        Args:
            target: What exactly the values are about, as who answers knows it; who asks may have
                left its conditions open.
            source: As for the class, and so on.
            stage: The same.
            detail: The same.
            origin: The same.
            figures: The same.
            importances: The same.
            evaluation: The same.
            lacks_skill: The same.
        """
        return cls(
            column=target.column,
            unit=target.meaning.unit,
            direction=target.meaning.direction,
            source=source,
            title=target.title,
            detail=detail,
            origin=origin,
            figures=figures or {},
            importances=importances or {},
            evaluation=evaluation,
            stage=stage,
            lacks_skill=lacks_skill,
        )

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers: of what is counted, or of a quantity that is."""
        return self.source == "counted" or is_whole(self.column)

    def numbers(self, values: Iterable[float]) -> list[int | float | None]:
        """Its values as files and people have them: whole numbers stay whole, unknown is None."""
        whole = self.is_whole
        return [number(value, whole) for value in values]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Values of one quantity for a batch of architectures, each with an interval.

    Args:
        value: Shape ``(n_archs,)``; NaN where unknown or where the device cannot run it.
        lower: Shape ``(n_archs,)``, lower end of the 90 % interval; NaN where there is none.
        upper: Shape ``(n_archs,)``, upper end; NaN where there is none.

    Raises:
        ShapeError: The three differ in shape or have more than one axis.
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def __post_init__(self) -> None:
        shapes = {self.value.shape, self.lower.shape, self.upper.shape}
        if len(shapes) != 1 or self.value.ndim != 1:
            raise ShapeError(f"value, lower and upper must share shape (n_archs,); got {shapes}.")

    @classmethod
    def exact(cls, value: np.ndarray) -> Estimate:
        """Values without an interval, shape ``(n_archs,)``."""
        unknown = np.full(len(value), np.nan)
        return cls(np.asarray(value, dtype=float), unknown, unknown)


class Objective(Protocol):
    """Something that values architectures in batches.

    Two methods more are called where there are any: ``prepare(batch)`` before any objective of a
    batch is asked, so that what several need can be computed at once, in stage 2 in the process of
    the search with all that will be asked for one by one; and ``inputs(batch)``, what
    each value rests on, ``n_archs`` words, or None where that is the same for all.
    """

    @property
    def spec(self) -> ObjectiveSpec:
        """What the values are."""
        ...

    def __call__(self, batch: Batch, /) -> Estimate:
        """Values of ``n_archs`` architectures, each array of shape ``(n_archs,)``.

        In stage 2 a batch holds one architecture; an exception fails that one alone.
        """
        ...


class Combination(Objective, Protocol):
    """An objective that follows from others: they are asked once, and told beside it."""

    @property
    def parts(self) -> Sequence[Objective]:
        """These objectives."""
        ...

    def combine(self, estimates: Sequence[Estimate], /) -> Estimate:
        """Values of ``n_archs`` architectures, each from its own values of the parts alone."""
        ...
