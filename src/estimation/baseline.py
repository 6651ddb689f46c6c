"""An earlier election as auxiliaries of the frame: the candidates' shares, by station or by area."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from estimation import checks
from estimation.arrays import Array
from estimation.columns import AREA_LEVELS, FRAME_COLUMNS, rename, require
from estimation.contest import Contest
from estimation.errors import FrameError
from estimation.tables import Table, as_text, find_table, read_table

PREFIX = "baseline_"
_BETWEEN = "\x1f"  # stands in no name
FEWEST = 0.5  # of the stations must be in a baseline, or it belongs to another frame


def baseline_path(contest: Contest) -> Path | None:
    """Find the baseline file: the one that ``[baseline]`` names, else ``baseline.csv``; None where there is none.

    Raises
    ------
    FrameError
        ``[baseline]`` names a file that is not there.
    """
    named = contest.baseline.path
    if named is None:
        return find_table(contest.folder, "baseline")
    path = contest.folder / named
    if not path.is_file():
        raise FrameError(f"{path}: [baseline] names it and there is no such file: put it there or leave the table out")
    return path


def with_baseline(contest: Contest, table: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    """Add the shares of an earlier election to the frame's stations.

    Parameters
    ----------
    table : pandas.DataFrame
        The frame's stations, N rows; it is not changed.

    Returns
    -------
    pandas.DataFrame
        With ``baseline_1`` … ``baseline_k``, shares in [0, 1] of the valid votes of the station's
        area in the baseline; NaN where the baseline does not have it. The same table where the
        contest has no baseline.
    str or None
        SHA-256 of the baseline's bytes; None where there is none.

    Raises
    ------
    FrameError
        The baseline can't be used, or fewer than half of the stations are in it.
    """
    path = baseline_path(contest)
    if path is None:
        return table, None
    source = read_table(path)
    names = rename(source.header, FRAME_COLUMNS, str(path))
    level = contest.baseline.level
    keys = ["tps_id"] if level == "tps" else list(AREA_LEVELS[: AREA_LEVELS.index(level) + 1])
    header = {canonical: raw for raw, canonical in names.items()}
    require(names.values(), keys, source.header, str(path))
    votes = sorted((n for n in names.values() if n.startswith("votes_")), key=lambda name: int(name[6:]))
    if not votes:
        raise FrameError(f"{path}: no column of votes is there: a baseline needs votes_1, votes_2, …")
    places, share = _shares(source, [header[key] for key in keys], [header[name] for name in votes])
    at = pc.index_in(_paths([_words(table[key]) for key in keys]), value_set=places)
    place = np.asarray(pc.fill_null(at, len(places)).to_numpy(), dtype=np.intp)
    of_station = np.vstack([share, np.full((1, len(votes)), np.nan)])[place]
    known = np.isfinite(of_station).all(axis=1)
    if known.mean() < FEWEST:
        row = table.iloc[int(np.flatnonzero(~known)[0])]
        first = " / ".join(str(row[key]) for key in keys)
        raise FrameError(
            f"{path}: only {int(known.sum())} of {len(table)} stations are in the baseline by {level} (not there, for "
            f"one: {first}): compare the names with the frame's, or set [baseline] level"
        )
    return table.assign(**{PREFIX + name[6:]: of_station[:, j] for j, name in enumerate(votes)}), source.sha256


def _shares(source: Table, keys: list[str], votes: list[str]) -> tuple[pa.Array, Array]:
    """Add the votes of a baseline up by place.

    Returns
    -------
    pyarrow.Array of text
        The path of each place.
    numpy.ndarray, shape (places, k)
        Shares of the valid votes; NaN where a candidate's votes are blank in all its rows, or nobody has any.
    """
    coded = _paths([as_text(source.data.column(key)) for key in keys]).dictionary_encode()
    place = np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), dtype=np.intp)
    sums = np.full((len(coded.dictionary), len(votes)), np.nan)
    for j, name in enumerate(votes):
        counts = checks.whole_numbers(source.data.column(name)).to_numpy(zero_copy_only=False).astype(np.float64)
        counted = np.isfinite(counts) & (place >= 0)
        rows = np.bincount(place[counted], minlength=len(sums))
        sums[:, j] = np.where(rows > 0, np.bincount(place[counted], counts[counted], len(sums)), np.nan)
    total = np.nansum(sums, axis=1)
    return coded.dictionary, sums / np.where(total > 0, total, np.nan)[:, None]


def _paths(columns: Sequence[pa.Array | pa.ChunkedArray]) -> pa.Array:
    """Write the names of each row's areas as one text; null where one of them is."""
    texts = [column.cast(pa.string()) for column in columns]
    path = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, _BETWEEN)
    return path.combine_chunks() if isinstance(path, pa.ChunkedArray) else path


def _words(column: pd.Series) -> pa.Array:
    """Give a column of the frame as text; of an area column, its few names are written once."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        names = pa.array(column.cat.categories.astype(str).to_series(), pa.string())
        names = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
        return names.take(pa.array(column.cat.codes.to_numpy()))
    return pa.array(column.astype(str), pa.string())
