"""Every estimator by its name, for one night and for many replayed ones alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from estimation.arrays import BoolArray, IntArray
from estimation.contest import EstimateTable, EstimatorName
from estimation.estimators.multilevel import Constants, ModelFrame, arrival_rank, model_frame, predict
from estimation.estimators.nonresponse import Adjustment
from estimation.estimators.propensity import propensity
from estimation.estimators.quantities import Outstanding, estimate
from estimation.estimators.two_phase import two_phase
from estimation.estimators.weighting import Weighting, weigh
from estimation.frame import Frame
from estimation.returns import Counts
from estimation.sampling import Strata
from estimation.seeds import generator
from estimation.survey import Estimate

# all but the logistic propensity, whose library takes longer to load than everything else to run
COMPARED: tuple[EstimatorName, ...] = (
    "multilevel",
    "two-phase",
    "propensity-cells",
    "ratio",
    "separate",
    "poststratified",
    "raked",
    "calibrated",
)
PREDICTED = ("all", "simple", "stratified")  # designs whose variance the predictor's areas explain as well or better


@dataclass(frozen=True, slots=True)
class ContestSetup:
    """What is fixed for all nights of a contest.

    Attributes
    ----------
    frame : Frame
    strata : Strata
        The cells within which stations stand for each other.
    numbers : tuple of int
        The candidates' numbers.
    table : EstimateTable
    population : ModelFrame
        The frame as the predictor takes it.
    """

    frame: Frame
    strata: Strata
    numbers: tuple[int, ...]
    table: EstimateTable
    population: ModelFrame


@dataclass(frozen=True, slots=True)
class ReturnsSeen:
    """What is in at a moment; leading axes are replicates.

    Attributes
    ----------
    rows : numpy.ndarray of intp, shape (…, n)
        Frame rows of the drawn stations.
    counts : Counts
        Theirs.
    adjustment : Adjustment
        The design of what is in.
    there : numpy.ndarray of bool, shape (…, n), or None
        False for a place that a smaller sample leaves empty; None where there is none such.
    """

    rows: IntArray
    counts: Counts
    adjustment: Adjustment
    there: BoolArray | None = None

    @property
    def drawn(self) -> int:
        """Stations of the sample; of replicates the most of any."""
        return self.rows.shape[-1] if self.there is None else int(self.there.sum(axis=-1).max())

    @property
    def complete(self) -> bool:
        """Every station that was drawn is in, in every replicate."""
        seen = self.counts.seen
        return bool(np.all(seen if self.there is None else seen | ~self.there))


@dataclass(frozen=True, slots=True)
class EstimatorResult:
    """An estimate, and the estimator that made it.

    Attributes
    ----------
    name : str
        The estimator's; never ``auto``.
    estimate : Estimate
    weighting : Weighting or None
        Its weights; None for the predictor.
    """

    name: str
    estimate: Estimate
    weighting: Weighting | None

    @property
    def variance(self) -> str:
        """The name of its covariance; ``model`` for the predictor's."""
        return self.estimate.cov_name


def set_up(
    frame: Frame,
    strata: Strata,
    numbers: Sequence[int],
    table: EstimateTable | None = None,
    *,
    design_strata: Strata | None = None,
) -> ContestSetup:
    """Lay out what is fixed for all nights.

    Parameters
    ----------
    design_strata : Strata, optional
        The design's own: the predictor must know what the probabilities of a draw went by, which are strata, or the
        roll, and that is among its covariates.
    """
    table = table or EstimateTable()
    constants = Constants(delta=table.delta, tau=table.tau, kappa=table.kappa, phi=table.phi)
    codes = design_strata.codes if design_strata is not None and len(design_strata.labels) > 1 else None
    laid = model_frame(frame, None, table.covariates, strata=codes, constants=constants)
    return ContestSetup(frame, strata, tuple(numbers), table, laid)


def resolve_auto(name: EstimatorName, returns: ReturnsSeen) -> EstimatorName:
    """Say which estimator ``auto`` is.

    The multilevel predictor while any return is out, since early returns are unlike late ones and it is the one whose
    intervals have held on replayed nights. With all of them in it is the predictor still for simple and stratified
    samples; for the others the ratio with the design's own variance, which sees what spreading, balancing or unequal
    probabilities gained.
    """
    if name != "auto":
        return name
    return "ratio" if returns.complete and returns.adjustment.structure.method not in PREDICTED else "multilevel"


def estimate_by(
    name: EstimatorName,
    setup: ContestSetup,
    returns: ReturnsSeen,
    outstanding: Outstanding | None = None,
    draws: int = 0,
) -> EstimatorResult:
    """Estimate shares, turnout and the invalid share by an estimator's name.

    Parameters
    ----------
    outstanding : Outstanding, optional
        What is out could still bring, which bounds the intervals.
    draws : int
        Draws from the predictive distribution (of the predictor).

    Raises
    ------
    EstimateError
        Too little is in for it, the frame lacks what it needs, or the design can't give its variance.
    """
    resolved, table = resolve_auto(name, returns), setup.table
    if resolved == "multilevel":
        rank = None if returns.counts.received is None else arrival_rank(returns.counts.received, returns.counts.seen)
        estimated = predict(
            setup.population,
            returns.rows,
            returns.counts,
            setup.numbers,
            rank=rank,
            drawn=returns.drawn,
            outstanding=outstanding,
            interval="wilson" if table.interval == "auto" else table.interval,
            draws=draws or (table.replicates if table.interval == "percentile" else 0),
            rng=generator("estimate", resolved),
        )
        return EstimatorResult(resolved, estimated, None)
    weighting = _weighting(resolved, setup, returns)
    estimated = estimate(returns.counts, weighting, list(setup.numbers), table, outstanding)
    return EstimatorResult(resolved, estimated, weighting)


def _weighting(name: EstimatorName, setup: ContestSetup, returns: ReturnsSeen) -> Weighting:
    inputs = setup.frame, returns.rows, setup.strata, returns.adjustment.structure, setup.table
    if name == "two-phase":
        return two_phase(*inputs)
    if name in ("propensity", "propensity-cells"):
        return propensity(*inputs, by="logistic" if name == "propensity" else "cells", drawn=returns.there)
    return weigh(name, *inputs)
