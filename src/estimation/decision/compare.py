"""What the leader of a contest must be ahead of: each other candidate, or a threshold."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray
from estimation.contest import Candidate, Contest
from estimation.survey import Bounds, Estimate
from estimation.survey.intervals import per_quantity
from estimation.survey.spending import normal_deviate

Interval = Callable[[Estimate, float], Bounds]


@dataclass(frozen=True, slots=True)
class Comparisons:
    """The leader against all that he must be ahead of; leading axes are replicates.

    Attributes
    ----------
    order : numpy.ndarray of intp, shape (…, k)
        The candidates' columns by share, the leader first; of equal ones the first on the ballot.
    rival : numpy.ndarray of intp, shape (…, c)
        The column of the other candidate, the runner-up first; -1 for the threshold, which comes
        before them.
    theta, se : numpy.ndarray, shape (…, c)
        How far he is ahead, as shares, and its standard error.
    low, high : numpy.ndarray, shape (…, c)
        The displayed interval of that.
    z : numpy.ndarray, shape (…, c)
        How far he is ahead in standard errors, as a normal deviate with the same tail as Student's t.
    below : numpy.ndarray, shape (…)
        With a runoff rule, how far the nearest candidate is below the threshold, as a normal
        deviate; NaN with any other rule.
    shown_below : numpy.ndarray of bool, shape (…)
        With a runoff rule: the displayed intervals of all shares lie below the threshold.
    df : numpy.ndarray, shape (…)
        Degrees of freedom.
    wrong : int
        How many statements might be wrong at once over a night; each gets this part of the error.
    """

    order: IntArray
    rival: IntArray
    theta: Array
    se: Array
    low: Array
    high: Array
    z: Array
    below: Array
    shown_below: BoolArray
    df: Array
    wrong: int

    @property
    def leader(self) -> IntArray:
        """The column of the leader, shape (…)."""
        return np.asarray(self.order[..., 0])

    @property
    def shown(self) -> BoolArray:
        """Whether he is ahead of each beyond the displayed interval, shape (…, c)."""
        return np.asarray(self.low > 0)


def leader_and_runner_up(contest: Contest, shares: np.ndarray) -> tuple[Candidate, Candidate]:
    """Name the two with the largest of the shares (k or more values); ties go to the first on the ballot."""
    order = np.argsort(-shares[: len(contest.candidates)], kind="stable")
    return contest.candidates[int(order[0])], contest.candidates[int(order[1])]


def lead_of(contest: Contest, estimate: Estimate) -> Estimate:
    """Estimate the lead of the first over the second, from the covariance of their shares."""
    first, second = leader_and_runner_up(contest, estimate.theta)
    return estimate.contrast({f"share:{first.number}": 1.0, f"share:{second.number}": -1.0}, "lead")


def compare(
    contest: Contest, estimate: Estimate, interval: Interval = Estimate.interval, order: IntArray | None = None
) -> Comparisons:
    """Hold the leader against all that the contest's rule asks him to be ahead of.

    Plurality: each other candidate, not the runner-up alone, as nobody knows beforehand whom the
    leader might wrongly be taken for (multiple comparisons with the best, Hsu 1984; k - 1 may be
    called wrongly, one of k being the true winner). A single candidate or the empty column: one
    half. A runoff rule: the threshold, where a wrong statement may be about any of k candidates;
    with a threshold under one half each other candidate too.

    Parameters
    ----------
    estimate : Estimate, leading axes (…)
        With ``share:<number>`` for every candidate.
    interval : callable
        The displayed interval: an Estimate and a level give bounds.
    order : numpy.ndarray of intp, shape (…, k), optional
        Take the first of these for the leader, whatever the estimate says; for a second method.
    """
    shares = estimate.select([f"share:{candidate.number}" for candidate in contest.candidates])
    order = np.argsort(-shares.theta, axis=-1, kind="stable") if order is None else order
    rival, contrast, constant = _contrasts(contest, order)
    ahead = _ahead(shares, contrast, constant)
    bounds = interval(ahead, contest.about.level)
    low, high = bounds.low, bounds.high
    below, shown_below = np.full(order.shape[:-1], np.nan), np.zeros(order.shape[:-1], dtype=np.bool_)
    if contest.about.rule != "plurality":
        # a share is held against the line by the interval that the page shows of it
        line = contest.about.threshold
        own = interval(shares, contest.about.level)
        at = order[..., :1]
        low = np.concatenate([np.take_along_axis(own.low, at, -1) - line, low[..., 1:]], axis=-1)
        high = np.concatenate([np.take_along_axis(own.high, at, -1) - line, high[..., 1:]], axis=-1)
        if contest.about.rule == "majority-runoff":
            below = deviate(line - shares.theta, shares.se, shares.df).min(axis=-1)
            shown_below = np.asarray((own.high < line).all(axis=-1))
    wrong = len(contest.candidates) - (contest.about.rule != "majority-runoff")
    z = deviate(ahead.theta, ahead.se, ahead.df)
    return Comparisons(order, rival, ahead.theta, ahead.se, low, high, z, below, shown_below, ahead.df, wrong)


def _ahead(shares: Estimate, contrast: Array, constant: Array) -> Estimate:
    """Estimate how far the leader is ahead: :meth:`Estimate.contrast` with coefficients (…, c, k) of each replicate."""
    across = np.swapaxes(contrast, -1, -2)
    ends = np.where(contrast[..., None] > 0, shares.support[..., None, :, :], shares.support[..., None, :, ::-1])
    df, stations = (
        None if values is None else per_quantity(values, shares.theta).min(axis=-1)
        for values in (shares.df, shares.stations)
    )
    return Estimate(
        tuple(f"ahead {i}" for i in range(len(constant))),  # no family: each has its own interval
        (contrast @ shares.theta[..., None])[..., 0] + constant,
        contrast @ shares.cov @ across,
        np.asarray(df),
        (contrast[..., None] * ends).sum(axis=-2) + constant[:, None],
        stations=stations,
        draws=None if shares.draws is None else shares.draws @ across + constant,
        kind=shares.kind,
        proportion=(False,) * len(constant),
    )


def _contrasts(contest: Contest, order: IntArray) -> tuple[IntArray, Array, Array]:
    """Give whom the leader is compared with, the coefficients (…, c, k) and constants (c,) of the comparisons."""
    about, unit = contest.about, np.eye(order.shape[-1])
    others, own = order[..., 1:], unit[order[..., :1]]
    over, level = own - unit[others], np.zeros(others.shape[-1])
    if about.rule == "plurality":
        return others, over, level
    line = np.full_like(order[..., :1], -1)
    if about.rule == "single-candidate" or about.threshold >= 0.5:
        return line, own, np.array([-about.threshold])
    return (
        np.concatenate([line, others], axis=-1),
        np.concatenate([own, over], axis=-2),
        np.append(-about.threshold, level),
    )


def deviate(theta: Array, se: Array, df: Array) -> Array:
    """Give the normal deviate with the tail of t = θ/se on df degrees of freedom, shape (…, c).

    Infinite where the standard error is zero, as at a census; NaN at θ = 0 there, and where there
    is a standard error but no degree of freedom.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        t = theta / se
    return np.asarray(np.where(np.isinf(t), t, normal_deviate(t, per_quantity(df, theta))))
