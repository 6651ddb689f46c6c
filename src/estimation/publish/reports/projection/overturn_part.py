"""What the stations still out would have to do for the verdict to change."""

import math

from estimation.publish.figures import Rung, ladder
from estimation.publish.part import Part, Section, picture, table
from estimation.publish.reports.projection.view import View


def overturn_part(v: View) -> Part:
    """Set the split that the stations out would need against the one of those in."""
    w, r = v.w, v.p.remaining
    if r is None:
        return Part("overturn")
    heading = w("verdict.remaining")
    if r.out == 0:
        return Section("overturn", heading, (w("overturn.all_counted" if v.p.progress.whole else "overturn.all_in"),))
    sentences = [f"{v.notice(notice)}." for notice in r.notices(v.p.contest)]
    names = {c.number: c for c in v.candidates}
    whose = names[r.leader if r.rival is None else r.rival]
    of = w(
        "overturn.of_valid" if r.rival is None else "overturn.of_two", name=v.name(names[r.leader]), other=v.name(whose)
    )
    rows = [
        [w("overturn.out"), w.whole(r.out)],
        [w("overturn.expected" if r.rival else "overturn.expected_valid"), w.whole(round(r.remaining))],
        [w("overturn.needed"), _part(v, r.needed)],
        [w("overturn.now"), _part(v, r.now)],
    ]
    if math.isfinite(r.extreme):
        rows.append([w("overturn.extreme", area=r.where), _part(v, r.extreme)])
    if math.isfinite(r.drift):
        rows.append([w("overturn.drift"), w.decimal(r.drift, 2)])
        rows.append([w("overturn.limit"), w.decimal(r.limit, 2)])
    header = [w("overturn.what"), w("overturn.value")]
    caption = w("overturn.caption", of=of)
    if not 0 <= r.needed <= 1:
        return table("overturn", heading, header, rows, intro=sentences, caption=caption)
    rungs = [
        Rung(
            w("overturn.now_short"),
            100 * r.now,
            *(math.nan, math.nan),
            _part(v, r.now),
            v.color(whose),
            v.marker(whose),
        )
    ]
    if math.isfinite(r.extreme):
        rungs.append(
            Rung(r.where, 100 * r.extreme, *(math.nan, math.nan), _part(v, r.extreme), v.color(whose), v.marker(whose))
        )
    figure = ladder(
        "overturn",
        rungs,
        alt=" ".join(sentences),
        tick=v.percent_tick,
        line=100 * r.needed,
        line_label=w("overturn.line", needed=_part(v, r.needed)),
    )
    return picture("overturn", heading, figure, header=header, rows=rows, caption=caption, intro=sentences)


def _part(v: View, part: float) -> str:
    """Write a part of votes; one that is none says so."""
    return v.w.percent(part) if 0 <= part <= 1 else v.w("overturn.impossible")
