"""MnasNet's space as Accel-NASBench has it: seven blocks of equal layers, 10^11 networks.

References:
    Tan et al. 2019, MnasNet, https://arxiv.org/abs/1807.11626
    Ahmad et al. 2024, Accel-NASBench, https://arxiv.org/abs/2404.08005; code:
    https://github.com/afzalxo/Accel-NASBench, https://github.com/afzalxo/ANB-DatasetCollection
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

from hwnas._names import shown
from hwnas.core.architecture import Architecture
from hwnas.core.arguments import whole
from hwnas.core.graph import OperationGraph
from hwnas.core.notation import Notation, is_list, literal, plain, settings_of
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError, ConfigError
from hwnas.spaces import SPACES
from hwnas.spaces._chains import Activation, ChainNetwork, InvertedResidual, chain_graph

if TYPE_CHECKING:
    import torch

BLOCK_STRIDES = (1, 2, 2, 2, 1, 2, 1)
BLOCK_CHANNELS = (16, 24, 40, 80, 112, 192, 320)
N_BLOCKS = len(BLOCK_CHANNELS)
STEM_CHANNELS = 32
EXPANSIONS = (1, 4, 6)
KERNELS = (3, 5)
SQUEEZE_EXCITES = (False, True)
# Layers of each block; the sixth, block 5 in Accel-NASBench's counting from 0, may have four.
LAYERS = tuple((1, 2, 3, 4) if block == 5 else (1, 2, 3) for block in range(N_BLOCKS))

# The image is halved five times.
MIN_RESOLUTION = 32

_BLOCK = r"e([146])k([35])l([1-4])(se)?"
_TEXT = re.compile("-".join([_BLOCK] * N_BLOCKS))
_KEYS = ("e", "k", "l", "se")


def _choices(block: int) -> tuple[tuple[int, ...], ...]:
    """Values of the four genes of a block: expansion, kernel, layers, squeeze-excite."""
    return EXPANSIONS, KERNELS, LAYERS[block], SQUEEZE_EXCITES


_CHOICES = tuple(values for block in range(N_BLOCKS) for values in _choices(block))

_GENES = tuple(
    f"block {block + 1} {gene}"
    for block in range(N_BLOCKS)
    for gene in ("expansion", "kernel", "layers", "squeeze-excite")
)
_SETTINGS = tuple(f"block{block}_{key}" for block in range(N_BLOCKS) for key in _KEYS)
_ACCEL_TITLE = (
    "Accel-NASBench's settings, a dictionary from block0_e, block0_k, block0_l and block0_se to "
    "block6_se or four lists of seven"
)


def _genotype(values: Sequence[Any]) -> list[int]:
    """The choices that values of all genes are.

    Raises:
        ArchitectureError: A value is none of its gene's.
    """
    for gene, value, known in zip(_GENES, values, _CHOICES, strict=True):
        # 1 is no True, and 1.0 no 1.
        if not any(type(value) is type(each) and value == each for each in known):
            raise ArchitectureError(
                f"Gene {gene} of mnasnet must be one of {', '.join(map(str, known))}; "
                f"got {shown(value)}."
            )
    return [known.index(value) for value, known in zip(values, _CHOICES, strict=True)]


def _is_four_lists(value: Any) -> bool:
    return is_list(value, len(_KEYS)) and all(is_list(plain(each), N_BLOCKS) for each in value)


def _is_accel(value: Any) -> bool:
    return _is_four_lists(value) or (isinstance(value, Mapping) and set(value) == set(_SETTINGS))


def _from_accel(value: Any) -> list[int]:
    found = plain(literal(value) if isinstance(value, str) else value)
    if _is_four_lists(found):
        blocks = zip(*map(plain, found), strict=True)
        return _genotype([each for block in blocks for each in block])
    return _genotype(settings_of(found, _SETTINGS, _ACCEL_TITLE))


def _to_accel(genotype: Sequence[int]) -> dict[str, Any]:
    values = (known[choice] for known, choice in zip(_CHOICES, genotype, strict=True))
    return dict(zip(_SETTINGS, values, strict=True))


@SPACES.register("mnasnet")
class MnasNet(SearchSpace):
    """MnasNet's space as Accel-NASBench has it.

    The string has a part for each of the seven blocks, a hyphen between them, in the letters of
    Accel-NASBench: ``e6k5l2se`` is expansion ratio 6, kernel size 5, two layers, squeeze-excite.
    EfficientNet-B0, for one, is
    ``e1k3l1se-e6k3l2se-e6k5l2se-e6k3l3se-e6k5l3se-e6k5l4se-e6k3l1se``.

    Every gene changes the network: each genotype is its own canonical form.

    Args:
        dataset: ``imagenet`` (1,000 classes).
        resolution: Height and width of an image, in pixels; 224 in the published table.
        activation: ``relu`` or ``silu``. Upstream trained and deployed to FPGAs with ReLU; its
            later code for GPUs has SiLU. Parameters and multiply-accumulates are the same.

    Raises:
        UnknownNameError: There is no such data set.
        ConfigError: ``resolution`` is below 32, or there is no such activation.

    References:
        Tan et al. 2019, https://arxiv.org/abs/1807.11626
        Ahmad et al. 2024, https://arxiv.org/abs/2404.08005
    """

    name = "mnasnet"
    title = "MnasNet: seven blocks, 10^11 networks (Tan et al. 2019; Ahmad et al. 2024)"
    datasets = ("imagenet",)
    genes = _GENES
    choice_names = tuple(
        ("off", "on") if values == SQUEEZE_EXCITES else tuple(map(str, values))
        for values in _CHOICES
    )
    independent_genes = tuple(tuple(range(4 * b, 4 * b + 4)) for b in range(N_BLOCKS))
    own_notations = MappingProxyType(
        {"accel-nasbench": Notation(_ACCEL_TITLE, _from_accel, _to_accel, _is_accel)}
    )
    n_outputs = 1000

    def __init__(
        self,
        dataset: str | None = None,
        resolution: int = 224,
        activation: Activation = "relu",
    ) -> None:
        super().__init__(dataset)
        resolution = whole()("resolution of mnasnet", resolution)
        if resolution < MIN_RESOLUTION:
            raise ConfigError(
                f"resolution of mnasnet must be at least {MIN_RESOLUTION} pixels; "
                f"got {shown(resolution)}."
            )
        if activation not in get_args(Activation):
            raise ConfigError(
                f"activation of mnasnet must be one of {', '.join(get_args(Activation))}; "
                f"got {shown(activation)}."
            )
        self.resolution = resolution
        self.input_shape = (3, resolution, resolution)
        self.activation: Activation = activation

    def parse(self, text: str) -> Architecture:
        """The architecture of a string such as ``e1k3l1se-e6k3l2-...``.

        Raises:
            ArchitectureError: The text has another form, or too many layers in a block.
        """
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ArchitectureError(
                f"An architecture of mnasnet must be {N_BLOCKS} blocks such as 'e6k5l2se' or "
                f"'e1k3l1' joined by '-'; got {shown(text)}."
            )
        groups = match.groups()
        return self.architecture(
            _genotype(
                [part == "se" if gene % 4 == 3 else int(part) for gene, part in enumerate(groups)]
            )
        )

    def format(self, genotype: Sequence[int]) -> str:
        """The string of a genotype."""
        return "-".join(
            f"e{expansion}k{kernel}l{n_layers}{'se' * has_squeeze_excite}"
            for expansion, kernel, n_layers, has_squeeze_excite in _block_values(genotype)
        )

    @classmethod
    def from_accel_nasbench(
        cls, settings: Mapping[str, Any] | Sequence[Sequence[Any]]
    ) -> Architecture:
        """The architecture of Accel-NASBench's settings; see ``to_accel_nasbench``.

        Args:
            settings: What its files hold under ``architecture``: a dictionary with ``block0_e``
                (expansion ratio), ``block0_k`` (kernel size), ``block0_l`` (layers) and
                ``block0_se`` (whether there is squeeze-excite) to ``block6_se``. Or what its
                ``manual_sample`` takes: four lists of seven values, for all blocks the expansion
                ratios, kernel sizes, layers and squeeze-excites.

        Raises:
            ArchitectureError: A key is missing or unknown, or a value is none of the space's.

        References:
            https://github.com/afzalxo/Accel-NASBench, example.py

        Example:
            >>> ratios, kernels = [1, 6, 6, 6, 6, 6, 6], [3, 3, 5, 3, 5, 5, 3]
            >>> layers, squeeze_excites = [1, 2, 2, 3, 3, 4, 1], [True] * 7
            >>> b0 = MnasNet().from_accel_nasbench([ratios, kernels, layers, squeeze_excites])
            >>> print(b0)
            e1k3l1se-e6k3l2se-e6k5l2se-e6k3l3se-e6k5l3se-e6k5l4se-e6k3l1se
        """
        return cls().read(settings, "accel-nasbench")

    def to_accel_nasbench(self, arch: Architecture | str) -> dict[str, Any]:
        """Accel-NASBench's dictionary of an architecture.

        Example:
            >>> MnasNet().to_accel_nasbench("-".join(["e1k3l1"] * 7))["block6_se"]
            False
        """
        return dict(self.write(arch, "accel-nasbench"))

    def graph(self, arch: Architecture) -> OperationGraph:
        """Every operator of the network with its tensor shapes."""
        return chain_graph(self._network(arch.genotype))

    def build(self, arch: Architecture) -> torch.nn.Module:
        """The network, freshly initialised; no dropout, no stochastic depth.

        Raises:
            MissingExtraError: torch is not installed.
        """
        from hwnas.spaces import _blocks

        return _blocks.chain_network(self._network(arch.genotype))

    def _network(self, genotype: Sequence[int]) -> ChainNetwork:
        stages = []
        for (expansion, kernel, n_layers, has_squeeze_excite), channels, stride in zip(
            _block_values(genotype), BLOCK_CHANNELS, BLOCK_STRIDES, strict=True
        ):
            stages.append(
                tuple(
                    InvertedResidual(
                        channels,
                        kernel,
                        expansion,
                        stride=1 if layer else stride,
                        has_squeeze_excite=bool(has_squeeze_excite),
                        activation=self.activation,
                    )
                    for layer in range(n_layers)
                )
            )
        return ChainNetwork(
            in_shape=self.input_shape,
            stem_channels=STEM_CHANNELS,
            stem_stride=2,
            stages=tuple(stages),
            head_channels=4 * BLOCK_CHANNELS[-1],
            n_classes=self.n_outputs,
            activation=self.activation,
        )


def _block_values(genotype: Sequence[int]) -> list[tuple[int, ...]]:
    """Expansion, kernel, layers and squeeze-excite (0 or 1) of each block."""
    values = [known[choice] for known, choice in zip(_CHOICES, genotype, strict=True)]
    return [tuple(values[start : start + 4]) for start in range(0, len(values), 4)]
