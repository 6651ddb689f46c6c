"""How far ahead one must be to be called: an error budget for a whole night of looks."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from estimation.arrays import Array, BoolArray
from estimation.contest import EstimateTable
from estimation.estimators.sequences import mixture_multiplier
from estimation.survey.spending import boundaries, continuous

_MOST = 1e12  # information at a census, where there is no sampling error to bound
_GRID = 1000  # a planned boundary is computed at the thousandth of information below


def critical(settings: EstimateTable, fraction: ArrayLike, wrong: int = 1, *, whole: ArrayLike = False) -> Array:
    """Give the normal deviate that a call needs at this look, so that a night's looks together err rarely.

    ``planned`` without ``takes``: monitoring without end, z_{α/2} / √t at the fraction t of the
    planned information (O'Brien and Fleming 1979 in continuous time, by the reflection of Brownian
    motion); it needs no memory of earlier looks and allows any number. With ``takes`` = K: Lan and
    DeMets (1983) spending over K looks equally far apart; this one is taken for the nearest of
    them, and those before it for done. ``anytime``: a mixture boundary that holds at all times
    (Robbins 1970; Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024). ``once``: the normal
    quantile, which holds for one look only.

    Where every station is asked there is no largest information to plan for: a planned rule is
    the anytime one there.

    Parameters
    ----------
    settings : EstimateTable
        ``call_error`` is α, one-sided.
    fraction : array_like, shape (…)
        Information that is in, see :func:`estimation.decision.information`.
    wrong : int
        Statements that might be wrong at once; each has α / `wrong`.
    whole : array_like of bool, shape (…)
        Every station of the population is asked.

    Returns
    -------
    numpy.ndarray, shape (…)
        Infinite where nothing is in.
    """
    error = settings.call_error / wrong
    t, all_asked = np.broadcast_arrays(np.asarray(fraction, dtype=np.float64), np.asarray(whole, dtype=np.bool_))
    if settings.call_rule == "once":
        return np.full(t.shape, -float(ndtri(error)))
    bound = np.full(t.shape, np.inf)
    anytime = (t > 0) & (all_asked | (settings.call_rule == "anytime"))
    planned = (t > 0) & ~anytime
    if anytime.any():
        bound[anytime] = mixture_multiplier(np.minimum(t[anytime], _MOST), error)
    if planned.any() and settings.takes is None:
        bound[planned] = continuous(np.minimum(t[planned], 1.0), error)
    elif planned.any():
        steps = np.clip(np.floor(t[planned] * _GRID + 1e-9), 1, _GRID).astype(np.intp)
        known, place = np.unique(steps, return_inverse=True)
        values = [_spent(int(step), settings.takes or 1, error, settings.spending) for step in known]
        bound[planned] = np.array(values)[place]
    return bound


@lru_cache(maxsize=4096)
def _spent(step: int, takes: int, error: float, spending: str) -> float:
    """Give the boundary of a look at a fraction of information, in thousandths, after those planned before it."""
    now = step / _GRID
    earlier = [j / takes for j in range(1, takes) if j / takes < now - 0.5 / takes]
    return float(boundaries(np.array([*earlier, now]), error, spending)[-1])


def beyond(
    settings: EstimateTable, z: Array, fraction: ArrayLike, wrong: int = 1, *, whole: ArrayLike = False
) -> BoolArray:
    """Say which comparisons are beyond the bound for calls, shape (…, c); NaN never is.

    Parameters
    ----------
    z : numpy.ndarray, shape (…, c)
        How far ahead, in standard errors; c comparisons of one moment.
    """
    return np.asarray(z > critical(settings, fraction, wrong, whole=whole)[..., None])
