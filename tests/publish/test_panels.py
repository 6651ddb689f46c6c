"""Panels: one series each, all on the same scale."""

import re

import pytest

from estimation.publish.figures import Figure, Panel, panels

NAN = float("nan")
SERIES = [
    Panel("one", "#1F5FA8", [90.0, 97.0], [80.0, 92.0], [95.0, 99.0], ["90", "97"]),
    Panel("A & B", "#B4501E", [NAN, 95.0], [NAN, 91.0], [NAN, 98.0], ["–", "95,0"]),
    Panel("three", "#2E7D4F", [85.0, 95.0]),
]


def drawn() -> Figure:
    band = ([90.0, 91.0], [98.0, 99.0])
    return panels(
        "p",
        ["early", "late"],
        SERIES,
        alt="a",
        tick=lambda v: f"{v:g}!",
        axis="when",
        target=95.0,
        band=band,
        behind=True,
    )


def test_the_same_data_give_the_same_picture() -> None:
    assert drawn() == drawn()


@pytest.mark.parametrize("kind", ["wide", "narrow"])
def test_every_panel_has_its_name_slots_and_target(kind: str) -> None:
    svg = drawn().svg[kind]
    said = re.findall(r">([^<>]+)</text>", svg)
    assert [text for text in said if text in ("one", "A &amp; B", "three")] == ["one", "A &amp; B", "three"]
    assert said.count("early") == said.count("late") == said.count("95!") == 3
    assert said.count("when") == 1
    assert "http" not in svg


def test_what_is_not_there_is_not_written() -> None:
    said = re.findall(r">([^<>]+)</text>", drawn().svg["wide"])
    assert "95,0" in said
    assert "–" not in said


def test_ids_are_unique_over_both_widths() -> None:
    ids = re.findall(r' id="([^"]+)"', "".join(drawn().svg.values()))
    assert ids
    assert len(ids) == len(set(ids))


def test_nothing_at_all_is_drawn_without_an_error() -> None:
    figure = panels("n", ["early"], [Panel("one", "#1F5FA8", [NAN])], alt="", tick=str, axis="when")
    assert ">one<" in figure.svg["narrow"]
