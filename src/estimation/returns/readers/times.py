"""Reads times of receipt as moments: with their offset, or in the zone that is declared."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from estimation.arrays import BoolArray
from estimation.errors import ReturnsError
from estimation.returns.rows import MOMENT
from estimation.tables import Table, as_text


def read_times(
    source: Table, column: pa.ChunkedArray | None, zone: ZoneInfo | None
) -> tuple[NDArray[np.datetime64], BoolArray]:
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
    numpy.ndarray of datetime64[ns], shape (n,)
        To the microsecond, as the ledger keeps it; NaT where there is none.
    numpy.ndarray of bool, shape (n,)
        Which cells hold no time that can be read; a file without any time has none of them.

    Raises
    ------
    ReturnsError
        All times lack an offset and no zone is declared.
    """
    times = np.full(source.data.num_rows, np.datetime64("NaT"), dtype=MOMENT)
    text = None if column is None else as_text(column)
    if text is None or text.null_count == len(times):
        return times, np.zeros(len(times), dtype=np.bool_)
    naive, blank = without_offset(text), text.is_null().to_numpy(zero_copy_only=False)
    offset = ~naive & ~blank
    if offset.any():
        times[offset] = _moments(text.filter(pa.array(offset)), pa.timestamp("us", "UTC"))
    if naive.any() and zone is not None:
        local = pd.DatetimeIndex(_moments(text.filter(pa.array(naive)), pa.timestamp("us")))
        utc = local.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").tz_convert("UTC")
        times[naive] = utc.tz_localize(None).to_numpy()
    elif naive.any() and naive.sum() + blank.sum() == len(times):
        first = int(np.flatnonzero(naive)[0])
        raise ReturnsError(
            f"{source.path}, line {source.lines([first])[0]}: '{text[first].as_py()}' has no UTC "
            f"offset, as no time of the file has: declare the zone in contest.toml, "
            f'[returns] timezone = "Asia/Jakarta", or send times like 2024-11-27T16:05:00+07:00'
        )
    return times, np.isnat(times)


def _moments(text: pa.ChunkedArray, kind: pa.TimestampType) -> NDArray[np.datetime64]:
    """Read texts as moments; what is none, or of no year of an election, as ``0001``, is none."""
    try:
        times = text.cast(kind).to_numpy().astype("datetime64[us]")
    except pa.ArrowInvalid:  # another form of ISO 8601 than most, or no time at all
        parsed = pd.to_datetime(text.to_pandas(), utc=kind.tz is not None, format="ISO8601", errors="coerce")
        moments = pd.DatetimeIndex(parsed)
        times = (moments.tz_localize(None) if moments.tz is not None else moments).floor("us").to_numpy()
    possible = (times >= np.datetime64("1901-01-01")) & (times < np.datetime64("2200-01-01"))
    return np.where(possible, times, np.datetime64("NaT")).astype(MOMENT)


def without_offset(column: pa.ChunkedArray) -> BoolArray:
    """Find the cells that hold something and no offset from UTC, shape (n,)."""
    known = pc.match_substring_regex(as_text(column), r"\d{2}:\d{2}.*(?:[zZ]|[+-]\d{2}(?::?\d{2})?)$")
    return np.asarray(pc.fill_null(pc.invert(known), False).to_numpy(zero_copy_only=False), dtype=np.bool_)
