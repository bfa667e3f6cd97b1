"""From what a value was predicted: said of each architecture where it is not the same for all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_up import linear_predictor, write_half_scored

import hwnas
from hwnas._resources import cache_dir
from hwnas.api import make_objective
from hwnas.core.architecture import Architecture
from hwnas.core.classes import sample_classes
from hwnas.core.objective import Objective
from hwnas.core.space import SearchSpace
from hwnas.fitting.columns import write_predictor
from hwnas.objectives.predicted import INPUTS, PredictedObjective, input_notes
from hwnas.proxies import shipped

SCORED, ALONE = "from features and proxy scores", "from features alone"


@pytest.fixture(scope="module")
def archs(nasbench201: SearchSpace) -> list[Architecture]:
    """Eight architectures, of which the first five have scores."""
    return sample_classes(nasbench201, 8, seed=0)


@pytest.fixture(autouse=True)
def accuracy(
    nasbench201: SearchSpace,
    archs: list[Architecture],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Objective:
    """Accuracy, predicted by one that reads scores where there are any and by one that does not."""
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path)
    write_half_scored(nasbench201, tmp_path, nasbench201.genotypes(archs[:5]))
    return make_objective(nasbench201, "accuracy")


def test_inputs_are_told_in_words() -> None:
    assert INPUTS == {True: SCORED, False: ALONE}


def test_each_value_says_what_it_was_predicted_from(
    accuracy: Objective, archs: list[Architecture]
) -> None:
    assert isinstance(accuracy, PredictedObjective)
    assert accuracy.inputs(archs[::-1]) == [ALONE] * 3 + [SCORED] * 5


def test_nothing_is_said_where_it_is_the_same_for_all(
    nasbench201: SearchSpace, archs: list[Architecture]
) -> None:
    robust = linear_predictor(nasbench201, ("ordinal",), np.ones(6), quantity="robustness")
    write_predictor(cache_dir() / "artifacts", robust)
    objective = make_objective(nasbench201, "robustness")
    assert isinstance(objective, PredictedObjective)
    assert objective.inputs(archs) is None
    assert objective.spec.detail == "made up"


def test_the_objective_says_that_proxy_scores_are_read(accuracy: Objective) -> None:
    assert accuracy.spec.detail == f"made up; {SCORED}"
    assert accuracy.spec.origin.startswith("accuracy.scored.onnx sha256 ")


def test_a_frame_has_a_column_of_inputs(
    nasbench201: SearchSpace, archs: list[Architecture]
) -> None:
    frame = hwnas.predict(nasbench201, archs, quantities=["accuracy", "params"])
    assert frame.columns.tolist() == [
        "accuracy_pct", "accuracy_pct_lower", "accuracy_pct_upper", "accuracy_pct_source",
        "accuracy_pct_inputs", "params", "params_lower", "params_upper", "params_source",
    ]  # fmt: skip
    assert frame["accuracy_pct_inputs"].tolist() == [SCORED] * 5 + [ALONE] * 3
    assert set(frame["accuracy_pct_source"]) == {"predicted"}
    widths = (frame["accuracy_pct_upper"] - frame["accuracy_pct_lower"]).tolist()
    assert widths == pytest.approx([4.0] * 5 + [10.0] * 3)


def test_a_note_counts_what_was_predicted_from_features_alone(
    nasbench201: SearchSpace, accuracy: Objective, archs: list[Architecture]
) -> None:
    measures = [make_objective(nasbench201, "params"), accuracy]
    assert input_notes(measures, archs) == [
        "accuracy_pct: no proxy scores are known for 3 of 8 architectures on the front; these are "
        "predicted from features alone."
    ]


def test_there_is_no_note_where_all_have_scores(
    accuracy: Objective, archs: list[Architecture]
) -> None:
    assert input_notes([accuracy], archs[:5]) == []
    assert input_notes([accuracy], []) == []
