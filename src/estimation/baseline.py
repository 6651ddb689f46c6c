"""An earlier election as auxiliaries of the frame: the candidates' shares, by station or by area."""

from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from estimation import checks
from estimation.columns import AREA_LEVELS, FRAME_COLUMNS, rename, require
from estimation.contest import Contest
from estimation.errors import FrameError
from estimation.tables import as_text, find_table, read_table

PREFIX = "baseline_"
_BETWEEN = "\x1f"  # stands in no name
FEWEST = 0.5  # of the stations must be found in a baseline, or it belongs to another frame


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
    counts = {name: checks.whole_numbers(source.data.column(header[name])) for name in votes}
    earlier = pd.DataFrame(
        {name: column.to_numpy(zero_copy_only=False) for name, column in counts.items()}, dtype="float64"
    )
    # the path as one text: an index of several levels takes ten times as long
    columns = [as_text(source.data.column(header[key])) for key in keys]
    places = pc.binary_join_element_wise(*columns, _BETWEEN).to_pandas()
    sums = earlier.groupby(places).sum(min_count=1)
    share = sums.div(sums.sum(axis=1).where(lambda total: total > 0), axis=0)
    asked = reduce(lambda above, name: above + _BETWEEN + name, [table[key].astype(str) for key in keys])
    found = share.reindex(asked).to_numpy(dtype=np.float64)
    known = np.isfinite(found).all(axis=1)
    if known.mean() < FEWEST:
        row = table.iloc[int(np.flatnonzero(~known)[0])]
        first = " / ".join(str(row[key]) for key in keys)
        raise FrameError(
            f"{path}: only {int(known.sum())} of {len(table)} stations are in the baseline by {level} (not there, for "
            f"one: {first}): compare the names with the frame's, or set [baseline] level"
        )
    return table.assign(**{PREFIX + name[6:]: found[:, j] for j, name in enumerate(votes)}), source.sha256
