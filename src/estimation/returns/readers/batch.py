"""From the table of a source to the columns of returns: the one road that all readers take."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from estimation import checks
from estimation.columns import PLACE_COLUMNS, RETURN_COLUMNS, nearest, place_column, plain, require
from estimation.contest import Contest
from estimation.errors import TableError
from estimation.returns.readers.layouts import Layout, personal
from estimation.returns.readers.privacy import masked, pseudonyms
from estimation.returns.readers.times import read_times
from estimation.rules import Findings
from estimation.tables import Table, as_text

STATUSES = ("received", "verified", "rejected")
_TOTALS = r"^(?:grand |sub)?\s*(?:jumlah|total|jml\.?)\b"
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Source:
    """How a file of returns is written, as it was found; a page or the ledger prints it.

    Attributes
    ----------
    file : str
        Its name; for a database the table.
    layout : str
        A name of ``layouts.toml``.
    encoding, separator, decimal : str
        Blank where there is none; ``decimal`` is ``mixed`` where both marks stand in the file.
    mark : bool
        It begins with a byte-order mark.
    header_line : int
        0 where there is no header.
    header : tuple of str
    rows : int
    sha256 : str
        Of its bytes.
    """

    file: str
    layout: str
    encoding: str
    separator: str
    decimal: str
    mark: bool
    header_line: int
    header: tuple[str, ...]
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one file.

    Attributes
    ----------
    table : pandas.DataFrame
        ``tps_id``, ``received_at`` (UTC; NaT where the file has no times), the counts (floats,
        NaN where blank), ``source``, ``reporter``, ``status``, ``submission`` and ``revision`` (of
        one submission, the highest is the newest; NaN where the source doesn't number them),
        ``file``, ``line``, ``unreadable`` (a cell of the row could not be read).
    findings : Findings
        What could not be read.
    sha256 : str
    source : Source
    bare : numpy.ndarray of bool, shape (n,)
        The code may have lost leading zeros: the source keeps it as a number.
    """

    table: pd.DataFrame
    findings: Findings
    sha256: str
    source: Source
    bare: BoolArray = field(repr=False)


def assemble(
    source: Table,
    contest: Contest,
    layout: Layout,
    *,
    file: str = "",
    files: Sequence[str] | None = None,
    spoilt: BoolArray | None = None,
    more: Findings | None = None,
) -> Batch:
    """Map, read and check the rows of one source.

    Parameters
    ----------
    source : Table
    contest : Contest
    layout : Layout
    file : str, optional
        What findings call the file; its name by default.
    files : sequence of str, length n, optional
        Where every row comes from a file of its own.
    spoilt : numpy.ndarray of bool, shape (n,), optional
        Rows that the reader could not read, and listed in ``more``.
    more : Findings, optional
        What the reader itself found; it goes before.

    Raises
    ------
    TableError
        A required column is missing, or the header changes among the rows; the message names the line.
    ReturnsError
        All its times lack an offset and no zone is declared.
    """
    file = file or source.path.name
    where = f"{source.path}, line {source.header_line}" if source.header_line else str(source.path)
    names = layout.names(source.header, where, contest)
    names = {raw: name for raw, name in names.items() if name == "reporter" or not _is_personal(raw, name, layout)}
    votes = contest.vote_columns
    needed = ("tps_id", *votes) if layout.partial else ("tps_id", *votes, "invalid", "total")
    require(names.values(), needed, source.header, where)
    header = {canonical: raw for raw, canonical in names.items()}
    source, found = _own_rows(source, header, file) if files is None and spoilt is None else (source, [])
    rows = source.data.num_rows
    column = {canonical: source.data.column(raw) for canonical, raw in header.items()}
    ids = as_text(column["tps_id"])
    unreadable = np.zeros(rows, dtype=np.bool_) if spoilt is None else spoilt
    private = [raw for raw in source.header if raw not in names and personal().holds(layout.field_of(raw))]
    found.append(_columns("W216", file, source, private))
    found.append(_ragged(source, file, bool(private) or "reporter" in header))
    names_of = np.full(rows, file, dtype=object) if files is None else np.asarray(files, dtype=object)

    def add(code: str, bad: BoolArray, key: str, shown: pa.ChunkedArray | None = None) -> None:
        nonlocal unreadable
        where = np.flatnonzero(bad)
        if len(where):
            values = (column[key] if shown is None else shown).take(pa.array(where)).to_pylist()
            stations = ids.take(pa.array(where)).to_pylist()
            places = names_of[where].tolist()
            found.append(checks.findings(code, places, source.lines(where), header[key], values, stations))
            unreadable = unreadable | (bad if code[0] == "E" else np.False_)

    data: dict[str, Any] = {"tps_id": ids.to_pandas()}
    add("E216", checks.lost_digits(ids), "tps_id")
    counted = [key for key in (*votes, *checks.COUNTS) if key in column]
    places = [name for name in (place_column(c.name, source.header) for c in PLACE_COLUMNS) if name]
    decimal = checks.decimal_mark([*_not_digits(column, counted), *(source.data.column(name) for name in places)])
    for key in counted:
        numbers = checks.whole_numbers(column[key], decimal)
        bad = checks.not_whole(column[key], numbers)
        add("E202", bad, key)
        if bad.any() and pa.types.is_string(column[key].type):
            letters, reading = checks.letters_for_digits(as_text(column[key]))
            add("W213", letters, key, pc.binary_join_element_wise(column[key], reading, " → "))
        data[key] = numbers.to_numpy(zero_copy_only=False).astype(np.float64)
    zone = ZoneInfo(layout.zone) if layout.zone else contest.returns.timezone
    data["received_at"], bad_time = read_times(source, column.get("received_at"), zone)
    if "received_at" in column:
        add("E210", bad_time, "received_at")
    for key in ("source", "reporter", "status", "submission"):
        data[key] = as_text(column[key]).to_pandas() if key in column else pd.Series([None] * rows, dtype="str")
    status, unknown = _status(pd.Series(data["status"]), layout, contest)
    if "status" in column:
        add("E215", unknown, "status")
    if layout.source is not None:
        data["source"] = pd.Series(data["source"]).fillna(layout.source).astype("str")
    data["reporter"] = pseudonyms(pd.Series(data["reporter"]), contest.out)
    data["revision"] = _revision(column.get("revision"), rows)
    data |= {"status": status, "file": names_of, "line": source.lines(np.arange(rows)), "unreadable": unreadable}
    found.append(_unknown_columns(source, names, votes, layout, file, private))
    table = pd.DataFrame(data).astype({"file": "str"})
    known = [*votes, *checks.COUNTS]
    table = table[["tps_id", *[n for n in known if n in table], *[n for n in table if n not in ("tps_id", *known)]]]
    bare = np.ones(rows, dtype=np.bool_) if layout.bare else source.was_number(header["tps_id"])
    told = Source(
        file, layout.name, source.encoding, source.separator, decimal, source.mark, source.header_line,
        tuple(source.header), rows, source.sha256,
    )  # fmt: skip
    return Batch(table, Findings.join(*([more] if more else []), *found), source.sha256, told, bare)


def _is_personal(raw: str, name: str, layout: Layout) -> bool:
    """Tell whether a mapped header is of persons all the same: only a reporter may come from one, as a pseudonym."""
    return name not in {c.name for c in RETURN_COLUMNS} and personal().holds(layout.field_of(raw))


def _own_rows(source: Table, header: dict[str, str], file: str) -> tuple[Table, list[Findings]]:
    """Leave the rows out that are no returns: the header again, and totals at the end."""
    ids = as_text(source.data.column(header["tps_id"]))
    found: list[Findings] = []
    again = pc.fill_null(pc.equal(ids, header["tps_id"].strip()), False).to_numpy(zero_copy_only=False)
    if again.any():
        where = np.flatnonzero(again)
        lines = source.lines(where)
        for row, line in zip(where.tolist(), lines.tolist(), strict=True):
            here = [str(source.data.column(name)[row].as_py()) for name in source.header]
            if [plain(cell) for cell in here] != [plain(name) for name in source.header]:
                raise TableError(
                    f"{source.path}, line {line}: the header changes here to {', '.join(here)}: "
                    f"put the rows from here on in a file of their own"
                )
        found.append(checks.findings("W217", file, lines, "", [""] * len(lines), [""] * len(lines)))
    last = np.zeros(source.data.num_rows, dtype=np.bool_)
    if len(last) and not again[-1]:
        texts = [as_text(c)[-1].as_py() for c in source.data.columns if pa.types.is_string(c.type)]
        label = next((text for text in texts if text and re.match(_TOTALS, text, re.IGNORECASE)), None)
        code = ids[-1].as_py()
        last[-1] = label is not None and (code is None or re.match(_TOTALS, code, re.IGNORECASE) is not None)
        if last[-1]:
            found.append(checks.findings("W214", file, source.lines([len(last) - 1]), "", [label], [""]))
    return source.keep(~(again | last)), found


def _not_digits(column: dict[str, pa.ChunkedArray], keys: Sequence[str]) -> list[pa.ChunkedArray]:
    """Give the columns in which something else stands than digits: the only ones that tell a decimal mark."""
    texts = [column[key] for key in keys if pa.types.is_string(column[key].type)]
    return [text for text in texts if pc.any(pc.match_substring_regex(text, "[.,]")).as_py()]


def _status(text: "pd.Series[str]", layout: Layout, contest: Contest) -> tuple["pd.Series[str]", BoolArray]:
    known = layout.statuses(contest)
    said = {value: known.get(plain(value)) for value in text.dropna().unique()}
    status = text.map(said).where(text.notna(), "received")
    unknown = np.asarray(status.isna(), dtype=np.bool_)
    return status.fillna("received").astype("str"), unknown


def _revision(column: pa.ChunkedArray | None, rows: int) -> NDArray[np.float64]:
    if column is None:
        return np.full(rows, np.nan)
    return np.asarray(checks.whole_numbers(column).to_numpy(zero_copy_only=False), dtype=np.float64)


def _ragged(source: Table, file: str, hide: bool) -> Findings:
    lines = [line for line, _ in source.ragged]
    texts = [masked(text, source.separator) if hide else text for _, text in source.ragged]
    return checks.findings("E213", file, lines, "", texts, [""] * len(lines))


def _columns(code: str, file: str, source: Table, values: Sequence[str]) -> Findings:
    n = len(values)
    return checks.findings(code, file, [source.header_line] * n, "", values, [""] * n)


def _unknown_columns(
    source: Table, names: dict[str, str], votes: list[str], layout: Layout, file: str, private: list[str]
) -> Findings:
    known = [*votes, *(column.name for column in RETURN_COLUMNS)]
    unknown = [
        raw
        for raw in source.header
        if names.get(raw) not in known and raw not in private and (raw in names or not layout.ignored(raw))
    ]
    near = [nearest(raw, known) for raw in unknown]
    values = [raw + (f" (is it {close}?)" if close else "") for raw, close in zip(unknown, near, strict=True)]
    return _columns("W210", file, source, values)
