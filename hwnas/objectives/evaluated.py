"""Values of several objectives from one call of the user's own function."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hwnas.core import arguments
from hwnas.core.arguments import checked
from hwnas.core.batch import Batch
from hwnas.core.columns import quantity_of
from hwnas.core.objective import Estimate, ObjectiveSpec
from hwnas.core.quantity import Direction
from hwnas.core.residuals import interval_of
from hwnas.errors import ConfigError, ReturnError
from hwnas.objectives import SOURCES, Question
from hwnas.objectives.evaluator import Evaluator
from hwnas.objectives.simple import own_spec

SOURCE = "evaluate"
"""Name of the source."""
_NEEDS = "needs your own function, which Python alone can give: hwnas.search(..., evaluate=train)"


class EvaluatedObjective:
    """One column of what the user's function gives.

    Args:
        spec: What its values are.
        evaluation: The function, shared by all objectives that come from it.
    """

    def __init__(self, spec: ObjectiveSpec, evaluation: Evaluator) -> None:
        evaluation.columns.append(spec.column)
        self._evaluation = evaluation
        self.spec = replace(spec, detail=evaluation.detail)

    def __call__(self, batch: Batch) -> Estimate:
        """Values of ``n_archs`` architectures, with intervals where there are standard errors.

        Raises:
            ReturnError: The function returned something else, or what the quantity cannot be.
        """
        value, error = self._evaluation(batch)[self.spec.column].T
        if (error < 0).any():
            raise ReturnError(
                f"evaluate must return standard errors of 0 or more for {self.spec.column}; "
                f"got {error[error < 0][0]:g}."
            )
        lower, upper = interval_of(value, error)
        quantity = quantity_of(self.spec.column)
        if quantity is not None:
            wrong = [each for each in value if not (np.isnan(each) or quantity.can_be(each))]
            if wrong:
                least = f"{'above ' if quantity.is_lower_open else ''}{quantity.lower:g}"
                raise ReturnError(
                    f"evaluate must return {self.spec.column} from {least} to {quantity.upper:g}; "
                    f"got {wrong[0]:g}."
                )
            lower, upper = np.clip([lower, upper], quantity.lower, quantity.upper)
        return Estimate(value, lower, upper)


@checked(column=arguments.text, unit=arguments.text, title=arguments.text)
def evaluated(
    column: str, direction: Direction = "min", unit: str = "", title: str = ""
) -> ObjectiveSpec:
    """An objective of your own among those that ``evaluate`` of ``hwnas.search`` gives.

    Quantities that hwnas knows, such as ``"accuracy"``, need none: their names will do.

    Args:
        column: Name of the values, with their unit: what ``evaluate`` returns them under.
        direction: ``"min"`` or ``"max"``.
        unit: The unit, for people.
        title: A heading for people; the column's name by default.

    Raises:
        ConfigError: The name is that of a known quantity or no name, or the direction is none.
    """
    return own_spec(column, direction, unit, title, "")


@SOURCES.register(SOURCE)
def evaluated_objective(question: Question) -> EvaluatedObjective:
    """The objective that the user's function gives.

    Raises:
        ConfigError: There is no such function.
    """
    if question.evaluation is None:
        raise ConfigError(f"The source {SOURCE} {_NEEDS}; it is not there.")
    spec = ObjectiveSpec.of(question.target, source="custom", detail="", stage=2)
    return EvaluatedObjective(spec, question.evaluation)
