"""The takes of a night against the official result, as a part of a page."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import numpy as np

from estimation.contest import LEAD
from estimation.evaluation import Evaluation
from estimation.evaluation.take_errors import ComparedTake
from estimation.publish.figures import Figure, Moment, draw_course
from estimation.publish.part import Part, Section, picture, table
from estimation.publish.reports.evaluation.miss_text import deviate_text, interval, label_of, said_held, signed, tick
from estimation.words import Words

TAKES_SHOWN = 24  # evenly through the night; the CSV has all


def takes(e: Evaluation, w: Words) -> Part:
    """Draw the lead through the night against the official line, and tabulate the takes."""
    heading, notes = w("evaluation.heading_takes"), []
    if e.refused:
        which = "; ".join(f"{name}: {why}" for name, why in e.refused.items())
        notes.append(w("evaluation.refused", count=w.whole(len(e.refused)), which=which))
    if not e.takes:
        return Section("takes", heading, (w("evaluation.no_takes"), *notes))
    place = np.unique(np.linspace(0, len(e.takes) - 1, min(len(e.takes), TAKES_SHOWN)).round().astype(int))
    if len(place) < len(e.takes):
        notes.insert(0, w("evaluation.takes_shown", shown=w.whole(len(place)), takes=w.whole(len(e.takes))))
    days = {take.as_of.date() for take in e.takes if take.as_of is not None}
    clock = w("evaluation.clock" if len(days) < 2 else "evaluation.clock_day")
    rows = [_row(e, w, e.takes[i], clock) for i in place]
    keys = ("time", "in", "lead", "interval_short", "miss", "z_column", "held_column", "call")
    header, caption = [w(f"evaluation.{key}") for key in keys], " ".join([w("evaluation.takes_caption"), *notes])
    drawn = [take for take in e.takes if take.as_of is not None and take.quantity(LEAD).held is not None]
    if len(drawn) < 2:
        return table("takes", heading, header, rows, caption=caption)
    return picture("takes", heading, _course(e, w, drawn, clock), header=header, rows=rows, caption=caption)


def _row(e: Evaluation, w: Words, take: ComparedTake, clock: str) -> list[str]:
    one = take.quantity(LEAD)
    said = w(f"verdict.status_{take.status.replace('-', '_')}")
    if take.right is not None:
        said = w(f"evaluation.called_{'right' if take.right else 'wrong'}", name=label_of(e.contest, take.winner))
    return [
        take.as_of.strftime(clock) if take.as_of else take.name,
        f"{w.whole(take.used)} / {w.whole(take.drawn)}",
        w.points(one.estimate),
        interval(w, one),
        signed(w, one.miss),
        deviate_text(w, one),
        said_held(w, one),
        f"{said}, {w('evaluation.withdrawn')}" if take.withdrawn else said,
    ]


def _course(e: Evaluation, w: Words, shown: Sequence[ComparedTake], clock: str) -> Figure:
    first, second = e.official.pair
    times = [take.as_of for take in shown if take.as_of is not None]
    midnight = times[0].replace(hour=0, minute=0, second=0, microsecond=0)

    def hour(moment: datetime) -> float:
        return (moment - midnight).total_seconds() / 3600

    moments = [
        Moment(hour(at), 100 * one.estimate, 100 * one.low, 100 * one.high, bool(one.held))
        for at, one in zip(times, (take.quantity(LEAD) for take in shown), strict=True)
    ]
    official = w.points(e.lead.official)
    alt = w(
        "evaluation.takes_alt",
        name=first.label,
        other=second.label,
        n=w.whole(len(shown)),
        first=times[0].strftime(clock),
        last=times[-1].strftime(clock),
        official=official,
        held=w.whole(sum(one.held for one in moments)),
    )
    now = e.projection.as_of
    mark = None if now is None else hour(now)
    inside = mark is not None and moments[0].hour <= mark <= moments[-1].hour
    return draw_course(
        "takes",
        moments,
        alt=alt,
        ticks=(partial(_hour, w), partial(tick, w)),
        line=100 * e.lead.official,
        line_label=w("evaluation.official_line", value=official),
        mark=mark if inside else None,
        mark_label=w("evaluation.this_page"),
    )


def _hour(w: Words, value: float) -> str:
    minutes = round(60 * value) % 1440
    return f"{minutes // 60:02d}{w('evaluation.clock')[2]}{minutes % 60:02d}"
