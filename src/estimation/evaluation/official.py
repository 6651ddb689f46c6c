"""The official result, station by station: of the contest, and of the stations that the frame knows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray
from estimation.contest import INVALID, LEAD, TURNOUT, Candidate, Contest, share_name
from estimation.decision import leader_and_runner_up
from estimation.errors import FrameError
from estimation.files import sha256_of
from estimation.frame import Frame
from estimation.returns import Counts, read_returns
from estimation.tables import find_table


@dataclass(frozen=True, slots=True)
class Official:
    """The official counts of a contest.

    Attributes
    ----------
    contest : Contest
    path : pathlib.Path
    sha256 : str
        Of its bytes, as ``sha256sum`` prints it.
    counts : Counts
        Of every station with official votes, M of them, arrays of shape (M,) and (M, k): as they stand, also
        where they don't add up, since the total was made of them.
    rows : numpy.ndarray of intp, shape (M,)
        Their rows in the frame; -1 where it doesn't know them.
    stations : int
        Of the frame.
    blank : int
        Rows of the file without the votes of every candidate, left out.
    unplaced : int
        Where the frame is one area: rows of stations that the whole frame doesn't know, left out as nobody can
        say whether they lie in it.
    """

    contest: Contest
    path: Path
    sha256: str
    counts: Counts
    rows: IntArray
    stations: int
    blank: int
    unplaced: int

    @property
    def outside(self) -> int:
        """Official stations that the frame doesn't know."""
        return int((self.rows < 0).sum())

    @property
    def missing(self) -> int:
        """Stations of the frame without official votes."""
        return self.stations - int((self.rows >= 0).sum())

    @property
    def pair(self) -> tuple[Candidate, Candidate]:
        """The first and the second of the official result; the lead is of the one over the other."""
        return leader_and_runner_up(self.contest, self.counts.votes.sum(axis=0))

    @property
    def names(self) -> tuple[str, ...]:
        """What is evaluated: every share, the lead, turnout, the invalid share."""
        shares = (share_name(candidate.number) for candidate in self.contest.candidates)
        return (*shares, LEAD, TURNOUT, INVALID)

    @property
    def winner(self) -> Candidate | None:
        """Who won by the contest's rule; None where nobody did, as before a second round."""
        first, second = self.pair
        votes = {candidate.number: float(n) for candidate, n in zip(
            self.contest.candidates, self.counts.votes.sum(axis=0), strict=True)}  # fmt: skip
        ahead, total, about = votes[first.number], sum(votes.values()), self.contest.about
        if about.rule == "plurality":
            return first if ahead > votes[second.number] else None
        line = 0.5 if about.rule == "single-candidate" else about.threshold
        return first if ahead > line * total else None

    @property
    def truth(self) -> Array:
        """Values of ``names`` over all official stations, shape (k + 3,)."""
        return self.of(np.ones(len(self.rows), dtype=np.bool_))

    @property
    def frame_truth(self) -> Array:
        """Values of ``names`` over the official stations that are in the frame: what a sample of it estimates."""
        return self.of(np.asarray(self.rows >= 0))

    def of(self, part: BoolArray) -> Array:
        """Give the values of ``names`` over a part of the stations; NaN where they have not what it takes.

        Parameters
        ----------
        part : numpy.ndarray of bool, shape (M,)
        """
        c = self.counts
        votes, total = c.votes[part].sum(axis=0), float(c.votes[part].sum())
        shares = votes / total if total > 0 else np.full(len(votes), np.nan)
        pairs = ((c.ballots, c.registered), (c.invalid, c.ballots))
        return np.append(with_lead(self, shares), [_ratio(top[part], bottom[part]) for top, bottom in pairs])

    def at(self, rows: IntArray, stations: int) -> Counts:
        """Lay the official counts beside stations of the frame.

        Parameters
        ----------
        rows : numpy.ndarray of intp, shape (n,)
            Frame rows.
        stations : int
            Of the frame.

        Returns
        -------
        Counts
            Arrays of shape (n,) and (n, k); not seen where a station has no official votes. Without times.
        """
        place = np.full(stations, -1, dtype=np.intp)
        inside = np.flatnonzero(self.rows >= 0)
        place[self.rows[inside]] = inside
        at, c = place[rows], self.counts
        seen = at >= 0
        votes = np.where(seen[:, None], c.votes[at], 0.0)
        invalid, ballots = (np.where(seen, values[at], np.nan) for values in (c.invalid, c.ballots))
        return Counts(votes, invalid, ballots, c.registered[at], seen, np.zeros_like(seen))


def with_lead(official: Official, shares: Array) -> Array:
    """Append the lead of the official first over the official second to shares, shape (k,)."""
    numbers = [candidate.number for candidate in official.contest.candidates]
    first, second = (numbers.index(candidate.number) for candidate in official.pair)
    return np.append(shares, shares[first] - shares[second])


def _ratio(top: Array, bottom: Array) -> float:
    known = np.isfinite(top) & np.isfinite(bottom)
    below = float(bottom[known].sum())
    return float(top[known].sum()) / below if below > 0 else np.nan


def read_official(contest: Contest, frame: Frame, path: Path | None = None) -> Official:
    """Read the official result of a contest, with the stations that its frame doesn't know.

    Parameters
    ----------
    path : pathlib.Path, optional
        By default the file that ``[official]`` names, else ``official.csv`` or ``official.parquet``.

    Raises
    ------
    FrameError
        There is no official result, none of its stations has votes, or a station has several rows.
    """
    named = contest.official.path
    path = path or (contest.folder / named if named else find_table(contest.folder, "official"))
    if path is None:
        raise FrameError(
            f"{contest.folder}: there is no official result to evaluate by: add official.csv, or name one with "
            "--official"
        )
    if not path.is_file():
        raise FrameError(f"{path}: there is no such file: give the official result by station, one row a station")
    table = read_returns(contest, path).table
    table = table[~table["tps_id"].isin(frame.elsewhere)].reset_index(drop=True)
    votes = table[contest.vote_columns].to_numpy(dtype=np.float64)
    rows = frame.rows_of(table["tps_id"])
    counted = np.isfinite(votes).all(axis=1)
    placed = (rows >= 0) | (frame.where is None)
    use = np.flatnonzero(counted & placed)
    table, rows, votes = table.iloc[use], rows[use], votes[use]
    twice = table["tps_id"][table["tps_id"].duplicated()]
    if len(twice):
        raise FrameError(f"{path}: {twice.nunique()} stations have several rows ({twice.iloc[0]}): keep one of each")
    if not votes.sum() > 0:
        raise FrameError(f"{path}: none of its stations has a vote: is it the official result of this contest?")
    if not (rows >= 0).any():
        raise FrameError(
            f"{path}: none of its stations is in the frame ({table['tps_id'].iloc[0]} is not): compare the codes"
        )

    def column(name: str) -> Array:
        known = table[name].to_numpy(dtype=np.float64) if name in table else np.full(len(use), np.nan)
        return np.asarray(known, dtype=np.float64)

    invalid = column("invalid")
    ballots = np.where(np.isnan(invalid), column("total"), votes.sum(axis=1) + invalid)
    # the roll is the frame's, which turnout is estimated with; only for others it is the file's own
    roll = np.where(rows >= 0, frame.registered[rows], column("registered"))
    seen = np.ones(len(use), dtype=np.bool_)
    return Official(
        contest=contest,
        path=path,
        sha256=sha256_of(path),
        counts=Counts(votes, invalid, ballots, roll, seen, ~seen),
        rows=rows,
        stations=len(frame),
        blank=int((~counted).sum()),
        unplaced=int((counted & ~placed).sum()),
    )
