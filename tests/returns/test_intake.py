"""The inbox: every file is read, a bad one is listed and the others are used."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.checks import COUNTS
from estimation.contest import load_contest
from estimation.errors import ReturnsError
from estimation.frame import load_frame
from estimation.returns import Intake, read_returns, resolve

MakeContest = Callable[..., Path]

HEADER = "tps_id,received_at,votes_1,votes_2,invalid,total\n"
GOOD = HEADER + "0001,2024-11-27T16:00:00+07:00,120,170,10,300\n"
OTHER = HEADER + "0002,2024-11-27T16:10:00+07:00,20,70,1,91\n"
NAIVE = HEADER + "0003,2024-11-27T16:10:00,20,70,1,91\n"


def intake(folder: Path) -> Intake:
    return read_returns(load_contest(folder))


def test_every_file_in_the_order_of_its_name(make_contest: MakeContest) -> None:
    read = intake(make_contest(returns={"b.csv": GOOD, "a.csv": OTHER}))
    assert read.table[["tps_id", "file", "line"]].to_numpy().tolist() == [["0002", "a.csv", 2], ["0001", "b.csv", 2]]
    assert (len(read.findings), read.table.index.tolist()) == (0, [0, 1])


def test_files_with_other_columns_stand_together(make_contest: MakeContest) -> None:
    text = "kode_tps,suara_1,suara_2,suara_tidak_sah,jumlah_suara,dpt\n0003,1,2,0,3,303\n"
    read = intake(make_contest(returns={"a.csv": GOOD, "b.csv": text}))
    np.testing.assert_array_equal(read.table["registered"], [np.nan, 303])
    assert read.table["received_at"].isna().tolist() == [False, True]


def test_one_file_may_be_named(make_contest: MakeContest) -> None:
    folder = make_contest(returns={"a.csv": GOOD, "b.csv": OTHER})
    read = read_returns(load_contest(folder), folder / "inbox" / "b.csv")
    assert read.table["tps_id"].tolist() == ["0002"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.csv", "", "the file is empty"),
        ("bad.csv", "tps_id,votes_1\n1,2\n", "column 'votes_2' (is it 'votes_1'?), 'invalid', 'total' is missing"),
        ("bad.csv", NAIVE, "line 2: '2024-11-27T16:10:00' has no UTC offset"),
        ("bad.csv", GOOD.replace("invalid", "total"), "column 'total' stands there twice"),
        ("foto.jpg", "JFIF", "a file of kind '.jpg' can't be read here: save it as CSV"),
        ("bad.parquet", "PAR?", "this is not a Parquet file that can be read"),
    ],
)
def test_a_bad_file_is_listed_and_the_others_are_used(
    make_contest: MakeContest, name: str, content: str, message: str
) -> None:
    read = intake(make_contest(returns={"a.csv": GOOD, name: content, "z.csv": OTHER}))
    assert read.table["tps_id"].tolist() == ["0001", "0002"]
    assert read.findings.table[["code", "file", "line"]].to_numpy().tolist() == [["E214", name, 0]]
    assert message in read.findings.table["value"].iloc[0]


def test_a_bad_file_is_still_listed_when_it_is_settled_what_holds(make_contest: MakeContest) -> None:
    folder = make_contest(returns={"a.csv": GOOD, "b.csv": ""})
    contest = load_contest(folder)
    frame = load_frame(contest)
    settled = resolve(contest, frame, read_returns(contest), np.arange(len(frame)))
    assert settled.findings.errors.counts() == {"E214": 1}
    assert settled.table["usable"].tolist() == [True]


def test_text_in_no_encoding(make_contest: MakeContest) -> None:
    folder = make_contest(returns={"a.csv": GOOD})
    (folder / "inbox" / "b.csv").write_bytes(OTHER.replace("0002", "caf\x81").encode("latin-1"))
    read = intake(folder)
    assert read.findings.counts() == {"E214": 1}
    assert "line 2: the text is not UTF-8: save the file as 'CSV UTF-8'" in read.findings.table["value"].iloc[0]


def test_when_all_files_are_bad_it_stops_and_says_why_for_each(make_contest: MakeContest) -> None:
    folder = make_contest(returns={"a.csv": "", "b.txt": "x"})
    with pytest.raises(ReturnsError) as told:
        intake(folder)
    first, second = str(told.value).splitlines()
    assert "a.csv: the file is empty" in first
    assert "b.txt: a file of kind '.txt' can't be read here" in second


@pytest.mark.parametrize("path", ["inbox", "nowhere.csv"])
def test_nothing_there(make_contest: MakeContest, path: str) -> None:
    folder = make_contest(extra_toml=f'[returns]\npath = "{path}"\n')
    (folder / "inbox").rmdir()
    with pytest.raises(ReturnsError, match="there is no such file or folder: make it, or name another with --returns"):
        intake(folder)


def test_an_empty_inbox_has_no_rows_and_all_columns(make_contest: MakeContest) -> None:
    folder = make_contest(returns={".hidden.csv": GOOD})
    (folder / "inbox" / "old").mkdir()
    read = intake(folder)
    assert (len(read.table), len(read.findings)) == (0, 0)
    assert {"tps_id", "votes_1", "votes_2", *COUNTS, "received_at", "status", "unreadable"} <= set(read.table.columns)


def test_what_was_received_is_not_written_to(make_contest: MakeContest) -> None:
    folder = make_contest(returns={"a.csv": GOOD, "b.csv": ""})
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in (folder / "inbox").iterdir()}
    intake(folder)
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in (folder / "inbox").iterdir()} == before


def test_the_hash_is_over_names_and_contents(make_contest: MakeContest) -> None:
    variants = [
        {"a.csv": GOOD, "b.csv": OTHER},
        {"a.csv": OTHER, "b.csv": GOOD},
        {"a.csv": GOOD, "c.csv": OTHER},
        {"a.csv": GOOD},
        {"a.csv": GOOD + "\n", "b.csv": OTHER},
    ]
    hashes = [intake(make_contest(returns=variant)).sha256 for variant in variants]
    assert len(set(hashes)) == len(variants)
    assert intake(make_contest(returns=variants[0])).sha256 == hashes[0]


def test_the_hash_names_the_files_that_were_used(make_contest: MakeContest) -> None:
    first = intake(make_contest(returns={"a.csv": "", "b.csv": GOOD})).sha256
    assert first != intake(make_contest(returns={"a.csv": GOOD, "b.csv": ""})).sha256
    assert first == intake(make_contest(returns={"b.csv": GOOD, "c.csv": ""})).sha256


def test_the_demo(demo: Path) -> None:
    contest = load_contest(demo)
    read = read_returns(contest)
    lines = sum(len(path.read_text().splitlines()) - 1 for path in (demo / "inbox").iterdir())
    assert len(read.table) == lines
    assert pd.Series(read.table["file"]).unique().tolist() == ["koreksi.csv", "laporan.csv"]
    assert read.table["received_at"].notna().all()
