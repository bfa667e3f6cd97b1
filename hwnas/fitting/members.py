"""The estimators that compete to be a predictor, and averages of them."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnas.fitting import spread
from hwnas.fitting.spread import Spread

N_NETWORKS = 2
LOOK_UP = "groups"
"""Feature set with a column for each choice of independent genes."""
Layout = Mapping[str, Sequence[int]]
"""Columns of each feature set in a feature matrix."""


@dataclass(frozen=True, slots=True)
class Member:
    """An estimator that competes, alone and in averages.

    Args:
        make: Makes an unfitted regressor from a seed and a layout.
        spread: From it fitted, and what it was fitted to, to how far off its predictions may be.
    """

    make: Callable[[int, Layout], Any]
    spread: Callable[[Any, np.ndarray, np.ndarray], Spread]


def _chosen(layout: Layout, sets: Sequence[str], estimator: Any) -> Any:
    """An estimator of the columns of some feature sets only."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline

    columns = [column for name in sets for column in layout[name]]
    return make_pipeline(ColumnTransformer([("chosen", "passthrough", columns)]), estimator)


def _scaled(estimator: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), estimator)


def _dense(layout: Layout) -> list[str]:
    """The feature sets but for look-up columns, which only a linear model can use."""
    return [name for name in layout if name != LOOK_UP]


def _ridge(_: int, __: Layout) -> Any:
    from sklearn.linear_model import RidgeCV

    return _scaled(RidgeCV(np.logspace(-2, 3, 6)))


def _boosted(seed: int, layout: Layout, n_trees: int, learning_rate: float, max_depth: int) -> Any:
    # On features as they are, mostly small integers: scaled ones would fall on the other side of
    # a split when ONNX rounds them to float32.
    from sklearn.ensemble import GradientBoostingRegressor

    trees = GradientBoostingRegressor(
        n_estimators=n_trees,
        learning_rate=learning_rate,
        max_depth=max_depth,
        max_features=0.2,
        subsample=0.8,
        random_state=seed,
    )
    return _chosen(layout, _dense(layout), trees) if LOOK_UP in layout else trees


def _trees(seed: int, layout: Layout) -> Any:
    return _boosted(seed, layout, 150, 0.1, 4)


def _deep_trees(seed: int, layout: Layout) -> Any:
    # More and finer steps: the best networks differ by little, in ways that few of them share.
    return _boosted(seed, layout, 400, 0.05, 5)


def _networks(seed: int, layout: Layout) -> Any:
    from sklearn.ensemble import VotingRegressor
    from sklearn.neural_network import MLPRegressor

    def network(number: int) -> Any:
        return MLPRegressor(
            hidden_layer_sizes=(64, 32),
            alpha=1.0,
            learning_rate_init=2e-3,
            max_iter=120,
            random_state=seed + number,
        )

    networks = _scaled(
        VotingRegressor([(f"network{number}", network(number)) for number in range(N_NETWORKS)])
    )
    return _chosen(layout, _dense(layout), networks) if LOOK_UP in layout else networks


def _random_trees(seed: int, layout: Layout) -> Any:
    from sklearn.ensemble import ExtraTreesRegressor

    trees = ExtraTreesRegressor(
        n_estimators=100, max_features=0.4, min_samples_leaf=2, random_state=seed
    )
    return _chosen(layout, _dense(layout), trees)


def _slow_trees(seed: int, layout: Layout) -> Any:
    # Many weak steps on few features and half of the sample: variance is what hurts here.
    from sklearn.ensemble import GradientBoostingRegressor

    trees = GradientBoostingRegressor(
        n_estimators=300,
        learning_rate=0.04,
        max_depth=5,
        max_features=0.1,
        subsample=0.5,
        min_samples_leaf=2,
        random_state=seed,
    )
    return _chosen(layout, _dense(layout), trees)


def _process(_: int, layout: Layout) -> Any:
    from hwnas.fitting.gaussian_process import GroupedGaussianProcess

    return GroupedGaussianProcess([list(layout[name]) for name in _dense(layout)])


def _look_up(_: int, layout: Layout) -> Any:
    from sklearn.linear_model import RidgeCV

    return _chosen(layout, [LOOK_UP], RidgeCV(np.logspace(-4, 3, 8)))


def _look_up_and_trees(seed: int, layout: Layout) -> Any:
    from hwnas.fitting._composed import ResidualRegressor

    return ResidualRegressor(_look_up(seed, layout), _trees(seed, layout))


MEMBERS: Mapping[str, Member] = {
    "look_up": Member(_look_up, spread.of_linear),
    "ridge": Member(_ridge, spread.of_linear),
    "look_up_residual": Member(_look_up_and_trees, spread.of_residual),
    "gradient_boosting": Member(_trees, spread.of_boosting),
    "deep_gradient_boosting": Member(_deep_trees, spread.of_boosting),
    "mlp": Member(_networks, spread.of_networks),
    "extra_trees": Member(_random_trees, spread.of_forest),
    "small_gradient_boosting": Member(_slow_trees, spread.of_boosting),
    "gaussian_process": Member(_process, spread.of_process),
}
"""Every estimator by name."""


def of_many(layout: Layout, is_quality: bool) -> tuple[str, ...]:
    """What competes where there are many architectures to learn from, small ones first.

    Where features hold a look-up column for each choice of independent genes, costs are nearly
    sums over them.

    Args:
        layout: Columns of each feature set.
        is_quality: Whether it is a quality, of which the few best are what is searched for.
    """
    trees = "deep_gradient_boosting" if is_quality else "gradient_boosting"
    if LOOK_UP not in layout:
        return "ridge", trees, "mlp"
    # Of what is nearly a sum, networks learn nothing that a table and trees do not.
    return ("look_up", "look_up_residual", trees, *(("mlp",) if is_quality else ()))


def of_few(layout: Layout) -> tuple[str, ...]:
    """What competes where there are only tens to hundreds of architectures to learn from."""
    look_up = ("look_up",) if LOOK_UP in layout else ()
    return *look_up, "ridge", "extra_trees", "small_gradient_boosting", "gaussian_process"


def averages(names: Collection[str]) -> tuple[str, ...]:
    """All averages of members, their names joined by ``+``, small ones first."""
    return tuple(
        "+".join(chosen)
        for size in range(1, len(names) + 1)
        for chosen in itertools.combinations(names, size)
    )


class Candidate:
    """A member, or the average of some, that says how far off its predictions may be.

    Args:
        name: Names of members, joined by ``+``.
        seed: Seed of the estimators.
        layout: Columns of each feature set.
        by_rank: Fit the target's normal scores and turn predictions back: right where the order
            counts and bad networks have a long tail, as with accuracy.

    Attributes:
        estimator_: What was fitted, as scikit-learn and ONNX know it.
    """

    def __init__(self, name: str, seed: int, layout: Layout, by_rank: bool = False) -> None:
        self.name, self.seed, self.layout, self.by_rank = name, seed, layout, by_rank

    def fit(self, features: np.ndarray, target: np.ndarray) -> Candidate:
        """Fit.

        Args:
            features: Shape ``(n_archs, n_features)``.
            target: Shape ``(n_archs,)``, standardised.
        """
        from sklearn.ensemble import VotingRegressor
        from sklearn.exceptions import ConvergenceWarning

        from hwnas.fitting._composed import RankTargetRegressor

        made = [(name, MEMBERS[name].make(self.seed, self.layout)) for name in self._members]
        estimator = made[0][1] if len(made) == 1 else VotingRegressor(made)
        estimator = RankTargetRegressor(estimator) if self.by_rank else estimator
        with warnings.catch_warnings():
            # The number of epochs is the regularisation: stopping before convergence is meant.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.estimator_ = estimator.fit(features, target)
        self._seen = features, target
        self._spread: Spread | None = None
        return self

    @property
    def _members(self) -> list[str]:
        return self.name.split("+")

    def predict(
        self, features: np.ndarray, return_std: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """The target, and perhaps how far off it may be.

        Args:
            features: Shape ``(n_archs, n_features)``.
            return_std: Whether to give the standard deviation of each prediction, too: of the
                model's doubt and the noise of one more value together.

        Returns:
            The target, shape ``(n_archs,)``, or a pair of it and the standard deviations, in the
            target's unit and of the same shape. That takes a few fits when it is first asked.
        """
        predicted = np.asarray(self.estimator_.predict(features))
        if not return_std:
            return predicted
        if self._spread is None:
            self._spread = self._learn_spread()
        return predicted, self._spread(features)

    def _learn_spread(self) -> Spread:
        from hwnas.fitting.ranks import normal_scores

        features, target = self._seen
        inner = self.estimator_.base_ if self.by_rank else self.estimator_
        target = normal_scores(target) if self.by_rank else target
        fitted = inner.estimators_ if len(self._members) > 1 else [inner]
        spreads = [
            MEMBERS[name].spread(each, features, target)
            for name, each in zip(self._members, fitted, strict=True)
        ]
        of_all = spread.of_average(fitted, spreads)
        return spread.turned_back(self.estimator_, of_all) if self.by_rank else of_all
