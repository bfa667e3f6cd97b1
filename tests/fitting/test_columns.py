"""Fitting on a small table of additive latencies: folds, figures, bytes, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from additive_table import (
    ACCURACY,
    ENERGY,
    LATENCY,
    N_CONNECTED,
    PARTIAL,
    SETS,
    additive_ms,
)
from scipy.stats import kendalltau
from sklearn.model_selection import KFold, cross_val_predict
from threadpoolctl import threadpool_limits

from hwnas._files import sha256_bytes
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import TableError
from hwnas.features import feature_layout, feature_matrix
from hwnas.fitting.calibration import calibrate
from hwnas.fitting.columns import (
    Fitted,
    fit_column,
    write_predictor,
)
from hwnas.fitting.evaluation import MIN_FOR_FIFTHS
from hwnas.fitting.members import LOOK_UP, MEMBERS, Candidate, averages
from hwnas.fitting.members import of_few as members_of_few
from hwnas.fitting.metrics import regression_metrics
from hwnas.fitting.procedure import Sample, procedure_for, scales_of
from hwnas.fitting.support import MIN_UNSUPPORTED_SHARE
from hwnas.predictors import Predictor, load_predictor
from hwnas.predictors.card import CROSS_VALIDATED, Card, Origin, Sizes
from hwnas.predictors.store import INDEX, stored_in
from hwnas.spaces import SPACES, load_space
from hwnas.tables import ClassMeans, Column, Table, class_means


@pytest.fixture(scope="module")
def means(nasbench201: SearchSpace, own_table: Table) -> ClassMeans:
    return class_means(nasbench201, own_table, LATENCY)


def _predictor(folder: Path, name: str, space: SearchSpace) -> Predictor:
    """A predictor in a folder by its name."""
    stored = {each.card.name: each for each in stored_in(folder, space.name)}
    return load_predictor(stored[name], space)


def _column(table: Table, name: str) -> Column:
    return next(column for column in table.columns if column.name == name)


def _sample(space: SearchSpace, means: ClassMeans, card: Card) -> Sample:
    """What a predictor was fitted to, put together again."""
    layout, quantity = feature_layout(space, card.features.sets), card.target.meaning
    x = feature_matrix(space, means.genotypes, card.features.sets)
    scales = scales_of(quantity, layout, means.values)
    procedure = procedure_for(len(x), quantity, layout, scales)
    return Sample(procedure, quantity, x, means.values, layout, card.seed)


@pytest.fixture(scope="module")
def out_of_fold(
    nasbench201: SearchSpace, fitted: Mapping[str, Fitted], means: ClassMeans
) -> np.ndarray:
    """Latency of each class in ms, by what is fitted without its fold, shape ``(n_classes,)``."""
    with threadpool_limits(1):
        return _sample(nasbench201, means, fitted[LATENCY].card).out_of_fold()


def test_the_table_holds_twins_and_folds_see_one_row_of_each_class(
    nasbench201: SearchSpace, genotypes: np.ndarray, means: ClassMeans
) -> None:
    valid = genotypes[nasbench201.valid_mask(genotypes)]
    classes = np.unique(nasbench201.canonical_genotypes(valid), axis=0)
    assert len(classes) < N_CONNECTED < len(valid)
    np.testing.assert_array_equal(means.genotypes, classes)


def test_every_class_is_fitted_on_and_measured(
    nasbench201: SearchSpace, own_table: Table, fitted: Mapping[str, Fitted]
) -> None:
    for name, each in fitted.items():
        n_classes = len(class_means(nasbench201, own_table, name).values)
        assert each.card.evaluation.how == CROSS_VALIDATED
        assert each.card.evaluation.n_classes == Sizes(n_classes, n_classes, n_classes)


def test_figures_are_those_of_predictions_out_of_fold(
    fitted: Mapping[str, Fitted], means: ClassMeans, out_of_fold: np.ndarray
) -> None:
    told = fitted[LATENCY].card.evaluation.figures
    for name, figure in regression_metrics(means.values, out_of_fold).items():
        assert told[name] == pytest.approx(figure), name
    # The quickest fifth, by their true latency.
    best = np.argsort(means.values, kind="stable")[: len(means.values) // 5]
    tau = kendalltau(means.values[best], out_of_fold[best]).statistic
    assert told["kendall_tau_best_fifth"] == pytest.approx(tau)


def test_intervals_and_their_coverage_come_from_residuals_out_of_fold(
    nasbench201: SearchSpace,
    fitted: Mapping[str, Fitted],
    means: ClassMeans,
    out_of_fold: np.ndarray,
) -> None:
    card, truth, predicted = fitted[LATENCY].card, np.log(means.values), np.log(out_of_fold)
    again = calibrate(truth, predicted)
    for part in ("knots", "below", "above"):
        assert getattr(card.interval, part) == pytest.approx(getattr(again, part)), part
    inside = np.empty(len(truth), dtype=bool)
    fold_of = _sample(nasbench201, means, card).fold_of
    for fold in range(5):
        is_out = fold_of == fold
        others = calibrate(truth[~is_out], predicted[~is_out])
        inside[is_out] = others.holds(truth[is_out], predicted[is_out])
    told = card.evaluation
    assert told.coverage == pytest.approx(inside.mean())
    for name, by in (("fifth", predicted), ("true_fifth", truth)):
        parts = np.array_split(inside[np.argsort(by, kind="stable")], 5)
        assert told.figures[f"coverage_worst_{name}_pct"] == pytest.approx(
            100 * min(part.mean() for part in parts)
        )


def test_of_few_classes_a_fifth_says_nothing(fitted: Mapping[str, Fitted]) -> None:
    in_fifths = {
        "kendall_tau_best_fifth", "coverage_worst_fifth_pct", "coverage_worst_true_fifth_pct",
    }  # fmt: skip
    for each in fitted.values():
        evaluation = each.card.evaluation
        is_large = evaluation.n_classes.train >= MIN_FOR_FIFTHS
        assert evaluation.figures.keys() & in_fifths == (in_fifths if is_large else set())
    sizes = {name: fitted[name].card.evaluation.n_classes.train for name in (LATENCY, PARTIAL)}
    assert sizes[PARTIAL] < MIN_FOR_FIFTHS <= sizes[LATENCY]


def test_the_model_is_fitted_to_all_classes(
    nasbench201: SearchSpace, fitted: Mapping[str, Fitted], means: ClassMeans, folder: Path
) -> None:
    card, target = fitted[LATENCY].card, np.log(means.values)
    assert (card.model.mean, card.model.scale) == pytest.approx((target.mean(), target.std()))
    # The estimator that the card names, fitted to them all, says what the shipped model says.
    z = (target - target.mean()) / target.std()
    layout = feature_layout(nasbench201, card.features.sets)
    x = feature_matrix(nasbench201, means.genotypes, card.features.sets)
    with threadpool_limits(1):
        whole = Candidate(card.model.estimator, card.seed, layout).fit(x, z).predict(x)
    expected = np.exp(np.asarray(whole) * target.std() + target.mean())
    predictor = _predictor(folder, "pi5.latency", nasbench201)
    np.testing.assert_allclose(predictor.predict(means.genotypes).value, expected, rtol=1e-3)


def test_an_additive_latency_is_learned(fitted: Mapping[str, Fitted]) -> None:
    figures = fitted[LATENCY].card.evaluation.figures
    assert figures["kendall_tau"] is not None
    assert figures["within_10_pct"] is not None
    assert figures["kendall_tau"] > 0.8
    assert figures["within_10_pct"] > 90


def test_few_classes_are_fitted_by_what_fits_small_samples_best(
    fitted: Mapping[str, Fitted],
) -> None:
    for each in fitted.values():
        assert each.card.model.estimator in each.card.model.candidates
        names = members_of_few(feature_layout(load_space("nasbench201"), each.card.features.sets))
        assert tuple(each.card.model.candidates) == averages(names)


def test_the_same_seed_gives_the_same_bytes(
    nasbench201: SearchSpace, own_table: Table, fitted: Mapping[str, Fitted], tmp_path: Path
) -> None:
    column = next(column for column in own_table.columns if column.name == PARTIAL)
    again = fit_column(nasbench201, own_table, column, features=SETS)
    for name, each in (("first", fitted[PARTIAL]), ("again", again)):
        write_predictor(tmp_path / name, each)
    files = sorted(path.relative_to(tmp_path / "first") for path in _files(tmp_path / "first"))
    assert len(files) == 4
    for file in files:
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_another_seed_draws_other_folds_of_the_same_classes(
    nasbench201: SearchSpace, few: Table
) -> None:
    first, other = (
        fit_column(nasbench201, few, _column(few, LATENCY), seed, ["counts"]).card
        for seed in (0, 1)
    )
    assert (first.seed, other.seed) == (0, 1)
    assert other.evaluation.figures != first.evaluation.figures
    assert (other.model.mean, other.model.scale) == (first.model.mean, first.model.scale)


def test_latency_is_fitted_as_a_logarithm_and_accuracy_as_it_is(
    fitted: Mapping[str, Fitted],
) -> None:
    assert fitted[LATENCY].card.model.transform == "log"
    assert fitted[ACCURACY].card.model.transform == "identity"


def test_a_latency_of_zero_has_no_logarithm(nasbench201: SearchSpace, own_table: Table) -> None:
    frame = own_table.frame.copy()
    frame[LATENCY] -= frame[LATENCY].min()
    column = next(column for column in own_table.columns if column.name == LATENCY)
    table = replace(own_table, frame=frame)
    is_fastest = class_means(nasbench201, table, LATENCY).values == 0
    assert is_fastest.any()
    card = fit_column(nasbench201, table, column, features=["counts"]).card
    assert card.model.transform == "identity"


def test_features_can_be_chosen(nasbench201: SearchSpace, own_table: Table) -> None:
    column = next(column for column in own_table.columns if column.name == LATENCY)
    card = fit_column(nasbench201, own_table, column, features=["one_hot"]).card
    assert (card.features.sets, card.features.n) == (("one_hot",), 30)


def test_card_says_where_the_values_come_from(
    own_table: Table, fitted: Mapping[str, Fitted]
) -> None:
    card = fitted[LATENCY].card
    assert (card.target, card.is_default) == (Target("latency", "cifar10", "pi5"), True)
    assert (card.space, card.options) == ("nasbench201", {"channels": 16, "cells": 5})
    assert card.table == Origin("mine", LATENCY, own_table.sha256, own_table.sources)
    assert card.model.sha256 == sha256_bytes(fitted[LATENCY].model)
    assert set(card.versions) >= {"hwnas", "scikit-learn", "onnxruntime"}


def test_where_every_class_runs_there_is_no_model_of_support(
    fitted: Mapping[str, Fitted],
) -> None:
    assert fitted[LATENCY].card.support is None
    assert fitted[LATENCY].support is None


def test_support_is_learned_from_classes_without_a_value(
    nasbench201: SearchSpace, own_table: Table, fitted: Mapping[str, Fitted]
) -> None:
    means = class_means(nasbench201, own_table, PARTIAL)
    support = fitted[PARTIAL].card.support
    assert support is not None
    assert support.n_unsupported == len(means.unsupported) > 10
    # Of folds that were not fitted on, both kinds, and a rule that is plain in the features.
    assert support.recall_pct is not None
    assert support.specificity_pct is not None
    # Releases of scikit-learn grow other trees: by chance it would be 50.
    assert min(support.recall_pct, support.specificity_pct) >= 70


def test_support_figures_are_out_of_fold_and_its_model_is_fitted_to_all_classes(
    nasbench201: SearchSpace, own_table: Table, fitted: Mapping[str, Fitted], folder: Path
) -> None:
    means, card = class_means(nasbench201, own_table, PARTIAL), fitted[PARTIAL].card
    everything = np.concatenate([means.genotypes, means.unsupported])
    runs = np.arange(len(everything)) < len(means.genotypes)
    x = feature_matrix(nasbench201, everything, card.features.sets)
    trees = MEMBERS["gradient_boosting"].make(0, feature_layout(nasbench201, card.features.sets))
    unseen = cross_val_predict(
        trees, x, runs.astype(float), cv=KFold(5, shuffle=True, random_state=card.seed)
    )
    support = card.support
    assert support is not None
    assert support.recall_pct == pytest.approx(100 * np.mean(unseen[runs] >= 0.5))
    assert support.specificity_pct == pytest.approx(100 * np.mean(unseen[~runs] < 0.5))
    # The model itself has seen them all, and knows them better.
    predictor = _predictor(folder, "coral.latency", nasbench201)
    is_known = ~np.isnan(predictor.predict(everything).value)
    np.testing.assert_array_equal(is_known, trees.fit(x, runs.astype(float)).predict(x) >= 0.5)
    assert np.mean(is_known == runs) > np.mean((unseen >= 0.5) == runs)


@pytest.mark.parametrize("excess", [0, 1])
def test_a_few_gaps_are_no_classes_that_do_not_run(
    nasbench201: SearchSpace, own_table: Table, means: ClassMeans, excess: int
) -> None:
    # The largest number of gaps that is no more than its share of the classes with a value.
    n_most = int(MIN_UNSUPPORTED_SHARE * len(means.values) / (1 + MIN_UNSUPPORTED_SHARE))
    n_gaps = n_most + excess
    assert n_most >= 1
    frame = own_table.frame.copy()
    rows = nasbench201.genotypes([nasbench201.parse(arch) for arch in own_table.archs])
    canonical = nasbench201.canonical_genotypes(rows)
    for gap in means.genotypes[5 : 5 + n_gaps]:
        frame.loc[(canonical == gap).all(axis=1), LATENCY] = np.nan
    column = next(column for column in own_table.columns if column.name == LATENCY)
    table = replace(own_table, frame=frame)
    fitted = fit_column(nasbench201, table, column, features=["counts"])
    support = fitted.card.support
    assert fitted.card.evaluation.n_classes.train == len(means.values) - n_gaps
    assert (support and support.n_unsupported) == (n_gaps if excess else None)
    assert (fitted.support is None) == (support is None)


def test_features_see_the_class_and_not_the_string(
    nasbench201: SearchSpace, genotypes: np.ndarray, fitted: Mapping[str, Fitted]
) -> None:
    sets = fitted[LATENCY].card.features.sets
    np.testing.assert_array_equal(
        feature_matrix(nasbench201, genotypes, sets),
        feature_matrix(nasbench201, nasbench201.canonical_genotypes(genotypes), sets),
    )


def test_constant_column_is_refused(nasbench201: SearchSpace, own_table: Table) -> None:
    column = next(column for column in own_table.columns if column.name == ENERGY)
    with pytest.raises(TableError, match=rf"{ENERGY} is 3 for every architecture; there is"):
        fit_column(nasbench201, own_table, column)


def test_a_column_of_which_one_class_alone_differs_is_fitted_and_ranks_nothing(
    nasbench201: SearchSpace, few: Table
) -> None:
    # What is fitted without its fold is a constant.
    means = class_means(nasbench201, few, LATENCY)
    odd = nasbench201.format(means.genotypes[3])
    frame = few.frame.assign(**{LATENCY: np.where(few.frame["arch"] == odd, 2.0, 1.0)})
    table = replace(few, frame=frame)
    figures = fit_column(
        nasbench201, table, _column(few, LATENCY), features=["counts"]
    ).card.evaluation.figures
    tau = figures["kendall_tau"]
    assert tau is None or tau < 0.5


def test_too_few_classes_are_refused(nasbench201: SearchSpace, own_table: Table) -> None:
    few = replace(own_table, frame=own_table.frame.head(12))
    column = next(column for column in own_table.columns if column.name == ACCURACY)
    with pytest.raises(
        TableError, match=r"must have values for at least 20 functional classes; it has \d+\. Add"
    ):
        fit_column(nasbench201, few, column)


def test_a_cost_needs_fewer_classes(nasbench201: SearchSpace, own_table: Table) -> None:
    few = replace(own_table, frame=own_table.frame.head(6))
    column = next(column for column in own_table.columns if column.name == LATENCY)
    with pytest.raises(TableError, match=r"at least 10 functional classes; it has [0-6]\. Add"):
        fit_column(nasbench201, few, column)


def test_rows_of_one_class_count_once(nasbench201: SearchSpace, own_table: Table) -> None:
    rows = nasbench201.all_genotypes()
    assert rows is not None
    canonical = nasbench201.canonical_genotypes(rows)
    _, class_of, sizes = np.unique(canonical, axis=0, return_inverse=True, return_counts=True)
    largest = rows[class_of.reshape(-1) == sizes[1:].argmax() + 1][:60]
    frame = own_table.frame.head(len(largest)).copy()
    frame["arch"] = [nasbench201.format(genotype) for genotype in largest]
    frame[LATENCY] = additive_ms(largest)
    column = next(column for column in own_table.columns if column.name == LATENCY)
    with pytest.raises(TableError, match=r"at least 10 functional classes; it has [01]\."):
        fit_column(nasbench201, replace(own_table, frame=frame), column)


def test_column_without_a_quantity_is_refused(nasbench201: SearchSpace, own_table: Table) -> None:
    column = replace(own_table.columns[0], target=None)
    with pytest.raises(TableError, match=r"holds no quantity that can be predicted; choose a col"):
        fit_column(nasbench201, own_table, column)


def test_nothing_half_written_is_taken_for_a_predictor(
    fitted: Mapping[str, Fitted], tmp_path: Path
) -> None:
    path = write_predictor(tmp_path, fitted[PARTIAL])
    assert path == tmp_path / "nasbench201" / INDEX
    models = [fitted[PARTIAL].model, fitted[PARTIAL].support]
    files = {file.relative_to(path.parent).as_posix() for file in _files(path.parent)}
    named = {f"models/{sha256_bytes(model)}.onnx" for model in models if model}
    assert files == {INDEX, ".lock", *named}


# --- spaces whose genes are independent ----------------------------------------------------------


def test_cells_have_no_look_up_columns_and_chains_have() -> None:
    for name in SPACES:
        space = load_space(name)
        assert (LOOK_UP in space.feature_sets) == (not space.cell_types)
        assert tuple(feature_layout(space, space.feature_sets)) == space.feature_sets


# --- small tables --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def few(nasbench201: SearchSpace, own_table: Table, means: ClassMeans) -> Table:
    """The rows of 20 classes, in canonical form."""
    chosen = np.random.default_rng(0).permutation(means.genotypes)[:20]
    archs = [nasbench201.format(genotype) for genotype in chosen]
    table = replace(own_table, frame=own_table.frame[own_table.frame["arch"].isin(archs)])
    assert len(class_means(nasbench201, table, LATENCY).values) == 20
    return table


@pytest.fixture(scope="module")
def of_few(nasbench201: SearchSpace, few: Table) -> Fitted:
    return fit_column(nasbench201, few, _column(few, LATENCY), features=["graph"])


def test_a_small_table_is_fitted_whole(
    nasbench201: SearchSpace, few: Table, of_few: Fitted
) -> None:
    card = of_few.card
    assert card.evaluation.n_classes == Sizes(20, 20, 20)
    target = np.log(class_means(nasbench201, few, LATENCY).values)
    assert (card.model.mean, card.model.scale) == pytest.approx((target.mean(), target.std()))
    # Four classes are too few to tell by permuted features what ranks them.
    assert card.importances is None


def test_figures_and_intervals_of_a_small_table_are_out_of_fold(
    nasbench201: SearchSpace, few: Table, of_few: Fitted
) -> None:
    means, card = class_means(nasbench201, few, LATENCY), of_few.card
    with threadpool_limits(1):
        sample = _sample(nasbench201, means, card)
        predicted = sample.out_of_fold()
    assert regression_metrics(means.values, predicted) == pytest.approx(card.evaluation.figures)
    residuals = np.log(means.values / predicted)
    # ceil(0.95 x 21) is 20, the largest of either side.
    ends = (card.interval.below, card.interval.above)
    assert ends == (pytest.approx([-residuals.min()]), pytest.approx([residuals.max()]))
    assert card.model.candidates == {name: tau for (_, name), tau in sample.pick()[1].items()}
    tau = card.evaluation.figures["kendall_tau"]
    assert tau is not None
    assert tau > 0.6


def test_a_small_table_has_a_predictor_of_any_architecture(
    nasbench201: SearchSpace, of_few: Fitted, means: ClassMeans, tmp_path: Path
) -> None:
    write_predictor(tmp_path, of_few)
    predictor = _predictor(tmp_path, "pi5.latency", nasbench201)
    assert predictor.card == of_few.card
    estimate = predictor.predict(means.genotypes)
    # 20 of these it has seen; the others come from the same sum.
    assert kendalltau(estimate.value, means.values).statistic > 0.7
    inside = (estimate.lower <= means.values) & (means.values <= estimate.upper)
    assert inside.mean() > 0.7
