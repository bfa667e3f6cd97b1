"""Forward and backward passes that proxies share; none of them changes the model."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hwnas.errors import ConfigError, ShapeError, StateError
from hwnas.proxies._notes import Notes
from hwnas.proxies._readings import Reading, Readings, UndefinedScore, in_words
from hwnas.proxies._running import fast_layout, mode, seeded
from hwnas.proxies._weights import has_filters, saliency_weights

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

_FROM_WEIGHT_GRADIENTS = frozenset({"weight_gradients", "channel_saliencies"})
_FROM_LOSS = _FROM_WEIGHT_GRADIENTS | {"loss_input_gradient"}
_DIRECTIONS = ("sum_input_gradient", "projected_input_gradient")
_FROM_INPUT_GRADIENTS = frozenset({"loss_input_gradient", *_DIRECTIONS})
_FROM_GRADIENTS = _FROM_LOSS | _FROM_INPUT_GRADIENTS


class Passes:
    """One model, one minibatch, and what proxies read of them.

    All passes run in training mode, so that batch normalisation uses the statistics of the
    minibatch, as in NAS-Bench-Suite-Zero; weights and buffers are lent to the model for the time
    of a pass, so that its own stay untouched.

    Args:
        model: A classifier: images ``(n_images, channels, height, width)`` to logits
            ``(n_images, n_classes)``.
        images: Shape ``(n_images, channels, height, width)``, at least two.
        labels: Shape ``(n_images,)``, integers from 0 to ``n_classes - 1``.
        seed: Seed of everything random.
        reads: What the asked proxies read of the shared passes.

    Attributes:
        layers: Convolutions and linear layers in the order of ``model.modules()``, by name.
        images: The images on the model's device in its precision.
        labels: The labels on the model's device.
    """

    def __init__(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        seed: int,
        reads: Collection[Reading],
    ) -> None:
        import torch

        self.model = model
        self.seed = seed
        parameters = dict(model.named_parameters())
        self._weights = saliency_weights(model, parameters)
        self.layers = {
            name: module for name, module in model.named_modules() if has_filters(module)
        }
        # The first weight that counts, else any, decides where and how precisely to compute.
        first = next(
            (parameters[name] for name in (*self._weights.names, *parameters)
             if parameters[name].is_floating_point()),
            images,
        )  # fmt: skip
        self.images = fast_layout(images.detach().to(device=first.device, dtype=first.dtype))
        self.labels = labels.to(device=first.device, dtype=torch.long)
        self._reads = frozenset(reads)

    @property
    def weights(self) -> list[Tensor]:
        """The weights that proxies sum over, detached; see ``of_layers``."""
        return self.of_layers(self.parameters())

    def parameters(self) -> dict[str, Tensor]:
        """All parameters by name, for ``run``, detached; not to be changed in place."""
        return {name: fast_layout(value.detach()) for name, value in self.model.named_parameters()}

    def of_layers(self, parameters: Mapping[str, Tensor]) -> list[Tensor]:
        """The weights that proxies sum over, among parameters by name.

        They are those of convolutions, linear layers and the projections of
        ``MultiheadAttention``, in the order of ``model.modules()``.

        Raises:
            UndefinedScore: There is none, or one is no parameter.
        """
        if self._weights.reason:
            raise UndefinedScore(self._weights.reason)
        return [parameters[name] for name in self._weights.names]

    @property
    def images_differ(self) -> bool:
        """Whether there are two different images in the minibatch."""
        return bool((self.images != self.images[:1]).any())

    def buffers(self) -> dict[str, Tensor]:
        """Copies of all buffers by name, such as running statistics."""
        return {name: value.detach().clone() for name, value in self.model.named_buffers()}

    def run(
        self,
        images: Tensor,
        parameters: Mapping[str, Tensor],
        buffers: Mapping[str, Tensor] | None = None,
        is_training: bool = True,
    ) -> Tensor:
        """What the model puts out with the parameters and buffers given.

        Args:
            images: Shape ``(n_images, channels, height, width)``.
            parameters: Every parameter by name.
            buffers: Every buffer by name, which the pass may update; copies by default.
            is_training: Whether the model is in training mode.
        """
        from torch.func import functional_call

        lent = {**parameters, **(self.buffers() if buffers is None else buffers)}
        with mode(self.model, is_training), seeded(self.seed, images.device):
            out: Tensor = functional_call(self.model, lent, (images,))
        return out

    def logits(self, images: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """Logits ``(n_images, n_classes)`` in training mode.

        Raises:
            ShapeError: The model puts out something else.
            ConfigError: A label is out of range.
        """
        import torch

        out = self.run(images, parameters)
        if not isinstance(out, torch.Tensor) or out.ndim != 2 or len(out) != len(images):
            found = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
            raise ShapeError(
                "A model to score must put out logits of shape (n_images, n_classes) = "
                f"({len(images)}, n_classes); got {found}. Wrap it in a module that returns them "
                "alone."
            )
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= out.shape[1]:
            raise ConfigError(
                f"Labels must be 0 to {out.shape[1] - 1}, the model's classes; got {low} to {high}."
            )
        return out

    @property
    def failure(self) -> str | None:
        """Why the model does not run on the images at all, whatever is read of it; else None."""
        import torch

        if self._reads and self.readings.n_classes is not None:
            return None
        try:
            with torch.no_grad():
                self.run(self.images, self.parameters())
        except Exception as error:  # of the model's own code
            return in_words(error)
        return None

    def loss(self, logits: Tensor) -> Tensor:
        """Mean cross-entropy of the minibatch."""
        from torch.nn import functional

        mean: Tensor = functional.cross_entropy(logits, self.labels)
        return mean

    def generator(self) -> torch.Generator:
        """A fresh generator of the seed, on the CPU: every device then sees the same numbers."""
        import torch

        return torch.Generator("cpu").manual_seed(self.seed)

    def gaussian(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """Standard normal numbers of another tensor's shape, precision and device."""
        import torch

        # On the CPU and in single precision, whatever the caller's defaults are.
        drawn = torch.randn(like.shape, generator=generator, device="cpu", dtype=torch.float32)
        return fast_layout(drawn.to(like.device, like.dtype))

    @cached_property
    def readings(self) -> Readings:
        """What the shared passes noted down: one forward, one backward for each direction."""
        import torch

        wants_gradients = bool(self._reads & _FROM_GRADIENTS)
        with torch.set_grad_enabled(wants_gradients):
            return self._read()

    def alone(self, reads: Collection[Reading]) -> Passes | None:
        """Passes of its own for a proxy whose reading failed beside those of others.

        Args:
            reads: What the proxy reads.

        Returns:
            None where no reading failed, or where there were no others.
        """
        if not reads or set(reads) == self._reads or not set(reads) & set(self.readings.failures):
            return None
        return Passes(self.model, self.images, self.labels, self.seed, reads)

    @property
    def n_classes(self) -> int:
        """Outputs of the model, as its shared forward pass shows."""
        found = self.readings.n_classes
        assert found is not None
        return found

    def _read(self) -> Readings:
        readings = Readings()
        images = self.images.clone()
        images.requires_grad_(bool(self._reads & _FROM_INPUT_GRADIENTS))
        lent = self.parameters()
        weights: list[Tensor] = []
        if self._reads & _FROM_WEIGHT_GRADIENTS:
            with readings.losing(self._reads & _FROM_WEIGHT_GRADIENTS):
                weights = self.of_layers(lent)
        for weight in weights:
            weight.requires_grad_()
        places = {layer: self._weights.place[name] for name, layer in self.layers.items()
                  if name in self._weights.place}  # fmt: skip
        with Notes(self.model, places, len(images), self._reads) as notes:
            with readings.losing(self._reads), notes.watch or contextlib.nullcontext():
                logits = self.logits(images, lent)
                readings.n_classes = logits.shape[1]
            if readings.n_classes is not None:
                self._note_operators(readings, notes)
                self._differentiate(readings, logits, weights, images, notes)
            readings.failures |= notes.failures
        return readings

    def _note_operators(self, readings: Readings, notes: Notes) -> None:
        """What the forward pass ran: its multiply-accumulates and activation codes."""
        if notes.watch is None:
            return
        readings.code_agreement = notes.code_agreement
        if notes.watch.rectifier is not None:
            readings.failures["code_agreement"] = (
                f"the model calls {notes.watch.rectifier} outside of activation modules, so that "
                "nobody sees its codes; use nn.ReLU and the like"
            )
        readings.macs, left = divmod(notes.watch.macs, len(self.images))
        if notes.watch.uncounted is not None:
            readings.failures["macs"] = (
                f"nobody counts the multiply-accumulates of operator '{notes.watch.uncounted}'"
            )
        elif left:
            readings.failures["macs"] = "some multiply-accumulates are not those of one image"

    def _differentiate(
        self,
        readings: Readings,
        logits: Tensor,
        weights: Sequence[Tensor],
        images: Tensor,
        notes: Notes,
    ) -> None:
        """The backward passes, one that fails losing what it alone would have noted."""
        import torch

        pending = [name for name in _DIRECTIONS if name in self._reads]
        if self._reads & _FROM_LOSS:
            with readings.losing(self._reads & _FROM_LOSS):
                gradients, gradient = _gradients(self.loss(logits), weights, images, bool(pending))
                readings.weight_gradients, readings.loss_input_gradient = gradients, gradient
                if "channel_saliencies" in self._reads:
                    with readings.losing({"channel_saliencies"}):
                        readings.channel_saliencies = self._saliencies(gradients, notes)
        for name in pending:
            with readings.losing({name}):
                direction = self._direction(name, logits)
                (found,) = torch.autograd.grad(
                    logits, images, direction, name != pending[-1], allow_unused=True
                )
                setattr(readings, name, torch.zeros_like(images) if found is None else found)

    def _saliencies(self, gradients: Sequence[Tensor], notes: Notes) -> list[Tensor]:
        """Saliency of each weight's channels; 0 if the weight is not used.

        Raises:
            UndefinedScore: A weight is used, and nobody saw the output of its layer.
        """
        import torch

        found = []
        for place, gradient in enumerate(gradients):
            if place not in notes.saliencies and bool(gradient.any()):
                raise UndefinedScore(
                    f"the model uses '{self._weights.names[place]}' without a call of its layer"
                )
            unused = torch.zeros(len(gradient), device=gradient.device)
            found.append(notes.saliencies.get(place, unused))
        return found

    def _direction(self, name: str, logits: Tensor) -> Tensor:
        """What to differentiate of the logits: their sum, or a random unit vector an image."""
        import torch

        if name == "sum_input_gradient":
            return torch.ones_like(logits)
        drawn = torch.randn(
            logits.shape, generator=self.generator(), device="cpu", dtype=torch.float64
        )
        unit: Tensor = drawn / drawn.norm(dim=1, keepdim=True)
        return unit.to(logits)

    def noted(self, name: Reading) -> Tensor:
        """A reading that is one tensor.

        Raises:
            StateError: The proxy does not say that it reads it.
            UndefinedScore: There is none.
        """
        found: Tensor = self._noted(name)
        return found

    def _noted(self, name: Reading) -> Any:
        value = getattr(self.readings, name)
        if name in self._reads and name in self.readings.failures:
            raise UndefinedScore(self.readings.failures[name])
        if value is None or name not in self._reads:
            raise StateError(f"A proxy that reads '{name}' must say so: @proxy('{name}').")
        return value

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one image.

        Raises:
            StateError: The proxy does not say that it reads them.
            UndefinedScore: Nobody knows all of them.
        """
        return int(self._noted("macs"))

    def noted_by_layer(self, name: Reading) -> list[Tensor]:
        """A reading that is one tensor for each of ``weights``.

        Raises:
            StateError: The proxy does not say that it reads it.
            UndefinedScore: There is none.
        """
        return list(self._noted(name))


def _gradients(
    loss: Tensor, weights: Sequence[Tensor], images: Tensor, keeps_graph: bool
) -> tuple[list[Tensor], Tensor | None]:
    """Gradients of the loss with respect to each weight (0 where unused) and to the images."""
    import torch

    wanted = [tensor for tensor in (*weights, images) if tensor.requires_grad]
    found = torch.autograd.grad(loss, wanted, retain_graph=keeps_graph, allow_unused=True)
    by_id = {
        id(tensor): torch.zeros_like(tensor) if gradient is None else gradient
        for tensor, gradient in zip(wanted, found, strict=True)
    }
    of_weights = [by_id[id(weight)] for weight in weights]
    return of_weights, by_id.get(id(images))
