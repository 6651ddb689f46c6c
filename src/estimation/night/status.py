"""How the watch itself fares: what can't be done, since when, and the small file that says so to others."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from estimation.contest import Contest
from estimation.files import to_json, write_text
from estimation.night.events import Event
from estimation.night.page_worker import PageMade
from estimation.projection import Take

STATUS = "status.json"
LOG = "watch.log"
REMIND = timedelta(minutes=1)  # a trouble that lasts is said again
_SHOWN = 10  # lines of one error
_PARTS = {  # what is said while a part fails, and when it works again
    "take": ("no take can be made, the last one stays", "takes are made again"),
    "page": ("no page can be made, the last good one stays", "pages are made again"),
    "mark": ("no page can be marked as old", "pages can be marked again"),
    "status": ("no status can be written", "the status is written again"),
    "log": ("no log can be written", "the log is written again"),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that can't be done.

    Attributes
    ----------
    what : str
    since : datetime
        When it first failed.
    said : datetime
        When it was said last.
    """

    what: str
    since: datetime
    said: datetime


class Troubles:
    """What fails at present, by part of the work."""

    def __init__(self) -> None:
        self._open: dict[str, Trouble] = {}

    def __contains__(self, part: str) -> bool:
        return part in self._open

    def since(self, *parts: str) -> datetime | None:
        """Say since when one of these parts has failed; None where none does."""
        return min((t.since for part, t in self._open.items() if part in parts), default=None)

    def failed(self, part: str, what: str, at: datetime) -> Event | None:
        """Note a failure; gives what is to be said, which is nothing where it was said a moment ago."""
        known = self._open.get(part)
        if known is not None and known.what == what and at - known.said < REMIND:
            return None
        since = at if known is None else known.since
        self._open[part] = Trouble(what, since, at)
        lines = what.splitlines()
        more = [f"  and {len(lines) - _SHOWN} lines more"] if len(lines) > _SHOWN else []
        again = "" if known is None else f", since {since.astimezone():%H:%M:%S}"
        head = f"ALARM: {_PARTS[part][0]}{again}: {lines[0] if lines else 'no reason was given'}"
        shown = (head, *(f"  {line}" for line in lines[1:_SHOWN]), *more)
        return Event("trouble", at, shown, {"part": part, "what": what, "since": since.isoformat()})

    def went_well(self, part: str, at: datetime) -> Event | None:
        """Note that a part works; gives what is to be said where it had failed."""
        known = self._open.pop(part, None)
        if known is None:
            return None
        line = f"mended after {(at - known.since).total_seconds() / 60:.1f} min: {_PARTS[part][1]}"
        return Event("mended", at, (line,), {"part": part, "since": known.since.isoformat()})

    def document(self) -> list[dict[str, str]]:
        """Give all of it as ``status.json`` has it."""
        return [{"part": part, "what": t.what, "since": t.since.isoformat()} for part, t in sorted(self._open.items())]


@dataclass(frozen=True, slots=True)
class Good:
    """The last good page.

    Attributes
    ----------
    take : str
        Of which take.
    placement : str
        See :class:`estimation.publish.release.Placement`.
    paths : mapping of str to str
        By language, from the contest folder.
    made_at : datetime
    """

    take: str
    placement: str
    paths: Mapping[str, str]
    made_at: datetime

    @classmethod
    def of(cls, made: PageMade, contest: Contest, at: datetime) -> "Good":
        """Take it from what the page worker made."""
        base = contest.folder.resolve()
        paths = {
            language: path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)
            for language, path in ((language, Path(text)) for language, text in made.paths.items())
        }
        return cls(made.take, made.placement, paths, at)

    def document(self) -> dict[str, object]:
        """Give it as ``status.json`` has it."""
        return {
            "take": self.take,
            "placement": self.placement,
            "made_at": self.made_at.isoformat(),
            "paths": dict(self.paths),
        }


def read_good_page(contest: Contest) -> Good | None:
    """Read which page was made last; None where no status says so, and the page is made anew."""
    try:
        said = json.loads((contest.out / STATUS).read_text(encoding="utf-8"))["page"]
        made = datetime.fromisoformat(said["made_at"])
        return Good(said["take"], said["placement"], dict(said["paths"]), made)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def status_document(
    contest: Contest,
    state: str,
    process: int,
    since: datetime,
    take: Take | None,
    page: Good | None,
    troubles: Troubles,
) -> dict[str, object]:
    """Compose ``status.json``: the last good take and page, and what fails since when."""
    return {
        "schema": "status/1",
        "contest": contest.about.id,
        "state": state,
        "process": process,
        "since": since.isoformat(),
        "take": None
        if take is None
        else {
            "name": take.name,
            "number": take.number,
            "as_of": take.projection.as_of,
            "used": take.used,
            "drawn": take.projection.sample.drawn,
            "call": take.call.status,
        },
        "page": None if page is None else page.document(),
        "troubles": troubles.document(),
    }


def write_status(contest: Contest, document: Mapping[str, object]) -> None:
    """Write ``status.json``."""
    write_text(contest.out / STATUS, to_json(document))


def log(contest: Contest, at: datetime, text: str) -> None:
    """Add to ``watch.log``."""
    path = contest.out / LOG
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(f"{at.isoformat()} {text.rstrip()}\n")
