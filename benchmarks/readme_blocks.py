"""Makes the terminal sessions of the README again: ``python benchmarks/readme_blocks.py``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
WIDTH = 100
"""Columns of the terminal."""
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def session(block: str, folder: Path) -> str:
    """A block with what its commands print now.

    Args:
        block: Command lines, each after ``$``, and what was printed before.
        folder: Where they run, one after the other.
    """
    lines = []
    for line in block.splitlines():
        if line.startswith("$ "):
            lines += [line, *_printed(line.removeprefix("$ "), folder)]
    return "\n".join([*lines, ""])


def _printed(command: str, folder: Path) -> list[str]:
    scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env={**os.environ, "PATH": scripts, "COLUMNS": str(WIDTH)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return [line.rstrip() for line in done.stdout.splitlines()]


def main() -> None:
    """Write the README with its sessions as they are now."""
    text = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        text = _BLOCK.sub(lambda block: session(block[0], Path(name)), text)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
