"""Whether what is in is unlike what is out: early against late, small against large, near against far."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from estimation.arrays import Array, BoolArray, group_sums, per_station
from estimation.columns import plain_name as plain_name
from estimation.contest import EstimateTable, share_name
from estimation.decision import leader_and_runner_up
from estimation.errors import EstimationError
from estimation.estimators import Weighting, weight_responding
from estimation.estimators.precision import ratios
from estimation.projection.compute_projection import Projection
from estimation.sampling.auxiliary import on_plane, places
from estimation.survey import Estimate, Structure
from estimation.survey.degrees import domain_df

FEWEST = 5  # stations in that each half needs to be spoken of
MOST_BIAS = 0.5  # standard errors: a 95 % interval so far off still holds 92 % of the time (Cochran 1977, table 1.1)
DISTANCES = ("distance", "distance_km", "jarak", "jarak_km")  # frame columns that say how far a station is
UNCORRECTED = "uncorrected"

Name = Literal["time", "size", "distance"]


@dataclass(frozen=True, slots=True)
class Half:
    """One half of the stations.

    Attributes
    ----------
    drawn : int or None
        Stations of the sample in it; None where that is not known of the stations out.
    used : int
        Of these, in and used.
    share, low, high : float
        The leader's share there, weighted as a sample of all such stations, with its interval.
    """

    drawn: int | None
    used: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Halves:
    """The stations in two halves.

    Attributes
    ----------
    name : str
        ``time`` (of first receipt), ``size`` (registered voters), ``distance``.
    cut : float
        Where they are parted, at the median: seconds since 1970, voters, kilometres. NaN where there is no split.
    halves : tuple of Half
        The early, small or near ones first; none where there is no split.
    within, low, high : float
        By how much the leader's share is larger in the second half of the same stratum (or district), and its
        interval: the difference that weights by stratum can't remove.
    shift : float
        By how much his share would move if the stations in had the halves' weights of the sample; for ``time``, if
        what is out differed from what is in as the order of arrival goes on to, `within` (1 - p) / p with p in.
    se : float
        The projection's standard error of his share.
    why : str
        Why there is no split.
    complete : bool
        Every station is in.
    """

    name: Name
    cut: float
    halves: tuple[Half, ...]
    within: float
    low: float
    high: float
    shift: float
    se: float
    why: str = ""
    complete: bool = False

    @property
    def passed(self) -> bool | None:
        """Whether the order of arrival does no harm that can be seen; None where nothing can be said.

        The share would move by at most half a standard error; or, for the time, which no weights can correct, the
        halves of the same stratum differ by no more than chance.
        """
        if self.complete:
            return True
        if self.why:
            return None
        if not np.isfinite(self.low + self.high):
            return None
        return bool(abs(self.shift) <= MOST_BIAS * self.se or (self.name == "time" and self.low <= 0 <= self.high))


def compare_halves(p: Projection) -> tuple[Halves, ...]:
    """Part the stations at the median of what is known of them: time of receipt, registered voters, distance.

    Nothing is returned for what is not known, and nothing at all where there is no estimate.
    """
    if p.estimate is None:
        return ()
    known: dict[Name, Array] = {}
    if p.counts.received is not None and np.isfinite(p.counts.received[p.counts.seen]).any():
        known["time"] = p.counts.received
    known["size"] = p.counts.registered
    distance = _distance(p)
    if distance is not None:
        known["distance"] = distance
    structure = _structure(p)
    return tuple(_split(p, name, values, structure) for name, values in known.items())


def corrections(p: Projection) -> dict[str, Estimate]:
    """Estimate the shares with no correction for what is out, and with more and more of it.

    ``uncorrected`` takes the weights of the draw alone, as if what is out were like what is in everywhere; ``ratio``
    lets the stations in stand for their stratum; ``two-phase`` calibrates them to what the frame knows;
    ``multilevel`` predicts the rest. Those that could not be computed are left out.

    Raises
    ------
    EstimationError
        The design's variance can't be computed from what is in.
    """
    if p.estimate is None:
        return {}
    s = _structure(p)
    votes = np.where(p.counts.seen[:, None], p.counts.votes, 0.0)
    drawn = np.where(p.counts.seen, 1 / p.sample.probability, 0.0)
    names = tuple(share_name(candidate.number) for candidate in p.contest.candidates)
    raw = _ratios(p, names, votes, np.repeat(votes.sum(axis=1)[:, None], len(names), axis=1), replace(s, weight=drawn))
    known = {p.estimator: p.estimate, **p.others}
    return {UNCORRECTED: raw} | {name: known[name] for name in ("ratio", "two-phase", "multilevel") if name in known}


def _structure(p: Projection) -> Structure:
    return weight_responding(p.sample, p.counts.seen, p.contest.estimate.single).structure


def _ratios(
    p: Projection, names: tuple[str, ...], y: Array, x: Array, s: Structure, df: Array | None = None
) -> Estimate:
    support = np.tile([-1.0, 1.0] if names == ("within",) else [0.0, 1.0], (len(names), 1))
    single = p.contest.estimate.single
    return ratios(names, y, x, Weighting("ratio", s), EstimateTable(single=single), support, df)


def _split(p: Projection, name: Name, values: Array, s: Structure) -> Halves:
    """Part the stations at the median of a number."""
    assert p.estimate is not None
    seen, known = p.counts.seen, np.isfinite(values)
    leader, _ = leader_and_runner_up(p.contest, p.estimate.theta)
    own = share_name(leader.number)
    se = float(p.estimate.se[p.estimate.index(own)])
    nan = float("nan")

    def without(why: str) -> Halves:
        return Halves(name, nan, (), nan, nan, nan, nan, se, why, bool(seen.all()))

    of = known & (seen if name == "time" else True)
    if not of.any():
        return without("unknown")
    cut = float(np.median(values[of]))
    second = values > cut if (values[of] > cut).any() else values >= cut
    parts = [known & ~second, known & second]
    if min(int((part & seen).sum()) for part in parts) < FEWEST:
        return without("few")
    votes = p.counts.votes[:, p.contest.candidates.index(leader)]
    try:
        theta, low, high = _shares(p, votes, parts, s)
        within, ends, shift = _within(p, votes, second, known & seen, s)
    except EstimationError as error:
        return without(str(error))
    halves = tuple(
        Half(
            None if name == "time" else int(part.sum()),
            int((part & seen).sum()),
            float(theta[i]),
            float(low[i]),
            float(high[i]),
        )
        for i, part in enumerate(parts)
    )
    if name == "time":
        shift = within * float((~seen).sum() / seen.sum())
    return Halves(name, cut, halves, within, *ends, shift, se, complete=bool(seen.all()))


def _shares(p: Projection, votes: Array, parts: list[BoolArray], s: Structure) -> tuple[Array, Array, Array]:
    """Estimate the leader's share in both halves, as domains of the sample."""
    inside = [part & p.counts.seen for part in parts]
    y = np.stack([np.where(use, votes, 0.0) for use in inside], axis=-1)
    x = np.stack([np.where(use, p.counts.valid, 0.0) for use in inside], axis=-1)
    df = np.array([float(domain_df(s, use)) for use in inside])
    found = _ratios(p, ("share:first", "share:second"), y, x, s, df)
    bounds = found.interval(p.contest.about.level)
    return found.theta, bounds.low, bounds.high


def _within(
    p: Projection, votes: Array, second: BoolArray, use: BoolArray, s: Structure
) -> tuple[float, tuple[float, float], float]:
    """Compare the halves inside cells: a regression of the share on the half with an effect of every cell.

    b = Σ w (g - ḡ_c)(y - r_c v) / Σ w v (g - ḡ_c)², g = 1 in the second half, ḡ_c and r_c the means of the cell c; its
    variance is that of the ratio (Fuller 1975; Särndal, Swensson and Wretman 1992, section 5.10).
    """
    cell = p.sample.cells.codes[p.sample.rows]
    number = int(cell.max()) + 1
    valid = np.where(use, p.counts.valid, 0.0)
    weight = s.weight * use

    def mean(values: Array, of: Array) -> Array:
        total = group_sums(weight * of, cell, number)
        return per_station(group_sums(weight * values, cell, number) / np.where(total > 0, total, 1.0), cell)

    g = second.astype(np.float64)
    centred = np.where(use, g - mean(g * valid, valid), 0.0)
    y, x = centred * (np.where(use, votes, 0.0) - mean(np.where(use, votes, 0.0), valid) * valid), valid * centred**2
    if not (weight * x).sum() > 0:
        return float("nan"), (float("nan"), float("nan")), 0.0
    found = _ratios(p, ("within",), y[:, None], x[:, None], s)
    bounds = found.interval(p.contest.about.level)
    b = float(found.theta[0])
    roll = np.where(np.isfinite(p.counts.registered), p.counts.registered, np.nanmean(p.counts.registered))
    drawn = roll / p.sample.probability * (use | ~p.counts.seen)
    here = weight * roll
    shift = b * ((drawn * g).sum() / drawn.sum() - (here * g).sum() / here.sum())
    return b, (float(bounds.low[0]), float(bounds.high[0])), float(shift)


def _distance(p: Projection) -> Array | None:
    """Give how far the drawn stations are: a column of the frame, else from the centre of the voters, kilometres."""
    table = p.frame.table
    column = next((name for name in table.columns if plain_name(name) in DISTANCES), None)
    if column is not None:
        return np.asarray(pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64, na_value=np.nan))[
            p.sample.rows
        ]
    degrees = places(p.frame)
    if degrees is None:
        return None
    points, regency = on_plane(degrees), p.frame.areas("regency").codes
    roll = np.nan_to_num(p.frame.registered) + 1e-9
    known = np.isfinite(points).all(axis=1)
    number = int(regency.max()) + 1
    weight = group_sums(roll * known, regency, number)
    centre = np.stack(
        [
            group_sums(np.where(known, roll * points[:, j], 0.0), regency, number) / np.where(weight > 0, weight, 1.0)
            for j in (0, 1)
        ],
        axis=-1,
    )
    return np.asarray(np.hypot(*(points - centre[regency]).T))[p.sample.rows]
