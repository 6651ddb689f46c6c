"""Ratios of totals with their covariance: the design's own, another by name, or from replicates."""

import numpy as np

from estimation.arrays import Array
from estimation.contest import REPLICATED, EstimateTable
from estimation.errors import EstimateError, EstimationError
from estimation.estimators.weighting import Weighting
from estimation.rules import Notice
from estimation.seeds import generator
from estimation.survey import Estimate, Linear, Structure
from estimation.survey.degrees import satterthwaite
from estimation.survey.variance import by_name
from estimation.survey.variance.names import name_of
from estimation.survey.variance.replication import ratio_fit, replicate_covariance, replicates


def ratios(
    names: tuple[str, ...],
    y: Array,
    x: Array,
    weighting: Weighting,
    table: EstimateTable,
    support: Array,
    df: Array | None = None,
) -> Estimate:
    """Estimate any ratios of totals with an estimator's weights, and their covariance.

    Where the returns that are in can't give the variance that is asked for, the design's own takes its place, which
    a notice (W328) says. Replicates (leading axes) are not helped out like that: a backtest counts the nights that have
    the variance. An interval from percentiles is given where there are draws, else that of ``auto``.

    Parameters
    ----------
    names : tuple of str
        The q quantities.
    y : numpy.ndarray, shape (…, n, q)
        Numerators; zero outside a domain.
    x : numpy.ndarray, shape (…, n) or (…, n, q)
        Denominators; replicates are estimated anew from both, calibration included.
    weighting : Weighting
    table : EstimateTable
        ``variance``, ``single``, ``degrees``, ``replicates`` and ``interval``.
    support : numpy.ndarray, shape (q, 2) or (…, q, 2)
        The range of each.
    df : numpy.ndarray, shape (…) or (…, q), optional
        Degrees of freedom, where they are not those of the whole sample.

    Raises
    ------
    EstimateError, DesignError
        A denominator is zero, what is in gives no variance at all, or a replicate not the one asked for.
    """
    linear = weighting.linear(y, x)
    name = name_of(weighting.structure) if table.variance == "auto" else table.variance
    notes: tuple[Notice, ...] = ()
    try:
        cov, own_df, draws = _covariance(name, linear, y, x, weighting, table)
    except EstimationError as error:
        if table.variance == "auto" or linear.theta.ndim > 1:
            raise
        asked, name = name, name_of(weighting.structure)
        notes = (Notice("W328", {"variance": asked, "own": name, "why": str(error)}),)
        cov, own_df, draws = _covariance(name, linear, y, x, weighting, table)
    percentiles = table.interval == "percentile"
    draws = draws if name == "bootstrap" or not percentiles else None
    return Estimate(
        names,
        linear.theta,
        cov,
        own_df if df is None else df,
        support,
        notes,
        stations=weighting.structure.inside.sum(axis=-1),
        draws=draws,
        kind="auto" if percentiles and draws is None else table.interval,
        cov_name=name,
    )


def check_variance(structure: Structure, table: EstimateTable) -> None:
    """Refuse a variance that even the complete sample can't give.

    Parameters
    ----------
    structure : Structure
        Of the sample with every station in.
    table : EstimateTable

    Raises
    ------
    EstimateError
        With the reason.
    """
    name = table.variance
    try:
        if name in REPLICATED:
            replicates(structure, name, generator("estimate", name), number=2)
        elif name != "auto":
            by_name(name, single=table.single)(np.zeros((structure.weight.shape[-1], 1)), structure)
    except EstimationError as error:
        raise EstimateError(
            f"[estimate]: variance '{name}' can't be computed from this sample, not even with every station in: {error}"
        ) from error


def _covariance(
    name: str, linear: Linear, y: Array, x: Array, weighting: Weighting, table: EstimateTable
) -> tuple[Array, Array, Array | None]:
    """Give a covariance by name, (…, q, q), its degrees of freedom, and what its replicates estimate."""
    structure = weighting.structure
    if name in REPLICATED:
        return _replicated(name, y, x, weighting, table)
    cov = by_name(name, single=table.single)(linear.expanded, structure)
    wanted = table.degrees == "satterthwaite" and name == "stratified"
    return cov, satterthwaite(linear.expanded, structure) if wanted else structure.df(), None


def _replicated(
    name: str, y: Array, x: Array, weighting: Weighting, table: EstimateTable
) -> tuple[Array, Array, Array]:
    rng = generator("estimate", name)  # the same replicates for the same returns, every time
    made = replicates(weighting.structure, name, rng, number=table.replicates)
    fit = ratio_fit(y, x)

    def again(weight: Array) -> Array:
        return fit(weighting.refit(weight))

    cov, draws = replicate_covariance(again, weighting.structure.weight, made)
    return cov, np.asarray(made.df, dtype=np.float64), draws
