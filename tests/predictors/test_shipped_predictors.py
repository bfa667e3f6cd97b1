"""The predictors that travel with the package: whole, small, and as good as their cards say."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from hwnas._files import sha256_file
from hwnas._resources import artifacts_dir
from hwnas.core.space import SearchSpace
from hwnas.features import feature_names
from hwnas.fitting.calibration import LEVEL, calibrate
from hwnas.fitting.importance import measure_importances
from hwnas.fitting.metrics import regression_metrics
from hwnas.predictors import load_predictor
from hwnas.predictors.card import LEVELS, TRANSFORMS, Card, read_card
from hwnas.proxies.shipped import FILE
from hwnas.spaces import load_space
from hwnas.tables import ClassMeans, Table, class_means

DATASETS = ("cifar10", "cifar100", "imagenet16-120")
LATENCY = ("edgegpu", "edgetpu", "eyeriss", "fpga", "pixel3", "raspi4")
ENERGY = ("edgegpu", "eyeriss", "fpga")
EPSILONS = ("0.1", "0.5", "1", "2", "3", "4", "8")
ATTACKS = {
    "apgd-ce": EPSILONS,
    "square": EPSILONS,
    "pgd": EPSILONS,
    "fgsm": (*EPSILONS, "5", "6", "7", "255"),
}
# Near zero or chance for every architecture: a predictor has no skill (Kendall tau .09).
UNPREDICTABLE = {"apgd-ce-eps8", "fgsm-eps255"}
# Devices of Accel-NASBench; latency was measured on the first two alone.
ACCELERATORS = ("zcu102", "vck190", "a100", "rtx3090", "tpuv2", "tpuv3")
# Devices of HELP whose latency on FBNet is a sum over layers.
OF_HW_NAS_BENCH = ("eyeriss", "fpga", "pixel3", "raspi4")
# Devices that HELP alone knows; its GPUs at three batch sizes, of which 1 is the default.
HELP_GPUS = ("1080ti", "2080ti", "titan_rtx", "titanx", "titanxp")
HELP_OTHERS = (
    "essential_ph_1", "gold_6226", "gold_6240", "pixel2", "samsung_a50", "samsung_s7",
    "silver_4114", "silver_4210r",
)  # fmt: skip
BATCH_SIZES = {"nasbench201": (1, 32, 256), "fbnet": (1, 32, 64)}
# How far below the best a smaller model was taken, in Kendall tau of cross-validation; a
# thousandth where nothing is said.
TOLERANCE = dict.fromkeys((*HELP_GPUS, *HELP_OTHERS), 0.005)
TABLES = {
    "nasbench201": {"hw-nas-bench", "nats-bench", "robustness", "help-nasbench201"},
    "mnasnet": {"accel-nasbench"},
    "nasbench_macro": {"nas-bench-macro"},
    "fbnet": {"help-fbnet"},
}
N_CLASSES = {"nasbench201": 4929, "mnasnet": 5125, "nasbench_macro": 3969, "fbnet": 5000}
# Where a device has no value for some: edgetpu does not run them, the rest are gaps.
N_CLASSES_ON_DEVICE = {
    "edgetpu": 4558, "zcu102": 5123, "vck190": 5123, "rtx3090": 5122, "tpuv2": 5088, "tpuv3": 5081,
}  # fmt: skip
MIN_TAU = 0.3
"""Kendall tau below which a predictor has no skill worth shipping."""
MAX_BYTES = 5e6
MAX_BYTES_OF_ALL = 30e6
EVERY_CARD = sorted(artifacts_dir().rglob("*.json"))
CARDS = [path for path in EVERY_CARD if read_card(path).transfer is None]
"""Cards of predictors that were fitted on their own space; the others are extrapolated."""


@functools.cache
def _space(name: str, dataset: str) -> SearchSpace:
    """A space, once for all its cards: it keeps what its features are summed from."""
    return load_space(name, dataset=dataset)


def each_of(paths: Iterable[Path]) -> pytest.MarkDecorator:
    chosen = list(paths)
    names = ["-".join(path.parts[-2:]).removesuffix(".json") for path in chosen]
    return pytest.mark.parametrize("path", chosen, ids=names)


each_card = each_of(CARDS)
each_card_of_any_kind = each_of(EVERY_CARD)


def _help(space: str) -> Iterator[str]:
    yield from (f"{device}.latency" for device in HELP_OTHERS)
    for gpu in HELP_GPUS:
        yield from (f"{gpu}.latency.batch{size}" for size in BATCH_SIZES[space])


# Beside the same from features alone, where proxy scores made them better: not for CIFAR-100.
SCORED = {
    "cifar10/accuracy.validation.scored",
    "cifar10/robustness.apgd-ce-eps1.scored",
    "cifar10/accuracy.test.scored",
    "imagenet16-120/accuracy.test.scored",
}


def _nasbench201() -> Iterator[str]:
    for dataset in DATASETS:
        yield f"{dataset}/accuracy.test"
        yield from (f"{dataset}/{device}.latency" for device in LATENCY)
        yield from (f"{dataset}/{device}.energy" for device in ENERGY)
    yield "cifar10/accuracy.validation"
    for attack, epsilons in ATTACKS.items():
        variants = {f"{attack}-eps{epsilon}" for epsilon in epsilons}
        yield from (f"cifar10/robustness.{variant}" for variant in variants - UNPREDICTABLE)
    yield from (f"cifar10/{stem}" for stem in _help("nasbench201"))
    yield from SCORED


def _mnasnet() -> Iterator[str]:
    yield "imagenet/accuracy.proxy"
    yield from (f"imagenet/{device}.throughput" for device in ACCELERATORS)
    yield from (f"imagenet/{device}.latency" for device in ACCELERATORS[:2])


EXPECTED = {
    "nasbench201": set(_nasbench201()),
    "mnasnet": set(_mnasnet()),
    "nasbench_macro": {"cifar10/accuracy.test"},
    "fbnet": {
        *(f"cifar100/{device}.latency" for device in OF_HW_NAS_BENCH),
        *(f"cifar100/{stem}" for stem in _help("fbnet")),
    },
}


# Devices of HW-NAS-Bench whose cost models, fitted on NAS-Bench-201, value two other spaces.
EXTRAPOLATED_TO = {"mnasnet": "imagenet", "nasbench_macro": "cifar10"}
# Spaces without robustness, and whether proxy scores of some of their networks ship.
ROBUSTNESS_ON = {
    "mnasnet": (("imagenet",), True),
    "nasbench_macro": (("cifar10",), True),
    "fbnet": (("cifar100", "imagenet"), False),
}
EXTRAPOLATED = {
    *(f"{device}.latency" for device in LATENCY if device != "edgetpu"),
    *(f"{device}.energy" for device in ENERGY),
}


def _found(paths: Iterable[Path], space: str) -> set[str]:
    """Data set and stem of the cards of a space."""
    place = artifacts_dir() / space
    return {
        path.relative_to(place).as_posix().removesuffix(".json")
        for path in paths
        if place in path.parents
    }


@pytest.mark.parametrize("space", EXPECTED)
def test_the_set_is_complete(space: str) -> None:
    assert _found(CARDS, space) == EXPECTED[space]


@pytest.mark.parametrize("space", EXPECTED)
def test_the_extrapolated_set_is_complete(space: str) -> None:
    dataset = EXTRAPOLATED_TO.get(space)
    expected = {f"{dataset}/{stem}" for stem in EXTRAPOLATED} if dataset else set()
    datasets, has_scores = ROBUSTNESS_ON.get(space, ((), False))
    for name in datasets:
        expected.add(f"{name}/robustness.apgd-ce-eps1")
        if has_scores:
            expected.add(f"{name}/robustness.apgd-ce-eps1.scored")
    assert _found(set(EVERY_CARD) - set(CARDS), space) == expected


def test_nothing_is_shipped_for_another_space() -> None:
    assert {folder.name for folder in artifacts_dir().iterdir()} <= set(EXPECTED)


def test_every_file_belongs_to_a_card() -> None:
    expected = set(artifacts_dir().glob(f"*/{FILE}"))
    for path in EVERY_CARD:
        expected |= {path, path.with_suffix(".onnx")}
        if read_card(path).support is not None:
            expected.add(path.with_suffix(".support.onnx"))
    assert {path for path in artifacts_dir().rglob("*") if path.is_file()} == expected


def test_all_together_are_small() -> None:
    sizes = [path.stat().st_size for path in artifacts_dir().rglob("*") if path.is_file()]
    assert max(sizes) < MAX_BYTES
    assert sum(sizes) < MAX_BYTES_OF_ALL


def test_a_search_on_cifar10_does_not_see_test_accuracy() -> None:
    defaults = {
        (card.dataset, card.quantity, card.variant)
        for card in map(read_card, CARDS)
        if card.is_default and card.device is None and card.space == "nasbench201"
    }
    assert defaults == {
        ("cifar10", "accuracy", "validation"),
        ("cifar100", "accuracy", "test"),
        ("imagenet16-120", "accuracy", "test"),
        ("cifar10", "robustness", "apgd-ce-eps1"),
    }


def test_one_variant_is_what_a_quantity_means_without_its_name() -> None:
    defaults: dict[tuple[str, str, str | None, str], list[bool]] = {}
    for card in map(read_card, EVERY_CARD):
        if card.reads_scores:
            continue
        key = (card.space, card.dataset, card.device, card.quantity)
        defaults.setdefault(key, []).append(card.is_default)
    assert {key: flags for key, flags in defaults.items() if sum(flags) != 1} == {}


def test_only_edgetpu_does_not_run_everything() -> None:
    partial = {card.device for card in map(read_card, CARDS) if card.support is not None}
    assert partial == {"edgetpu"}


@each_card
def test_predictor_comes_from_a_table_of_its_space_and_its_own_measurements(path: Path) -> None:
    card = read_card(path)
    assert card.table["name"] in TABLES[card.space]
    is_repeated = card.space == "nasbench201" and card.device in (*LATENCY, *ENERGY)
    assert not is_repeated or card.table["name"] == "hw-nas-bench"


@each_card
def test_held_out_classes_are_ranked_with_skill(path: Path) -> None:
    tau = read_card(path).held_out["kendall_tau"]
    assert tau is not None
    assert tau >= MIN_TAU


@each_card
def test_estimator_is_one_of_those_that_competed(path: Path) -> None:
    card = read_card(path)
    names = {card.estimator, f"{card.estimator} of {card.transform}"}
    (chosen,) = names & set(card.candidates)
    # One that is nearly as good, and smaller, may come before the best.
    tolerance = TOLERANCE.get(card.device or "", 0.001)
    assert card.candidates[chosen] >= max(card.candidates.values()) - tolerance


@each_card_of_any_kind
def test_predictor_loads_and_its_hash_is_its_files(path: Path) -> None:
    card = read_card(path)
    predictor = load_predictor(path, _space(card.space, card.dataset))
    assert predictor.card == card
    assert card.sha256 == sha256_file(path.with_suffix(".onnx"))


def _some_genotypes(space: SearchSpace) -> np.ndarray:
    """A few hundred genotypes, the extremes of the space among them."""
    everything = space.all_genotypes()
    if everything is not None:
        return everything[::40]
    extremes = np.array([[0] * len(space.genes), [n - 1 for n in space.n_choices]])
    return np.concatenate([extremes, space.sample_genotypes(300, np.random.default_rng(0))])


@each_card_of_any_kind
def test_predictions_are_in_range_inside_their_intervals_and_of_the_class(path: Path) -> None:
    card = read_card(path)
    space = _space(card.space, card.dataset)
    predictor = load_predictor(path, space)
    if card.reads_scores:
        # Scores ship for a sample of a large space; the rest is what features alone say.
        alone = path.with_name(path.name.replace(".scored", ""))
        predictor.fallback = load_predictor(alone, space)
    genotypes = _some_genotypes(space)
    estimate = predictor.predict(genotypes)
    is_known = ~np.isnan(estimate.value)
    if card.support is None:
        np.testing.assert_array_equal(is_known, space.valid_mask(genotypes))
    else:
        assert not is_known[~space.valid_mask(genotypes)].any()
    lower, value, upper = (
        ends[is_known] for ends in (estimate.lower, estimate.value, estimate.upper)
    )
    assert (lower <= value).all()
    assert (value <= upper).all()
    assert (lower >= 0).all()
    assert card.unit != "%" or (upper <= 100).all()
    # A cost of nothing, and a rate without bound, would win every search.
    assert card.unit == "%" or (value > 0).all()
    assert (value < 1e6).all()
    twins = predictor.predict(space.canonical_genotypes(genotypes))
    np.testing.assert_array_equal(twins.value, estimate.value)


@each_card
def test_intervals_cover_as_many_held_out_classes_as_they_say(path: Path) -> None:
    # Given the calibration, coverage varies as a beta distribution, and its measurement as a
    # binomial: together 1.9 points for 493 classes each. All cards share a split, so that they
    # lean to one side together; 3.5 deviations are exceeded by chance once in 2,000.
    card = read_card(path)
    sizes = card.n_classes
    deviation = np.sqrt(LEVEL * (1 - LEVEL) * (1 / sizes["calibrate"] + 1 / sizes["test"]))
    assert card.interval["level"] == LEVEL
    assert abs(card.interval["coverage"] - LEVEL) < 3.5 * deviation


@each_card
def test_card_counts_every_functional_class_once(path: Path) -> None:
    card = read_card(path)
    n_classes = N_CLASSES_ON_DEVICE.get(card.device or "", N_CLASSES[card.space])
    assert sum(card.n_classes.values()) == n_classes
    n_held = round(0.1 * n_classes)
    assert (card.n_classes["test"], card.n_classes["calibrate"]) == (n_held, n_held)


@each_of(
    path
    for path in CARDS
    # HELP's own measurements are noisier than the rest.
    if read_card(path).is_default and read_card(path).device not in (*HELP_GPUS, *HELP_OTHERS)
)
def test_default_predictors_rank_held_out_classes(path: Path) -> None:
    tau = read_card(path).held_out["kendall_tau"]
    assert tau is not None
    assert tau > 0.7


@each_card_of_any_kind
def test_card_tells_nothing_of_the_machine_it_was_made_on(path: Path) -> None:
    text = path.read_text()
    assert '"/' not in text
    assert "file:" not in text


def _parts(n_classes: int, seed: int) -> Mapping[str, np.ndarray]:
    """Positions of held-out, calibration and training classes, as the card's seed draws them."""
    order = np.random.default_rng(seed).permutation(n_classes)
    n_held = round(0.1 * n_classes)
    return {
        "test": order[:n_held],
        "calibrate": order[n_held : 2 * n_held],
        "train": order[2 * n_held :],
    }


@pytest.fixture(scope="module")
def truth_of(tables: Mapping[str, Table]) -> Callable[[Card], ClassMeans]:
    """Class means of the column that a predictor was fitted on; each computed once."""

    @functools.cache
    def means(space: str, dataset: str, table: str, column: str) -> ClassMeans:
        return class_means(_space(space, dataset), tables[table], column)

    return lambda card: means(card.space, card.dataset, card.table["name"], card.column)


@pytest.mark.long
@each_card
def test_figures_can_be_had_again_from_the_published_table(
    path: Path, truth_of: Callable[[Card], ClassMeans]
) -> None:
    card = read_card(path)
    space = _space(card.space, card.dataset)
    means = truth_of(card)
    parts = _parts(len(means.values), card.seed)
    for first, second in itertools.combinations(parts.values(), 2):
        assert not set(first) & set(second)
    estimate = load_predictor(path, space).predict(means.genotypes)
    truth, test = means.values, parts["test"]
    # Classes that the device runs and the predictor takes for others have no value; edgetpu has
    # none of them among the held-out classes.
    assert not np.isnan(estimate.value[test]).any()
    figures = regression_metrics(truth[test], estimate.value[test])
    assert figures.keys() == card.held_out.keys()
    for name, figure in figures.items():
        told = card.held_out[name]
        assert figure == (told and pytest.approx(told, rel=1e-6, abs=1e-6)), name
    inside = (estimate.lower[test] <= truth[test]) & (truth[test] <= estimate.upper[test])
    # Rounding may move a class that lies on the very end of its interval. The card's coverage is
    # that of ends as they were predicted; an upper end below 0 %, then set to 0, covers more.
    slack = 1.5 / len(test)
    more = np.mean(estimate.upper[test] == 0)
    told = card.interval["coverage"]
    assert told - slack < np.mean(inside) < told + more + slack


@each_card
def test_card_tells_what_the_ranking_rests_on(path: Path) -> None:
    card = read_card(path)
    assert card.importances is not None
    assert set(card.importances["set"]) == set(card.feature_sets)
    names = set(feature_names(load_space(card.space, dataset=card.dataset), card.feature_sets))
    features = [name.partition("/")[2] for name in card.importances["feature"]]
    assert features
    assert set(features) <= names
    # What all sets together give is the whole ranking, so that one of them gives a good part.
    tau = card.held_out["kendall_tau"]
    assert tau is not None
    assert max(each["drop"] for each in card.importances["set"].values()) > tau / 5


EXPLAINED_AGAIN = (
    "nasbench201/cifar10/accuracy.validation",
    "nasbench201/cifar10/edgetpu.latency",
    "mnasnet/imagenet/a100.throughput",
    "fbnet/cifar100/raspi4.latency",
)
"""One of each kind: a share, a device that does not run all, a reciprocal, a look-up table."""


@pytest.mark.long
@each_of(artifacts_dir() / f"{name}.json" for name in EXPLAINED_AGAIN)
def test_importances_can_be_had_again_from_the_published_table(
    path: Path, tables: Mapping[str, Table]
) -> None:
    card = read_card(path)
    space = load_space(card.space, dataset=card.dataset)
    means = class_means(space, tables[card.table["name"]], card.column)
    test = _parts(len(means.values), card.seed)["test"]
    held_out = (means.genotypes[test], means.values[test])
    model = path.with_suffix(".onnx").read_bytes()
    again = measure_importances(card, model, space, *held_out)
    assert card.importances is not None
    assert again["n_repeats"] == card.importances["n_repeats"]
    for level in LEVELS:
        # Another machine's rounding may move what is least important across the end of the list.
        common = again[level].keys() & card.importances[level].keys()
        assert len(common) >= 0.8 * len(card.importances[level])
        for name in common:
            told = card.importances[level][name]
            assert again[level][name] == pytest.approx(told, abs=2e-3), name


@pytest.mark.long
@each_card
def test_target_was_scaled_on_the_training_classes_alone(
    path: Path, truth_of: Callable[[Card], ClassMeans]
) -> None:
    card = read_card(path)
    means = truth_of(card)
    train = _parts(len(means.values), card.seed)["train"]
    target = TRANSFORMS[card.transform](means.values)[train]
    assert (card.mean, card.scale) == pytest.approx((target.mean(), target.std()), rel=1e-9)


@pytest.mark.long
@each_of(path for path in CARDS if read_card(path).quantity != "robustness")
def test_intervals_come_from_the_calibration_classes(
    path: Path, truth_of: Callable[[Card], ClassMeans]
) -> None:
    card = read_card(path)
    space = _space(card.space, card.dataset)
    means = truth_of(card)
    chosen = _parts(len(means.values), card.seed)["calibrate"]
    predicted = load_predictor(path, space).predict(means.genotypes[chosen]).value
    target = TRANSFORMS[card.transform]
    truth, predicted = target(means.values[chosen]), target(predicted)
    # Nothing here is clipped to 0 or 100 %, as some predictions of robustness are.
    assert not np.isnan(predicted).any()
    again = calibrate(truth, predicted)
    assert again.edges == pytest.approx(tuple(card.interval["edges"]), rel=1e-4, abs=1e-5)
    assert again.half_widths == pytest.approx(tuple(card.interval["half_widths"]), rel=1e-4)


@pytest.mark.long
def test_sources_of_the_cards_are_the_published_files(tables: Mapping[str, Table]) -> None:
    for card in map(read_card, CARDS):
        assert card.table["sources"] == list(tables[card.table["name"]].sources)


@pytest.mark.long
@pytest.mark.parametrize("dataset", DATASETS)
def test_edgetpu_support_agrees_with_the_published_table(
    dataset: str, tables: Mapping[str, Table]
) -> None:
    space = _space("nasbench201", dataset)
    means = class_means(space, tables["hw-nas-bench"], f"{dataset}_edgetpu_latency_ms")
    path = artifacts_dir() / "nasbench201" / dataset / "edgetpu.latency.json"
    predictor = load_predictor(path, space)
    recognised = ~np.isnan(predictor.predict(means.genotypes).value)
    refused = np.isnan(predictor.predict(means.unsupported).value)
    assert recognised.mean() > 0.99
    assert refused.mean() > 0.95
