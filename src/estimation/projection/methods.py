"""One set of returns, estimated in every way that the frame allows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from estimation.arrays import Array
from estimation.contest import Contest, check_estimate
from estimation.errors import EstimationError
from estimation.estimators import Adjustment, Outstanding, Weighting, design_weighting, weight_responding
from estimation.estimators.catalogue import (
    COMPARED,
    ContestSetup,
    EstimatorResult,
    ReturnsSeen,
    estimate_by,
    resolve_auto,
    set_up,
)
from estimation.estimators.precision import check_variance
from estimation.estimators.weighting import TooManyControlsError
from estimation.frame import Frame
from estimation.returns import Counts
from estimation.rules import Notice
from estimation.sampling import Sample
from estimation.survey import Estimate


@dataclass(frozen=True, slots=True)
class Methods:
    """The estimate that counts and those that stand beside it.

    Attributes
    ----------
    chosen : Result
        By the estimator that the contest names.
    weighting : Weighting
        Its weights, or the design's where it has none: results by area take them.
    others : mapping of str to Estimate
        By every other estimator that could be computed.
    notices : tuple of Notice
        W321 for one that could not, and why.
    """

    chosen: EstimatorResult
    weighting: Weighting
    others: Mapping[str, Estimate]
    notices: tuple[Notice, ...]


def check_sample(contest: Contest, sample: Sample) -> None:
    """Refuse what ``[estimate]`` asks for and this sample can't give, whatever comes in.

    Raises
    ------
    ContestError
        The way of drawing rules the variance out, or the interval can't be given; the message names what can be.
    EstimateError
        The sample lacks what the variance needs, as two stations in every village.
    """
    check_estimate(contest, sample.method)
    if contest.estimate.variance != "auto":
        every = np.ones(len(sample), dtype=np.bool_)
        check_variance(weight_responding(sample, every, contest.estimate.single).structure, contest.estimate)


def estimate_all(contest: Contest, frame: Frame, sample: Sample, counts: Counts, arrival: Adjustment) -> Methods:
    """Estimate by the contest's estimator, and by the others for comparison.

    What is in never stops a projection. A variance that it can't give is replaced by the design's own, for
    the estimate and for areas (W328, see :func:`estimation.estimators.precision.ratios`), and the estimator stays.
    An estimator that it can't give is replaced by the ratio (W322).
    """
    table = contest.estimate
    numbers = [candidate.number for candidate in contest.candidates]
    to_come = outstanding(contest, frame, sample, counts)
    setup = set_up(frame, sample.cells, numbers, table, design_strata=sample.strata)
    returns = ReturnsSeen(sample.rows, counts, arrival)
    notices: list[Notice] = []
    try:
        chosen = estimate_by(table.estimator, setup, returns, to_come)
    except EstimationError as error:
        name = resolve_auto(table.estimator, returns)
        notices.append(Notice("W322", {"method": name, "why": _why(error)}))
        chosen = estimate_by("ratio", setup, returns, to_come)
    weighting = chosen.weighting or design_weighting(arrival.structure)
    notices += [*weighting.notes, *chosen.estimate.notes]
    beside = replace(setup, table=replace(table, variance="auto", auxiliaries=()))
    others, missing = _others(chosen.name, beside, returns, to_come)
    return Methods(chosen, weighting, others, (*notices, *missing))


def _others(
    chosen: str, setup: ContestSetup, returns: ReturnsSeen, to_come: Outstanding
) -> tuple[dict[str, Estimate], list[Notice]]:
    """Estimate by every other method, with its own defaults and the design's variance."""
    estimates: dict[str, Estimate] = {}
    notices = []
    for name in COMPARED:
        if name == chosen:
            continue
        # one that can't be computed is named, with its reason, and doesn't stop the others; but that few returns
        # can't carry many control totals is nothing to be told of a method that is for comparison only
        try:
            estimates[name] = estimate_by(name, setup, returns, to_come).estimate
        except TooManyControlsError:
            continue
        except EstimationError as error:
            notices.append(Notice("W321", {"method": name, "why": str(error)}))
    return estimates, notices


def _why(error: EstimationError) -> str | Notice:
    if isinstance(error, TooManyControlsError):
        return Notice("W324", {"controls": error.controls, "stations": error.stations})
    return str(error)


def outstanding(contest: Contest, frame: Frame, sample: Sample, counts: Counts) -> Outstanding:
    """Add up what the stations that are not in could still bring, over the whole frame."""
    ballots, roll = still_out(contest, frame, sample, counts), frame.registered
    return Outstanding(float(ballots.sum()), float(np.nansum(roll)))


def still_out(contest: Contest, frame: Frame, sample: Sample, counts: Counts) -> Array:
    """Give the ballots that each station of the frame could still bring, shape (N,); 0 where it is in.

    A roll that is unknown counts as ``[returns] max_registered``; every roll with ``[returns] allowance``.
    """
    out = np.ones(len(frame), dtype=np.bool_)
    out[sample.rows[counts.seen]] = False
    roll = frame.registered
    known = np.where(np.isfinite(roll), roll, contest.returns.max_registered)
    return np.where(out, known * (1 + contest.returns.allowance), 0.0)
