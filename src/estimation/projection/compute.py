"""The one function that makes a projection, and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from estimation import __version__
from estimation.arrays import Array
from estimation.contest import INVALID, TURNOUT, Contest, estimate_table
from estimation.decision import Call, Overturn, Progress, decide, information, lead_of, overturn, thin_part, thin_strata
from estimation.errors import DesignError, EstimateError
from estimation.estimators import Adjustment, Weighting, weight_responding
from estimation.frame import Frame, load_frame
from estimation.projection.areas import AreaResult, area_level, area_notices, by_area
from estimation.projection.earlier import previous_call
from estimation.projection.methods import check_sample, estimate_all, still_out
from estimation.projection.quality import Quality, quality
from estimation.returns import Counts, Intake, Resolution, read_returns, resolve, tally
from estimation.returns.locate import uses_ledger
from estimation.rules import Findings, Notice
from estimation.sampling import Sample, ask_all, design_of, read_sample
from estimation.sampling.manifest import read_manifest
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


def project(
    contest: Contest,
    *,
    sample_path: Path | None = None,
    returns_path: Path | None = None,
    as_of: datetime | None = None,
    recorded_by: datetime | None = None,
    level: float | None = None,
    where: str | None = None,
    estimate: Mapping[str, object] | None = None,
    previous: Path | None = None,
) -> Projection:
    """Project a contest from its sample and the returns that are in.

    Parameters
    ----------
    contest : Contest
    sample_path : pathlib.Path, optional
        ``out/sample.csv`` by default; not needed where every station is asked.
    returns_path : pathlib.Path, optional
        A file or folder of returns; ``[returns] path`` by default.
    as_of : datetime, optional
        Look only at what had been received by then; needs a UTC offset.
    recorded_by : datetime, optional
        Look only at what the ledger held then, whatever was entered later, corrections among it; needs a UTC offset.
    level : float, optional
        Confidence level of the displayed intervals; the contest's by default.
    where : str, optional
        An area, ``regency=SITUBONDO``, to look at alone; the manifest's by default.
    estimate : mapping of str to value, optional
        Keys of ``[estimate]`` to take in place of the contest's, as ``{"estimator": "calibrated"}``; blank
        values are passed over.
    previous : pathlib.Path, optional
        ``projection.json`` of the take before: a call that stood there and is no longer supported is
        withdrawn, and said to be.

    Raises
    ------
    EstimationError
        The contest, the frame or the sample can't be used, or no file of returns can; `recorded_by` is given, and the
        contest keeps no ledger or a file of returns was named.
    """
    if as_of is not None and as_of.tzinfo is None:
        raise EstimateError(f"as_of {as_of.isoformat()} has no UTC offset: give the moment with its zone")
    if recorded_by is not None and (returns_path is not None or not uses_ledger(contest)):
        raise EstimateError(
            f"recorded_by asks what the ledger held, and {contest.about.id} keeps none or a file of returns is named: "
            "leave it out, or enter returns with quickcount ingest or watch"
        )
    changes = {name: value for name, value in (estimate or {}).items() if value}
    files = {"sample": sample_path, "returns": returns_path, "previous": previous}
    options = {
        **{name: _relative(contest, path) for name, path in files.items() if path is not None},
        **{name: str(value) for name, value in changes.items()},
        **({} if recorded_by is None else {"recorded-by": contest.local(recorded_by).isoformat()}),
        **({} if level is None else {"level": f"{level:g}"}),
        **({} if where is None else {"where": where}),
    }
    if level is not None:
        contest = replace(contest, about=replace(contest.about, level=level))
    if changes:
        contest = replace(contest, estimate=estimate_table(contest.estimate, changes))
    frame, sample, seed = open_sample(contest, sample_path, where)
    intake = _returns(contest, returns_path, as_of, recorded_by)
    resolution = resolve(contest, frame, intake, sample.rows, as_of)
    counts = tally(contest, frame, resolution, sample.rows)
    provenance = {
        "frame_sha256": frame.sha256,
        **({} if frame.baseline_sha256 is None else {"baseline_sha256": frame.baseline_sha256}),
        "sample_sha256": sample.sha256,
        "returns_sha256": intake.sha256,
        "seed": seed,
        "version": __version__,
    }
    before = None if previous is None else previous_call(previous, contest)
    if previous is not None:
        provenance["previous_sha256"] = sha256(previous.read_bytes()).hexdigest()
    found = quality(contest, frame, intake, resolution, counts, sample.rows, as_of)
    return _assemble(contest, frame, sample, resolution, counts, provenance, before, found, options)


def _relative(contest: Contest, path: Path) -> str:
    """Name a file from the contest's folder, or by its name alone where it lies elsewhere."""
    path, folder = path.resolve(), contest.folder.resolve()
    return f"{contest.about.id}/{path.relative_to(folder).as_posix()}" if path.is_relative_to(folder) else path.name


def _returns(contest: Contest, path: Path | None, as_of: datetime | None, recorded_by: datetime | None) -> Intake:
    """Read what is named; else the ledger, where one is kept, with what is new in the inbox; else the inbox."""
    if path is None and uses_ledger(contest):
        from estimation.returns.ledger import gather  # SQLAlchemy takes as long to load as a projection to compute

        return gather(contest, as_of=as_of, recorded_by=recorded_by)
    return read_returns(contest, path)


def open_sample(contest: Contest, path: Path | None, where: str | None) -> tuple[Frame, Sample, str | None]:
    """Read the frame, the sample and the seed that its manifest names.

    Raises
    ------
    DesignError
        There is no sample and not every station is asked, or it doesn't fit the frame.
    """
    if path is None and contest.returns.asked == "all":
        frame = load_frame(contest, where)
        sample = ask_all(frame, design_of(contest).strata or "district")
        check_sample(contest, sample)
        return frame, sample, None
    path = path or contest.out / "sample.csv"
    if not path.is_file():
        raise DesignError(
            f"{path}: there is no sample: draw one with 'quickcount draw {contest.folder}', name one with --sample, "
            f'or write asked = "all" under [returns] where every station is asked'
        )
    manifest = read_manifest(path)
    frame = load_frame(contest, where or (manifest.where if manifest else None))
    design = design_of(contest, **(manifest.design if manifest else {}))
    sample = read_sample(path, frame, design)
    check_sample(contest, sample)
    return frame, sample, manifest.seed if manifest else None


def _assemble(
    contest: Contest,
    frame: Frame,
    sample: Sample,
    resolution: Resolution,
    counts: Counts,
    provenance: Mapping[str, str | None],
    before: Call | None,
    found: Quality,
    options: Mapping[str, str],
) -> Projection:
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
    call = decide(contest, estimate, progress, others=others, overturn=remaining, previous=before)
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
            area_notices(areas),
        ),
        findings=Findings.join(resolution.findings, frame.findings),
        provenance=provenance,
        frame=frame,
        sample=sample,
        resolution=resolution,
        quality=found,
        options=options,
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
