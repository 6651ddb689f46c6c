"""What is entered: every return once, whichever file brings it, and what the rules said of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from estimation.errors import LedgerError
from estimation.frame import load_frame
from estimation.returns import read_returns, resolve
from estimation.returns.ledger import ingest, intake, verify_chain

Row = dict[str, Any]
Form = Callable[..., Row]
Opened = Callable[..., Any]


@pytest.mark.parametrize(
    ("row", "said", "note"),
    [
        ({}, "accepted", ""),
        ({"total": 999}, "quarantined", "E203,E205"),
        ({"votes_1": "x12"}, "quarantined", "E202,E201"),
        ({"status": "verified"}, "verified", ""),
        ({"status": "rejected"}, "rejected", "E212"),
        ({"status": "verified", "total": 261}, "quarantined", "E203"),
    ],
)
def test_a_return_is_received_and_judged(opened: Opened, form: Form, row: Row, said: str, note: str) -> None:
    night = opened([form() | row])
    assert night.look() == (1, 0)
    received, judged = night.events()
    assert (received.kind, judged.kind, judged.note) == ("received", said, note)
    assert (received.seq, judged.seq, received.content) == (2, 3, judged.content)
    assert (received.received_at, received.place, received.line) == ("2024-11-27T09:00:00.000000Z", "returns.csv", 2)


def test_a_later_one_of_the_same_source_corrects(opened: Opened, form: Form) -> None:
    night = opened([form(), form("17:00", 110), form("16:30", 105), form("18:00", 110, source="app")])
    assert night.look() == (4, 0)
    judged = [event.kind for event in night.events() if event.kind != "received"]
    assert judged == ["accepted", "corrected", "accepted", "accepted"]


def test_the_payload_is_the_return_in_canonical_text(opened: Opened, form: Form) -> None:
    night = opened([form(registered=301, reporter=None, source='a "b"')])
    night.look()
    assert night.events()[0].payload == (
        '{"invalid":10,"received_at":"2024-11-27T09:00:00.000000Z","registered":301,"source":"a \\"b\\"",'
        '"status":"received","total":260,"tps_id":"0001","votes_1":100,"votes_2":150}'
    )


def test_the_same_file_twice_and_a_copy_of_it(opened: Opened, form: Form) -> None:
    night = opened([form(), form(tps_id="0002")])
    assert [night.look(), night.look(), night.look(every=True)] == [(2, 0), (0, 0), (0, 2)]
    end = verify_chain(night.ledger)
    night.send("again.csv", [form(tps_id="0002"), form()])
    assert night.look() == (0, 2)
    assert verify_chain(night.ledger).seq == end.seq + 1  # that the file was read
    assert len(night.state().table) == 2


@pytest.mark.parametrize(
    "row",
    [
        {"registered": None},
        {"received_at": "2024-11-27T09:00:00Z"},
        {"total": "260.0"},
        {"source": " officer "},
        {"status": "received"},
    ],
)
def test_the_same_return_written_otherwise_is_one(opened: Opened, form: Form, row: Row) -> None:
    night = opened({"a.csv": [form()], "b.csv": [form() | row]})
    assert night.look() == (1, 1)


@pytest.mark.parametrize(
    "row",
    [
        {"votes_1": 101},
        {"votes_1": "1o1"},
        {"votes_1": "1o2"},
        {"source": "app"},
        {"received_at": "2024-11-27T16:00:00.000001+07:00"},
        {"registered": 301},
        {"tps_id": "1"},
        {"tps_id": None},
    ],
)
def test_another_return_is_another(opened: Opened, form: Form, row: Row) -> None:
    night = opened({"a.csv": [form()], "b.csv": [form() | row], "c.csv": [form(votes_1="1o3")]})
    assert night.look() == (3, 0)


def test_cells_that_could_not_be_read_stay_in_the_list(opened: Opened, form: Form) -> None:
    night = opened({"a.csv": [form(votes_1="x"), form(tps_id="0002", cuaca="hujan")], "b.csv": "tps_id\n1\n"})
    night.look()
    direct, kept = read_returns(night.ledger.contest).findings.table, night.state().findings.table
    by = ["code", "file", "line"]
    pd.testing.assert_frame_equal(
        kept.sort_values(by, ignore_index=True), direct.sort_values(by, ignore_index=True), check_dtype=False
    )
    assert sorted(kept["code"]) == ["E202", "E214", "W210"]


def test_the_ledger_gives_what_reading_the_inbox_gives(opened: Opened, form: Form) -> None:
    rows = [form(), form("17:00", 110), form(tps_id="0002", registered=302, valid=250), form(tps_id="0003", total=1)]
    night = opened({"a.csv": rows, "b.csv": [form(tps_id="0004"), form(tps_id="0005", reporter=None)]})
    night.look()
    frame = load_frame(night.ledger.contest)
    everywhere = np.arange(len(frame))
    direct = resolve(night.ledger.contest, frame, read_returns(night.ledger.contest), everywhere)
    kept = resolve(night.ledger.contest, frame, night.state(), everywhere)
    names = sorted(direct.table)
    pd.testing.assert_frame_equal(kept.table[names], direct.table[names])
    pd.testing.assert_frame_equal(kept.findings.table, direct.findings.table, check_dtype=False)


def test_no_order_of_files_decides(opened: Opened, form: Form) -> None:
    parts = {
        "a": [form("17:00", 120)],
        "b": [form("17:00", 110), form(tps_id="0002")],
        "c": [form(), form("17:00", 120)],
    }
    states = []
    for order in ("abc", "cba", "bca"):
        night = opened(database="sqlite://")
        for name in order:
            night.send(f"{name}.csv", parts[name])
            night.look()
        states.append((night.state().sha256, night.votes()))
    assert states[0] == states[1] == states[2]
    assert states[0][1] in ({"0001": 110, "0002": 100}, {"0001": 120, "0002": 100})


# --- a file that is overwritten -------------------------------------------------------------------


def times(rows: list[Row], timed: bool) -> list[Row]:
    return rows if timed else [{key: row[key] for key in row if key != "received_at"} for row in rows]


@pytest.mark.parametrize("timed", [True, False])
def test_a_count_mended_in_its_file_holds_and_the_old_one_stays(opened: Opened, form: Form, timed: bool) -> None:
    night = opened()
    for a in (100, 110, 90, 105):
        night.send("sheet.csv", times([form(a=a), form(tps_id="0002")], timed))
        assert night.look() == (1 if a != 100 else 2, 1 if a != 100 else 0)
        assert night.votes() == {"0001": a, "0002": 100}
    assert night.kinds() == ["received", "accepted"] + ["received", "corrected"] * 3
    verify_chain(night.ledger)


def test_a_count_put_back_holds_again(opened: Opened, form: Form) -> None:
    night = opened()
    for a, (new, known) in ((100, (1, 0)), (110, (1, 0)), (100, (0, 1)), (110, (0, 1))):
        night.send("sheet.csv", [form(a=a)])
        assert night.look() == (new, known)
        assert night.votes() == {"0001": a}
    last = night.events()[-1]
    assert (last.kind, last.replaces is not None) == ("corrected", True)
    hashes = {night.state().sha256}
    night.send("sheet.csv", [form(a=100)])
    night.look()
    assert night.state().sha256 not in hashes


def test_a_mended_count_that_is_wrong_takes_the_station_out(opened: Opened, form: Form) -> None:
    night = opened()
    night.send("sheet.csv", [form()])
    night.look()
    night.send("sheet.csv", [form(total=999)])
    night.look()
    assert (night.votes(), night.kinds()[-1]) == ({"0001": None}, "quarantined")


def test_a_row_taken_out_of_its_file_is_not_lost(opened: Opened, form: Form) -> None:
    night = opened()
    night.send("sheet.csv", [form(), form(tps_id="0002")])
    night.look()
    night.send("sheet.csv", [form()])
    night.look()
    assert night.votes() == {"0001": 100, "0002": 100}


def test_a_file_that_grows_costs_nothing_twice(opened: Opened, form: Form) -> None:
    night = opened()
    for n in range(1, 6):
        night.send("sheet.csv", [form(tps_id=f"{i:04d}") for i in range(1, n + 1)])
        assert night.look() == (1, n - 1)
    assert verify_chain(night.ledger).seq == 5 + 2 * 5


# --- moments --------------------------------------------------------------------------------------


def test_the_state_at_any_past_moment(opened: Opened, form: Form) -> None:
    night = opened([form(), form("17:00", 110), form("17:00", tps_id="0002")])
    night.look()
    before = datetime(2024, 11, 27, 9, 30, tzinfo=UTC)
    state = night.state(before)
    assert (len(state.table), night.votes(before)) == (1, {"0001": 100})
    night.send("late.csv", [form("18:00", 120), form("18:00", tps_id="0003")])
    night.look()
    assert night.state(before).sha256 == state.sha256
    assert night.votes() == {"0001": 120, "0002": 100, "0003": 100}
    assert night.votes(datetime(2024, 11, 27, 10, tzinfo=UTC)) == {"0001": 110, "0002": 100}


def test_what_the_program_knew_at_a_moment(opened: Opened, form: Form) -> None:
    night = opened([form()])
    night.look()
    then = datetime.now(UTC)
    night.send("late.csv", [form("15:00", tps_id="0002"), form("15:30", tps_id="0003", votes_1="x")])
    night.look()
    assert len(intake(night.ledger, recorded_by=then).table) == 1
    assert len(intake(night.ledger, recorded_by=then + timedelta(hours=1)).table) == 3
    assert len(intake(night.ledger, recorded_by=then - timedelta(hours=1)).findings) == 0


def test_a_moment_needs_its_zone(opened: Opened, form: Form) -> None:
    night = opened()
    with pytest.raises(LedgerError, match="as_of 2024-11-27T16:00:00 has no UTC offset"):
        intake(night.ledger, datetime(2024, 11, 27, 16))


def test_an_empty_ledger(opened: Opened, form: Form) -> None:
    night = opened()
    state = night.state()
    direct = read_returns(night.ledger.contest).table
    assert (len(state.table), len(state.findings)) == (0, 0)
    assert set(direct.columns) <= set(state.table.columns)


def test_files_larger_than_a_piece(opened: Opened, form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estimation.returns.ledger.append.CHUNK", 3)
    night = opened([form(f"16:{i:02d}", 100 + i, tps_id=f"{i % 5 + 1:04d}") for i in range(20)])
    result = ingest(night.ledger, settle=0)
    assert result.entered.kinds == {"received": 20, "accepted": 5, "corrected": 15}
    assert night.votes() == {f"{i % 5 + 1:04d}": 100 + i for i in range(15, 20)}
    verify_chain(night.ledger)
    night.send("returns.csv", [form(f"16:{i:02d}", 90, tps_id=f"{i % 5 + 1:04d}") for i in range(20)])
    assert night.look() == (20, 0)
    assert set(night.votes().values()) == {90}


def test_any_values_survive(opened: Opened, form: Form) -> None:
    odd: dict[str, Any] = {"reporter": 'tab\t "quote" \\ é 漢 \x01', "source": "日本"}
    night = opened([form(tps_id="0" * 30 + "1", **odd), form(a=0, votes_2=0, invalid=0, total=0)])
    night.look()
    direct = read_returns(night.ledger.contest).table
    kept = night.state().table
    names = sorted(direct)
    pd.testing.assert_frame_equal(kept[names], direct[names])


def test_a_warning_on_a_row_is_listed_with_its_return_and_not_before(opened: Opened, form: Form) -> None:
    night = opened({"a.csv": [form(), form("17:00", tps_id="0002", votes_1="1O0")]})
    night.look()
    codes = {"E202", "W213"}
    assert codes <= set(night.state().findings.table["code"])
    assert len(night.state(datetime(2024, 11, 27, 9, 30, tzinfo=UTC)).findings) == 0
