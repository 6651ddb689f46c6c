"""Candidates' colours: seen on the page, and told apart."""

from itertools import combinations

import pytest

from estimation.contest import Candidate
from estimation.publish.colors import (
    APART,
    CONTRAST,
    PALETTE,
    PAPERS,
    colors_of,
    contrast,
    darker,
    distance,
    text_on,
    visible,
)


def candidates(*colors: str | None) -> tuple[Candidate, ...]:
    return tuple(Candidate(i, f"c{i}", color=color) for i, color in enumerate(colors, 1))


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)
    assert contrast("#ff0000", "#ffffff") == pytest.approx(3.998, abs=1e-3)


def test_who_sees_no_red_takes_red_and_green_for_each_other() -> None:
    assert distance("#cc3333", "#cc3333") == 0
    red, green, blue = "#a05000", "#5d7300", "#0050a0"
    assert distance(red, green) < APART < distance(red, blue)


@pytest.mark.parametrize("color", ["#FFD700", "#FFFFFF", "#00FF00", "#00FFFF", "#1F5FA8", "#000000"])
def test_a_colour_is_dark_enough_for_the_page_and_keeps_its_hue(color: str) -> None:
    seen = visible(color)
    assert min(contrast(seen, paper) for paper in PAPERS) >= CONTRAST
    assert max(contrast(seen, paper) for paper in PAPERS) <= max(3.3, contrast(color, "#ffffff") + 1e-9)
    if contrast(color, PAPERS[0]) >= CONTRAST:
        assert seen == color


def test_letters_on_a_colour_can_be_read() -> None:
    for color in (*PALETTE, "#ffd700", "#aa8f00"):
        assert contrast(text_on(color), color) >= 4.5


@pytest.mark.parametrize(
    "colors",
    [(None, None), (None,) * 9, ("#FFD700", "#FF0000", "#00FF00", "#FF0101"), ("#FF0000", "#FF0000")],
    ids=["two", "nine", "parties", "the same"],
)
def test_no_two_candidates_are_alike_to_any_reader(colors: tuple[str | None, ...]) -> None:
    found = colors_of(candidates(*colors))
    assert all(contrast(color, paper) >= CONTRAST for color in found for paper in PAPERS)
    assert min(distance(a, b) for a, b in combinations(found, 2)) >= APART


def test_a_colour_that_can_stay_stays() -> None:
    assert colors_of(candidates("#1F5FA8", "#B4501E")) == ("#1F5FA8", "#B4501E")


def test_darker_scales_light() -> None:
    assert darker("#808080", 1.0) == "#808080"
    assert darker("#ffffff", 0.0) == "#000000"
    assert darker("#ffffff", 0.5) == "#bcbcbc"
