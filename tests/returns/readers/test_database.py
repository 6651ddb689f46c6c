"""A table or query of a database: codes keep their text, nothing is written, no password in the contest's file."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimation.contest import load_contest
from estimation.errors import ReturnsError
from estimation.returns import Intake, read_returns

Found = Callable[..., list[tuple[str, int, str, str]]]
MakeContest = Callable[..., Path]
URL = 'database = "sqlite:///returns.sqlite"\n'
COLUMNS = (
    "tps_id TEXT, waktu TEXT, suara_1 INTEGER, suara_2 INTEGER, invalid INTEGER, total INTEGER, nama TEXT, kab TEXT"
)
ROWS = [
    ("0001", "2024-11-27T16:05:00+07:00", 120, 170, 10, 300, "Made Contoh", "3512"),
    ("0002", "2024-11-27T16:06:00+07:00", 45, None, 12, None, "Putu Contoh", "3512"),
    ("0003", "2024-11-27T16:07:00+07:00", -1, 5, 0, 4, None, "3513"),
]


def store(folder: Path, rows: list[tuple[object, ...]], columns: str = COLUMNS, table: str = "hasil") -> None:
    with closing(sqlite3.connect(folder / "returns.sqlite")) as connection, connection:
        connection.execute(f'CREATE TABLE "{table}" ({columns})')
        connection.executemany(f'INSERT INTO "{table}" VALUES ({",".join("?" * len(columns.split(",")))})', rows)


def read(make_contest: MakeContest, toml: str, rows: list[tuple[object, ...]] = ROWS, **made: str) -> Intake:
    folder = make_contest(extra_toml=f"[returns]\n{toml}\n")
    store(folder, rows, **made)
    return read_returns(load_contest(folder))


def test_a_table(make_contest: MakeContest, listed: Found) -> None:
    intake = read(make_contest, URL + 'table = "hasil"')
    assert intake.table["tps_id"].tolist() == ["0001", "0002", "0003"]
    np.testing.assert_array_equal(
        intake.table[["votes_1", "votes_2", "invalid", "total"]].to_numpy(),
        [[120, 170, 10, 300], [45, np.nan, 12, np.nan], [np.nan, 5, 0, 4]],
    )
    assert intake.table["received_at"].iloc[0] == pd.Timestamp("2024-11-27T09:05:00Z")
    assert intake.table["line"].tolist() == [1, 2, 3]
    assert listed(intake) == [("W216", 0, "", "nama"), ("E202", 3, "suara_1", "-1"), ("W210", 0, "", "kab")]
    assert (intake.sources[0].file, intake.sources[0].rows) == ("database hasil", 3)
    assert "Contoh" not in intake.table.to_csv() + intake.findings.table.to_csv()


def test_a_query_with_bound_parameters(make_contest: MakeContest) -> None:
    toml = URL + "query = 'SELECT * FROM hasil WHERE kab = :kab AND :contest = ''small'''\n"
    toml = toml.replace("'SELECT", '"SELECT').replace("''small'''", "'small'\"") + 'parameters = { kab = "3513" }'
    assert read(make_contest, toml).table["tps_id"].tolist() == ["0003"]
    injected = toml.replace('"3513"', '"\' OR 1=1 --"')
    assert len(read(make_contest, injected).table) == 0


def test_a_name_that_must_be_quoted(make_contest: MakeContest) -> None:
    intake = read(make_contest, URL + "table = 'ha\"sil; DROP'", table='ha""sil; DROP')
    assert len(intake.table) == 3


def test_numbers_as_codes_are_matched_with_the_frame(make_contest: MakeContest, listed: Found) -> None:
    columns = "tps_id INTEGER, votes_1 INTEGER, votes_2 INTEGER, invalid INTEGER, total INTEGER"
    intake = read(make_contest, URL + 'table = "hasil"', [(7, 1, 2, 0, 3)], columns=columns)
    assert intake.table["tps_id"].tolist() == ["0007"]
    assert listed(intake) == [("W215", 1, "tps_id", "7 → 0007")]


def test_the_inbox_is_read_too_and_may_be_missing(make_contest: MakeContest) -> None:
    folder = make_contest(
        extra_toml=f'[returns]\n{URL}table = "hasil"\n', returns="tps_id,votes_1,votes_2,invalid,total\n0009,1,2,0,3\n"
    )
    store(folder, ROWS)
    assert read_returns(load_contest(folder)).table["tps_id"].tolist() == ["0009", "0001", "0002", "0003"]
    assert len(read_returns(load_contest(folder), folder / "inbox").table) == 1
    (folder / "inbox" / "returns.csv").unlink()
    (folder / "inbox").rmdir()
    assert len(read_returns(load_contest(folder)).table) == 3


def test_the_url_from_the_environment(make_contest: MakeContest, monkeypatch: pytest.MonkeyPatch) -> None:
    toml = 'database = "env:QUICKCOUNT_TEST_DATABASE"\ntable = "hasil"'
    with pytest.raises(ReturnsError, match="the environment variable QUICKCOUNT_TEST_DATABASE is not set"):
        read(make_contest, toml)
    monkeypatch.setenv("QUICKCOUNT_TEST_DATABASE", "sqlite:///returns.sqlite")
    assert len(read(make_contest, toml).table) == 3


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('database = "postgresql://me:secret@host/db"\ntable = "x"', "it holds a password: write env:NAME"),
        ('database = "returns.sqlite"\ntable = "x"', "this is no URL of a database"),
        ('database = "sqlite+nowhere:///returns.sqlite"\ntable = "x"', "the database can't be read"),
        ('database = "mysql://me@host/db"\ntable = "x"', "mysql://me@host/db: the driver 'MySQLdb' is not installed"),
        ('database = "sqlite:///other.sqlite"\ntable = "x"', "there is no file"),
        (URL, "a database needs either table or query: name one of them"),
        (URL + 'table = "x"\nquery = "SELECT 1"', "a database needs either table or query"),
        (URL + 'table = "hasill"', r"the database has no table 'hasill': correct the name"),
        (URL + 'query = "DELETE FROM hasil"', "it must be one SELECT: nothing is written"),
        (URL + 'query = "SELECT 1; DROP TABLE hasil"', "it must be one SELECT"),
        (URL + 'query = "SELECT * FROM hasil WHERE kab = :kab"', "':kab' has no value: write it into"),
        (
            URL + 'query = "SELECT a.*, b.* FROM hasil a, hasil b"',
            "database query: column '.*' stands there twice: give",
        ),
        (URL + 'query = "SELECT * FROM nowhere"', r"the database can't be read \(no such table: nowhere\)"),
        (
            URL + 'query = "SELECT 1 AS tps_id"',
            r"database query: column 'votes_1', 'votes_2', 'invalid', 'total' is miss",
        ),
    ],
)
def test_what_stops(make_contest: MakeContest, toml: str, message: str) -> None:
    with pytest.raises(ReturnsError, match=message) as told:
        read(make_contest, toml)
    assert "secret" not in str(told.value)


def test_a_database_that_fails_is_listed_beside_the_files(make_contest: MakeContest, listed: Found) -> None:
    text = "tps_id,votes_1,votes_2,invalid,total\n0009,1,2,0,3\n"
    folder = make_contest(extra_toml=f'[returns]\n{URL}table = "x"\n', returns=text)
    intake = read_returns(load_contest(folder))
    assert intake.table["tps_id"].tolist() == ["0009"]
    assert [(code, line) for code, line, *_ in listed(intake)] == [("E214", 0)]


def test_the_database_is_not_changed(make_contest: MakeContest) -> None:
    folder = make_contest(extra_toml=f'[returns]\n{URL}table = "hasil"\n')
    store(folder, ROWS)
    before = (folder / "returns.sqlite").read_bytes()
    first, second = (read_returns(load_contest(folder)) for _ in range(2))
    assert (folder / "returns.sqlite").read_bytes() == before
    assert first.sha256 == second.sha256


counts = st.one_of(st.none(), st.integers(0, 600))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(counts, counts, counts, counts), max_size=6))
def test_what_is_stored_is_read(make_contest: MakeContest, rows: list[tuple[int | None, ...]]) -> None:
    stored = [(f"{i:04d}", None, *row, None, "3512") for i, row in enumerate(rows, 1)]
    table = read(make_contest, URL + 'table = "hasil"', stored).table
    written = table[["votes_1", "votes_2", "invalid", "total"]].to_numpy()
    np.testing.assert_array_equal(written, np.array(rows, dtype=np.float64).reshape(-1, 4))
