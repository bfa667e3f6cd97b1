"""Print the scripts of all pages as one, each after those that it uses; the linter reads that."""

from __future__ import annotations

from pathlib import Path

from hwnas.report import comparison_page, curves_page, render

_PAGE = Path(render.__file__).parent / "page"


def main() -> None:
    """Print them, or stop where a script is on no page."""
    names = list(dict.fromkeys([*render.SCRIPTS, *comparison_page.SCRIPTS, *curves_page.SCRIPTS]))
    idle = {path.stem for path in _PAGE.glob("*.js")} - set(names)
    if idle:
        raise SystemExit(f"{', '.join(sorted(idle))}: no page has these scripts")
    for name in names:
        print((_PAGE / f"{name}.js").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
