"""The figures of the projection report: ladders, the course of the night, maps of areas."""

import re

import numpy as np
import pytest

from estimation.publish.figures import Figure, Ground, Rung, Spot, Track, convergence, ladder, symbol_map
from estimation.publish.figures.canvas import shortened
from estimation.publish.figures.convergence import apart

NAN = float("nan")
RUNGS = [
    Rung("A & <B>", 52.0, 50.0, 54.0, "52,0 %", "#1F5FA8", "s", strong=True),
    Rung("only a dot, and with a name that is far too long to be written here", 49.0, NAN, NAN, "49,0 %", apart=True),
]


def texts(svg: str) -> list[str]:
    return re.findall(r">([^<>]+)</text>", svg)


def stairs() -> Figure:
    return ladder("l", RUNGS, alt="a", tick=lambda v: f"{v:g}!", line=50.0, line_label="half", band=(50.0, 54.0))


def night(n: int = 4) -> Figure:
    hours = [15 + i / 4 for i in range(n)]
    tracks = [
        Track(name, color, marker, [v] * n, [v - 2] * n, [NAN if i == 1 else v + 2 for i in range(n)], f"{v} %")
        for name, color, marker, v in (("A", "#1F5FA8", "o", 52.0), ("B", "#B4501E", "s", 47.9))
    ]
    lead = Track("", "#1F5FA8", "o", [4.1] * n, [0.5] * n, [7.0] * n, "4,1")
    return convergence(
        "c", hours, tracks, lead, alt="a", ticks=(lambda v: f"{v:g}h", lambda v: f"{v:g}%", lambda v: f"{v:g}p"),
        titles=("Shares", "Lead"), line=50.0, line_label="half", tie_label="tie",
    )  # fmt: skip


def chart() -> Figure:
    spots = [
        Spot("UTARA", 0.0, 0.0, 1.0, "#1F5FA8", "o", sure=True),
        Spot("TIMUR & Co", 0.05, 0.0, 0.1, "#B4501E", "s", sure=False),
        Spot("BARAT", 40.0, 20.0, 0.5, "#B4501E", "s", sure=True),
    ]
    points = np.array([[0.0, 0.0], [40.0, 20.0], [NAN, NAN], [20.0, 10.0]])
    return symbol_map(
        "m", spots, Ground(points), alt="a", labels=[("A", "#1F5FA8", "o", True)], length=lambda v: f"{v:g} km"
    )


@pytest.mark.slow
@pytest.mark.parametrize("draw", [stairs, night, chart])
def test_the_same_data_give_the_same_picture_with_ids_of_their_own(draw) -> None:
    figure = draw()
    assert figure == draw()
    ids = re.findall(r' id="([^"]+)"', "".join(figure.svg.values()))
    assert ids
    assert len(ids) == len(set(ids))
    assert "http" not in "".join(figure.svg.values())


def test_a_ladder_names_its_rows_and_writes_their_values() -> None:
    wide, narrow = (texts(stairs().svg[kind]) for kind in ("wide", "narrow"))
    assert [text for text in wide if text[0] in "Aao45" and "!" not in text] == [
        "A &amp; &lt;B&gt;", "52,0 %", "only a dot, and with a name that…", "49,0 %",
    ]  # fmt: skip
    assert "only a dot, and with a name that is f…" in narrow
    assert " half " in wide


def test_ladders_can_share_their_scale() -> None:
    one, other = (
        ladder("l", [rung], alt="", tick=lambda v: f"{v:g}", reach=(40.0, 60.0)).svg["wide"] for rung in RUNGS
    )
    values = [[text for text in texts(svg) if text.isdigit()] for svg in (one, other)]
    assert values[0] == values[1] == ["40", "45", "50", "55", "60"]


def test_the_course_names_tracks_at_their_ends_or_above() -> None:
    wide, narrow = (texts(night().svg[kind]) for kind in ("wide", "narrow"))
    assert [text for text in wide if text in ("A", "B", "52.0 %", "47.9 %", "4,1")] == [
        "A",
        "52.0 %",
        "B",
        "47.9 %",
        "4,1",
    ]
    assert [text for text in narrow if text[:2] in ("A ", "B ")] == ["A 52.0 %", "B 47.9 %"]
    for said in (wide, narrow):
        assert {"Shares", "Lead", "- - half", "- - tie"} <= set(said)


@pytest.mark.slow
def test_a_crowd_of_takes_has_one_mark_at_its_end() -> None:
    few, many = (night(n).svg["narrow"].count("<use ") for n in (24, 25))
    assert few - many == 3 * 23


def test_labels_move_apart_as_little_as_can_be() -> None:
    assert apart([5.0, 1.0, 9.0], 1.0) == [5.0, 1.0, 9.0]
    assert apart([2.0, 2.0], 1.0) == [1.5, 2.5]
    assert apart([3.0, 2.9, 0.0], 1.0) == pytest.approx([3.45, 2.45, 0.0])
    assert apart([], 1.0) == []


def test_names_that_would_cover_each_other_are_left_to_the_table() -> None:
    said = texts(chart().svg["wide"])
    assert [text for text in said if text in ("UTARA", "TIMUR &amp; Co", "BARAT")] in (
        ["UTARA", "BARAT"],
        ["UTARA", "BARAT", "TIMUR &amp; Co"],
    )
    assert "10 km" in said
    assert "A" in said


def test_dollars_and_letters_that_no_font_here_has_stay_as_they_are() -> None:
    figure = ladder("l", [Rung("Gita 🎉 $x$ محمد", 1.0, 0.5, 1.5, "1")], alt="", tick=str)
    assert "Gita 🎉 $x$ محمد" in texts(figure.svg["wide"])


def test_what_is_cut_is_marked() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abc defg", 5) == "abc…"
