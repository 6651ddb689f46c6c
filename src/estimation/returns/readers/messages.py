"""Text messages: fields between ``#``, one message a line, or one a row of a gateway's export.

``station#officer#votes…#invalid`` as the sheets tell the officers, or ``code#uid#votes…#invalid`` where a message
begins with the contest's code (``[returns] code``, else its id) and ``uid`` is a station or an officer of one station;
the invalid votes may be left out. The first field says which. A resend is a correction: the time of a message is that
of the gateway's export; where there is none, a later line is the newer one. The total is what the message adds up to.
Officers type O for 0 and I or l for 1: the reading is proposed (W213) and not used. Sheets without named officers have
codes with a check digit (Damm 2004): a wrong one keeps the message out (E219).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from estimation import checks
from estimation.columns import plain_name
from estimation.contest import Contest
from estimation.damm import checks_out
from estimation.returns.readers.layouts import layouts, personal
from estimation.returns.readers.normalise import RowBatch, normalise
from estimation.returns.readers.privacy import masked
from estimation.rules import Findings
from estimation.tables import Table, as_text, decoded, read_table

SEPARATOR = "#"


def is_lines(text: str) -> bool:
    """Tell whether a text is one message a line, by its first line that is not blank."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return first.count(SEPARATOR) >= 2 and not any(mark in first.split(SEPARATOR, 1)[0] for mark in ",;\t")


def message_column(source: Table) -> str | None:
    """Find the column of a gateway's export that holds messages: by its name, and as most of its cells hold ``#``."""
    names = {plain_name(key): value for key, value in layouts()["messages"].columns.items()}
    for raw in source.header:
        if names.get(plain_name(raw)) == "message" and pa.types.is_string(source.data.column(raw).type):
            some = as_text(source.data.column(raw)).drop_null().slice(0, 50)
            marked = pc.sum(pc.greater_equal(pc.count_substring(some, SEPARATOR), 2)).as_py() or 0
            if 2 * marked >= max(1, len(some)):
                return raw
    return None


def read_lines(path: Path, content: bytes, contest: Contest) -> RowBatch:
    """Read a text with one message a line."""
    text, encoding, mark = decoded(path, content)
    lines = re.split(r"\r\n|\r|\n", text.decode("utf-8-sig"))  # as editors count them: not at other separators
    kept = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    data = pa.table({"message": pa.array([line for _, line in kept], pa.string())})
    numbers = np.array([number for number, _ in kept], dtype=np.int64)
    digest = hashlib.sha256(content).hexdigest()
    source = Table(path, data, digest, (), encoding, SEPARATOR, mark, 0, _lines=numbers)
    return read_messages(source, contest, "message")


def read_messages(source: Table, contest: Contest, column: str) -> RowBatch:
    """Read the messages in a column of a table; its other columns say when they came, and from whom."""
    file = source.path.name
    layout = layouts()["messages"]
    text = as_text(source.data.column(column))
    text = pc.utf8_rtrim(pc.replace_substring_regex(text, r"\s*#\s*", SEPARATOR), SEPARATOR)
    holds = _array(pc.fill_null(pc.match_substring_regex(text, r"^[^#\s]+#"), False))
    found = []
    if not holds.all():
        lines = source.lines(np.flatnonzero(~holds))
        found.append(checks.findings("W220", file, lines, "", [""] * len(lines), [""] * len(lines)))
    source, text = source.keep(holds), text.filter(pa.array(holds))
    votes = contest.vote_columns
    fields = pc.list_value_length(pc.split_pattern(text, SEPARATOR)).to_numpy(zero_copy_only=False)
    bad = ~np.isin(fields, [len(votes) + 2, len(votes) + 3])
    parts = _parts(text, len(votes) + 3)
    who = _who(parts[0], parts[1], contest)
    lines = source.lines(np.arange(len(bad)))
    for code, rows in (("E218", bad), ("E219", who.unchecked & ~bad), ("E220", who.several & ~bad)):
        at = np.flatnonzero(rows)
        said = [masked(value, SEPARATOR) for value in text.take(pa.array(at)).to_pylist()]
        found.append(checks.findings(code, file, lines[at], "", said, who.station[rows].tolist()))
    data: dict[str, object] = {"tps_id": pa.array(who.station, pa.string(), from_pandas=True)}
    for name, values in zip((*votes, "invalid"), parts[2:], strict=True):
        data[name] = pc.if_else(pa.array(bad), pa.scalar(None, pa.string()), values)
    data["total"] = _total([data[name] for name in (*votes, "invalid")])
    names = layout.names(source.header, file, contest)
    times = [raw for raw, name in names.items() if name == "received_at"]
    if times:
        data["received_at"] = source.data.column(times[0])
    else:
        # without times, the messages about a station are one submission that every later line revises
        data["revision"] = pa.array(lines)
        data["submission"] = pa.array((file + "#" + who.station).astype("str"), pa.string(), from_pandas=True)
    sender = [raw for raw, name in names.items() if name == "reporter"]
    reporter = who.reporter
    if sender:
        reporter = reporter.fillna(as_text(source.data.column(sender[0])).to_pandas())
    data["reporter"] = pa.array(reporter, pa.string(), from_pandas=True)
    private = [raw for raw in source.header if raw != column and raw not in names and personal().holds(raw)]
    n = len(private)
    found.append(checks.findings("W216", file, [source.header_line] * n, "", private, [""] * n))
    kept, marked = pa.table(data), source.mark
    table = Table(
        source.path, kept, source.sha256, source.ragged, source.encoding, SEPARATOR, marked, 0, _lines=lines
    )  # fmt: skip
    return normalise(table, contest, layout, spoilt=bad | who.unchecked | who.several, more=Findings.join(*found))


@dataclass(frozen=True, slots=True)
class _Who:
    """Which station every message reports, and who sent it."""

    station: "pd.Series[str]"
    reporter: "pd.Series[str]"
    unchecked: NDArray[np.bool_]
    several: NDArray[np.bool_]


def _who(first: pa.ChunkedArray, second: pa.ChunkedArray, contest: Contest) -> _Who:
    one, two = as_text(first).to_pandas(), as_text(second).to_pandas()
    code = contest.returns.code or contest.about.id
    coded = np.asarray(one.str.casefold() == code.casefold(), dtype=np.bool_)
    stations = _stations_of(contest)
    held = two.map({officer: ids[0] for officer, ids in stations.items() if len(ids) == 1}).astype("str")
    station = one.where(~coded, held.fillna(two)).astype("str")
    officer = ~coded | np.asarray(two.isin(list(stations)), dtype=np.bool_)
    reporter = two.where(officer, None).astype("str")
    many = [officer for officer, ids in stations.items() if len(ids) > 1]
    several = coded & np.asarray(two.isin(many), dtype=np.bool_)
    unchecked = np.zeros(len(one), dtype=np.bool_)
    if stations and not (contest.out / "officers.csv").is_file():
        wrong = [value for value in reporter.dropna().unique() if not checks_out(value)]
        unchecked = np.asarray(reporter.isin(wrong), dtype=np.bool_)
    return _Who(station, reporter, unchecked, several)


def _stations_of(contest: Contest) -> Mapping[str, list[str]]:
    """Read the stations of every officer from the assignments, where they have been made."""
    path = contest.out / "assignments.csv"
    if not path.is_file():
        return {}
    source = read_table(path)
    if not {"reporter", "tps_id"} <= set(source.header):
        return {}
    table = pd.DataFrame({name: as_text(source.data.column(name)).to_pandas() for name in ("reporter", "tps_id")})
    table = table.dropna()
    return {str(code): ids.tolist() for code, ids in table.groupby("reporter")["tps_id"]}


def _parts(text: pa.ChunkedArray, count: int) -> list[pa.ChunkedArray]:
    """Give so many fields of every message, blank where it has fewer."""
    padded = pc.binary_join_element_wise(text, SEPARATOR * count, "")
    lists = pc.split_pattern(padded, SEPARATOR)
    return [as_text(pc.list_element(lists, place)) for place in range(count)]


def _total(columns: list[object]) -> pa.Array:
    numbers = [checks.whole_numbers(_chunked(column)) for column in columns]
    total = numbers[0]
    for more in numbers[1:]:
        total = pc.add(total, more)
    return total


def _chunked(column: object) -> pa.ChunkedArray:
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])


def _array(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.bool_)
