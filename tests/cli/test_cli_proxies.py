"""The command ``hwnas proxies``."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hwnas.cli import main
from hwnas.spaces import load_space

pytest.importorskip("torch", reason="torch is not installed")

ARCH = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"
FAST = ["--option", "cells=1", "--batch-size", "8", "--workers", "1"]


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(["proxies", *words])
    assert isinstance(stop.value.code, int)
    return stop.value.code


def test_scores_are_printed_under_the_canonical_string(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ARCH, "--proxies", "nwot,params", *FAST) == 0
    out = capsys.readouterr().out
    assert "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|" in out
    assert "nwot" in out
    assert "synflow" not in out


def test_json_is_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ARCH, "--proxies", "nwot,macs", "--json", *FAST) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert set(record) == {"arch", "nwot", "macs", "reasons"}
    assert record["reasons"] == {}


def test_sample_goes_into_a_file_and_is_not_computed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scores.parquet"
    words = ["--sample", "3", "--proxies", "params,l2_norm", "--out", str(path), *FAST]
    assert run(*words) == 0
    assert "3 architectures scored" in capsys.readouterr().out
    first = path.read_bytes()
    assert pq.read_table(path).num_rows == 3
    assert run(*words) == 0
    assert path.read_bytes() == first


def test_a_file_with_unknown_values_says_so_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scores.parquet"
    words = ["--batch", "noise", "--proxies", "epe_nas,l2_norm", *FAST]
    assert run("--sample", "2", "--out", str(path), *words) == 0
    told = capsys.readouterr()
    assert "epe_nas is unknown for 2 of 2; no class has two images in" in told.err
    assert "l2_norm" not in told.err
    frame = pq.read_table(path).to_pandas()
    assert frame["epe_nas"].isna().all()
    assert "no class has two images" in frame.loc[0, "reasons"]
    assert run(ARCH, *words) == 0
    assert "unknown  no class has two images in the minibatch" in capsys.readouterr().out


def test_smaller_images_have_fewer_multiply_accumulates(
    capsys: pytest.CaptureFixture[str],
) -> None:
    space = load_space("mnasnet", resolution=32)
    arch = "-".join(["e1k3l1"] * 7)
    words = [arch, "--space", "mnasnet", "--option", "resolution=32", "--proxies", "macs,l2_norm"]
    assert run(*words, "--batch-size", "2", "--workers", "1", "--json") == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["macs"] == space.graph(space.parse(arch)).macs


def test_an_option_that_a_space_does_not_have_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for space, option, options in (
        ("fbnet", "resolution", "dataset"),
        ("nasbench201", "resolution", "dataset, channels, cells"),
        ("mnasnet", "cells", "dataset, resolution, activation"),
    ):
        assert run("--sample", "1", "--space", space, "--option", f"{option}=32") == 2
        assert capsys.readouterr().err == (
            f"Error: Search space '{space}' has no option '{option}'. Its options: {options}.\n"
        )


def test_one_of_the_three_ways_must_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], [ARCH, "--all"], ["--all", "--sample", "3"]):
        assert run(*words) == 2
        assert "Give one of: architectures, --sample N, --all." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--proxies", "synflo"], "Unknown proxy 'synflo'. Did you mean 'synflow'"),
        (["--batch", "nowhere.npz"], "nowhere.npz does not exist"),
        (["--option", "cells=0"], "cells of nasbench201 must be a whole number, at least 1; got 0"),
        (["--torch-device", "tpu"], "scored on cpu or cuda; got 'tpu'"),
        (["--workers", "0"], "at least 1 worker; got 0"),
    ],
)
def test_mistakes_are_told_in_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(ARCH, *words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
