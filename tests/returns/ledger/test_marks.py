"""A verifier's word: a verified return holds, a rejected one is kept out until a corrected one comes."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from estimation.errors import LedgerError
from estimation.returns.ledger import mark, verify_chain

Row = dict[str, Any]
Form = Callable[..., Row]
Opened = Callable[..., Any]


def at(hour: int) -> datetime:
    return datetime(2024, 11, 27, hour - 7, tzinfo=UTC)


def test_a_verified_return_holds_before_a_later_one(opened: Opened, form: Form) -> None:
    night = opened([form()])
    night.look()
    event = mark(night.ledger, "0001", "verified", by="V-1", at=at(17))
    assert (event.kind, event.note, event.received_at) == ("verified", "V-1", "2024-11-27T10:00:00.000000Z")
    night.send("late.csv", [form("18:00", 110), form("18:00", 120, source="app")])
    night.look()
    assert night.votes() == {"0001": 100}
    assert night.kinds() == ["received", "accepted", "verified", "received", "corrected", "received", "accepted"]
    verify_chain(night.ledger)


def test_verifying_settles_what_sources_disagree_on(opened: Opened, form: Form) -> None:
    night = opened([form(), form("17:00", 110, source="app")])
    night.look()
    assert night.votes() == {"0001": None}
    with pytest.raises(
        LedgerError, match="TPS 0001 has returns that differ, from 'app', 'officer': name one with --source"
    ):
        mark(night.ledger, "0001", "verified", by="V-1", at=at(18))
    mark(night.ledger, "0001", "verified", by="V-1", source="officer", at=at(18))
    assert night.votes() == {"0001": 100}


def test_a_rejected_return_is_out_until_a_corrected_one_comes(opened: Opened, form: Form) -> None:
    night = opened([form()])
    night.look()
    mark(night.ledger, "0001", "rejected", by="V-1", at=at(17))
    assert night.votes() == {"0001": None}
    night.send("late.csv", [form("18:00", 110)])
    night.look()
    assert night.votes() == {"0001": 110}
    assert night.votes(at(17)) == {"0001": None}
    assert night.votes(datetime(2024, 11, 27, 9, 59, tzinfo=UTC)) == {"0001": 100}


def test_a_verdict_can_be_taken_back(opened: Opened, form: Form) -> None:
    night = opened([form()])
    night.look()
    for hour, verdict, votes in ((17, "verified", 100), (18, "rejected", None), (19, "verified", 100)):
        mark(night.ledger, "0001", verdict, by="V-1", at=at(hour))
        assert night.votes() == {"0001": votes}


def test_the_same_mark_twice_is_one_event(opened: Opened, form: Form) -> None:
    night = opened([form()])
    night.look()
    first = mark(night.ledger, "0001", "verified", by="V-1", at=at(17))
    head = verify_chain(night.ledger)
    assert mark(night.ledger, "0001", "verified", by="V-1", at=at(17)) == first
    assert verify_chain(night.ledger) == head


def test_the_latest_return_is_the_one_that_is_meant(opened: Opened, form: Form) -> None:
    night = opened([form("17:00", 110), form(), form("19:00", 120)])
    night.look()
    mark(night.ledger, "0001", "verified", by="V-1", at=at(18))
    assert night.votes() == {"0001": 110}


def test_a_newer_revision_of_the_source_does_not_undo_a_mark(opened: Opened, form: Form) -> None:
    night = opened([form(submission="u-1", revision=1)])
    night.look()
    mark(night.ledger, "0001", "verified", by="V-1", at=at(17))
    night.send("edited.csv", [form("16:00", 110, submission="u-1", revision=2)])
    night.look()
    assert night.votes() == {"0001": 100}


@pytest.mark.parametrize(
    ("tps_id", "verdict", "options", "message"),
    [
        ("0002", "verified", {}, "TPS 0002 has no return that had come in by then: mind leading zeros"),
        ("1", "verified", {}, "TPS 1 has no return"),
        ("0001", "verified", {"at": at(8)}, "TPS 0001 has no return that had come in by then"),
        ("0001", "verified", {"source": "app"}, "TPS 0001 has no return from 'app': there are some from 'officer'"),
        ("0001", "good", {}, "'good' is no verdict: write verified or rejected"),
        ("0001", "verified", {"by": " "}, "a mark needs the verifier's code"),
        ("0001", "verified", {"at": datetime(2024, 11, 27, 18)}, "2024-11-27T18:00:00, has no UTC offset"),
    ],
)
def test_marks_that_can_not_be(
    opened: Opened, form: Form, tps_id: str, verdict: str, options: dict[str, Any], message: str
) -> None:
    night = opened([form()])
    night.look()
    with pytest.raises(LedgerError, match=message):
        mark(night.ledger, tps_id, verdict, **{"by": "V-1", "at": at(18), **options})
    assert night.kinds() == ["received", "accepted"]
