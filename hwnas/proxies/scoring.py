"""Scores of one model by any proxies, in as few passes as their definitions allow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas.core import arguments
from hwnas.core.arguments import checked, many, whole
from hwnas.errors import ConfigError, HwnasError, MissingExtraError
from hwnas.proxies._readings import in_words
from hwnas.proxies.catalogue import Proxy, UndefinedScore, proxies_named

if TYPE_CHECKING:
    from torch import nn

    from hwnas.proxies._passes import Passes


@dataclass(frozen=True, slots=True)
class Scores:
    """Values of proxies for one model.

    Args:
        values: Value by proxy, in the order asked; None where it is not a finite number.
        reasons: Why, for each proxy whose value is None.
    """

    values: Mapping[str, float | None]
    reasons: Mapping[str, str]


@checked(names=many(arguments.text), seed=whole(at_least=0))
def score(
    model: nn.Module, batch: tuple[Any, Any], names: Iterable[str] | None = None, seed: int = 0
) -> Scores:
    """Zero-cost proxies of a model that stays as it is.

    One forward pass and one backward pass serve ``params``, ``macs``, ``l2_norm``, ``grad_norm``,
    ``snip``, ``plain``, ``fisher``, ``nwot`` and ``input_grad_norm``; one more backward pass
    through the same graph ``jacob_cov`` and ``epe_nas``, another ``jacobian_norm``. ``synflow``
    (one image), ``zen`` (two forward passes) and ``grasp`` run their own.

    What goes wrong in one proxy, as where an activation has no second derivative, is the reason why
    that one has no value, and leaves the others as they are.

    Args:
        model: A classifier on the CPU or a GPU: images ``(n_images, channels, height, width)``
            to logits ``(n_images, n_classes)``. It is scored in training mode.
        batch: Images of shape ``(n_images, channels, height, width)``, normalised, and labels of
            shape ``(n_images,)``, from 0 to ``n_classes - 1``; tensors or arrays. Of a data
            loader, ``take`` makes one.
        names: Proxies to compute; all by default.
        seed: Seed of all that is random: projections, ``zen``'s weights and images, dropout.

    Raises:
        UnknownNameError: There is no such proxy.
        ShapeError: Images, labels or logits have another shape.
        ConfigError: The model or the batch is none that can be scored, such as a model wrapped in
            ``DataParallel`` or a data loader, or labels are out of range;
            or the model fails on the batch.
        MissingExtraError: torch is not installed.

    Example:
        >>> from torch import nn
        >>> from hwnas.proxies import noise
        >>> model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
        >>> scores = score(model, noise(4, (3, 2, 2), 3), ["params", "nwot"])
        >>> scores.values, scores.reasons
        ({'params': 39.0, 'nwot': None}, {'nwot': 'the model calls no ReLU module'})
    """
    scores, failure = scores_and_failure(model, batch, names, seed)
    if failure is not None:
        shape = tuple(np.shape(batch[0]))
        raise ConfigError(
            f"A model to score must run on the batch in training mode; on images of shape {shape} "
            f"it fails with {failure}. Give images as the model takes them."
        )
    return scores


def scores_and_failure(
    model: nn.Module, batch: tuple[Any, Any], names: Iterable[str] | None, seed: int
) -> tuple[Scores, str | None]:
    """Scores of a model, and why it does not run on the batch at all; None where it does.

    Arguments and errors are those of ``score``, which raises that failure: one of many models
    does not stop the others.
    """
    try:
        import torch
    except ImportError as error:  # pragma: no cover - the test environment has torch
        raise MissingExtraError("Scoring a model", "torch", "torch") from error
    from hwnas.proxies._given import check_model, read_batch
    from hwnas.proxies._passes import Passes

    asked = proxies_named(names)
    check_model(model)
    reads = {reading for each in asked for reading in each.reads}
    # What the caller has set around the call changes no score.
    with torch.inference_mode(False):
        images, labels = read_batch(batch)
        passes = Passes(model, images, labels, seed, reads)
        with torch.autocast(passes.images.device.type, enabled=False):
            scores = _scored(asked, passes)
            return scores, passes.failure if scores.reasons else None


def _scored(asked: Iterable[Proxy], passes: Passes) -> Scores:
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for each in asked:
        try:
            # Nor does what another one reads, as gradients in the images, lose this one.
            values[each.name] = _finite(each, passes.alone(each.reads) or passes)
        except UndefinedScore as undefined:
            values[each.name], reasons[each.name] = None, str(undefined)
        except HwnasError:
            raise
        except Exception as error:  # what one proxy cannot do does not lose the others
            values[each.name], reasons[each.name] = None, in_words(error)
    return Scores(values, reasons)


def _finite(each: Proxy, passes: Passes) -> float:
    value = float(each.function(passes))
    if not math.isfinite(value):
        raise UndefinedScore(f"its value is {value}, no finite number")
    return value
