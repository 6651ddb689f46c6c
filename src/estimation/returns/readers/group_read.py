"""Many small CSV files with the same header, read as one table: what reading a file costs is paid once for all of them.

Taken together are only files that would be read no differently alone: in our own columns or ODK's, every line with as
many fields as the header, quotes around whole fields only. The others are left to be read one by one: a line too short
or too long, a header or totals among the rows, a decimal mark in a count, a blank time, one without offset and no zone.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from estimation import checks
from estimation.arrays import BoolArray, IntArray
from estimation.columns import PLACE_COLUMNS, place_column, plain_name
from estimation.contest import Contest
from estimation.errors import TableError
from estimation.files import sha256_of
from estimation.returns.readers.layouts import Layout, layout_of, layouts
from estimation.returns.readers.normalise import RowBatch, Source, like_header, like_totals, normalise
from estimation.returns.readers.times import without_offset
from estimation.tables import Table, as_text, decoded, parse_csv

SMALL = 1 << 16  # bytes: of a larger file it is the rows that cost, not the file
_LAYOUTS = ("table", "odk")  # those that have nothing beside their returns
_BINARY = (b"PAR1", b"PK\x03\x04", b"SQLite format 3", b"{", b"[")


@dataclass(frozen=True, slots=True)
class Alike:
    """Files that were read together.

    Attributes
    ----------
    batch : Batch
        With a source for each of them.
    files : tuple of int
        Which ones they are of those that were asked for.
    origin : numpy.ndarray of intp, shape (n,)
        Which one of those that were asked for every row comes from.
    """

    batch: RowBatch
    files: tuple[int, ...]
    origin: IntArray


@dataclass(frozen=True, slots=True)
class _Text:
    """A file: its number, its name, its hash, what follows its header, and the lines that its rows stand in."""

    number: int
    name: str
    sha256: str
    body: bytes
    lines: tuple[int, ...] = ()


_Key = tuple[bytes, str, bool]  # header, encoding, byte-order mark


def read_alike(files: Sequence[tuple[int, Path, str, bytes]], contest: Contest) -> list[Alike]:
    """Read together what can be read together.

    Parameters
    ----------
    files : sequence of (int, pathlib.Path, str, bytes)
        A number, where it is, what findings call it, and its content.

    Returns
    -------
    list of Alike
        One for each header; files that are in none of them are to be read one by one.
    """
    groups: dict[_Key, list[_Text]] = defaultdict(list)
    paths: dict[_Key, Path] = {}
    for number, path, name, content in files:
        if len(content) > SMALL or not name.lower().endswith(".csv") or content.startswith(_BINARY):
            continue
        try:
            text, encoding, mark = decoded(path, content)
        except TableError:
            continue  # told where it is read alone
        header, newline, body = text.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
        key = header.removesuffix(b"\r"), encoding, mark
        if newline and key[0] and b"\r" not in key[0]:
            groups[key].append(_Text(number, name, sha256_of(content), body))
            paths[key] = path
    read = [_read_group(paths[key], key, group, contest) for key, group in groups.items() if len(group) > 1]
    return [alike for alike in read if alike is not None]


def _read_group(path: Path, key: _Key, group: Sequence[_Text], contest: Contest) -> Alike | None:
    header, encoding, mark = key
    try:
        probe = parse_csv(path, header + b"\n")
        layout = layout_of(probe, contest)
        names = {name: raw for raw, name in layout.names(probe.header, "", contest).items()}
        if (
            layout.name not in _LAYOUTS
            or _may_hold_messages(probe)
            or not {"tps_id", *contest.vote_columns} <= set(names)
        ):
            return None
        several = [_looked_at(text, probe) for text in group]
        texts = [text for text in several if text is not None]
        source = parse_csv(path, b"\n".join([header, *(text.body for text in texts)]))
        origin = np.repeat(np.arange(len(texts)), [len(text.lines) for text in texts])
        if source.ragged or source.data.num_rows != len(origin):
            return None
        lines = np.fromiter(chain.from_iterable(text.lines for text in texts), dtype=np.int64, count=len(origin))
        source = replace(source, encoding=encoding, mark=mark, _lines=lines, _content=b"")
        apart = np.bincount(origin[_peculiar(source, names, layout, contest)], minlength=len(texts)) > 0
        kept = ~apart[origin]
        source, origin = source.keep(kept), origin[kept]
        whole = [text for text, out in zip(texts, apart, strict=True) if not out]
        places = [texts[file].name for file in origin.tolist()]
        batch = normalise(source, contest, layout, files=places, of=[text.name for text in whole])
    except TableError:
        return None  # told of each file, where it is read alone
    sources = _sources(source, layout, texts, apart, origin)
    numbers = np.array([text.number for text in texts], dtype=np.intp)
    return Alike(replace(batch, sources=sources), tuple(text.number for text in whole), numbers[origin])


def _may_hold_messages(probe: Table) -> bool:
    known = {plain_name(raw) for raw, name in layouts()["messages"].columns.items() if name == "message"}
    return any(plain_name(raw) in known for raw in probe.header)


def _looked_at(text: _Text, probe: Table) -> _Text | None:
    """Note the line of every row; None where a line has more or fewer fields, or quotes that are not around a field."""
    body, mark = text.body, probe.separator.encode()
    if b'"' in body:
        body = _quoted(mark).sub(b"", body)
    if b'"' in body or body.count(b"\r") != body.count(b"\r\n"):
        return None
    between, lines = len(probe.header) - 1, []
    for number, line in enumerate(body.split(b"\n"), 2):
        if line.count(mark) == between:
            lines.append(number)
        elif line.rstrip(b"\r"):
            return None
    return replace(text, lines=tuple(lines))


@cache
def _quoted(separator: bytes) -> re.Pattern[bytes]:
    """Give the pattern of a whole field in quotes."""
    mark = re.escape(separator)
    return re.compile(rb'(?<![^\n%s])"[^"\r\n]*"(?=[%s\r\n]|\Z)' % (mark, mark))


def _peculiar(source: Table, names: dict[str, str], layout: Layout, contest: Contest) -> BoolArray:
    """Find the rows whose file has to be read alone."""
    found = like_header(source, names)[0] | like_totals(source.data, names)
    for name in (*contest.vote_columns, *checks.COUNTS):
        if name in names:
            marked = pc.match_substring_regex(source.data.column(names[name]), "[.,]")
            found |= pc.fill_null(marked, False).to_numpy(zero_copy_only=False)
    if "received_at" in names:
        times = source.data.column(names["received_at"])
        found |= as_text(times).is_null().to_numpy(zero_copy_only=False)  # a fault, or a file without any time
        if not layout.zone and contest.returns.timezone is None:
            found |= without_offset(times)
    return found


def _sources(
    source: Table, layout: Layout, texts: Sequence[_Text], apart: BoolArray, origin: IntArray
) -> tuple[Source, ...]:
    """Say how each file is written; only coordinates can have told its decimal mark."""
    header = tuple(source.header)
    decimals = [""] * len(texts)
    columns = [name for name in (place_column(c.name, header) for c in PLACE_COLUMNS) if name]
    for column in columns:
        for mark in ".,":
            rows = checks.has_decimals(source.data.column(column), mark)
            for file in np.unique(origin[rows]).tolist():
                decimals[file] = "mixed" if decimals[file] not in ("", mark) else mark
    how = layout.name, source.encoding, source.separator
    return tuple(
        Source(text.name, *how, decimal, source.mark, 1, header, len(text.lines), text.sha256)
        for text, decimal, out in zip(texts, decimals, apart, strict=True)
        if not out
    )
