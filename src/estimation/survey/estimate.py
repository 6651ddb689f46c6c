"""What every estimator returns: names, point estimates, their covariance and degrees of freedom."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from estimation.errors import EstimateError
from estimation.rules import Notice
from estimation.survey.intervals import Bounds, t_interval
from estimation.survey.structure import Array


@dataclass(frozen=True, slots=True)
class Estimate:
    """Joint estimates of several quantities; leading axes are replicates.

    Attributes
    ----------
    names : tuple of str
        The k quantities, for example ``share:1``.
    theta : numpy.ndarray, shape (…, k)
        Point estimates.
    cov : numpy.ndarray, shape (…, k, k)
        Their covariance.
    df : numpy.ndarray, shape (…)
        Degrees of freedom of the covariance.
    support : tuple of (float, float)
        The range that each quantity can take, k pairs.
    notes : tuple of Notice
        What was done that a reader must know.
    """

    names: tuple[str, ...]
    theta: Array
    cov: Array
    df: Array
    support: tuple[tuple[float, float], ...]
    notes: tuple[Notice, ...] = ()

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
        support = tuple(self.support[row] for row in rows)
        cov = self.cov[..., rows, :][..., :, rows]
        return Estimate(tuple(names), self.theta[..., rows], cov, self.df, support, self.notes)

    def contrast(self, coefficients: dict[str, float], name: str, *, constant: float = 0.0) -> "Estimate":
        """Estimate a linear combination c'θ + constant, with variance c'Σc.

        A lead is ``{"share:1": 1, "share:2": -1}``; the distance of a share from one half is
        ``{"share:1": 1}`` with constant -0.5.

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
        ends = np.array(self.support)
        low = float(np.where(c > 0, c * ends[:, 0], c * ends[:, 1])[c != 0].sum() + constant)
        high = float(np.where(c > 0, c * ends[:, 1], c * ends[:, 0])[c != 0].sum() + constant)
        cov = c @ self.cov @ c
        theta = self.theta @ c + constant
        return Estimate((name,), theta[..., None], cov[..., None, None], self.df, ((low, high),), self.notes)

    def interval(self, level: float) -> Bounds:
        """Give the t interval of every quantity at a level, inside its support; shape (…, k)."""
        bounds = t_interval(self.theta, self.variance, self.df, level)
        ends = np.array(self.support)
        return Bounds(
            np.minimum(np.maximum(bounds.low, ends[:, 0]), self.theta),
            np.maximum(np.minimum(bounds.high, ends[:, 1]), self.theta),
        )

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Show one estimate (no leading axes) as a labelled table: estimate, se, low, high, df."""
        bounds = self.interval(level)
        return pd.DataFrame(
            {
                "estimate": self.theta,
                "se": self.se,
                "low": bounds.low,
                "high": bounds.high,
                "df": float(self.df),
            },
            index=list(self.names),
        )
