"""Figures: bare, repeatable pictures."""

import re

import numpy as np
import pytest

from estimation.publish.figures import ShareRow, dot_and_interval, scatter_map

ROWS = [
    ShareRow("A–B", 52.3, 50.5, 54.1, "#1F5FA8", "52,3 %"),
    ShareRow("C & D", 47.7, 45.9, 49.5, "#B4501E", "47,7 %"),
]


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
    figure = dot_and_interval("one", [ShareRow("A", 100.0, 100.0, 100.0, "#000000", "100 %")], alt="", tick=str)
    assert "A  100 %" in figure.svg["wide"]


def test_a_map_is_as_wide_as_the_country_and_counts_its_dots() -> None:
    grid = np.stack(np.meshgrid(np.arange(0, 40.0, 2), np.arange(0, 20.0, 2)), axis=-1).reshape(-1, 2)
    points = np.vstack([grid, grid[:5], [[np.nan, np.nan]]])
    figure = scatter_map("m", points, np.arange(7), alt="", labels=("drawn", "all"), length=lambda v: f"{v:g} km")
    assert figure == scatter_map(
        "m", points, np.arange(7), alt="", labels=("drawn", "all"), length=lambda v: f"{v:g} km"
    )
    for svg in figure.svg.values():
        assert re.findall(r">(drawn|all|\d+ km)<", svg) == ["5 km", "drawn", "all"]
        assert len(re.findall(r"<use ", svg)) == 7 + 2  # the drawn ones, and the two of the legend
        path = max(re.findall(r' d="([^"]*)"', svg), key=len)
        assert path.count("M") == len(grid)  # stations at one place are one square
        ends = np.array(re.findall(r"M ([\d.]+) ([\d.]+)", path), dtype=float)
        assert np.ptp(ends[:, 0]) / np.ptp(ends[:, 1]) == pytest.approx(38 / 18, rel=0.01)  # to a pixel


@pytest.mark.slow
def test_a_map_of_many_stations_stays_small() -> None:
    points = np.random.default_rng(1).normal(size=(130_000, 2)) * (80, 60)
    figure = scatter_map("m", points, np.arange(300), alt="", labels=("a", "b"), length=str)
    assert max(map(len, figure.svg.values())) < 900_000
