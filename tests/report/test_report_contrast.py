"""Colours of the page, light and dark, are far enough apart: WCAG 2.2, 1.4.3 and 1.4.11."""

from __future__ import annotations

import re
from importlib import resources

import pytest

_STYLE = resources.files("hwnas.report").joinpath("page", "report.css").read_text("utf-8")
_ROOTS = re.findall(r":root \{(.*?)\}", _STYLE, re.DOTALL)
_COLOUR = re.compile(r"--([a-z0-9-]+): (#[0-9a-f]{6});")
LIGHT = dict(_COLOUR.findall(_ROOTS[0]))
SCHEMES = {"light": LIGHT, "dark": LIGHT | dict(_COLOUR.findall(_ROOTS[1]))}

TEXT, GRAPHIC = 4.5, 3.0
PAIRS = [
    ("text", "surface", TEXT),
    ("text", "page", TEXT),
    ("text", "note", TEXT),
    ("text", "accent-soft", TEXT),
    ("muted", "surface", TEXT),
    ("muted", "page", TEXT),
    ("muted", "accent-soft", TEXT),
    ("accent", "surface", TEXT),
    ("wrong", "surface", TEXT),
    ("edge", "surface", GRAPHIC),
    ("side-one", "surface", GRAPHIC),
    ("side-other", "surface", GRAPHIC),
    *((f"curve-{number}", "surface", GRAPHIC) for number in range(1, 7)),
]


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_contrast(scheme: str, front: str, back: str, least: float) -> None:
    darker, lighter = sorted(luminance(SCHEMES[scheme][name]) for name in (front, back))
    assert (lighter + 0.05) / (darker + 0.05) >= least
