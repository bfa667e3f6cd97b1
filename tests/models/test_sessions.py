"""Sessions of ONNX models: what opening one leaves behind and prints."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from hwnas.models.sessions import onnxruntime_library, open_session

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


def test_model_that_cannot_be_opened_is_not_tried_again_aloud(
    capfd: pytest.CaptureFixture[str],
) -> None:
    if '"enable_fallback"' not in inspect.getsource(
        onnxruntime_library().InferenceSession.__init__
    ):
        pytest.skip("this onnxruntime cannot be told not to try again")
    node = helper.make_node("NoSuch", ["x"], ["y"])
    values = [helper.make_tensor_value_info(each, TensorProto.FLOAT, [1]) for each in "xy"]
    graph = helper.make_graph([node], "made", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    # A complaint that is no text is an error of the kind after which it would.
    data = model.SerializeToString().replace(b"NoSuch", b"\xffoSuch")
    with pytest.raises(Exception, match="can't decode"):
        open_session(data)
    assert capfd.readouterr() == ("", "")
