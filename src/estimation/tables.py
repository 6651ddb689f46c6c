"""Reads a file of rows exactly as it stands: text stays text, and every row knows its line."""

import csv
import hashlib
import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from estimation.errors import TableError

SUFFIXES = (".csv", ".parquet")
Coded = Callable[[list[str]], Collection[str]]
_CODED = pa.dictionary(pa.int32(), pa.string())


def nothing(header: list[str]) -> Collection[str]:
    """Name no column: the default of :func:`read_table`."""
    return ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one file, as Arrow columns.

    Attributes
    ----------
    path : Path
        Where they were read.
    data : pyarrow.Table
        From CSV every column is text and a blank is null; from Parquet types are kept.
    sha256 : str
        Of the file's bytes, as ``sha256sum`` prints it.
    ragged : tuple of (int, str)
        Lines that have too many or too few fields, left out of ``data``: line number and text.
    """

    path: Path
    data: pa.Table
    sha256: str
    ragged: tuple[tuple[int, str], ...] = ()
    _content: bytes = field(default=b"", repr=False)
    _one_line_each: bool = field(default=False, repr=False)

    @property
    def header(self) -> list[str]:
        """The column names as the file has them."""
        return list(self.data.column_names)

    def lines(self, rows: Sequence[int] | NDArray[np.intp]) -> NDArray[np.int64]:
        """Give the line in the file (the header is line 1) of rows counted from zero.

        A Parquet file has no lines; there, the row number counted from 1 is given.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if self.path.suffix.lower() == ".parquet":
            return rows + 1
        if self._one_line_each:
            return rows + 2
        return _record_lines(self._content, len(self.header))[rows]


def read_table(path: Path, coded: Coded = nothing) -> Table:
    """Read a CSV or Parquet file.

    Parameters
    ----------
    path : Path
        ``.csv`` in UTF-8, with or without byte-order mark, fields separated by comma, semicolon
        or tab; or ``.parquet``.
    coded : callable, optional
        Of the headers, those whose few values come back dictionary-encoded.

    Raises
    ------
    TableError
        The file is missing, empty, of another kind, has a header twice, or can't be decoded.
    """
    if not path.is_file():
        raise TableError(f"{path}: there is no such file")
    content = path.read_bytes()
    if not content or content.isspace():
        raise TableError(f"{path}: the file is empty: put a header line and one row for each station in it")
    kind = path.suffix.lower()
    ragged: tuple[tuple[int, str], ...] = ()
    kept, one_line_each = b"", False
    if kind == ".parquet":
        data = _read_parquet(path, content, coded)
    elif kind == ".csv":
        data, ragged = _read_csv(path, content, coded)
        kept = content
        newlines = content.count(b"\n") + (not content.endswith(b"\n"))
        one_line_each = not ragged and newlines == data.num_rows + 1
    else:
        raise TableError(f"{path}: a file of kind '{kind}' can't be read here: save it as CSV or Parquet")
    return Table(path, data, hashlib.sha256(content).hexdigest(), ragged, kept, one_line_each)


def find_table(folder: Path, stem: str) -> Path | None:
    """Find ``stem.csv`` or ``stem.parquet`` in a folder; None where there is neither."""
    return next((folder / (stem + end) for end in SUFFIXES if (folder / (stem + end)).is_file()), None)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give a column as trimmed text; a blank is null."""
    import pyarrow.compute as pc

    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        column = pc.cast(column, pa.string())
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(column, ""), None, column)


def _read_parquet(path: Path, content: bytes, coded: Coded) -> pa.Table:
    import pyarrow.parquet as pq

    try:
        header = pq.read_schema(pa.BufferReader(content)).names
        names = coded(header)
        data = pq.read_table(pa.BufferReader(content), read_dictionary=list(names))
    except pa.ArrowInvalid as error:
        raise TableError(f"{path}: this is not a Parquet file that can be read ({error}): save it again") from error
    kinds = [_CODED if field.name in names else pa.string() for field in data.schema]
    fields = [f.with_type(kind) if _is_text(f.type) else f for f, kind in zip(data.schema, kinds, strict=True)]
    return data.cast(pa.schema(fields))


def _is_text(kind: pa.DataType) -> bool:
    """Tell whether a Parquet type is text under another name: large, viewed or dictionary-encoded."""
    types = pa.types
    if types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _read_csv(path: Path, content: bytes, coded: Coded) -> tuple[pa.Table, tuple[tuple[int, str], ...]]:
    try:
        header, delimiter = _header(content)
    except UnicodeDecodeError as error:
        raise TableError(f"{path}, line 1: the text is not UTF-8: save the file as 'CSV UTF-8'") from error
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise TableError(f"{path}, line 1: column '{twice[0]}' stands there twice: rename or remove one")
    if any(not name.strip() for name in header):
        raise TableError(f"{path}, line 1: column {[bool(n.strip()) for n in header].index(False) + 1} has no name")
    return _parse_csv(path, content, delimiter, header, coded(header))


def _parse_csv(
    path: Path, content: bytes, delimiter: str, header: list[str], coded: Collection[str]
) -> tuple[pa.Table, tuple[tuple[int, str], ...]]:
    import pyarrow.csv as pv

    convert = pv.ConvertOptions(
        column_types={name: _CODED if name in coded else pa.string() for name in header},
        strings_can_be_null=True,
        null_values=[""],
    )
    if content.lstrip(b"\r\n").find(b"\n") < 0:
        return pa.table({name: pa.array([], pa.string()) for name in header}), ()
    try:
        options = pv.ParseOptions(delimiter=delimiter)
        return pv.read_csv(pa.BufferReader(content), parse_options=options, convert_options=convert), ()
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error) or "utf8" in str(error):
            raise TableError(f"{path}: the text is not UTF-8: save the file as 'CSV UTF-8'") from error
    bad: list[tuple[int, str]] = []

    def skip(row: pv.InvalidRow) -> str:
        bad.append((row.number, row.text))
        return "skip"

    try:
        data = pv.read_csv(
            pa.BufferReader(content),
            read_options=pv.ReadOptions(use_threads=False),
            parse_options=pv.ParseOptions(delimiter=delimiter, invalid_row_handler=skip, newlines_in_values=True),
            convert_options=convert,
        )
    except pa.ArrowInvalid as error:
        raise TableError(f"{path}: the rows can't be read ({error}): open the file and mend it") from error
    lines = _ragged_lines(content, len(header), delimiter)
    return data, tuple((line, text) for line, (_, text) in zip(lines, bad, strict=False))


def _records(content: bytes, delimiter: str) -> "list[tuple[int, int]]":
    """First line and number of fields of every record that is not a blank line, the header left out."""
    text = content.decode("utf-8-sig", errors="replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    records, start = [], 1
    for record in reader:
        if record:
            records.append((start, len(record)))
        start = reader.line_num + 1
    return records[1:]


def _header(content: bytes) -> tuple[list[str], str]:
    """Read the header and tell the delimiter: whichever of comma, semicolon and tab it holds most of."""
    line = content[: 1 << 20].lstrip(b"\r\n").split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8-sig")
    delimiter = max(",;\t", key=line.count)
    return next(csv.reader([line], delimiter=delimiter)), delimiter


def _record_lines(content: bytes, fields: int) -> NDArray[np.int64]:
    return np.array([line for line, n in _records(content, _header(content)[1]) if n == fields], dtype=np.int64)


def _ragged_lines(content: bytes, fields: int, delimiter: str) -> list[int]:
    return [line for line, n in _records(content, delimiter) if n != fields]
