"""Splits the miss of a projection into the errors it is made of, exactly."""

from dataclasses import dataclass, replace

import numpy as np

from estimation.arrays import Array
from estimation.contest import INVALID, TURNOUT, Contest, share_name
from estimation.errors import EstimationError
from estimation.estimators import weight_responding
from estimation.estimators.catalogue import ContestSetup, ReturnsSeen, estimate_by, set_up
from estimation.evaluation.official import Official, with_lead
from estimation.frame import Frame
from estimation.projection import Projection
from estimation.projection.methods import outstanding
from estimation.returns import Counts
from estimation.sampling import Sample
from estimation.survey import Estimate

PARTS = ("recording", "early", "sampling", "frame")


@dataclass(frozen=True, slots=True)
class ErrorSplit:
    """A miss, taken apart.

    From one step to the next one thing changes, so that the differences add up to the miss whatever the
    estimator:

    0. the projection, from returns as they were sent
    1. the same stations, with their official counts: what 0 is above it is *recording* error
    2. official counts of every station that was drawn: what 1 is above it is *early-return* error
    3. the ratio over all stations of the frame: what 2 is above it is *sampling* error
    4. the ratio over all official stations: what 3 is above it is *frame* error

    Attributes
    ----------
    names : tuple of str
        The q quantities.
    steps : numpy.ndarray, shape (5, q)
        NaN where a step can't be computed.
    complete : Estimate or None
        Of step 2: what the sample would have said with every station in and every count right.
    taken_as_sent : int
        Stations in without an official count; step 1 leaves them as they were sent.
    undrawn : int
        Drawn stations without an official count, which step 2 has to do without.
    why : str
        Why a step could not be computed; blank where all were.
    """

    names: tuple[str, ...]
    steps: Array
    complete: Estimate | None
    taken_as_sent: int
    undrawn: int
    why: str

    @property
    def parts(self) -> Array:
        """The four errors in the order of ``PARTS``, shape (4, q)."""
        return np.asarray(self.steps[:-1] - self.steps[1:])

    @property
    def total(self) -> Array:
        """Estimate minus official value of each quantity, the sum of the parts: shape (q,)."""
        return np.asarray(self.steps[0] - self.steps[-1])


def split_error(projection: Projection, frame: Frame, sample: Sample, official: Official) -> ErrorSplit:
    """Take the miss of a projection apart into recording, early-return, sampling and frame error.

    Every estimate is by the estimator that made the projection, by its name: what ``auto`` chose while returns
    were out is kept when all are in, as a change of method is none of the four.

    Parameters
    ----------
    projection : Projection
    frame : Frame
    sample : Sample
        Those that it was made from.
    official : Official
    """
    contest, counts = projection.contest, projection.counts
    drawn = official.at(sample.rows, len(frame))
    steps = np.full((5, len(official.names)), np.nan)
    steps[3], steps[4] = official.frame_truth, official.truth
    complete, why = None, ""
    if projection.estimate is None:
        why = projection.call.reasons[0].text
    else:
        steps[0] = values(official, projection.estimate)
        setup = _setup(contest, frame, sample)
        try:
            steps[1] = values(official, _estimate(projection, frame, sample, setup, in_their_place(counts, drawn)))
            complete = _estimate(projection, frame, sample, setup, drawn)
            steps[2] = values(official, complete)
        except EstimationError as error:  # the split is then not known, and says why; the rest of the page is
            why = str(error)
    unknown = ~drawn.seen
    return ErrorSplit(official.names, steps, complete, int((unknown & counts.seen).sum()), int(unknown.sum()), why)


def in_their_place(sent: Counts, official: Counts) -> Counts:
    """Put official counts in the place of the returns of the stations that are in; both of shape (n,).

    A station without an official count keeps its own. Which stations are in, and when they came in, stays.
    """
    swap = sent.seen & official.seen
    return replace(
        sent,
        votes=np.where(swap[:, None], official.votes, sent.votes),
        invalid=np.where(swap, official.invalid, sent.invalid),
        ballots=np.where(swap, official.ballots, sent.ballots),
    )


def values(official: Official, estimate: Estimate) -> Array:
    """Lay an estimate out by the names that are evaluated; NaN where it lacks one."""
    shares = np.array([estimate.theta[estimate.index(share_name(c.number))] for c in official.contest.candidates])
    rest = [estimate.theta[estimate.index(n)] if n in estimate.names else np.nan for n in (TURNOUT, INVALID)]
    return np.append(with_lead(official, shares), rest)


def _setup(contest: Contest, frame: Frame, sample: Sample) -> ContestSetup:
    numbers = [candidate.number for candidate in contest.candidates]
    return set_up(frame, sample.cells, numbers, contest.estimate, design_strata=sample.strata)


def _estimate(projection: Projection, frame: Frame, sample: Sample, setup: ContestSetup, counts: Counts) -> Estimate:
    contest = projection.contest
    returns = ReturnsSeen(sample.rows, counts, weight_responding(sample, counts.seen, contest.estimate.single))
    rest = outstanding(contest, frame, sample, counts)
    return estimate_by(projection.estimator, setup, returns, rest).estimate  # type: ignore[arg-type]
