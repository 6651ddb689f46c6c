"""A source that numbers its revisions, and the canonical text of a return."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.frame import load_frame
from estimation.returns import read_returns, resolve
from estimation.returns.content import canonical_rows, restore, utc_texts

MakeContest = Callable[..., Path]
Row = dict[str, Any]


def form(clock: str = "16:00", a: int = 100, **other: Any) -> Row:
    row = {"tps_id": "0001", "received_at": f"2024-11-27T{clock}:00+07:00", "votes_1": a, "votes_2": 150}
    row |= {"invalid": 10, "total": a + 160, "source": "kobo", "submission": "u-1", "revision": 1}
    return row | other


@pytest.fixture
def held(make_contest: MakeContest) -> Callable[..., dict[int, int | None]]:
    """Settle rows of a small contest: votes by row of the frame, None where no return is used."""

    def run(rows: list[Row]) -> dict[int, int | None]:
        contest = load_contest(make_contest(returns=rows))
        frame = load_frame(contest)
        table = resolve(contest, frame, read_returns(contest), np.arange(len(frame))).table
        values = zip(table["row"], table["votes_1"], table["usable"], strict=True)
        return {int(row): int(votes) if usable else None for row, votes, usable in values}

    return run


@pytest.mark.parametrize(
    ("rows", "votes"),
    [
        ([form(revision=2, a=110), form()], {0: 110}),
        ([form(), form(revision=2, a=110)], {0: 110}),
        ([form("17:00"), form("16:00", revision=2, a=110)], {0: 110}),
        ([form(revision=10, a=110), form(revision=9, a=90)], {0: 110}),
        ([form(revision=None), form(a=110)], {0: 110}),
        ([form(), form(revision=2, total=999)], {0: None}),
        ([form(total=999), form(revision=2, a=110)], {0: 110}),
        ([form(), form("17:00", submission="u-2", a=110)], {0: 110}),
        ([form(), form(source="app", revision=2, a=110)], {0: None}),
        ([form(tps_id="0002"), form(revision=2)], {0: 100}),
        ([form(submission=None, revision=None), form("15:00", submission=None, revision=2, a=110)], {0: 100}),
    ],
)
def test_of_one_submission_the_highest_revision_holds(
    held: Callable[..., dict[int, int | None]], rows: list[Row], votes: dict[int, int | None]
) -> None:
    assert held(rows) == votes


def test_canonical_text_by_hand() -> None:
    table = pd.DataFrame(
        {
            "votes_1": [3.0, np.nan],
            "tps_id": pd.Series(["01", 'a"\\\n'], dtype="str"),
            "received_at": pd.to_datetime(["2024-11-27T09:00:00Z", None], utc=True),
            "unreadable": [False, True],
            "file": "a.csv",
            "line": [2, 3],
            "edition": [0, 7],
        }
    )
    assert canonical_rows(table) == [
        '{"received_at":"2024-11-27T09:00:00.000000Z","tps_id":"01","votes_1":3}',
        '{"tps_id":"a\\"\\\\\\n","unreadable":true}',
    ]
    assert canonical_rows(table[["unreadable", "tps_id", "received_at", "votes_1"]]) == canonical_rows(table)
    assert canonical_rows(table.assign(invalid=np.nan, source=pd.Series([None, None], dtype="str"))) == canonical_rows(
        table
    )
    assert canonical_rows(table.assign(votes_1=[2.5, 1e15])) == [
        '{"received_at":"2024-11-27T09:00:00.000000Z","tps_id":"01","votes_1":2.5}',
        '{"tps_id":"a\\"\\\\\\n","unreadable":true,"votes_1":1000000000000000}',
    ]
    assert canonical_rows(table.head(0)) == []


def test_restored_from_text() -> None:
    texts = ['{"received_at":"2024-11-27T09:00:00.000001Z","tps_id":"2024-11-27","votes_1":3}', '{"unreadable":true}']
    table = restore(texts, ("votes_1", "total"), ("tps_id",))
    assert table["tps_id"].tolist()[0] == "2024-11-27"
    assert table["tps_id"].isna().tolist() == [False, True]
    np.testing.assert_array_equal(table["votes_1"], [3, np.nan])
    np.testing.assert_array_equal(table["total"], [np.nan, np.nan])
    assert table["unreadable"].tolist() == [False, True]
    assert utc_texts(table["received_at"]) == ["2024-11-27T09:00:00.000001Z", ""]
