"""Forward and backward passes that proxies share; none of them changes the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from hwnas.errors import ConfigError, ShapeError, StateError
from hwnas.proxies._notes import Notes
from hwnas.proxies._readings import Reading, Readings
from hwnas.proxies._running import fast_layout, mode, seeded

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

    Raises:
        ShapeError: Images or labels have another shape.
        ConfigError: The model has no convolution or linear layer, or one without plain weights.

    Attributes:
        layers: Convolutions and linear layers in the order of ``model.modules()``, by name; what
            saliency proxies sum over.
        other_weights: Names of matrices and filters of other layers, whose work nobody counts.
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
        from torch import nn

        if images.ndim != 4 or len(images) < 2 or labels.shape != images.shape[:1]:
            raise ShapeError(
                "A batch must be images of shape (n_images, channels, height, width) and labels "
                f"of shape (n_images,) with n_images of 2 or more; got {tuple(images.shape)} and "
                f"{tuple(labels.shape)}."
            )
        self.model = model
        self.seed = seed
        self.layers: dict[str, nn.Module] = {
            name: module
            for name, module in model.named_modules()
            if isinstance(module, nn.Conv2d | nn.Linear)
        }
        parameters = dict(model.named_parameters())
        self._weight_names = _weight_names(self.layers, parameters)
        self.other_weights = _other_weights(model, self.of_layers(parameters))
        first = parameters[self._weight_names[0]]
        self.images = fast_layout(images.detach().to(device=first.device, dtype=first.dtype))
        self.labels = labels.to(device=first.device, dtype=torch.long)
        self._reads = frozenset(reads)

    @property
    def weights(self) -> list[Tensor]:
        """Weight of each layer, detached."""
        return self.of_layers(self.parameters())

    def parameters(self) -> dict[str, Tensor]:
        """All parameters by name, for ``run``, detached; not to be changed in place."""
        return {name: fast_layout(value.detach()) for name, value in self.model.named_parameters()}

    def of_layers(self, parameters: Mapping[str, Tensor]) -> list[Tensor]:
        """The weight of each layer among parameters by name."""
        return [parameters[name] for name in self._weight_names]

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
                f"({len(images)}, n_classes); got {found}."
            )
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= out.shape[1]:
            raise ConfigError(
                f"Labels must be 0 to {out.shape[1] - 1}, the model's classes; got {low} to {high}."
            )
        return out

    def loss(self, logits: Tensor) -> Tensor:
        """Mean cross-entropy of the minibatch."""
        from torch.nn import functional

        mean: Tensor = functional.cross_entropy(logits, self.labels)
        return mean

    def generator(self) -> torch.Generator:
        """A fresh generator of the seed, on the CPU: every device then sees the same numbers."""
        import torch

        return torch.Generator().manual_seed(self.seed)

    def gaussian(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """Standard normal numbers of another tensor's shape, precision and device."""
        import torch

        return fast_layout(torch.randn(like.shape, generator=generator).to(like.device, like.dtype))

    @cached_property
    def readings(self) -> Readings:
        """What the shared passes noted down: one forward, one backward for each direction."""
        import torch

        wants_gradients = bool(self._reads & _FROM_GRADIENTS)
        with torch.set_grad_enabled(wants_gradients):
            return self._read()

    @property
    def n_classes(self) -> int:
        """Outputs of the model, as its shared forward pass shows."""
        found = self.readings.n_classes
        assert found is not None
        return found

    def _read(self) -> Readings:
        import torch

        readings = Readings()
        images = self.images.clone()
        images.requires_grad_(bool(self._reads & _FROM_INPUT_GRADIENTS))
        lent = self.parameters()
        weights = self.of_layers(lent)
        for weight in weights if self._reads & _FROM_WEIGHT_GRADIENTS else ():
            weight.requires_grad_()
        pending = [name for name in _DIRECTIONS if name in self._reads]
        with Notes(self.model, [*self.layers.values()], weights, self._reads) as notes:
            logits = self.logits(images, lent)
            readings.n_classes = logits.shape[1]
            readings.macs = notes.macs // len(images)
            readings.code_agreement = notes.code_agreement
            if self._reads & _FROM_LOSS:
                gradients, gradient = _gradients(self.loss(logits), weights, images, bool(pending))
                readings.weight_gradients = gradients
                readings.channel_saliencies = notes.channel_saliencies
                readings.loss_input_gradient = gradient
        for name in pending:
            direction = self._direction(name, logits)
            keeps_graph = name != pending[-1]
            (gradient,) = torch.autograd.grad(
                logits, images, direction, keeps_graph, allow_unused=True
            )
            setattr(readings, name, torch.zeros_like(images) if gradient is None else gradient)
        return readings

    def _direction(self, name: str, logits: Tensor) -> Tensor:
        """What to differentiate of the logits: their sum, or a random unit vector an image."""
        import torch

        if name == "sum_input_gradient":
            return torch.ones_like(logits)
        drawn = torch.randn(logits.shape, generator=self.generator(), dtype=torch.float64)
        unit: Tensor = drawn / drawn.norm(dim=1, keepdim=True)
        return unit.to(logits)

    def noted(self, name: Reading) -> Tensor:
        """A reading that is one tensor.

        Raises:
            StateError: The proxy does not say that it reads it.
        """
        value = getattr(self.readings, name)
        if value is None or name not in self._reads:
            raise StateError(f"A proxy that reads '{name}' must say so: @proxy('{name}').")
        found: Tensor = value
        return found

    def noted_by_layer(self, name: Reading) -> list[Tensor]:
        """A reading that is one tensor for each of ``layers``.

        Raises:
            StateError: The proxy does not say that it reads it.
        """
        value = getattr(self.readings, name)
        if value is None or name not in self._reads:
            raise StateError(f"A proxy that reads '{name}' must say so: @proxy('{name}').")
        return list(value)


def _weight_names(layers: Mapping[str, nn.Module], parameters: Mapping[str, Tensor]) -> list[str]:
    """Name of each layer's weight; layers that share one have one name."""
    if not layers:
        raise ConfigError(
            "A model to score must have convolutions (Conv2d) or linear layers; it has none."
        )
    name_of = {id(value): name for name, value in parameters.items()}
    names = [name_of.get(id(layer.weight)) for layer in layers.values()]
    for layer, name in zip(layers, names, strict=True):
        if name is None:
            raise ConfigError(
                f"The weight of layer '{layer}' must be a parameter to be scored; it is computed "
                "from others. Remove its parametrization "
                "(torch.nn.utils.parametrize.remove_parametrizations)."
            )
    return [name for name in names if name is not None]


def _other_weights(model: nn.Module, weights: Sequence[Tensor]) -> list[str]:
    """Names of parameters that may be multiplied with what flows and belong to no known layer."""
    from torch import nn

    # These look rows up, or scale each number by one of its own.
    harmless = (nn.Embedding, nn.LayerNorm, nn.RMSNorm)
    known = {id(weight) for weight in weights}
    return [
        f"{prefix}.{name}".lstrip(".")
        for prefix, module in model.named_modules()
        if not isinstance(module, harmless)
        for name, parameter in module.named_parameters(recurse=False)
        if parameter.ndim > 1 and id(parameter) not in known
    ]


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
    of_weights = [by_id[id(weight)] for weight in weights] if weights[0].requires_grad else []
    return of_weights, by_id.get(id(images))
