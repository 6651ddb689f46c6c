"""The official result: of the contest, and of the stations that the frame knows."""

import math
from hashlib import sha256
from pathlib import Path

import pytest

from estimation.contest import load_contest
from estimation.errors import FrameError
from estimation.evaluation import Official, read_official
from estimation.frame import load_frame


def read(folder: Path, where: str | None = None, path: Path | None = None) -> Official:
    contest = load_contest(folder)
    return read_official(contest, load_frame(contest, where), path)


def test_stations_that_the_frame_does_not_know_are_part_of_the_contest(by_hand) -> None:
    official = read(by_hand())
    assert (len(official.rows), official.outside, official.missing, official.blank) == (12, 1, 1, 0)
    # 1100 + 66 = 1166 of 2200 in the frame, and 300 of 400 outside it
    assert dict(zip(official.names, official.frame_truth, strict=True))["share:1"] == pytest.approx(1166 / 2200)
    truth = dict(zip(official.names, official.truth, strict=True))
    assert truth["share:1"] == pytest.approx(1466 / 2600)
    assert truth["lead"] == pytest.approx((1466 - 1134) / 2600)
    # stations 1 to 11 have 301 … 311 voters, 3366 in all; the one outside has none that is known
    assert truth["turnout"] == pytest.approx(2310 / 3366)
    assert truth["invalid"] == pytest.approx(120 / 2720)


def test_the_lead_is_of_the_official_first(by_hand) -> None:
    official = read(by_hand(official={f"{i:04d}": (90, 110) for i in range(1, 13)}))
    assert [candidate.number for candidate in official.pair] == [2, 1]
    assert dict(zip(official.names, official.truth, strict=True))["lead"] == pytest.approx(0.1)
    assert official.winner is not None
    assert official.winner.number == 2


@pytest.mark.parametrize(
    ("rule", "toml", "winner"),
    [("plurality", "", 1), ("majority-runoff", "", None), ("single-candidate", "", None)],
)
def test_who_won_goes_by_the_rule(by_hand, rule: str, toml: str, winner: int | None) -> None:
    votes = (45, 30, 25) if rule != "single-candidate" else (50, 50)
    official = read(by_hand(official={f"{i:04d}": votes for i in range(1, 13)}, sent={}, rule=rule))
    assert (official.winner.number if official.winner else None) == winner


def test_level_votes_have_no_winner(by_hand) -> None:
    assert read(by_hand(official={"0001": (50, 50)})).winner is None


def test_an_area_counts_its_own_stations_only(by_hand) -> None:
    official = read(by_hand(), where="district=A")
    assert (len(official.rows), official.missing, official.outside, official.unplaced) == (4, 0, 0, 1)
    assert official.truth[0] == pytest.approx((101 + 104 + 107 + 110) / 800)


def test_blank_votes_are_left_out_and_counted(by_hand) -> None:
    folder = by_hand()
    (folder / "official.csv").write_text(by_hand.header + by_hand.rows({"0001": (60, 40)}) + "0002,70,,0,70\n")
    official = read(folder)
    assert (len(official.rows), official.blank, official.missing) == (1, 1, 11)
    assert official.truth[0] == pytest.approx(0.6)


def test_a_total_stands_in_for_blank_invalid_votes(by_hand) -> None:
    folder = by_hand()
    (folder / "official.csv").write_text(by_hand.header + "0001,60,40,,120\n")
    official = read(folder)
    assert official.truth[3] == pytest.approx(120 / 301)
    assert math.isnan(official.truth[4])


def test_counts_beside_a_sample(by_hand) -> None:
    import numpy as np

    found = read(by_hand()).at(np.array([11, 1]), 12)
    assert found.seen.tolist() == [False, True]
    assert found.votes.tolist() == [[0.0, 0.0], [102.0, 98.0]]
    assert found.ballots.tolist()[1] == 210.0


@pytest.mark.parametrize(
    ("votes", "times", "message"),
    [
        ({"0001": (1, 2)}, 2, r"official.csv: 1 stations have several rows \(0001\): keep one of each"),
        ({"0001": (0, 0)}, 1, "none of its stations has a vote"),
        ({"7": (3, 4)}, 1, r"none of its stations is in the frame \(7 is not\): compare the codes"),
    ],
)
def test_what_can_not_be_used_says_why(by_hand, votes, times, message) -> None:
    folder = by_hand()
    (folder / "official.csv").write_text(by_hand.header + by_hand.rows(votes) * times)
    with pytest.raises(FrameError, match=message):
        read(folder)


def test_without_an_official_result_it_says_what_to_add(by_hand, tmp_path: Path) -> None:
    folder = by_hand()
    (folder / "official.csv").rename(tmp_path / "hasil.csv")
    with pytest.raises(
        FrameError, match=r"no official result to evaluate by: add official\.csv, or name one with --official"
    ):
        read(folder)
    found = read(folder, path=tmp_path / "hasil.csv")
    assert len(found.rows) == len(by_hand.official)
    assert found.sha256 == sha256((tmp_path / "hasil.csv").read_bytes()).hexdigest()
    with pytest.raises(FrameError, match=r"none\.csv: there is no such file: give the official result by station"):
        read(folder, path=tmp_path / "none.csv")
