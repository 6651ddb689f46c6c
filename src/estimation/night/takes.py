"""The takes of a night: what was projected, in which order, from what. A take is there whole, or not at all."""

import json
import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from estimation import __version__
from estimation.baseline import baseline_path
from estimation.contest import Contest
from estimation.decision import Call, Progress
from estimation.errors import EstimateError
from estimation.files import to_json, write_text
from estimation.projection import Projection, document, write_take
from estimation.projection.document import take_name
from estimation.projection.earlier import previous_call
from estimation.tables import find_table

RECORD = "take.json"
PROJECTION = "projection.json"
_STAGE = ".take-"  # beside out/takes, not in it: who looks for takes never finds one that is being written


@dataclass(frozen=True, slots=True)
class Take:
    """A take that was written.

    Attributes
    ----------
    path : pathlib.Path
        Of its ``projection.json``.
    number : int
        1, 2, … in the order of writing; 0 for one that no watch wrote.
    call : Call
    document : mapping
        Its ``projection.json``.
    inputs : mapping of str to str
        See :func:`inputs`; empty where no watch wrote it.
    ledger : str
        The end of the ledger's chain when it was projected.
    step : int or None
        How many of the planned takes it completes; None without a plan.
    previous : str or None
        The take whose verdict it remembers.
    recorded_by : str
        The moment up to which the ledger held what it was made from; blank where nothing says.
    """

    path: Path
    number: int
    call: Call
    document: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    ledger: str = ""
    step: int | None = None
    previous: str | None = None
    recorded_by: str = ""

    @property
    def name(self) -> str:
        """Its folder's name: its moment, and a number where several have one moment."""
        return self.path.parent.name

    @property
    def as_of(self) -> datetime | None:
        """Its moment."""
        text = self.document["as_of"]
        return datetime.fromisoformat(text) if text else None

    @property
    def used(self) -> int:
        """Stations whose return is used."""
        return int(self.document["sample"]["used"])

    @property
    def kept_out(self) -> int:
        """Stations of the sample whose return is kept out."""
        return int(self.document["sample"]["received"]) - self.used


@dataclass(frozen=True, slots=True)
class History:
    """All takes in the folder ``out/takes``.

    Attributes
    ----------
    takes : tuple of Take
        In the order of writing; those that no watch wrote stand before, by their moments.
    refused : mapping of str to str
        Folders that can't be used as takes, and why.
    numbered : int
        The highest number given so far.
    """

    takes: tuple[Take, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    numbered: int = 0

    @property
    def last(self) -> Take | None:
        """The newest take."""
        return self.takes[-1] if self.takes else None

    def remembered(self) -> Take | None:
        """Give the take whose verdict the next one must remember: the one that called somebody, or withdrew a call.

        Takes after it that say the same are passed over, so that what a take says does not depend on how many were
        taken since; None where there is no call to remember.
        """
        held = None
        for take in reversed(self.takes):
            verdict = _verdict(take.call)
            if verdict is None or (held is not None and verdict != _verdict(held.call)):
                break
            held = take
        return held


def _verdict(call: Call) -> tuple[bool, int | None] | None:
    """Give what a later take remembers of a verdict: who is called, or whose call was withdrawn."""
    if call.status == "called":
        return True, call.winner
    return None if call.earlier is None else (False, call.earlier)


def read_history(contest: Contest, known: History | None = None) -> History:
    """Read the takes of a contest.

    Parameters
    ----------
    known : History, optional
        What was read before: a take is read once, as none is ever rewritten.
    """
    before = {} if known is None else {take.name: take for take in known.takes}
    takes, refused, numbered = [], {}, 0 if known is None else known.numbered
    for path in sorted((contest.out / "takes").glob(f"*/{PROJECTION}")):
        name = path.parent.name
        try:
            take = before.get(name) or _read(path, contest)
        except _OverwrittenError as error:
            refused[name], numbered = str(error), max(numbered, error.number)
            continue
        except EstimateError as error:
            refused[name] = str(error)
            continue
        takes.append(take)
        numbered = max(numbered, take.number)
    takes.sort(key=lambda take: (take.number, take.as_of.timestamp() if take.as_of else -math.inf, take.name))
    return History(tuple(takes), refused, numbered)


class _OverwrittenError(EstimateError):
    """A take of the watch that is no longer what was written; its number stays given."""

    number = 0


def _read(path: Path, contest: Contest) -> Take:
    call = previous_call(path, contest)
    content = path.read_bytes()
    record: dict[str, Any] = {}
    beside = path.with_name(RECORD)
    if beside.is_file():
        try:
            record = json.loads(beside.read_text(encoding="utf-8"))
            whole = record["projection_sha256"] == sha256(content).hexdigest()
            fields = {key: record[key] for key in ("number", "inputs", "ledger", "step", "previous")}
        except (ValueError, KeyError, TypeError) as error:
            raise EstimateError(f"{beside}: this is no record of a take ({error}): restore it from a copy") from error
        if not whole:
            refused = _OverwrittenError(
                f"{path}: it was overwritten after the watch had written it, as 'quickcount project' does with a take "
                f"of the same moment: it is passed over, and the next take stands beside it"
            )
            refused.number = int(fields["number"])
            raise refused
        recorded = str(record.get("recorded_by", ""))
        return Take(path, call=call, document=json.loads(content), recorded_by=recorded, **fields)
    return Take(path, 0, call, json.loads(content))


def inputs(contest: Contest) -> dict[str, str]:
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
    found = {
        "contest": contest.folder / "contest.toml",
        "frame": contest.folder / frame if frame else find_table(contest.folder, "frame"),
        "baseline": baseline_path(contest),
        "sample": contest.out / "sample.csv",
        "manifest": contest.out / "manifest.json",
    }
    return {name: path for name, path in found.items() if path is not None}


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


def is_due(step: int | None, last: Take | None, of: int | None) -> bool:
    """Say whether a planned take is due: its information is in, or all is, and the returns changed since.

    Parameters
    ----------
    step : int or None
        See :func:`planned_step`; None is always due.
    of : int or None
        How many takes are planned.
    """
    if step is None:
        return True
    done = 0 if last is None or last.step is None else last.step
    return step > done or (step == done and step == of)


def says_the_same(projection: Projection, take: Take) -> bool:
    """Say whether a projection has the same data and numbers as a take; only what it remembers may differ."""
    now: dict[str, Any] = json.loads(to_json(document(projection)))
    return _numbers(now) == _numbers(take.document)


def _numbers(said: Mapping[str, Any]) -> dict[str, Any]:
    provenance = {key: value for key, value in said["provenance"].items() if key != "previous_sha256"}
    return {**said, "call": None, "provenance": provenance}


def put(
    contest: Contest,
    projection: Projection,
    history: History,
    *,
    given: Mapping[str, str],
    ledger: str,
    written_at: datetime,
    recorded_by: datetime | None = None,
) -> Take:
    """Write a take into a folder of its own, which appears with all its files at once.

    A take of the same moment is never overwritten: the next one of that moment is ``<moment>-002``.

    Parameters
    ----------
    history : History
        The takes before it.
    given : mapping of str to str
        See :func:`inputs`.
    ledger : str
        The end of the ledger's chain.
    written_at : datetime
        The present moment; it stands in ``take.json`` only.
    recorded_by : datetime, optional
        The moment up to which the ledger was looked at; the same.
    """
    takes, held = contest.out / "takes", history.remembered()
    stage = contest.out / f"{_STAGE}{os.getpid()}"
    shutil.rmtree(stage, ignore_errors=True)
    try:
        content = write_take(projection, stage).read_bytes()
        record = {
            "schema": "take/1",
            "number": history.numbered + 1,
            "written_at": written_at.isoformat(),
            "projection_sha256": sha256(content).hexdigest(),
            "inputs": dict(given),
            "ledger": ledger,
            "step": planned_step(contest, projection.progress),
            "previous": held.name if held else None,
            "recorded_by": recorded_by.isoformat() if recorded_by else "",
        }
        write_text(stage / RECORD, to_json(record))
        takes.mkdir(parents=True, exist_ok=True)
        target = _free(takes, take_name(projection))
        stage.rename(target)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    _keep(takes)
    return _read(target / PROJECTION, contest)


def _free(takes: Path, name: str) -> Path:
    path, count = takes / name, 1
    while path.exists():
        count += 1
        path = takes / f"{name}-{count:03d}"
    return path


def _keep(folder: Path) -> None:
    """See that a new name in a folder survives a power cut, where the system can say so of folders."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep_takes(contest: Contest) -> None:
    """Remove takes that a killed watch had begun to write."""
    for stage in contest.out.glob(f"{_STAGE}*"):
        shutil.rmtree(stage)
