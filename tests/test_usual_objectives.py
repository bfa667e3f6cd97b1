"""What a search and a prediction have where no objective is named: what is known, and no more."""

from __future__ import annotations

import pytest

from hwnas import api
from hwnas.api._objectives import usual_objectives
from hwnas.api._request import known_usual
from hwnas.core.quantity import DEFAULT_OBJECTIVES, QUANTITIES
from hwnas.errors import HwnasError
from hwnas.objectives import NothingKnownError
from hwnas.spaces import SPACES, load_space

Place = tuple[str, str, str]
KNOWN = api.searchable(map(api.load_device, api.device_names()))


def _places() -> list[Place]:
    """Every space, data set and device."""
    return [
        (space, dataset, device)
        for space in SPACES
        for dataset in SPACES[space].datasets
        for device in KNOWN
    ]


def _marks(place: Place) -> dict[str, str]:
    found = KNOWN[place[2]]
    return {each.quantity: each.how for each in found if (each.space, each.dataset) == place[:2]}


def _one_of_a_kind() -> list[Place]:
    """Of devices of which the same is known in the same way, one."""
    return list(
        {(*place[:2], *sorted(_marks(place).items())): place for place in _places()}.values()
    )


def _check(place: Place, source: str) -> None:
    space, (name, dataset, device) = load_space(place[0], dataset=place[1]), place
    taken = {"predictor": ("predicted", "extrapolated"), "table": ("table only",)}[source]
    loaded = api.load_device(device)
    listed = {quantity for quantity, how in _marks(place).items() if how in taken}
    refused: HwnasError | None = None
    try:
        known, unknown = known_usual(space, loaded, source, None, None)
    except HwnasError as error:
        refused = error
    if isinstance(refused, NothingKnownError):
        assert f"is known for {name} on {dataset}" in str(refused)
        return
    if refused is not None:
        # A published table that is not here; there is a command that brings it.
        assert source == "table"
        assert "Run: hwnas tables import" in str(refused)
        return
    assert len(known) >= 2
    assert {*known, *unknown} >= {*DEFAULT_OBJECTIVES}
    assert not {*known} & {*unknown}
    usual = {*DEFAULT_OBJECTIVES}
    of_device = {each for each in known if QUANTITIES[each].per_device}
    if listed & usual:
        assert of_device >= listed & usual
    if source == "predictor":
        assert of_device <= listed
        assert set(usual_objectives(space, loaded, as_given=True)) == {*known}


@pytest.mark.parametrize("place", _one_of_a_kind(), ids="-".join)
def test_a_search_has_what_is_predicted_here(place: Place) -> None:
    _check(place, "predictor")


@pytest.mark.long
@pytest.mark.parametrize("source", ["predictor", "table"])
@pytest.mark.parametrize("place", _places(), ids="-".join)
def test_a_search_has_what_is_known_everywhere(place: Place, source: str) -> None:
    _check(place, source)


@pytest.mark.parametrize("device", ["raspi4", "edgetpu"])
@pytest.mark.parametrize("dataset", ["cifar10", "imagenet16-120"])
def test_energy_and_robustness_may_be_unknown(device: str, dataset: str) -> None:
    space = load_space("nasbench201", dataset=dataset)
    known, unknown = known_usual(space, api.load_device(device), "predictor", None, None)
    assert {"accuracy", "latency"} <= {*known}
    assert "energy" in unknown


def test_throughput_takes_the_place_of_latency_where_it_is_all_that_is_known() -> None:
    space = load_space("mnasnet")
    known, _ = known_usual(space, api.load_device("a100"), "predictor", None, None)
    assert known == ["accuracy", "robustness", "throughput"]


def test_too_little_is_told_with_what_to_do() -> None:
    space = load_space("nasbench201", dataset="cifar100")
    with pytest.raises(NothingKnownError, match=r"only accuracy is known .*accuracy,params,macs"):
        known_usual(space, api.load_device("2080ti"), "predictor", None, None)
