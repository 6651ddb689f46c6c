"""Who may see a page yet: the public folder is written only when contest.toml and the clock allow it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from estimation.contest import Contest, Mode
from estimation.errors import ReportError
from estimation.files import to_json

Status = Literal["public", "embargoed", "unregistered", "internal", "rehearsal", "demo"]
PUBLIC = "reports"  # under the contest's out
INTERNAL = "internal"
NEVER_PUBLIC = frozenset({"findings.csv", "officers.csv"})  # places in files, and the officer of each TPS
MARK = "release.json"  # tells a notebook, in the folder that it saves to, what keeps the page internal


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the pages of a contest go at a moment, and why.

    Attributes
    ----------
    status : str
        ``public``; else what keeps the page internal, which its banner says: ``embargoed`` (before its time),
        ``unregistered``, ``internal``, ``rehearsal`` or ``demo``.
    folder : pathlib.Path
        ``out/reports`` of the contest for a public page, ``out/internal`` for any other.
    until : datetime.datetime
        ``publish_after``, on the contest's clock.
    mode : str
        ``live``, ``rehearsal`` or ``demo``.
    """

    status: Status
    folder: Path
    until: datetime
    mode: Mode

    @property
    def public(self) -> bool:
        """Whether the page may be published."""
        return self.status == "public"

    def into(self, out: Path | None) -> Path:
        """Choose the folder of the page: the one that somebody named, else the one that the rule gives.

        A folder named is an explicit choice and no release: what keeps the page internal still stands on it.

        Raises
        ------
        ReportError
            The folder is the public one, or lies in it, and the page may not be published.
        """
        if out is None:
            return self.folder
        shut = self.folder.with_name(PUBLIC)
        if not self.public and out.resolve().is_relative_to(shut.resolve()):
            raise ReportError(
                f"{out} is the public folder, and this page may not be published yet ({self.why}): leave --out away, "
                f"and it goes to {self.folder}"
            )
        return out

    def mark(self) -> str:
        """Write the status down for a notebook, which has no say in it; see :data:`MARK`."""
        return to_json({"status": self.status, "until": self.until.isoformat()})

    @staticmethod
    def marked(folder: Path) -> "tuple[Status, datetime] | None":
        """Read the status, and until when, that was written down for a notebook; None where it runs for itself."""
        path = folder / MARK
        if not path.is_file():
            return None
        said = json.loads(path.read_text(encoding="utf-8"))
        return said["status"], datetime.fromisoformat(said["until"])

    @property
    def why(self) -> str:
        """Say what keeps the page internal, for a terminal or a log; of a public page, that nothing does."""
        return {
            "public": "public",
            "embargoed": f"embargoed until {self.until.isoformat()}",
            "unregistered": "[contest] registration with KPU is missing",
            "internal": '[contest] release = "internal"',
            "rehearsal": "a rehearsal",
            "demo": "a demo",
        }[self.status]


def place(contest: Contest, now: datetime | None = None) -> Placement:
    """Decide whether a page made now is public, and where it goes.

    A page is public where all of this holds: the contest is live; its ``release`` is ``public`` or ``embargoed``; it
    has a ``registration``, as nobody may announce a quick count unregistered (UU 7/2017 art. 449); and
    ``publish_after`` has come, which is the earliest moment that the law allows. Before that moment both releases wait
    alike, whatever the kind of the page. ``embargoed`` says that the contest is held back until its time, and is over
    at that time: nobody has to edit a file in the busiest minute of the night. Who wants to decide by hand writes
    ``internal``.

    Parameters
    ----------
    contest : Contest
    now : datetime, optional
        With an offset; the machine's clock by default.

    Raises
    ------
    ReportError
        The moment has no offset.
    """
    moment = now or datetime.now(UTC)
    if moment.tzinfo is None:
        raise ReportError(f"now {moment.isoformat()} has no UTC offset: give the moment with its zone")
    status = _status(contest, moment)
    folder = contest.out / (PUBLIC if status == "public" else INTERNAL)
    return Placement(status, folder, contest.local(contest.about.publish_after), contest.about.mode)


def _status(contest: Contest, moment: datetime) -> Status:
    about = contest.about
    if about.mode != "live":
        return about.mode
    if about.release == "internal":
        return "internal"
    if not (about.registration or "").strip():
        return "unregistered"
    return "public" if moment >= about.publish_after else "embargoed"
