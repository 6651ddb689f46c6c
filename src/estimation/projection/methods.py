"""One set of returns, estimated in every way that the frame allows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from estimation.contest import Contest, EstimatorName
from estimation.errors import EstimationError
from estimation.estimators import Arrival, Outstanding, Weighting, estimate, plain, weigh
from estimation.estimators.precision import variance_name
from estimation.estimators.weighting import TooManyControlsError
from estimation.frame import Frame
from estimation.returns import Counts
from estimation.rules import Notice
from estimation.sampling import Sample
from estimation.survey import Estimate
from estimation.survey.structure import Array

ESTIMATORS: tuple[EstimatorName, ...] = get_args(EstimatorName)


@dataclass(frozen=True, slots=True)
class Methods:
    """The estimate that counts and those that stand beside it.

    Attributes
    ----------
    weighting : Weighting
        Of the estimator that the contest names.
    variance : str
        The name of its covariance.
    estimate : Estimate
        By it.
    others : mapping of str to Estimate
        By every other estimator that could be computed.
    notices : tuple of Notice
        W321 for one that could not, and why.
    """

    weighting: Weighting
    variance: str
    estimate: Estimate
    others: Mapping[str, Estimate]
    notices: tuple[Notice, ...]


def estimate_all(contest: Contest, frame: Frame, sample: Sample, counts: Counts, arrival: Arrival) -> Methods:
    """Estimate by the contest's estimator, and by the others for comparison.

    Where the contest's own can't be computed, as with few returns, the ratio with the design's variance
    takes its place and W322 says so: a projection does not stop for it.
    """
    table = contest.estimate
    numbers = [candidate.number for candidate in contest.candidates]
    rest = outstanding(contest, frame, sample, counts)
    notices: list[Notice] = []
    try:
        weighting = weigh(table.estimator, frame, sample.rows, sample.cells, arrival.structure, table)
        chosen = estimate(counts, weighting, numbers, table, rest)
        notices += weighting.notes
    except EstimationError as error:
        notices.append(Notice("W322", {"method": table.estimator, "why": _why(error)}))
        table = replace(table, estimator="ratio", variance="auto")
        weighting = plain(arrival.structure)
        chosen = estimate(counts, weighting, numbers, table, rest)
    others: dict[str, Estimate] = {}
    design = replace(table, variance="auto", auxiliaries=())
    for name in ESTIMATORS:
        if name == weighting.name:
            continue
        # one that can't be computed is named, with its reason, and doesn't stop the others; but that few returns
        # can't carry many control totals is nothing to be told of a method that is for comparison only
        try:
            beside = weigh(name, frame, sample.rows, sample.cells, arrival.structure, design)
            others[name] = estimate(counts, beside, numbers, design, rest)
        except TooManyControlsError:
            continue
        except EstimationError as error:
            notices.append(Notice("W321", {"method": name, "why": str(error)}))
    return Methods(weighting, variance_name(weighting, table), chosen, others, tuple(notices))


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
