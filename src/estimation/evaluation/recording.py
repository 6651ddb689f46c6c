"""Returns against the official counts of the same stations."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from estimation.arrays import Array, IntArray
from estimation.columns import AREA_LEVELS
from estimation.contest import Contest
from estimation.frame import Frame
from estimation.returns import Counts, read_returns, resolve
from estimation.sampling import Sample

Kind = Literal["order", "votes", "invalid"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One station whose return is not its official count.

    Attributes
    ----------
    tps_id : str
    path : tuple of str
        Province, regency, district, village.
    tps : str
        Its number in the village.
    file, line : str, int
        Where the return stands.
    sent, official : tuple of int
        Votes of each candidate.
    kind : str
        ``order``: the same numbers, under other candidates; ``votes``; ``invalid``: only invalid votes differ.
    invalid : tuple of int or None
        Invalid votes as sent and as counted officially.
    """

    tps_id: str
    path: tuple[str, ...]
    tps: str
    file: str
    line: int
    sent: tuple[int, ...]
    official: tuple[int, ...]
    kind: Kind
    invalid: tuple[int | None, int | None]

    @property
    def moved(self) -> int:
        """Votes that differ, over all candidates."""
        return sum(abs(a - b) for a, b in zip(self.sent, self.official, strict=True))


@dataclass(frozen=True, slots=True)
class Recording:
    """All of them.

    Attributes
    ----------
    compared : int
        Stations in that have an official count.
    net : tuple of int
        Votes of each candidate that returns have more than the official counts, over all stations compared.
    stations : tuple of Difference
        Those that differ, the largest first.
    kept_out : int
        Stations whose return is kept out, with an official count.
    needless : int
        Of these, the ones whose votes are the official ones: what the rules cost.
    """

    compared: int
    net: tuple[int, ...]
    stations: tuple[Difference, ...]
    kept_out: int
    needless: int

    def count(self, kind: Kind) -> int:
        """Count the stations whose counts differ in one way."""
        return sum(one.kind == kind for one in self.stations)


def held_returns(
    contest: Contest, frame: Frame, sample: Sample, returns_path: Path | None, as_of: datetime | None
) -> pd.DataFrame:
    """Read the return that holds for each station of the sample, used or kept out; by frame row."""
    held = resolve(contest, frame, read_returns(contest, returns_path), sample.rows, as_of).table
    return held.set_index("row")


def compare_returns(frame: Frame, rows: IntArray, sent: Counts, official: Counts, held: pd.DataFrame) -> Recording:
    """Compare the returns of a sample with the official counts of the same stations.

    Parameters
    ----------
    rows : numpy.ndarray of intp, shape (n,)
        Frame rows of the sample.
    sent, official : Counts
        Of its stations.
    held : pandas.DataFrame
        See :func:`held_returns`.
    """
    both = sent.seen & official.seen
    votes = np.where(both[:, None], sent.votes - official.votes, 0.0)
    invalid = np.where(both, sent.invalid - official.invalid, 0.0)
    differs = (votes != 0).any(axis=1) | (np.isfinite(invalid) & (invalid != 0))
    found = [_difference(frame, int(rows[i]), i, sent, official, held) for i in np.flatnonzero(differs).tolist()]
    found.sort(key=lambda one: (-one.moved, -abs((one.invalid[0] or 0) - (one.invalid[1] or 0)), one.tps_id))
    out = np.flatnonzero(sent.kept_out & official.seen)
    columns = [name for name in held.columns if name.startswith("votes_")]
    theirs = held.reindex(rows[out])[columns].to_numpy(dtype=np.float64)
    needless = int((theirs == official.votes[out]).all(axis=1).sum())
    return Recording(int(both.sum()), tuple(int(n) for n in votes.sum(axis=0)), tuple(found), len(out), needless)


def _difference(frame: Frame, row: int, i: int, sent: Counts, official: Counts, held: pd.DataFrame) -> Difference:
    station = frame.table.iloc[row]
    place = held.loc[row, ["file", "line"]].to_dict()
    mine, theirs = (tuple(int(n) for n in counts.votes[i]) for counts in (sent, official))
    kind: Kind = "invalid" if mine == theirs else "order" if sorted(mine) == sorted(theirs) else "votes"
    return Difference(
        str(station["tps_id"]),
        tuple(str(station[level]) for level in AREA_LEVELS),
        str(station["tps"]),
        str(place["file"]),
        int(place["line"]),
        mine,
        theirs,
        kind,
        (_whole(sent.invalid, i), _whole(official.invalid, i)),
    )


def _whole(values: Array, i: int) -> int | None:
    return int(values[i]) if np.isfinite(values[i]) else None
