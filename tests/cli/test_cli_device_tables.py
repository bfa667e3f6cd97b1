"""``hwnas devices show`` tells which tables know a device."""

from __future__ import annotations

import pytest

from hwnas.cli import main


def shown(capsys: pytest.CaptureFixture[str], device: str) -> str:
    """What the command prints, without line breaks."""
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["devices", "show", device])
    return " ".join(capsys.readouterr().out.split())


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
