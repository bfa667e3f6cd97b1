"""Fitting on a small table of additive latencies: splits, figures, bytes, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from additive_table import ACCURACY, ENERGY, LATENCY, N_CONNECTED, PARTIAL, additive_ms

from hwnas._files import sha256_bytes
from hwnas._resources import cache_dir
from hwnas.core.quantity import QUANTITIES
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.features import feature_layout, feature_matrix
from hwnas.predictors import load_predictor
from hwnas.predictors.estimators import LOOK_UP, candidates
from hwnas.predictors.fitting import (
    MIN_UNSUPPORTED_SHARE,
    NO_BETTER,
    Fitted,
    default_features,
    fit_column,
    is_constant,
    write_predictor,
)
from hwnas.predictors.metrics import regression_metrics
from hwnas.spaces import SPACES, load_space
from hwnas.tables import ClassMeans, Column, Table, class_means, import_file


@pytest.fixture(scope="module")
def means(nasbench201: SearchSpace, own_table: Table) -> ClassMeans:
    return class_means(nasbench201, own_table, LATENCY)


def _parts(n_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Test, calibration and training classes as the card's seed draws them."""
    order = np.random.default_rng(seed).permutation(n_classes)
    n_held = round(0.1 * n_classes)
    return order[:n_held], order[n_held : 2 * n_held], order[2 * n_held :]


def test_the_table_holds_twins_and_the_split_sees_one_row_of_each_class(
    nasbench201: SearchSpace, genotypes: np.ndarray, means: ClassMeans
) -> None:
    valid = genotypes[nasbench201.valid_mask(genotypes)]
    classes = np.unique(nasbench201.canonical_genotypes(valid), axis=0)
    assert len(classes) < N_CONNECTED < len(valid)
    np.testing.assert_array_equal(means.genotypes, classes)


def test_class_sizes_of_the_card_add_up(fitted: Mapping[str, Fitted], means: ClassMeans) -> None:
    sizes = fitted[LATENCY].card.n_classes
    test, calibrate, train = _parts(len(means.values))
    assert sizes == {"train": len(train), "calibrate": len(calibrate), "test": len(test)}
    assert sum(sizes.values()) == len(means.values)


def test_figures_are_those_of_the_held_out_classes(
    nasbench201: SearchSpace, fitted: Mapping[str, Fitted], means: ClassMeans, folder: Path
) -> None:
    card = fitted[LATENCY].card
    test, _, _ = _parts(len(means.values), card.seed)
    predictor = load_predictor(folder / "nasbench201" / "cifar10" / "pi5.latency.json", nasbench201)
    estimate = predictor.predict(means.genotypes[test])
    truth = means.values[test]
    assert regression_metrics(truth, estimate.value) == pytest.approx(card.held_out)
    covered = np.mean((estimate.lower <= truth) & (truth <= estimate.upper))
    assert covered == pytest.approx(card.interval["coverage"])


def test_target_is_standardised_on_the_training_classes(
    fitted: Mapping[str, Fitted], means: ClassMeans
) -> None:
    _, _, train = _parts(len(means.values))
    card = fitted[LATENCY].card
    target = np.log(means.values[train])
    assert (card.mean, card.scale) == pytest.approx((target.mean(), target.std()))


def test_intervals_come_from_the_calibration_classes(
    nasbench201: SearchSpace, fitted: Mapping[str, Fitted], means: ClassMeans, folder: Path
) -> None:
    _, chosen, _ = _parts(len(means.values))
    predictor = load_predictor(folder / "nasbench201" / "cifar10" / "pi5.latency.json", nasbench201)
    predicted = predictor.predict(means.genotypes[chosen]).value
    residuals = np.sort(np.abs(np.log(means.values[chosen] / predicted)))
    # ceil(0.9 (n + 1)) is n here.
    assert 9 <= len(chosen) <= 18
    assert fitted[LATENCY].card.interval["edges"] == []
    assert fitted[LATENCY].card.interval["half_widths"] == pytest.approx([residuals[-1]])


def test_held_out_latencies_do_not_change_the_model(
    nasbench201: SearchSpace, own_table: Table, fitted: Mapping[str, Fitted], means: ClassMeans
) -> None:
    test, _, _ = _parts(len(means.values))
    held_out = {tuple(genotype) for genotype in means.genotypes[test].tolist()}
    rows = nasbench201.genotypes([nasbench201.parse(arch) for arch in own_table.archs])
    canonical = nasbench201.canonical_genotypes(rows)
    is_held_out = np.array([tuple(genotype) in held_out for genotype in canonical.tolist()])
    frame = own_table.frame.copy()
    frame.loc[is_held_out, LATENCY] *= 3.0
    column = next(column for column in own_table.columns if column.name == LATENCY)
    leaky = fit_column(nasbench201, replace(own_table, frame=frame), column)
    assert leaky.model == fitted[LATENCY].model
    assert leaky.card.interval["half_widths"] == fitted[LATENCY].card.interval["half_widths"]
    assert leaky.card.held_out != fitted[LATENCY].card.held_out


def test_an_additive_latency_is_learned(fitted: Mapping[str, Fitted]) -> None:
    held_out = fitted[LATENCY].card.held_out
    assert held_out["kendall_tau"] is not None
    assert held_out["within_10_pct"] is not None
    assert held_out["kendall_tau"] > 0.8
    assert held_out["within_10_pct"] > 90


def _n_members(candidate: str) -> int:
    return candidate.partition(" of ")[0].count("+") + 1


def test_the_chosen_estimator_is_the_smallest_of_those_that_are_best(
    fitted: Mapping[str, Fitted],
) -> None:
    for each in fitted.values():
        taus = each.card.candidates
        best = max(taus.values())
        as_good = [name for name, tau in taus.items() if tau >= best - NO_BETTER]
        assert each.card.estimator in as_good
        assert _n_members(each.card.estimator) == min(map(_n_members, as_good))


def test_a_tolerance_takes_the_smallest_model_that_is_nearly_as_good(
    nasbench201: SearchSpace, own_table: Table, fitted: Mapping[str, Fitted]
) -> None:
    column = next(column for column in own_table.columns if column.name == LATENCY)
    taus = fitted[LATENCY].card.candidates
    best = max(taus.values())
    for tolerance in (0.0, best - taus["ridge"]):
        fits = fit_column(nasbench201, own_table, column, tolerance=tolerance)
        # They are listed small ones first.
        good = [name for name, tau in taus.items() if tau >= best - tolerance]
        assert (fits.card.candidates, fits.card.estimator) == (taus, good[0])
    assert fits.card.estimator == "ridge"


def test_the_same_seed_gives_the_same_bytes(
    nasbench201: SearchSpace, own_table: Table, fitted: Mapping[str, Fitted], tmp_path: Path
) -> None:
    column = next(column for column in own_table.columns if column.name == PARTIAL)
    again = fit_column(nasbench201, own_table, column)
    for name, each in (("first", fitted[PARTIAL]), ("again", again)):
        write_predictor(tmp_path / name, each)
    files = sorted(path.relative_to(tmp_path / "first") for path in _files(tmp_path / "first"))
    assert len(files) == 3
    for file in files:
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_another_seed_draws_another_split(
    nasbench201: SearchSpace, own_table: Table, fitted: Mapping[str, Fitted]
) -> None:
    column = next(column for column in own_table.columns if column.name == LATENCY)
    other = fit_column(nasbench201, own_table, column, seed=1)
    assert other.card.seed == 1
    assert other.card.mean != fitted[LATENCY].card.mean


def test_latency_is_fitted_as_a_logarithm_and_accuracy_as_it_is(
    fitted: Mapping[str, Fitted],
) -> None:
    assert fitted[LATENCY].card.transform == "log"
    assert fitted[ACCURACY].card.transform == "identity"


def test_a_latency_of_zero_has_no_logarithm(nasbench201: SearchSpace, own_table: Table) -> None:
    frame = own_table.frame.copy()
    frame[LATENCY] -= frame[LATENCY].min()
    column = next(column for column in own_table.columns if column.name == LATENCY)
    table = replace(own_table, frame=frame)
    is_fastest = class_means(nasbench201, table, LATENCY).values == 0
    assert is_fastest.any()
    card = fit_column(nasbench201, table, column, features=["one_hot"]).card
    assert card.transform == "identity"


def test_features_can_be_chosen(nasbench201: SearchSpace, own_table: Table) -> None:
    column = next(column for column in own_table.columns if column.name == LATENCY)
    card = fit_column(nasbench201, own_table, column, features=["one_hot"]).card
    assert card.feature_sets == ("one_hot",)
    assert card.n_features == 30


def test_card_says_where_the_values_come_from(
    own_table: Table, fitted: Mapping[str, Fitted]
) -> None:
    card = fitted[LATENCY].card
    assert (card.device, card.quantity, card.variant, card.is_default) == (
        "pi5", "latency", "", True,
    )  # fmt: skip
    assert (card.column, card.unit) == (LATENCY, "ms")
    assert card.table["sha256"] == own_table.sha256
    assert card.table["sources"] == list(own_table.sources)
    assert card.sha256 == sha256_bytes(fitted[LATENCY].model)
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
    # Held-out classes, both kinds, and a rule that is plain in the features.
    assert support.recall_pct is not None
    assert support.specificity_pct is not None
    assert min(support.recall_pct, support.specificity_pct) >= 80


def test_support_figures_are_those_of_its_held_out_classes(
    nasbench201: SearchSpace, own_table: Table, fitted: Mapping[str, Fitted], folder: Path
) -> None:
    means = class_means(nasbench201, own_table, PARTIAL)
    everything = np.concatenate([means.genotypes, means.unsupported])
    test, _, _ = _parts(len(everything))
    predictor = load_predictor(
        folder / "nasbench201" / "cifar10" / "coral.latency.json", nasbench201
    )
    is_known = ~np.isnan(predictor.predict(everything[test]).value)
    runs = test < len(means.genotypes)
    support = fitted[PARTIAL].card.support
    assert support is not None
    assert support.recall_pct == pytest.approx(100 * is_known[runs].mean())
    assert support.specificity_pct == pytest.approx(100 * (~is_known[~runs]).mean())


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
    fitted = fit_column(nasbench201, table, column, features=["one_hot"])
    support = fitted.card.support
    assert sum(fitted.card.n_classes.values()) == len(means.values) - n_gaps
    assert (support and support.n_unsupported) == (n_gaps if excess else None)
    assert (fitted.support is None) == (support is None)


def test_features_see_the_class_and_not_the_string(
    nasbench201: SearchSpace, genotypes: np.ndarray, fitted: Mapping[str, Fitted]
) -> None:
    sets = fitted[LATENCY].card.feature_sets
    np.testing.assert_array_equal(
        feature_matrix(nasbench201, genotypes, sets),
        feature_matrix(nasbench201, nasbench201.canonical_genotypes(genotypes), sets),
    )


def test_constant_column_is_told_apart(nasbench201: SearchSpace, own_table: Table) -> None:
    constant = {
        column.name: is_constant(nasbench201, own_table, column) for column in own_table.columns
    }
    assert constant == {LATENCY: False, PARTIAL: False, ACCURACY: False, ENERGY: True}


def test_constant_column_is_refused(nasbench201: SearchSpace, own_table: Table) -> None:
    column = next(column for column in own_table.columns if column.name == ENERGY)
    with pytest.raises(TableError, match=rf"{ENERGY} is 3 for every architecture; there is"):
        fit_column(nasbench201, own_table, column)


def test_column_that_varies_only_where_it_is_held_out_is_refused(
    nasbench201: SearchSpace, own_table: Table, means: ClassMeans
) -> None:
    test, _, _ = _parts(len(means.values))
    frame = own_table.frame.copy()
    rows = nasbench201.genotypes([nasbench201.parse(arch) for arch in own_table.archs])
    is_odd = (nasbench201.canonical_genotypes(rows) == means.genotypes[test[0]]).all(axis=1)
    frame[LATENCY] = np.where(is_odd, 2.0, 1.0)
    column = next(column for column in own_table.columns if column.name == LATENCY)
    with pytest.raises(TableError, match=r"varies among too few functional classes to be split"):
        fit_column(nasbench201, replace(own_table, frame=frame), column)


def test_too_few_classes_are_refused(nasbench201: SearchSpace, own_table: Table) -> None:
    few = replace(own_table, frame=own_table.frame.head(12))
    column = next(column for column in own_table.columns if column.name == LATENCY)
    with pytest.raises(
        TableError, match=r"must have values for at least 20 functional classes; it has \d+\. Add"
    ):
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
    with pytest.raises(TableError, match=r"at least 20 functional classes; it has [01]\."):
        fit_column(nasbench201, replace(own_table, frame=frame), column)


def test_column_without_a_quantity_is_refused(nasbench201: SearchSpace, own_table: Table) -> None:
    column = replace(own_table.columns[0], quantity=None)
    with pytest.raises(TableError, match=r"holds no quantity that can be predicted; choose a col"):
        fit_column(nasbench201, own_table, column)


def test_nothing_half_written_is_taken_for_a_predictor(
    fitted: Mapping[str, Fitted], tmp_path: Path
) -> None:
    path = write_predictor(tmp_path, fitted[PARTIAL])
    assert path == tmp_path / "nasbench201" / "cifar10" / "coral.latency.json"
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "coral.latency.json", "coral.latency.onnx", "coral.latency.support.onnx",
    ]  # fmt: skip


# --- spaces whose genes are independent ----------------------------------------------------------


def _table_of(
    space: SearchSpace, genotypes: np.ndarray, values: np.ndarray, quantity: str
) -> tuple[Table, Column]:
    """A table of one quantity of a device, and its column."""
    path = cache_dir().parent / "one.csv"
    name = f"{space.dataset}_pi5_{QUANTITIES[quantity].column}"
    rows = dict(zip(map(space.format, genotypes), values.tolist(), strict=True))
    path.write_text("\n".join([f"arch,{name}", *(f"{a},{v!r}" for a, v in rows.items())]))
    table = import_file("one", path, space.name)
    return table, table.columns[0]


SMALL = (LOOK_UP, "ordinal")


@pytest.fixture(scope="module")
def macro() -> SearchSpace:
    return load_space("nasbench_macro")


def _macro_times_ms(
    macro: SearchSpace, surprise_ms: float, seed: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """200 classes and the sum of a time for each layer, shape ``(200,)``, and some surprise."""
    rng = np.random.default_rng(seed)
    everything = macro.all_genotypes()
    assert everything is not None
    classes = np.unique(macro.canonical_genotypes(everything), axis=0)
    genotypes = rng.permutation(classes)[:200]
    layers = np.arange(genotypes.shape[1])
    times = 1.0 + rng.uniform(0.1, 2.0, size=(len(layers), 3))[layers, genotypes].sum(axis=1)
    surprise = genotypes[:, 0] * genotypes[:, 1] + rng.normal(size=200)
    return genotypes, times + surprise_ms * surprise


@pytest.mark.parametrize(
    ("quantity", "transform"), [("latency", "identity"), ("throughput", "reciprocal")]
)
def test_times_are_summed_as_they_are_and_rates_as_their_reciprocals(
    macro: SearchSpace, quantity: str, transform: str, tmp_path: Path
) -> None:
    genotypes, times = _macro_times_ms(macro, surprise_ms=0.0)
    values = 1000 / times if quantity == "throughput" else times
    table, column = _table_of(macro, genotypes, values, quantity)
    fitted = fit_column(macro, table, column, features=SMALL)
    card = fitted.card
    names = candidates(feature_layout(macro, SMALL))
    assert set(card.candidates) == {f"{n} of {t}" for n in names for t in ("log", transform)}
    # Exactly a sum: the table alone says it all, and nothing larger is taken.
    assert (card.transform, card.estimator) == (transform, "look_up")
    assert card.held_out["kendall_tau"] == pytest.approx(1.0)
    predictor = load_predictor(write_predictor(tmp_path, fitted), macro)
    estimate = predictor.predict(genotypes)
    np.testing.assert_allclose(estimate.value, values, rtol=1e-3)
    assert (estimate.lower <= estimate.value).all()
    assert (estimate.value <= estimate.upper).all()
    assert (estimate.lower > 0).all()


def test_an_average_that_is_hardly_better_is_not_chosen(macro: SearchSpace) -> None:
    genotypes, times = _macro_times_ms(macro, surprise_ms=0.03, seed=3)
    table, column = _table_of(macro, genotypes, times, "latency")
    card = fit_column(macro, table, column, features=SMALL).card
    taus = card.candidates
    best = max(taus, key=lambda name: taus[name])
    chosen = f"{card.estimator} of {card.transform}"
    assert 0 < taus[best] - taus[chosen] <= NO_BETTER
    assert _n_members(chosen) == 1 < _n_members(best)


def test_cells_have_no_look_up_columns_and_chains_have() -> None:
    for name in SPACES:
        space = load_space(name)
        assert (LOOK_UP in default_features(space)) == (space.cell is None)
        assert tuple(feature_layout(space, default_features(space))) == default_features(space)
