"""Figures: bare, repeatable pictures."""

import re

import pytest

from estimation.publish.figures import Row, dot_and_interval

ROWS = [Row("A–B", 52.3, 50.5, 54.1, "#1F5FA8", "52,3 %"), Row("C & D", 47.7, 45.9, 49.5, "#B4501E", "47,7 %")]


@pytest.fixture
def figure() -> "dot_and_interval":  # type: ignore[valid-type]
    return dot_and_interval("shares", ROWS, alt="A leads.", tick=lambda v: f"{v:g} %", line=50.0, line_label="half")


def test_the_same_data_give_the_same_picture(figure) -> None:
    again = dot_and_interval("shares", ROWS, alt="A leads.", tick=lambda v: f"{v:g} %", line=50.0, line_label="half")
    assert figure == again


@pytest.mark.parametrize("kind", ["wide", "narrow"])
def test_a_picture_has_no_address_and_says_its_labels(figure, kind: str) -> None:
    svg = figure.svg[kind]
    assert "http" not in svg
    assert re.findall(r">(A–B[^<]*|C &amp; D[^<]*|50 %| half )<", svg) == [
        "50 %",
        " half ",
        "A–B  52,3 %",
        "C &amp; D  47,7 %",
    ]


def test_ids_are_unique_over_both_widths(figure) -> None:
    ids = re.findall(r' id="([^"]+)"', figure.svg["wide"] + figure.svg["narrow"])
    assert ids
    assert len(ids) == len(set(ids))


def test_one_dot_without_width_is_drawn() -> None:
    figure = dot_and_interval("one", [Row("A", 100.0, 100.0, 100.0, "#000000", "100 %")], alt="", tick=str)
    assert "A  100 %" in figure.svg["wide"]
