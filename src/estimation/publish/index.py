"""``index.html`` of a contest: every take of the night with the newest on top, for a screen that stays on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from estimation.contest import Contest
from estimation.files import write_text
from estimation.projection import ProjectionRecord, read_takes
from estimation.projection.record import LeadRecord, QuantityRecord, ShareRecord
from estimation.publish import pagefile
from estimation.publish.release import INTERNAL, place
from estimation.publish.template import render_index
from estimation.words import LANGUAGES, Words, catalogue, isolated

NAME = "index.html"
SHOWN = 4  # candidates, largest share first
REFRESH = 30  # seconds


@dataclass(frozen=True, slots=True)
class Row:
    """One take as the list has it.

    Attributes
    ----------
    moment : str
        ISO 8601; blank where the take has none.
    time, inside, lead, status : str
        As readers write them.
    shares : tuple of str
        Of the candidates in the head of the list.
    link : str
        Its ``projection.json``; blank where readers of the list can't have it.
    """

    moment: str
    time: str
    inside: str
    shares: tuple[str, ...]
    lead: str
    status: str
    link: str


def write_index(contest: Contest, language: str, now: datetime, folder: Path | None = None) -> Path:
    """Write the list of a contest's takes and pages; a take that is refused is counted and left out.

    Parameters
    ----------
    language : str
        ``id`` or ``en``.
    now : datetime
        By which the contest is public or not; with an offset.
    folder : pathlib.Path, optional
        ``out/reports`` or ``out/internal`` by the release rule; pages in it are linked.

    Returns
    -------
    pathlib.Path
        Of ``index.html``.
    """
    words, placement = Words(language), place(contest, now)
    folder = placement.into(folder)
    night = read_takes(contest)
    takes, unread = night.takes[::-1], len(night.refused)
    newest = takes[0].projection if takes else None
    heads = _ranked(contest, newest)
    html = render_index(
        words,
        report=words("index.report"),
        title=contest.about.title,
        placement=placement,
        newest=None if newest is None else _screen(contest, words, newest, heads),
        heads=[isolated(contest.candidates[i].label) for i in heads],
        rows=[_row(contest, words, take.name, take.projection, heads, folder) for take in takes],
        pages=_pages(words, contest, folder),
        unread=words("index.unread", count=words.whole(unread)) if unread else "",
        level=words.level(newest.level) if newest else "",
        refresh=REFRESH,
        moment=contest.local(now).replace(microsecond=0),
    )
    return write_text(folder / NAME, html)


def _when(contest: Contest, record: ProjectionRecord) -> datetime | None:
    return None if record.moment is None else contest.local(record.moment)


def _ranked(contest: Contest, newest: ProjectionRecord | None) -> list[int]:
    """Give the places of the candidates in the list: the largest shares of the newest take."""
    order = list(range(len(contest.candidates)))
    if newest is not None:
        order.sort(key=lambda i: -(newest.shares[i].estimate or 0.0))
    return order[:SHOWN]


def _screen(contest: Contest, w: Words, record: ProjectionRecord, heads: Sequence[int]) -> dict[str, Any]:
    """Say the newest take as a wall shows it."""
    when = _when(contest, record)
    shares = [
        {
            "number": contest.candidates[i].number,
            "name": isolated(contest.candidates[i].label),
            "value": _percent(w, record.shares[i].estimate),
            "interval": _interval(w, record.shares[i]),
        }
        for i in heads
    ]
    return {
        "status": _status(w, record),
        "kind": "missed" if record.call.withdrawn else record.call.status,
        "as_of": w("banner.as_of", moment=w.moment(when)) if when else w("banner.untimed"),
        "moment": when.isoformat() if when else "",
        "shares": shares,
        "lead": _lead(contest, w, record),
        "turnout": f"{_percent(w, record.turnout.estimate)} ({_interval(w, record.turnout)})",
        "inside": _inside(w, record),
        "part": 100 * record.sample.used / max(record.sample.drawn, 1),
    }


def _row(contest: Contest, w: Words, name: str, record: ProjectionRecord, heads: Sequence[int], folder: Path) -> Row:
    when = _when(contest, record)
    inside = folder.resolve() == (contest.out / INTERNAL).resolve()
    return Row(
        when.isoformat() if when else "",
        w.moment(when) if when else name,
        _inside(w, record),
        tuple(_percent(w, record.shares[i].estimate) for i in heads),
        _lead(contest, w, record),
        _status(w, record),
        f"../takes/{name}/projection.json" if inside else "",
    )


def _inside(w: Words, record: ProjectionRecord) -> str:
    return f"{w.whole(record.sample.used)} / {w.whole(record.sample.drawn)}"


def _status(w: Words, record: ProjectionRecord) -> str:
    said = w(f"verdict.status_{record.call.status.replace('-', '_')}")
    return f"{w('verdict.withdrawn')}. {said}" if record.call.withdrawn else said


def _lead(contest: Contest, w: Words, record: ProjectionRecord) -> str:
    lead = record.lead
    names = {candidate.number: isolated(candidate.label) for candidate in contest.candidates}
    if lead.estimate is None or lead.leader is None:
        return "–"
    return f"{w.points(lead.estimate)} ({_interval(w, lead)}), {names[lead.leader]}"


def _percent(w: Words, value: float | None) -> str:
    return "–" if value is None else w.percent(value)


def _interval(w: Words, quantity: QuantityRecord | ShareRecord | LeadRecord) -> str:
    low, high = quantity.low, quantity.high
    return "–" if low is None or high is None else f"{w.points(low)} – {w.points(high)}"


def _pages(w: Words, contest: Contest, folder: Path) -> list[dict[str, str]]:
    """Name the pages that stand in the folder, with the time each was made."""
    found = []
    for path in sorted(folder.glob("*.html")):
        made = pagefile.read(path).moment if path.name != NAME else None
        kind, _, language = path.stem.rpartition("-")
        if made is None or language not in LANGUAGES or f"index.{kind}" not in catalogue(language):
            continue
        found.append(
            {
                "name": w(f"index.{kind}"),
                "language": Words(language)("index.language"),
                "code": language,
                "link": path.name,
                "moment": w.moment(contest.local(made)),
                "pdf": f"{path.stem}.pdf" if path.with_suffix(".pdf").is_file() else "",
            }
        )
    return found
