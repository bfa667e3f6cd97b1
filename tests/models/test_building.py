from __future__ import annotations

import pytest

from hwnas.models.building import build_model
from hwnas.spaces import load_space

torch = pytest.importorskip("torch")

_SPACE = load_space("nasbench201", channels=2, cells=1)
_ARCH = _SPACE.all_genotypes()[7]


def _weights(seed: int) -> list:
    return list(build_model(_SPACE, _SPACE.architecture(_ARCH), seed).state_dict().values())


def test_one_seed_makes_one_model_whatever_ran_before() -> None:
    first = _weights(3)
    torch.rand(5)
    assert all(map(torch.equal, first, _weights(3)))


def test_another_seed_makes_other_weights() -> None:
    assert not all(map(torch.equal, _weights(3), _weights(4)))


def test_building_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    _weights(3)
    assert torch.equal(torch.get_rng_state(), before)


def test_fresh_model_is_ready_to_train() -> None:
    assert build_model(_SPACE, _SPACE.architecture(_ARCH)).training
