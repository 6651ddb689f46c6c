"""Exact confidence sequences for bounded counts: they hold in every population, with any number of stations in.

The price for using no normal approximation is a wider interval. **They need returns that arrive in random order within
strata**; see :mod:`estimation.estimators.sequences`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray
from estimation.errors import DesignError, EstimateError
from estimation.survey import Bounds
from estimation.survey.spending import check_error

CAP = 0.9  # a bet loses at most this part if a station is at its lower bound and 0 was expected
CAP_CENTRED = 0.95  # the same, with what was expected
GUESS, GUESSED = 0.25, 10.0  # standard deviation within strata in parts of the bound, and how many values it counts for
HALVINGS = 40
ROUNDS = 20  # at most, where it is not said


@dataclass(frozen=True, slots=True)
class Sequence:
    """Exact bounds, round by round; leading axes are replicates.

    Attributes
    ----------
    low, high : numpy.ndarray, shape (…, R)
        Limits after each round, never looser than after the round before; -∞ and ∞ where nothing is known.
    closed : numpy.ndarray, shape (…, R)
        When each round was complete, on the scale of the arrival; infinite where it is not.
    """

    low: Array
    high: Array
    closed: Array

    def at(self, moment: float) -> Bounds:
        """Give the limits that hold at a moment, shape (…)."""
        known = self.closed <= moment
        return Bounds(
            np.where(known, self.low, -np.inf).max(axis=-1),
            np.where(known, self.high, np.inf).min(axis=-1),
        )


def total_sequence(
    values: Array, bound: Array, stratum: IntArray, size: Array, arrival: Array, error: float, rounds: int | None = None
) -> Sequence:
    """Bound the population total of a bounded quantity from below at all times together, exactly.

    With d_i the votes of one candidate less those of another, a lower limit above zero calls the race: the sign of
    the lead is the sign of the total. The error is spent on the lower side alone; ask again with -d for the other.

    **Why it is valid.** Station i of stratum h comes at random from those left, R = N_h - i + 1 of them, so that its
    mean given the past is μ_i = (D_h - S_{i-1}) / R, S being the sum before it. With bets λ_i and centres m_i that
    depend on the past alone, Π (1 + λ_i (d_i - m_i)) exp(λ_i (m_i - μ_i)) is a nonnegative supermartingale, because
    the mean of 1 + λ (d - m) is 1 + λ (μ - m) ≤ exp(λ (μ - m)), and exceeds 1/α at any time with probability at most
    α (Ville 1939). It is at least the empirical-Bernstein process of Waudby-Smith and Ramdas (2020, theorem 3.2) with
    the same bets, as log(1 + x) ≥ x - x² (-log(1 - c) - c) / c² for x ≥ -c.

    Its logarithm is linear in the unknown D_h. The sample is cut into rounds in which every stratum gives the same part
    of its n_h, k_h stations, and all of these are bet on with λ_i = b R / k_h: then Σ λ_i μ_i = b Σ_h D_h less what is
    known. So the strata's unknown means, over which a stratified test must otherwise be minimised (Spertus, Sridhar
    and Stark 2024), drop out, and no error is shared out among strata. Bets aim at the full sample: √(2 log(1/α) / V)
    in all, with a variance V from the past.

    Parameters
    ----------
    values : numpy.ndarray, shape (…, n)
        d_i of every drawn station, at least -bound; anything where it is not in.
    bound : numpy.ndarray, shape (H,)
        What -d_i can't exceed in any station of the stratum, above 0: the largest roll and its allowance.
    stratum : numpy.ndarray of intp, shape (n,)
        0 … H - 1.
    size : numpy.ndarray, shape (H,)
        Stations N_h of the population.
    arrival : numpy.ndarray, shape (…, n)
        When each station came in, on any scale; infinite where it is not in.
    error : float
        In (0, 1/2).
    rounds : int, optional
        How many, from 1 to the smallest n_h: with few, limits come later and are tighter. Half of the smallest n_h,
        and at most 20, where it is not given.

    Returns
    -------
    Sequence
        `high` is infinite.

    Raises
    ------
    DesignError
        A stratum has no station drawn, or fewer than rounds; a bound is not positive.
    EstimateError
        A station that is in lies beyond its bound: it can't be exact then.
    """
    check_error(error)
    layout = _lay_out(np.asarray(bound, dtype=np.float64), stratum, size, arrival, rounds)
    y = _sorted(values, layout)
    _check_bound(-y, layout)
    bets = _bets(y, np.zeros_like(y), layout, error)
    gain = _gain(y, bets, layout)
    low = (gain + np.log(error)) / np.cumsum(bets.step, axis=-1)
    if np.array_equal(layout.drawn, size):  # a census is known, whatever was bet
        low[..., -1] = y.sum(axis=-1)
    low = np.maximum.accumulate(np.where(np.isfinite(layout.closed), low, -np.inf), axis=-1)
    return Sequence(low, np.full(low.shape, np.inf), layout.closed)


def share_sequence(
    y: Array,
    v: Array,
    bound: Array,
    stratum: IntArray,
    size: Array,
    arrival: Array,
    error: float,
    rounds: int | None = None,
) -> Sequence:
    """Bound a share Σ y / Σ v of population totals from both sides at all times together, exactly.

    The share is above θ where the total of y - θ v is above zero: the limit is the largest θ that
    :func:`total_sequence` rejects with half of the error, found by bisection, as bets are the same for all θ.

    Parameters
    ----------
    y, v : numpy.ndarray, shape (…, n)
        Votes of a candidate and valid votes, 0 ≤ y ≤ v ≤ bound.
    bound, stratum, size, arrival, error, rounds
        See :func:`total_sequence`.

    Raises
    ------
    DesignError, EstimateError
        See :func:`total_sequence`.
    """
    check_error(error)
    layout = _lay_out(np.asarray(bound, dtype=np.float64), stratum, size, arrival, rounds)
    top, bottom = _sorted(y, layout), _sorted(v, layout)
    _check_bound(np.where((top < 0) | (top > bottom), np.inf, bottom), layout)
    low = _share_low(top, bottom, layout, error / 2)
    high = 1 - _share_low(bottom - top, bottom, layout, error / 2)
    return Sequence(low, high, layout.closed)


def bernstein_sequence(values: Array, size: int, support: tuple[float, float], error: float) -> Bounds:
    """Give the empirical-Bernstein confidence sequence of one population's mean.

    Waudby-Smith and Ramdas (2020), theorem 3.2, with their bets of section 3.3.

    Parameters
    ----------
    values : numpy.ndarray, shape (…, t)
        In order of arrival, drawn at random without replacement.
    size : int
        Values N of the population.
    support : tuple of float
        Least and largest possible value.
    error : float
        Of both sides together, in (0, 1/2).

    Returns
    -------
    Bounds
        Shape (…, t), never looser than before.

    Raises
    ------
    EstimateError
        A value lies outside the support.
    """
    x, width, i = _unit(values, support, error)
    lead = np.log(2 / error)
    centre = _before(np.cumsum(x, axis=-1) + 0.5, 0.5) / i
    spread = _before((0.25 + np.cumsum((x - centre) ** 2, axis=-1)) / (i + 1), 0.25)
    bet = np.minimum(np.sqrt(2 * lead / (spread * i * np.log1p(i))), 0.5)
    penalty = np.cumsum((x - centre) ** 2 * (-np.log1p(-bet) - bet), axis=-1)
    return _around(x, bet, penalty + lead, size, support[0], width)


def hoeffding_sequence(values: Array, size: int, support: tuple[float, float], error: float) -> Bounds:
    """Give the Hoeffding-type confidence sequence of one population's mean (Waudby-Smith and Ramdas 2020, theorem 3.1).

    Parameters, returns and errors as of :func:`bernstein_sequence`, which is tighter unless values fill the support.
    """
    x, width, i = _unit(values, support, error)
    lead = np.log(2 / error)
    bet = np.broadcast_to(np.minimum(np.sqrt(8 * lead / (i * np.log1p(i))), 1.0), x.shape)
    return _around(x, bet, np.cumsum(bet**2 / 8, axis=-1) + lead, size, support[0], width)


class _Layout(NamedTuple):
    """The drawn stations, stratum by stratum and by arrival within; all but order and closed is fixed beforehand."""

    order: IntArray  # (…, n)
    closed: Array  # (…, R)
    code: IntArray  # (n,)
    rank: Array  # (n,), 1 … n_h
    left: Array  # (n,), N_h - rank + 1
    round: IntArray  # (n,), 0 … R - 1
    taken: Array  # (n,), stations of the stratum in the round
    bound: Array  # (n,)
    drawn: Array  # (H,)
    seen: BoolArray  # (…, n)


class _Bets(NamedTuple):
    step: Array  # (…, R), b of each round
    bet: Array  # (…, n), λ
    centre: Array  # (…, n), m


def _lay_out(bound: Array, stratum: IntArray, size: Array, arrival: Array, rounds: int | None) -> _Layout:
    drawn = np.bincount(stratum, minlength=len(size))
    least = int(drawn.min())
    number = min(max(least // 2, 1), ROUNDS) if rounds is None else rounds
    if not 1 <= number <= least:
        h = int(drawn.argmin())
        raise DesignError(
            f"stratum {h} has {least} stations drawn and {max(number, 1)} rounds need as many of each stratum: "
            "take fewer rounds, or join strata before the draw"
        )
    if not np.all(bound > 0):
        raise DesignError("a bound is not above 0: give the largest roll of the stratum and its allowance")
    by_time = np.argsort(arrival, axis=-1, kind="stable")
    order = np.take_along_axis(by_time, np.argsort(stratum[by_time], axis=-1, kind="stable"), axis=-1)
    code = np.sort(stratum)
    rank = np.arange(len(code)) - (np.cumsum(drawn) - drawn)[code] + 1.0
    turn = np.ceil(rank * number / drawn[code] - 1e-9).astype(np.intp) - 1
    cells = code * number + turn
    taken = np.bincount(cells, minlength=len(size) * number)[cells].astype(np.float64)
    times = np.take_along_axis(np.broadcast_to(arrival, order.shape), order, axis=-1)
    last = [times[..., turn == r].max(axis=-1) for r in range(number)]
    closed = np.maximum.accumulate(np.stack(last, axis=-1), axis=-1)
    left = np.asarray(size, dtype=np.float64)[code] - rank + 1
    return _Layout(
        order, closed, code, rank, left, turn, taken, bound[code], drawn.astype(np.float64), np.isfinite(times)
    )


def _sorted(values: Array, layout: _Layout) -> Array:
    lead = np.broadcast_shapes(values.shape, layout.order.shape)
    found = np.take_along_axis(np.broadcast_to(values, lead), np.broadcast_to(layout.order, lead), axis=-1)
    return np.where(layout.seen, found, 0.0)


def _check_bound(size: Array, layout: _Layout) -> None:
    beyond = ~(size <= layout.bound)
    if beyond.any():
        column = int(np.argwhere(beyond)[0][-1])
        raise EstimateError(
            f"a station of stratum {int(layout.code[column])} is beyond its bound of {layout.bound[column]:g}, "
            "on which an exact sequence rests: set the return apart or give a bound that holds for every station"
        )


def _bets(y: Array, v: Array, layout: _Layout, error: float) -> _Bets:
    """Choose bets and centres for y - θ v from the rounds before, θ being their own ratio; 1/2 in the first."""
    number = layout.closed.shape[-1]
    before_y, before_v = _past(y, layout), _past(v, layout)
    step = np.empty((*y.shape[:-1], number))
    bet, centre = np.empty(y.shape), np.empty(y.shape)
    ratio = np.full(y.shape[:-1], 0.5)
    squares = np.full(y.shape[:-1], GUESSED * (GUESS * layout.bound.max()) ** 2)
    count, expand = GUESSED, layout.left / layout.taken
    aim = np.sqrt(-2 * np.log(error) * np.sum((layout.left / layout.drawn[layout.code]) ** 2))
    for r in range(number):
        use = layout.round == r
        most = CAP / (expand[use] * layout.bound[use]).max()
        step[..., r] = np.minimum(aim / np.sqrt(squares / count) / np.sum(expand[use] ** 2), most)
        bet[..., use] = step[..., r, None] * expand[use]
        guess = (before_y[..., use] - ratio[..., None] * before_v[..., use]) / layout.rank[use]
        limit = layout.bound[use]
        centre[..., use] = np.clip(guess, -limit, np.minimum(CAP_CENTRED / bet[..., use] - limit, limit))
        missed = y[..., use] - ratio[..., None] * v[..., use] - centre[..., use]
        squares = squares + (missed**2).sum(axis=-1)
        count += float(use.sum())
        done = layout.round <= r
        weight = (layout.left + layout.rank - 1) / layout.drawn[layout.code]
        top, bottom = (y * weight)[..., done].sum(axis=-1), (v * weight)[..., done].sum(axis=-1)
        ratio = np.divide(top, bottom, out=np.full(top.shape, 0.5), where=bottom > 0)
    return _Bets(step, bet, centre)


def _past(values: Array, layout: _Layout) -> Array:
    """Add up what came before in the same stratum."""
    total = np.cumsum(values, axis=-1) - values
    first = np.searchsorted(layout.code, layout.code)
    return np.asarray(total - total[..., first])


def _gain(x: Array, bets: _Bets, layout: _Layout) -> Array:
    """Add up log evidence round by round, but for - b D: shape (…, R)."""
    gain = np.log1p(bets.bet * (x - bets.centre)) + bets.bet * (bets.centre + _past(x, layout) / layout.left)
    number = layout.closed.shape[-1]
    return np.cumsum(np.stack([gain[..., layout.round == r].sum(axis=-1) for r in range(number)], axis=-1), axis=-1)


def _share_low(y: Array, v: Array, layout: _Layout, error: float) -> Array:
    """Find the largest share that the evidence rejects, after each round."""
    bets = _bets(y, v, layout, error)
    number = layout.closed.shape[-1]
    low, high = np.zeros((*y.shape[:-1], number)), np.ones((*y.shape[:-1], number))
    for r in range(number):
        for _ in range(HALVINGS):
            middle = (low[..., r] + high[..., r]) / 2
            rejected = _gain(y - middle[..., None] * v, bets, layout)[..., r] >= -np.log(error)
            low[..., r] = np.where(rejected, middle, low[..., r])
            high[..., r] = np.where(rejected, high[..., r], middle)
    return np.maximum.accumulate(np.where(np.isfinite(layout.closed), low, 0.0), axis=-1)


def _unit(values: Array, support: tuple[float, float], error: float) -> tuple[Array, float, Array]:
    """Bring values to 0 … 1 and count them from 1."""
    check_error(error)
    values, (low, high) = np.asarray(values, dtype=np.float64), support
    if not np.all((values >= low) & (values <= high)):
        raise EstimateError(f"a value lies outside {low:g} … {high:g}: give a support that holds for the population")
    return (values - low) / (high - low), high - low, np.arange(1.0, values.shape[-1] + 1)


def _before(values: Array, first: float) -> Array:
    """Shift by one place: what was known before each value."""
    return np.concatenate([np.full((*values.shape[:-1], 1), first), values[..., :-1]], axis=-1)


def _around(x: Array, bet: Array, doubt: Array, size: int, low: float, width: float) -> Bounds:
    """Give centre and radius of Waudby-Smith and Ramdas (2020, eq. 3.2), and keep the tightest so far."""
    i = np.arange(1.0, x.shape[-1] + 1)
    left = size - i + 1
    weight = np.cumsum(bet * size / left, axis=-1)
    centre = np.cumsum(bet * (x + (np.cumsum(x, axis=-1) - x) / left), axis=-1) / weight
    seen = np.cumsum(x, axis=-1)
    # the mean can't be below what is in with all others 0, nor above it with all others 1
    lower = np.maximum(centre - doubt / weight, seen / size)
    upper = np.minimum(centre + doubt / weight, (seen + size - i) / size)
    return Bounds(
        low + width * np.maximum.accumulate(lower, axis=-1), low + width * np.minimum.accumulate(upper, axis=-1)
    )
