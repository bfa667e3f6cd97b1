"""Listings: how objects print themselves, as text and in notebooks."""

from __future__ import annotations

from hwnas.core.display import LONGEST_CELL, Listing, cell, shortened


def test_numbers_stand_to_the_right_and_text_to_the_left() -> None:
    listing = Listing(["Two nets"], ["row", "ms", "arch"], [["1", "10.5", "a"], ["2", "7", "bb"]])
    assert listing.text().splitlines() == [
        "Two nets",
        "row    ms  arch",
        "  1  10.5  a",
        "  2     7  bb",
    ]


def test_listing_without_rows_is_its_lines() -> None:
    assert Listing(["One", "Two"], ["row"]).text() == "One\nTwo"
    assert Listing(["a < b"], ["row"]).html() == "<div>a &lt; b</div>"


def test_long_cells_are_cut_in_text_and_whole_in_html() -> None:
    listing = Listing(["Net"], ["arch"], [["x" * 100]])
    assert listing.text().splitlines()[-1] == "x" * (LONGEST_CELL - 3) + "..."
    assert "x" * 100 in listing.html()


def test_many_rows_are_the_first_and_the_last() -> None:
    rows = [[str(number), ""] for number in range(9)]
    assert [row[0] for row in shortened(rows, 4)] == ["0", "1", "...", "7", "8"]
    assert shortened(rows, 9) == rows


def test_cells_tell_counts_whole_and_other_numbers_to_four_digits() -> None:
    assert [cell(1073466), cell(93.4412), cell(None), cell(0.0001234)] == [
        "1,073,466", "93.44", "", "0.0001234"
    ]  # fmt: skip
