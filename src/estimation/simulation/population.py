"""An election whose result is known, station by station, and how estimates of it are judged."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray
from estimation.contest import Contest
from estimation.errors import FrameError
from estimation.files import sha256_of
from estimation.frame import Frame, load_frame
from estimation.returns import Counts, read_returns
from estimation.survey.intervals import exact_binomial
from estimation.tables import find_table

NOTHING = 1e-12  # a census agrees with the truth but for the last digits


@dataclass(frozen=True, slots=True)
class Population:
    """An election that is known, station by station.

    Attributes
    ----------
    contest : Contest
    frame : Frame
        The stations that have an official count, N of them.
    counts : Counts
        Theirs, arrays of shape (N,) and (N, k), in the frame's order, as they stand: the truth has its own flaws.
    left_out : int
        Stations of the frame without one.
    sha256 : str
        Of the official result's bytes, as ``sha256sum`` prints it.
    """

    contest: Contest
    frame: Frame
    counts: Counts
    left_out: int
    sha256: str

    @property
    def shares(self) -> Array:
        """The true shares, shape (k,), 0 … 1."""
        return np.asarray(self.counts.votes.sum(axis=0) / self.counts.votes.sum())

    @property
    def order(self) -> IntArray:
        """The candidates' columns from the first to the last, shape (k,); of equals the one named first."""
        return np.argsort(-self.shares, kind="stable")

    @property
    def names(self) -> tuple[str, ...]:
        """What is estimated: ``share:<number>`` of each candidate, then ``lead``, of the first over the second."""
        return (*(f"share:{candidate.number}" for candidate in self.contest.candidates), "lead")

    @property
    def truth(self) -> Array:
        """The true value of each of ``names``, shape (k + 1,)."""
        shares = self.shares[self.order]
        return np.append(self.shares, shares[0] - shares[1])

    @property
    def numerators(self) -> Array:
        """Votes that each of ``names`` counts in each station, shape (N, k + 1); ``counts.valid`` is below them."""
        votes, order = self.counts.votes, self.order
        return np.column_stack([votes, votes[:, order[0]] - votes[:, order[1]]])

    def simple_variance(self, n: float) -> Array:
        """Work out the variance of ``names`` under simple sampling of n stations, shape (k + 1,).

        (1 - n/N) S²_d / (n x̄²) with d = y - θ x, linearised, from the whole population (Cochran 1977, eq. 6.9).
        """
        valid = self.counts.valid
        d = self.numerators - self.truth * valid[:, None]
        return np.asarray((1 - n / len(valid)) * d.var(axis=0, ddof=1) / n / valid.mean() ** 2)

    def areas(self, columns: str) -> list[tuple[str, float]]:
        """Name every area, in the order of ``Frame.areas``, with the first candidate's true share in it."""
        areas = self.frame.areas(columns)
        votes = np.bincount(areas.codes, self.counts.votes[:, self.order[0]])
        valid = np.bincount(areas.codes, self.counts.valid)
        share = np.divide(votes, valid, out=np.full(len(valid), np.nan), where=valid > 0)
        return list(zip(areas.labels, share.tolist(), strict=True))


class Estimates(NamedTuple):
    """What R samples said of q quantities; NaN where one says nothing.

    Attributes
    ----------
    theta, variance : numpy.ndarray, shape (R, q)
        Estimates and their estimated variances, shares in 0 … 1.
    low, high : numpy.ndarray, shape (R, q)
        Intervals.
    """

    theta: Array
    variance: Array
    low: Array
    high: Array

    def summary(self, j: int, truth: float) -> dict[str, float]:
        """Judge one quantity by the samples that say anything of it; the columns of ``simulation.replicate.compare``.

        Parameters
        ----------
        j : int
            Its column.
        truth : float
            Its true value.

        Returns
        -------
        dict of str to float
            NaN where fewer than two samples say anything.
        """
        said = ~np.isnan(self.theta[:, j])
        theta, variance, low, high = (values[said, j] for values in self)
        count = len(theta)
        true_se = float(theta.std(ddof=1)) if count > 1 else np.nan
        mean_se = float(np.sqrt(variance.mean())) if count else np.nan
        inside = (low <= truth + NOTHING) & (truth - NOTHING <= high)
        coverage, coverage_low, coverage_high = proportion(inside)
        return {
            "truth": float(truth),
            "bias": float(theta.mean() - truth) if count else np.nan,
            "bias_mc": true_se / np.sqrt(count) if count else np.nan,
            "true_se": true_se,
            "true_se_mc": true_se / np.sqrt(2 * (count - 1)) if count > 1 else np.nan,
            "mean_se": mean_se,
            "ratio": mean_se / true_se if true_se > NOTHING else np.nan,
            "coverage": coverage,
            "coverage_low": coverage_low,
            "coverage_high": coverage_high,
            "half_width": float(((high - low) / 2).mean()) if count else np.nan,
            "left_out": int((~said).sum()),
        }


def proportion(hits: BoolArray) -> tuple[float, float, float]:
    """Give the proportion of hits, shape (R,), with its exact binomial bounds of 95 % (Clopper and Pearson 1934)."""
    if not len(hits):
        return np.nan, np.nan, np.nan
    return float(hits.mean()), *exact_binomial(float(hits.mean()), len(hits))


def official_path(contest: Contest) -> Path | None:
    """Find the official result: the file that ``[official]`` names, else ``official.csv``; None where there is none."""
    named = contest.official.path
    return contest.folder / named if named else find_table(contest.folder, "official")


def open_population(contest: Contest, where: str | None = None) -> Population:
    """Read an election whose result is known: the frame's stations that have an official row.

    Rows count as they stand, also those whose votes and ballots don't agree or exceed the roll: they are
    what the total was made of.

    Parameters
    ----------
    contest : Contest
        With ``official.csv`` or ``official.parquet`` in its folder, or where ``[official]`` says.
    where : str, optional
        One area, ``regency=SITUBONDO``; see :meth:`estimation.frame.Frame.restrict`.

    Raises
    ------
    FrameError
        The contest has no official result; none of its stations is in the frame or has a vote; a
        station has several rows.
    """
    frame = load_frame(contest, where)
    path = official_path(contest)
    if path is None:
        raise FrameError(f"{contest.folder}: there is no official result to simulate from: add official.csv")
    table = read_returns(contest, path).table
    row = frame.rows_of(table["tps_id"])
    votes = table[contest.vote_columns].to_numpy(dtype=np.float64)
    use = np.flatnonzero((row >= 0) & np.isfinite(votes).all(axis=1))
    use = use[np.argsort(row[use], kind="stable")]
    if not votes[use].sum() > 0:
        raise FrameError(f"{path}: none of its stations with votes is in the frame")
    rows, votes = row[use], votes[use]
    twice = rows[1:][rows[1:] == rows[:-1]]
    if len(twice):
        station = frame.table["tps_id"].iloc[twice[0]]
        raise FrameError(f"{path}: {len(set(twice))} stations have several rows ({station}): keep one of each")
    invalid, total = (table[name].to_numpy(dtype=np.float64)[use] for name in ("invalid", "total"))
    ballots = np.where(np.isnan(invalid), total, votes.sum(axis=1) + invalid)
    part = replace(frame, table=frame.table.iloc[rows].reset_index(drop=True))
    seen = np.ones(len(rows), dtype=np.bool_)
    counts = Counts(votes, invalid, ballots, part.registered, seen, ~seen)
    return Population(contest, part, counts, len(frame) - len(rows), sha256_of(path))
