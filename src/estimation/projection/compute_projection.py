"""The one function that makes a projection, and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from estimation.arrays import Array
from estimation.contest import INVALID, TURNOUT, Contest, ProjectionRequest
from estimation.decision import Call, Overturn, Progress, decide, information, lead_of, overturn, thin_part, thin_strata
from estimation.estimators import Adjustment, Weighting, weight_responding
from estimation.frame import Frame
from estimation.projection.areas import AreaResult, area_level, area_notices, by_area
from estimation.projection.evening import Evening
from estimation.projection.methods import estimate_all, still_out
from estimation.projection.quality import Quality
from estimation.returns import Counts, Resolution
from estimation.rules import Findings, Notice
from estimation.sampling import Sample
from estimation.survey import Estimate
from estimation.survey.effects import deff_persons, deff_stations
from estimation.survey.variance.names import name_of


@dataclass(frozen=True, slots=True)
class Projection:
    """A projection of one contest at one moment.

    Attributes
    ----------
    contest : Contest
    as_of : datetime or None
        None where no return carries a time.
    stations, registered : int
        Of the frame; registered over the stations whose roll is known.
    counts : Counts
        What the sample's stations counted, shape (n, …).
    progress : Progress
    method : str
        How the sample was drawn; ``all`` where every station was asked.
    variance : str
        The variance that belongs to it, with what is in.
    estimator : str
        Its name; ``ratio`` where the contest's own could not be computed.
    weighting : Weighting or None
        Its weights; the design's where it has none. Results by area take them.
    estimate : Estimate or None
        Shares, turnout, invalid share; None where too little is in.
    others : mapping of str to Estimate
        The same by other estimators, for comparison.
    lead : Estimate or None
        Of the first over the second.
    deff_stations, deff_persons : numpy.ndarray, shape (k,)
        Design effects of the shares; NaN where there is no estimate.
    call : Call
    remaining : Overturn or None
        What could still overturn it.
    areas : tuple of AreaResult
    notices : tuple of Notice
        What a reader must know.
    findings : Findings
        What is wrong with the frame and the returns, place by place.
    provenance : mapping of str to str or None
    frame : Frame
    sample : Sample
    resolution : Resolution
        What holds for each station.
    quality : Quality
    options : mapping of str to str
        What was asked for in place of the contest's own, as the command takes it: ``{"level": "0.9"}``. Files are
        named from the contest's folder, those elsewhere by their name alone.
    """

    contest: Contest
    as_of: datetime | None
    stations: int
    registered: int
    counts: Counts
    progress: Progress
    method: str
    variance: str
    estimator: str
    weighting: Weighting | None
    estimate: Estimate | None
    others: Mapping[str, Estimate]
    lead: Estimate | None
    deff_stations: Array
    deff_persons: Array
    call: Call
    remaining: Overturn | None
    areas: tuple[AreaResult, ...]
    notices: tuple[Notice, ...]
    findings: Findings
    provenance: Mapping[str, str | None]
    frame: Frame = field(repr=False)
    sample: Sample = field(repr=False)
    resolution: Resolution = field(repr=False)
    quality: Quality
    options: Mapping[str, str]

    @property
    def received(self) -> int:
        """Stations of the sample with a return, used or kept out."""
        return int((self.counts.seen | self.counts.kept_out).sum())


def project(evening: Evening, request: ProjectionRequest | None = None) -> Projection:
    """Project a contest from what is in; nothing is read or written.

    Parameters
    ----------
    evening : Evening
        Frame, sample and counts: see :func:`estimation.projection.read_evening`.
    request : ProjectionRequest, optional
        The estimator, level and keys of ``[estimate]`` to take in place of the contest's. What was read by it (the
        moment, the area) is the evening's.

    Raises
    ------
    EstimationError
        A key or a value that is asked for can't be used.
    """
    request = request or ProjectionRequest()
    contest = request.applied_to(evening.contest)
    frame, sample, counts, resolution = evening.frame, evening.sample, evening.counts, evening.resolution
    numbers = [candidate.number for candidate in contest.candidates]
    arrival = weight_responding(sample, counts.seen, contest.estimate.single)
    progress = _progress(contest, frame, sample, counts, arrival)
    level = contest.report.areas or area_level(frame)
    enough = progress.why_insufficient() is None and counts.valid[counts.seen].sum() > 0
    methods = estimate_all(contest, frame, sample, counts, arrival) if enough else None
    estimate = methods.chosen.estimate if methods else None
    shares = estimate.select([f"share:{number}" for number in numbers]) if estimate else None
    others = methods.others if methods else {}
    remaining = overturn(contest, estimate, counts, sample, limit=contest.estimate.drift) if estimate else None
    call = decide(contest, estimate, progress, others=others, overturn=remaining, previous=evening.previous)
    blank = np.full(len(numbers), np.nan)
    votes = float(counts.valid[counts.seen].sum())
    weighting = methods.weighting if methods else None
    areas = by_area(
        frame, sample, counts, weighting, numbers, level, contest.estimate, still_out(contest, frame, sample, counts)
    )
    predicted = methods is not None and methods.chosen.weighting is None
    return Projection(
        contest=contest,
        as_of=resolution.as_of,
        stations=len(frame),
        registered=int(np.nansum(frame.registered)),
        counts=counts,
        progress=progress,
        method=sample.method,
        variance=methods.chosen.variance if methods else name_of(arrival.structure),
        estimator=methods.chosen.name if methods else contest.estimate.estimator,
        weighting=weighting,
        estimate=estimate,
        others=others,
        lead=lead_of(contest, estimate) if estimate else None,
        deff_stations=deff_stations(shares.variance, counts.votes, counts.valid, shares.theta, arrival.structure)
        if shares
        else blank,
        deff_persons=deff_persons(shares.variance, shares.theta, votes) if shares else blank,
        call=call,
        remaining=remaining,
        areas=areas,
        notices=_once(
            _notices(contest, frame, arrival, resolution, counts, estimate, call, areas, predicted),
            methods.notices if methods else (),
            evening.notices,
            area_notices(areas),
        ),
        findings=Findings.join(resolution.findings, frame.findings),
        provenance=evening.provenance,
        frame=frame,
        sample=sample,
        resolution=resolution,
        quality=evening.quality,
        options=request.options(evening.contest),
    )


def _progress(contest: Contest, frame: Frame, sample: Sample, counts: Counts, arrival: Adjustment) -> Progress:
    cell = sample.cells.codes[sample.rows]
    drawn = np.bincount(cell, minlength=len(sample.cells.labels))
    arrived_by = np.bincount(cell, counts.seen, len(drawn))
    thin = thin_strata(arrived_by, drawn, contest.estimate.min_per_stratum)
    s = arrival.structure
    used = int(counts.seen.sum())
    return Progress(
        used=used,
        drawn=len(sample),
        strata_in=int((arrived_by > 0).sum()),
        strata=int((drawn > 0).sum()),
        villages=None if sample.psu is None else len(set(np.array(sample.psu)[counts.seen].tolist())),
        thin=int(thin.sum()),
        thin_part=float(thin_part(thin, sample.cells.codes, frame.registered)),
        stations=len(frame),
        fraction=float(information(s.count(), s.drawn(), s.size)) if used else None,
    )


def _once(*parts: tuple[Notice, ...]) -> tuple[Notice, ...]:
    """Put notices one after the other, each once."""
    found: list[Notice] = []
    for notice in (notice for part in parts for notice in part):
        if notice not in found:
            found.append(notice)
    return tuple(found)


def _notices(
    contest: Contest,
    frame: Frame,
    arrival: Adjustment,
    resolution: Resolution,
    counts: Counts,
    estimate: Estimate | None,
    call: Call,
    areas: tuple[AreaResult, ...],
    predicted: bool,
) -> tuple[Notice, ...]:
    used, drawn = int(counts.seen.sum()), len(counts.seen)
    notices = list(arrival.notes)
    if estimate is None:
        notices.insert(0, Notice("W314", {"why": call.reasons[0]}))
    if used < drawn:
        notices.append(
            Notice("W325" if estimate is not None and predicted else "W304", {"missing": drawn - used, "drawn": drawn})
        )
    if resolution.outside:
        notices.append(Notice("W305", {"count": resolution.outside}))
    if resolution.untimed:
        notices.append(Notice("W310", {"count": resolution.untimed}))
    kept_out = int(counts.kept_out.sum())
    if kept_out:
        notices.append(Notice("W312", {"count": kept_out}))
    found = resolution.findings.counts()
    for code, rule in (("W315", "E207"), ("W316", "E214")):
        if rule in found:
            notices.append(Notice(code, {"count": found[rule]}))
    if estimate is None:
        return tuple(notices)
    known = np.isfinite(frame.registered)
    if TURNOUT not in estimate.names:
        notices.append(Notice("W307"))
    elif not known.all():
        notices.append(Notice("W306", {"percent": 100 * float(known.mean())}))
    if INVALID not in estimate.names:
        notices.append(Notice("W308"))
    for candidate, votes in zip(contest.candidates, counts.votes[counts.seen].sum(axis=0), strict=True):
        if votes == 0:
            notices.append(Notice("W311", {"number": candidate.number}))
    without = sum(area.estimate is None for area in areas)
    if without:
        notices.append(Notice("W309", {"count": without}))
    return tuple(notices)
