"""The log of a contest's draws and commitments, ``out/draws.jsonl``: nothing in it is ever changed or left out.

Each line is JSON and holds the SHA-256 of the line before it, so that a line that was changed or removed in between
shows. Lines cut from the end do not show in the file itself: whoever keeps the newest hash can tell.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from estimation.contest import Contest
from estimation.errors import DesignError
from estimation.files import sha256_of

LOG = "draws.jsonl"
SCHEMA = "draw-log/1"
Kind = Literal["commitment", "draw"]


def log_draw(contest: Contest, kind: Kind, content: Mapping[str, Any]) -> None:
    """Add a draw or a commitment to the log; the same as the last one is not added again.

    Parameters
    ----------
    kind : str
        ``commitment`` or ``draw``.
    content : mapping
        What identifies it: hashes, seed.

    Raises
    ------
    DesignError
        The log was changed; nothing is added.
    """
    entries = read_draw_log(contest)
    last = entries[-1] if entries else None
    if last is not None and (last["kind"], last["content"]) == (kind, dict(content)):
        return
    entry = {
        "schema": SCHEMA,
        "number": len(entries) + 1,
        "kind": kind,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "content": dict(content),
        "previous": "" if last is None else sha256_of(_line(last)),
    }
    path = contest.out / LOG
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        stream.write(_line(entry) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def read_draw_log(contest: Contest) -> list[dict[str, Any]]:
    """Read the log, the oldest entry first; a contest without one has none.

    Raises
    ------
    DesignError
        A line is none of this log, or does not follow the one before it; the message names the line.
    """
    path = contest.out / LOG
    entries: list[dict[str, Any]] = []
    before = ""
    for number, line in enumerate(path.read_bytes().splitlines() if path.is_file() else [], 1):
        try:
            entry = json.loads(line)
            follows = entry["schema"] == SCHEMA and entry["number"] == number and entry["previous"] == before
        except (ValueError, KeyError, TypeError):
            follows = False
        if not follows:
            raise DesignError(f"{path}, line {number}: this line was changed, or one before it: restore it from a copy")
        entries.append(entry)
        before = sha256_of(_line(entry))
    return entries


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=False, sort_keys=True).encode("utf-8")
