"""Print the oldest release that pyproject.toml allows of every dependency, as pip constraints."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)")


def oldest(requirement: str) -> str:
    """``name==lower bound`` of ``name>=lower bound``; any other form ends the program."""
    match = _REQUIREMENT.fullmatch(requirement)
    if match is None:
        sys.exit(f"A requirement must have the form 'numpy>=1.26'; got '{requirement}'.")
    return f"{match[1]}=={match[2]}"


def main() -> None:
    """Print one constraint a line."""
    project = tomllib.loads(_PROJECT.read_text("utf-8"))["project"]
    for requirement in project["dependencies"]:
        print(oldest(requirement))


if __name__ == "__main__":
    main()
