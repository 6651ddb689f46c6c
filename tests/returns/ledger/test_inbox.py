"""The inbox: files are read when they are whole, and never touched; the verbs on top."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from estimation.cli.ingest import ingest as ingest_verb
from estimation.cli.ingest import mark as mark_verb
from estimation.contest import load_contest
from estimation.errors import ReturnsError
from estimation.returns.ledger import gather, ingest, intake, open_ledger, verify_chain

Row = dict[str, Any]
Form = Callable[..., Row]
MakeContest = Callable[..., Path]


@pytest.fixture
def database() -> str:
    """In memory: what the inbox does is the same for all databases."""
    return "sqlite://"


def test_a_file_that_grows_between_two_looks_waits(opened: Callable[..., Any], form: Form) -> None:
    night = opened({"a.csv": [form()], "b.csv": [form(tps_id="0002")]})
    slow = night.ledger.contest.folder / "inbox" / "b.csv"

    def write_on(seconds: float) -> None:
        assert seconds == 1.0
        with slow.open("a") as stream:
            stream.write("0003,2024")

    result = ingest(night.ledger, sleep=write_on)
    assert (result.waiting, result.read, result.entered.kinds["received"]) == (("b.csv",), 1, 1)
    slow.write_text(slow.read_text().removesuffix("0003,2024"))
    assert ingest(night.ledger, sleep=lambda _: None).entered.kinds["received"] == 1


def test_a_file_that_changes_while_it_is_read_waits(
    opened: Callable[..., Any], form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    from estimation.returns.ledger import inbox

    night = opened([form()])
    path = night.ledger.contest.folder / "inbox" / "returns.csv"
    read = inbox.read_files

    def meanwhile(*args: Any, **options: Any) -> Any:
        taken = read(*args, **options)
        path.write_text(path.read_text() + "\n")
        return taken

    monkeypatch.setattr(inbox, "read_files", meanwhile)
    assert ingest(night.ledger, settle=0).waiting == ("returns.csv",)
    assert len(intake(night.ledger).table) == 0
    monkeypatch.setattr(inbox, "read_files", read)
    assert night.look() == (1, 0)


def test_a_file_that_goes_away_waits(opened: Callable[..., Any], form: Form) -> None:
    night = opened([form()])
    path = night.ledger.contest.folder / "inbox" / "returns.csv"
    result = ingest(night.ledger, sleep=lambda _: path.unlink())
    assert (result.waiting, result.read, result.entered.rows) == (("returns.csv",), 0, 0)


def test_an_old_file_needs_no_second_look(opened: Callable[..., Any], form: Form) -> None:
    night = opened([form()])
    os.utime(night.ledger.contest.folder / "inbox" / "returns.csv", (1e9, 1e9))
    waits: list[float] = []
    assert ingest(night.ledger, sleep=waits.append).read == 1
    assert waits == []


def test_an_unchanged_file_is_not_read_again(
    opened: Callable[..., Any], form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = opened({"a.csv": [form()], "b.csv": [form(tps_id="0002")]})
    night.look()
    path = night.ledger.contest.folder / "inbox" / "a.csv"
    os.utime(path)
    assert (night.look(), night.look()) == ((0, 1), (0, 0))  # touched, then known by its new time
    monkeypatch.setattr("estimation.returns.ledger.inbox.read_files", lambda *_, **__: pytest.fail("read"))
    assert ingest(night.ledger, settle=0).unchanged == 2
    assert verify_chain(night.ledger).seq == 2 + 2 * 2


def test_what_is_no_return_yet_is_passed_over(opened: Callable[..., Any], form: Form) -> None:
    night = opened({".a.csv": [form()], "~$b.xlsx": "x", "c.csv.part": "x", "d.csv": [form()]})
    assert ingest(night.ledger, settle=0).read == 1


def test_a_bad_file_is_listed_until_it_is_mended(opened: Callable[..., Any], form: Form) -> None:
    night = opened({"a.csv": [form()], "b.csv": "tps_id\n1\n"})
    for _ in range(2):
        result = ingest(night.ledger, settle=0)
        assert list(result.failed) == ["b.csv"]
        assert "column 'votes_1'" in result.failed["b.csv"]
        assert night.state().findings.counts() == {"E214": 1}
    assert verify_chain(night.ledger).seq == 2 + 2
    night.send("b.csv", [form(tps_id="0002")])
    assert night.look() == (1, 0)
    assert night.state().findings.counts() == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
def test_a_file_that_may_not_be_read(opened: Callable[..., Any], form: Form) -> None:
    night = opened([form()])
    path = night.ledger.contest.folder / "inbox" / "returns.csv"
    path.chmod(0)
    assert "Permission denied" in ingest(night.ledger, settle=0).failed["returns.csv"]
    path.chmod(0o644)
    assert night.look() == (1, 0)


def test_the_inbox_is_never_touched(opened: Callable[..., Any], form: Form) -> None:
    night = opened({"a.csv": [form()], "b.csv": "broken"})
    inbox = night.ledger.contest.folder / "inbox"
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in inbox.iterdir()}
    night.look()
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in inbox.iterdir()} == before


def test_no_inbox(opened: Callable[..., Any]) -> None:
    night = opened()
    (night.ledger.contest.folder / "inbox").rmdir()
    with pytest.raises(ReturnsError, match="there is no such file or folder: make it, or name another with --returns"):
        night.look()


def test_files_of_kpu_are_read_together(opened: Callable[..., Any]) -> None:
    night = opened(extra_toml='[returns]\ntimezone = "Asia/Jakarta"\ncolumns = {"10" = "votes_1", "20" = "votes_2"}\n')
    folder = night.ledger.contest.folder / "inbox" / "35" / "3512"
    folder.mkdir(parents=True)
    chart = {"chart": {"10": 100, "20": 150}, "administrasi": None, "ts": "2024-11-27 16:00:00", "images": []}
    for number in (1, 2):
        document = chart | {"administrasi": {"suara_tidak_sah": 10, "suara_total": 260}}
        (folder / f"{number:013d}.json").write_text(json.dumps(document))
    assert (night.look(), night.look()) == ((2, 0), (0, 0))
    (folder / f"{3:013d}.json").write_text(
        json.dumps(chart | {"administrasi": {"suara_tidak_sah": 1, "suara_total": 251}})
    )
    assert night.look() == (1, 2)


def test_a_database_of_returns_is_entered_too(opened: Callable[..., Any], form: Form, tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "app.db") as app:
        app.execute(
            "CREATE TABLE counts (tps_id TEXT, received_at TEXT, votes_1 INT, votes_2 INT, invalid INT, total INT)"
        )
        values = ("0001", "2024-11-27T16:00:00+07:00", 100, 150, 10, 260)
        app.execute("INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?)", values)
    where = f'[returns]\ndatabase = "sqlite:///{tmp_path / "app.db"}"\ntable = "counts"\n'
    night = opened([form(tps_id="0002")], extra_toml=where)
    assert (night.look(), night.look()) == ((2, 0), (0, 1))
    with sqlite3.connect(tmp_path / "app.db") as app:
        app.execute("UPDATE counts SET votes_1 = 110, total = 270")
    assert night.look() == (1, 0)
    assert night.votes() == {"0001": 110, "0002": 100}


def test_gather_enters_and_gives_the_state(make_contest: MakeContest, form: Form) -> None:
    contest = load_contest(make_contest(returns=[form(), form("17:00", tps_id="0002")]))
    assert len(gather(contest, settle=0).table) == 2
    assert (contest.out / "ledger.sqlite").is_file()
    (contest.folder / "inbox" / "returns.csv").unlink()
    assert len(gather(contest, settle=0).table) == 2  # what was entered stays


# --- the verbs ------------------------------------------------------------------------------------


def test_ingest_on_the_command_line(make_contest: MakeContest, form: Form) -> None:
    folder = make_contest(returns={"a.csv": [form(), form(tps_id="0002", total=999)], "b.csv": [form()], "c.csv": ""})
    told = CliRunner().invoke(ingest_verb, [str(folder), "--settle", "0"])
    assert told.exit_code == 0
    first, second, third, last = told.output.splitlines()
    assert first == "3 files read, 0 unchanged; 2 new returns, 1 known already"
    assert second == "1 accepted, 1 quarantined"
    assert third.startswith("c.csv: ")
    assert last.startswith(f"ledger: {folder / 'out' / 'ledger.sqlite'}, head 7:")
    told = CliRunner().invoke(ingest_verb, [str(folder), "--settle", "0", "--json", "-"])
    document = json.loads(told.stdout)
    assert document["schema"] == "ingest/1"
    assert (document["new"], document["duplicates"], document["files"]["unchanged"]) == (0, 0, 2)


def test_strict_fails_where_a_file_can_not_be_used(make_contest: MakeContest, form: Form) -> None:
    folder = make_contest(returns={"a.csv": [form()], "b.csv": ""})
    assert CliRunner().invoke(ingest_verb, [str(folder), "--settle", "0", "--strict"]).exit_code == 1


def test_verify_chain_on_the_command_line(make_contest: MakeContest, form: Form) -> None:
    folder = make_contest(returns=[form()])
    CliRunner().invoke(ingest_verb, [str(folder), "--settle", "0"])
    told = CliRunner().invoke(ingest_verb, [str(folder), "--verify-chain"])
    assert told.exit_code == 0
    assert "3 events, none changed, none missing; head 3:" in told.output


def test_mark_on_the_command_line(make_contest: MakeContest, form: Form) -> None:
    folder = make_contest(returns=[form()])
    CliRunner().invoke(ingest_verb, [str(folder), "--settle", "0"])
    told = CliRunner().invoke(mark_verb, [str(folder), "0001", "verified", "--by", "V-1"])
    assert told.output == "TPS 0001, source 'officer': verified by V-1; event 4\n"
    assert CliRunner().invoke(mark_verb, [str(folder), "0001", "good", "--by", "V-1"]).exit_code == 2
    ledger = open_ledger(load_contest(folder))
    assert sorted(intake(ledger).table["status"]) == ["received", "verified"]
    ledger.close()
