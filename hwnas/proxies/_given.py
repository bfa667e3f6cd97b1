"""What a caller gives to be scored, model and minibatch: each is taken, or refused in one line."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from hwnas.errors import ConfigError, ShapeError

if TYPE_CHECKING:
    from torch import Tensor, nn

_WRAPPERS = ("DataParallel", "DistributedDataParallel", "FullyShardedDataParallel")


def check_model(model: Any) -> None:
    """Check that a model can be scored as it is given.

    Raises:
        ConfigError: It is no module, one that wraps the model, one that is compiled, or takes
            something else than a batch of images; or its parameters are not all there, on one
            device.
    """
    from torch import nn

    if not isinstance(model, nn.Module):
        what = f"the class {model.__name__}; call it" if isinstance(model, type) else _kind(model)
        raise ConfigError(f"A model to score must be a torch.nn.Module; got {what}.")
    kinds = {each.__name__ for each in type(model).__mro__}
    wrapper = next((name for name in _WRAPPERS if name in kinds), None)
    if wrapper is not None:
        raise ConfigError(
            f"A model to score must be the model itself; got one wrapped in {wrapper}. Give its "
            ".module."
        )
    if "OptimizedModule" in kinds:
        raise ConfigError(
            "A model to score must not be compiled; got what torch.compile returns. Give the model "
            "that it was made of."
        )
    if "ScriptModule" in kinds:
        raise ConfigError(
            "A model to score must be a module of Python; got a ScriptModule. Give the model that "
            "it was made of."
        )
    _check_forward(model)
    _check_parameters(model)


def _check_forward(model: nn.Module) -> None:
    """See that the model can be called with images alone."""
    try:
        signature = inspect.signature(model.forward)
    except (TypeError, ValueError):  # made in C, as some modules of extensions are
        return
    try:
        signature.bind(None)
    except TypeError as error:
        raise ConfigError(
            "A model to score must take a batch of images as its one argument, by position; its "
            f"forward{signature} has {error}. Wrap it in a module that calls it so."
        ) from error


def _check_parameters(model: nn.Module) -> None:
    from torch.nn.parameter import is_lazy

    parameters = list(model.parameters())
    if any(is_lazy(each) for each in parameters):
        raise ConfigError(
            "A model to score must have all its weights; it has lazy layers that were never "
            "called. Call it with a batch of images first."
        )
    devices = sorted({str(each.device) for each in parameters})
    if len(devices) > 1 or "meta" in devices:
        raise ConfigError(
            "A model to score must have its weights on one device, cpu or a GPU; they are on "
            f"{' and '.join(devices)}. Move it with .to(device)."
        )


def read_batch(batch: Any) -> tuple[Tensor, Tensor]:
    """Images ``(n_images, channels, height, width)`` and labels ``(n_images,)`` of a minibatch.

    Args:
        batch: What the caller gives as such.

    Raises:
        ConfigError: It is no pair, images are no finite floating-point numbers, or labels are no
            whole numbers.
        ShapeError: Images or labels have another shape.
    """
    import torch

    images, labels = (_tensor(name, part) for name, part in zip(_PARTS, _pair(batch), strict=True))
    if images.ndim != 4 or len(images) < 2 or labels.shape != images.shape[:1]:
        raise ShapeError(
            "A batch must be images of shape (n_images, channels, height, width) and labels "
            f"of shape (n_images,) with n_images of 2 or more; got {tuple(images.shape)} and "
            f"{tuple(labels.shape)}."
        )
    if not images.is_floating_point():
        raise ConfigError(
            f"Images must be normalised floating-point numbers; got {images.dtype}. Standardise "
            "them as for training."
        )
    if labels.is_complex() or bool((labels != labels.long()).any()):
        raise ConfigError(
            "Labels must be whole numbers, the class of each image; some are none. Give classes, "
            "not what a regression learns or shares of classes."
        )
    if not torch.isfinite(images).all():
        raise ConfigError("Images must be finite numbers; some are NaN or infinite.")
    return images, labels


_PARTS = ("Images", "Labels")


def _pair(batch: Any) -> tuple[Any, Any]:
    if isinstance(batch, tuple | list) and len(batch) == len(_PARTS):
        return batch[0], batch[1]
    if isinstance(batch, tuple | list):
        got = f"{len(batch)} things"
    elif hasattr(batch, "shape"):
        got = f"an array of shape {tuple(batch.shape)}, without labels"
    else:
        got = _kind(batch)
    advice = (
        " Take one with hwnas.proxies.take(loader, n_images)."
        if hasattr(batch, "__iter__") and not isinstance(batch, str | dict | tuple | list)
        and not hasattr(batch, "shape")
        else " Give (images, labels)."
    )  # fmt: skip
    raise ConfigError(f"A batch must be a pair of images and labels; got {got}.{advice}")


def _tensor(name: str, part: Any) -> Tensor:
    import torch

    try:
        # A tensor would be moved to the caller's default device.
        tensor = part if isinstance(part, torch.Tensor) else torch.as_tensor(part, device="cpu")
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(f"{name} must be a tensor or an array; got {_kind(part)}.") from error
    # One made in inference mode cannot take part in a backward pass.
    return tensor.clone() if tensor.is_inference() else tensor


def _kind(thing: Any) -> str:
    name = type(thing).__name__
    return "None" if thing is None else f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
