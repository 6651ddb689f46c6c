"""``index.html`` of a contest: every take of the night with the newest on top, for a screen that stays on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from estimation.contest import Contest
from estimation.files import write_text
from estimation.publish import pagefile
from estimation.publish.release import INTERNAL, place
from estimation.publish.template import render_index
from estimation.words import LANGUAGES, Words, catalogue, isolated

NAME = "index.html"
SHOWN = 4  # candidates, largest share first
REFRESH = 30  # seconds
_PROJECTION = "projection/1"
_UNTIMED = "0001-01-01T00:00:00+00:00"  # sorts a take without a moment last


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
    """Write the list of a contest's takes and pages; a take that can't be read is counted and left out.

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
    takes, unread = _takes(contest)
    newest = takes[0][1] if takes else None
    heads = _ranked(contest, newest)
    html = render_index(
        words,
        report=words("index.report"),
        title=contest.about.title,
        placement=placement,
        newest=None if newest is None else _screen(contest, words, newest, heads),
        heads=[isolated(contest.candidates[i].label) for i in heads],
        rows=[_row(contest, words, name, document, heads, folder) for name, document in takes],
        pages=_pages(words, contest, folder),
        unread=words("index.unread", count=words.whole(unread)) if unread else "",
        level=words.level(newest["level"]) if newest else "",
        refresh=REFRESH,
        moment=contest.local(now).replace(microsecond=0),
    )
    return write_text(folder / NAME, html)


def _takes(contest: Contest) -> tuple[list[tuple[str, Mapping[str, Any]]], int]:
    """Read the takes that are this contest's, the newest first, and count those that can't be read."""
    found, unread = [], 0
    for path in (contest.out / "takes").glob("*/projection.json"):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            fits = document["schema"] == _PROJECTION and document["contest"] == contest.about.id
        except (OSError, ValueError, KeyError, TypeError):
            fits = False
        if fits and document["mode"] == contest.about.mode:
            found.append((path.parent.name, document))
        else:
            unread += 1
    found.sort(key=lambda take: (datetime.fromisoformat(take[1]["as_of"] or _UNTIMED), take[0]), reverse=True)
    return found, unread


def _when(contest: Contest, document: Mapping[str, Any]) -> datetime | None:
    return contest.local(datetime.fromisoformat(document["as_of"])) if document["as_of"] else None


def _ranked(contest: Contest, newest: Mapping[str, Any] | None) -> list[int]:
    """Give the places of the candidates in the list: the largest shares of the newest take."""
    order = list(range(len(contest.candidates)))
    if newest is not None and all(share["estimate"] is not None for share in newest["shares"]):
        order.sort(key=lambda i: -newest["shares"][i]["estimate"])
    return order[:SHOWN]


def _screen(contest: Contest, w: Words, document: Mapping[str, Any], heads: Sequence[int]) -> dict[str, Any]:
    """Say the newest take as a wall shows it."""
    when = _when(contest, document)
    shares = [
        {
            "number": contest.candidates[i].number,
            "name": isolated(contest.candidates[i].label),
            "value": _percent(w, document["shares"][i]["estimate"]),
            "interval": _interval(w, document["shares"][i]),
        }
        for i in heads
    ]
    return {
        "status": _status(w, document),
        "kind": "missed" if document["call"]["withdrawn"] else document["call"]["status"],
        "as_of": w("banner.as_of", moment=w.moment(when)) if when else w("banner.untimed"),
        "moment": when.isoformat() if when else "",
        "shares": shares,
        "lead": _lead(contest, w, document),
        "turnout": f"{_percent(w, document['turnout']['estimate'])} ({_interval(w, document['turnout'])})",
        "inside": _inside(w, document),
        "part": 100 * document["sample"]["used"] / max(document["sample"]["drawn"], 1),
    }


def _row(contest: Contest, w: Words, name: str, document: Mapping[str, Any], heads: Sequence[int], folder: Path) -> Row:
    when = _when(contest, document)
    inside = folder.resolve() == (contest.out / INTERNAL).resolve()
    return Row(
        when.isoformat() if when else "",
        w.moment(when) if when else name,
        _inside(w, document),
        tuple(_percent(w, document["shares"][i]["estimate"]) for i in heads),
        _lead(contest, w, document),
        _status(w, document),
        f"../takes/{name}/projection.json" if inside else "",
    )


def _inside(w: Words, document: Mapping[str, Any]) -> str:
    return f"{w.whole(document['sample']['used'])} / {w.whole(document['sample']['drawn'])}"


def _status(w: Words, document: Mapping[str, Any]) -> str:
    said = w(f"verdict.status_{document['call']['status'].replace('-', '_')}")
    return f"{w('verdict.withdrawn')}. {said}" if document["call"]["withdrawn"] else said


def _lead(contest: Contest, w: Words, document: Mapping[str, Any]) -> str:
    lead = document["lead"]
    names = {candidate.number: isolated(candidate.label) for candidate in contest.candidates}
    if lead["estimate"] is None:
        return "–"
    return f"{w.points(lead['estimate'])} ({_interval(w, lead)}), {names[lead['leader']]}"


def _percent(w: Words, value: float | None) -> str:
    return "–" if value is None else w.percent(value)


def _interval(w: Words, quantity: Mapping[str, Any]) -> str:
    ends = quantity["low"], quantity["high"]
    return "–" if None in ends else f"{w.points(ends[0])} – {w.points(ends[1])}"


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
