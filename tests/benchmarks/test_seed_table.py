"""The field's comparison: what is evaluated, picked and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from _sections_field import seed_table
from seed_table import ROWS, Accuracies, evaluated, optimal, picked

from hwnas.algorithms import ALGORITHMS
from hwnas.core.forms import Forms
from hwnas.core.space import SearchSpace

if TYPE_CHECKING:
    from tests.conftest import Published

BY_TITLE = {row.title: row for row in ROWS}


@pytest.fixture(scope="module")
def known(everything_published: Published, nasbench201: SearchSpace) -> Accuracies:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HWNAS_CACHE", str(everything_published.cache))
        return Accuracies(nasbench201)


@pytest.mark.parametrize(
    "title", ["RS", "REA", "REINFORCE", "AREA", "NASWOT, N = 10", "NASWOT, N = 100"]
)
def test_a_strategy_evaluates_each_class_once_and_as_many_as_its_row_says(
    nasbench201: SearchSpace, known: Accuracies, title: str
) -> None:
    row = BY_TITLE[title]
    found = evaluated(nasbench201, known, row, 0, Forms(nasbench201)).tolist()
    assert len(found) == len(set(found)) == row.budget


def test_the_best_by_validation_is_picked(nasbench201: SearchSpace, known: Accuracies) -> None:
    row, forms = BY_TITLE["REA"], Forms(nasbench201)
    told = picked(nasbench201, known, row, range(2), forms)
    best = [
        max(known.validation[evaluated(nasbench201, known, row, seed, forms)]) for seed in range(2)
    ]
    assert told["validation_pct"][0] == pytest.approx(np.mean(best))
    assert told["validation_pct"][1] == pytest.approx(np.std(best, ddof=1))


def test_best_of_random_cells_is_as_published(nasbench201: SearchSpace, known: Accuracies) -> None:
    # Mellor et al. 2021, Table 2: 93.06 and 93.84 on CIFAR-10 test, single trainings.
    for n_cells, published in ((10, 93.06), (100, 93.84)):
        (mean, _), *_ = optimal(nasbench201, known, n_cells, range(100))["test_pct"]
        assert mean == pytest.approx(published, abs=0.1)


def test_every_strategy_of_the_table_is_ours_or_has_none() -> None:
    names = {row.algorithm for row in ROWS} - {None}
    assert names <= set(ALGORITHMS)


def test_section_sets_ours_beside_what_was_published() -> None:
    rows = [
        {
            "title": "NASWOT", "note": "", "published_pct": (92.44,),
            "published_deviations": (1.13,),
            "ours": {
                "n_seeds": 3, "evaluated": 1.0, "validation_pct": [90.0, 1.0],
                "test_pct": [[93.0, 0.5]],
            },
        },
        {
            "title": "BOHB", "note": "none", "published_pct": (93.61,),
            "published_deviations": None, "ours": None,
        },
    ]  # fmt: skip
    record = {"budget": 100, "population": 10, "data_sets": ["cifar10"], "rows": rows}
    told = seed_table(record)
    assert "| NASWOT | 3 | 1 | 90.00 ± 1.00 | 93.00 ± 0.50 | 92.44 ± 1.13 |  |" in told
    assert "| BOHB | - | - | - | - | 93.61 | none |" in told
