"""What the stations still out would have to do for the lead to vanish."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray, per_station, stratum_sums
from estimation.contest import Contest
from estimation.decision.compare import Comparisons, compare
from estimation.decision.progress import rolls
from estimation.returns import Counts
from estimation.rules import Notice
from estimation.sampling import Sample
from estimation.survey import Estimate

Values = dict[str, str | int | float | Notice]
DRIFT = 0.25  # standard deviations: a little more than what was out differed by on any replayed night


@dataclass(frozen=True, slots=True)
class Overturn:
    """What could still overturn the leader, by the stations of the sample that are out.

    Votes are expanded: each station counts for the stations that it was drawn for.

    Attributes
    ----------
    out : int
        Stations still out.
    leader : int
        The leader's number.
    rival : int or None
        The number of the candidate who is nearest to overtaking him; None for the threshold.
    lead : float
        Votes that the leader is ahead in what is in; for a threshold h his votes less h times the
        valid ones.
    remaining : float
        Votes to be expected from what is out: for the two, or valid ones for a threshold.
    needed : float
        The part of them that the rival would need to draw level; for a threshold the leader's part
        that would end at it. Outside [0, 1] no split does it; NaN where nothing is out.
    now : float
        That part in what is in.
    extreme : float
        That part in the stratum with stations out where it is nearest to the needed one, or
        furthest past it; NaN without one.
    where : str
        The name of that stratum.
    drift : float
        By how many standard deviations between the stations of a stratum what is out would have to
        differ from what is projected; infinite where nothing is out, or nothing to measure by is in.
    limit : float
        The drift that a call must bear.
    decided : bool
        All stations are asked, and no count of the rest can change the winner.
    """

    out: int
    leader: int
    rival: int | None
    lead: float
    remaining: float
    needed: float
    now: float
    extreme: float
    where: str
    drift: float
    limit: float
    decided: bool

    @property
    def fragile(self) -> bool:
        """A drift such as late returns have shown would overturn the lead."""
        return not self.decided and self.drift < self.limit

    def notices(self, contest: Contest) -> tuple[Notice, ...]:
        """Say it: the split that would be needed, and whether a stratum shows it; nothing where nothing is out."""
        names = {candidate.number: candidate.label for candidate in contest.candidates}
        named: Values = {"name": names[self.leader], "out": self.out}
        if self.out == 0 or not np.isfinite(self.needed):
            return ()
        if self.rival is None:
            line, ahead = contest.about.threshold, self.now > contest.about.threshold
            named |= {"threshold": 100 * line, "needed": 100 * self.needed, "now": 100 * self.now}
            possible, impossible = 0 <= self.needed <= 1, Notice("C36", named)
            say = Notice("C34" if ahead else "C35", named)
            seen = Notice("C37", {"area": self.where, "share": 100 * self.extreme, "name": names[self.leader]})
            passed = self.extreme <= self.needed if ahead else self.extreme >= self.needed
        else:
            other: Values = {"other": names[self.rival]}
            named |= {**other, **_split("needed", self.needed), **_split("now", self.now)}
            possible, impossible, say = self.needed <= 1, Notice("C32", named), Notice("C31", named)
            seen = Notice("C33", {"area": self.where, **other, **_split("share", self.extreme)})
            passed = self.extreme >= self.needed
        if not possible:
            return (impossible,)
        return (say, seen) if passed else (say,)


def _split(key: str, part: float) -> Values:
    return {key: round(100 * part, 1), f"{key}_rest": round(100 - round(100 * part, 1), 1)}


class Remaining(NamedTuple):
    """What is in and out in one comparison, each of shape (…): votes ahead, votes to come, and the drift needed."""

    lead: Array
    remaining: Array
    now: Array
    drift: Array


def overturn(contest: Contest, estimate: Estimate, counts: Counts, sample: Sample, *, limit: float = DRIFT) -> Overturn:
    """Work out what would have to come for the lead to vanish, from the votes that are in and the rolls of the rest.

    With L the lead in what is in (design weights 1/π) and R the votes to be expected for the two
    from what is out, the runner-up needs the part 1/2 + L / 2R of them. R is the roll of the
    stations out times the two's votes per registered voter in those that are in; an unknown roll
    counts as the mean of the known ones. Against a threshold h, with L the leader's votes less h
    times the valid ones, it is his part h - L / R of the remaining valid votes.

    Whether that is far-fetched is told by the drift, :func:`needed_drift`; of several candidates
    the one who needs least of it is taken.

    Parameters
    ----------
    estimate : Estimate
        Names the leader; no leading axes.
    counts : Counts
        Shape (n, …); stations not seen are out.
    sample : Sample
        Inclusion probabilities, and the cells within which stations stand for each other.
    limit : float
        In standard deviations; 0 lets any call stand.
    """
    found = compare(contest, estimate)
    weight, roll = 1 / sample.probability, rolls(counts.registered)
    cell = sample.cells.codes[sample.rows]
    parts = [
        _remaining(contest, found, i, counts.votes, weight=weight, roll=roll, seen=counts.seen, cell=cell)
        for i in range(found.rival.shape[-1])
    ]
    first = int(np.argmin([float(part.drift) for part in parts]))
    part, a, b = parts[first], int(found.leader), int(found.rival[first])
    with np.errstate(divide="ignore", invalid="ignore"):
        over = part.lead / part.remaining
        needed = contest.about.threshold - over if b < 0 else 0.5 + over / 2
    extreme, which = _extreme(contest, counts.votes, a, b, weight, counts.seen, cell, float(found.theta[first]) > 0)
    return Overturn(
        out=int((~counts.seen).sum()),
        leader=contest.candidates[a].number,
        rival=None if b < 0 else contest.candidates[b].number,
        lead=float(part.lead),
        remaining=float(part.remaining),
        needed=float(needed),
        now=float(part.now),
        extreme=extreme,
        where=sample.cells.labels[which].rsplit(" / ", 1)[-1] if which >= 0 else "",
        drift=float(part.drift),
        limit=limit,
        decided=_decided(contest, found, counts) if len(sample) == len(sample.cells.codes) else False,
    )


def needed_drift(
    contest: Contest,
    estimate: Estimate,
    votes: Array,
    *,
    weight: Array,
    roll: Array,
    seen: BoolArray,
    cell: IntArray,
) -> Array:
    """Give the drift that would overturn the leader: the least over all that he is compared with.

    The projected margin of votes over the whole sample, Λ, vanishes if what is out falls short of
    its projection by Λ / X_out for each registered voter. The drift is that in standard deviations
    of the margin per registered voter between the stations of a cell. What arrives late is not a
    random part of a cell, and no sampling error covers that: on replayed nights of 2018 to 2024
    the difference, net of sampling noise, was 0.06 to 0.11 standard deviations in Indonesia, 0 to
    0.14 in Mexico, and 0.14 to 0.22 in Bolivia.

    Parameters
    ----------
    estimate : Estimate, leading axes (…)
    votes : numpy.ndarray, shape (…, n, k)
    weight, roll : numpy.ndarray, shape (n,) or (…, n)
        Design weights 1/π; registered voters, all known.
    seen : numpy.ndarray of bool, shape (…, n)
    cell : numpy.ndarray of intp, shape (n,) or (…, n)

    Returns
    -------
    numpy.ndarray, shape (…)
        Infinite where nothing is out.
    """
    found = compare(contest, estimate)
    drifts = [
        _remaining(contest, found, i, votes, weight=weight, roll=roll, seen=seen, cell=cell).drift
        for i in range(found.rival.shape[-1])
    ]
    return np.asarray(np.min(drifts, axis=0))


def _margin(contest: Contest, found: Comparisons, i: int, votes: Array) -> tuple[Array, Array]:
    """Give the votes that a station has for the i-th comparison, and those that it is about, each (…, n)."""
    valid = votes.sum(axis=-1)

    def column(which: IntArray) -> Array:
        at = np.broadcast_to(np.maximum(which, 0)[..., None, None], (*votes.shape[:-1], 1))
        return np.asarray(np.take_along_axis(votes, at, axis=-1)[..., 0])

    own, line = column(found.leader), (found.rival[..., i] < 0)[..., None]
    other = column(found.rival[..., i])
    return np.where(line, own - contest.about.threshold * valid, own - other), np.where(line, valid, own + other)


def _remaining(
    contest: Contest,
    found: Comparisons,
    i: int,
    votes: Array,
    *,
    weight: Array,
    roll: Array,
    seen: BoolArray,
    cell: IntArray,
) -> Remaining:
    margin, about = _margin(contest, found, i, votes)
    inside = np.where(seen, weight, 0.0)
    lead, of, valid, heard, whole = (
        (by * values).sum(axis=-1)
        for by, values in (
            (inside, margin),
            (inside, about),
            (inside, votes.sum(axis=-1)),
            (inside, roll),
            (np.broadcast_to(weight, inside.shape), roll),
        )
    )
    spread = _spread(margin / roll, inside * roll, seen, cell)
    silent = np.where(seen, 0.0, weight * roll).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        projected = found.theta[..., i] * valid / heard * whole
        drift = np.where(silent > 0, np.abs(projected) / (silent * spread), np.inf)
        share = np.where(found.rival[..., i] < 0, contest.about.threshold + lead / of, 0.5 - 0.5 * lead / of)
        untold = np.isnan(drift)  # one station is in, or none varies and there is no lead: nothing to measure by
        drift = np.where(untold, np.inf, drift)
        return Remaining(lead, np.asarray(of / heard * silent), np.asarray(share), np.asarray(drift))


def _spread(values: Array, weight: Array, seen: BoolArray, cell: IntArray) -> Array:
    """Give the standard deviation between stations of a cell, (…); over all where cells have one station each."""
    shape = np.broadcast_shapes(values.shape, weight.shape, seen.shape)
    values, weight, heard = (np.broadcast_to(v, shape).astype(np.float64) for v in (values, weight, seen))
    cells, count = int(cell.max()) + 1, heard.sum(axis=-1)

    def within(code: IntArray, groups: int) -> tuple[Array, Array]:
        sums = stratum_sums(np.stack([weight, weight * values, heard], axis=-1), code, groups)
        mean = sums[..., 1] / np.where(sums[..., 0] > 0, sums[..., 0], 1.0)
        rest = (weight * (values - per_station(mean, code)) ** 2).sum(axis=-1)
        return rest, count - (sums[..., 2] > 0).sum(axis=-1)

    (rest, df), (rest_all, df_all) = within(cell, cells), within(np.zeros_like(cell), 1)
    rest, df = np.where(df > 0, rest, rest_all), np.where(df > 0, df, df_all)
    total = weight.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(rest / total * count / df))


def _extreme(
    contest: Contest, votes: Array, a: int, b: int, weight: Array, seen: BoolArray, cell: IntArray, ahead: bool
) -> tuple[float, int]:
    """Find the cell with stations out whose part is worst for the leader (best, where he is below a threshold)."""
    cells = int(cell.max()) + 1
    inside = np.where(seen, weight, 0.0)
    top = votes[:, b] if b >= 0 else votes[:, a]
    of = votes[:, a] + votes[:, b] if b >= 0 else votes.sum(axis=-1)
    part, whole = np.bincount(cell, inside * top, cells), np.bincount(cell, inside * of, cells)
    usable = (np.bincount(cell, ~seen, cells) > 0) & (whole > 0)
    if not usable.any():
        return float("nan"), -1
    share = part / np.where(whole > 0, whole, 1.0)
    worst = b >= 0 or not ahead
    which = int(np.argmax(np.where(usable, share, -1.0))) if worst else int(np.argmin(np.where(usable, share, 2.0)))
    return float(share[which]), which


def _decided(contest: Contest, found: Comparisons, counts: Counts) -> bool:
    """Say whether even all voters of the stations still out, voting together, could not change the winner."""
    allowed = contest.returns
    rolls = np.where(counts.registered > 0, counts.registered, allowed.max_registered)
    most = float(np.where(counts.seen, 0.0, rolls * (1 + allowed.allowance)).sum())
    for i, rival in enumerate(found.rival):
        margin, _ = _margin(contest, found, i, counts.votes)
        lead = float(np.where(counts.seen, margin, 0.0).sum())
        if not lead > (most if rival >= 0 else contest.about.threshold * most):
            return False
    return True
