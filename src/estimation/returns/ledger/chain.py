"""The hash chain: each event's link is the SHA-256 of the link before it and of what the event says."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from estimation.errors import LedgerError

GENESIS = bytes(32)


class LedgerEvent(NamedTuple):
    """One line of the ledger; see the table ``event``."""

    seq: int
    kind: str
    content: bytes
    tps_id: str
    source: str
    received_at: str
    recorded_at: str
    file: int
    place: str
    line: int
    note: str = ""
    replaces: bytes | None = None
    payload: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain; a noted head proves later that no earlier event was changed or removed."""

    seq: int
    link: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.link.hex()}"


def next_link(
    previous: bytes,
    seq: int,
    kind: str,
    content: bytes,
    tps_id: str,
    source: str,
    received_at: str,
    recorded_at: str,
    file: int,
    place: str,
    line: int,
    note: str = "",
    replaces: bytes | None = None,
    payload: str | None = None,
) -> bytes:
    """Link an event to the one before it: over all that it says, of the payload its hash, which is the content."""
    said = (
        f"{seq}\x1f{kind}\x1f{content.hex()}\x1f{tps_id}\x1f{source}\x1f{received_at}\x1f{recorded_at}\x1f{file}\x1f"
        f"{place}\x1f{line}\x1f{note}\x1f{replaces.hex() if replaces else ''}\x1f{payload is not None}"
    )
    return sha256(previous + said.encode("utf-8", "surrogatepass")).digest()


def check_chain(events: Iterable[tuple[LedgerEvent, bytes]], name: str) -> Head:
    """Walk the chain from its beginning.

    Parameters
    ----------
    events : iterable of (LedgerEvent, bytes)
        In the order of ``seq``, each with its link.
    name : str
        The ledger, for the message.

    Raises
    ------
    LedgerError
        Names the first broken link: an event was changed, is missing, or was put in.
    """
    seq, link = 0, GENESIS
    for event, kept in events:
        if event.seq != seq + 1:
            raise LedgerError(
                f"{name}: the chain breaks after event {seq}: event {seq + 1} is missing, the next one is {event.seq}: "
                f"restore the ledger from a copy, or enter the inbox into a new one"
            )
        where = f"event {event.seq} ({event.kind}" + (f", TPS {event.tps_id}" if event.tps_id else "")
        where += f", {event.place}" + (f" line {event.line})" if event.line else ")")
        if event.payload is not None and sha256(event.payload.encode("utf-8")).digest() != event.content:
            raise LedgerError(
                f"{name}: the chain breaks at {where}: the return was changed after it had been entered: restore the "
                f"ledger from a copy, or enter the inbox into a new one"
            )
        link = next_link(link, *event)
        if link != kept:
            raise LedgerError(
                f"{name}: the chain breaks at {where}: it, or the order of events before it, was changed after it "
                f"had been entered: restore the ledger from a copy, or enter the inbox into a new one"
            )
        seq = event.seq
    return Head(seq, link)


def file_record(record: Mapping[str, Any]) -> tuple[str, bytes]:
    """Write what the chain keeps of a file as text, and its SHA-256: all but bookkeeping."""
    text = json.dumps({key: record[key] for key in sorted(record) if key not in ("seq", "stamp")}, ensure_ascii=False)
    return text, sha256(text.encode("utf-8")).digest()
