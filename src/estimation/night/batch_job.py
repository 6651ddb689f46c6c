"""One contest of many: its projection, or one page of it, as the work of one process."""

import json
import traceback
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from estimation.contest import Contest, ProjectionRequest, load_contest
from estimation.errors import EstimationError
from estimation.night.batch_state import BatchState, inputs_fingerprint, page_key
from estimation.night.lock import locked
from estimation.projection import Projection, Takes, project_contest, read_takes, takes, write_projection, write_take
from estimation.projection.projection_files import PROJECTION
from estimation.projection.takes import read_record
from estimation.publish.pages import render
from estimation.publish.release import place
from estimation.returns.locate import uses_ledger

LOCK = "watch.lock"  # the same as a watch's: two writers of takes would remember two nights


@dataclass(frozen=True, slots=True)
class Asked:
    """What every contest is projected with.

    Attributes
    ----------
    as_of : datetime or None
    estimator : str or None
        None for each contest's own.
    """

    as_of: datetime | None = None
    estimator: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One contest to project; with a kind, one page of it to make.

    Attributes
    ----------
    folder : pathlib.Path
        Whole, as a cluster's workers stand elsewhere.
    asked : Asked
    kind, language : str
        Of the page.
    take : str
        The ``projection.json`` that the page is of.
    """

    folder: Path
    asked: Asked
    kind: str = ""
    language: str = ""
    take: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """One page.

    Attributes
    ----------
    kind, language : str
    state : str
        ``made``, ``unchanged`` or ``failed``; the last good page stays where one failed.
    path : pathlib.Path or None
    made_from : str
        See :func:`estimation.night.batch_state.page_key`.
    error, trace : str
        Why it failed; the trace only of what is a fault of this program.
    """

    kind: str
    language: str
    state: Literal["made", "unchanged", "failed"]
    path: Path | None = None
    made_from: str = ""
    error: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class ContestOutcome:
    """How one contest came out.

    Attributes
    ----------
    folder : pathlib.Path
    state : str
        ``computed``, ``unchanged`` or ``failed``.
    contest : Contest or None
        None where ``contest.toml`` can't be used.
    take : pathlib.Path or None
        Its newest good ``projection.json``; where it failed, that of an earlier time.
    waits : str
        Why no new take was made though something changed: none of those planned is due.
    error, trace : str
        Why it failed; the trace only of what is a fault of this program.
    again : bool
        A process died while it was in hand, and it was done again.
    pages : tuple of Made
    """

    folder: Path
    state: Literal["computed", "unchanged", "failed"]
    contest: Contest | None = None
    take: Path | None = None
    waits: str = ""
    error: str = ""
    trace: str = ""
    again: bool = False
    pages: tuple[Made, ...] = ()


def needs_run(job: Job) -> ContestOutcome:
    """Say whether a contest has to be projected: ``computed`` if so, though nothing is computed here."""
    try:
        contest = load_contest(job.folder)
    except Exception as error:  # reported, and the other contests go on
        return ContestOutcome(job.folder, "failed", **error_text(error))
    state, take, inputs = BatchState.load(contest), None, None
    with suppress(EstimationError, OSError):  # computing it says what is wrong
        take = state.good_take(contest)
        inputs = inputs_fingerprint(contest, job.asked.as_of, job.asked.estimator)
    same = take is not None and inputs is not None and inputs == state.inputs
    return ContestOutcome(job.folder, "unchanged" if same else "computed", contest, take)


def run(job: Job) -> ContestOutcome:
    """Project a contest, write its take where it says something new, and record what it was made from."""
    try:
        contest = load_contest(job.folder)
        now = datetime.now(UTC)
        with locked(contest.out / LOCK, now):
            inputs, take, waits = _take(contest, job.asked, now)
            digest = sha256(take.read_bytes()).hexdigest() if take else ""
            name = take.parent.relative_to(contest.out).as_posix() if take else ""
            BatchState(inputs, name, digest, BatchState.load(contest).pages).save(contest)
    except Exception as error:  # reported, and the other contests go on
        return ContestOutcome(job.folder, "failed", **error_text(error))
    return ContestOutcome(job.folder, "unchanged" if waits else "computed", take=take, waits=waits)


def _take(contest: Contest, asked: Asked, now: datetime) -> tuple[dict[str, str] | None, Path | None, str]:
    """Project, and write the take unless one says the same or none is due.

    Returns
    -------
    dict of str to str, or None
        What it was made from.
    pathlib.Path or None
        The newest take; None where the first is not due.
    str
        Why none was made, where none is due; else blank.
    """
    if uses_ledger(contest):
        from estimation.returns.ledger import gather

        gather(contest)  # first, so that the ledger that is hashed here is the one that the next run finds
    inputs = inputs_fingerprint(contest, asked.as_of, asked.estimator)
    whole = read_takes(contest)
    history = whole
    if asked.as_of is not None:  # what was said later is not remembered
        history = whole.up_to(asked.as_of)
    held = history.remembered()
    request = ProjectionRequest.of(as_of=asked.as_of, estimator=asked.estimator, previous=held.path if held else None)
    projection = project_contest(contest, request)
    if len(history.takes) < len(whole.takes):
        return inputs, _look_back(projection, history), ""
    last, of = whole.last, contest.estimate.takes
    if last is not None and takes.same_numbers(projection, last):
        return inputs, last.path, ""
    step = takes.planned_step(contest, projection.progress)
    if not takes.is_due(step, last, of):
        part = 100 * projection.progress.information
        due = 100 * ((step or 0) + 1) / (of or 1)
        waits = f"{part:.1f} % of the information is in: the next of {of} planned takes is due at {due:.1f} %"
        return inputs, last.path if last else None, waits
    return inputs, write_take(contest, projection, whole, written_at=now).path, ""


def _look_back(projection: Projection, earlier: Takes) -> Path:
    """Write what would have been said earlier in the night: beside its takes, and remembered by none."""
    for take in earlier.takes:
        if take.as_of == projection.as_of and takes.same_numbers(projection, take):
            return take.path
    return write_projection(projection)


def current_page(result: ContestOutcome, kind: str, language: str, now: datetime) -> Made | None:
    """Give the page that is there, where it was made from what there is now; else None."""
    contest, take = result.contest, result.take
    if contest is None or take is None:
        return None
    known = BatchState.load(contest).pages.get(f"{kind}-{language}", {})
    path, key = contest.folder / known.get("path", ""), ""
    with suppress(EstimationError, OSError):  # making it says what is wrong
        key = page_key(contest, take, kind, language, place(contest, now))
    if not key or known.get("made_from") != key or not path.is_file():
        return None
    return Made(kind, language, "unchanged", path, key)


def make_take_page(job: Job) -> Made:
    """Make one page of a take, as of its moment; the numbers on it are the take's."""
    try:
        contest, take = load_contest(job.folder), Path(job.take)
        document = json.loads(take.read_text(encoding="utf-8"))
        parameters: dict[str, object] = {"as_of": document["as_of"], "estimator": job.asked.estimator}
        if job.kind == "projection":
            parameters["previous"] = _previous(take)
        now = datetime.now(UTC)
        key = page_key(contest, take, job.kind, job.language, place(contest, now))
        page = render(contest, kind=job.kind, language=job.language, parameters=parameters, now=now)
    except Exception as error:  # reported, and the other pages are made
        return Made(job.kind, job.language, "failed", **error_text(error))
    return Made(job.kind, job.language, "made", page.path, key)


def _previous(take: Path) -> str | None:
    """Name the take whose verdict this one remembers, as its record says."""
    beside = take.with_name(takes.TAKE)
    name = read_record(beside).previous if beside.is_file() else None
    return str(take.parents[1] / name / PROJECTION) if name else None


def record_page(contest: Contest, made: Made) -> Made:
    """Record what a page was made from; where that can't be written, the page counts as failed, and is made again."""
    if made.path is None:
        return made
    state, path = BatchState.load(contest), made.path.relative_to(contest.folder).as_posix()
    pages = {**state.pages, f"{made.kind}-{made.language}": {"made_from": made.made_from, "path": path}}
    try:
        replace(state, pages=pages).save(contest)
    except OSError as error:
        return replace(made, state="failed", **error_text(error))
    return made


def error_text(error: Exception) -> dict[str, Any]:
    """Describe an error: what, where and what to do; of a fault of this program, keep the trace."""
    if isinstance(error, EstimationError):
        return {"error": str(error)}
    if isinstance(error, OSError):
        return {"error": f"{error.filename or 'a file'}: {error.strerror or error}: check the path and the disk"}
    text = f"{type(error).__name__}: {error}: this is a fault of the program: report it, with the trace in --json"
    return {"error": text, "trace": traceback.format_exc()}
