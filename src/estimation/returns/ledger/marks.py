"""A verifier's word on a station's return, as an event like any other."""

from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
import pandas as pd

from estimation.errors import LedgerError
from estimation.returns.content import canonical_rows, utc_texts
from estimation.returns.ledger.append import Writer
from estimation.returns.ledger.chain import LedgerEvent
from estimation.returns.ledger.schema import EVENT, writing
from estimation.returns.ledger.state import intake
from estimation.returns.ledger.store import Ledger, now

VERDICTS = ("verified", "rejected")
PLACE = "mark"


def mark(
    ledger: Ledger,
    tps_id: str,
    verdict: str,
    *,
    by: str,
    source: str | None = None,
    at: datetime | None = None,
) -> LedgerEvent:
    """Enter that a verifier compared a station's return with its form, and found it right or wrong.

    The mark repeats the return's counts, so that it holds by itself: a verified return holds before any other until
    it is rejected, a rejected one is kept out until a corrected one comes.

    Parameters
    ----------
    tps_id : str
    verdict : {"verified", "rejected"}
    by : str
        The verifier's code.
    source : str, optional
        Whose return it is; needed where sources disagree.
    at : datetime, optional
        When; now by default. Needs a UTC offset.

    Returns
    -------
    LedgerEvent
        The one entered, or the same one entered before.

    Raises
    ------
    LedgerError
        The station has no return in the ledger, or several that differ and no source was named.
    """
    if verdict not in VERDICTS:
        raise LedgerError(f"'{verdict}' is no verdict: write verified or rejected")
    if not by.strip():
        raise LedgerError("a mark needs the verifier's code: give it with --by")
    moment = at or now()
    if moment.tzinfo is None:
        raise LedgerError(f"the time of the mark, {moment.isoformat()}, has no UTC offset: give it with its zone")
    chosen = _choose(ledger, tps_id, source, moment)
    time = pd.Series([pd.Timestamp(moment.astimezone(UTC))])
    row = chosen.assign(status=verdict, reporter=by.strip(), received_at=time, submission=None, revision=np.nan)
    payload = canonical_rows(row)[0]
    content = sha256(payload.encode("utf-8")).digest()
    received = utc_texts(row["received_at"])[0]
    said = "" if pd.isna(chosen["source"].iloc[0]) else str(chosen["source"].iloc[0])
    with writing(ledger.engine, ledger.name) as connection:
        there = connection.execute(
            EVENT.select().where(EVENT.c.content == content, EVENT.c.payload.is_not(None))
        ).first()
        if there is not None:
            return LedgerEvent(*there[:-1])
        writer = Writer(connection)
        recorded = utc_texts(pd.Series([pd.Timestamp(now())]))[0]
        place = (PLACE, writer.seq + 1)
        writer.add(verdict, content, tps_id, said, received, recorded, 0, *place, by.strip(), None, payload)
        writer.flush()
    return LedgerEvent(
        writer.seq, verdict, content, tps_id, said, received, recorded, 0, *place, by.strip(), None, payload
    )


def _choose(ledger: Ledger, tps_id: str, source: str | None, moment: datetime) -> pd.DataFrame:
    """Find the return that is meant: the latest of its source that no verifier made."""
    table = intake(ledger, moment, station=tps_id).table
    mine = table[table["file"] != PLACE]
    if not len(mine):
        raise LedgerError(
            f"{ledger.name}: TPS {tps_id} has no return that had come in by then: mind leading zeros, and enter the "
            f"inbox first with 'quickcount ingest'"
        )
    sources = mine["source"].fillna("")
    known = sorted(sources.unique())
    if source is not None:
        mine = mine[sources == source]
        if not len(mine):
            raise LedgerError(f"TPS {tps_id} has no return from '{source}': there are some from {_listed(known)}")
    order = mine.assign(_source=mine["source"].fillna(""), _content=canonical_rows(mine))
    order = order.sort_values(["received_at", "edition", "_content"], kind="stable", na_position="first")
    last = order.drop_duplicates("_source", keep="last")
    counts = last.select_dtypes(include=[np.number]).drop(columns=["line", "edition"]).fillna(-1)
    if len(counts.drop_duplicates()) > 1:
        raise LedgerError(f"TPS {tps_id} has returns that differ, from {_listed(known)}: name one with --source")
    return last.tail(1).drop(columns=["_source", "_content"]).reset_index(drop=True)


def _listed(sources: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in sources)
