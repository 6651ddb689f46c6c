"""Counts: the returns that hold, laid beside the stations of the sample."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from estimation.contest import load_contest
from estimation.frame import load_frame
from estimation.returns import Counts, read_returns, resolve, tally

MakeContest = Callable[..., Path]
NAN = np.nan


def form(tps_id: str, *counts: int | None, **other: Any) -> dict[str, Any]:
    votes_1, votes_2, invalid, total = counts
    return {"tps_id": tps_id, "votes_1": votes_1, "votes_2": votes_2, "invalid": invalid, "total": total} | other


def counts(folder: Path, sample: list[int]) -> Counts:
    contest = load_contest(folder)
    frame = load_frame(contest)
    rows = np.array(sample, dtype=np.intp)
    return tally(contest, frame, resolve(contest, frame, read_returns(contest), rows), rows)


def test_counts_stand_in_the_order_of_the_sample(make_contest: MakeContest) -> None:
    returns = [form("0001", 100, 150, 10, 260), form("0003", 90, 110, 4, 204), form("0005", 1, 1, 1, 99)]
    seen = counts(make_contest(returns=returns), [4, 2, 7, 0])
    assert seen.votes.tolist() == [[0, 0], [90, 110], [0, 0], [100, 150]]
    assert seen.valid.tolist() == [0, 200, 0, 250]
    assert seen.seen.tolist() == [False, True, False, True]
    assert seen.kept_out.tolist() == [True, False, False, False]
    np.testing.assert_array_equal(seen.invalid, [NAN, 4, NAN, 10])
    np.testing.assert_array_equal(seen.ballots, [NAN, 204, NAN, 260])
    assert seen.registered.tolist() == [305, 303, 308, 301]


def test_ballots_where_something_is_blank(make_contest: MakeContest) -> None:
    returns = [
        form("0001", 100, 150, 10, None),
        form("0002", 100, 150, None, 255),
        form("0003", 100, 150, None, None),
        form("0004", 0, 250, 0, 250),
    ]
    seen = counts(make_contest(returns=returns), [0, 1, 2, 3])
    np.testing.assert_array_equal(seen.ballots, [260, 255, NAN, 250])
    np.testing.assert_array_equal(seen.invalid, [10, NAN, NAN, 0])
    assert seen.seen.all()


def test_a_blank_vote_keeps_the_station_out(make_contest: MakeContest) -> None:
    seen = counts(make_contest(returns=[form("0001", None, 150, 10, 260)]), [0])
    assert (seen.seen.tolist(), seen.kept_out.tolist(), seen.votes.tolist()) == ([False], [True], [[0, 0]])


def test_an_unknown_roll_is_not_taken_from_the_form(make_contest: MakeContest) -> None:
    row = {
        "tps_id": "1",
        "province": "P",
        "regency": "R",
        "district": "D",
        "village": "V",
        "tps": "1",
        "registered": None,
    }
    seen = counts(make_contest(stations=[row], returns=[form("1", 100, 150, 10, 260, registered=300)]), [0])
    assert seen.seen.tolist() == [True]
    np.testing.assert_array_equal(seen.registered, [NAN])


def test_an_empty_inbox(make_contest: MakeContest) -> None:
    seen = counts(make_contest(), [0, 1])
    assert (seen.votes.shape, seen.seen.any(), seen.kept_out.any()) == ((2, 2), False, False)
    assert np.isnan(seen.ballots).all()


def test_candidates_stand_in_the_order_of_the_contest(make_contest: MakeContest) -> None:
    folder = make_contest(candidates=3, returns=[form("0001", 1, 2, 0, 6, votes_3=3)])
    path = folder / "contest.toml"
    path.write_text(
        path.read_text()
        .replace("number = 1\n", "number = 0\n")
        .replace("number = 3\n", "number = 1\n")
        .replace("number = 0\n", "number = 3\n")
    )
    assert counts(folder, [0]).votes.tolist() == [[3, 2, 1]]
