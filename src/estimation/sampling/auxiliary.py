"""Frame columns as a draw needs them: measures, balancing variables, coordinates, the order of a list."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from estimation.arrays import Array, IntArray
from estimation.columns import AREA_LEVELS, PLACE_COLUMNS, nearest_name, place_column
from estimation.errors import DesignError
from estimation.frame import Frame

KM_PER_DEGREE = 111.195  # of latitude, on a sphere of 6,371 km


def auxiliary_columns(frame: Frame, names: Sequence[str]) -> Array:
    """Give numeric columns side by side, shape (N, p); a station without a value gets the column's mean.

    Raises
    ------
    DesignError
        A column is not in the frame, is not numeric, or has no value at all.
    """
    return np.stack([_numbers(frame, name) for name in names], axis=-1)


def positive(frame: Frame, name: str) -> Array:
    """Give a measure of size, shape (N,).

    A station whose measure is unknown gets the mean of the known ones: it must be drawn with some
    probability, as it is there.

    Raises
    ------
    DesignError
        A value is negative or zero; the message names the first stations.
    """
    values = _numbers(frame, name)
    bad = np.flatnonzero(values <= 0)
    if len(bad):
        named = ", ".join(frame.table["tps_id"].iloc[bad[:3]])
        raise DesignError(
            f"column '{name}' is zero or negative for {len(bad)} stations ({named}): no draw can take them"
        )
    return values


def coordinates(frame: Frame, names: Sequence[str]) -> Array:
    """Give coordinates scaled to unit variance, shape (N, q); by area codes where no column is named.

    Latitude and longitude, both named, keep the scale of the map: they have unit variance together.
    """
    if not names:
        ranks = [frame.areas(level).codes.astype(np.float64) for level in AREA_LEVELS]
        values = np.stack([rank for rank in ranks if rank.max() > 0] or ranks[-1:], axis=-1)
        return _scaled(values, values.std(axis=0))
    values = auxiliary_columns(frame, names)
    on_map = [j for wanted in ("latitude", "longitude") for j in _named_as(frame, names, wanted)]
    if len(on_map) == 2:
        values[:, on_map[1]] *= np.cos(np.radians(values[:, on_map[0]].mean()))
    spread = values.std(axis=0)
    if len(on_map) == 2:
        spread[on_map] = np.sqrt((spread[on_map] ** 2).mean())
    return _scaled(values, spread)


def _scaled(values: Array, spread: Array) -> Array:
    return np.asarray((values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _named_as(frame: Frame, names: Sequence[str], wanted: str) -> list[int]:
    """Find which of the names mean latitude, or longitude."""
    header = place_column(wanted, frame.table.columns)
    return [j for j, name in enumerate(names) if header is not None and _known(frame, name) == header]


def places(frame: Frame) -> Array | None:
    """Give latitude and longitude of every station in degrees, shape (N, 2).

    NaN where they are unknown, lie outside the globe, or are 0, 0, which forms write for unknown.

    Returns
    -------
    numpy.ndarray or None
        None where the frame has no such columns (see :data:`estimation.columns.PLACE_COLUMNS`), or two
        stations at different places are not known.
    """
    headers = [place_column(column.name, frame.table.columns) for column in PLACE_COLUMNS]
    if None in headers:
        return None
    columns = [frame.table[header].astype("str").str.replace(",", ".") for header in headers]
    found = np.stack([pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64) for column in columns], axis=-1)
    wrong = ~(np.abs(found) <= (90.0, 180.0)).all(axis=1) | (found == 0).all(axis=1)
    found[wrong] = np.nan
    return found if len(np.unique(found[~wrong], axis=0)) > 1 else None


def on_plane(degrees: Array) -> Array:
    """Lay latitude and longitude, shape (…, 2), out in kilometres east and north, true at the mean latitude."""
    latitude, longitude = degrees[..., 0], degrees[..., 1]
    width = np.cos(np.radians(np.nanmean(latitude)))
    return np.asarray(np.stack([(longitude - np.nanmin(longitude)) * width, latitude], axis=-1) * KM_PER_DEGREE)


def list_order(frame: Frame, columns: str) -> IntArray:
    """Give each station's position in a sorted list, shape (N,).

    Parameters
    ----------
    columns : str
        Frame columns, joined by commas; blank for the order of the map: the areas as the frame
        first names them, stations of a village by number.
    """
    names = [name.strip() for name in columns.split(",") if name.strip()]
    if names:
        keys = [_sortable(frame, name) for name in names]
    else:
        keys = [_map_ranks(frame, level) for level in AREA_LEVELS] + [_sortable(frame, "tps")]
    order = np.lexsort(keys[::-1])
    position = np.empty(len(frame), dtype=np.intp)
    position[order] = np.arange(len(frame))
    return position


def _map_ranks(frame: Frame, level: str) -> Array:
    return frame.areas(level).codes.astype(np.float64)


def _sortable(frame: Frame, name: str) -> Array:
    """Give numbers that sort as a column does: by value where it is numeric, else by the words' order."""
    name = _known(frame, name)
    if name in AREA_LEVELS:
        return _map_ranks(frame, name)
    numbers = pd.to_numeric(frame.table[name], errors="coerce")
    if numbers.notna().all():
        return numbers.to_numpy(dtype=np.float64)
    return np.unique(frame.table[name].astype(str).to_numpy(dtype=object), return_inverse=True)[1].astype(np.float64)


def _numbers(frame: Frame, name: str) -> Array:
    name = _known(frame, name)
    values = pd.to_numeric(frame.table[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(values).any():
        raise DesignError(f"column '{name}' holds no number: name a numeric column of the frame")
    return np.where(np.isfinite(values), values, np.nanmean(values))


def _known(frame: Frame, name: str) -> str:
    """Find a column by its name, coordinates by any of theirs."""
    if name in frame.table.columns:
        return name
    place = place_column(name, frame.table.columns)
    if place is not None:
        return place
    near = nearest_name(name, frame.table.columns)
    raise DesignError(
        f"column '{name}' is not in the frame: "
        + (f"did you mean '{near}'?" if near else f"it has {', '.join(frame.table.columns)}")
    )
