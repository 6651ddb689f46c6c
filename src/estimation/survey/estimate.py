"""What every estimator returns: names, point estimates, their covariance and degrees of freedom."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from estimation.arrays import Array
from estimation.errors import EstimateError
from estimation.rules import Notice
from estimation.survey.intervals import INTERVALS, Bounds, per_quantity, percentile, t_interval
from estimation.survey.simultaneous import simultaneous

KINDS = (*INTERVALS, "percentile", "simultaneous")


@dataclass(frozen=True, slots=True)
class Estimate:
    """Joint estimates of several quantities; leading axes are replicates.

    Attributes
    ----------
    names : tuple of str
        The k quantities, for example ``share:1``; those with the same part before the colon are a family.
    theta : numpy.ndarray, shape (…, k)
        Point estimates.
    cov : numpy.ndarray, shape (…, k, k)
        Their covariance.
    df : numpy.ndarray, shape (…) or (…, k)
        Degrees of freedom of the covariance, of all quantities or of each.
    support : numpy.ndarray, shape (k, 2) or (…, k, 2)
        The range that each quantity can still take: no share is below what has been counted for it when
        all that is out goes to others. At a census both ends are the estimate.
    notes : tuple of Notice
        What was done that a reader must know.
    stations : numpy.ndarray, shape (…) or (…, k), optional
        Stations in. With it a candidate without any vote in the sample has an interval, see
        :mod:`estimation.survey.intervals`.
    draws : numpy.ndarray, shape (…, R, k), optional
        Replicates of the estimates, or draws from a predictive distribution.
    kind : str
        The interval that is given unless another is asked for, one of ``KINDS``.
    proportion : tuple of bool, optional
        Which quantities are proportions; by default those whose support lies in [0, 1].
    cov_name : str
        The name of the covariance, as ``[estimate] variance`` has it; ``model`` for a predictor's.

    Raises
    ------
    EstimateError
        Shapes do not fit each other, or the kind is unknown.
    """

    names: tuple[str, ...]
    theta: Array
    cov: Array
    df: Array
    support: Array
    notes: tuple[Notice, ...] = ()
    stations: Array | float | None = None
    draws: Array | None = None
    kind: str = "auto"
    proportion: tuple[bool, ...] | None = None
    cov_name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "support", np.asarray(self.support, dtype=np.float64))
        k = len(self.names)
        for name, shape, need in (
            ("theta", self.theta.shape[-1:], (k,)),
            ("cov", self.cov.shape[-2:], (k, k)),
            ("support", self.support.shape[-2:], (k, 2)),
        ):
            if shape != need:
                raise EstimateError(f"{name} ends in shape {shape} for {k} quantities: it needs {need}")
        if self.draws is not None and (self.draws.ndim != self.theta.ndim + 1 or self.draws.shape[-1] != k):
            raise EstimateError(f"draws have shape {self.draws.shape}: they need (…, draws, {k})")
        _known(self.kind)
        if self.proportion is None:
            low, high = self.support[..., 0] >= 0, self.support[..., 1] <= 1
            inside = np.all((low & high).reshape(-1, k), axis=0)
            object.__setattr__(self, "proportion", tuple(inside.tolist()))

    @property
    def variance(self) -> Array:
        """Variances, shape (…, k)."""
        return np.asarray(np.diagonal(self.cov, axis1=-2, axis2=-1))

    @property
    def se(self) -> Array:
        """Standard errors, shape (…, k)."""
        return np.asarray(np.sqrt(np.maximum(self.variance, 0.0)))  # rounding may leave -1e-20

    def index(self, name: str) -> int:
        """Find a quantity by name.

        Raises
        ------
        EstimateError
            The estimate does not contain it.
        """
        if name not in self.names:
            raise EstimateError(f"'{name}' was not estimated: there are {', '.join(self.names)}")
        return self.names.index(name)

    def select(self, names: list[str]) -> "Estimate":
        """Keep some of the quantities, in the order given."""
        rows = [self.index(name) for name in names]
        return Estimate(
            tuple(names),
            self.theta[..., rows],
            self.cov[..., rows, :][..., :, rows],
            self._own(self.df, rows),
            self.support[..., rows, :],
            self.notes,
            None if self.stations is None else self._own(self.stations, rows),
            None if self.draws is None else self.draws[..., rows],
            self.kind,
            tuple(self._proportions()[row] for row in rows),
            self.cov_name,
        )

    def contrast(self, coefficients: dict[str, float], name: str, *, constant: float = 0.0) -> "Estimate":
        """Estimate a linear combination c'θ + constant, with variance c'Σc.

        A lead is ``{"share:1": 1, "share:2": -1}``; the distance of a share from one half is
        ``{"share:1": 1}`` with constant -0.5. Where quantities have their own degrees of freedom, the least
        of those combined holds; so it is with the stations in.

        Parameters
        ----------
        coefficients : dict of str to float
            By quantity; those not named have coefficient 0.
        name : str
            The name of the result.
        """
        c = np.zeros(len(self.names))
        for quantity, value in coefficients.items():
            c[self.index(quantity)] = value
        used = np.flatnonzero(c).tolist() or list(range(len(c)))
        ends = c[:, None] * np.where(c[:, None] > 0, self.support, self.support[..., ::-1])
        same = constant == 0 and c[used].tolist() == [1.0]
        return Estimate(
            (name,),
            (self.theta @ c + constant)[..., None],
            (c @ self.cov @ c)[..., None, None],
            self._least(self.df, used),
            ends[..., used, :].sum(axis=-2, keepdims=True) + constant,
            self.notes,
            None if self.stations is None else self._least(self.stations, used),
            None if self.draws is None else (self.draws @ c + constant)[..., None],
            self.kind,
            (same and self._proportions()[used[0]],),
            self.cov_name,
        )

    def interval(self, level: float, kind: str | None = None) -> Bounds:
        """Give an interval of every quantity at a level, inside its support; shape (…, k).

        Parameters
        ----------
        level : float
            Confidence level in (0, 1), two-sided.
        kind : str, optional
            One of ``KINDS``; the estimate's own by default. ``percentile`` needs draws. ``simultaneous`` holds for
            all quantities of a family (all shares) together, and is ``t`` for one alone. All others are for
            proportions, and ``t`` for what is none: a lead, a distance from a threshold, a swing.

        Returns
        -------
        Bounds
            They contain the estimate, even one outside its support.

        Raises
        ------
        EstimateError
            The kind is unknown, the level is no probability, or there are too few draws.
        """
        bounds = self._bounds(level, _known(self.kind if kind is None else kind))
        low, high = self.support[..., 0], self.support[..., 1]
        return Bounds(
            np.minimum(np.maximum(bounds.low, low), self.theta),
            np.maximum(np.minimum(bounds.high, high), self.theta),
        )

    def table(self, level: float = 0.95, kind: str | None = None) -> pd.DataFrame:
        """Show one estimate (no leading axes) as a labelled table: estimate, se, low, high, df."""
        bounds = self.interval(level, kind)
        return pd.DataFrame(
            {
                "estimate": self.theta,
                "se": self.se,
                "low": bounds.low,
                "high": bounds.high,
                "df": np.broadcast_to(self.df, self.theta.shape).astype(np.float64),
            },
            index=list(self.names),
        )

    def _bounds(self, level: float, kind: str) -> Bounds:
        if kind == "percentile":
            return percentile(self.theta, self.draws, level)
        plain = t_interval(self.theta, self.variance, self.df, level)
        if kind == "simultaneous":
            return self._families(level, plain)
        found = INTERVALS[kind](self.theta, self.variance, self.df, level, self.stations)
        share = np.array(self._proportions())
        return Bounds(np.where(share, found.low, plain.low), np.where(share, found.high, plain.high))

    def _families(self, level: float, plain: Bounds) -> Bounds:
        """Put simultaneous limits in place of those of every family of several quantities."""
        low, high = plain.low.copy(), plain.high.copy()
        family = [name.partition(":")[0] for name in self.names]
        for one in dict.fromkeys(family):
            rows = [i for i, other in enumerate(family) if other == one]
            if len(rows) > 1:
                part = self.select([self.names[i] for i in rows])
                joint = simultaneous(part.theta, part.cov, part.df, level)
                low[..., rows], high[..., rows] = joint.low, joint.high
        return Bounds(low, high)

    def _proportions(self) -> tuple[bool, ...]:
        return self.proportion or ()

    def _own(self, values: Array | float, rows: list[int]) -> Array:
        """Keep the values of some quantities, where each has its own."""
        values = np.asarray(values)
        return np.asarray(values[..., rows]) if values.ndim == self.theta.ndim else values

    def _least(self, values: Array | float, rows: list[int]) -> Array:
        """Take the least of the values of some quantities, shape (…)."""
        return np.asarray(np.broadcast_to(per_quantity(values, self.theta), self.theta.shape)[..., rows].min(axis=-1))


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise EstimateError(f"'{kind}' is no interval: there are {', '.join(KINDS)}")
    return kind
