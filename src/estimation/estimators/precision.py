"""The covariance of a weighted estimate: the design's own, another by name, or from replicates."""

from dataclasses import dataclass

import numpy as np

from estimation.arrays import Array
from estimation.contest import EstimateTable
from estimation.estimators.weighting import Weighting
from estimation.seeds import generator
from estimation.survey import Linear
from estimation.survey.degrees import satterthwaite
from estimation.survey.variance import by_name
from estimation.survey.variance.names import name_of
from estimation.survey.variance.replication import ratio_fit, replicate_covariance, replicates

REPLICATED = ("jackknife", "bootstrap", "brr", "fay", "successive-replicates")


@dataclass(frozen=True, slots=True)
class Precision:
    """How far an estimate may be off.

    Attributes
    ----------
    variance : str
        The name of the covariance.
    cov : numpy.ndarray, shape (…, k, k)
    df : numpy.ndarray, shape (…) or (…, k)
    draws : numpy.ndarray, shape (R, k), or None
        The estimates of the replicates.
    """

    variance: str
    cov: Array
    df: Array
    draws: Array | None = None


def variance_name(weighting: Weighting, table: EstimateTable) -> str:
    """Name the covariance that will be taken."""
    return name_of(weighting.structure) if table.variance == "auto" else table.variance


def precision(linear: Linear, y: Array, x: Array, weighting: Weighting, table: EstimateTable) -> Precision:
    """Estimate the covariance of ratios.

    Parameters
    ----------
    linear : Linear
        Of the ratios, from :meth:`Weighting.linear`.
    y, x : numpy.ndarray, shape (…, n, k)
        What it was made of; replicates are estimated anew from them, calibration included.
    table : EstimateTable
        ``variance``, ``single``, ``degrees`` and ``replicates``.

    Raises
    ------
    EstimateError, DesignError
        The design can't give the covariance that is asked for.
    """
    name = variance_name(weighting, table)
    if name in REPLICATED:
        return _replicated(name, y, x, weighting, table)
    structure = weighting.structure
    cov = by_name(table.variance, single=table.single)(linear.expanded, structure)
    wanted = table.degrees == "satterthwaite" and name == "stratified"
    df = satterthwaite(linear.expanded, structure) if wanted else structure.df()
    return Precision(name, cov, df)


def _replicated(name: str, y: Array, x: Array, weighting: Weighting, table: EstimateTable) -> Precision:
    rng = generator("estimate", name)  # the same replicates for the same returns, every time
    made = replicates(weighting.structure, name, rng, number=table.replicates)
    fit = ratio_fit(y, x)

    def again(weight: Array) -> Array:
        return fit(weighting.refit(weight))

    cov, draws = replicate_covariance(again, weighting.structure.weight, made)
    return Precision(name, cov, np.asarray(made.df, dtype=np.float64), draws)
