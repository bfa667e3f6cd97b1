"""How predictors are found, and checked before anything of them is loaded."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hwnas._files import sha256_bytes
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ArtifactError, ConfigError, UnknownNameError
from hwnas.features import FEATURE_SETS, feature_names
from hwnas.models.sessions import open_session, run_session
from hwnas.predictors.card import Card
from hwnas.predictors.predictor import Predictor
from hwnas.predictors.store import Stored, search_path, stored_in


def names_sha256(space: SearchSpace, sets: tuple[str, ...]) -> str:
    """Hash of the names of features, which changes when what they mean does."""
    read = [FEATURE_SETS[name].reads for name in sets]
    names = feature_names(space, sets) + [each(space) for each in read if each is not None]
    return sha256_bytes("\n".join(names).encode())


def find_predictor(space: SearchSpace, target: Target) -> Predictor | None:
    """The predictor of a target on the space's data set, or None.

    Args:
        space: Search space with its data set and options.
        target: What to predict; the usual conditions where it tells none.

    Raises:
        ArtifactError: There is one, and it is damaged.
    """
    for root in search_path():
        found = [each for each in _answering(root, space, target) if fits(each.card, space)]
        if found:
            return _with_fallback(found, space)
    return None


def _answering(root: Path, space: SearchSpace, target: Target) -> list[Stored]:
    """What predicts a target on the space's data set; what reads proxy scores comes first."""
    target = replace(target, dataset=space.dataset)
    found = [each for each in stored_in(root, space.name) if each.card.answers(target)]
    return sorted(found, key=lambda each: not each.card.reads_scores)


def why_not(space: SearchSpace, target: Target) -> str:
    """Why a target that has predictors has none for a space's options; empty where it has none.

    Example:
        >>> from hwnas.spaces import load_space
        >>> print(why_not(load_space("nasbench201", cells=1), Target("accuracy")))
        The predictor of accuracy was fitted for nasbench201 (channels=16, cells=5); got cells=1.
    """
    for root in search_path():
        for each in _answering(root, space, target):
            if not fits(each.card, space):
                return f"The predictor of {target} {_other_options(each.card, space)}"
    return ""


def _usual(space: SearchSpace) -> dict[str, Any]:
    """The options that a space has when none is named."""
    parameters = inspect.signature(type(space)).parameters
    return {name: parameters[name].default for name in space.options if name in parameters}


def _plain(options: Mapping[str, Any]) -> Any:
    """Options as a card can hold them."""
    return msgspec.to_builtins(dict(options))


def fits(card: Card, space: SearchSpace) -> bool:
    """Whether a predictor was fitted for a space's options; those not told are the usual ones."""
    return bool(_plain({**_usual(space), **card.options}) == _plain(space.options))


def _other_options(card: Card, space: SearchSpace) -> str:
    theirs, ours = _plain({**_usual(space), **card.options}), _plain(space.options)
    told = ", ".join(f"{name}={value}" for name, value in theirs.items())
    got = [f"{name}={value}" for name, value in ours.items() if theirs.get(name) != value]
    return f"was fitted for {card.space} ({told}); got {', '.join(got) or 'none of them'}."


def _with_fallback(found: Sequence[Stored], space: SearchSpace) -> Predictor:
    """The first predictor, and where it reads scores, its like that does not."""
    first = found[0]
    predictor = load_predictor(first, space)
    if first.card.reads_scores:
        alike = (
            other
            for other in found[1:]
            if other.card.target == first.card.target and not other.card.reads_scores
        )
        predictor.fallback = next((load_predictor(other, space) for other in alike), None)
    return predictor


def load_predictor(stored: Stored, space: SearchSpace) -> Predictor:
    """A predictor where it lies, ready to be asked.

    Args:
        stored: The predictor.
        space: Search space with the data set and options that its card names.

    Raises:
        ArtifactError: A file is missing, damaged or foreign, its features have changed, or it was
            fitted for another space or other options.
    """
    card = stored.card
    if (card.space, card.target.dataset) != (space.name, space.dataset):
        raise ArtifactError(
            f"{stored} predicts {card.space} on {card.target.dataset}; "
            f"it cannot serve {space.name} on {space.dataset}."
        )
    if not fits(card, space):
        raise ArtifactError(
            f"{stored} {_other_options(card, space)} Fit one for these options: hwnas fit TABLE"
        )
    if not _has_features(space, card):
        raise ArtifactError(
            f"{stored} was fitted on features that this version computes otherwise. "
            "Make it again with: hwnas fit"
        )
    model = _open(stored, stored.model, card.model.sha256)
    support = None
    if card.support is not None:
        support = _open(stored, stored.support, card.support.sha256)
    return Predictor(card, space, model, support)


def _has_features(space: SearchSpace, card: Card) -> bool:
    """Whether this version computes the features that a predictor was fitted on."""
    try:
        return names_sha256(space, card.features.sets) == card.features.sha256
    except (UnknownNameError, ConfigError):
        return False


def _open(stored: Stored, name: str, sha256: str) -> Any:
    """A session for a model that is exactly the one its card was written for."""
    data = stored.read(name)
    n_features = stored.card.features.n
    if sha256_bytes(data) != sha256:
        raise ArtifactError(
            f"{stored}: the sha256 of {name} differs from its card's, so its bytes have changed. "
            "Install hwnas again, or make it again with: hwnas fit"
        )
    try:
        session = open_session(data)
        n_inputs = session.get_inputs()[0].shape[1]
        if n_inputs == n_features:
            # A model of another kind, such as a classifier, gives another number of values.
            run_session(session, np.zeros((2, n_features)))
    except Exception as error:  # onnxruntime raises classes of its own for a bad model
        raise ArtifactError(
            f"{stored}: {name} must be an ONNX model that gives one value for each architecture; "
            f"it is not ({type(error).__name__}). Make it again with: hwnas fit"
        ) from error
    if n_inputs != n_features:
        raise ArtifactError(
            f"{stored}: {name} must read {n_features} features; it reads {n_inputs}. "
            "Make it again with: hwnas fit"
        )
    return session
