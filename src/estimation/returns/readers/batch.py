"""From the table of a source to the columns of returns: the one road that all readers take."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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

    @property
    def written(self) -> str:
        """Say it in a line, ``table, utf-8, separator ';', decimal ',', header in line 1``: the ledger keeps it."""
        said = [self.layout, self.encoding, "byte-order mark" if self.mark else ""]
        said += [f"separator {self.separator!r}" if self.separator else ""]
        said += [f"decimal {self.decimal!r}" if self.decimal else ""]
        said += [f"header in line {self.header_line}" if self.header_line else ""]
        return ", ".join(part for part in said if part)


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one file, or of several that are written alike.

    Attributes
    ----------
    table : pandas.DataFrame
        ``tps_id``, ``received_at`` (UTC; NaT where the file has no times), the counts (floats,
        NaN where blank), ``source``, ``reporter``, ``status``, ``submission`` and ``revision`` (of
        one submission, the highest is the newest; NaN where the source doesn't number them),
        ``file``, ``line``, ``unreadable`` (a cell of the row could not be read).
    findings : Findings
        What could not be read.
    sources : tuple of Source
        How each file is written; of KPU's documents one for all.
    bare : numpy.ndarray of bool, shape (n,)
        The code may have lost leading zeros: the source keeps it as a number.
    """

    table: pd.DataFrame
    findings: Findings
    sources: tuple[Source, ...]
    bare: BoolArray = field(repr=False)


def assemble(
    source: Table,
    contest: Contest,
    layout: Layout,
    *,
    file: str = "",
    files: Sequence[str] | None = None,
    of: Sequence[str] | None = None,
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
        The file of every row, where they are several.
    of : sequence of str, optional
        The files that what is found in the header is listed under; ``file`` by default.
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
    source = _plain(source, list(names), where)
    found: list[Findings] = []
    if files is None and layout.name != "messages":
        kept, found = _own_rows(source, header, file, layout, contest)
        source, spoilt = source.keep(kept), None if spoilt is None else spoilt[kept]
    rows = source.data.num_rows
    column = {canonical: source.data.column(raw) for canonical, raw in header.items()}
    ids = as_text(column["tps_id"])
    unreadable = np.zeros(rows, dtype=np.bool_) if spoilt is None else spoilt
    private = [raw for raw in source.header if raw not in names and personal().holds(layout.field_of(raw))]
    of = (file,) if of is None else of
    found += _columns("W216", of, source, private)
    found += _ragged(source, file, bool(private) or "reporter" in header)
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
    found += _columns("W210", of, source, _unknown_columns(source.header, names, votes, layout, private))
    table = pd.DataFrame(data).astype({"file": "str"})
    known = [*votes, *checks.COUNTS]
    table = table[["tps_id", *[n for n in known if n in table], *[n for n in table if n not in ("tps_id", *known)]]]
    bare = np.ones(rows, dtype=np.bool_) if layout.bare else source.was_number(header["tps_id"])
    told = Source(
        file, layout.name, source.encoding, source.separator, decimal, source.mark, source.header_line,
        tuple(source.header), rows, source.sha256,
    )  # fmt: skip
    return Batch(table, Findings.join(*([more] if more else []), *found), (told,), bare)


def _plain(source: Table, names: Sequence[str], where: str) -> Table:
    """See that columns hold cells, not lists or pictures, as a Parquet file may have; bytes are read as UTF-8."""
    for raw in names:
        column = source.data.column(raw)
        if pa.types.is_string(column.type) or pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            continue
        try:
            text = pc.cast(column, pa.string())
        except pa.ArrowException as error:
            raise TableError(
                f"{where}: column '{raw}' holds {column.type}, which is neither text nor numbers: write it as text"
            ) from error
        if pa.types.is_binary(column.type) or pa.types.is_dictionary(column.type):
            source = replace(source, data=source.data.set_column(source.header.index(raw), raw, text))
    return source


def _is_personal(raw: str, name: str, layout: Layout) -> bool:
    """Tell whether a mapped header is of persons all the same: only a reporter may come from one, as a pseudonym."""
    return name not in {c.name for c in RETURN_COLUMNS} and personal().holds(layout.field_of(raw))


def _own_rows(
    source: Table, header: dict[str, str], file: str, layout: Layout, contest: Contest
) -> tuple[BoolArray, list[Findings]]:
    """Tell which rows are returns: not the header again, nor totals at the end."""
    found: list[Findings] = []
    again, same = like_header(source, header)
    for row in np.flatnonzero(again).tolist():
        here = [str(source.data.column(name)[row].as_py() or "") for name in source.header]
        line = int(source.lines([row])[0])
        again[row] = same[row] or _is_header(here, layout, contest)
        if again[row] and [plain(cell) for cell in here] != [plain(name) for name in source.header]:
            raise TableError(
                f"{source.path}, line {line}: the header changes here to {', '.join(here)}: "
                f"put the rows from here on in a file of their own"
            )
    if again.any():
        lines = source.lines(np.flatnonzero(again))
        found.append(checks.findings("W217", file, lines, "", [""] * len(lines), [""] * len(lines)))
    last = np.zeros(source.data.num_rows, dtype=np.bool_)
    if len(last) and not again[-1]:
        last[-1] = like_totals(source.data.slice(len(last) - 1), header)[0]
        if last[-1]:
            texts = [as_text(c)[-1].as_py() for c in source.data.columns if pa.types.is_string(c.type)]
            label = next(text for text in texts if text and re.match(_TOTALS, text, re.IGNORECASE))
            found.append(checks.findings("W214", file, source.lines([len(last) - 1]), "", [label], [""]))
    return ~(again | last), found


def like_header(source: Table, header: Mapping[str, str]) -> tuple[BoolArray, BoolArray]:
    """Find the rows that may be a header, as words stand where a candidate's votes should, and those that are one.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        One or the other.
    numpy.ndarray of bool, shape (n,)
        The header of the station's code stands in place of the code.
    """
    ids = as_text(source.data.column(header["tps_id"]))
    votes = source.data.column(next(raw for name, raw in header.items() if name.startswith("votes_")))
    same = _mask(pc.equal(ids, header["tps_id"].strip()))
    if not pa.types.is_string(votes.type):
        return same.copy(), same
    return same | _mask(pc.match_substring_regex(votes, r"^\s*[A-Za-z_]{2}")), same


def _is_header(cells: Sequence[str], layout: Layout, contest: Contest) -> bool:
    """Tell whether cells name the station and a candidate's votes, in whatever order."""
    try:
        names = set(layout.names([cell for cell in dict.fromkeys(cells) if cell], "", contest).values())
    except TableError:
        return True  # two of them name the same column
    return "tps_id" in names and any(name in names for name in contest.vote_columns)


def like_totals(data: pa.Table, header: Mapping[str, str]) -> BoolArray:
    """Find the rows that are totals: a cell says so, and the code is blank or says so too."""
    totals = np.zeros(data.num_rows, dtype=np.bool_)
    for column in data.columns:
        if pa.types.is_string(column.type):
            totals |= _mask(pc.match_substring_regex(as_text(column), _TOTALS, ignore_case=True))
    if not totals.any():
        return totals
    ids = as_text(data.column(header["tps_id"]))
    return totals & _mask(pc.fill_null(pc.match_substring_regex(ids, _TOTALS, ignore_case=True), True))


def _mask(column: pa.ChunkedArray) -> BoolArray:
    return np.array(pc.fill_null(column, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


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


def _ragged(source: Table, file: str, hide: bool) -> list[Findings]:
    if not source.ragged:
        return []
    lines = [line for line, _ in source.ragged]
    texts = [masked(text, source.separator) if hide else text for _, text in source.ragged]
    return [checks.findings("E213", file, lines, "", texts, [""] * len(lines))]


def _columns(code: str, files: Sequence[str], source: Table, values: Sequence[str]) -> list[Findings]:
    """List some headers under every file that has them."""
    n = len(files) * len(values)
    if not n:
        return []
    places = [file for file in files for _ in values]
    return [checks.findings(code, places, [source.header_line] * n, "", [*values] * len(files), [""] * n)]


def _unknown_columns(
    header: Sequence[str], names: dict[str, str], votes: list[str], layout: Layout, private: list[str]
) -> list[str]:
    known = [*votes, *(column.name for column in RETURN_COLUMNS)]
    unknown = [
        raw
        for raw in header
        if names.get(raw) not in known and raw not in private and (raw in names or not layout.ignored(raw))
    ]
    near = [nearest(raw, known) for raw in unknown]
    return [raw + (f" (is it {close}?)" if close else "") for raw, close in zip(unknown, near, strict=True)]
