"""Search spaces, one file each; a file that registers a space here is found by itself."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from hwnas.core.graph import OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, HwnasError
from hwnas.registry import Registry

if TYPE_CHECKING:
    import torch

SPACES: Registry[type[SearchSpace]] = Registry(
    "search space", "hwnas.spaces", "hwnas.spaces", "hwnas spaces"
)


def load_space(name: str, **options: Any) -> SearchSpace:
    """The search space called ``name``.

    Args:
        name: Its name, such as ``"nasbench201"``, or ``"NAS-Bench-201"``.
        **options: What the space's constructor takes; every space takes ``dataset``.

    Raises:
        ArgumentError: A name is no text.
        UnknownNameError: There is no such space or data set.
        ConfigError: The space has no such option.

    Example:
        >>> load_space("nasbench201").genes[0]
        'edge 0-1'
    """
    name = SPACES.name_of(name)
    space = SPACES[name]
    accepted = inspect.signature(space).parameters
    for option in options:
        if option not in accepted:
            raise ConfigError(
                f"Search space '{name}' has no option '{option}'. Its options: "
                f"{', '.join(accepted)}."
            )
    try:
        return space(**options)
    except HwnasError:
        raise
    except TypeError as error:
        raise ConfigError(f"Search space '{name}': {error}.") from error


def graph_model(graph: OperationGraph) -> torch.nn.Module:
    """A freshly initialised torch model of an operation graph, for a space's ``build``.

    Args:
        graph: The operators of the network.

    Raises:
        ConfigError: There is an operator that is no module here.
        MissingExtraError: torch is not installed.
    """
    from hwnas.spaces._graph_model import GraphModel

    return GraphModel(graph)
