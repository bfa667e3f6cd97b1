"""What a search begins with: the best of those drawn, known or computed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from changed_records import unsealed
from made_up import score_card

import hwnas
from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms.warm_start import Candidates, WarmStart, draw, parse_warm_start
from hwnas.core.classes import all_classes, sample_classes
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, MissingExtraError, UnknownNameError
from hwnas.features.counting import count_genotypes
from hwnas.proxies import shipped
from hwnas.proxies.scoring import Scores
from hwnas.proxies.store import Row, write_scores

Started = Callable[..., hwnas.Run]


def _true_score(genotype: tuple[int, ...]) -> float:
    """A made-up score that rises with no gene alone; whole numbers, with ties."""
    return float(np.array(genotype) @ np.array([7, 1, 5, 3, 2, 11]) % 97)


@pytest.fixture(scope="session")
def _artifacts(tmp_path_factory: pytest.TempPathFactory, nasbench201: SearchSpace) -> Path:
    folder = tmp_path_factory.mktemp("artifacts")
    rows = {}
    for arch in all_classes(nasbench201):
        score = _true_score(arch.genotype)
        # Every class whose score is 96, the largest, has no score in the file.
        values = {"nwot": None if score == 96 else score, "jacobian_norm": score}
        rows[str(arch)] = Row(arch.genotype, Scores(values, {}))
    card = score_card(nasbench201, ("nwot", "jacobian_norm"), cells=1)
    write_scores(folder / "nasbench201" / shipped.FILE, rows, card)
    return folder


@pytest.fixture
def _shipped(_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores of every class travel with the package, and torch is not installed."""
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: _artifacts)
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.fixture
def _nothing_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path)


def _drawn(space: SearchSpace, text: str, population: int = 4, seed: int = 0) -> Candidates:
    return draw(space, parse_warm_start(text), population, seed)


def _scores(genotypes: np.ndarray) -> list[float]:
    return [_true_score(tuple(genotype)) for genotype in genotypes.tolist()]


@pytest.mark.usefixtures("_shipped")
def test_candidates_are_different_valid_classes(nasbench201: SearchSpace) -> None:
    genotypes = _drawn(nasbench201, "nwot:1000").genotypes
    assert genotypes.shape == (1000, 6)
    assert len(np.unique(genotypes, axis=0)) == 1000
    assert nasbench201.valid_mask(genotypes).all()
    np.testing.assert_array_equal(nasbench201.canonical_genotypes(genotypes), genotypes)


@pytest.mark.usefixtures("_shipped")
def test_the_best_are_those_of_the_largest_scores_unknown_ones_last(
    nasbench201: SearchSpace,
) -> None:
    candidates = _drawn(nasbench201, "nwot:1000")
    best = candidates.best(1000)
    known = [score for score in _scores(best) if score != 96]
    n_unknown = 1000 - len(known)
    assert n_unknown > 0
    assert _scores(best[-n_unknown:]) == [96.0] * n_unknown
    assert _scores(best[: len(known)]) == sorted(known, reverse=True)
    np.testing.assert_array_equal(candidates.best(10), best[:10])


@pytest.mark.usefixtures("_shipped")
def test_of_a_proxy_for_robustness_the_smallest_are_the_best(nasbench201: SearchSpace) -> None:
    candidates = _drawn(nasbench201, "jacobian_norm:500")
    assert _scores(candidates.best(20)) == sorted(_scores(candidates.genotypes))[:20]


@pytest.mark.usefixtures("_shipped")
def test_the_same_seed_draws_the_same_and_another_others(nasbench201: SearchSpace) -> None:
    one, same, other = (_drawn(nasbench201, "nwot:50", seed=seed).genotypes for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.usefixtures("_shipped")
def test_random_search_does_not_draw_the_candidates_again(nasbench201: SearchSpace) -> None:
    candidates = {row.tobytes() for row in _drawn(nasbench201, "nwot:100").genotypes}
    asked = ALGORITHMS["random"](Setting(nasbench201, 2, 100, 0)).ask(100)
    again = {row.tobytes() for row in nasbench201.canonical_genotypes(asked)}
    assert len(candidates & again) < 20


@pytest.mark.usefixtures("_nothing_shipped")
@pytest.mark.parametrize("proxy", ["params", "macs"])
def test_counts_need_neither_shipped_scores_nor_torch(
    proxy: str, nasbench201: SearchSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    candidates = _drawn(nasbench201, f"{proxy}:200")
    column = ["params", "macs"].index(proxy)
    counted = count_genotypes(nasbench201, candidates.genotypes)[:, column]
    best = count_genotypes(nasbench201, candidates.best(5))[:, column]
    assert best.tolist() == sorted(counted.tolist(), reverse=True)[:5]


def test_where_a_random_sample_is_shipped_candidates_come_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = hwnas.load_space("mnasnet")
    archs = sample_classes(space, 60, seed=1)
    rows = {
        str(arch): Row(arch.genotype, Scores({"nwot": float(number)}, {}))
        for number, arch in enumerate(archs)
    }
    write_scores(tmp_path / "mnasnet" / shipped.FILE, rows, score_card(space, ("nwot",)))
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path)
    monkeypatch.setitem(sys.modules, "torch", None)
    sample = {arch.genotype for arch in archs}
    one, same, other = (_drawn(space, "nwot:40", seed=seed).genotypes for seed in (0, 0, 1))
    drawn = {tuple(genotype) for genotype in one.tolist()}
    assert len(drawn) == 40
    assert drawn < sample
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    # All of the sample, and then the best is the last that was scored.
    best = _drawn(space, "nwot:60").best(1)
    assert tuple(best[0].tolist()) == archs[-1].genotype
    with pytest.raises(MissingExtraError, match="torch is not installed"):
        _drawn(space, "nwot:61")


@pytest.mark.usefixtures("_shipped")
@pytest.mark.parametrize("algorithm", ["nsga2", "random", "naswot"])
def test_the_first_generation_is_the_best_of_the_candidates(
    started: Started, nasbench201: SearchSpace, algorithm: str
) -> None:
    run = started(algorithm=algorithm, warm_start="nwot:300", seed=5)
    best = _drawn(nasbench201, "nwot:300", population=8, seed=5).best(8)
    table = run.evaluations
    first = table["arch"][table["generation"] == 1]
    assert list(first) == [str(nasbench201.architecture(genotype)) for genotype in best]
    assert len(run.history) == (1 if algorithm == "naswot" else 6)


@pytest.mark.usefixtures("_shipped")
def test_naswot_with_a_population_of_one_returns_the_best_of_those_drawn(
    started: Started, nasbench201: SearchSpace
) -> None:
    run = started(algorithm="naswot", population=1)
    candidates = _drawn(nasbench201, "nwot:1000", population=1)
    (arch,) = run.front.archs
    known = [score for score in _scores(candidates.genotypes) if score != 96]
    assert _true_score(nasbench201.parse(arch).genotype) == max(known)
    assert run.config["warm_start"] == "nwot:1000"


@pytest.mark.usefixtures("_shipped")
def test_the_same_seed_gives_the_same_warm_started_run(started: Started) -> None:
    one, same, other = (
        started(f"run-{number}", warm_start="nwot:40", seed=seed)
        for number, seed in enumerate((1, 1, 2))
    )
    for name in ("front.csv", "front.json", "run.json"):
        assert (one.path / name).read_bytes() == (same.path / name).read_bytes()
    assert list(one.evaluations["arch"]) != list(other.evaluations["arch"])


@pytest.mark.usefixtures("_shipped")
def test_a_warm_started_run_that_is_resumed_is_as_one_that_was_not(started: Started) -> None:
    def stop(progress: object) -> None:
        if progress.generation.number == 3:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    settings = {"warm_start": "nwot:40", "algorithm": "nsga2"}
    with pytest.raises(KeyboardInterrupt):
        started("stopped", on_progress=stop, **settings)
    resumed = started("stopped", resume=True, **settings)
    straight = started("straight", **settings)
    for name in ("front.csv", "front.json", "run.json"):
        assert (resumed.path / name).read_bytes() == (straight.path / name).read_bytes()


@pytest.mark.usefixtures("_shipped")
def test_a_run_with_another_warm_start_is_not_resumed(started: Started) -> None:
    started(warm_start="nwot:40")
    with pytest.raises(hwnas.HwnasError, match="warm_start is nwot:40 there and nwot:41 here"):
        started(warm_start="nwot:41", resume=True)
    with pytest.raises(hwnas.HwnasError, match="nwot:40 there and not given here"):
        started(resume=True)


@pytest.mark.usefixtures("_shipped")
def test_a_budget_below_the_population_takes_the_very_best(
    started: Started, nasbench201: SearchSpace
) -> None:
    run = started(algorithm="naswot", warm_start="nwot:50", budget=3, generations=None)
    best = _drawn(nasbench201, "nwot:50", population=8).best(3)
    expected = [str(nasbench201.architecture(genotype)) for genotype in best]
    assert list(run.evaluations["arch"]) == expected


@pytest.mark.usefixtures("_shipped")
def test_the_report_says_what_a_search_began_with(started: Started) -> None:
    page = (started(warm_start="nwot:1000").path / "report.html").read_text()
    assert "the best 8 of 1,000 random ones by nwot" in page
    assert "Warm start" not in (started("cold").path / "report.html").read_text()


def test_a_run_of_before_there_were_warm_starts_is_resumed(started: Started) -> None:
    run = started()
    record = json.loads((run.path / "run.json").read_text())
    del record["config"]["warm_start"], record["config"]["options"]
    del record["limits"], record["device_title"]
    (run.path / "run.json").write_text(json.dumps(unsealed({**record, "schema": 1})))
    assert started(resume=True).front.archs == run.front.archs


@pytest.mark.usefixtures("_nothing_shipped")
def test_what_must_be_computed_without_torch_is_refused_before_anything_is_touched(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r'pip install "hwnas\[torch\]"'):
        started(algorithm="naswot")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "text", ["nwot", "nwot:", ":100", "nwot:1_0", "nwot:-5", "nwot:2.5", "", 5]
)
def test_a_warm_start_of_another_form_is_refused(text: object) -> None:
    with pytest.raises(ConfigError, match=rf"must be PROXY:N .* nwot:1000; got {text!r}\.$"):
        parse_warm_start(text)  # type: ignore[arg-type]


def test_a_warm_start_is_read_as_it_is_printed() -> None:
    assert parse_warm_start(" synflow : 20 ") == WarmStart("synflow", 20)
    assert str(parse_warm_start("synflow:020")) == "synflow:20"


def test_an_unknown_proxy_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown proxy 'nwott'\. Did you mean 'nwot'\?"):
        parse_warm_start("nwott:100")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("params:7", r"at least the population of 8; got params:7\. Draw more, or"),
        (
            "params:4930",
            r"most the 4,929 different architectures of nasbench201; got params:4930",
        ),
    ],
)
def test_a_number_that_cannot_be_drawn_is_refused(
    started: Started, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        started(warm_start=text)
    assert not (tmp_path / "run").exists()


def test_every_architecture_of_a_space_can_be_drawn(nasbench201: SearchSpace) -> None:
    assert len(_drawn(nasbench201, "params:4929").genotypes) == 4929


def test_naswot_needs_something_to_begin_with(nasbench201: SearchSpace) -> None:
    with pytest.raises(ConfigError, match=r"must have architectures to begin with; got none"):
        ALGORITHMS["naswot"](Setting(nasbench201, 2, 4, 0))
