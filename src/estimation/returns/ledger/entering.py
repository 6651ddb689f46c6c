"""Enters the rows of one file: each return once, with what the rules say of it, in one transaction."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy import Connection

from estimation.returns.content import CELLS, canonical, moments
from estimation.returns.ledger.chain import Event, Head, file_record, next_link
from estimation.returns.ledger.schema import EVENT, FILE, writing
from estimation.returns.ledger.store import Ledger, head, now
from estimation.returns.resolution import Judge, Verdicts
from estimation.rules import FINDING_COLUMNS, Findings

CHUNK = 10_000  # rows at a time: memory stays bounded


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that was read.

    Attributes
    ----------
    path : str
        What it is known by: its path from the contest folder.
    sha256 : str
        Of its bytes.
    size : int
        Bytes.
    modified_ns : int
        When it was last written, in nanoseconds since 1970.
    stamp : str
        By which it is known to be unchanged without being read.
    table : pandas.DataFrame
        Its rows; see :class:`~estimation.returns.readers.Batch`.
    findings : Findings
        Of reading it.
    format : str
        How it is written: the name of its layout.
    """

    path: str
    sha256: str
    size: int
    modified_ns: int
    stamp: str
    table: pd.DataFrame
    findings: Findings
    format: str = ""

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Entered:
    """What came of a file, or of several.

    Attributes
    ----------
    rows : int
    duplicates : int
        Rows that the ledger had already.
    kinds : mapping of str to int
        Events entered, by kind: ``received`` for each new return, and one of ``accepted``, ``corrected``,
        ``verified``, ``quarantined``, ``rejected`` for each of these.
    """

    rows: int = 0
    duplicates: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "Entered") -> "Entered":
        kinds = dict(Counter(self.kinds) + Counter(other.kinds))
        return Entered(self.rows + other.rows, self.duplicates + other.duplicates, kinds)


class Writer:
    """Adds events to the end of the chain, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        end = head(connection)
        self.seq, self.link = end.seq, end.link
        self.kinds: Counter[object] = Counter()
        self._waiting: list[tuple[object, ...]] = []
        marks = "format" if connection.dialect.name == "postgresql" else "qmark"
        kind: Any = type(connection.dialect)
        self._insert = str(EVENT.insert().compile(dialect=kind(paramstyle=marks), column_keys=[*Event._fields, "link"]))

    @property
    def head(self) -> Head:
        """The end of the chain."""
        return Head(self.seq, self.link)

    def add(self, *event: Any) -> int:
        """Add one event, all fields of :class:`Event` but ``seq`` in their order; gives its number."""
        self.seq += 1
        self.link = next_link(self.link, self.seq, *event)
        self._waiting.append((self.seq, *event, self.link))
        return self.seq

    def flush(self) -> None:
        """Send what is waiting to the database."""
        if self._waiting:
            self.kinds.update(event[1] for event in self._waiting)
            self.connection.exec_driver_sql(self._insert, self._waiting)  # at a third of what a Core insert costs
            self._waiting.clear()


def enter(ledger: Ledger, arrival: Arrival, judge: Judge) -> Entered:
    """Enter a file: all of it, or nothing where the program is stopped.

    A return that the ledger has already (same content, source, time of receipt) is not entered again, whichever
    file brings it.

    Parameters
    ----------
    judge : Judge
        The rules that say at once whether a return is accepted or quarantined. What holds is judged anew at each
        projection, by the rules of that moment.
    """
    with writing(ledger.engine, ledger.name) as connection:
        newest = connection.execute(
            sa.select(FILE).where(FILE.c.path == arrival.path).order_by(FILE.c.seq.desc()).limit(1)
        ).first()
        known, own = _reading_findings(arrival)
        record = _record(arrival, own, judge.frame.sha256)
        if newest is not None and file_record({**newest._mapping, "modified_at": record["modified_at"]})[
            1
        ] == file_record(record)[1]:  # fmt: skip
            looked = {"stamp": record["stamp"]}
            connection.execute(FILE.update().where(FILE.c.seq == newest.seq).values(looked))
            return Entered(len(arrival.table), len(arrival.table))
        writer = Writer(connection)
        recorded = moments(pd.Series([pd.Timestamp(now())]))[0]
        digest = file_record(record)[1]
        file = writer.add(
            "read", digest, "", "", "", recorded, writer.seq + 1, arrival.name, 0, arrival.sha256, None, None
        )
        connection.execute(FILE.insert(), [{**record, "seq": file}])
        writer.flush()
        desk = _Desk(writer, arrival, judge, recorded, file, known)
        if newest is not None:
            desk.overwrites()
        for start in range(0, len(arrival.table), CHUNK):
            desk.enter(start, start + CHUNK)
    kinds = {str(kind): n for kind, n in writer.kinds.items() if kind != "read"}
    return Entered(len(arrival.table), len(arrival.table) - kinds.get("received", 0), kinds)


def _record(arrival: Arrival, own: str, frame_sha256: str) -> dict[str, object]:
    modified = datetime.fromtimestamp(arrival.modified_ns / 1e9, UTC)
    return {
        "path": arrival.path,
        "name": arrival.name,
        "format": arrival.format,
        "sha256": arrival.sha256,
        "size": arrival.size,
        "modified_at": moments(pd.Series([pd.Timestamp(modified)]))[0],
        "rows": len(arrival.table),
        "findings": own,
        "frame_sha256": frame_sha256,
        "stamp": arrival.stamp,
    }


def _reading_findings(arrival: Arrival) -> tuple[dict[tuple[str, int], list[list[str]]], str]:
    """Part what was found in reading: by row (file and line), and of the file as a whole as JSON."""
    table = arrival.findings.table
    rows = set(zip(arrival.table["file"], arrival.table["line"], strict=True)) if len(table) else set()
    of_rows: dict[tuple[str, int], list[list[str]]] = defaultdict(list)
    of_file: list[list[object]] = []
    for place in Findings(table).places():
        of_row = (place.file, place.line) in rows
        if of_row and place.code.startswith("E"):
            of_rows[place.file, place.line].append([place.code, place.column, place.value])
        else:  # a warning on a row is no part of what the return says
            of_file.append([*(getattr(place, name) for name in FINDING_COLUMNS), of_row])
    return of_rows, json.dumps(of_file, ensure_ascii=False)


class _Desk:
    """Where the rows of one file are looked at, piece by piece."""

    def __init__(
        self,
        writer: Writer,
        arrival: Arrival,
        judge: Judge,
        recorded: str,
        file: int,
        cells: Mapping[tuple[str, int], list[list[str]]],
    ) -> None:
        self.writer, self.arrival, self.judge = writer, arrival, judge
        self.recorded, self.file, self.cells = recorded, file, cells
        self.present: set[bytes] | None = None  # what the file says now, where it said something else before

    def overwrites(self) -> None:
        """Note all that the file says now: what it said before at the same moment of a station is replaced."""
        self.present = set()
        for start in range(0, len(self.arrival.table), CHUNK):
            _, contents = self._contents(self.arrival.table.iloc[start : start + CHUNK])
            self.present.update(contents)

    def enter(self, start: int, stop: int) -> None:
        """Enter some rows."""
        table = self.arrival.table.iloc[start:stop]
        payloads, contents = self._contents(table)
        verdicts = self.judge(table)
        shelf = _Shelf(self.writer.connection, table["tps_id"], self.present is not None)
        columns = (
            payloads,
            contents,
            _words(table["tps_id"]),
            _words(table["source"]),
            moments(table["received_at"]),
            table["file"].tolist(),
            table["line"].tolist(),
            table["status"].tolist(),
            verdicts.kept_out.tolist(),
            _codes(verdicts, self.cells, table),
        )
        add, file, recorded = self.writer.add, self.file, self.recorded
        for payload, content, tps, source, received, place, line, status, kept_out, codes in zip(*columns, strict=True):
            old = None if self.present is None else self._replaced(shelf, content, (tps, source, received))
            if content not in shelf.known:
                add("received", content, tps, source, received, recorded, file, place, line, "", None, payload)
                if kept_out:
                    kind = "rejected" if codes == "E212" else "quarantined"
                elif status == "verified":
                    kind = "verified"
                else:
                    earlier = shelf.newest.get((tps, source))
                    kind = "corrected" if old or (earlier is not None and earlier < received) else "accepted"
            elif old:
                kind, codes = "corrected", ""
            else:
                continue
            seq = add(kind, content, tps, source, received, recorded, file, place, line, codes, old, None)
            shelf.put(content, tps, source, received, self.arrival.path, seq if old else 0)
        self.writer.flush()

    def _replaced(self, shelf: "_Shelf", content: bytes, key: tuple[str, str, str]) -> bytes | None:
        """Find what the file said before in the place of this return and no longer says."""
        present = self.present or ()
        edition = shelf.edition.get(content, 0)
        gone = [
            (seq, other)
            for other, path, seq in shelf.tied.get(key, ())
            if other != content and path == self.arrival.path and other not in present
        ]
        gone = [(seq, other) for seq, other in gone if content not in shelf.known or seq >= edition]
        return max(gone)[1] if gone else None

    def _contents(self, table: pd.DataFrame) -> tuple[list[str], list[bytes]]:
        if self.cells:
            said = [self.cells.get(place) for place in zip(table["file"].tolist(), table["line"].tolist(), strict=True)]
            texts = [None if cells is None else json.dumps(cells, ensure_ascii=False) for cells in said]
            table = table.assign(**{CELLS: pd.Series(texts, index=table.index, dtype=object)})
        payloads = canonical(table)
        return payloads, [sha256(text.encode("utf-8")).digest() for text in payloads]


class _Shelf:
    """What the ledger has of some stations."""

    def __init__(self, connection: Connection, tps_ids: "pd.Series[str]", changed: bool) -> None:
        self.known: set[bytes] = set()
        self.newest: dict[tuple[str, str], str] = {}
        self.tied: dict[tuple[str, str, str], list[tuple[bytes, str | None, int]]] = defaultdict(list)
        self.edition: dict[bytes, int] = {}
        self._changed = changed
        stations = _any_of(connection, sorted(set(_words(tps_ids))))
        if changed:
            query = sa.select(EVENT.c.content, sa.func.max(EVENT.c.seq)).where(EVENT.c.replaces.is_not(None), stations)
            rows = connection.execute(query.group_by(EVENT.c.content))
            self.edition = {bytes(content): int(seq) for content, seq in rows}
        fields = (EVENT.c.content, EVENT.c.tps_id, EVENT.c.source, EVENT.c.received_at, FILE.c.path)
        brought = sa.select(*fields).join(FILE, FILE.c.seq == EVENT.c.file, isouter=True)
        brought = brought.where(EVENT.c.payload.is_not(None), stations)
        found: Sequence[Any] = connection.execute(brought).all()
        for content, tps, source, received, path in found:
            self.put(bytes(content), tps, source, received, path, self.edition.get(bytes(content), 0))

    def put(self, content: bytes, tps: str, source: str, received: str, path: str | None, edition: int) -> None:
        """Add a return."""
        self.known.add(content)
        earlier = self.newest.get((tps, source))
        if earlier is None or earlier < received:
            self.newest[tps, source] = received
        if self._changed:
            self.tied[tps, source, received].append((content, path, edition))
            if edition:
                self.edition[content] = edition


def _any_of(connection: Connection, stations: Sequence[str]) -> sa.ColumnElement[bool]:
    """Ask for many stations with one parameter."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import ARRAY

        return EVENT.c.tps_id == sa.any_(sa.bindparam("stations", stations, ARRAY(sa.Text)))
    listed = sa.func.json_each(json.dumps(stations)).table_valued("value")
    return EVENT.c.tps_id.in_(sa.select(listed.c.value))


def _words(column: "pd.Series[str]") -> list[str]:
    """Give text, '' for a blank; a NUL, which PostgreSQL can't keep, as the sign for an unknown one."""
    words: list[str] = pc.fill_null(pa.array(column, pa.string(), from_pandas=True), "").to_pylist()
    return [word.replace("\0", "\ufffd") for word in words] if any("\0" in word for word in words) else words


def _codes(verdicts: Verdicts, cells: Mapping[tuple[str, int], list[list[str]]], table: pd.DataFrame) -> list[str]:
    """Give the codes of each row, those of reading first."""
    codes = verdicts.codes()
    if cells:
        places: Iterable[tuple[str, int]] = zip(table["file"].tolist(), table["line"].tolist(), strict=True)
        for i, place in enumerate(places):
            if place in cells:
                read = ",".join(dict.fromkeys(code for code, *_ in cells[place]))
                codes[i] = f"{read},{codes[i]}" if codes[i] else read
    return [code if out else "" for code, out in zip(codes, np.asarray(verdicts.kept_out), strict=True)]
