"""Any sequence of files, copies, overwritten files, marks, interruptions: nothing lost, nothing counted twice."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from estimation.contest import load_contest
from estimation.errors import LedgerError
from estimation.frame import load_frame
from estimation.resources import demo_contest
from estimation.returns import resolve
from estimation.returns.ledger import (
    Delivery,
    FileRead,
    Ledger,
    enter_delivery,
    history,
    intake,
    mark,
    open_ledger,
    verify_chain,
)
from estimation.returns.ledger.append import Writer
from estimation.returns.resolution import FormRules
from estimation.rules import Findings

Return = tuple[str, str, int, int, str]  # station, source, minute (-1: no time), votes, status
STATIONS, SOURCES = ("0001", "0002", "9999"), ("officer", "app")
RETURN = st.tuples(
    st.sampled_from(STATIONS),
    st.sampled_from(SOURCES),
    st.integers(-1, 2),
    st.integers(100, 103),
    st.sampled_from(("received", "received", "received", "verified", "rejected")),
)
PART = st.lists(RETURN, min_size=1, max_size=6)


def outcomes(station: str, returns: Iterable[Return]) -> set[int | None]:
    """Say by the policy alone what may hold for a station: the first candidate's votes, None where nothing is used.

    The latest verdict of a verifier decides whether only verified returns count; then each source's latest return
    does, all sources must agree, and a rejected one takes the station out. Which of several returns of one moment is
    the latest, the policy leaves to a hash, so that any of them may be; no return at all is the empty set.
    """
    mine = [r for r in returns if r[0] == station]
    verdicts = sorted((r[2], r[4] == "rejected") for r in mine if r[4] != "received")
    if verdicts and not verdicts[-1][1]:
        mine = [("", "", *r[2:]) for r in mine if r[4] == "verified"]
    latest = {s: max(r[2] for r in mine if r[1] == s) for s in {r[1] for r in mine}}
    last = [[r for r in mine if r[1] == source and r[2] == minute] for source, minute in latest.items()]
    return {
        None if len({r[3] for r in chosen}) > 1 or any(r[4] == "rejected" for r in chosen) else chosen[0][3]
        for chosen in product(*last)
        if chosen
    }


def test_the_policy_by_hand() -> None:
    received, app = ("0001", "officer", 0, 100, "received"), ("0001", "app", 0, 101, "received")
    later, verified = ("0001", "officer", 1, 102, "received"), ("0001", "app", 0, 101, "verified")
    assert outcomes("0001", []) == set()
    assert outcomes("0001", [received]) == {100}
    assert outcomes("0001", [received, later]) == {102}
    assert outcomes("0001", [received, app]) == {None}
    assert outcomes("0001", [received, later, verified]) == {101}
    assert outcomes("0001", [received, ("0001", "officer", 0, 103, "received")]) == {100, 103}
    assert outcomes("0001", [received, ("0001", "officer", 1, 100, "rejected")]) == {None}
    assert outcomes("0001", [verified, ("0001", "app", 1, 101, "rejected"), later]) == {None}


class Stopped(Exception):  # noqa: N818
    """The program was stopped at this point."""


def as_table(rows: list[Return], name: str) -> pd.DataFrame:
    tps, source, minute, votes, status = zip(*rows, strict=True)
    times = [pd.NaT if m < 0 else pd.Timestamp(f"2024-11-27T09:0{m}:00Z") for m in minute]
    table = pd.DataFrame({"tps_id": tps, "source": source, "status": status, "reporter": "P"}).astype("str")
    table["votes_1"] = np.array(votes, dtype=np.float64)
    table["votes_2"], table["invalid"], table["total"] = 150.0, 10.0, table["votes_1"] + 160
    table["received_at"] = pd.Series(pd.to_datetime(times, utc=True)).astype("datetime64[ns, UTC]")
    return table.assign(file=name, line=np.arange(2, len(rows) + 2), unreadable=False)


def delivery(name: str, rows: list[Return]) -> Delivery:
    content, table = repr(rows).encode(), as_table(rows, name)
    file = FileRead(f"inbox/{name}", sha256(content).hexdigest(), len(content), 0, "")
    return Delivery((file,), table, np.zeros(len(table), dtype=np.intp), Findings.none(), np.zeros(0, dtype=np.intp))


class Histories(RuleBasedStateMachine):
    """A ledger beside a plain set of returns."""

    url = ""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        text = (demo_contest("situbondo-2024") / "contest.toml").read_text(encoding="utf-8")
        part = '[baseline]\npath = "baseline.csv"\nlevel = "village"\n'
        (folder / "contest.toml").write_text(text.replace(part, ""), encoding="utf-8")
        head = "tps_id,province,regency,district,village,tps,registered"
        (folder / "frame.csv").write_text(f"{head}\n0001,P,R,D,V,1,301\n0002,P,R,D,W,1,302\n")
        self.contest = load_contest(folder)
        self.frame = load_frame(self.contest)
        self.form_rules = FormRules.of(self.contest, self.frame)
        self.model: set[Return] = set()
        self.files: dict[str, list[Return]] = {}
        self.versions: list[tuple[str, list[Return]]] = []
        self.overwritten = False
        self.marks: list[Return] = []
        self.ledger = self.open()

    def open(self, database: str | None = None) -> Ledger:
        return open_ledger(self.contest, database or self.url or None)

    def keep(self, name: str, rows: list[Return]) -> None:
        self.overwritten |= name in self.files and self.files[name] != rows
        self.files[name] = rows
        self.versions.append((name, rows))
        self.model |= set(rows)

    @rule(name=st.sampled_from("abc"), rows=PART)
    def a_file(self, name: str, rows: list[Return]) -> None:
        before = len(self.model)
        done = enter_delivery(self.ledger, delivery(name, rows), self.form_rules)
        self.keep(name, rows)
        assert done.kinds.get("received", 0) == len(self.model) - before
        assert done.rows == len(rows)

    @precondition(lambda self: self.versions)
    @rule(data=st.data(), name=st.sampled_from("abcde"))
    def an_earlier_file_again(self, data: st.DataObject, name: str) -> None:
        _, rows = data.draw(st.sampled_from(self.versions))
        shuffled = data.draw(st.permutations(rows))
        assert "received" not in enter_delivery(self.ledger, delivery(name, shuffled), self.form_rules).kinds
        self.keep(name, shuffled)

    @rule(name=st.sampled_from("abc"), rows=PART, at=st.integers(1, 2))
    def a_file_and_the_program_is_stopped(self, name: str, rows: list[Return], at: int) -> None:
        flush, calls = Writer.flush, iter(range(1, 100))

        def stop(writer: Writer) -> None:
            flush(writer)
            if next(calls) == at:
                raise Stopped

        Writer.flush = stop  # type: ignore[method-assign]
        try:
            enter_delivery(self.ledger, delivery(name, rows), self.form_rules)
            self.keep(name, rows)  # the file was there already, so that nothing was written
        except Stopped:
            pass
        finally:
            Writer.flush = flush  # type: ignore[method-assign]

    @rule()
    def the_program_is_started_anew(self) -> None:
        self.ledger.close()
        self.ledger = self.open()

    @precondition(lambda self: any(r[0] == "0001" and r[1] == "app" for r in self.model))
    @rule(minute=st.integers(0, 3), verdict=st.sampled_from(("verified", "rejected")))
    def a_mark(self, minute: int, verdict: str) -> None:
        at = datetime(2024, 11, 27, 9, minute, tzinfo=UTC)
        by_then = [r for r in self.model if r[:2] == ("0001", "app") and r[2] <= minute]
        if not by_then:
            with pytest.raises(LedgerError, match="TPS 0001 has no return"):
                mark(self.ledger, "0001", verdict, by="V-1", source="app", at=at)
            return
        event = mark(self.ledger, "0001", verdict, by="V-1", source="app", at=at)
        said = json.loads(event.payload or "")
        latest = max(r[2] for r in by_then)
        assert said["votes_1"] in {r[3] for r in by_then if r[2] == latest}
        again = mark(self.ledger, "0001", verdict, by="V-1", source="app", at=at)
        marked = ("0001", "app", minute, said["votes_1"], verdict)
        self.marks = list(dict.fromkeys([*self.marks, marked]))
        assert again == event

    @invariant()
    def nothing_lost_and_nothing_twice(self) -> None:
        if not hasattr(self, "ledger"):
            return
        table = intake(self.ledger).table
        table = table[table["file"] != "mark"]
        minute = table["received_at"].dt.minute.fillna(-1).astype(int)
        columns = table["tps_id"], table["source"], minute, table["votes_1"].astype(int), table["status"]
        assert Counter(zip(*(c.tolist() for c in columns), strict=True)) == Counter(self.model)

    @precondition(lambda self: self.versions)
    @rule(minute=st.sampled_from((None, -1, 0, 1, 2)))
    def what_holds_is_what_the_policy_says_at_any_moment(self, minute: int | None) -> None:
        moment = None if minute is None else datetime(2024, 11, 27, 9, tzinfo=UTC) + timedelta(minutes=minute)
        by_then = [r for r in (*self.model, *self.marks) if minute is None or r[2] <= minute]
        table = resolve(self.contest, self.frame, intake(self.ledger, moment), np.arange(2), moment).table
        held = {row.row: int(row.votes_1) if row.usable else None for row in table.itertuples()}
        assert len(held) == len(table)
        for row, station in enumerate(STATIONS[:2]):
            may = outcomes(station, by_then)
            assert held.get(row, "nothing") in (may or {"nothing"}), (station, minute)

    @invariant()
    def the_chain_is_whole_and_every_return_was_judged(self) -> None:
        if not hasattr(self, "ledger"):
            return
        verify_chain(self.ledger)
        for station in STATIONS:
            events = history(self.ledger, station)
            received = [event.content for event in events if event.kind == "received"]
            judged = {event.content for event in events if event.kind != "received"}
            assert set(received) <= judged
            assert len(received) == len(set(received)) == sum(r[0] == station for r in self.model)

    @invariant()
    def no_order_of_entering_decides(self) -> None:
        if not getattr(self, "versions", None) or self.overwritten or self.marks:
            return
        other = self.open("sqlite://")
        for name, rows in sorted(self.versions, reverse=True):
            enter_delivery(other, delivery(f"{name}-again", rows), self.form_rules)
        try:
            one, two = intake(self.ledger), intake(other)
            assert one.sha256 == two.sha256
            pd.testing.assert_frame_equal(self.settled(one), self.settled(two))
        finally:
            other.close()

    def settled(self, state: Any) -> pd.DataFrame:
        return resolve(self.contest, self.frame, state, np.arange(2)).table.drop(columns=["file", "line"])

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
            self.folder.cleanup()


OPTIONS: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def test_any_history() -> None:
    run_state_machine_as_test(Histories, settings=settings(max_examples=3, stateful_step_count=8, **OPTIONS))


@pytest.mark.slow
def test_many_histories() -> None:
    run_state_machine_as_test(Histories, settings=settings(max_examples=14, stateful_step_count=12, **OPTIONS))


@pytest.mark.slow
def test_any_history_on_postgresql(server: str) -> None:
    import uuid

    import psycopg

    class OnServer(Histories):
        """Each history in a schema of its own."""

        def open(self, database: str | None = None) -> Ledger:
            if database is None and not hasattr(self, "schema"):
                self.schema = f"h{uuid.uuid4().hex}"
                with psycopg.connect(server, autocommit=True) as connection:
                    connection.execute(f"CREATE SCHEMA {self.schema}")
            return open_ledger(self.contest, database or f"{server}?options=-csearch_path%3D{self.schema}")

        def teardown(self) -> None:
            super().teardown()
            if hasattr(self, "schema"):
                with psycopg.connect(server, autocommit=True) as connection:
                    connection.execute(f"DROP SCHEMA {self.schema} CASCADE")

    run_state_machine_as_test(OnServer, settings=settings(max_examples=8, stateful_step_count=12, **OPTIONS))
