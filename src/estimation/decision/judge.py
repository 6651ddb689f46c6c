"""The rule for calls as arrays: one path for a night and for ten thousand replayed ones."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimation.arrays import Array, BoolArray
from estimation.contest import Contest
from estimation.decision.bounds import beyond, critical
from estimation.decision.compare import Comparisons, Interval, compare, deviate
from estimation.survey import Estimate


@dataclass(frozen=True, slots=True)
class Agreement:
    """What another method says of the same leader; leading axes are replicates.

    Attributes
    ----------
    theirs : Comparisons
        How far it has him ahead in each comparison.
    opposed : numpy.ndarray of bool, shape (…, c)
        It has him level or behind; for a second round, somebody at the threshold or beyond.
    doubtful : numpy.ndarray of bool, shape (…, c)
        Its interval holds zero but not the lead of the method that would call: it doesn't merely
        see less sharply, it sees something else.
    """

    theirs: Comparisons
    opposed: BoolArray
    doubtful: BoolArray

    @property
    def objects(self) -> BoolArray:
        """It speaks against a call, shape (…)."""
        return np.asarray((self.opposed | self.doubtful).any(axis=-1))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What speaks for a call and what against; leading axes are replicates.

    Attributes
    ----------
    comparisons : Comparisons
    bound : numpy.ndarray, shape (…)
        The normal deviate that a call needs.
    beyond : numpy.ndarray of bool, shape (…, c)
        The leader is beyond it in each comparison.
    beyond_below : numpy.ndarray of bool, shape (…)
        With a runoff rule: every share is below the threshold by as much.
    received, thin_ok, agree, drift_ok : numpy.ndarray of bool, shape (…)
        Enough of the sample is in; enough of every stratum, or the leader would be beyond the bound even if each vote
        of the others had gone against him; the other methods agree; the stations still out could not overturn the
        lead by what early returns are known to differ.
    strata_ok : numpy.ndarray of bool, shape (…)
        Enough of every stratum is in.
    decided : numpy.ndarray of bool, shape (…)
        What is counted can't be overtaken.
    """

    comparisons: Comparisons
    bound: Array
    beyond: BoolArray
    beyond_below: BoolArray
    received: BoolArray
    thin_ok: BoolArray
    strata_ok: BoolArray
    agree: BoolArray
    drift_ok: BoolArray
    decided: BoolArray

    @property
    def enough(self) -> BoolArray:
        """All that a call needs besides its bound, shape (…)."""
        return np.asarray(self.received & self.thin_ok & self.agree & self.drift_ok)

    @property
    def called(self) -> BoolArray:
        """Whether the leader is called, shape (…)."""
        return np.asarray((self.beyond.all(axis=-1) & self.enough) | self.decided)

    @property
    def second_round(self) -> BoolArray:
        """Whether a second round is to be expected, shape (…)."""
        return np.asarray(self.beyond_below & self.comparisons.shown_below & self.enough & self.strata_ok)


def judge(
    contest: Contest,
    estimate: Estimate,
    *,
    used: ArrayLike,
    drawn: ArrayLike,
    thin: ArrayLike,
    fraction: ArrayLike,
    whole: ArrayLike = False,
    others: Mapping[str, Estimate] | None = None,
    drift_ok: ArrayLike = True,
    decided: ArrayLike = False,
    interval: Interval = Estimate.interval,
) -> Judgement:
    """Apply the contest's rule to every replicate.

    Parameters
    ----------
    estimate : Estimate, leading axes (…)
        With ``share:<number>`` for every candidate.
    used, drawn : array_like of int, shape (…)
        Stations used and drawn.
    thin : array_like, shape (…)
        The part of the voters in strata with too few stations in, see :func:`thin_part`.
    fraction : array_like, shape (…)
        See :func:`information`.
    whole : array_like of bool, shape (…)
        Every station of the population is asked.
    others : mapping of str to Estimate, optional
        Other methods' estimates of the same shares, which must agree.
    drift_ok, decided : array_like of bool, shape (…)
        See :class:`Overturn`.
    interval : callable
        The displayed interval.
    """
    settings = contest.estimate
    comparisons = compare(contest, estimate, interval)
    shape = comparisons.leader.shape
    agree = np.ones(shape, dtype=np.bool_)
    if settings.agree:
        for other in (others or {}).values():
            agree &= ~agreement(contest, comparisons, other, interval).objects
    used, drawn = np.asarray(used), np.asarray(drawn)
    needed = needed_stations(settings.min_received, drawn)
    strata_ok = np.asarray(thin) == 0
    at_worst = beyond(settings, without(comparisons, thin), fraction, comparisons.wrong, whole=whole).all(axis=-1)
    thin_ok = strata_ok | at_worst
    below = beyond(settings, comparisons.below[..., None], fraction, comparisons.wrong, whole=whole)[..., 0]
    return Judgement(
        comparisons=comparisons,
        bound=np.broadcast_to(critical(settings, fraction, comparisons.wrong, whole=whole), shape),
        beyond=beyond(settings, comparisons.z, fraction, comparisons.wrong, whole=whole) & comparisons.shown,
        beyond_below=below,
        received=np.broadcast_to(used >= needed, shape),
        thin_ok=np.broadcast_to(thin_ok, shape),
        strata_ok=np.broadcast_to(strata_ok, shape),
        agree=agree,
        drift_ok=np.broadcast_to(np.asarray(drift_ok, dtype=np.bool_), shape),
        decided=np.broadcast_to(np.asarray(decided, dtype=np.bool_), shape) & (comparisons.theta > 0).all(axis=-1),
    )


def without(comparisons: Comparisons, part: ArrayLike) -> Array:
    """Give how far the leader would be ahead if every vote in a part had gone against him, shape (…, c).

    In standard errors, as a normal deviate. All votes of a part W for the rival cost a lead at most 2 W, and a share
    at most W.

    Parameters
    ----------
    part : array_like, shape (…)
        Of the voters, 0 … 1.
    """
    reach = np.where(comparisons.rival < 0, 1.0, 2.0) * np.asarray(part, dtype=np.float64)[..., None]
    return deviate(comparisons.theta - reach, comparisons.se, comparisons.df)


def needed_stations(part: float, drawn: ArrayLike) -> Array:
    """Give how many of the drawn stations a call needs, ``min_received`` of them rounded up."""
    return np.asarray(np.ceil(part * np.asarray(drawn) - 1e-9))  # 0.35 × 100 is 35, not 35.000000000000004


def agreement(
    contest: Contest, comparisons: Comparisons, other: Estimate, interval: Interval = Estimate.interval
) -> Agreement:
    """Hold another method's estimate against the leader that was found.

    A method agrees if it has the same leader, on the same side of the line, and its interval does
    not hold zero while leaving out the lead that was found. An interval that is merely wider does
    not speak against a call: else the least precise method would decide every night.

    Parameters
    ----------
    comparisons : Comparisons, leading axes (…)
    other : Estimate, leading axes (…)
    """
    theirs = compare(contest, other, interval, order=comparisons.order)
    ahead = comparisons.theta > 0
    opposed = ahead & ~(theirs.theta > 0)
    if contest.about.rule == "majority-runoff":
        # a second round is a statement too: every method must have every share below the threshold
        opposed |= ~ahead & (comparisons.rival < 0) & ~(theirs.below > 0)[..., None]
    elsewhere = ~((theirs.low <= comparisons.theta) & (comparisons.theta <= theirs.high))
    return Agreement(theirs, opposed, ahead & ~opposed & (theirs.low <= 0) & elsewhere)
