"""Zero-cost proxies as objectives: shipped scores, computed ones, and searches by them."""

from __future__ import annotations

import itertools
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from made_up import write_proxies
from spaces.toys import Digits, conv_bn_relu

import hwnas
from hwnas.api import make_objective, objective_name
from hwnas.core.architecture import Architecture
from hwnas.core.batch import Batch
from hwnas.core.classes import all_classes, valid_classes
from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, MissingExtraError, UnknownNameError
from hwnas.objectives import scored
from hwnas.objectives.scored import ScoredObjective, scored_names
from hwnas.proxies import lookup, shipped, vote
from hwnas.proxies.lookup import Scoring
from hwnas.proxies.sweep import plan_scoring, score_rows
from hwnas.proxies.voting import VOTERS
from hwnas.testing import check_objective


class Tiny(Digits):
    """Two layers of 2, 4 or 6 channels; nobody knows its accuracy."""

    name = "tiny"
    title = "A toy that is scored quickly"
    input_shape = (3, 8, 8)
    genes = ("channels 1", "channels 2")
    choice_names = (("2", "4", "6"),) * 2

    def all_genotypes(self) -> np.ndarray:
        return np.array(list(itertools.product(range(3), repeat=2)))

    def graph(self, arch: Architecture) -> OperationGraph:
        net, node = GraphBuilder(self.input_shape), -1
        for choice in arch.genotype:
            node = conv_bn_relu(net, node, 2 * choice + 2, kernel=3)
        net.linear(net.global_avg_pool(node), self.n_outputs)
        return net.build()


class Breaks(Tiny):
    """One of its models cannot be built."""

    name = "breaks"

    def build(self, arch: Architecture) -> object:
        if str(arch) == "12":
            raise RuntimeError("no such layer")
        return super().build(arch)


SPACE = Tiny()


@pytest.fixture
def _nothing_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path / "artifacts")


@pytest.fixture
def made_up(
    tmp_path: Path, nasbench201: SearchSpace, monkeypatch: pytest.MonkeyPatch
) -> np.ndarray:
    """Made-up scores of every class travel with the package, and torch is not installed."""
    genotypes = nasbench201.genotypes(all_classes(nasbench201))
    rng = np.random.default_rng(0)
    scores = {name: rng.normal(size=len(genotypes)) for name in (*VOTERS, "nwot")}
    scores["nwot"][0] = np.nan
    write_proxies(tmp_path, nasbench201, genotypes, scores)
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path)
    monkeypatch.setitem(sys.modules, "torch", None)
    return np.stack([scores[name] for name in (*VOTERS, "nwot")], axis=1)


def test_every_proxy_that_is_no_quantity_can_be_an_objective() -> None:
    names = scored_names()
    assert {"vote", "nwot", "zen", "synflow", "jacobian_norm"} < set(names)
    assert not {"params", "macs"} & set(names)


def test_shipped_scores_need_no_torch(made_up: np.ndarray, nasbench201: SearchSpace) -> None:
    archs = all_classes(nasbench201)[1:9]
    objective = make_objective(nasbench201, "nwot")
    np.testing.assert_array_equal(objective(Batch.of(nasbench201, archs)).value, made_up[1:9, 3])
    check_objective(objective, archs, nasbench201)
    assert (objective.spec.source, objective.spec.direction) == ("scored", "max")
    assert "tells no accuracy" in objective.spec.detail


def test_the_vote_ranks_among_all_that_ship(made_up: np.ndarray, nasbench201: SearchSpace) -> None:
    archs = all_classes(nasbench201)
    objective = make_objective(nasbench201, "vote")
    found = objective(Batch.of(nasbench201, archs[5:15])).value
    np.testing.assert_array_equal(found, vote(made_up[:, :3])[5:15])
    check_objective(objective, archs[5:15], nasbench201)


def test_a_proxy_where_small_is_good_is_minimised(nasbench201: SearchSpace) -> None:
    assert make_objective(nasbench201, "jacobian_norm").spec.direction == "min"


@pytest.mark.usefixtures("made_up")
def test_what_has_no_score_or_no_path_is_unknown(nasbench201: SearchSpace) -> None:
    archs = all_classes(nasbench201)[:1]
    dead = nasbench201.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    objective = ScoredObjective(nasbench201, "nwot")
    assert np.isnan(objective([*archs, dead]).value).all()
    assert objective.why_unknown([*archs, dead]) == "nwot has no value for it"
    assert objective.why_unknown(all_classes(nasbench201)[1:3]) == ""


def test_scores_that_do_not_ship_need_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for space, name in ((hwnas.load_space("mnasnet"), "nwot"), (SPACE, "vote")):
        with pytest.raises(MissingExtraError, match=rf"by {name} cannot run here: torch is not"):
            make_objective(space, name)


@pytest.mark.usefixtures("_nothing_shipped")
def test_a_space_of_ones_own_is_scored_on_photographs() -> None:
    archs = all_classes(SPACE)
    objective = make_objective(SPACE, "vote")
    found = objective(Batch.of(SPACE, archs)).value
    plan = plan_scoring(SPACE, "photos", 16, VOTERS, 0)
    scores = [[each.values[name] for name in VOTERS] for _, each in score_rows(archs, plan)]
    np.testing.assert_array_equal(found, vote(np.array(scores, dtype=float)))
    check_objective(objective, archs, SPACE)
    check_objective(pickle.loads(pickle.dumps(objective)), archs, SPACE)


@pytest.mark.usefixtures("_nothing_shipped")
def test_a_large_space_ranks_among_a_sample_that_is_always_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scored, "N_REFERENCE", 4)
    archs = all_classes(SPACE)
    one = ScoredObjective(SPACE, "vote")
    other = ScoredObjective(SPACE, "vote")
    backwards = other(archs[::-1]).value[::-1]
    np.testing.assert_array_equal(one(archs).value, backwards)
    assert len(np.unique(backwards)) == len(archs)
    assert "among 4 drawn under seed 0" in one.spec.detail


@pytest.mark.usefixtures("_nothing_shipped")
def test_how_far_scoring_has_come_is_told_until_the_first_are_there() -> None:
    told: list[Scoring] = []
    objective = ScoredObjective(SPACE, "nwot", on_scoring=told.append)
    archs = all_classes(SPACE)
    objective(archs[:2])
    assert [scoring.n_done for scoring in told] == [0, 2]
    objective(archs)
    assert len(told) == 2


def _search(path: Path, space: SearchSpace = SPACE, **settings: object) -> hwnas.Run:
    usual = {"objectives": ["vote", "macs"], "population": 4, "generations": 3, "seed": 1}
    return hwnas.search(space, out=path, **{**usual, **settings})  # type: ignore[arg-type]


@pytest.mark.usefixtures("_nothing_shipped")
def test_a_search_by_proxies_needs_no_data_and_resumes_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _search(tmp_path / "whole")
    assert whole.record.columns[0].source == "scored"
    assert len(whole.front) > 0
    _search(tmp_path / "part", generations=1)
    # Nothing that was computed before is there any more.
    monkeypatch.setenv("HWNAS_CACHE", str(tmp_path / "other-cache"))
    _search(tmp_path / "part", resume=True)
    for name in ("front.csv", "front.json"):
        assert (tmp_path / "part" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.usefixtures("_nothing_shipped")
def test_a_search_that_is_stopped_while_it_scores_goes_on(tmp_path: Path) -> None:
    def stop(scoring: Scoring) -> None:
        if scoring.n_done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="interrupted"):
        _search(tmp_path / "stopped", on_scoring=stop)
    _search(tmp_path / "stopped", resume=True)
    _search(tmp_path / "whole")
    stopped, whole = ((tmp_path / name / "front.csv").read_text() for name in ("stopped", "whole"))
    assert stopped == whole


@pytest.mark.long
@pytest.mark.usefixtures("_nothing_shipped")
def test_several_processes_score_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "_PER_WORKER", 1)
    _search(tmp_path / "two", workers=2)
    monkeypatch.setenv("HWNAS_CACHE", str(tmp_path / "other-cache"))
    _search(tmp_path / "one")
    one, two = ((tmp_path / name / "front.csv").read_text() for name in ("one", "two"))
    assert one == two


@pytest.mark.usefixtures("_nothing_shipped")
def test_scores_can_be_limited_and_what_breaks_a_cheap_limit_is_not_scored(tmp_path: Path) -> None:
    run = _search(
        tmp_path / "run", objectives=["nwot", "params"],
        constraints=["params<=200", "snip>=0"], algorithm="random",
    )  # fmt: skip
    told = run.evaluations
    is_large = told["params"] > 200
    assert is_large.any()
    assert told.loc[is_large, "nwot"].isna().all()
    assert told.loc[~is_large, ["nwot", "snip"]].notna().all(axis=None)


@pytest.mark.usefixtures("_nothing_shipped")
def test_a_model_that_cannot_be_built_is_unknown_and_says_why(tmp_path: Path) -> None:
    run = _search(tmp_path / "run", Breaks(), population=9, generations=6, algorithm="random")
    told = run.evaluations.set_index("arch")
    assert told["status"].value_counts().to_dict() == {"done": len(told) - 1, "unknown": 1}
    assert told.loc["12", "status"] == "unknown"
    (note,) = [note for note in run.record.notes if note.startswith("12 has no vote")]
    assert "its model cannot be built: RuntimeError: no such layer" in note


@pytest.mark.usefixtures("_nothing_shipped")
def test_scores_of_a_space_whose_code_changed_are_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path(__file__).read_text("utf-8")
    (tmp_path / "changing.py").write_text(source.replace("2 * choice + 2", "2 * choice + 4"))
    monkeypatch.syspath_prepend(tmp_path)
    import changing

    archs = all_classes(SPACE)[:2]
    before, after = (
        ScoredObjective(each, "l2_norm")(archs).value for each in (SPACE, changing.SPACE)
    )
    assert (after > before).all()


def test_a_score_has_one_text_form() -> None:
    assert objective_name(" Vote ") == "vote"
    assert objective_name("Jacob-Cov") == "jacob_cov"
    assert objective_name("latency_ms@batch=32:table") == "latency@batch32:table"


@pytest.mark.parametrize("text", ["vote:table", "nwot@batch8", "zen@test:table"])
def test_a_score_has_neither_condition_nor_source(text: str) -> None:
    with pytest.raises(ConfigError, match=f"has neither conditions nor a source; got '{text}'"):
        objective_name(text)


def test_an_unknown_name_may_have_meant_a_proxy(nasbench201: SearchSpace) -> None:
    for ask in (objective_name, lambda name: make_objective(nasbench201, name)):
        with pytest.raises(UnknownNameError, match=r"quantity 'synflo'\. Did you mean 'synflow'"):
            ask("synflo")
    with pytest.raises(
        UnknownNameError, match=r"Unknown quantity 'acuracy'\. Did you mean 'accura"
    ):
        objective_name("acuracy")


def test_classes_of_the_toy_are_its_nine_nets() -> None:
    assert len(valid_classes(SPACE, SPACE.all_genotypes())) == 9
