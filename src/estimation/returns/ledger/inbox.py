"""Looks through the inbox, and enters the files that nobody is writing any more; never touches one."""

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from estimation.contest import Contest
from estimation.errors import ReturnsError
from estimation.frame import Frame, load_frame
from estimation.returns.collect import CANDIDATES, InFile, collect_files
from estimation.returns.intake import Intake, list_files
from estimation.returns.ledger.append import Entered, enter_delivery
from estimation.returns.ledger.chain import Head
from estimation.returns.ledger.delivery import Delivery, FileRead
from estimation.returns.ledger.schema import read_transaction
from estimation.returns.ledger.state import Known, intake, known_files
from estimation.returns.ledger.store import Ledger, head, open_ledger
from estimation.returns.resolution import FormRules

SETTLE = 1.0
JUDGEMENTS = ("accepted", "corrected", "verified", "quarantined", "rejected")
OLD = 60.0  # seconds after which a file is taken to be whole without a second look
FILES, BYTES = 5_000, 1 << 22  # in one transaction, so that a bar moves
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
_OF_A_STATION = re.compile(r"(?:^|/)\d{13}\.json$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ingest:
    """What one look through the inbox brought.

    Attributes
    ----------
    read, unchanged : int
        Files.
    waiting : tuple of str
        Files still being written, or gone while they were read: the next look takes them.
    failed : mapping of str to str
        Files that can't be used, and why.
    entered : Entered
        Rows and events.
    head : Head
        The end of the chain.
    """

    read: int
    unchanged: int
    waiting: tuple[str, ...]
    failed: dict[str, str]
    entered: Entered
    head: Head = field(default_factory=lambda: Head(0, b""))

    def lines(self) -> list[str]:
        """Say what happened, for a terminal."""
        kinds = self.entered.kinds
        new = kinds.get("received", 0)
        said = [
            f"{self.read} files read, {self.unchanged} unchanged; {new:,} new returns, "
            f"{self.entered.duplicates:,} known already"
        ]
        of_new = [f"{kinds[kind]:,} {kind}" for kind in JUDGEMENTS if kinds.get(kind)]
        said += [", ".join(of_new)] if of_new else []
        said += [f"{name}: still being written, or gone: left for the next look" for name in self.waiting]
        return said + [f"{name}: {why}" for name, why in sorted(self.failed.items())]

    def document(self) -> dict[str, object]:
        """Give all of it as ``ingest --json`` writes it."""
        return {
            "schema": "ingest/1",
            "files": {
                "read": self.read,
                "unchanged": self.unchanged,
                "waiting": list(self.waiting),
                "failed": self.failed,
            },
            "rows": self.entered.rows,
            "new": self.entered.kinds.get("received", 0),
            "duplicates": self.entered.duplicates,
            "events": dict(sorted(self.entered.kinds.items())),
            "head": str(self.head),
        }


def ingest(
    ledger: Ledger,
    path: Path | None = None,
    *,
    settle: float = SETTLE,
    every: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Ingest:
    """Enter every file of a folder, or one file, that is new or was changed.

    A file is read when its size and time stay the same over ``settle`` seconds (or have for a minute), and entered
    only if they still are the same after it was read.

    Parameters
    ----------
    path : pathlib.Path, optional
        A file or a folder; the contest's inbox by default.
    settle : float
        Seconds between the two looks; 0 for none.
    every : bool
        Read files again that are unchanged.
    sleep, told : callable
        Waits; is told of each file done.

    Raises
    ------
    ReturnsError
        There is no such file or folder.
    EstimationError
        The frame can't be used.
    """
    contest = ledger.contest
    units, known = _units(contest, path), known_files(ledger)
    looks = {unit.path: unit.look() for unit in units}
    fresh = [u for u in units if every or u.file is None or not _is_known(known.get(u.path), looks[u.path])]
    moving = _moving(fresh, looks, settle, sleep)
    steady = [unit for unit in fresh if unit.path not in moving]
    progress = _Progress([unit.name for unit in fresh if unit.path in moving])
    if steady:
        rules = FormRules.of(contest, load_frame(contest))
        progress.candidates |= _explained(contest, units, known)
        done = 0
        for part in _parts(steady, looks):
            told(done, len(steady))
            delivery = _read(contest, part, looks, rules.frame, progress)
            progress.entered += enter_delivery(ledger, delivery, rules) if delivery.files else Entered()
            progress.read += len(delivery.files)
            done += len(part)
    with read_transaction(ledger.engine, ledger.name) as connection:
        end = head(connection)
    waiting = tuple(sorted(progress.waiting))
    return Ingest(progress.read, len(units) - len(fresh), waiting, progress.failed, progress.entered, end)


class _Progress:
    """What one look has brought so far."""

    def __init__(self, waiting: Iterable[str]) -> None:
        self.waiting = list(waiting)
        self.failed: dict[str, str] = {}
        self.entered, self.read = Entered(), 0
        self.candidates: dict[str, str] = {}


def _is_known(known: Known | None, look: "_Look | None") -> bool:
    return known is not None and known.usable and known.stamp == _stamp(look)


def _explained(contest: Contest, units: Sequence["_Unit"], known: Mapping[str, Known]) -> Mapping[str, str]:
    """Read the ballot numbers of KPU's candidates in files that are known already."""
    holding = {path for path, file in known.items() if file.format == CANDIDATES}
    files = [InFile(unit.file, unit.name) for unit in units if unit.file is not None and unit.path in holding]
    return collect_files(contest, files).candidates if files else {}


def _read(
    contest: Contest, part: Sequence["_Unit"], looks: Mapping[str, "_Look | None"], frame: Frame, progress: _Progress
) -> Delivery:
    """Read some files; those that were written to, or went away, since the first look, or can't be opened are left."""
    opened: list[tuple[_Unit, bytes]] = []
    for unit in part:
        try:
            opened.append((unit, b"" if unit.file is None else unit.file.read_bytes()))
        except FileNotFoundError:
            progress.waiting.append(unit.name)
        except OSError as error:
            progress.failed[unit.name] = f"{unit.file}: {error.strerror or error}: check the path and the permissions"
            progress.waiting.append(unit.name)
    files = [InFile(unit.file, unit.name, content) for unit, content in opened if unit.file is not None]
    database = len(files) < len(opened)
    read = collect_files(contest, files, frame, database=database, candidates=progress.candidates)
    progress.candidates |= read.candidates
    gone = np.array([unit.look() != looks[unit.path] for unit, _ in opened], dtype=np.bool_)
    for number, name, told in read.failed:
        if not gone[number]:
            progress.failed[name] = told
    progress.waiting += [unit.name for (unit, _), out in zip(opened, gone, strict=True) if out]
    of_file = zip(opened, read.sha256, read.written, strict=True)
    facts = tuple(_facts(unit, content, looks[unit.path], digest, how) for (unit, content), digest, how in of_file)
    return Delivery(facts, read.rows.table, read.origin, read.findings, read.owner).without(gone)


def _facts(unit: "_Unit", content: bytes, look: "_Look | None", digest: str, how: str) -> FileRead:
    size, modified = look if look is not None else (0, time.time_ns())
    digest = digest or sha256(content).hexdigest()  # of a file that can't be used too
    return FileRead(unit.path, digest, size, modified, _stamp(look), how)


def gather(
    contest: Contest,
    *,
    database: str | None = None,
    as_of: datetime | None = None,
    recorded_by: datetime | None = None,
    settle: float = SETTLE,
) -> Intake:
    """Enter what is new in the inbox, and give all that the ledger holds by a moment.

    Parameters
    ----------
    as_of : datetime, optional
        By time of receipt.
    recorded_by : datetime, optional
        What it held then; nothing is entered.
    """
    ledger = open_ledger(contest, database)
    try:
        if recorded_by is not None:
            return intake(ledger, as_of, recorded_by=recorded_by)
        if (contest.folder / contest.returns.path).exists() or contest.returns.database is not None:
            ingest(ledger, settle=settle)
        return intake(ledger, as_of)
    finally:
        ledger.close()


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is entered as one: a file, or the database.

    Attributes
    ----------
    path : str
        What the ledger knows it by.
    name : str
        What findings call it.
    file : pathlib.Path or None
        None for the database.
    """

    path: str
    name: str
    file: Path | None

    def look(self) -> "_Look | None":
        """Give size and time of the file; None for one that is gone."""
        if self.file is None:
            return None
        try:
            there = os.stat(self.file)  # noqa: PTH116 (of 800,000 files)
        except FileNotFoundError:
            return None
        return there.st_size, there.st_mtime_ns


_Look = tuple[int, int]


def _units(contest: Contest, path: Path | None) -> list[_Unit]:
    """List what is to be read; a database is read where no path was named.

    KPU's documents that may explain others, as they are of no single station, come first.
    """
    database = path is None and contest.returns.database is not None
    path = path or contest.folder / contest.returns.path
    if not path.exists() and not database:
        raise ReturnsError(f"{path}: there is no such file or folder: make it, or name another with --returns")
    label = _label(contest, path if path.is_dir() else path.parent)
    units = [_Unit(f"{label}/{name}", name, file) for file, name in list_files(path) if not _unfinished(name)]
    units.sort(key=lambda unit: not _may_explain(unit.name))
    return units + ([_Unit("database", "database", None)] if database else [])


def _unfinished(name: str) -> bool:
    name = name.rpartition("/")[2].lower()
    return name.startswith((".", "~$")) or name.endswith(_UNFINISHED)


def _may_explain(name: str) -> bool:
    return name.lower().endswith(".json") and not _OF_A_STATION.search(name)


def _label(contest: Contest, folder: Path) -> str:
    """Name a folder by its path from the contest folder, or by its whole path where it is elsewhere."""
    whole, root = folder.resolve(), contest.folder.resolve()
    return (whole.relative_to(root) if whole.is_relative_to(root) else whole).as_posix()


def _stamp(look: _Look | None) -> str:
    """Say by what a file is known to be unchanged without being read."""
    return "" if look is None else "{}:{}".format(*look)


def _moving(
    units: Sequence[_Unit], looks: Mapping[str, _Look | None], settle: float, sleep: Callable[[float], None]
) -> set[str]:
    """Find files that do not stay as they are; one that was written to within a minute gets a second look."""
    now = time.time()
    seen = [(unit, looks[unit.path]) for unit in units if unit.file is not None]
    young = [(unit, look) for unit, look in seen if look is not None and abs(now - look[1] / 1e9) < OLD]
    if young and settle > 0:
        sleep(settle)
    return {unit.path for unit, look in seen if look is None} | {
        unit.path for unit, look in young if unit.look() != look
    }


def _parts(units: Sequence[_Unit], looks: Mapping[str, _Look | None]) -> Iterator[list[_Unit]]:
    """Part what is to be entered: so many files or bytes in a transaction."""
    part: list[_Unit] = []
    size = 0
    for unit in units:
        look = looks[unit.path]
        length = 0 if look is None else look[0]
        if part and (len(part) >= FILES or size + length > BYTES):
            yield part
            part, size = [], 0
        part.append(unit)
        size += length
    if part:
        yield part
