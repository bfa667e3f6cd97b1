"""Print the modules of over 300 lines and the functions of over 40, docstrings aside: no gate."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_LONGEST_FILE = 300
_LONGEST_FUNCTION = 40


def _long_functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Name and number of lines, decorators and docstring aside, of the functions over the limit."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first, last = node.body[0], node.end_lineno or node.lineno
            n_lines = last - node.lineno + 1
            if ast.get_docstring(node) is not None:
                n_lines -= (first.end_lineno or first.lineno) - first.lineno + 1
            if n_lines > _LONGEST_FUNCTION:
                yield node.name, n_lines


def main() -> None:
    """Print one line a file or function."""
    for path in sorted((_ROOT / "hwnas").rglob("*.py")):
        text, name = path.read_text("utf-8"), path.relative_to(_ROOT)
        n_lines = len(text.splitlines())
        if n_lines > _LONGEST_FILE:
            print(f"{name}: {n_lines} lines")
        for function, n_lines in _long_functions(ast.parse(text)):
            print(f"{name}: {function} has {n_lines} lines")


if __name__ == "__main__":
    main()
