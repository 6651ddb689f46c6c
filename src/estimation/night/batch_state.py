"""What a contest's last take and pages were made from, by which a later run knows that nothing has changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from estimation.boundaries import boundaries_path
from estimation.contest import Contest
from estimation.files import to_json, write_text
from estimation.projection.projection_files import PROJECTION
from estimation.projection.takes import input_hashes
from estimation.publish.release import Placement
from estimation.returns.intake import list_files
from estimation.returns.locate import DEFAULT, ENV, uses_ledger
from estimation.simulation.population import official_path
from estimation.version import __version__

SCHEMA = "batch-state/1"
FILE = "batch.json"  # in a contest's out
_PARTS = ("", "-wal")  # the ledger, and what SQLite has not yet put into it


@dataclass(frozen=True, slots=True)
class BatchState:
    """What ``out/batch.json`` holds.

    Attributes
    ----------
    inputs : mapping of str to str, or None
        See :func:`inputs_fingerprint`.
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

    def good_take(self, contest: Contest) -> Path | None:
        """Give the take's ``projection.json``; None where it is gone or is no longer what was written."""
        path = contest.out / self.take / PROJECTION
        if not self.take or not path.is_file() or _hash(path) != self.projection_sha256:
            return None
        return path

    @classmethod
    def load(cls, contest: Contest) -> "BatchState":
        """Read it; blank where there is none, or none that can be read: then all is made anew."""
        try:
            document = json.loads((contest.out / FILE).read_text(encoding="utf-8"))
            if document["schema"] != SCHEMA:
                return cls()
            made_from, pages = document["inputs"], {name: dict(page) for name, page in document["pages"].items()}
            inputs = None if made_from is None else dict(made_from)
            return cls(inputs, document["take"], document["projection_sha256"], pages)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def save(self, contest: Contest) -> None:
        """Write it."""
        write_text(contest.out / FILE, to_json({"schema": SCHEMA, **asdict(self)}))


def inputs_fingerprint(contest: Contest, as_of: datetime | None, estimator: str | None) -> dict[str, str] | None:
    """Hash all that a projection is made from.

    Returns
    -------
    dict of str to str, or None
        SHA-256 of ``contest.toml``, frame, baseline, sample, manifest, returns and ledger; the options; the program's
        version. None where only a query could tell: returns or ledger are in a database elsewhere.

    Raises
    ------
    EstimationError, OSError
        A file that the contest names is not there, or can't be read.
    """
    named = contest.returns.ledger or DEFAULT
    if contest.returns.database is not None or named.startswith(ENV) or "://" in named:
        return None
    hashes = input_hashes(contest)
    ledger = [Path(f"{contest.folder / named}{end}") for end in _PARTS] if uses_ledger(contest) else []
    returns = list_files(contest.folder / contest.returns.path)
    hashes["returns"] = _digest([f"{_hash(path)} {name}" for path, name in returns])
    hashes["ledger"] = _digest([_hash(path) for path in ledger if path.is_file()])
    return hashes | {"as_of": as_of.isoformat() if as_of else "", "estimator": estimator or ""}


def page_key(contest: Contest, take: Path, kind: str, language: str, placement: Placement) -> str:
    """Hash all that a page is made from: take, contest.toml, map, where it may go, the program's version."""
    parts = [__version__, kind, language, placement.status, _hash(take), _hash(contest.folder / "contest.toml")]
    outlines = boundaries_path(contest) if kind == "projection" else None
    parts.append("" if outlines is None else _hash(outlines))
    if kind == "evaluation":
        official = official_path(contest)
        parts.append("" if official is None else _hash(official))
        parts += sorted(path.parent.name for path in take.parents[1].glob(f"*/{PROJECTION}"))
    return _digest(parts)


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _digest(lines: Sequence[str]) -> str:
    return sha256("\n".join(lines).encode("utf-8")).hexdigest()
