"""The order in which an election's counts were recorded: a column of its official file."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from estimation.arrays import Array, IntArray
from estimation.columns import RETURN_COLUMNS, plain_name, rename
from estimation.errors import DesignError, FrameError
from estimation.simulation.population import Population, official_path
from estimation.tables import as_text, read_table

_OFFSET = r"\d{2}:\d{2}.*(?:[zZ]|[+-]\d{2}(?::?\d{2})?)$"


@dataclass(frozen=True, slots=True)
class Recorded:
    """Stations come in as they were recorded; those of one moment or batch in random order.

    Attributes
    ----------
    column : str
        Where it was recorded.
    moment : numpy.ndarray, shape (N,)
        Seconds since 1970 in UTC, or the column's number; NaN where it is blank: such a station never reports,
        as nobody recorded that it did.
    """

    column: str
    moment: Array

    def __call__(self, population: Population, rows: IntArray, rng: np.random.Generator) -> Array:
        """Give keys, shape (b, n): the number of the moment among all, and a random part below 1.

        Raises
        ------
        DesignError
            The population is not the one that the column was read for.
        """
        if len(population.frame) != len(self.moment):
            raise DesignError(
                f"arrival '{self.column}' was recorded of {len(self.moment)} stations and the population has "
                f"{len(population.frame)}: read it for this one"
            )
        place = np.unique(self.moment, return_inverse=True)[1].astype(np.float64)
        keys = np.where(np.isfinite(self.moment), place, np.inf)[rows]
        return np.asarray(keys + rng.random(rows.shape))


def recorded(population: Population, column: str) -> Recorded | None:
    """Read a column of the official file as an order of arrival.

    Parameters
    ----------
    column : str
        A header of the file, or what the project calls it (``received_at``). It holds numbers (a batch, a rank)
        or ISO 8601 times; times without an offset are read in ``[returns] timezone``, or in the contest's.

    Returns
    -------
    Recorded or None
        None where there is no such file, or no such column in it.

    Raises
    ------
    FrameError
        A cell is neither a number nor a time, or all of them are blank.
    """
    contest = population.contest
    path = official_path(contest)
    if path is None:
        return None
    source = read_table(path)
    names = rename(source.header, RETURN_COLUMNS, str(path), contest.returns.columns)
    header = _header(source.header, names, column)
    if header is None:
        return None
    stations = next(raw for raw, name in names.items() if name == "tps_id")
    text = as_text(source.data.column(header)).to_pandas()
    if not text.notna().any():
        raise FrameError(f"{path}: column '{header}' is blank in every row: an order of arrival needs times or numbers")
    values = _moments(text, contest.returns.timezone or contest.about.timezone)
    bad = np.flatnonzero(np.isnan(values) & text.notna().to_numpy())
    if len(bad):
        raise FrameError(
            f"{path}, line {int(source.lines(bad[:1])[0])}, column '{header}': '{text.iloc[bad[0]]}' is not what the "
            f"column's other cells are, numbers or times like 2024-11-27T16:05:00+07:00: mend it, or number the batches"
        )
    moment = np.full(len(population.frame), np.nan)
    row = population.frame.rows_of(as_text(source.data.column(stations)).to_pandas())
    moment[row[row >= 0]] = values[row >= 0]
    return Recorded(header, moment)


def official_columns(population: Population) -> list[str]:
    """Name the columns of the official file, none where there is no file."""
    path = official_path(population.contest)
    return [] if path is None else read_table(path).header


def _header(header: list[str], names: Mapping[str, str], column: str) -> str | None:
    wanted = plain_name(column)
    alike = [raw for raw in header if wanted in (plain_name(raw), names.get(raw))]
    return column if column in header else next(iter(alike), None)


def _moments(text: "pd.Series[str]", zone: ZoneInfo) -> Array:
    """Read numbers, or else times as seconds in UTC; NaN where a cell is blank or neither."""
    numbers = pd.to_numeric(text, errors="coerce")
    if numbers[text.notna()].notna().any():
        return numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    offset = text.str.contains(_OFFSET, regex=True).fillna(False).to_numpy(dtype=np.bool_)
    times = pd.Series(pd.NaT, index=text.index).dt.tz_localize("UTC")
    times[offset] = pd.to_datetime(text[offset], utc=True, format="ISO8601", errors="coerce")
    naive = ~offset & text.notna().to_numpy()
    local = pd.to_datetime(text[naive], format="ISO8601", errors="coerce")
    times[naive] = local.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
    seconds = (times - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
    return np.asarray(seconds.to_numpy(dtype=np.float64))
