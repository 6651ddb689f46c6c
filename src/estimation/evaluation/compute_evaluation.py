"""The one function that makes an evaluation, and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from estimation.contest import LEAD, Contest, ProjectionRequest, share_name
from estimation.decision import leader_and_runner_up
from estimation.evaluation.area_errors import AreaErrors, area_coverage, area_errors
from estimation.evaluation.error_split import ErrorSplit, split_error
from estimation.evaluation.errors_vs_official import Coverage, ErrorVsOfficial, error_vs_official
from estimation.evaluation.official import Official, read_official
from estimation.evaluation.recording import Recording, compare_returns, held_returns
from estimation.evaluation.take_errors import ComparedTake, call_right, compare_take
from estimation.projection import Projection, open_sample, project_contest, read_takes
from estimation.survey import Estimate


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A projection against the official result.

    Attributes
    ----------
    projection : Projection
        Of the moment that is evaluated.
    official : Official
    quantities : tuple of ErrorVsOfficial
        Every share, the lead of the official first over the official second, turnout, the invalid share.
    split : ErrorSplit
        What the misses are made of; same names, same order.
    call_right : bool or None
        Whether the call named the official winner; None where nobody was called.
    areas : tuple of AreaErrors
    coverage : tuple of Coverage
        Over the areas, for each candidate.
    takes : tuple of ComparedTake
        Every take of the night, as it was written then.
    refused : mapping of str to str
        Folders that are none of this contest's takes, and why.
    recording : Recording
        Returns against the official counts of the same stations.
    """

    projection: Projection
    official: Official
    quantities: tuple[ErrorVsOfficial, ...]
    split: ErrorSplit
    call_right: bool | None
    areas: tuple[AreaErrors, ...]
    coverage: tuple[Coverage, ...]
    takes: tuple[ComparedTake, ...]
    refused: Mapping[str, str]
    recording: Recording

    @property
    def contest(self) -> Contest:
        """The contest that was projected and whose official result is known."""
        return self.projection.contest

    @property
    def leader_right(self) -> bool | None:
        """Whether the projection had the official first ahead; None where nothing was projected."""
        estimate = self.projection.estimate
        if estimate is None:
            return None
        return leader_and_runner_up(self.contest, estimate.theta)[0] == self.official.pair[0]

    @property
    def lead(self) -> ErrorVsOfficial:
        """The lead of the official first over the official second."""
        return self.quantity(LEAD)

    def quantity(self, name: str) -> ErrorVsOfficial:
        """Find a quantity of the evaluation by its name, such as ``share:1`` or ``lead``."""
        return next(one for one in self.quantities if one.name == name)

    def at_the_end(self, name: str) -> ErrorVsOfficial:
        """Judge what the sample would have said with every station in and every count right."""
        i = self.official.names.index(name)
        truth = float(self.official.truth[i])
        if self.split.complete is None:
            return error_vs_official(None, name, self.contest.about.level, truth)
        return _judged(self.official, self.split.complete, self.contest.about.level, name, truth)


def evaluate(
    contest: Contest,
    request: ProjectionRequest | None = None,
    *,
    official: Path | None = None,
    takes: Path | None = None,
    **options: object,
) -> Evaluation:
    """Hold a projection, and all takes before and after it, against the official result.

    Parameters
    ----------
    contest : Contest
    request : ProjectionRequest, optional
        Of the projection that is evaluated: see :func:`estimation.projection.project_contest`.
    official : pathlib.Path, optional
        The official result by station; the contest's own by default.
    takes : pathlib.Path, optional
        The folder of the night's takes; ``out/takes`` by default.
    **options
        In place of a request, its fields.

    Raises
    ------
    EstimationError
        The contest, the frame, the sample, the returns or the official result can't be used.
    """
    request = request or ProjectionRequest.of(**options)
    projection = project_contest(contest, request)
    contest = projection.contest
    frame, sample, _ = open_sample(contest, request.sample, request.where)
    result = read_official(contest, frame, official)
    truth = result.truth.tolist()
    errors = [
        _judged(result, projection.estimate, contest.about.level, name, value)
        for name, value in zip(result.names, truth, strict=True)
    ]
    areas = area_errors(projection, frame, result)
    night = read_takes(contest, takes)
    held = held_returns(contest, frame, sample, request.returns, request.as_of)
    return Evaluation(
        projection=projection,
        official=result,
        quantities=tuple(errors),
        split=split_error(projection, frame, sample, result),
        call_right=call_right(projection.call.status, projection.call.winner, result),
        areas=areas,
        coverage=area_coverage(areas, result),
        takes=tuple(compare_take(take, result) for take in night.takes),
        refused=night.refused,
        recording=compare_returns(frame, sample.rows, projection.counts, result.at(sample.rows, len(frame)), held),
    )


def _judged(official: Official, estimate: Estimate | None, level: float, name: str, truth: float) -> ErrorVsOfficial:
    if estimate is not None and name == LEAD:
        first, second = official.pair
        pair = {share_name(first.number): 1.0, share_name(second.number): -1.0}
        return error_vs_official(estimate.contrast(pair, LEAD), LEAD, level, truth)
    return error_vs_official(estimate, name, level, truth)
