"""The inbox: files are read when they are whole, and never touched; the verbs on top."""

import json
import os
from collections.abc import Callable
from contextlib import closing
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
    read = inbox.collect_files

    def meanwhile(*args: Any, **options: Any) -> Any:
        taken = read(*args, **options)
        path.write_text(path.read_text() + "\n")
        return taken

    monkeypatch.setattr(inbox, "collect_files", meanwhile)
    assert ingest(night.ledger, settle=0).waiting == ("returns.csv",)
    assert len(intake(night.ledger).table) == 0
    monkeypatch.setattr(inbox, "collect_files", read)
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
    monkeypatch.setattr("estimation.returns.ledger.inbox.collect_files", lambda *_, **__: pytest.fail("read"))
    assert ingest(night.ledger, settle=0).unchanged == 2
    assert verify_chain(night.ledger).seq == 2 + 2 * 2


def test_an_unchanged_inbox_costs_a_look_at_each_file(
    opened: Callable[..., Any], form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = opened({f"{n}.csv": [form(tps_id=f"{n:04d}")] for n in range(1, 13)})
    assert night.look() == (12, 0)
    looks: list[str] = []
    stat = os.stat

    def counted(path: Any, **options: Any) -> os.stat_result:
        looks.append(Path(path).name)
        return stat(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", counted)
        patch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
        result = ingest(night.ledger, settle=0)
    assert (result.read, result.unchanged) == (0, 12)
    assert sorted(name for name in looks if name.endswith(".csv")) == sorted(f"{n}.csv" for n in range(1, 13))


def test_many_files_are_entered_in_few_transactions(
    opened: Callable[..., Any], form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    from estimation.returns.ledger import inbox

    files = {f"{n:02d}.csv": [form(tps_id=f"{n:04d}"), form("17:00", 105, tps_id=f"{n:04d}")] for n in range(1, 11)}
    night = opened(files | {"99.csv": "broken"})
    begun: list[int] = []
    enter = inbox.enter_delivery

    def counted(ledger: Any, delivery: Any, judge: Any) -> Any:
        begun.append(len(delivery.files))
        return enter(ledger, delivery, judge)

    monkeypatch.setattr(inbox, "FILES", 4)
    monkeypatch.setattr(inbox, "enter_delivery", counted)
    assert night.look() == (20, 0)
    assert begun == [4, 4, 3]
    kinds = ["read", "received", "accepted", "received", "corrected"]
    reads = [event for event in events_of(night) if event.kind == "read"]
    assert [event.kind for event in events_of(night)] == kinds * 10 + ["read"]
    assert [event.place for event in reads] == [*sorted(files), "99.csv"]
    assert [event.line for event in events_of(night)[:3]] == [0, 2, 2]
    verify_chain(night.ledger)
    alone = opened(files | {"99.csv": "broken"})
    for path in sorted((alone.ledger.contest.folder / "inbox").iterdir()):
        ingest(alone.ledger, path, settle=0)
    assert alone.state().sha256 == night.state().sha256


def events_of(night: Any) -> list[Any]:
    from estimation.returns.ledger.store import _walk

    with night.ledger.engine.connect() as connection:
        return [event for event, _ in _walk(connection)]


def test_how_a_file_is_written_is_kept_in_the_ledger(opened: Callable[..., Any]) -> None:
    import sqlalchemy as sa

    from estimation.returns.ledger.schema import FILE

    night = opened({"a.csv": "tps_id;lintang;votes_1;votes_2;invalid;total\n0001;-7,71;120,0;170;10;300\n"})
    inbox = night.ledger.contest.folder / "inbox"
    plain = "tps_id,votes_1,votes_2,invalid,total\n0002,120,170,10,300\n"
    (inbox / "b.csv").write_bytes(plain.encode("utf-16"))
    for name in ("c.csv", "d.csv"):  # read together
        (inbox / name).write_bytes(plain.encode("utf-8-sig"))
    (inbox / "e.csv").write_bytes(plain.replace("0002", "d\xe9").encode("cp1252"))
    (inbox / "f.txt").write_bytes(b"0003#P-01#1#2#3\n")
    night.look()
    with night.ledger.engine.connect() as connection:
        kept = {row.name: row.format for row in connection.execute(sa.select(FILE.c.name, FILE.c.format))}
    assert kept == {
        "a.csv": "table, utf-8, separator ';', decimal ',', header in line 1",
        "b.csv": "table, utf-16-le, byte-order mark, separator ',', header in line 1",
        "c.csv": "table, utf-8, byte-order mark, separator ',', header in line 1",
        "d.csv": "table, utf-8, byte-order mark, separator ',', header in line 1",
        "e.csv": "table, windows-1252, separator ',', header in line 1",
        "f.txt": "messages, utf-8, separator '#'",
    }


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


def test_of_kpus_documents_only_the_new_ones_are_read(opened: Callable[..., Any]) -> None:
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
    assert night.look() == (1, 0)
    assert len(night.state().table) == 3


def test_kpus_candidates_explain_what_comes_before_and_after_them(opened: Callable[..., Any]) -> None:
    night = opened(extra_toml='[returns]\ntimezone = "Asia/Jakarta"\n')
    inbox = night.ledger.contest.folder / "inbox"

    def document(number: int) -> None:
        blocks = {"chart": {"70": 100, "80": 150}, "administrasi": {"suara_tidak_sah": 10, "suara_total": 260}}
        content = json.dumps({"tungsura": blocks, "ts": "2024-11-27 16:00:00", "images": []})
        (inbox / f"{number:013d}.json").write_text(content)

    document(1)
    result = ingest(night.ledger, settle=0)
    assert result.failed == {
        "0000000000001.json": "0000000000001.json: candidate ids 70, 80 have no ballot number: put KPU's file of "
        'candidates beside the returns, or write [returns] columns = { 70 = "votes_1" } in contest.toml'
    }
    assert night.state().findings.counts() == {"E214": 1}
    (inbox / "paslon.json").write_text(json.dumps({"3512": {"70": {"nomor_urut": 2}, "80": {"nomor_urut": 1}}}))
    assert night.look() == (1, 0)
    document(2)  # the candidates are known, and nothing else is read again
    assert (night.look(), night.look()) == ((1, 0), (0, 0))
    table = night.state().table
    assert table[["votes_1", "votes_2"]].to_numpy().tolist() == [[150, 100]] * 2
    assert night.state().findings.counts() == {}


def test_stations_without_a_count_are_said_once(opened: Callable[..., Any]) -> None:
    night = opened(extra_toml='[returns]\ntimezone = "Asia/Jakarta"\ncolumns = {"10" = "votes_1", "20" = "votes_2"}\n')
    for number in range(3):
        content = json.dumps({"chart": None, "administrasi": None, "images": None, "ts": "2024-11-27 16:00:00"})
        (night.ledger.contest.folder / "inbox" / f"{number:013d}.json").write_text(content)
    assert night.look() == (0, 0)
    found = night.state().findings.table
    assert found[["code", "file", "value"]].to_numpy().tolist() == [["W218", "3 JSON files", "3"]]


def test_a_database_of_returns_is_entered_too(opened: Callable[..., Any], form: Form, tmp_path: Path) -> None:
    import sqlite3

    with closing(sqlite3.connect(tmp_path / "app.db")) as app, app:
        app.execute(
            "CREATE TABLE counts (tps_id TEXT, received_at TEXT, votes_1 INT, votes_2 INT, invalid INT, total INT)"
        )
        values = ("0001", "2024-11-27T16:00:00+07:00", 100, 150, 10, 260)
        app.execute("INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?)", values)
    where = f'[returns]\ndatabase = "sqlite:///{tmp_path / "app.db"}"\ntable = "counts"\n'
    night = opened([form(tps_id="0002")], extra_toml=where)
    assert (night.look(), night.look()) == ((2, 0), (0, 1))
    with closing(sqlite3.connect(tmp_path / "app.db")) as app, app:
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
