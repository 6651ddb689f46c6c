"""Looks through the inbox, and enters the files that nobody is writing any more; never touches one."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path

from estimation import checks
from estimation.contest import Contest
from estimation.errors import EstimationError, ReturnsError
from estimation.frame import Frame, load_frame
from estimation.returns.intake import Intake, list_files, read_files
from estimation.returns.ledger.chain import Head
from estimation.returns.ledger.entering import Arrival, Entered, enter
from estimation.returns.ledger.schema import reading
from estimation.returns.ledger.state import intake, known_files, no_rows
from estimation.returns.ledger.store import Ledger, head, open_ledger
from estimation.returns.resolution import Judge

SETTLE = 1.0
JUDGEMENTS = ("accepted", "corrected", "verified", "quarantined", "rejected")
OLD = 60.0  # seconds after which a file is taken to be whole without a second look
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart")


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
    looks = {unit: unit.look() for unit in units}
    fresh = [u for u in units if every or u.database or known.get(u.path) != (_stamp(looks[u]), True)]
    moving = _moving(fresh, looks, settle, sleep)
    waiting = [name for _, name in moving]
    failed: dict[str, str] = {}
    total, read = Entered(), 0
    judge = Judge.of(contest, load_frame(contest)) if fresh else None
    for done, unit in enumerate(fresh):
        told(done, len(fresh))
        steady = unit.without(moving)
        if judge is None or not (steady.files or steady.database):
            continue
        arrival = _read(contest, steady, looks[unit], judge.frame, failed)
        if arrival is None:
            waiting.append(unit.name)
            continue
        total += enter(ledger, arrival, judge)
        read += 1
    with reading(ledger.engine, ledger.name) as connection:
        end = head(connection)
    return Ingest(read, len(units) - len(fresh), tuple(sorted(waiting)), failed, total, end)


def gather(
    contest: Contest,
    *,
    database: str | None = None,
    as_of: datetime | None = None,
    settle: float = SETTLE,
) -> Intake:
    """Enter what is new in the inbox, and give all that the ledger holds by a moment."""
    ledger = open_ledger(contest, database)
    try:
        if (contest.folder / contest.returns.path).exists() or contest.returns.database is not None:
            ingest(ledger, settle=settle)
        return intake(ledger, as_of)
    finally:
        ledger.close()


@dataclass(frozen=True, eq=False)
class _Unit:
    """What is read at once: a file; all JSON of the inbox, whose files explain each other; or the database."""

    path: str
    name: str
    files: tuple[tuple[Path, str], ...] = ()
    database: bool = False

    def look(self) -> dict[str, tuple[int, int]]:
        """Give size and time of each file; nothing for one that is gone."""
        found = {}
        for file, name in self.files:
            with suppress(FileNotFoundError):
                there = file.stat()
                found[name] = (there.st_size, there.st_mtime_ns)
        return found

    def without(self, moving: Collection[tuple[str, str]]) -> "_Unit":
        """Leave out what is still being written."""
        return replace(self, files=tuple((file, name) for file, name in self.files if (self.path, name) not in moving))


def _units(contest: Contest, path: Path | None) -> list[_Unit]:
    """Part what is to be read; a database is read where no path was named."""
    asked = path
    database = asked is None and contest.returns.database is not None
    path = path or contest.folder / contest.returns.path
    if not path.exists() and not database:
        raise ReturnsError(f"{path}: there is no such file or folder: make it, or name another with --returns")
    files = [(file, name) for file, name in list_files(path) if not _unfinished(file)]
    joint = path.is_dir()
    several = [(file, name) for file, name in files if joint and file.suffix.lower() == ".json"]
    single = [(file, name) for file, name in files if not (joint and file.suffix.lower() == ".json")]
    units = [_Unit(_label(contest, file), name, ((file, name),)) for file, name in single]
    if several:
        units.append(_Unit(f"{_label(contest, path)}/*.json", "*.json", tuple(several)))
    return units + ([_Unit("database", "database", database=True)] if database else [])


def _unfinished(file: Path) -> bool:
    return file.name.startswith((".", "~$")) or file.suffix.lower() in _UNFINISHED


def _label(contest: Contest, file: Path) -> str:
    """Name a file by its path from the contest folder, or by its whole path where it is elsewhere."""
    whole, folder = file.resolve(), contest.folder.resolve()
    return (whole.relative_to(folder) if whole.is_relative_to(folder) else whole).as_posix()


def _stamp(look: Mapping[str, tuple[int, int]]) -> str:
    """Say by what files are known to be unchanged without being read."""
    if len(look) == 1:
        return "{}:{}".format(*next(iter(look.values())))
    return sha256(repr(sorted(look.items())).encode("utf-8")).hexdigest()


def _moving(
    units: Sequence[_Unit],
    looks: Mapping[_Unit, dict[str, tuple[int, int]]],
    settle: float,
    sleep: Callable[[float], None],
) -> set[tuple[str, str]]:
    """Find files that do not stay as they are; one that was written to within a minute gets a second look."""
    age = time.time()
    young = [u for u in units if any(abs(age - modified / 1e9) < OLD for _, modified in looks[u].values())]
    if young and settle > 0:
        sleep(settle)
    again = {unit: unit.look() if unit in young else looks[unit] for unit in units}
    return {
        (unit.path, name)
        for unit in units
        for _, name in unit.files
        if name not in looks[unit] or again[unit].get(name) != looks[unit][name]
    }


def _read(
    contest: Contest, unit: _Unit, look: Mapping[str, tuple[int, int]], frame: Frame, failed: dict[str, str]
) -> Arrival | None:
    """Read a unit; None where a file was written to, or went away, since the first look, or can't be opened."""
    before = {name: look[name] for _, name in unit.files}
    digests = []
    for file, name in unit.files:
        try:
            with file.open("rb") as stream:
                digests.append(f"{file_digest(stream, 'sha256').hexdigest()} {name}")
        except FileNotFoundError:
            return None
        except OSError as error:
            failed[name] = f"{file}: {error.strerror or error}: check the path and the permissions"
            return None
    try:
        taken = read_files(contest, unit.files, frame, database=unit.database)
    except EstimationError as error:
        lost = checks.findings("E214", unit.name, [0], "", [str(error)], [""])
        taken = Intake(no_rows(contest.vote_columns), lost, "")
    for place in taken.findings.places():
        if place.code == "E214":
            failed[place.file] = place.value
    if unit.look() != before:
        return None
    whole = digests[0][:64] if len(digests) == 1 else sha256("\n".join(digests).encode("utf-8")).hexdigest()
    return Arrival(
        path=unit.path,
        sha256=taken.sha256 if unit.database else whole,
        size=sum(size for size, _ in before.values()),
        modified_ns=max((modified for _, modified in before.values()), default=time.time_ns()),
        stamp=_stamp(before),
        table=taken.table,
        findings=taken.findings,
        format=", ".join(sorted({source.layout for source in taken.sources})),
    )
