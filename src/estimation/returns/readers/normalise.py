"""From the table of a source to the columns of returns: the one way that all readers take."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from estimation import checks
from estimation.arrays import BoolArray
from estimation.columns import PLACE_COLUMNS, RETURN_COLUMNS, nearest_name, place_column, plain_name, require
from estimation.contest import Contest
from estimation.errors import TableError
from estimation.returns.readers.layouts import Layout, personal
from estimation.returns.readers.privacy import masked, pseudonyms
from estimation.returns.readers.times import read_times
from estimation.returns.rows import TEXT, Column, Rows, translated
from estimation.rules import Findings
from estimation.tables import Table, as_text

_TOTAL_WORDS = ("jumlah", "total", "jml")
_TOTALS = r"^(?:grand |sub)?\s*(?:jumlah|total|jml\.?)\b"


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
class RowBatch:
    """The rows of one file, or of several that are written alike.

    Attributes
    ----------
    rows : Rows
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

    rows: Rows
    findings: Findings
    sources: tuple[Source, ...]
    bare: BoolArray = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """Its rows as a table."""
        return self.rows.table


def normalise(
    source: Table,
    contest: Contest,
    layout: Layout,
    *,
    file: str = "",
    files: Sequence[str] | None = None,
    of: Sequence[str] | None = None,
    spoilt: BoolArray | None = None,
    more: Findings | None = None,
) -> RowBatch:
    """Turn the table of a source into returns: map its columns, leave out rows that are none, read its cells.

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
        The files that findings of the header are listed under; ``file`` by default.
    spoilt : numpy.ndarray of bool, shape (n,), optional
        Rows that the reader could not read, and listed in ``more``.
    more : Findings, optional
        Of the reader itself; they go before.

    Raises
    ------
    TableError
        A required column is missing, or the header changes among the rows; the message names the line.
    ReturnsError
        All its times lack an offset and no zone is declared.
    """
    file = file or source.path.name
    of = (file,) if of is None else of
    where = f"{source.path}, line {source.header_line}" if source.header_line else str(source.path)
    names = _mapped(source.header, where, layout, contest)
    header = {canonical: raw for raw, canonical in names.items()}
    source = _plain(source, list(names), where)
    findings = [] if more is None else [more]
    if files is None and layout.name != "messages":
        kept, of_rows = _own_rows(source, header, file, layout, contest)
        source, spoilt = source.keep(kept), None if spoilt is None else spoilt[kept]
        findings += of_rows
    private = [raw for raw in source.header if raw not in names and personal().holds(layout.field_of(raw))]
    findings += _columns("W216", of, source, private)
    findings += _ragged(source, file, bool(private) or "reporter" in header)
    cells = _Cells(source, header, [file] * source.data.num_rows if files is None else list(files), spoilt)
    columns, decimal = _read_cells(cells, layout, contest)
    findings += cells.findings
    findings += _columns("W210", of, source, _unknown_columns(source.header, names, contest, layout, private))
    bare = np.ones(cells.rows, dtype=np.bool_) if layout.bare else source.was_number(header["tps_id"])
    how = Source(
        file, layout.name, source.encoding, source.separator, decimal, source.mark, source.header_line,
        tuple(source.header), cells.rows, source.sha256,
    )  # fmt: skip
    return RowBatch(Rows(columns), Findings.join(*findings), (how,), bare)


def _mapped(header: Sequence[str], where: str, layout: Layout, contest: Contest) -> dict[str, str]:
    """Map the headers to our columns, ``{header: column}``; those of persons are left out, but a reporter's."""
    names = layout.names(header, where, contest)
    names = {raw: name for raw, name in names.items() if name == "reporter" or not _is_personal(raw, name, layout)}
    needed = ("tps_id", *contest.vote_columns, *(() if layout.partial else ("invalid", "total")))
    require(names.values(), needed, header, where)
    return names


class _Cells:
    """The cells of a source under our names for its columns, and what could not be read of them."""

    def __init__(self, source: Table, header: Mapping[str, str], files: list[str], spoilt: BoolArray | None) -> None:
        self.source, self.header, self.files = source, header, files
        self.rows = source.data.num_rows
        self.columns = {name: source.data.column(raw) for name, raw in header.items()}
        self.ids = as_text(self.columns["tps_id"])
        self.unreadable = np.zeros(self.rows, dtype=np.bool_) if spoilt is None else spoilt
        self.findings: list[Findings] = []

    def text(self, name: str) -> pa.Array:
        """Give a column as trimmed text; blank everywhere where the source does not have it."""
        return as_text(self.columns[name]).combine_chunks() if name in self.columns else pa.nulls(self.rows, TEXT)

    def broken(self, code: str, bad: BoolArray, name: str, shown: pa.ChunkedArray | None = None) -> None:
        """List the cells of a column that break a rule; an error makes their rows unreadable."""
        where = np.flatnonzero(bad)
        if not len(where):
            return
        at = pa.array(where)
        values = (self.columns[name] if shown is None else shown).take(at).to_pylist()
        places = [self.files[row] for row in where.tolist()]
        stations = self.ids.take(at).to_pylist()
        lines = self.source.lines(where)
        self.findings.append(checks.findings(code, places, lines, self.header[name], values, stations))
        if code.startswith("E"):
            self.unreadable = self.unreadable | bad


def _read_cells(cells: _Cells, layout: Layout, contest: Contest) -> tuple[dict[str, Column | pa.ChunkedArray], str]:
    """Read every cell as what its column holds.

    Returns
    -------
    dict of str to array
        The columns of returns; see :class:`RowBatch`.
    str
        The source's decimal mark.
    """
    cells.broken("E216", checks.lost_digits(cells.ids), "tps_id")
    counts, decimal = _counts(cells, contest)
    zone = ZoneInfo(layout.zone) if layout.zone else contest.returns.timezone
    times, no_time = read_times(cells.source, cells.columns.get("received_at"), zone)
    if "received_at" in cells.columns:
        cells.broken("E210", no_time, "received_at")
    status, unknown = _status(cells.text("status"), layout, contest)
    if "status" in cells.columns:
        cells.broken("E215", unknown, "status")
    channel = cells.text("source")
    columns = {
        "tps_id": cells.ids,
        **counts,
        "received_at": times,
        "source": channel if layout.source is None else pc.fill_null(channel, layout.source),
        "reporter": pseudonyms(cells.text("reporter"), contest.out),
        "status": status,
        "submission": cells.text("submission"),
        "revision": _revision(cells.columns.get("revision"), cells.rows),
        "file": pa.array(cells.files, TEXT),
        "line": cells.source.lines(np.arange(cells.rows)),
        "unreadable": cells.unreadable,
    }
    return columns, decimal


def _counts(cells: _Cells, contest: Contest) -> tuple[dict[str, NDArray[np.float64]], str]:
    """Read the counts, NaN where blank or no whole number, and the decimal mark that they show."""
    columns = cells.columns
    names = [name for name in (*contest.vote_columns, *checks.COUNTS) if name in columns]
    places = [raw for raw in (place_column(c.name, cells.source.header) for c in PLACE_COLUMNS) if raw]
    of_places = [cells.source.data.column(raw) for raw in places]
    decimal = checks.decimal_mark([*_not_digits(columns, names), *of_places])
    counts = {}
    for name in names:
        numbers = checks.whole_numbers(columns[name], decimal)
        bad = checks.not_whole(columns[name], numbers)
        cells.broken("E202", bad, name)
        if bad.any() and pa.types.is_string(columns[name].type):
            letters, reading = checks.letters_for_digits(as_text(columns[name]))
            cells.broken("W213", letters, name, pc.binary_join_element_wise(columns[name], reading, " → "))
        counts[name] = numbers.to_numpy(zero_copy_only=False).astype(np.float64)
    return counts, decimal


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
        if again[row] and [plain_name(cell) for cell in here] != [plain_name(name) for name in source.header]:
            raise TableError(
                f"{source.path}, line {line}: the header changes here to {', '.join(here)}: "
                f"put the rows from here on in a file of their own"
            )
    if again.any():
        lines = source.lines(np.flatnonzero(again))
        found.append(checks.findings("W217", file, lines, "", [""] * len(lines), [""] * len(lines)))
    last = np.zeros(source.data.num_rows, dtype=np.bool_)
    if len(last) and not again[-1] and _may_be_totals(source):
        last[-1] = like_totals(source.data.slice(len(last) - 1), header)[0]
        if last[-1]:
            texts = [as_text(c)[-1].as_py() for c in source.data.columns if pa.types.is_string(c.type)]
            label = next(text for text in texts if text and re.match(_TOTALS, text, re.IGNORECASE))
            found.append(checks.findings("W214", file, source.lines([len(last) - 1]), "", [label], [""]))
    return ~(again | last), found


def _may_be_totals(source: Table) -> bool:
    """Tell quickly whether a word for totals stands in the last row."""
    row = source.data.slice(source.data.num_rows - 1).to_pylist()[0]
    return any(word in value.casefold() for value in row.values() if isinstance(value, str) for word in _TOTAL_WORDS)


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


def _status(text: pa.Array, layout: Layout, contest: Contest) -> tuple[pa.Array, BoolArray]:
    """Map what a source says of a return to received, verified or rejected, and find what nothing maps."""
    known = layout.statuses(contest)
    status = translated(text, lambda value: known.get(plain_name(value)))
    unknown = pc.and_(pc.is_null(status), pc.is_valid(text))
    return pc.fill_null(status, "received"), _mask(unknown)


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
    header: Sequence[str], names: dict[str, str], contest: Contest, layout: Layout, private: list[str]
) -> list[str]:
    """Name the headers that nothing maps, each with the column that it may mean."""
    known = [*contest.vote_columns, *(column.name for column in RETURN_COLUMNS)]
    unknown = [
        raw
        for raw in header
        if names.get(raw) not in known and raw not in private and (raw in names or not layout.ignored(raw))
    ]
    near = [nearest_name(raw, known) for raw in unknown]
    return [raw + (f" (is it {close}?)" if close else "") for raw, close in zip(unknown, near, strict=True)]
