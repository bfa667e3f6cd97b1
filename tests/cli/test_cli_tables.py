"""``hwnas tables``, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hwnas.cli import main
from hwnas.tables import load_table

ARCH = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"


@pytest.fixture(autouse=True)
def _no_upstream(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns, without the published files in the environment."""
    monkeypatch.delenv("HWNAS_UPSTREAM", raising=False)
    monkeypatch.setenv("COLUMNS", "80")


class Terminal:
    """Types a command and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as leaving:
            main(["tables", *words])
        out, err = self._capsys.readouterr()
        assert isinstance(leaving.value.code, int)
        return leaving.value.code, out, err


@pytest.fixture
def type_(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(f"arch,cifar10_pi_latency_ms,day\n{ARCH},1.5,monday\n")
    return path


def test_list_tells_what_is_in_the_cache(type_: Terminal, own: Path) -> None:
    type_("import", "mine", "--from", str(own), "--space", "nasbench201")
    status, out, _ = type_("list")
    rows = {
        line.split()[0]: line.split()[1:4] for line in out.splitlines() if "nasbench201" in line
    }
    assert status == 0
    assert rows["mine"] == ["nasbench201", "1", "yes"]
    assert rows["hw-nas-bench"] == ["nasbench201", "15,625", "no"]
    assert rows["nb-suite-zero"] == ["nasbench201", "9,445", "no"]


def test_list_as_json_has_a_record_a_table(type_: Terminal, own: Path) -> None:
    type_("import", "mine", "--from", str(own), "--space", "nasbench201")
    records = {each["name"]: each for each in json.loads(type_("list", "--json")[1])}
    mine = records["mine"]
    assert (mine["space"], mine["n_rows"], mine["origin"]) == ("nasbench201", [1], "own")
    assert mine["is_here"]
    assert not records["hw-nas-bench"]["is_here"]


def test_import_of_an_own_file_says_what_was_left_out(type_: Terminal, own: Path) -> None:
    status, out, _ = type_("import", "mine", "--from", str(own), "--space", "nasbench201")
    assert status == 0
    assert "Imported mine: 1 rows, 1 columns." in out
    assert "Left out, not named by the rule: day." in out
    assert out.endswith("Next    hwnas fit mine\n")
    assert load_table("mine").archs == [ARCH]


def test_import_and_audit_say_which_rows_are_not_used(type_: Terminal, tmp_path: Path) -> None:
    rows = {
        ARCH: 1,
        # The same network with a dead operation.
        "|avg_pool_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|": 2,
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|": 3,
    }
    path = tmp_path / "mine.csv"
    lines = [f"{arch},{value}" for arch, value in rows.items()]
    path.write_text("\n".join(["arch,cifar10_pi_latency_ms", *lines]))
    for words in (
        ("import", "mine", "--from", str(path), "--space", "nasbench201"),
        ("audit", "mine"),
    ):
        text = " ".join(type_(*words)[1].split())
        assert "1 rows do not connect input to output: infeasible, not cheap" in text
        assert "1 rows are not used where classes are valued: pruned networks of their" in text


def test_import_records_the_options_of_the_space(type_: Terminal, own: Path) -> None:
    words = ("import", "thin", "--from", str(own), "--space", "nasbench201", "--option", "cells=1")
    assert type_(*words)[0] == 0
    assert "options of the space: channels=16, cells=1" in type_("show", "thin")[1]
    assert load_table("thin").options == {"channels": 16, "cells": 1}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("cells", "--option must have the form NAME=VALUE, as cells=5; got 'cells'."),
        ("cell=1", "Search space 'nasbench201' has no option 'cell'."),
    ],
)
def test_option_of_another_form_is_refused(
    type_: Terminal, own: Path, option: str, message: str
) -> None:
    status, _, err = type_(
        "import", "thin", "--from", str(own), "--space", "nasbench201", "--option", option
    )
    assert status == 2
    assert err.startswith(f"Error: {message}")


def test_import_of_an_own_file_needs_a_space(type_: Terminal, own: Path) -> None:
    status, out, err = type_("import", "mine", "--from", str(own))
    assert (status, out) == (2, "")
    assert err.startswith("Error: A table of your own must come with --from FILE and --space SPACE")
    assert "--space is missing" in err


def test_import_of_a_published_table_from_one_file_is_refused(type_: Terminal, own: Path) -> None:
    status, out, err = type_("import", "hw-nas-bench", "--from", str(own))
    assert (status, out) == (2, "")
    assert err.startswith(
        "Error: Table hw-nas-bench is made from published files: --from must be the folder that"
    )


def test_space_without_a_file_is_refused(type_: Terminal) -> None:
    status, _, err = type_("import", "mine", "--space", "nasbench201")
    assert status == 2
    assert "--from is missing" in err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["audit", "robustness"], "Table 'robustness' is not in the cache. Run: hwnas tables imp"),
        (["show", "robustnes"], "Unknown table 'robustnes'. Did you mean 'robustness'?"),
        (["import", "robustnes"], "Unknown table 'robustnes'. Did you mean 'robustness'?"),
        (["pull", "mine"], "Unknown table 'mine'."),
        (["import", "robustness"], "Run: hwnas tables pull robustness"),
    ],
)
def test_mistake_is_one_line_and_status_2(type_: Terminal, words: list[str], expected: str) -> None:
    status, out, err = type_(*words)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert expected in err


def test_audit_of_the_published_table_reads_well(type_: Terminal, upstream: Path) -> None:
    assert type_("import", "hw-nas-bench", "--from", str(upstream))[0] == 0
    status, out, _ = type_("audit", "hw-nas-bench")
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "341 rows do not connect input to output" in out
    assert "cifar10_edgetpu_latency_ms: -1 stood for not measured, now null (4,699 cells)" in out
    assert "cifar10_fpga_energy_mj = 7.000 x cifar10_fpga_latency_ms" in out
    assert "0.992  cifar10_edgegpu_latency_ms ~ cifar10_edgegpu_energy_mj" in out


def test_audit_tells_noise_of_repeats(type_: Terminal, upstream: Path) -> None:
    type_("import", "accel-nasbench", "--from", str(upstream))
    text = " ".join(type_("audit", "accel-nasbench")[1].split())
    assert "architectures that stood more than once are the mean of their values:" in text
    assert "imagenet_accuracy_pct@proxy: 13, which differ by 0.086 (median), 1.28 at most" in text
    assert "imagenet_published_params_m: 13" not in text


def test_audit_tells_what_was_looked_up_and_what_is_coarse(type_: Terminal, upstream: Path) -> None:
    type_("import", "help-fbnet", "--from", str(upstream))
    text = " ".join(type_("audit", "help-fbnet")[1].split())
    assert "cifar100_fpga_latency_ms: exactly a sum over genes: looked up by operator" in text
    assert "cifar100_samsung_s7_latency_ms: whole numbers only" in text
    assert text.count("exactly a sum over genes") == text.count("whole numbers only") == 4


def test_audit_as_json_is_for_machines(type_: Terminal, upstream: Path) -> None:
    type_("import", "robustness", "--from", str(upstream))
    status, out, _ = type_("audit", "robustness", "--json")
    found = json.loads(out)
    assert status == 0
    assert (found["n_rows"], found["n_disconnected"], found["n_classes"]) == (15_625, 341, 4929)


def test_show_tells_sources_and_licence(type_: Terminal, upstream: Path) -> None:
    type_("import", "nats-bench", "--from", str(upstream))
    status, out, _ = type_("show", "nats-bench")
    text = " ".join(out.split())
    assert status == 0
    assert f"sha256 {load_table('nats-bench').sha256}" in text
    assert "from v-tao/nats-bench-landscape, nats_bench.csv at b307ae5fe6" in text
    assert "licence: none stated (NATS-Bench itself: MIT)" in text


def test_show_lists_columns_with_units_and_nulls(type_: Terminal, upstream: Path) -> None:
    type_("import", "hw-nas-bench", "--from", str(upstream))
    status, out, _ = type_("show", "hw-nas-bench", "--columns")
    lines = [line.split() for line in out.splitlines()]
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    assert [
        "cifar10_edgetpu_latency_ms", "latency", "edgetpu", "ms", "4,699",
    ] in lines  # fmt: skip


def test_show_as_json_is_the_card(type_: Terminal, own: Path) -> None:
    type_("import", "mine", "--from", str(own), "--space", "nasbench201")
    card = json.loads(type_("show", "mine", "--json")[1])
    assert (card["schema"], card["name"], card["n_rows"]) == (3, "mine", 1)
    assert card["columns"][0]["target"]["quantity"] == "latency"


@pytest.mark.long
def test_all_imports_every_published_table(type_: Terminal, upstream: Path) -> None:
    status, out, _ = type_("import", "all", "--from", str(upstream))
    assert status == 0
    assert [line.split(":")[0] for line in out.splitlines() if line.startswith("Imported")] == [
        "Imported accel-nasbench",
        "Imported help-fbnet",
        "Imported help-nasbench201",
        "Imported hw-nas-bench",
        "Imported nas-bench-macro",
        "Imported nats-bench",
        "Imported nb-suite-zero",
        "Imported robustness",
    ]
