"""Returns in CSV or Parquet files with one row for each count sent."""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from estimation import checks
from estimation.columns import RETURN_COLUMNS, nearest, rename, require
from estimation.contest import Contest
from estimation.errors import ReturnsError
from estimation.rules import Findings
from estimation.tables import Table, as_text, read_table

TEXT = ("tps_id", "source", "reporter", "status")
STATUSES = ("received", "verified", "rejected")


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one file.

    Attributes
    ----------
    table : pandas.DataFrame
        ``tps_id``, ``received_at`` (UTC; NaT where the file has no times), the counts (floats,
        NaN where blank), ``source``, ``reporter``, ``status``, ``file``, ``line``, ``unreadable``
        (a cell of the row could not be read).
    findings : Findings
        What could not be read.
    sha256 : str
    """

    table: pd.DataFrame
    findings: Findings
    sha256: str


def read_tabular(path: Path, contest: Contest) -> Batch:
    """Read one file of returns.

    Raises
    ------
    TableError
        It can't be read as a table, or a required column is missing.
    ReturnsError
        All its times lack an offset and no zone is declared.
    """
    source = read_table(path)
    name = path.name
    names = rename(source.header, RETURN_COLUMNS, str(path), contest.returns.columns)
    votes = contest.vote_columns
    require(names.values(), ("tps_id", *votes, "invalid", "total"), source.header, str(path))
    column = {canonical: source.data.column(raw) for raw, canonical in names.items()}
    header = {canonical: raw for raw, canonical in names.items()}
    found = [checks.findings("E213", name, [line], "", [text], [""]) for line, text in source.ragged]
    rows = source.data.num_rows
    ids = as_text(column["tps_id"])
    unreadable = np.zeros(rows, dtype=np.bool_)

    def add(code: str, bad: NDArray[np.bool_], key: str) -> None:
        nonlocal unreadable
        where = np.flatnonzero(bad)
        if len(where):
            values = column[key].take(pa.array(where)).to_pylist()
            stations = ids.take(pa.array(where)).to_pylist()
            found.append(checks.findings(code, name, source.lines(where), header[key], values, stations))
            unreadable = unreadable | bad

    data: dict[str, object] = {"tps_id": ids.to_pandas()}
    for key in [key for key in (*votes, *checks.COUNTS) if key in column]:
        numbers = checks.whole_numbers(column[key])
        add("E202", checks.not_whole(column[key], numbers), key)
        data[key] = numbers.to_numpy(zero_copy_only=False).astype(np.float64)
    data["received_at"], bad_time = _times(source, column.get("received_at"), contest.returns.timezone)
    if "received_at" in column:
        add("E210", bad_time, "received_at")
    for key in ("source", "reporter", "status"):
        data[key] = as_text(column[key]).to_pandas() if key in column else pd.Series([None] * rows, dtype="str")
    status = pd.Series(data["status"]).str.lower().fillna("received")
    if "status" in column:
        add("E215", ~np.asarray(status.isin(STATUSES)), "status")
    data |= {"status": status, "file": name, "line": source.lines(np.arange(rows)), "unreadable": unreadable}
    found.append(_unknown_columns(source, names, votes))
    return Batch(pd.DataFrame(data), Findings.join(*found), source.sha256)


def _times(
    source: Table, column: pa.ChunkedArray | None, zone: ZoneInfo | None
) -> tuple["pd.Series[pd.Timestamp]", NDArray[np.bool_]]:
    """Read times of receipt as UTC; which cells have none is the second part."""
    rows = source.data.num_rows
    if column is None or as_text(column).null_count == rows:
        return pd.Series(pd.NaT, index=range(rows)).dt.tz_localize("UTC"), np.zeros(rows, dtype=np.bool_)
    text = as_text(column).to_pandas()
    offset = np.asarray(
        text.str.contains(r"\d{2}:\d{2}.*(?:[zZ]|[+-]\d{2}(?::?\d{2})?)$", regex=True).fillna(False), dtype=np.bool_
    )
    times = pd.Series(pd.NaT, index=range(rows)).dt.tz_localize("UTC")
    times[offset] = pd.to_datetime(text[offset], utc=True, format="ISO8601", errors="coerce")
    naive = ~offset & np.asarray(text.notna())
    if zone is not None:
        local = pd.to_datetime(text[naive], format="ISO8601", errors="coerce")
        times[naive] = local.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
    elif naive.any() and naive.sum() == text.notna().sum():
        raise ReturnsError(
            f"{source.path}, line {source.lines(np.flatnonzero(naive)[:1])[0]}: '{text[naive].iloc[0]}' has no UTC "
            f"offset, as no time of the file has: declare the zone in contest.toml, "
            f'[returns] timezone = "Asia/Jakarta", or send times like 2024-11-27T16:05:00+07:00'
        )
    return times, np.asarray(times.isna())


def _unknown_columns(source: Table, names: dict[str, str], votes: list[str]) -> Findings:
    known = [*votes, *(column.name for column in RETURN_COLUMNS)]
    unknown = [raw for raw in source.header if names.get(raw) not in known]
    near = [nearest(raw, known) for raw in unknown]
    values = [raw + (f" (is it {close}?)" if close else "") for raw, close in zip(unknown, near, strict=True)]
    return checks.findings("W210", source.path.name, [1] * len(unknown), "", values, [""] * len(unknown))
