"""What the shared forward and backward passes can note down for proxies."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from hwnas.errors import HwnasError

if TYPE_CHECKING:
    from torch import Tensor

Reading: TypeAlias = Literal[
    "macs",
    "code_agreement",
    "weight_gradients",
    "channel_saliencies",
    "loss_input_gradient",
    "sum_input_gradient",
    "projected_input_gradient",
]
"""What a proxy may ask for."""

_LONGEST = 200


class UndefinedScore(ValueError):  # noqa: N818 - an answer, not an error: score() makes it a null
    """A proxy has no value for this model; the message is the reason, without a full stop."""


@dataclass
class Readings:
    """What one forward pass and up to three backward passes noted down; None if not asked.

    Args:
        n_classes: Outputs of the model.
        macs: Multiply-accumulates of one image.
        code_agreement: Shape ``(n_images, n_images)``.
        weight_gradients: One for each weight.
        channel_saliencies: One for each weight.
        loss_input_gradient: Shape of the images, and so on.
        sum_input_gradient: The same.
        projected_input_gradient: The same.
        failures: Why there is no reading, without a full stop, of those that there should be.
    """

    n_classes: int | None = None
    macs: int | None = None
    code_agreement: Tensor | None = None
    weight_gradients: list[Tensor] | None = None
    channel_saliencies: list[Tensor] | None = None
    loss_input_gradient: Tensor | None = None
    sum_input_gradient: Tensor | None = None
    projected_input_gradient: Tensor | None = None
    failures: dict[str, str] = field(default_factory=dict)

    @contextlib.contextmanager
    def losing(self, names: Iterable[Reading]) -> Iterator[None]:
        """Keep what goes wrong in the block as the reason why some readings are not there.

        Raises:
            HwnasError: It is the caller's mistake, and not a thing of these readings.
        """
        try:
            yield
        except HwnasError:
            raise
        except UndefinedScore as undefined:
            reason = str(undefined)
        except Exception as error:  # of the model's own code, or of what torch cannot do
            reason = in_words(error)
        else:
            return
        for name in names:
            self.failures.setdefault(name, reason)


def in_words(error: Exception) -> str:
    """An exception as a reason: its kind and the first line of its message."""
    first = str(error).strip().partition("\n")[0].rstrip(".")
    words = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."
