"""One page that lists all contests of a night, sortable where it lies, and the same as tables."""

import base64
import csv
import io
import math
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from estimation.contest import Contest
from estimation.files import to_json, write_text
from estimation.projection import ProjectionRecord
from estimation.projection.record import LeadRecord, QuantityRecord, ShareRecord
from estimation.publish.release import INTERNAL, PUBLIC, place
from estimation.publish.spreadsheet import defused
from estimation.publish.template import environment
from estimation.words import LANGUAGES, Words

SCHEMA = "overview/1"
NAME = "overview"
_ORDER = ("failed", "withdrawn", "too-close", "leading", "called", "insufficient", "waiting")  # who needs a look first
_COLUMNS = (
    "folder", "contest", "title", "mode", "status", "as_of", "drawn", "received", "used", "kept_out", "leader",
    "leader_name", "share", "share_low", "share_high", "runner_up", "runner_up_name", "lead", "lead_low", "lead_high",
    "turnout", "turnout_low", "turnout_high", "level", "warnings", "page", "error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One contest of the list.

    Attributes
    ----------
    folder : str
        From the root.
    contest : Contest or None
        None where ``contest.toml`` can't be used.
    record : ProjectionRecord or None
        Its newest good ``projection.json``; None where it has none.
    error : str
        Why it has no newer one; blank where nothing failed.
    """

    folder: str
    contest: Contest | None
    record: ProjectionRecord | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """What was written.

    Attributes
    ----------
    public : bool
        All contests may be published, and the list stands in the root too.
    pages, tables : tuple of pathlib.Path
        The public ones last.
    """

    public: bool
    pages: tuple[Path, ...]
    tables: tuple[Path, ...]


def write_overview(root: Path, entries: Sequence[Entry], language: str, now: datetime) -> Overview:
    """Write the list of all contests as a page, as CSV and as JSON.

    ``internal/overview.html`` is always written, so that a reader who keeps it open there sees the newest; the same
    stands in the root only when every contest may be published, without what went wrong and with public pages alone.

    Parameters
    ----------
    root : pathlib.Path
    entries : sequence of Entry
    language : str
        ``id`` or ``en``.
    now : datetime
        By which contests are public or not; with an offset.
    """
    words = Words(language)
    public = all(entry.contest is not None and place(entry.contest, now).public for entry in entries)
    pages, tables = [], []
    for folder, shut in [(root / INTERNAL, True), *([(root, False)] if public else [])]:
        rows = [row_of(folder, entry, now, shut=shut) for entry in entries]
        tables.append(write_text(folder / f"{NAME}.csv", _csv(rows)))
        tables.append(write_text(folder / f"{NAME}.json", to_json({"schema": SCHEMA, "contests": rows})))
        pages.append(write_text(folder / f"{NAME}.html", overview_page(rows, entries, words, now, shut=shut)))
    return Overview(public, tuple(pages), tuple(tables))


def row_of(folder: Path, entry: Entry, now: datetime, *, shut: bool) -> dict[str, Any]:
    """Say a contest as one row of the tables; what can't be said is None.

    Parameters
    ----------
    folder : pathlib.Path
        Where the list will stand: the page is named from there.
    shut : bool
        The list is internal: it may link to internal pages, and says what went wrong.
    """
    row: dict[str, Any] = dict.fromkeys(_COLUMNS)
    row |= {"folder": entry.folder, "page": _page(folder, entry, now, shut=shut)}
    if entry.contest is not None:
        about = entry.contest.about
        row |= {"contest": about.id, "title": about.title, "mode": about.mode}
    if entry.record is not None:
        row |= _numbers(entry.record)
    if entry.error:
        row |= {"status": "failed", "error": entry.error if shut else None}
    return row


def _numbers(record: ProjectionRecord) -> dict[str, Any]:
    """Take the row's numbers from ``projection.json``."""
    sample, lead, call = record.sample, record.lead, record.call
    shares = {share.number: share for share in record.shares}
    first, second = shares.get(lead.leader or 0), shares.get(lead.runner_up or 0)
    return {
        "status": "withdrawn" if call.withdrawn else call.status,
        "as_of": record.as_of,
        "drawn": sample.drawn,
        "received": sample.received,
        "used": sample.used,
        "kept_out": sample.received - sample.used,
        "leader": lead.leader,
        "leader_name": first.name if first else None,
        **_ends("share", first),
        "runner_up": lead.runner_up,
        "runner_up_name": second.name if second else None,
        **_ends("lead", lead),
        **_ends("turnout", record.turnout),
        "level": record.level,
        "warnings": len(record.warnings),
    }


def _ends(name: str, quantity: QuantityRecord | ShareRecord | LeadRecord | None) -> dict[str, float | None]:
    keys = (name, f"{name}_low", f"{name}_high")
    values = (None, None, None) if quantity is None else (quantity.estimate, quantity.low, quantity.high)
    return dict(zip(keys, values, strict=True))


def _page(folder: Path, entry: Entry, now: datetime, *, shut: bool) -> str | None:
    """Name the contest's page from the list's folder: where pages go now before where they went, its language first."""
    if entry.contest is None:
        return None
    out, own, going = entry.contest.out, entry.contest.report.language, place(entry.contest, now).folder
    places = dict.fromkeys((going, out / PUBLIC, out / INTERNAL)) if shut else (out / PUBLIC,)
    for at in places:
        for language in dict.fromkeys((own, *LANGUAGES)):
            path = at / f"projection-{language}.html"
            if path.is_file():
                return Path(os.path.relpath(path, folder)).as_posix()
    return None


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(["" if row[name] is None else defused(row[name]) for name in _COLUMNS] for row in rows)
    return text.getvalue()


def overview_page(
    rows: Sequence[Mapping[str, Any]], entries: Sequence[Entry], words: Words, now: datetime, *, shut: bool
) -> str:
    """Fill the page; everything from outside is escaped by the template engine.

    Its policy lets nothing in from anywhere, and nothing run but the one script and the one style that stand in it,
    named by their hashes.
    """
    shown = [_shown(row, entry, words) for row, entry in zip(rows, entries, strict=True)]
    counts = Counter(row["status"] or "waiting" for row in rows)
    levels = {row["level"] for row in rows if row["level"] is not None}
    moments = [
        entry.contest.local(datetime.fromisoformat(row["as_of"]))
        for row, entry in zip(rows, entries, strict=True)
        if row["as_of"] and entry.contest
    ]
    zone = next((entry.contest for entry in entries if entry.contest is not None), None)
    style = environment().get_template("overview.css").render(w=words)
    script = environment().get_template("overview.js").render()
    return (
        environment()
        .get_template("overview.html.j2")
        .render(
            language=words.language,
            w=words,
            style=Markup(style),  # noqa: S704 (ours)
            script=Markup(script),  # noqa: S704 (ours)
            style_hash=_hash(style),
            script_hash=_hash(script),
            shut=shut,
            modes=sorted({row["mode"] for row in rows if row["mode"] not in (None, "live")}),
            rows=shown,
            counts=[
                (status, _status(words, status), words.whole(counts[status])) for status in _ORDER if counts[status]
            ],
            total=words.whole(len(rows)),
            latest=words.moment(max(moments)) if moments else "",
            used=words.whole(sum(row["used"] or 0 for row in rows)),
            drawn=words.whole(sum(row["drawn"] or 0 for row in rows)),
            level=words.level(levels.pop()) if len(levels) == 1 else "",
            made=words.moment(zone.local(now) if zone else now),
        )
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii")


def _status(words: Words, status: str) -> str:
    own = {"withdrawn": "verdict.withdrawn", "failed": "overview.failed", "waiting": "overview.waiting"}
    return words(own.get(status, f"verdict.status_{status.replace('-', '_')}"))


def _shown(row: Mapping[str, Any], entry: Entry, words: Words) -> dict[str, Any]:
    """Write a row as a reader sees it, each number with the key that it is sorted by."""
    status = row["status"] or "waiting"
    moment = entry.contest.local(datetime.fromisoformat(row["as_of"])) if row["as_of"] and entry.contest else None
    drawn, used = row["drawn"], row["used"]
    part = used / drawn if drawn else 0.0
    return {
        "title": row["title"] or row["folder"],
        "folder": row["folder"],
        "page": None if row["page"] is None else quote(row["page"]),
        "mode": row["mode"] if row["mode"] not in (None, "live") else None,
        "status": status,
        "said": _status(words, status),
        "order": _ORDER.index(status),
        "error": row["error"],
        "leader": _label(entry.contest, row["leader"]),
        "runner_up": _label(entry.contest, row["runner_up"]),
        "share": _estimate(row, "share", words.percent, words.points),
        "lead": _estimate(row, "lead", words.points, words.points),
        "turnout": _estimate(row, "turnout", words.percent, words.points),
        "stations": None if drawn is None else f"{words.whole(used)} / {words.whole(drawn)}",
        "percent": "" if drawn is None else words.percent(math.floor(100 * part) / 100, 0),
        "part": f"{part:.4f}",
        "kept_out": words("overview.kept_out", count=words.whole(row["kept_out"])) if row["kept_out"] else "",
        "warnings": row["warnings"],
        "moment": None if moment is None else words.moment(moment),
        "seconds": None if moment is None else int(moment.timestamp()),
    }


def _label(contest: Contest | None, number: int | None) -> str:
    if contest is None or number is None:
        return ""
    return next((candidate.label for candidate in contest.candidates if candidate.number == number), str(number))


def _estimate(
    row: Mapping[str, Any], name: str, say: Callable[[float], str], ends: Callable[[float], str]
) -> dict[str, str] | None:
    """Write an estimate with its interval; None where there is none."""
    value, low, high = (row[key] for key in (name, f"{name}_low", f"{name}_high"))
    if value is None:
        return None
    return {"value": say(value), "low": ends(low), "high": ends(high), "key": f"{value:.6f}"}
