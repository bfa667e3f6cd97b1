"""Hooks that note down what flows through a model in the passes that proxies share."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hwnas.proxies._readings import Reading, UndefinedScore, in_words

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from hwnas.proxies._operators import Watch


class Notes:
    """Hooks that note down what flows through a model; gone when the block ends.

    Nothing that goes wrong in them stops the pass: it is the reason why there is no such note.

    Args:
        model: The model.
        layers: Place of the weight of each convolution and linear layer among all weights.
        n_images: Images of the minibatch.
        reads: What to note down.

    Attributes:
        watch: The operators that ran, where a reading needs them.
        code_agreement: Shape ``(n_images, n_images)``; None where no module put out a code.
        saliencies: By the place of its weight, the saliency of each layer's channels.
        failures: Why there is no reading, by its name.
    """

    def __init__(
        self,
        model: nn.Module,
        layers: Mapping[nn.Module, int],
        n_images: int,
        reads: Collection[Reading],
    ) -> None:
        self._model, self._layers = model, layers
        self._n_images, self._reads = n_images, reads
        self._handles: list[torch.utils.hooks.RemovableHandle] = []
        self.watch: Watch | None = None
        self.code_agreement: Tensor | None = None
        self.saliencies: dict[int, Tensor] = {}
        self.failures: dict[str, str] = {}

    def __enter__(self) -> Notes:
        from hwnas.proxies._operators import Watch

        if not {"macs", "code_agreement"}.isdisjoint(self._reads):
            self.watch = Watch()
        for name, module in self._model.named_modules():
            if module in self._layers and "channel_saliencies" in self._reads:
                self._handles.append(module.register_forward_hook(self._see_layer))
            elif "code_agreement" in self._reads and _is_rectifier(module):
                self._add_code_hooks(name, module)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take all hooks away."""
        while self._handles:
            self._handles.pop().remove()

    @contextlib.contextmanager
    def _noting(self, reading: Reading) -> Iterator[None]:
        """Keep what goes wrong with a note from the pass, and say so of the reading."""
        try:
            yield
        except UndefinedScore as undefined:
            self.failures.setdefault(reading, str(undefined))
        except Exception as error:  # a note is lost, and not the pass that others read too
            self.failures.setdefault(reading, in_words(error))

    def _see_layer(self, layer: nn.Module, _: object, out: Tensor) -> None:
        with self._noting("channel_saliencies"):
            if not out.requires_grad:
                return
            if len(out) != self._n_images:
                raise UndefinedScore(
                    f"a {type(layer).__name__} does not have the images along its first axis"
                )
            # It shares memory, and the count of changes in place, with what the model goes on with.
            activation, version = out.detach(), out._version

            def see_gradient(gradient: Tensor) -> None:
                with self._noting("channel_saliencies"):
                    if activation._version != version:
                        raise UndefinedScore(
                            f"the model's own code changes the output of a {type(layer).__name__} "
                            "in place"
                        )
                    self._add_saliency(layer, activation, gradient)

            self._handles.append(out.register_hook(see_gradient))  # type: ignore[no-untyped-call]

    def _add_saliency(self, layer: nn.Module, activation: Tensor, gradient: Tensor) -> None:
        """Theis et al.'s channel saliency, half the mean square of a sum over positions."""
        products = activation * gradient
        if _is_linear(layer):
            products = products.movedim(-1, 1)
        positions = tuple(range(2, products.ndim))
        per_image = products.sum(dim=positions) if positions else products
        saliency = per_image.square().mean(dim=0) / 2
        place = self._layers[layer]
        before = self.saliencies.get(place)
        self.saliencies[place] = saliency if before is None else before + saliency

    def _add_code_hooks(self, name: str, module: nn.Module) -> None:
        def enter(*_: object) -> None:
            assert self.watch is not None
            self.watch.in_module += 1

        def leave(_: nn.Module, inputs: tuple[Any, ...], __: object) -> None:
            assert self.watch is not None
            self.watch.in_module -= 1
            self.watch.is_paused = True
            with self._noting("code_agreement"):
                self._see_code(name, inputs)
            self.watch.is_paused = False

        self._handles.append(module.register_forward_pre_hook(enter))
        self._handles.append(module.register_forward_hook(leave))

    def _see_code(self, name: str, inputs: tuple[Tensor, ...]) -> None:
        """Add for each pair of images the number of units that are on, or off, in both."""
        import torch

        if len(inputs[0]) != self._n_images:
            raise UndefinedScore(f"'{name}' does not have the images along its first axis")
        # Half precision does not count beyond 2,048.
        dtype = inputs[0].dtype if inputs[0].dtype == torch.float64 else torch.float32
        # Any order of units will do; with channels last, this one needs no copy.
        codes = (inputs[0].detach().movedim(1, -1).flatten(1) > 0).to(dtype)
        both_on = (codes @ codes.T).double()
        n_on = both_on.diagonal()
        agreement = codes.shape[1] - n_on[:, None] - n_on[None, :] + 2 * both_on
        self.code_agreement = (
            agreement if self.code_agreement is None else self.code_agreement + agreement
        )


def _is_linear(module: nn.Module) -> bool:
    from torch import nn

    return isinstance(module, nn.Linear)


def _is_rectifier(module: nn.Module) -> bool:
    """Whether a module is ReLU or a smooth relative of it, whose input's sign is a code."""
    from torch import nn

    return isinstance(
        module,
        nn.ReLU | nn.ReLU6 | nn.LeakyReLU | nn.PReLU | nn.RReLU
        | nn.SiLU | nn.GELU | nn.Hardswish | nn.Mish | nn.ELU | nn.CELU | nn.SELU,
    )  # fmt: skip
