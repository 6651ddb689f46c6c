"""What a contest's last take and pages were made from: by it a later run knows that nothing has changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from estimation.boundaries import boundaries_path
from estimation.contest import Contest
from estimation.files import to_json, write_text
from estimation.projection.document import PROJECTION
from estimation.projection.takes import input_hashes
from estimation.publish.release import Placement
from estimation.returns.intake import list_files
from estimation.returns.locate import DEFAULT, ENV, uses_ledger
from estimation.simulation.known import official_path
from estimation.version import __version__

SCHEMA = "batch-state/1"
NOTE = "batch.json"  # in a contest's out
_PARTS = ("", "-wal")  # the ledger, and what SQLite has not yet put into it


@dataclass(frozen=True, slots=True)
class Noted:
    """What ``out/batch.json`` says.

    Attributes
    ----------
    inputs : mapping of str to str, or None
        See :func:`fingerprint`.
    take : str
        The folder of the newest good take, from ``out``; blank where there is none.
    projection_sha256 : str
        Of its ``projection.json``.
    pages : mapping of str to mapping
        By kind and language, ``projection-id``: ``made_from``, see :func:`page_key`, and ``path`` from the contest
        folder.
    """

    inputs: Mapping[str, str] | None = None
    take: str = ""
    projection_sha256: str = ""
    pages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def good(self, contest: Contest) -> Path | None:
        """Give the take's ``projection.json``; None where it is gone or is no longer what was written."""
        path = contest.out / self.take / PROJECTION
        if not self.take or not path.is_file() or _hash(path) != self.projection_sha256:
            return None
        return path


def read_noted(contest: Contest) -> Noted:
    """Read it; blank where there is none, or none that can be read: then all is made anew."""
    try:
        said = json.loads((contest.out / NOTE).read_text(encoding="utf-8"))
        if said["schema"] != SCHEMA:
            return Noted()
        given, pages = said["inputs"], {name: dict(page) for name, page in said["pages"].items()}
        return Noted(None if given is None else dict(given), said["take"], said["projection_sha256"], pages)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Noted()


def note(contest: Contest, noted: Noted) -> None:
    """Write it."""
    write_text(contest.out / NOTE, to_json({"schema": SCHEMA, **asdict(noted)}))


def fingerprint(contest: Contest, as_of: datetime | None, estimator: str) -> dict[str, str] | None:
    """Hash all that a projection is made from.

    Returns
    -------
    dict of str to str, or None
        SHA-256 of ``contest.toml``, frame, baseline, sample, manifest, returns and ledger; the options; the program's
        version. None where it can't be told without asking: returns or ledger stand in a database elsewhere.

    Raises
    ------
    EstimationError, OSError
        A file that the contest names is not there, or can't be read.
    """
    named = contest.returns.ledger or DEFAULT
    if contest.returns.database is not None or named.startswith(ENV) or "://" in named:
        return None
    found = input_hashes(contest)
    ledger = [Path(f"{contest.folder / named}{end}") for end in _PARTS] if uses_ledger(contest) else []
    came_in = list_files(contest.folder / contest.returns.path)
    found["returns"] = _digest([f"{_hash(path)} {name}" for path, name in came_in])
    found["ledger"] = _digest([_hash(path) for path in ledger if path.is_file()])
    return found | {"as_of": as_of.isoformat() if as_of else "", "estimator": estimator}


def page_key(contest: Contest, take: Path, kind: str, language: str, placement: Placement) -> str:
    """Hash all that a page is made from: take, contest.toml, map, where it may go, the program's version."""
    said = [__version__, kind, language, placement.status, _hash(take), _hash(contest.folder / "contest.toml")]
    outlines = boundaries_path(contest) if kind == "projection" else None
    said.append("" if outlines is None else _hash(outlines))
    if kind == "evaluation":
        official = official_path(contest)
        said.append("" if official is None else _hash(official))
        said += sorted(path.parent.name for path in take.parents[1].glob(f"*/{PROJECTION}"))
    return _digest(said)


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _digest(lines: Sequence[str]) -> str:
    return sha256("\n".join(lines).encode("utf-8")).hexdigest()
