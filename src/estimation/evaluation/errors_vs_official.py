"""An estimate held against the official result, and how often a set of intervals held it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from estimation.survey import Estimate
from estimation.survey.intervals import exact_binomial

ROUNDING = 1e-9  # a take is written with nine decimals: an official value so near to an end is not outside


@dataclass(frozen=True, slots=True)
class ErrorVsOfficial:
    """One estimate against the official value.

    Attributes
    ----------
    name : str
        ``share:<number>``, ``lead``, ``turnout`` or ``invalid``.
    estimate, se, low, high : float
        Shares in 0 … 1, or a difference of two; NaN where nothing was estimated.
    official : float
        NaN where the official result doesn't say.
    """

    name: str
    estimate: float
    se: float
    low: float
    high: float
    official: float

    @property
    def miss(self) -> float:
        """Estimate minus official value."""
        return self.estimate - self.official

    @property
    def z(self) -> float:
        """The miss in standard errors; NaN where there is no standard error."""
        return self.miss / self.se if self.se > 0 else math.nan

    @property
    def held(self) -> bool | None:
        """Whether the interval held the official value; None where there is no interval or no value."""
        if not all(map(math.isfinite, (self.low, self.high, self.official))):
            return None
        return self.low - ROUNDING <= self.official <= self.high + ROUNDING


def error_vs_official(estimate: Estimate | None, name: str, level: float, official: float) -> ErrorVsOfficial:
    """Hold one quantity of an estimate against its official value.

    Parameters
    ----------
    estimate : Estimate or None
    name : str
        One of its names; of another, and without an estimate, nothing is said but the official value.
    level : float
        Confidence level of the interval.
    official : float
    """
    if estimate is None or name not in estimate.names:
        return ErrorVsOfficial(name, math.nan, math.nan, math.nan, math.nan, official)
    i, bounds = estimate.index(name), estimate.interval(level)
    values = (estimate.theta, estimate.se, bounds.low, bounds.high)
    theta, se, low, high = (float(value[i]) for value in values)
    return ErrorVsOfficial(name, theta, se, low, high, official)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of several intervals held, with exact binomial bounds of that proportion.

    Attributes
    ----------
    name : str
    held, judged : int
    low, high : float
        Clopper and Pearson (1934), 95 %; they take the intervals for independent. NaN where none was judged.
    """

    name: str
    held: int
    judged: int
    low: float
    high: float

    @property
    def coverage(self) -> float:
        """The part that held; NaN where none was judged."""
        return self.held / self.judged if self.judged else math.nan


def coverage(name: str, judged: Sequence[ErrorVsOfficial]) -> Coverage:
    """Count the intervals that held, among those that can be judged."""
    said = [one.held for one in judged if one.held is not None]
    hits, n = sum(said), len(said)
    return Coverage(name, hits, n, *exact_binomial(hits / n if n else math.nan, n))
