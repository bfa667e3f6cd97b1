"""Which runs are one setting under several seeds."""

from __future__ import annotations

from hwnas.report.settings import settings_of

ENDS = ("generations", "budget")


def _config(**changes: object) -> dict[str, object]:
    return {"algorithm": "nsga2", "population": 20, "budget": 50, "seed": 0, **changes}


def _found(*configs: dict[str, object]) -> dict[str, tuple[int, ...]]:
    return {each.label: each.runs for each in settings_of(configs, ENDS)}


def test_runs_that_differ_in_seed_and_end_alone_are_one_setting() -> None:
    assert _found(_config(), _config(seed=1), _config(budget=99)) == {"nsga2": (0, 1, 2)}


def test_settings_of_one_algorithm_are_told_apart_by_what_differs() -> None:
    found = _found(
        _config(),
        _config(algorithm="random", population=50),
        _config(warm_start="nwot:100"),
        _config(seed=4),
    )
    assert found == {
        "nsga2, no warm start": (0, 3),
        "random": (1,),
        "nsga2, warm start nwot:100": (2,),
    }


def test_a_run_of_no_known_algorithm_is_a_setting_too() -> None:
    assert _found({"seed": 0}) == {"unknown algorithm": (0,)}
