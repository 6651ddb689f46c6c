"""Opening a ledger: where it is, whose it is, and that no password stands in the contest's file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from estimation.contest import load_contest
from estimation.errors import ContestError, LedgerError
from estimation.returns.ledger import open_ledger
from estimation.returns.locate import uses_ledger

MakeContest = Callable[..., Path]
Opened = Callable[..., Any]


def rewrite(folder: Path, old: str, new: str) -> None:
    path = folder / "contest.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_by_default_in_out(make_contest: MakeContest) -> None:
    contest = load_contest(make_contest())
    assert not uses_ledger(contest)
    ledger = open_ledger(contest)
    assert ledger.name == str(contest.folder / "out" / "ledger.sqlite")
    assert Path(ledger.name).is_file()
    assert uses_ledger(contest)
    ledger.close()


def test_where_contest_toml_says(make_contest: MakeContest, tmp_path: Path) -> None:
    contest = load_contest(make_contest(extra_toml='[returns]\nledger = "elsewhere/night.db"\n'))
    assert uses_ledger(contest)
    open_ledger(contest).close()
    assert (contest.folder / "elsewhere" / "night.db").is_file()
    open_ledger(contest, str(tmp_path / "other.db")).close()
    assert (tmp_path / "other.db").is_file()


def test_where_the_environment_says(make_contest: MakeContest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contest = load_contest(make_contest(extra_toml='[returns]\nledger = "env:QUICKCOUNT_DATABASE"\n'))
    monkeypatch.setenv("QUICKCOUNT_DATABASE", f"sqlite:///{tmp_path / 'env.db'}")
    open_ledger(contest).close()
    assert (tmp_path / "env.db").is_file()
    monkeypatch.delenv("QUICKCOUNT_DATABASE")
    with pytest.raises(LedgerError, match="the variable QUICKCOUNT_DATABASE is not set: export QUICKCOUNT_DATABASE="):
        open_ledger(contest)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://officer:geheim@db/count",
        "postgresql+psycopg://officer:geheim@db:5432/count",
        "postgresql://db/count?user=officer&password=geheim",
    ],
)
def test_a_password_in_contest_toml_is_refused_and_not_repeated(make_contest: MakeContest, url: str) -> None:
    contest = load_contest(make_contest(extra_toml=f'[returns]\nledger = "{url}"\n'))
    with pytest.raises(ContestError, match="ledger holds a password") as told:
        open_ledger(contest)
    assert 'ledger = "env:QUICKCOUNT_DATABASE"' in str(told.value)
    assert "geheim" not in str(told.value)


@pytest.mark.slow
def test_a_server_that_is_not_there(make_contest: MakeContest) -> None:
    pytest.importorskip("psycopg")
    contest = load_contest(make_contest())
    with pytest.raises(LedgerError, match="the database can't be reached or written") as told:
        open_ledger(contest, "postgresql://officer:geheim@127.0.0.1:1/count")
    assert "geheim" not in str(told.value)
    assert "officer:***@127.0.0.1" in str(told.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://db/count", "the ledger can't be kept in 'mysql': use SQLite or PostgreSQL"),
        ("postgresql://h:port/count", "the ledger's database is no URL: write a path, or postgresql://"),
    ],
)
def test_no_such_database(make_contest: MakeContest, url: str, message: str) -> None:
    with pytest.raises(LedgerError, match=message):
        open_ledger(load_contest(make_contest()), url)


def test_a_file_that_is_no_database(make_contest: MakeContest, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_text("tps_id,votes_1\n" * 100)
    with pytest.raises(LedgerError, match="file is not a database"):
        open_ledger(load_contest(make_contest()), str(path))


def test_live_and_rehearsal_never_stand_in_one_ledger(make_contest: MakeContest, database: str) -> None:
    folder = make_contest()
    open_ledger(load_contest(folder), database).close()
    rewrite(folder, 'rule = "plurality"', 'rule = "plurality"\nmode = "rehearsal"')
    with pytest.raises(
        LedgerError, match="holds live returns, and the contest is in mode 'rehearsal'; they never stand"
    ):
        open_ledger(load_contest(folder), database)


def test_another_contests_ledger(make_contest: MakeContest, database: str) -> None:
    folder = make_contest()
    open_ledger(load_contest(folder), database).close()
    rewrite(folder, 'id = "small"', 'id = "other"')
    with pytest.raises(LedgerError, match="this is the ledger of the contest 'small', not of 'other'"):
        open_ledger(load_contest(folder), database)


def test_a_ledger_of_another_version(opened: Opened) -> None:
    night = opened()
    with night.ledger.engine.connect().execution_options(write=True) as connection, connection.begin():
        connection.execute(sa.text("UPDATE meta SET value = '9' WHERE name = 'version'"))
    with pytest.raises(LedgerError, match="this is a ledger of version 9, version 1 is needed"):
        open_ledger(night.ledger.contest, night.ledger.engine.url.render_as_string(hide_password=False))
