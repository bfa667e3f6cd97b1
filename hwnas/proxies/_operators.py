"""What a forward pass runs, operator by operator: multiply-accumulates, and activations.

Rules are by operator, so that modules, functions and ``@`` count alike; what has
multiply-accumulates and no rule is named, and the count is then unknown.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils._python_dispatch import TorchDispatchMode

from hwnas.proxies._readings import UndefinedScore

Rule = Callable[[Sequence[Any], Any], int]
"""Multiply-accumulates of an operator, from its arguments and what it puts out."""

_TRANSPOSED = 6
"""Which argument of a convolution says whether it is a transposed one."""


def _matrix_product(factor: int) -> Rule:
    """Each number put out is a dot product along the last axis of one factor."""

    def count(arguments: Sequence[Any], out: Tensor) -> int:
        return int(out.numel() * arguments[factor].shape[-1])

    return count


def _convolution(arguments: Sequence[Any], out: Tensor) -> int:
    """Each number put out, or of a transposed one each taken in, meets one filter."""
    images, weight = arguments[0], arguments[1]
    met = images if arguments[_TRANSPOSED] else out
    return int(met.numel() * math.prod(weight.shape[1:]))


def _attention(arguments: Sequence[Any], _: Any) -> int:
    """Scores of each query with each key, and their weighted sum of values; masks save nothing."""
    query, key, value = arguments[:3]
    n_pairs = math.prod(query.shape[:-1]) * key.shape[-2]
    return int(n_pairs * (query.shape[-1] + value.shape[-1]))


_RULES: Mapping[str, Rule] = {
    "mm": _matrix_product(0),
    "bmm": _matrix_product(0),
    "mv": _matrix_product(0),
    "linear": _matrix_product(0),
    "addmm": _matrix_product(1),
    "baddbmm": _matrix_product(1),
    "addmv": _matrix_product(1),
    "_addmm_activation": _matrix_product(1),
    "dot": lambda arguments, _: int(arguments[0].numel()),
    "vdot": lambda arguments, _: int(arguments[0].numel()),
    "convolution": _convolution,
    "_convolution": _convolution,
    **dict.fromkeys(
        (
            "_scaled_dot_product_flash_attention",
            "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_efficient_attention",
            "_scaled_dot_product_cudnn_attention",
            "_scaled_dot_product_fused_attention_overrideable",
        ),
        _attention,
    ),
}
_SUSPECT = {
    "mm", "addmm", "bmm", "baddbmm", "addbmm", "mv", "addmv", "dot", "vdot", "addr", "matmul",
    "linear", "bilinear", "trilinear", "cdist", "rnn", "lstm", "gru", "attention", "transformer",
    "fft", "linalg", "einsum", "cov", "qr", "svd", "inverse", "cholesky", "lu", "solve",
}  # fmt: skip
"""Words in names of operators that multiply and sum up; so do those that begin with ``conv``."""
_HARMLESS = {"linalg_vector_norm", "linalg_cross", "linalg_diagonal"}
_KNOWN_LIBRARIES = ("aten", "prim", "prims", "profiler")

_RECTIFIERS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(
        (
            "relu", "leaky_relu", "_prelu_kernel", "prelu", "rrelu_with_noise", "silu", "gelu",
            "hardswish", "mish", "elu", "celu", "selu",
        ),
        (),
    ),
    "clamp_min": (1,), "clamp": (1,), "hardtanh": (1,), "threshold": (1, 2),
}  # fmt: skip
"""Operators that are a ReLU, or a relative of it, where these of their arguments are 0."""


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Watches the operators of a forward pass as long as the block lasts.

    Attributes:
        macs: Multiply-accumulates of all images.
        uncounted: The first operator with multiply-accumulates that nobody counts; None if none.
        rectifier: The first ReLU, or relative of it, outside of ``in_module``; None if none.
        normalisation: The same for a normalisation over the minibatch.
        in_module: How many modules that stand for what is looked for are being called.
        is_paused: Whether what runs is not the model's own.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.macs = 0
        self.uncounted: str | None = None
        self.rectifier: str | None = None
        self.normalisation: str | None = None
        self.in_module = 0
        self.is_paused = False

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run an operator and note it."""
        out = func(*args, **(kwargs or {}))
        if not self.is_paused:
            self._note(func, args, out)
        return out

    def _note(self, func: Any, arguments: Sequence[Any], out: Any) -> None:
        kind = _kind(func)
        if callable(kind):
            try:
                self.macs += kind(arguments, out)
            except (AttributeError, IndexError, TypeError, ValueError):
                # Called in a way that the rule does not know, as with arguments by keyword.
                self._cannot_count(str(func))
        elif kind == "suspect":
            self._cannot_count(_name(func))
        elif kind is None or self.in_module:
            return
        elif kind == "normalisation":
            self.normalisation = self.normalisation or _name(func)
        elif self.rectifier is None and all(_is_0(arguments, place) for place in kind):
            self.rectifier = _name(func)

    def _cannot_count(self, name: str) -> None:
        self.uncounted = self.uncounted or name


@contextlib.contextmanager
def normalisations_known(model: nn.Module) -> Iterator[None]:
    """See that the model normalises over the minibatch in modules alone, until the block ends.

    Raises:
        UndefinedScore: It called a function for that, which nobody can pass by or scale back.
    """
    watch = Watch()

    def enter(*_: object) -> None:
        watch.in_module += 1

    def leave(*_: object) -> None:
        watch.in_module -= 1

    # Normalisation of single images is made of that of a minibatch.
    modules = [module for module in model.modules() if isinstance(module, _NormBase)]
    handles = [module.register_forward_pre_hook(enter) for module in modules]
    handles += [module.register_forward_hook(leave) for module in modules]
    try:
        with watch:
            yield
    finally:
        for handle in handles:
            handle.remove()
    if watch.normalisation is not None:
        raise UndefinedScore(
            f"the model calls {watch.normalisation} outside of normalisation modules; use "
            "nn.BatchNorm2d"
        )


Kind = Rule | Literal["suspect", "normalisation"] | tuple[int, ...] | None
"""What an operator is: how it is counted, one that nobody counts, a normalisation, a ReLU where
some of its arguments are 0 (perhaps none need be), or nothing of interest."""


@lru_cache(maxsize=1024)
def _kind(func: Any) -> Kind:
    library, _, name = _name(func).partition("::")
    if library == "aten" and name in _RULES:
        return _RULES[name]
    if _is_suspect(library, name):
        return "suspect"
    if "batch_norm" in name:
        return "normalisation"
    # Those that work in place end in an underscore.
    return _RECTIFIERS.get(name.removesuffix("_"))


def _name(func: Any) -> str:
    """Name of an operator, such as ``aten::relu``; one of higher order has no schema."""
    schema = getattr(func, "_schema", None)
    return str(func) if schema is None else str(schema.name)


def _is_suspect(library: str, name: str) -> bool:
    """Whether an operator without a rule may have multiply-accumulates."""
    if library not in _KNOWN_LIBRARIES:
        return True
    words = name.strip("_").split("_")
    suspect = not _SUSPECT.isdisjoint(words) or any(word.startswith("conv") for word in words)
    return suspect and name not in _HARMLESS


def _is_0(arguments: Sequence[Any], place: int) -> bool:
    # hardtanh begins at -1 where it is not said.
    given = arguments[place] if place < len(arguments) else None
    return isinstance(given, int | float) and given == 0
