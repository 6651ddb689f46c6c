"""Reads a file of rows exactly as it stands: text stays text, and every row knows its line."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from estimation.errors import TableError
from estimation.files import sha256_of

SUFFIXES = (".csv", ".parquet")
SEPARATORS = ",;\t|"
Coded = Callable[[list[str]], Collection[str]]
_CODED = pa.dictionary(pa.int32(), pa.string())
_MULTIBYTE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")


def nothing(header: list[str]) -> Collection[str]:
    """Name no column: the default of :func:`read_table`."""
    return ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one file, as Arrow columns, and how the file is written.

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
    encoding : str
        ``utf-8``, ``utf-16-le``, ``utf-16-be`` or ``windows-1252``; blank where the file is no text.
    separator : str
        Between fields; blank where the file has none.
    mark : bool
        The file begins with a byte-order mark.
    header_line : int
        The line that the header stands in; 0 where there is none, as in Parquet.
    """

    path: Path
    data: pa.Table
    sha256: str
    ragged: tuple[tuple[int, str], ...] = ()
    encoding: str = ""
    separator: str = ""
    mark: bool = False
    header_line: int = 1
    _content: bytes = field(default=b"", repr=False)
    _one_line_each: bool = field(default=False, repr=False)
    _lines: NDArray[np.int64] | None = field(default=None, repr=False)
    _numeric: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict, repr=False)

    @property
    def header(self) -> list[str]:
        """The column names as the file has them."""
        return list(self.data.column_names)

    def lines(self, rows: Sequence[int] | NDArray[np.intp]) -> NDArray[np.int64]:
        """Give the line in the file (the header is line 1) of rows counted from zero.

        A Parquet file has no lines; there, the row number counted from 1 is given.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if self._lines is not None:
            return self._lines[rows]
        if not self.header_line:
            return rows + 1
        if self._one_line_each:
            return rows + 2
        return _record_lines(self._content, len(self.header))[rows]

    def was_number(self, name: str) -> NDArray[np.bool_]:
        """Tell which cells of a column were numbers in the file, not text, shape (n,): a code loses zeros there."""
        kind = self.data.column(name).type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            return np.ones(self.data.num_rows, dtype=np.bool_)
        mask = self._numeric.get(name)
        return np.zeros(self.data.num_rows, dtype=np.bool_) if mask is None else mask

    def select(self, names: Sequence[str]) -> "Table":
        """Give some columns of the table, each row with the line that it stands in."""
        lines = self.lines(np.arange(self.data.num_rows))
        return replace(self, data=self.data.select(list(names)), _lines=lines)

    def keep(self, rows: NDArray[np.bool_]) -> "Table":
        """Give some rows of the table, each with the line that it stands in."""
        if rows.all():
            return self
        return replace(
            self,
            data=self.data.filter(pa.array(rows)),
            _lines=self.lines(np.flatnonzero(rows)),
            _numeric={name: mask[rows] for name, mask in self._numeric.items()},
        )


def read_table(path: Path, coded: Coded = nothing) -> Table:
    """Read a CSV or Parquet file.

    Parameters
    ----------
    path : Path
        ``.csv`` (see :func:`parse_csv`) or ``.parquet``; Parquet is known by its content too.
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
    if kind == ".parquet" or content.startswith(b"PAR1"):
        data = _read_parquet(path, content, coded)
        return Table(path, data, sha256_of(content), header_line=0)
    if kind == ".csv":
        return parse_csv(path, content, coded)
    raise TableError(f"{path}: a file of kind '{kind}' can't be read here: save it as CSV or Parquet")


def parse_csv(path: Path, content: bytes, coded: Coded = nothing) -> Table:
    """Read the content of a CSV file.

    Parameters
    ----------
    path : Path
        Its name, for messages.
    content : bytes
        Text in UTF-8 or UTF-16, with or without byte-order mark, or in Windows-1252; fields
        separated by comma, semicolon, tab or bar. Encoding and separator are detected once.
    coded : callable, optional
        See :func:`read_table`.

    Raises
    ------
    TableError
        The text can't be decoded, a header stands there twice or is blank.
    """
    text, encoding, mark = decoded(path, content)
    if not text.removeprefix(codecs.BOM_UTF8).strip():
        raise TableError(f"{path}: the file is empty: put a header line and one row for each station in it")
    data, ragged, separator = _read_csv(path, text, coded)
    newlines = text.count(b"\n") + (not text.endswith(b"\n"))
    one_line_each = not ragged and newlines == data.num_rows + 1
    digest = sha256_of(content)
    return Table(path, data, digest, ragged, encoding, separator, mark, _first_line(text), text, one_line_each)


def decoded(path: Path, content: bytes) -> tuple[bytes, str, bool]:
    """Tell the encoding of a text, and give the text in UTF-8.

    UTF-8 before all; UTF-16 by its byte-order mark, or by its zero bytes; else Windows-1252, where every byte has a
    meaning in it and none of them looks like UTF-8.

    Returns
    -------
    bytes, str, bool
        The text; ``utf-8``, ``utf-16-le``, ``utf-16-be`` or ``windows-1252``; whether it began with a byte-order mark.

    Raises
    ------
    TableError
        It is none of them; the message names the first line that isn't.
    """
    mark = content.startswith(codecs.BOM_UTF8)
    encoding = _utf_16(content)
    if encoding:
        mark = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        try:
            return content[2 if mark else 0 :].decode(encoding).encode("utf-8"), encoding, mark
        except UnicodeDecodeError as error:
            line = content[: error.start].decode(encoding, errors="ignore").count("\n") + 1
            raise TableError(f"{path}, line {line}: the text is not UTF-16: save the file as 'CSV UTF-8'") from error
    if b"\x00" in content[:4096]:
        raise TableError(f"{path}: this is no text: save the file as 'CSV UTF-8'")
    try:
        if not content.isascii():
            content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        told = f"{path}, line {line}: the text is not UTF-8: save the file as 'CSV UTF-8'"
        if mark or _MULTIBYTE.search(content):
            raise TableError(told) from error
        try:
            return content.decode("cp1252").encode("utf-8"), "windows-1252", False
        except UnicodeDecodeError:
            raise TableError(told) from error
    return content, "utf-8", mark


def _utf_16(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16-le" if content.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    head = content[:4096]
    odd, even, some = head[1::2].count(0), head[::2].count(0), max(1, len(head) // 5)
    if (odd > some) == (even > some):
        return ""
    return "utf-16-le" if odd > some else "utf-16-be"


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


def _read_csv(path: Path, content: bytes, coded: Coded) -> tuple[pa.Table, tuple[tuple[int, str], ...], str]:
    first = _first_line(content)
    try:
        header, delimiter = _header(content)
    except csv.Error as error:
        raise TableError(f"{path}, line {first}: the header can't be read ({error}): mend it") from error
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise TableError(f"{path}, line {first}: column '{twice[0]}' stands there twice: rename or remove one")
    if any(not name.strip() for name in header):
        number = [bool(n.strip()) for n in header].index(False) + 1
        raise TableError(f"{path}, line {first}: column {number} has no name")
    return *_parse_csv(path, content, delimiter, header, coded(header)), delimiter


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
    with suppress(pa.ArrowInvalid):  # else some rows are ragged, or hold a newline where blocks meet
        options = pv.ParseOptions(delimiter=delimiter)
        return pv.read_csv(pa.BufferReader(content), parse_options=options, convert_options=convert), ()
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


def _first_line(content: bytes) -> int:
    """Give the number of the first line that is not blank."""
    return content[: len(content) - len(content.lstrip(b"\r\n"))].count(b"\n") + 1


def _header(content: bytes) -> tuple[list[str], str]:
    """Read the header and tell the separator: whichever makes most fields of it, outside quotes."""
    text = content[: 1 << 20].decode("utf-8-sig", errors="ignore").lstrip("\r\n")
    headers: dict[str, list[str]] = {}
    for mark in SEPARATORS:
        with suppress(csv.Error):  # something else than this mark stands behind a closing quote
            headers[mark] = next(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
    if not headers:
        raise csv.Error("a quote is not closed, or text stands behind one")
    separator = max(headers, key=lambda mark: len(headers[mark]))
    return headers[separator], separator


def _record_lines(content: bytes, fields: int) -> NDArray[np.int64]:
    return np.array([line for line, n in _records(content, _header(content)[1]) if n == fields], dtype=np.int64)


def _ragged_lines(content: bytes, fields: int, delimiter: str) -> list[int]:
    return [line for line, n in _records(content, delimiter) if n != fields]
