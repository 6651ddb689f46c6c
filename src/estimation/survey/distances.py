"""Distances between weights before and after calibration, as the functions that calibration needs."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from estimation.arrays import Array
from estimation.columns import nearest_name
from estimation.errors import EstimateError

INFINITE = (-np.inf, np.inf)


class Distance(Protocol):
    """What calibration knows of a distance: g = F(u), where u = x'λ / σ²; F(0) = F'(0) = 1."""

    name: ClassVar[str]

    @property
    def range(self) -> tuple[float, float]:
        """The g-weights that it can give."""
        ...

    def ratio(self, u: Array) -> Array:
        """F(u), the g-weight."""
        ...

    def slope(self, g: Array) -> Array:
        """F'(u), as a function of g = F(u)."""
        ...

    def integral(self, u: Array) -> Array:
        """∫F, the convex function whose sum Newton's method brings down."""
        ...


@dataclass(frozen=True, slots=True)
class Straight:
    """F(u) = 1 + u: the generalised regression estimator (Deville and Särndal 1992, case 1)."""

    name: ClassVar[str] = "linear"

    @property
    def range(self) -> tuple[float, float]:
        """Any g-weight, negative ones too."""
        return INFINITE

    def ratio(self, u: Array) -> Array:
        """1 + u."""
        return 1 + u

    def slope(self, g: Array) -> Array:
        """One."""
        return np.ones_like(g)

    def integral(self, u: Array) -> Array:
        """U + u² / 2."""
        return u + u * u / 2


@dataclass(frozen=True, slots=True)
class Truncated:
    """F(u) = 1 + u, cut off at L and U (Deville and Särndal 1992, case 7)."""

    name: ClassVar[str] = "truncated"
    low: float
    high: float

    @property
    def range(self) -> tuple[float, float]:
        """L and U; both can be reached."""
        return self.low, self.high

    def ratio(self, u: Array) -> Array:
        """1 + u between the bounds."""
        return np.clip(1 + u, self.low, self.high)

    def slope(self, g: Array) -> Array:
        """One between the bounds, else zero."""
        return ((g > self.low) & (g < self.high)).astype(np.float64)

    def integral(self, u: Array) -> Array:
        """Continue a parabola by straight lines."""
        inner = np.clip(u, self.low - 1, self.high - 1)
        return np.asarray(inner + inner * inner / 2 + (1 + inner) * (u - inner))


@dataclass(frozen=True, slots=True)
class Raking:
    """F(u) = exp u: raking, or the multiplicative method (Deville and Särndal 1992, case 2)."""

    name: ClassVar[str] = "raking"

    @property
    def range(self) -> tuple[float, float]:
        """Positive g-weights."""
        return 0.0, np.inf

    def ratio(self, u: Array) -> Array:
        """E to the power of u."""
        return np.exp(u)

    def slope(self, g: Array) -> Array:
        """Return g itself."""
        return g

    integral = ratio


@dataclass(frozen=True, slots=True)
class Logit:
    """F(u) = (L(U-1) + U(1-L)e^{Au}) / (U-1 + (1-L)e^{Au}) (Deville and Särndal 1992, case 6).

    A = (U-L) / ((1-L)(U-1)). It is L + (U-L) p with p = expit(Au + log((1-L)/(U-1))), which does not overflow.
    """

    name: ClassVar[str] = "logit"
    low: float
    high: float

    @property
    def range(self) -> tuple[float, float]:
        """Between L and U; neither is reached."""
        return self.low, self.high

    @property
    def steepness(self) -> float:
        """The constant A."""
        return (self.high - self.low) / ((1 - self.low) * (self.high - 1))

    def _argument(self, u: Array) -> Array:
        constant: float = np.log((1 - self.low) / (self.high - 1))
        return np.asarray(self.steepness * u + constant)

    def ratio(self, u: Array) -> Array:
        """L + (U-L) p."""
        return np.asarray(self.low + (self.high - self.low) / 2 * (1 + np.tanh(self._argument(u) / 2)))

    def slope(self, g: Array) -> Array:
        """Give A (g-L)(U-g) / (U-L), the same as A (U-L) p (1-p)."""
        return self.steepness / (self.high - self.low) * (g - self.low) * (self.high - g)

    def integral(self, u: Array) -> Array:
        """L u + (U-L)/A log(1 + e^…)."""
        return self.low * u + (self.high - self.low) / self.steepness * np.logaddexp(0, self._argument(u))


BOUNDED = (Truncated.name, Logit.name)
NAMES = (Straight.name, Raking.name, *BOUNDED)


def choose(name: str, bounds: tuple[float, float] | None) -> Distance:
    """Find a distance by its name; ``linear`` with bounds is ``truncated``.

    Raises
    ------
    EstimateError
        The name is unknown, bounds are missing, not asked for, or not L < 1 < U.
    """
    if name not in NAMES:
        near = nearest_name(name, NAMES)
        meant = f" (did you mean '{near}'?)" if near else ""
        raise EstimateError(f"no distance is named '{name}'{meant}: take one of {', '.join(NAMES)}")
    if bounds is None:
        if name in BOUNDED:
            raise EstimateError(f"distance '{name}' needs bounds=(L, U) of the g-weights, with L < 1 < U")
        return Raking() if name == Raking.name else Straight()
    low, high = check_bounds(bounds)
    if name == Raking.name:
        raise EstimateError("distance 'raking' has no bounds: take 'logit', or ridge='automatic' with these bounds")
    if name == Logit.name:
        if not (np.isfinite(low) and np.isfinite(high)):
            raise EstimateError("distance 'logit' needs finite bounds: take 'truncated' where one side is open")
        return Logit(low, high)
    return Truncated(low, high)


def check_bounds(bounds: tuple[float, float]) -> tuple[float, float]:
    """Check that 1 lies between the bounds: weights that meet the totals already must be allowed to stay.

    Raises
    ------
    EstimateError
        There are not two bounds, or not L < 1 < U.
    """
    ends = tuple(float(end) for end in bounds)
    if len(ends) != 2 or not ends[0] < 1 < ends[1]:
        raise EstimateError(f"bounds of g-weights are {bounds}, and must be (L, U) with L < 1 < U")
    return ends[0], ends[1]
