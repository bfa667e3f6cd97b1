"""Predictors on disk: ``<space>/<dataset>/<device>.<quantity>.onnx`` and a card beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hwnas._files import sha256_bytes
from hwnas._resources import artifacts_dir, cache_dir
from hwnas.core.objective import Estimate
from hwnas.core.quantity import QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.errors import ArtifactError, ConfigError, UnknownNameError
from hwnas.features import feature_names
from hwnas.models.sessions import open_session, run_session
from hwnas.predictors.batches import run_together
from hwnas.predictors.card import Card, read_card, to_unit
from hwnas.predictors.intervals import Intervals
from hwnas.proxies.feature_set import SCORES, has_scores, scores_sha256

SUPPORT_SUFFIX = ".support.onnx"


def search_path() -> tuple[Path, ...]:
    """Folders of predictors: the user's own first, then the shipped ones."""
    return cache_dir() / "artifacts", artifacts_dir()


def names_sha256(space: SearchSpace, sets: tuple[str, ...]) -> str:
    """Hash of the names of features, which changes when what they mean does."""
    names = feature_names(space, sets)
    if SCORES in sets:
        names.append(scores_sha256(space))
    return sha256_bytes("\n".join(names).encode())


def predictor_cards(space: str, dataset: str) -> Iterator[tuple[Path, Card]]:
    """All predictors for a space and data set, the user's own before shipped ones of that name."""
    seen = set()
    for folder in search_path():
        for path, card in _cards(folder / space / dataset):
            if path.stem not in seen:
                seen.add(path.stem)
                yield path, card


def _cards(folder: Path, prefix: str = "") -> list[tuple[Path, Card]]:
    """Cards of a folder; one that reads proxy scores before its like that does not."""
    found = [(path, read_card(path)) for path in sorted(folder.glob(f"{prefix}*.json"))]
    return sorted(found, key=lambda each: not each[1].reads_scores)


def find_predictor(
    space: SearchSpace, quantity: str, variant: str = "", device: str | None = None
) -> Predictor | None:
    """The predictor of a quantity on the space's data set, or None.

    Args:
        space: Search space with its data set.
        quantity: Name of the quantity.
        variant: Which variant of it; the default one where empty.
        device: Device, for quantities that need one.

    Raises:
        ArtifactError: There is one, and it is damaged.
    """
    per_device = QUANTITIES[quantity].per_device
    device = device if per_device else None
    prefix = f"{device}.{quantity}" if per_device else quantity
    for folder in search_path():
        found = [
            (path, card)
            for path, card in _cards(folder / space.name / space.dataset, prefix)
            if (card.quantity, card.device) == (quantity, device)
            and (card.variant == variant or (not variant and card.is_default))
        ]
        if found:
            return _with_fallback(found, space)
    return None


def _with_fallback(found: Sequence[tuple[Path, Card]], space: SearchSpace) -> Predictor:
    """The first predictor, and where it reads scores, its like that does not."""
    path, card = found[0]
    predictor = load_predictor(path, space)
    if card.reads_scores:
        alike = (
            other
            for other, its in found[1:]
            if its.variant == card.variant and not its.reads_scores
        )
        predictor.fallback = next((load_predictor(other, space) for other in alike), None)
    return predictor


def load_predictor(path: Path, space: SearchSpace) -> Predictor:
    """The predictor whose card lies at ``path``.

    Args:
        path: The JSON card; the models lie beside it.
        space: Search space with the data set that the card names.

    Raises:
        ArtifactError: A file is missing, damaged or foreign, or its features have changed.
    """
    card = read_card(path)
    if card.stem != path.stem:
        raise ArtifactError(
            f"{path} must be the card of {path.stem}; it is that of {card.stem}. "
            "Make it again with: hwnas fit"
        )
    if (card.space, card.dataset) != (space.name, space.dataset):
        raise ArtifactError(
            f"{path} predicts {card.space} on {card.dataset}; "
            f"it cannot serve {space.name} on {space.dataset}."
        )
    if not _has_features(space, card):
        raise ArtifactError(
            f"{path} was fitted on features that this version computes otherwise. "
            "Make it again with: hwnas fit"
        )
    folder = path.parent
    model = _open(folder / f"{card.stem}.onnx", card.sha256, card.n_features)
    support = None
    if card.support is not None:
        support = _open(
            folder / f"{card.stem}{SUPPORT_SUFFIX}", card.support.sha256, card.n_features
        )
    return Predictor(card, space, model, support)


def _has_features(space: SearchSpace, card: Card) -> bool:
    """Whether this version computes the features that a predictor was fitted on."""
    try:
        return names_sha256(space, card.feature_sets) == card.features_sha256
    except (UnknownNameError, ConfigError):
        return False


def _open(path: Path, sha256: str, n_features: int) -> Any:
    """A session for a model file that is exactly the one its card was written for."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"{path} must lie beside its card; it cannot be read ({error.strerror}). "
            "Make it again with: hwnas fit"
        ) from error
    if sha256_bytes(data) != sha256:
        raise ArtifactError(
            f"{path}: its sha256 differs from its card's, so its bytes have changed. "
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
            f"{path} must be an ONNX model that gives one value for each architecture; it is not "
            f"({type(error).__name__}). Make it again with: hwnas fit"
        ) from error
    if n_inputs != n_features:
        raise ArtifactError(
            f"{path} must read {n_features} features; it reads {n_inputs}. "
            "Make it again with: hwnas fit"
        )
    return session


class Predictor:
    """A fitted predictor with intervals.

    Args:
        card: What it predicts and how wrong it is.
        space: Search space with its data set.
        model: onnxruntime session that predicts the standardised target.
        support: Session that scores whether the device runs an architecture, or None.

    Attributes:
        fallback: The predictor to ask where this one reads proxy scores and there are none;
            None where there is no other.
    """

    fallback: Predictor | None = None

    def __init__(self, card: Card, space: SearchSpace, model: Any, support: Any = None) -> None:
        self.card = card
        self.space = space
        self._model = model
        self._support = support
        interval = card.interval
        self._intervals = Intervals(
            interval["level"], tuple(interval["edges"]), tuple(interval["half_widths"])
        )

    @property
    def sessions(self) -> list[Any]:
        """What reads the features: the model, then what scores support where there is any."""
        return [self._model] if self._support is None else [self._model, self._support]

    def lacks_scores(self, genotypes: np.ndarray) -> np.ndarray:
        """Whether it reads proxy scores that an architecture does not have.

        Args:
            genotypes: Shape ``(n_archs, n_genes)``.

        Returns:
            Booleans of shape ``(n_archs,)``.
        """
        if not self.card.reads_scores:
            return np.zeros(len(genotypes), dtype=bool)
        # A cell that does not connect has no scores, and no value either.
        has_value = self.space.valid_mask(genotypes)
        return np.asarray(has_value & ~has_scores(self.space, genotypes))

    def predict(self, genotypes: np.ndarray) -> Estimate:
        """Values with 90 % intervals of the functional classes of architectures.

        Args:
            genotypes: Shape ``(n_archs, n_genes)``.

        Returns:
            Values in the card's unit, shape ``(n_archs,)``; NaN where the input does not reach the
            output or the device cannot run the architecture.
        """
        return predict_together([self], genotypes)[0]

    def estimate(self, genotypes: np.ndarray, outputs: np.ndarray) -> Estimate:
        """What the sessions' outputs mean.

        Args:
            genotypes: Shape ``(n_archs, n_genes)``.
            outputs: Shape ``(n_sessions, n_archs)``.

        Returns:
            As ``predict``.
        """
        target = outputs[0] * self.card.scale + self.card.mean
        half_width = self._intervals.half_width(target)
        is_known = self.space.valid_mask(genotypes)
        if self.card.support is not None:
            is_known &= outputs[1] >= self.card.support.threshold
        ends = (target, target - half_width, target + half_width)
        values = [to_unit(end, self.card.transform, self.card.unit) for end in ends]
        # A reciprocal turns the ends of an interval round.
        values[1:] = np.minimum(*values[1:]), np.maximum(*values[1:])
        return Estimate(*(np.where(is_known, value, np.nan) for value in values))


def predict_together(
    predictors: Sequence[Predictor],
    genotypes: np.ndarray,
    n_threads: int | None = None,
    is_canonical: bool = False,
) -> list[Estimate]:
    """Predictions of several predictors, which share the features that they read.

    Args:
        predictors: Predictors of one search space, whatever their data sets.
        genotypes: Shape ``(n_archs, n_genes)``.
        n_threads: Threads at most; one for each core by default. No bit of a result depends on it.
        is_canonical: Whether the genotypes are canonical already, as the caller knows.

    Returns:
        For each predictor what its ``predict`` gives, bit for bit.
    """
    if predictors and not is_canonical:
        genotypes = predictors[0].space.canonical_genotypes(genotypes)
    lacking = [one.lacks_scores(genotypes) for one in predictors]
    asked = list(predictors)
    asked += [
        one.fallback
        for one, lacks in zip(predictors, lacking, strict=True)
        if one.fallback is not None and lacks.any()
    ]
    tasks = [(one.space, one.card.feature_sets, one.sessions) for one in asked]
    outputs = run_together(tasks, genotypes, n_threads)
    found = {
        id(one): one.estimate(genotypes, output) for one, output in zip(asked, outputs, strict=True)
    }
    return [
        _filled(found[id(one)], lacks, found.get(id(one.fallback)))
        for one, lacks in zip(predictors, lacking, strict=True)
    ]


def _filled(estimate: Estimate, lacks: np.ndarray, other: Estimate | None) -> Estimate:
    """An estimate, and another one where it lacks what it needs, shape ``(n_archs,)``."""
    if not lacks.any():
        return estimate
    if other is None:
        other = Estimate.exact(np.full(len(lacks), np.nan))
    return Estimate(
        np.where(lacks, other.value, estimate.value),
        np.where(lacks, other.lower, estimate.lower),
        np.where(lacks, other.upper, estimate.upper),
    )
