"""``hwnas devices show`` tells which tables know a device."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwnas.cli import main
from hwnas.tables import import_file

ARCH = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"


def shown(capsys: pytest.CaptureFixture[str], device: str) -> str:
    """What the command prints, without line breaks."""
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["devices", "show", device])
    return " ".join(capsys.readouterr().out.split())


def test_a_device_that_a_table_names_is_listed_and_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"arch,cifar10_myboard_latency_ms\n{ARCH},1.5\n")
    import_file("mine", path, "nasbench201")
    words = shown(capsys, "myboard")
    assert words.startswith("myboard (unknown) Source: table mine")
    assert "In table mine, on nasbench201 (cifar10): latency" in words
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["devices"])
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("myboard ")]
    assert row.split()[:5] == ["myboard", "myboard", "nasbench201", "(cifar10):", "latency"]


def test_a_device_without_a_predictor_is_told_of_its_table(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"arch,cifar10_myboard_latency_ms\n{ARCH},1.5\n")
    import_file("mine", path, "nasbench201")
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["predict", ARCH, "--device", "myboard", "--quantities", "latency"])
    assert capsys.readouterr().err == (
        "Error: Device 'myboard' has no predictor of latency for nasbench201 on cifar10; table "
        "'mine' has values, which --source=table looks up. Run: hwnas fit mine\n"
    )


def test_batches_of_a_gpu_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        "In table help-fbnet, on fbnet (cifar100): latency@batch1, latency@batch32, "
        "latency@batch64" in shown(capsys, "titanx")
    )


def test_quantities_of_several_data_sets_are_listed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (
        "In table hw-nas-bench-official-fbnet, on fbnet (cifar100, imagenet): latency, energy"
        in shown(capsys, "fpga")
    )
