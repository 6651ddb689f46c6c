"""What the ledger holds at a moment, as the same table that reading the inbox gives."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from estimation import checks
from estimation.errors import LedgerError
from estimation.returns.collect import count_once
from estimation.returns.content import CELLS, restore, utc_texts
from estimation.returns.intake import Intake
from estimation.returns.ledger.schema import EVENT, FILE, read_transaction
from estimation.returns.ledger.store import Ledger
from estimation.returns.rows import Rows
from estimation.rules import Findings, Place

_BATCH = 20_000
WORDS = ("tps_id", "source", "reporter", "status", "submission")


def intake(
    ledger: Ledger,
    as_of: datetime | None = None,
    *,
    recorded_by: datetime | None = None,
    station: str | None = None,
) -> Intake:
    """Give all returns and verifiers' marks received by a moment.

    Parameters
    ----------
    as_of : datetime, optional
        By time of receipt; a return without one counts as received. Needs a UTC offset.
    recorded_by : datetime, optional
        Only what had been entered by then: what the program could know. Needs a UTC offset.
    station : str, optional
        Only this station's, by ``tps_id``.

    Returns
    -------
    Intake
        It depends on which returns there are, not on the order in which they were entered; so does its hash,
        which is over the returns' own hashes.
    """
    until = None if as_of is None else _text(as_of, "as_of")
    known = None if recorded_by is None else _text(recorded_by, "recorded_by")
    with read_transaction(ledger.engine, ledger.name) as connection:
        wanted = _wanted(until, known, station)
        table, contents = _returns(connection, ledger.contest.vote_columns, wanted, known)
        of_files = _of_files(connection, until, known)
    here = set(zip(table["file"], table["line"], strict=True))
    of_files = [place for *place, of_row in of_files if not of_row or (place[1], place[2]) in here]
    of_rows = _of_rows(table)
    table = table.drop(columns=CELLS)
    findings = Findings.join(of_rows, count_once(_findings([tuple(place) for place in of_files])))
    return Intake(Rows.of_table(table), findings, _digest(table, contents))


def _text(moment: datetime, name: str) -> str:
    if moment.tzinfo is None:
        raise LedgerError(f"{name} {moment.isoformat()} has no UTC offset: give the moment with its zone")
    return utc_texts(pd.Series([pd.Timestamp(moment)]).dt.tz_convert("UTC"))[0]


def _wanted(until: str | None, known: str | None, station: str | None) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = [EVENT.c.payload.is_not(None)]
    if until is not None:
        wanted.append(EVENT.c.received_at <= until)  # '' for a return without a time is before any
    if known is not None:
        wanted.append(EVENT.c.recorded_at <= known)
    if station is not None:
        wanted.append(EVENT.c.tps_id == station)
    return wanted


def _returns(
    connection: Connection, votes: list[str], wanted: list[sa.ColumnElement[bool]], known: str | None
) -> tuple[pd.DataFrame, list[bytes]]:
    """Read the rows, in the order of their places, and the hash of each."""
    edition = sa.select(EVENT.c.content, sa.func.max(EVENT.c.seq).label("edition")).where(EVENT.c.replaces.is_not(None))
    if known is not None:
        edition = edition.where(EVENT.c.recorded_at <= known)
    latest = edition.group_by(EVENT.c.content).subquery()
    query = sa.select(EVENT.c.content, EVENT.c.place, EVENT.c.line, EVENT.c.payload, latest.c.edition)
    query = query.join(latest, latest.c.content == EVENT.c.content, isouter=True).where(*wanted)
    numbers = [*dict.fromkeys((*votes, *checks.COUNTS)), "revision"]
    parts: list[pd.DataFrame] = []
    contents: list[bytes] = []
    with connection.execute(query, execution_options={"yield_per": _BATCH}) as result:
        for part in result.partitions(_BATCH):
            hashes, places, lines, payloads, editions = zip(*part, strict=True)
            rows = restore(payloads, numbers, WORDS)
            rows["file"], rows["line"] = pd.Series(places, dtype="str"), np.array(lines, dtype=np.int64)
            rows["edition"] = np.array([number or 0 for number in editions], dtype=np.int64)
            parts.append(rows)
            contents += [bytes(value) for value in hashes]
    table = pd.concat(parts, ignore_index=True) if parts else empty_state(votes)
    table["_content"] = contents
    order = table.sort_values(["file", "line", "_content"], kind="stable").index
    table = table.drop(columns="_content").loc[order].reset_index(drop=True)
    return table, [contents[i] for i in order]


def empty_state(votes: list[str]) -> pd.DataFrame:
    """Give the table without a row."""
    rows = restore((), [*dict.fromkeys((*votes, *checks.COUNTS)), "revision"], WORDS)
    rows["file"], rows["line"] = pd.Series(dtype="str"), pd.Series(dtype="int64")
    return rows.assign(edition=pd.Series(dtype="int64"))


def _digest(table: pd.DataFrame, contents: list[bytes]) -> str:
    """Hash the hashes of the returns, and which of those of one moment were overwritten by which."""
    digest = sha256(b"".join(sorted(contents)))
    later = np.flatnonzero(table["edition"].to_numpy())
    if len(later):
        some = table.iloc[later].fillna({"source": "", "tps_id": ""})
        by = ["tps_id", "source", "received_at", "edition"]
        digest.update(b"".join(contents[i] for i in some.sort_values(by, kind="stable").index))
    return digest.hexdigest()


def _of_rows(table: pd.DataFrame) -> Findings:
    """List the cells that could not be read."""
    rows = table[table[CELLS].notna()]
    columns = rows["file"], rows["line"], rows["tps_id"], rows[CELLS]
    found: list[tuple[object, ...]] = [
        (code, file, line, column, value, "" if pd.isna(tps) else tps)
        for file, line, tps, cells in zip(*columns, strict=True)
        for code, column, value in cells
    ]
    return _findings(found)


def _of_files(connection: Connection, until: str | None, known: str | None) -> list[list[Any]]:
    """List what is wrong with files as a whole, by the newest version of each that there was."""
    query = sa.select(FILE.c.path, FILE.c.findings).join(EVENT, EVENT.c.seq == FILE.c.seq)
    if until is not None:
        query = query.where(FILE.c.modified_at <= until)
    if known is not None:
        query = query.where(EVENT.c.recorded_at <= known)
    rows: Sequence[Any] = connection.execute(query.order_by(FILE.c.seq)).all()
    newest = {path: findings for path, findings in rows}  # noqa: C416 (a row is no pair to dict's type)
    return [place for _, said in sorted(newest.items()) for place in json.loads(said)]


def _findings(found: list[tuple[object, ...]]) -> Findings:
    return Findings(map(Place._make, found))


@dataclass(frozen=True, slots=True)
class Known:
    """The newest version of a file that the ledger has.

    Attributes
    ----------
    stamp : str
        Its size and time.
    usable : bool
        It, or a part of it, could be used.
    format : str
    """

    stamp: str
    usable: bool
    format: str


def known_files(ledger: Ledger) -> dict[str, Known]:
    """Give each file's newest version."""
    lost = FILE.c.findings.contains('"E214"', autoescape=True)
    query = sa.select(FILE.c.path, FILE.c.stamp, FILE.c.rows, lost, FILE.c.format).order_by(FILE.c.seq)
    with read_transaction(ledger.engine, ledger.name) as connection:
        rows = connection.execute(query).all()
    return {path: Known(stamp, bool(n) or not failed, how) for path, stamp, n, failed, how in rows}
