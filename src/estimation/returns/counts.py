"""Returns as arrays beside the sample: what the estimators see."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimation.arrays import Array, IntArray
from estimation.contest import Contest
from estimation.frame import Frame
from estimation.returns.resolution import Resolution


@dataclass(frozen=True, slots=True)
class Counts:
    """What the stations of a sample counted; leading axes are replicates.

    Attributes
    ----------
    votes : numpy.ndarray, shape (…, n, k)
        Votes of each candidate; 0 where the station is not in.
    invalid, ballots : numpy.ndarray, shape (…, n)
        NaN where not in or blank. Ballots are valid and invalid votes; the total where the
        invalid votes are blank.
    registered : numpy.ndarray, shape (…, n)
        The frame's roll; NaN where unknown.
    seen : numpy.ndarray of bool, shape (…, n)
        The station is in, and its return is used.
    kept_out : numpy.ndarray of bool, shape (…, n)
        A return came in and is kept out.
    received : numpy.ndarray, shape (…, n), or None
        When the station was first heard of, in seconds of any clock; NaN where unknown or not in.
    """

    votes: Array
    invalid: Array
    ballots: Array
    registered: Array
    seen: NDArray[np.bool_]
    kept_out: NDArray[np.bool_]
    received: Array | None = None

    @property
    def valid(self) -> Array:
        """Valid votes, shape (…, n)."""
        return np.asarray(self.votes.sum(axis=-1))


def tally(contest: Contest, frame: Frame, resolution: Resolution, rows: IntArray) -> Counts:
    """Lay the returns that hold beside the stations of a sample.

    Parameters
    ----------
    rows : numpy.ndarray of intp, shape (n,)
        The frame rows of the sample, in its order.
    """
    place = np.full(len(frame), -1, dtype=np.intp)
    held = resolution.rows
    place[held["row"]] = np.arange(len(held))
    at = place[rows]
    usable = np.append(held["usable"], False)[at]

    def column(name: str) -> Array:
        values = np.append(held[name], np.nan)[at]
        return np.where(usable, values, np.nan)

    votes = np.stack([column(name) for name in contest.vote_columns], axis=-1)
    votes = np.where(usable[:, None], votes, 0.0)
    invalid, total = column("invalid"), column("total")
    ballots = np.where(np.isnan(invalid), total, votes.sum(axis=-1) + invalid)
    first = held["first_received"]
    seconds = np.where(np.isnat(first), np.nan, first.view(np.int64) / 1e9)
    received = np.where(usable, np.append(seconds, np.nan)[at], np.nan)
    return Counts(votes, invalid, ballots, frame.registered[rows], usable, (at >= 0) & ~usable, received)
