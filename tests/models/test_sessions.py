"""Sessions of ONNX models: what opening one leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PREDICT = """
import hwnas
arch = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
print(hwnas.predict("nasbench201", [arch], device="edgegpu").latency_ms.iloc[0] > 0)
"""


def test_predicting_writes_nothing_to_the_home_folder(tmp_path: Path) -> None:
    kept = {
        name: text for name, text in os.environ.items() if not name.startswith(("XDG_", "ORT_"))
    }
    found = subprocess.run(
        [sys.executable, "-c", PREDICT],
        env={**kept, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (found.stdout, found.stderr) == ("True\n", "")
    assert list(tmp_path.iterdir()) == []
