"""The takes of a night: what was projected, in which order, from what; their one writer and one reader.

A take is a folder of ``out/takes`` with ``projection.json`` and ``take.json``, which holds the other's hash. It is
there whole or not at all, is never written over, and one that was changed afterwards is refused.
"""

import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from estimation.baseline import baseline_path
from estimation.contest import Contest
from estimation.decision import Call, Progress
from estimation.errors import EstimateError
from estimation.files import sync, to_json, write_together
from estimation.projection.compute_projection import Projection
from estimation.projection.projection_files import PROJECTION, file_texts, folder_name, free_folder, record_of
from estimation.projection.record import SCHEMA, TAKE_SCHEMA, ProjectionRecord, TakeRecord, parse
from estimation.tables import find_table
from estimation.version import __version__

TAKES = "takes"
TAKE = "take.json"
_STAGE = ".take-"  # beside out/takes, not in it: who looks for takes never finds one that is being written


@dataclass(frozen=True, slots=True)
class Take:
    """A take, as it was written.

    Attributes
    ----------
    path : pathlib.Path
        Of its ``projection.json``.
    record : TakeRecord
        Its ``take.json``.
    projection : ProjectionRecord
        Its ``projection.json``.
    """

    path: Path
    record: TakeRecord
    projection: ProjectionRecord

    @property
    def name(self) -> str:
        """Its folder's name: its moment, and a number where several have one moment."""
        return self.path.parent.name

    @property
    def number(self) -> int:
        """1, 2, … in the order of writing."""
        return self.record.number

    @property
    def as_of(self) -> datetime | None:
        """Its moment; None where no return carried a time."""
        return self.projection.moment

    @property
    def call(self) -> Call:
        """Its verdict, without the reasons."""
        return self.projection.verdict()

    @property
    def used(self) -> int:
        """Stations whose return is used."""
        return self.projection.sample.used

    @property
    def kept_out(self) -> int:
        """Stations of the sample whose return is kept out."""
        return self.projection.sample.received - self.used


@dataclass(frozen=True, slots=True)
class Takes:
    """All takes of a folder.

    Attributes
    ----------
    takes : tuple of Take
        In the order of writing.
    refused : mapping of str to str
        Folders that can't be used as takes, by name, and why.
    numbered : int
        The highest number given so far, to one that is refused now too.
    """

    takes: tuple[Take, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    numbered: int = 0

    @property
    def last(self) -> Take | None:
        """The newest take."""
        return self.takes[-1] if self.takes else None

    def up_to(self, moment: datetime) -> "Takes":
        """Leave out what was said of later moments."""
        earlier = tuple(take for take in self.takes if take.as_of is None or take.as_of <= moment)
        return Takes(earlier, self.refused, self.numbered)

    def remembered(self) -> Take | None:
        """Give the take whose verdict the next one must remember: the one that called somebody, or withdrew a call.

        Takes after it that say the same are passed over, so that what a take says does not depend on how many were
        taken since; None where there is no call to remember.
        """
        deciding = None
        for take in reversed(self.takes):
            verdict = _verdict(take.call)
            if verdict is None or (deciding is not None and verdict != _verdict(deciding.call)):
                break
            deciding = take
        return deciding


def _verdict(call: Call) -> tuple[bool, int | None] | None:
    """Give what a later take remembers of a verdict: who is called, or whose call was withdrawn."""
    if call.status == "called":
        return True, call.winner
    return None if call.earlier is None else (False, call.earlier)


def read_takes(contest: Contest, folder: Path | None = None, known: Takes | None = None) -> Takes:
    """Read every take of a contest, in the order of writing; what is none is refused, and listed with the reason.

    A take is accepted when its ``projection.json`` keeps to the schema projection/1, is of this contest, its mode and
    its candidates, and is what its ``take.json`` says was written.

    Parameters
    ----------
    folder : pathlib.Path, optional
        ``out/takes`` by default; one that is not there has no takes.
    known : Takes, optional
        What was read before: a take that was accepted is not parsed again while its file is untouched.
    """
    before = {} if known is None else {take.name: take for take in known.takes}
    takes: list[Take] = []
    refused: dict[str, str] = {}
    numbered = 0 if known is None else known.numbered
    for path in sorted((folder or contest.out / TAKES).glob(f"*/{PROJECTION}")):
        name = path.parent.name
        try:
            take = before.get(name) or _read_take(path, contest)
        except EstimateError as error:
            refused[name] = str(error)
            numbered = max(numbered, _number_of(path))
            continue
        takes.append(take)
        numbered = max(numbered, take.number)
    takes.sort(key=lambda take: (take.number, take.name))
    return Takes(tuple(takes), refused, numbered)


def read_projection(path: Path, contest: Contest) -> ProjectionRecord:
    """Read a ``projection.json`` of a contest, of a take or made by hand.

    Raises
    ------
    EstimateError
        It can't be read, breaks the schema, is another contest's or of another mode or has other candidates; or it is a
        take's, and was changed after it was written.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EstimateError(f"it can't be read: {error.strerror}") from error
    beside = path.with_name(TAKE)
    record = read_record(beside) if beside.is_file() else None
    if record is not None and record.projection_sha256 != sha256(content).hexdigest():
        raise EstimateError("it was changed after it was written: its hash is not the one in take.json")
    projection: ProjectionRecord = parse(ProjectionRecord, content, SCHEMA)
    about = contest.about
    if projection.contest != about.id:
        raise EstimateError(f"it is a take of '{projection.contest}', not of '{about.id}'")
    if projection.mode != about.mode:
        raise EstimateError(f"it is of mode '{projection.mode}', and the contest is of mode '{about.mode}'")
    if projection.numbers != [candidate.number for candidate in contest.candidates]:
        numbers = ", ".join(map(str, projection.numbers))
        raise EstimateError(f"it has the candidates {numbers}, which are not the contest's")
    return projection


def read_record(path: Path) -> TakeRecord:
    """Read a ``take.json``.

    Raises
    ------
    EstimateError
        It can't be read, or breaks the schema take/1.
    """
    try:
        record: TakeRecord = parse(TakeRecord, path.read_bytes(), TAKE_SCHEMA)
    except (OSError, EstimateError) as error:
        raise EstimateError(f"its take.json is no record of a take ({error}): restore it from a copy") from error
    return record


def _read_take(path: Path, contest: Contest) -> Take:
    beside = path.with_name(TAKE)
    if not beside.is_file():
        raise EstimateError(
            "it has no take.json, so that nothing says it is what a watch wrote: projections made by hand belong in "
            "out/projections"
        )
    return Take(path, read_record(beside), read_projection(path, contest))


def _number_of(path: Path) -> int:
    """Give the number that a take has though it is refused now; 0 where nothing says."""
    try:
        return read_record(path.with_name(TAKE)).number
    except EstimateError:
        return 0


def input_hashes(contest: Contest) -> dict[str, str]:
    """Hash what a take is made from besides the returns; '' for a file that is not there.

    Returns
    -------
    dict of str to str
        SHA-256 of ``contest.toml``, the frame, the baseline, the sample and its manifest; the program's version.
    """
    return {name: _hash(path) for name, path in input_files(contest).items()} | {"version": __version__}


def input_files(contest: Contest) -> dict[str, Path]:
    """Name the files that a take is made from besides the returns."""
    frame = contest.frame.path
    files = {
        "contest": contest.folder / "contest.toml",
        "frame": contest.folder / frame if frame else find_table(contest.folder, "frame"),
        "baseline": baseline_path(contest),
        "sample": contest.out / "sample.csv",
        "manifest": contest.out / "manifest.json",
    }
    return {name: path for name, path in files.items() if path is not None}


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def planned_step(contest: Contest, progress: Progress) -> int | None:
    """Count the planned takes whose information is in; None where no number of takes is planned.

    ``[estimate] takes`` = K plans looks at 1/K, 2/K, … of the information of the whole sample, and the error of the
    night is spent over these (see :func:`estimation.decision.bounds.critical`): a look in between would spend more.
    Where every station is asked there is no such plan.
    """
    table = contest.estimate
    if table.call_rule != "planned" or table.takes is None or progress.whole:
        return None
    return math.floor(min(progress.information, 1.0) * table.takes + 1e-9)


def is_due(step: int | None, last: Take | None, planned: int | None) -> bool:
    """Say whether a planned take is due: its information is in, or all is, and the returns changed since.

    Parameters
    ----------
    step : int or None
        See :func:`planned_step`; None is always due.
    planned : int or None
        How many takes are planned.
    """
    if step is None:
        return True
    done = 0 if last is None or last.record.step is None else last.record.step
    return step > done or (step == done and step == planned)


def same_numbers(projection: Projection, take: Take) -> bool:
    """Say whether a projection has the same data and numbers as a take; only what it remembers may differ."""
    return _without_memory(record_of(projection)) == _without_memory(take.projection)


def _without_memory(record: ProjectionRecord) -> tuple[object, ...]:
    kept = {name: getattr(record, name) for name in type(record).model_fields if name not in ("call", "provenance")}
    provenance = record.provenance.document()
    provenance.pop("previous_sha256", None)
    return kept, provenance


def write_take(
    contest: Contest,
    projection: Projection,
    takes: Takes,
    *,
    inputs: Mapping[str, str] | None = None,
    ledger: str = "",
    written_at: datetime | None = None,
    recorded_by: datetime | None = None,
) -> Take:
    """Write a take into a folder of its own, which appears with all its files at once.

    A take of the same moment is never written over: the next one of that moment is ``<moment>-002``.

    Parameters
    ----------
    takes : Takes
        Those before it.
    inputs : mapping of str to str, optional
        See :func:`input_hashes`, which is asked where they are not given.
    ledger : str
        The end of the ledger's chain.
    written_at : datetime, optional
        The present moment; it stands in ``take.json`` only.
    recorded_by : datetime, optional
        The moment up to which the ledger was looked at; the same.
    """
    folder, deciding = contest.out / TAKES, takes.remembered()
    stage = contest.out / f"{_STAGE}{os.getpid()}"
    shutil.rmtree(stage, ignore_errors=True)
    try:
        files = file_texts(projection)
        content = files[PROJECTION].encode("utf-8")
        record = TakeRecord(
            schema_=TAKE_SCHEMA,
            number=takes.numbered + 1,
            written_at=(written_at or datetime.now(UTC)).isoformat(),
            projection_sha256=sha256(content).hexdigest(),
            inputs=dict(inputs if inputs is not None else input_hashes(contest)),
            ledger=ledger,
            step=planned_step(contest, projection.progress),
            previous=deciding.name if deciding else None,
            recorded_by=recorded_by.isoformat() if recorded_by else "",
        )
        write_together(stage, files | {TAKE: to_json(record.document())})
        folder.mkdir(parents=True, exist_ok=True)
        target = free_folder(folder / folder_name(projection))
        stage.rename(target)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    sync(folder)
    return Take(target / PROJECTION, record, parse(ProjectionRecord, content, SCHEMA))


def sweep_takes(contest: Contest) -> None:
    """Remove takes that a killed watch had begun to write."""
    for stage in contest.out.glob(f"{_STAGE}*"):
        shutil.rmtree(stage)
