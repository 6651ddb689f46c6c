"""The chain: any change after the fact is found, and the first broken link is named."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from estimation.errors import LedgerError
from estimation.returns.ledger import LedgerEvent, verify_chain
from estimation.returns.ledger.chain import GENESIS, next_link

Row = dict[str, Any]
Form = Callable[..., Row]
Opened = Callable[..., Any]


@pytest.fixture
def night(opened: Opened, form: Form) -> Any:
    """Two returns and a broken file: six events."""
    night = opened({"a.csv": [form(), form(tps_id="0002")], "b.csv": "tps_id\n1\n"})
    assert night.look() == (2, 0)
    return night


def spoil(night: Any, statement: str) -> None:
    with night.ledger.engine.connect().execution_options(write=True) as connection, connection.begin():
        assert connection.execute(sa.text(statement)).rowcount >= 1


def test_links_by_hand() -> None:
    content = hashlib.sha256(b"{}").digest()
    event = LedgerEvent(
        1, "received", content, "0001", "app", "", "2024-11-27T09:00:00.000000Z", 1, "a.csv", 2, payload="{}"
    )
    said = f"1\x1freceived\x1f{content.hex()}\x1f0001\x1fapp\x1f\x1f2024-11-27T09:00:00.000000Z\x1f1\x1fa.csv\x1f2"
    said += "\x1f\x1f\x1fTrue"
    assert next_link(GENESIS, *event) == hashlib.sha256(bytes(32) + said.encode()).digest()


def test_a_whole_chain(night: Any) -> None:
    head = verify_chain(night.ledger)
    assert (head.seq, len(head.link)) == (6, 32)
    assert str(head) == f"6:{head.link.hex()}"
    night.look()
    assert verify_chain(night.ledger) == head


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "UPDATE event SET payload = REPLACE(payload, '100', '200') WHERE seq = 2",
            r"event 2 \(received, TPS 0001, a.csv line 2\): the return was changed",
        ),
        ("UPDATE event SET kind = 'accepted' WHERE seq = 4", r"event 4 \(accepted, TPS 0002, a.csv line 3\): it, or"),
        ("UPDATE event SET received_at = '2024-11-27T08:00:00.000000Z' WHERE seq = 2", r"breaks at event 2 \(received"),
        ("UPDATE event SET note = 'E203' WHERE seq = 3", r"breaks at event 3 \(accepted"),
        ("UPDATE event SET payload = NULL WHERE seq = 2", r"breaks at event 2 "),
        ("UPDATE event SET seq = seq + 1 WHERE seq = 6", "after event 5: event 6 is missing, the next one is 7"),
        ("DELETE FROM event WHERE seq = 3", "after event 2: event 3 is missing, the next one is 4"),
        ("DELETE FROM event WHERE seq < 4", "after event 0: event 1 is missing, the next one is 4"),
        ("UPDATE file SET findings = '[]' WHERE name = 'b.csv'", r"the file read by event 6 \(b.csv\) was changed"),
        ("UPDATE file SET rows = 3 WHERE name = 'a.csv'", r"the file read by event 1 \(a.csv\) was changed"),
        ("DELETE FROM file WHERE name = 'b.csv'", r"the file read by event 6 \(gone\) was changed"),
    ],
)
def test_the_first_broken_link_is_named(night: Any, statement: str, message: str) -> None:
    spoil(night, statement)
    with pytest.raises(LedgerError, match=message) as told:
        verify_chain(night.ledger)
    assert str(told.value).startswith(f"{night.ledger.name}: the ")
    assert "restore the ledger from a copy" in str(told.value)


def test_a_link_that_was_made_to_fit_breaks_the_next(night: Any) -> None:
    """Whoever mends the hash of what he changed has to mend every later one, and the head that others noted."""
    engine = night.ledger.engine
    head = verify_chain(night.ledger)
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        row = connection.execute(sa.text("SELECT * FROM event WHERE seq = 2")).mappings().one()
        before = connection.execute(sa.text("SELECT link FROM event WHERE seq = 1")).scalar_one()
        said = {**json.loads(row["payload"]), "votes_1": 200}
        payload = json.dumps(said, separators=(",", ":"))
        content = hashlib.sha256(payload.encode()).digest()
        event = LedgerEvent(
            **{**{key: row[key] for key in LedgerEvent._fields}, "payload": payload, "content": content}
        )
        values = {"payload": payload, "content": content, "link": next_link(bytes(before), *event)}
        connection.execute(
            sa.text("UPDATE event SET payload = :payload, content = :content, link = :link WHERE seq = 2"), values
        )
    with pytest.raises(LedgerError, match=r"breaks at event 3 \(accepted"):
        verify_chain(night.ledger)
    assert head.seq == 6


def test_events_cut_off_at_the_end_show_in_the_head(night: Any) -> None:
    head = verify_chain(night.ledger)
    spoil(night, "DELETE FROM event WHERE seq = 6")
    assert verify_chain(night.ledger) != head
