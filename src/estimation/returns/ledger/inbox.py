"""Looks through the inbox, and enters the files that nobody is writing any more; never touches one."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import file_digest
from pathlib import Path

from estimation import checks
from estimation.contest import Contest
from estimation.errors import EstimationError, ReturnsError
from estimation.frame import load_frame
from estimation.returns.intake import Intake, read_returns
from estimation.returns.ledger.chain import Head
from estimation.returns.ledger.enter import Arrival, Entered, enter, stamp
from estimation.returns.ledger.schema import reading
from estimation.returns.ledger.state import intake, known_files, no_rows
from estimation.returns.ledger.store import Ledger, head, open_ledger
from estimation.returns.resolution import Judge
from estimation.rules import Findings

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
    path = path or contest.folder / contest.returns.path
    if not path.exists():
        raise ReturnsError(f"{path}: there is no such file or folder: make it, or name another with --returns")
    files, known = _files(path), known_files(ledger)
    fresh = [file for file in files if every or known.get(_label(contest, file)) != (_stamp(file), True)]
    steady, waiting = _settled(fresh, settle, sleep)
    failed: dict[str, str] = {}
    total = Entered()
    judge = Judge.of(contest, load_frame(contest)) if steady else None
    for done, file in enumerate(steady):
        told(done, len(steady))
        arrival = _read(contest, file, failed)
        if arrival is None:
            waiting.append(file.name)
        elif judge is not None:
            total += enter(ledger, arrival, judge)
    with reading(ledger.engine, ledger.name) as connection:
        end = head(connection)
    read = len(fresh) - len(waiting)
    return Ingest(read, len(files) - len(fresh), tuple(sorted(waiting)), failed, total, end)


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
        if (contest.folder / contest.returns.path).exists():
            ingest(ledger, settle=settle)
        return intake(ledger, as_of)
    finally:
        ledger.close()


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    named = (p for p in path.iterdir() if not p.name.startswith((".", "~$")) and p.suffix.lower() not in _UNFINISHED)
    return sorted(p for p in named if p.is_file())


def _label(contest: Contest, file: Path) -> str:
    """Name a file by its path from the contest folder, or by its whole path where it is elsewhere."""
    whole, folder = file.resolve(), contest.folder.resolve()
    return (whole.relative_to(folder) if whole.is_relative_to(folder) else whole).as_posix()


def _stamp(file: Path) -> str:
    try:
        there = file.stat()
    except FileNotFoundError:
        return ""
    return stamp(there.st_size, there.st_mtime_ns)


def _settled(files: Sequence[Path], settle: float, sleep: Callable[[float], None]) -> tuple[list[Path], list[str]]:
    """Part the files that stay as they are from those that are being written."""
    looks = {file: _stamp(file) for file in files}
    age = time.time()
    young = [file for file, look in looks.items() if not look or abs(age - int(look.partition(":")[2]) / 1e9) < OLD]
    if young and settle > 0:
        sleep(settle)
    moving = {file for file in young if not looks[file] or _stamp(file) != looks[file]}
    return [file for file in files if file not in moving], [file.name for file in moving]


def _read(contest: Contest, file: Path, failed: dict[str, str]) -> Arrival | None:
    """Read a file; None where it was written to, or went away, meanwhile."""
    try:
        before = file.stat()
        with file.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
        try:
            taken = read_returns(contest, file)
        except EstimationError as error:
            failed[file.name] = str(error)
            lost = checks.findings("E214", file.name, [0], "", [str(error)], [""])
            taken = Intake(no_rows(contest.vote_columns), Findings.join(lost), digest)
        after = file.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        failed[file.name] = f"{file}: {error.strerror or error}: check the path and the permissions"
        return None
    if stamp(before.st_size, before.st_mtime_ns) != stamp(after.st_size, after.st_mtime_ns):
        return None
    path = _label(contest, file)
    return Arrival(path, digest, after.st_size, after.st_mtime_ns, taken.table, taken.findings)
