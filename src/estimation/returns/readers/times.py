"""Reads times of receipt as moments: with their offset, or in the zone that is declared."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from estimation.errors import ReturnsError
from estimation.tables import Table, as_text


def no_times(rows: int) -> "pd.Series[pd.Timestamp]":
    """Give a column without any time."""
    return pd.Series(pd.DatetimeIndex([pd.NaT], tz="UTC").as_unit("ns").repeat(rows))


def read_times(
    source: Table, column: pa.ChunkedArray | None, zone: ZoneInfo | None
) -> tuple["pd.Series[pd.Timestamp]", NDArray[np.bool_]]:
    """Read times of receipt as UTC.

    Parameters
    ----------
    source : Table
        For messages.
    column : pyarrow.ChunkedArray or None
        ISO 8601; None where the file has no times.
    zone : zoneinfo.ZoneInfo or None
        Of times without an offset.

    Returns
    -------
    pandas.Series of datetime64[UTC], length n
    numpy.ndarray of bool, shape (n,)
        Which cells hold no time that can be read; a file without any time has none of them.

    Raises
    ------
    ReturnsError
        All times lack an offset and no zone is declared.
    """
    rows = source.data.num_rows
    if column is None or as_text(column).null_count == rows:
        return no_times(rows), np.zeros(rows, dtype=np.bool_)
    naive = without_offset(column)
    text = as_text(column).to_pandas()
    offset = ~naive & np.asarray(text.notna())
    times = no_times(rows)
    times[offset] = _possible(pd.to_datetime(text[offset], utc=True, format="ISO8601", errors="coerce"))
    if zone is not None:
        local = _possible(pd.to_datetime(text[naive], format="ISO8601", errors="coerce"))
        times[naive] = local.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
    elif naive.any() and naive.sum() == text.notna().sum():
        raise ReturnsError(
            f"{source.path}, line {source.lines(np.flatnonzero(naive)[:1])[0]}: '{text[naive].iloc[0]}' has no UTC "
            f"offset, as no time of the file has: declare the zone in contest.toml, "
            f'[returns] timezone = "Asia/Jakarta", or send times like 2024-11-27T16:05:00+07:00'
        )
    return times, np.asarray(times.isna())


def _possible(times: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """Leave out times of no election, as ``0001`` is no year; what is kept is what the ledger keeps, microseconds."""
    years = times.dt.year
    return times.where((years > 1900) & (years < 2200)).dt.floor("us")


def without_offset(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Find the cells that hold something and no offset from UTC, shape (n,)."""
    known = pc.match_substring_regex(as_text(column), r"\d{2}:\d{2}.*(?:[zZ]|[+-]\d{2}(?::?\d{2})?)$")
    return np.asarray(pc.fill_null(pc.invert(known), False).to_numpy(zero_copy_only=False), dtype=np.bool_)
