"""Print the one-line ```bash block of the README that holds a word; fail where there is not one."""

from __future__ import annotations

import re
import sys
from pathlib import Path

_README = Path(__file__).resolve().parents[1] / "README.md"
_BLOCK = re.compile(r"^```bash\n([^\n]+)\n```$", re.MULTILINE)


def main(word: str) -> None:
    """Print the command that holds ``word``."""
    commands = [line for line in _BLOCK.findall(_README.read_text("utf-8")) if word in line]
    if len(commands) != 1:
        sys.exit(
            f"README.md must have one ```bash block of a single line with '{word}'; "
            f"found {len(commands)}."
        )
    print(commands[0])


if __name__ == "__main__":
    main(sys.argv[1])
