"""How the projection went through the night: every take up to this one, as it was written then."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

import numpy as np

from estimation.contest import Candidate, share_name
from estimation.projection import Takes
from estimation.projection.record import values_of
from estimation.publish.figures import Figure, Track, convergence
from estimation.publish.page_table import Cell, Shown
from estimation.publish.part import Part, Section, picture
from estimation.publish.reports.projection.view import View
from estimation.words import Words

TRACKS = 4  # candidates drawn
COLUMNS = 2  # candidates tabulated
TAKES_SHOWN = 16  # evenly through the night; every take's own projection.json has its own


class Value(NamedTuple):
    """A quantity of a take: estimate, standard error and interval; NaN where it said nothing."""

    estimate: float
    se: float
    low: float
    high: float


NOTHING = Value(math.nan, math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class TakePoint:
    """One take: its moment, what was in, the candidates' shares, the lead of today's first over today's second."""

    as_of: datetime
    used: int
    drawn: int
    shares: dict[int, Value]
    lead: Value
    status: str
    withdrawn: bool


def course(v: View, takes: Takes) -> Part:
    """Draw shares and lead through the night, and tabulate the takes."""
    w, heading = v.w, v.w("course.heading")
    points, other = _points(v, takes)
    notes = []
    if other:
        notes.append(w("course.other", count=w.whole(other)))
    if takes.refused:
        which = "; ".join(f"{name}: {why}" for name, why in takes.refused.items())
        notes.append(w("course.refused", count=w.whole(len(takes.refused)), which=which))
    if len(points) < 2:
        return Section("course", heading, (w("course.few"), *notes))
    place = np.unique(np.linspace(0, len(points) - 1, min(len(points), TAKES_SHOWN)).round().astype(int))
    if len(place) < len(points):
        notes.insert(0, w("course.shown", shown=w.whole(len(place)), takes=w.whole(len(points))))
    assert v.p.estimate is not None
    first, second, *_ = v.ranked(v.p.estimate)
    columns = v.ranked(v.p.estimate, COLUMNS)
    clock = clock_of(w, [one.as_of for one in points])
    header = [w("course.time"), w("course.in"), *(v.name(candidate) for candidate in columns), w("course.lead")]
    rows: list[list[Cell]] = []
    for i in place:
        one = points[i]
        call = w(f"verdict.status_{one.status.replace('-', '_')}")
        rows.append(
            [
                Shown(one.as_of.strftime(clock), f"{call}, {w('course.withdrawn')}" if one.withdrawn else call),
                f"{w.whole(one.used)} / {w.whole(one.drawn)}",
                *(_shown(v, one.shares[candidate.number]) for candidate in columns),
                _shown(v, one.lead, points=True),
            ]
        )
    caption = " ".join([w("course.caption", name=v.name(first), other=v.name(second), level=v.level), *notes])
    return picture(
        "course", heading, _figure(v, points, (first, second), clock), header=header, rows=rows, caption=caption
    )


def clock_of(w: Words, moments: Sequence[datetime]) -> str:
    """Choose how a time is written: with the day where there are several."""
    return w("course.clock" if len({moment.date() for moment in moments}) < 2 else "course.clock_day")


def _points(v: View, takes: Takes) -> tuple[list[TakePoint], int]:
    """Take what can be compared with this projection, and this projection last; count what can't."""
    p = v.p
    if p.as_of is None or p.estimate is None:
        return [], 0
    now, first = p.contest.local(p.as_of), v.pair(p.estimate)
    points, other = [], 0
    for take in takes.takes:
        record, moment = take.projection, take.as_of and p.contest.local(take.as_of)
        if moment is None or moment >= now:
            continue
        same = (
            record.level == p.contest.about.level
            and record.population.stations == p.stations
            and record.sample.drawn == p.progress.drawn
            and record.provenance.sample_sha256 == p.provenance["sample_sha256"]
        )
        if not same:
            other += 1
        elif record.lead.leader is not None:
            points.append(
                TakePoint(
                    moment,
                    record.sample.used,
                    record.sample.drawn,
                    {share.number: Value(*values_of(share)) for share in record.shares},
                    Value(*record.lead_of(first[0].number, first[1].number)),
                    record.call.status,
                    record.call.withdrawn,
                )
            )
    return [*points, _now(v, now)], other


def _now(v: View, now: datetime) -> TakePoint:
    p = v.p
    assert p.estimate is not None
    assert p.lead is not None
    own, lead = v.values(p.estimate), v.values(p.lead)["lead"]

    def of(values: tuple[float, float, float]) -> Value:
        return Value(values[0], math.nan, values[1], values[2])

    shares = {c.number: of(own[share_name(c.number)]) for c in v.candidates}
    return TakePoint(now, p.progress.used, p.progress.drawn, shares, of(lead), p.call.status, p.call.withdrawn)


def _shown(v: View, one: Value, *, points: bool = False) -> Shown:
    if not math.isfinite(one.estimate):
        return Shown("–", "–", "–")
    return v.written(one.estimate, one.low, one.high, points=points)


def _figure(v: View, points: Sequence[TakePoint], pair: tuple[Candidate, Candidate], clock: str) -> Figure:
    w, about = v.w, v.p.contest.about
    assert v.p.estimate is not None
    midnight = points[0].as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [(one.as_of - midnight).total_seconds() / 3600 for one in points]
    tracks = [
        _track(v.name(c), v.color(c), v.marker(c), [one.shares.get(c.number, NOTHING) for one in points], w.percent)
        for c in v.ranked(v.p.estimate, TRACKS)
    ]
    leader, second = pair
    lead = _track("", v.color(leader), v.marker(leader), [one.lead for one in points], w.points)
    before, now = points[0].lead, points[-1].lead
    alt = w(
        "course.alt",
        n=w.whole(len(points)),
        first=points[0].as_of.strftime(clock),
        last=points[-1].as_of.strftime(clock),
        name=v.name(leader),
        other=v.name(second),
        before=w.points(before.estimate),
        now=w.points(now.estimate),
        wide=w.points(before.high - before.low),
        narrow=w.points(now.high - now.low),
        level=v.level,
    )
    decisive = len(v.candidates) == 2 or about.rule != "plurality"
    return convergence(
        "course",
        hours,
        tracks,
        lead,
        alt=alt,
        ticks=(partial(_hour, w), v.percent_tick, v.tick),
        titles=(w("course.shares_title"), w("course.lead_title", name=v.name(leader), other=v.name(second))),
        line=100 * about.threshold if decisive else None,
        line_label=w("chart.line", threshold=w.percent(about.threshold, 0)),
        tie_label=w("chart.tie"),
    )


def _track(label: str, color: str, marker: str, values: Sequence[Value], say: object) -> Track:
    assert callable(say)
    value, low, high = ([100 * getattr(one, key) for one in values] for key in ("estimate", "low", "high"))
    return Track(label, color, marker, value, low, high, say(values[-1].estimate))


def _hour(w: Words, value: float) -> str:
    minutes = round(60 * value) % 1440
    return f"{minutes // 60:02d}{w('course.clock')[2]}{minutes % 60:02d}"
