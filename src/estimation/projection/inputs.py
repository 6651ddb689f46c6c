"""From files to an evening: all that one moment of a contest is projected from."""

import tempfile
from hashlib import sha256
from pathlib import Path

import pandas as pd

from estimation.contest import Contest, ProjectionRequest
from estimation.decision import Call
from estimation.errors import DesignError, EstimateError
from estimation.frame import Frame, load_frame
from estimation.projection.compute_projection import Projection, project
from estimation.projection.evening import Evening
from estimation.projection.methods import check_sample
from estimation.projection.quality import quality
from estimation.projection.takes import Take, read_projection, read_takes, write_take
from estimation.returns import Intake, read_returns, resolve, tally
from estimation.returns.locate import uses_ledger
from estimation.rules import Notice
from estimation.sampling import Sample, ask_all, design_of, read_sample
from estimation.sampling.draw_manifest import read_manifest
from estimation.version import __version__


def project_contest(contest: Contest, request: ProjectionRequest | None = None, **options: object) -> Projection:
    """Read a contest's evening and project it.

    Parameters
    ----------
    contest : Contest
    request : ProjectionRequest, optional
    **options
        In place of a request, its fields: ``as_of="2024-11-27T18:30:00+07:00"``, ``estimator="ratio"``.

    Raises
    ------
    EstimationError
        An option, the contest, the frame or the sample can't be used, or no file of returns can.
    """
    request = request or ProjectionRequest.of(**options)
    return project(read_evening(contest, request), request)


def make_take(contest: Contest, **options: object) -> Take:
    """Project a contest and write the take, as a watch does: it remembers the verdict of the takes before it.

    Parameters
    ----------
    contest : Contest
    **options
        Fields of a request: see :func:`project_contest`. With ``as_of`` only takes up to that moment are remembered,
        unless ``previous`` names one.
    """
    request, takes = ProjectionRequest.of(**options), read_takes(contest)
    deciding = (takes if request.as_of is None else takes.up_to(request.as_of)).remembered()
    if deciding is not None and request.previous is None:
        request = request.model_copy(update={"previous": deciding.path})
    return write_take(contest, project_contest(contest, request), takes, recorded_by=request.recorded_by)


def read_evening(
    contest: Contest,
    request: ProjectionRequest | None = None,
    *,
    sample: Sample | None = None,
    returns: pd.DataFrame | None = None,
) -> Evening:
    """Read the frame, the sample and the returns of a contest.

    Parameters
    ----------
    contest : Contest
    request : ProjectionRequest, optional
        Which sample, returns, moment and area; the contest's own by default.
    sample : Sample, optional
        In place of a file: one that was drawn and not saved.
    returns : pandas.DataFrame, optional
        In place of files: a row for each count sent, with the columns of a file of returns. W330 then says that
        nobody can make the projection again from files.

    Raises
    ------
    EstimationError
        The contest, the frame or the sample can't be used, or no file of returns can; `recorded_by` is asked for, and
        the contest keeps no ledger or a file of returns was named; a file and an object are given for one thing.
    """
    request = request or ProjectionRequest()
    _check_once(request, sample, returns)
    if request.recorded_by is not None and (
        request.returns is not None or returns is not None or not uses_ledger(contest)
    ):
        raise EstimateError(
            f"recorded_by asks what the ledger held, and {contest.about.id} keeps none or a file of returns is named: "
            "leave it out, or enter returns with quickcount ingest or watch"
        )
    asked = request.applied_to(contest)
    if sample is None:
        frame, sample, seed = open_sample(asked, request.sample, request.where)
    else:
        frame, seed = load_frame(contest, request.where), None
        check_sample(asked, sample)
    intake = _intake(contest, request) if returns is None else _of_table(contest, returns)
    resolution = resolve(contest, frame, intake, sample.rows, request.as_of)
    counts = tally(contest, frame, resolution, sample.rows)
    provenance = {
        "frame_sha256": frame.sha256,
        **({} if frame.baseline_sha256 is None else {"baseline_sha256": frame.baseline_sha256}),
        "sample_sha256": sample.sha256,
        "returns_sha256": intake.sha256,
        "seed": seed,
        "version": __version__,
    }
    previous = None
    if request.previous is not None:
        previous = _previous_call(request.previous, contest)
        provenance["previous_sha256"] = sha256(request.previous.read_bytes()).hexdigest()
    return Evening(
        contest=contest,
        frame=frame,
        sample=sample,
        counts=counts,
        resolution=resolution,
        quality=quality(contest, frame, intake, resolution, counts, sample.rows, request.as_of),
        provenance=provenance,
        previous=previous,
        notices=() if returns is None else (Notice("W330"),),
    )


def _check_once(request: ProjectionRequest, sample: Sample | None, returns: pd.DataFrame | None) -> None:
    for name, value in (("sample", sample), ("returns", returns)):
        if value is not None and getattr(request, name) is not None:
            raise EstimateError(f"{name} is given as a file and as an object: leave one of them out")


def _previous_call(path: Path, contest: Contest) -> Call:
    try:
        return read_projection(path, contest).verdict()
    except EstimateError as error:
        raise EstimateError(f"{path}: {error}: name the projection.json of an earlier take of this contest") from error


def _intake(contest: Contest, request: ProjectionRequest) -> Intake:
    """Read what is named; else the ledger, where one is kept, with what is new in the inbox; else the inbox."""
    if request.returns is None and uses_ledger(contest):
        from estimation.returns.ledger import gather  # SQLAlchemy takes as long to load as a projection to compute

        return gather(contest, as_of=request.as_of, recorded_by=request.recorded_by)
    return read_returns(contest, request.returns)


def _of_table(contest: Contest, table: pd.DataFrame) -> Intake:
    """Read a table as a file of returns is read: what is true of a row in a file is true of it here."""
    with tempfile.TemporaryDirectory(prefix="quickcount-") as folder:
        path = Path(folder) / "returns.csv"
        table.to_csv(path, index=False, lineterminator="\n")
        return read_returns(contest, path)


def open_sample(contest: Contest, path: Path | None, where: str | None) -> tuple[Frame, Sample, str | None]:
    """Read the frame, the sample and the seed that its manifest names.

    Raises
    ------
    DesignError
        There is no sample and not every station is asked, it doesn't fit the frame, or its method can't give the
        variance that is asked for.
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
