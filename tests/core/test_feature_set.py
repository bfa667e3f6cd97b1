"""The table of feature sets is whole, whoever asks first."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hwnas.core.feature_set import FEATURE_SETS, feature_set
from hwnas.errors import ConfigError


@pytest.mark.parametrize("name", ["proxies", "graph"])
def test_a_set_is_known_in_a_fresh_interpreter(name: str) -> None:
    program = (
        "from hwnas.features import feature_names\n"
        "from hwnas.spaces import load_space\n"
        f"print(len(feature_names(load_space('nasbench201'), ('{name}',))))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 10


def test_sets_of_genes_graphs_and_proxies_are_in_one_table() -> None:
    assert {"one_hot", "operators", "relative", "paths", "proxies"} <= {*FEATURE_SETS}


def test_a_name_taken_twice_is_refused() -> None:
    register = feature_set(next(iter(FEATURE_SETS)), lambda _: [])
    with pytest.raises(ConfigError, match="feature set 'counts' is registered twice"):
        register(lambda _, genotypes: genotypes)
