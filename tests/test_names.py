"""Names are found however they are spelled, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

import hwnas
from hwnas._names import meant, quoted, shown
from hwnas.api import objective_name
from hwnas.errors import ArgumentError, ConfigError, in_arguments, known_name
from hwnas.spaces import SPACES


@pytest.mark.parametrize(
    ("given", "name"),
    [("NAS-Bench-201", "nasbench201"), ("nas_bench macro", "nasbench_macro"), ("FBNet", "fbnet")],
)
def test_a_space_is_found_as_papers_write_it(given: str, name: str) -> None:
    assert hwnas.load_space(given).name == SPACES.name_of(given) == name


@pytest.mark.parametrize(
    ("given", "name"), [("CIFAR-10", "cifar10"), ("ImageNet16_120", "imagenet16-120")]
)
def test_a_data_set_is_recorded_by_its_one_name(given: str, name: str) -> None:
    assert hwnas.load_space("nasbench201", dataset=given).dataset == name


@pytest.mark.parametrize("given", ["EdgeGPU", "edge-gpu", "NVIDIA Jetson TX2", "nvidia_jetson_tx2"])
def test_a_device_is_found_by_its_name_or_title(given: str) -> None:
    assert hwnas.load_device(given).name == "edgegpu"


def test_part_of_a_title_is_suggested_and_not_taken() -> None:
    with pytest.raises(hwnas.HwnasError, match=r"Did you mean 'edgegpu' \(NVIDIA Jetson TX2\)\?"):
        hwnas.load_device("jetson_tx2")


def test_several_titles_that_hold_a_word_are_all_suggested() -> None:
    titles = {"gold_1": "Intel Xeon Gold 1", "gold_2": "Intel Xeon Gold 2", "a100": "NVIDIA A100"}
    assert meant("Xeon", titles, titles) == ["gold_1", "gold_2"]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("rea", ["regularized-evolution", "area"]),
        ("RE", ["regularized-evolution"]),
        ("ls", ["local-search"]),
        ("l", []),
    ],
)
def test_initials_suggest_a_name_of_several_words(given: str, names: list[str]) -> None:
    assert meant(given, ["area", "local-search", "regularized-evolution"]) == names


def test_an_exact_name_wins_over_all_that_fold_to_it() -> None:
    assert known_name("device", "my-board", ["my-board", "my_board"]) == "my-board"
    with pytest.raises(ConfigError, match=r"Device 'MyBoard' may be 'my-board' or 'my_board'\."):
        known_name("device", "MyBoard", ["my-board", "my_board"])


def test_a_name_that_is_no_text_is_told_as_such() -> None:
    with pytest.raises(ArgumentError, match=r"name of a device must be a text, such as 'a'; got 5"):
        known_name("device", 5, ["a", "b"])


def test_objectives_have_one_spelling() -> None:
    assert objective_name("Latency_MS@batch8:Table") == "latency@batch8:table"


def test_a_run_holds_canonical_names_alone(tmp_path: Path) -> None:
    run = hwnas.search(
        "NAS-Bench-201", dataset="CIFAR-100", objectives=["Params", "MACs"], algorithm="NSGA-2",
        source="Table", population=4, generations=1, out=tmp_path / "run",
    )  # fmt: skip
    found = {key: run.config[key] for key in ("space", "dataset", "algorithm", "source")}
    assert found == {
        "space": "nasbench201", "dataset": "cifar100", "algorithm": "nsga2", "source": "table"
    }  # fmt: skip
    assert run.config["objectives"] == ["params", "macs"]


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("Choose another --out.", "Choose another out=."),
        ("go on with --resume", "go on with resume=True"),
        ("Give one of: architectures, --sample N, --all.", "Give one of: architectures, sample=N, "
         "all=True."),
        ("such as --at-most latency_ms=20;", 'such as at_most={"latency_ms": 20};'),
        ("Run: hwnas tables import x --from DIR", "Run: hwnas tables import x --from DIR"),
        ("'--out' is no space", "'--out' is no space"),
    ],
)  # fmt: skip
def test_options_are_arguments_to_who_calls_a_function(typed: str, called: str) -> None:
    assert in_arguments(typed) == called
    error = ConfigError(typed)
    assert (error.typed, str(error)) == (typed, called)


def test_what_cannot_be_shown_is_escaped_and_what_is_long_is_cut() -> None:
    assert quoted("a\ud800\x1b[0m") == r"'a\ud800\x1b[0m'"
    assert len(shown("x" * 100_000)) < 80
    assert len(shown([list(range(1000))] * 1000)) < 100


def test_words_of_a_title_are_meant_from_their_beginning() -> None:
    titles = {"2080ti": "NVIDIA GeForce RTX 2080 Ti", "edgegpu": "NVIDIA Jetson TX2"}
    assert meant("tx2", titles, titles) == ["edgegpu"]
    assert meant("rtx 2080", titles, titles) == ["2080ti"]
