"""Measurements of a user's own: none is dropped without a word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.api import make_objective
from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.objectives import NothingKnownError
from hwnas.objectives.devices import load_device
from hwnas.predictors.card import Sizes
from hwnas.tables import class_means, import_file, load_audit, load_table

COLUMN = "cifar10_myboard_latency_ms"


@pytest.fixture
def measured(nasbench201: SearchSpace, tmp_path: Path) -> dict[Architecture, float]:
    """Thirty valid architectures as they come, of 29 classes; of 7, none is its pruned form."""
    archs = nasbench201.sample(30, np.random.default_rng(2))
    values = {arch: 1.0 + number for number, arch in enumerate(archs)}
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([f"arch,{COLUMN}", *(f"{a},{v}" for a, v in values.items())]))
    import_file("mine", path, "nasbench201")
    return values


def test_every_class_has_a_mean(
    nasbench201: SearchSpace, measured: dict[Architecture, float]
) -> None:
    assert len({nasbench201.canonical(arch) for arch in measured}) == 29
    means = class_means(nasbench201, load_table("mine"), COLUMN)
    audit = load_audit("mine")
    assert len(means.values) == audit.n_classes == 29
    assert means.n_members.sum() + means.n_unused == len(measured)
    assert audit.n_unused == means.n_unused


def test_every_row_is_answered_with_itself(measured: dict[Architecture, float]) -> None:
    frame = hwnas.predict("nasbench201", list(measured), "myboard", None, ["latency"], "table")
    assert frame["latency_ms"].tolist() == list(measured.values())


def test_a_twin_without_a_row_is_answered_with_the_mean_of_its_class(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    straight = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"
    direct = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
    other = "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|"
    path = tmp_path / "mine.csv"
    path.write_text(f"arch,{COLUMN}\n{straight},2\n{direct},4\n")
    import_file("mine", path, "nasbench201")
    twins = [nasbench201.parse(text) for text in (straight, direct, other)]
    assert len({nasbench201.canonical(twin) for twin in twins}) == 1
    frame = hwnas.predict("nasbench201", twins, "myboard", None, ["latency"], "table")
    assert frame["latency_ms"].tolist() == [2.0, 4.0, 3.0]
    assert frame["latency_ms_inputs"].tolist() == [
        "from its own row", "from its own row", "from the mean of its class",
    ]  # fmt: skip


def test_a_search_does_not_find_the_lucky_twin(
    nasbench201: SearchSpace, measured: dict[Architecture, float]
) -> None:
    means = class_means(nasbench201, load_table("mine"), COLUMN)
    latency = make_objective(nasbench201, "latency", load_device("myboard"), "table")
    classes = [nasbench201.architecture(genotype) for genotype in means.genotypes]
    assert latency(classes).value.tolist() == means.values.tolist()
    twins = [nasbench201.canonical(arch) for arch in measured]
    assert latency(list(measured)).value.tolist() == latency(twins).value.tolist()


def test_what_does_not_connect_is_unknown_whatever_was_measured(tmp_path: Path) -> None:
    dead = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    path = tmp_path / "mine.csv"
    path.write_text(f"arch,{COLUMN}\n{dead},0.003\n")
    import_file("mine", path, "nasbench201")
    frame = hwnas.predict("nasbench201", dead, "myboard", None, ["latency"], "table")
    assert frame["latency_ms"].isna().all()


def test_twenty_random_networks_can_be_fitted_and_searched_for(
    nasbench201: SearchSpace, measured: dict[Architecture, float], tmp_path: Path
) -> None:
    few = {nasbench201.canonical(arch): arch for arch in measured}
    table = load_table("mine")
    chosen = table.frame["arch"].isin([str(arch) for arch in few.values()][:20])
    path = tmp_path / "few.csv"
    table.frame[chosen].to_csv(path, index=False)
    import_file("few", path, "nasbench201")
    (card,) = hwnas.fit("few")
    assert card.evaluation.n_classes == Sizes(20, 20, 20)
    run = hwnas.search(
        "nasbench201",
        device="myboard",
        objectives=["params", "latency"],
        population=8,
        generations=2,
        out=tmp_path / "run",
    )
    assert [spec.source for spec in run.record.columns[:2]] == ["counted", "predicted"]


def test_a_table_that_nothing_was_fitted_on_says_how_to_fit_it(
    nasbench201: SearchSpace, measured: dict[Architecture, float]
) -> None:
    assert measured
    with pytest.raises(
        NothingKnownError,
        match=r"Device 'myboard' has no predictor of latency for nasbench201 on cifar10; "
        r"table 'mine' has values, which source=.table. looks up\. Run: hwnas fit mine$",
    ):
        make_objective(nasbench201, "latency", load_device("myboard"))


def test_conditions_that_a_table_alone_knows_are_found_there(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    arch = nasbench201.sample(1, np.random.default_rng(0))[0]
    path.write_text(f"arch,cifar10_raspi4_latency_ms@batch=8\n{arch},2\n")
    import_file("mine", path, "nasbench201")
    with pytest.raises(NothingKnownError, match=r"no predictor of latency@batch8 .*; table 'mine'"):
        make_objective(nasbench201, "latency@batch8", load_device("raspi4"))
    with pytest.raises(ConfigError, match=r"^Latency must be asked for under the usual .*batch9"):
        make_objective(nasbench201, "latency@batch9", load_device("raspi4"))


def test_a_table_of_other_options_is_named_where_it_cannot_answer(
    measured: dict[Architecture, float],
) -> None:
    assert measured
    for source in ("predictor", "table"):
        with pytest.raises(
            NothingKnownError,
            match=r"Table 'mine' holds latency for other options of nasbench201; got "
            r"nasbench201 \(cells=1\)\. Measure these",
        ):
            make_objective(
                hwnas.load_space("nasbench201", cells=1),
                "latency",
                load_device("myboard"),
                source,
            )
