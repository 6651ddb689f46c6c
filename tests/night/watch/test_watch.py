"""The loop: when rounds begin, when they end, what is said, and which pages follow."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from estimation.errors import EstimationError
from estimation.night import taking
from estimation.night.lock import locked

from .conftest import START, FakePages, drop, station


@pytest.mark.slow
def test_a_take_follows_a_new_file_and_the_next_waits_its_time(small: Path, play) -> None:
    plan = {5: lambda: drop(small, "a.csv", [1, 2]), 8: lambda: drop(small, "b.csv", [3]), 9: lambda: None}
    night = play(small, plan, until=80, every=60)
    first, second = night.at("take")
    assert 6 <= first <= 6.5  # a second until the file is taken to be whole, and a look five times a second
    assert 66 <= second <= 66.5
    assert night.said("take")[1] == "take 2, as of 18:03:00 WIB: 3 of 12 stations used (+1), 0 kept out"


@pytest.mark.slow
def test_unchanged_input_is_projected_once(small: Path, play, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(
        taking, "project_contest", lambda *a, project=taking.project_contest, **k: calls.append(1) or project(*a, **k)
    )
    drop(small, "a.csv", [1, 2])
    play(small, until=60)
    assert len(calls) == 1
    touched = {10: lambda: drop(small, "a.csv", [1, 2]), 30: lambda: drop(small, "copy.csv", [2, 1])}
    night = play(small, touched, until=60)  # a new watch; the same file written again, and copied
    assert night.at("take") == []
    assert night.takes() == ["20241127T180200+0700"]
    assert len(calls) == 2  # the copy was entered as read: that it brought nothing is seen once
    assert night.said("quiet") == ["nothing that is projected has changed"]


@pytest.mark.slow
def test_what_changed_is_said(small: Path, play) -> None:
    drop(small, "a.csv", [1, 2, 3])
    plan = {20: lambda: drop(small, "b.csv", [4, 5], first=40), 40: lambda: drop(small, "c.csv", [1], extra=7, later=1)}
    night = play(small, plan, until=60)
    first, second, third = (event for event in night.events if event.kind == "take")
    assert first.lines[1].strip().startswith("Candidate 1 leads Candidate 2 by 22.00 points (")
    assert "; before Candidate 1 by 22.00; leading → too-close" in second.lines[1]
    assert third.lines[0] == "take 3, as of 18:05:00 WIB: 4 of 12 stations used (-1), 1 kept out (+1)"
    assert third.lines[2].strip().startswith("kept out: E203 c.csv, line 2, column total: '205': votes and invalid")
    assert first.document()["sample"] == {"drawn": 12, "received": 3, "used": 3}
    assert third.values["new_returns"] == 1
    assert third.values["newly_kept_out"] == 1
    assert set(third.values["seconds"]) == {"reading", "projecting", "writing"}


@pytest.mark.slow
def test_another_leader_is_an_alarm(small: Path, play) -> None:
    drop(small, "a.csv", [1, 2, 3])
    night = play(small, {20: lambda: drop(small, "b.csv", [4, 5, 6, 7, 8], first=40)}, until=40)
    assert night.said("alarm") == ["ANOTHER LEADER: Candidate 2, before Candidate 1"]


@pytest.mark.slow
def test_a_call_is_said_kept_and_withdrawn_aloud(make_small, play) -> None:
    folder = make_small('call_rule = "once"\ndrift = 0.0\n')
    drop(folder, "a.csv", [1, 2, 3, 4, 5])
    plan = {20: lambda: drop(folder, "b.csv", [6]), 40: lambda: drop(folder, "c.csv", [7, 8, 9, 10, 11], first=30)}
    night = play(folder, plan, until=60)
    assert night.said("alarm")[0] == "CALLED: Candidate 1"
    assert night.said("alarm")[1].startswith("ALARM: the call for Candidate 1 is withdrawn: ")
    takes = folder / "out" / "takes"
    second, third = (takes / f"20241127T18{minute}00+0700" for minute in ("06", "11"))
    called = json.loads((second / "projection.json").read_text())["call"]
    assert (called["status"], called["earlier"]) == ("called", 1)
    gone = json.loads((third / "projection.json").read_text())["call"]
    assert (gone["status"] == "called", gone["withdrawn"], gone["earlier"]) == (False, True, 1)
    # what is remembered is the take that called, not the last of those that kept the call
    assert json.loads((third / "take.json").read_text())["previous"] == "20241127T180500+0700"
    again = play(folder, {5: lambda: drop(folder, "d.csv", [0])}, until=20)  # a new watch knows of it, and says it once
    assert again.said("alarm") == []
    last = json.loads((takes / "20241127T181100+0700-002" / "projection.json").read_text())["call"]
    assert (last["withdrawn"], last["earlier"]) == (True, 1)


@pytest.mark.slow
def test_planned_takes_wait_for_their_information(make_small, play) -> None:
    folder = make_small("takes = 4\n")
    for i in range(6):
        drop(folder, f"{i}.csv", [i])
    plan = {10.0 * i: lambda i=i: drop(folder, f"{i}.csv", [i]) for i in range(6, 12)}
    pages = FakePages(folder)
    night = play(folder, plan, until=140, pages=pages)
    records = [json.loads(p.read_text()) for p in sorted((folder / "out" / "takes").glob("*/take.json"))]
    steps = [record["step"] for record in records]
    assert steps == sorted(set(steps))
    assert steps[-1] == 4
    assert len(steps) <= 4
    assert any("of the information: the next of 4 planned takes is due at" in line for line in night.said("quiet"))
    # the page is no further look: it is of what the ledger held at the take
    assert pages.started[-1][3]["recorded_by"] == records[-1]["recorded_by"] > records[0]["recorded_by"]
    changed = play(folder, {5: lambda: drop(folder, "new.csv", [11], first=110)}, until=20)
    assert len(changed.at("take")) == 1  # all is in: a correction is projected


@pytest.mark.slow
def test_the_end_comes_with_a_last_take(small: Path, play) -> None:
    drop(small, "a.csv", [1, 2])
    plan = {20: lambda: drop(small, "b.csv", [3])}
    night = play(small, plan, until=999, every=600, ends=30)
    assert [round(at) for at in night.at("take")] == [1, 30]
    assert (night.well, night.said("end")) == (True, ["ended"])


@pytest.mark.slow
def test_a_database_is_asked_again_and_again(small: Path, play) -> None:
    path = small / "returns.sqlite"
    with (small / "contest.toml").open("a", encoding="utf-8") as stream:
        stream.write(f'[returns]\ndatabase = "sqlite:///{path}"\ntable = "returns"\n')

    def add(*stations: int) -> None:
        with closing(sqlite3.connect(path)) as database, database:
            named = "tps_id TEXT, received_at TEXT, votes_1 INTEGER, votes_2 INTEGER, invalid INTEGER, total INTEGER"
            database.execute(f"CREATE TABLE IF NOT EXISTS returns ({named})")
            rows = [(station(i), f"2024-11-27T18:{i:02d}:00+07:00", 110, 90, 5, 205) for i in stations]
            database.executemany("INSERT INTO returns VALUES (?, ?, ?, ?, ?, ?)", rows)

    add(1, 2, 3)
    night = play(small, {12: lambda: add(4)}, until=30, every=5)
    first, second = night.at("take")
    assert first < 1.5
    assert 12 < second < 17.5
    assert night.takes() == ["20241127T180300+0700", "20241127T180400+0700"]


def test_once_says_whether_there_is_anything(small: Path, play) -> None:
    night = play(small, once=True)
    assert not night.well
    assert night.said("quiet") == ["no returns of the sample yet: the first take waits for one"]
    drop(small, "a.csv", [1, 2])
    night = play(small, once=True, pages=FakePages(small))
    assert night.well
    assert len(night.at("page")) == 1
    again = play(small, once=True, pages=FakePages(small))
    assert (again.well, again.pages.started, again.at("take")) == (True, [], [])


@pytest.mark.slow
def test_a_slow_page_delays_no_take_and_the_newest_wins(small: Path, play) -> None:
    drop(small, "a.csv", [1, 2])
    plan = {10.0 * i: lambda i=i: drop(small, f"{i}.csv", [i]) for i in range(3, 7)}
    night = play(small, plan, until=120, every=5, pages=FakePages(small, lasts=35.0), languages=("id", "en"))
    assert len(night.at("take")) == 5
    started = [(take, languages) for _, take, languages, _ in night.pages.started]
    assert started[0] == ("20241127T180200+0700", ("id", "en"))
    assert started[-1] == ("20241127T180600+0700", ("id", "en"))
    assert len(started) == 3  # those in between were passed over
    paths = {"id": "out/internal/projection-id.html", "en": "out/internal/projection-en.html"}
    status = json.loads((small / "out" / "status.json").read_text())
    assert status["page"]["paths"] == paths
    assert (status["state"], status["take"]["name"], status["troubles"]) == ("ended", "20241127T180600+0700", [])


def test_the_page_is_made_again_when_it_may_be_published(small: Path, play, monkeypatch) -> None:
    toml = (small / "contest.toml").read_text()
    toml = toml.replace("2024-11-27T15:00:00+07:00", "2024-11-27T18:00:30+07:00")
    toml = toml.replace('rule = "plurality"', 'rule = "plurality"\nrelease = "public"\nregistration = "1/2024"')
    (small / "contest.toml").write_text(toml)
    drop(small, "a.csv", [1, 2])
    pages = FakePages(small)
    pages.status = "embargoed"
    night = play(small, {25: lambda: setattr(pages, "status", "public")}, until=60, pages=pages)
    assert [take for _, take, _, _ in pages.started] == ["20241127T180200+0700"] * 2
    assert 29.9 < pages.started[1][0] < 30.5
    assert len(night.at("take")) == 1


def test_a_second_watch_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out" / "watch.lock"
    said = r"process \d+ on .+ watches this contest already, since 2024-11-27T11"
    with locked(path, START), pytest.raises(EstimationError, match=said), locked(path, START + timedelta(hours=1)):
        pass
    with locked(path, START):
        assert json.loads(path.read_text())["since"] == START.isoformat()
