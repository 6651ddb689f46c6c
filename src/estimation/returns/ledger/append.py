"""Enters the rows of files: each return once, with what the rules say of it, in one transaction."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy import Connection

from estimation.arrays import IntArray
from estimation.returns.content import CELLS, canonical_rows, utc_texts
from estimation.returns.ledger.chain import Head, LedgerEvent, file_record, next_link
from estimation.returns.ledger.delivery import Cells, Delivery, records, same_version, utc_text
from estimation.returns.ledger.schema import EVENT, FILE, writing
from estimation.returns.ledger.store import Ledger, head, now
from estimation.returns.resolution import FormRules, Verdicts
from estimation.returns.rows import Rows

CHUNK = 10_000  # rows at a time: memory stays bounded


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
        self._files: list[tuple[object, ...]] = []
        marks = "format" if connection.dialect.name == "postgresql" else "qmark"
        kind: Any = type(connection.dialect)
        dialect = kind(paramstyle=marks)
        self._event = str(EVENT.insert().compile(dialect=dialect, column_keys=[*LedgerEvent._fields, "link"]))
        self._file = str(FILE.insert().compile(dialect=dialect, column_keys=[column.name for column in FILE.c]))

    @property
    def head(self) -> Head:
        """The end of the chain."""
        return Head(self.seq, self.link)

    def add(self, *event: Any) -> int:
        """Add one event, all fields of :class:`LedgerEvent` but ``seq`` in their order; gives its number."""
        self.seq += 1
        self.link = next_link(self.link, self.seq, *event)
        self._waiting.append((self.seq, *event, self.link))
        return self.seq

    def add_file(self, record: Mapping[str, object], *event: Any) -> int:
        """Add the event of a file's reading, and the record that the chain keeps of it."""
        seq = self.add("read", *event)
        self._files.append(tuple(seq if column.name == "seq" else record[column.name] for column in FILE.c))
        return seq

    def flush(self) -> None:
        """Send what is waiting to the database."""
        self.kinds.update(event[1] for event in self._waiting)
        for statement, rows in ((self._event, self._waiting), (self._file, self._files)):
            if rows:
                self.connection.exec_driver_sql(statement, rows)  # at a third of what a Core insert costs
                rows.clear()


def enter_delivery(ledger: Ledger, delivery: Delivery, rules: FormRules) -> Entered:
    """Enter the files of a delivery: all of it, or nothing where the program is stopped.

    A return that the ledger has already (same content, source, time of receipt) is not entered again, whichever
    file brings it.

    Parameters
    ----------
    rules : FormRules
        The rules that say at once whether a return is accepted or quarantined. What holds is judged anew at each
        projection, by the rules of that moment.
    """
    with writing(ledger.engine, ledger.name) as connection:
        newest = _newest(connection, [file.path for file in delivery.files])
        cells, own = delivery.reading_findings()
        written = records(delivery, own, rules.frame.sha256)
        same = np.array([r["path"] in newest and same_version(r, newest[r["path"]]) for r in written], dtype=np.bool_)
        looked = [{"of": newest[r["path"]]["seq"], "at": r["stamp"]} for r, s in zip(written, same, strict=True) if s]
        if looked:
            connection.execute(
                FILE.update().where(FILE.c.seq == sa.bindparam("of")).values(stamp=sa.bindparam("at")), looked
            )
        new = delivery.without(same)
        kept = np.flatnonzero(~same).tolist()
        writer = Writer(connection)
        if kept:
            changed = {file.path for file in new.files if file.path in newest}
            desk = _Desk(writer, new, rules, [written[i] for i in kept], [cells[i] for i in kept], changed)
            for start in range(0, max(1, len(new.table)), CHUNK):  # files without a row are entered too
                desk.enter(start, start + CHUNK)
    kinds = {str(kind): n for kind, n in writer.kinds.items() if kind != "read"}
    rows = len(delivery.table)
    return Entered(rows, rows - kinds.get("received", 0), kinds)


def _newest(connection: Connection, paths: Sequence[str]) -> dict[object, dict[str, object]]:
    """Give the record of the newest version of each file that the ledger has."""
    query = sa.select(FILE).where(_any_of(connection, FILE.c.path, paths)).order_by(FILE.c.seq)
    return {row.path: dict(row._mapping) for row in connection.execute(query)}


class _Desk:
    """Where the rows of files are looked at, piece by piece."""

    def __init__(
        self,
        writer: Writer,
        delivery: Delivery,
        rules: FormRules,
        written: Sequence[dict[str, object]],
        cells: Sequence[Cells],
        changed: Collection[str],
    ) -> None:
        self.writer, self.delivery, self.rules = writer, delivery, rules
        self.written, self.cells, self.changed = written, cells, changed
        self.recorded = utc_text(now())
        files = np.arange(len(delivery.files))
        self.begins = np.searchsorted(delivery.origin, files, side="left").tolist()
        self.ends = np.searchsorted(delivery.origin, files, side="right").tolist()
        self.seqs: list[int] = []  # the events of reading, of the files begun so far
        self.present: set[bytes] | None = None  # what the file says now, where it said something else before

    def enter(self, start: int, stop: int) -> None:
        """Enter some rows, and the files that begin among them."""
        table, origin = self.delivery.table.iloc[start:stop], self.delivery.origin[start:stop]
        end = start + len(table) == len(self.delivery.table)
        files = range(max(0, len(self.seqs) - 1), len(self.ends) if end else int(origin[-1]) + 1)
        payloads, contents = self._contents(table, origin)
        rows = self._rows(table, origin, payloads, contents) if len(table) else []
        changed = any(self.delivery.files[number].path in self.changed for number in files)
        shelf = _Shelf(self.writer.connection, table["tps_id"], changed)
        for number in files:
            begin, finish = self.begins[number] - start, self.ends[number] - start
            if number == len(self.seqs):
                self._begin(number, contents[begin:finish] if finish <= len(rows) else None)
            for row in rows[max(0, begin) : finish]:
                self._enter_row(number, shelf, *row)
        self.writer.flush()

    def _begin(self, number: int, contents: Sequence[bytes] | None) -> None:
        """Note that a file was read; what it said before at the same moment of a station is replaced."""
        file, record = self.delivery.files[number], self.written[number]
        digest, place = file_record(record)[1], (self.writer.seq + 1, file.name, 0)
        said = (digest, "", "", "", self.recorded, *place, file.sha256, None, None)
        self.seqs.append(self.writer.add_file(record, *said))
        self.present = None
        if file.path in self.changed and contents is not None:
            self.present = set(contents)
        elif file.path in self.changed:
            self.present = set()
            for start in range(self.begins[number], self.ends[number], CHUNK):
                piece = slice(start, min(start + CHUNK, self.ends[number]))
                self.present.update(self._contents(self.delivery.table.iloc[piece], self.delivery.origin[piece])[1])

    def _rows(
        self, table: pd.DataFrame, origin: IntArray, payloads: list[str], contents: list[bytes]
    ) -> list[tuple[Any, ...]]:
        """Give each row's payload, content, place and verdict."""
        verdicts = self.rules.check(Rows.of_table(table))
        columns = (
            payloads,
            contents,
            _words(table["tps_id"]),
            _words(table["source"]),
            utc_texts(table["received_at"]),
            table["file"].tolist(),
            table["line"].tolist(),
            table["status"].tolist(),
            verdicts.kept_out.tolist(),
            _codes(verdicts, self._unread(table, origin)),
        )
        return list(zip(*columns, strict=True))

    def _enter_row(
        self,
        number: int,
        shelf: "_Shelf",
        payload: str,
        content: bytes,
        tps: str,
        source: str,
        received: str,
        place: str,
        line: int,
        status: str,
        kept_out: bool,
        codes: str,
    ) -> None:
        add, file, recorded = self.writer.add, self.seqs[number], self.recorded
        path = self.delivery.files[number].path
        old = None if self.present is None else self._replaced(shelf, path, content, (tps, source, received))
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
            return
        seq = add(kind, content, tps, source, received, recorded, file, place, line, codes, old, None)
        shelf.put(content, tps, source, received, path, seq if old else 0)

    def _replaced(self, shelf: "_Shelf", path: str, content: bytes, key: tuple[str, str, str]) -> bytes | None:
        """Find what the file said before in the place of this return and no longer says."""
        present = self.present or ()
        edition = shelf.edition.get(content, 0)
        gone = [
            (seq, other)
            for other, of, seq in shelf.tied.get(key, ())
            if other != content and of == path and other not in present
        ]
        gone = [(seq, other) for seq, other in gone if content not in shelf.known or seq >= edition]
        return max(gone)[1] if gone else None

    def _unread(self, table: pd.DataFrame, origin: IntArray) -> list[list[list[str]] | None]:
        """Give what could not be read of each row; nothing where all could."""
        if not any(self.cells[number] for number in np.unique(origin)):
            return []
        places = zip(origin.tolist(), table["file"].tolist(), table["line"].tolist(), strict=True)
        return [self.cells[number].get((file, line)) for number, file, line in places]

    def _contents(self, table: pd.DataFrame, origin: IntArray) -> tuple[list[str], list[bytes]]:
        said = self._unread(table, origin)
        if said:
            texts = [None if cells is None else json.dumps(cells, ensure_ascii=False) for cells in said]
            table = table.assign(**{CELLS: pd.Series(texts, index=table.index, dtype=object)})
        payloads = canonical_rows(table)
        return payloads, [sha256(text.encode("utf-8")).digest() for text in payloads]


class _Shelf:
    """What the ledger has of some stations."""

    def __init__(self, connection: Connection, tps_ids: "pd.Series[str]", changed: bool) -> None:
        self.known: set[bytes] = set()
        self.newest: dict[tuple[str, str], str] = {}
        self.tied: dict[tuple[str, str, str], list[tuple[bytes, str | None, int]]] = defaultdict(list)
        self.edition: dict[bytes, int] = {}
        self._changed = changed
        stations = _any_of(connection, EVENT.c.tps_id, sorted(set(_words(tps_ids))))
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


def _any_of(connection: Connection, column: sa.ColumnElement[Any], values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Ask for many values of a column with one parameter."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import ARRAY

        return column == sa.any_(sa.bindparam("wanted", values, ARRAY(sa.Text)))
    listed = sa.func.json_each(json.dumps(values)).table_valued("value")
    return column.in_(sa.select(listed.c.value))


def _words(column: "pd.Series[str]") -> list[str]:
    """Give text, '' for a blank; a NUL, which PostgreSQL can't keep, as the sign for an unknown one."""
    words: list[str] = pc.fill_null(pa.array(column, pa.string(), from_pandas=True), "").to_pylist()
    return [word.replace("\0", "\ufffd") for word in words] if any("\0" in word for word in words) else words


def _codes(verdicts: Verdicts, unread: Sequence[list[list[str]] | None]) -> list[str]:
    """Give the codes of each row that is kept out, those of reading first."""
    codes = verdicts.codes()
    for i, cells in enumerate(unread):
        if cells is not None:
            read = ",".join(dict.fromkeys(code for code, *_ in cells))
            codes[i] = f"{read},{codes[i]}" if codes[i] else read
    return [code if out else "" for code, out in zip(codes, verdicts.kept_out.tolist(), strict=True)]
