"""How much is in, in stations, in strata and in information."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimation.arrays import Array, BoolArray, IntArray
from estimation.rules import Notice


@dataclass(frozen=True, slots=True)
class Progress:
    """How much is in.

    Attributes
    ----------
    used : int
        Stations whose return is used.
    drawn : int
        Stations in the sample.
    strata_in, strata : int
        Strata of the design with a station in, and all that have one drawn.
    thin : int
        Strata with fewer stations in than a call needs, see :func:`thin_strata`.
    thin_part : float
        The part of the population's voters whose stratum is one of these, 0 … 1.
    villages : int or None
        Primary units with a station in; None where stations are drawn directly.
    stations : int or None
        Stations in the population; None where it is so large that no finite-population
        correction matters.
    fraction : float or None
        The part of the whole sample's information that is in, from :func:`information` of the
        strata; None takes that of the totals, as if there were one stratum.
    """

    used: int
    drawn: int
    strata_in: int
    strata: int
    thin: int
    thin_part: float = 0.0
    villages: int | None = None
    stations: int | None = None
    fraction: float | None = None

    @property
    def whole(self) -> bool:
        """Every station of the population is asked, so that the count ends in certainty."""
        return self.stations is not None and self.drawn >= self.stations

    @property
    def information(self) -> float:
        """The part of the whole sample's information that is in; see :func:`information` where all are asked."""
        if self.fraction is not None:
            return self.fraction
        if self.stations is None:
            return self.used / self.drawn if self.drawn else 0.0
        return float(information([self.used], [self.drawn], [self.stations]))

    def why_insufficient(self) -> Notice | None:
        """Say why nothing can be projected; None where it can."""
        if self.used < 2:
            return Notice("C04")
        if self.strata_in == 1 and self.strata > 1:
            return Notice("C05", {"strata": self.strata})
        if self.villages is not None and self.villages < 2:
            return Notice("C14")
        return None


def information(arrived: ArrayLike, drawn: ArrayLike, size: ArrayLike) -> Array:
    """Give the information that is in, as a part of that in the whole sample, from counts alone.

    Information is the inverse of the variance; with the same spread S² in every stratum the part is
    Σ_h N_h² (1/n_h - 1/N_h) / Σ_h N_h² (1/m_h - 1/N_h), which is less than m/n where arrival is
    uneven (Cochran 1977, eq. 5.7, for the variance; Jennison and Turnbull 2000, section 3.1, for
    information). It looks at no vote, as a fraction must not that chooses a boundary.

    Where every station is asked, n_h = N_h, the last information is infinite, and what is in is
    given in units of that with half of each stratum in, Σ_h N_h / Σ_h N_h² (1/m_h - 1/N_h), from 0
    to infinity.

    Parameters
    ----------
    arrived, drawn, size : array_like, shape (…, H), broadcast together
        Stations in, drawn and in the population by stratum. Strata without any station in are to
        be collapsed with others first: they leave no information.

    Returns
    -------
    numpy.ndarray, shape (…)
    """
    m, n, N = (np.asarray(values, dtype=np.float64) for values in (arrived, drawn, size))
    m, n, N = np.broadcast_arrays(m, n, N)
    used, empty = N > 0, ((m <= 0) & (N > 0)).any(axis=-1)
    now = np.where(used, N * np.maximum(N / np.maximum(m, 1) - 1, 0), 0.0).sum(axis=-1)
    last = np.where(used, N * np.maximum(N / np.maximum(n, 1) - 1, 0), 0.0).sum(axis=-1)
    last = np.where(last > 0, last, N.sum(axis=-1))
    with np.errstate(divide="ignore"):
        part = np.where(now > 0, last / now, np.where((n >= N).all(axis=-1), np.inf, 1.0))
    return np.asarray(np.where(empty, 0.0, part))


def thin_strata(arrived: ArrayLike, drawn: IntArray, minimum: int) -> BoolArray:
    """Find the strata with fewer stations in than a call needs.

    A stratum with two stations drawn or more needs `minimum` of them, or all where it has fewer.
    One with a single station drawn needs none: it has no variance of its own in any case, and one
    station that never reports would forbid a call for the whole night.

    Parameters
    ----------
    arrived : array_like of int, shape (…, H)
        Stations in.
    drawn : numpy.ndarray of int, shape (H,)
    minimum : int
        ``[estimate] min_per_stratum``.

    Returns
    -------
    numpy.ndarray of bool, shape (…, H)
    """
    return np.asarray((drawn >= 2) & (np.asarray(arrived) < np.minimum(drawn, minimum)))


def thin_part(thin: BoolArray, stratum: IntArray, registered: Array) -> Array:
    """Give the part of the voters that thin strata hold, shape (…).

    Parameters
    ----------
    thin : numpy.ndarray of bool, shape (…, H)
        See :func:`thin_strata`.
    stratum : numpy.ndarray of intp, shape (N,)
        Stratum 0 … H - 1 of each station of the population.
    registered : numpy.ndarray, shape (N,)
        Their rolls, NaN where unknown.
    """
    roll = np.bincount(stratum, rolls(registered), thin.shape[-1])
    return np.asarray(thin @ (roll / roll.sum()))


def rolls(registered: Array) -> Array:
    """Take the mean of the known rolls for those that are not; equal ones where none is known."""
    known = np.isfinite(registered) & (registered > 0)
    return np.where(known, registered, registered[known].mean() if known.any() else 1.0)
