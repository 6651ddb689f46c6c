"""Whether what is in is unlike what is out, as checks that a reader can follow."""

import math
from datetime import UTC, datetime

from estimation.contest import share_name
from estimation.errors import EstimationError
from estimation.projection.arrivals import UNCORRECTED, Half, Halves, compare_halves, corrections
from estimation.publish.figures import Figure, Rung, ladder
from estimation.publish.page_table import Cell
from estimation.publish.part import ArrivalCheck, Checks, Part
from estimation.publish.reports.projection.view import View
from estimation.survey import Estimate


def arrival(v: View) -> Part:
    """Show every check: its outcome, what a person would say of it, the numbers."""
    w, made = v.w, checks(v)
    return Checks("arrival", w("arrival.heading"), (w("arrival.intro"),), made) if made else Part("arrival")


def checks(v: View) -> tuple[ArrivalCheck, ...]:
    """Look at early against late, small against large, near against far, and at what the correction does."""
    if v.p.estimate is None:
        return ()
    leader, _ = v.pair(v.p.estimate)
    value, low, high = v.values(v.p.estimate)[share_name(leader.number)]
    found = compare_halves(v.p)
    ends = [end for one in found for half in one.halves for end in (half.low, half.high)] + [low, high]
    reach = 100 * min(ends), 100 * max(ends)
    parts = [_split(v, one, (100 * value, 100 * low, 100 * high), reach) for one in found]
    return (*parts, _corrected(v))


def _split(v: View, one: Halves, own: tuple[float, float, float], reach: tuple[float, float]) -> ArrivalCheck:
    w = v.w
    assert v.p.estimate is not None
    leader, _ = v.pair(v.p.estimate)
    name = w(f"arrival.{one.name}")
    if one.why:
        key = {"unknown": "why_unknown", "few": "why_few"}.get(one.why)
        text = w(f"arrival.{key}") if key else w("arrival.why", why=one.why)
        return ArrivalCheck(name, one.passed, _outcome(v, one.passed), (), (), text)
    cut = _cut(v, one)
    labels = [w(f"arrival.{one.name}_{side}", cut=cut) for side in ("first", "second")]
    rows: list[tuple[Cell, ...]] = []
    for label, half in zip(labels, one.halves, strict=True):
        count = w.whole(half.used) if half.drawn is None else f"{w.whole(half.used)} / {w.whole(half.drawn)}"
        rows.append((label, count, v.written(half.share, half.low, half.high)))
    if math.isfinite(one.within):
        rows.append((w("arrival.within"), "", v.written(one.within, one.low, one.high, points=True)))
    header = (w("arrival.stations"), w("arrival.in"), w("arrival.share", name=v.name(leader), level=v.level))
    figure = _halves(v, one, labels, own, reach)
    return ArrivalCheck(name, one.passed, _outcome(v, one.passed), header, tuple(rows), _says(v, one), figure)


def _outcome(v: View, passed: bool | None) -> str:
    return v.w(f"arrival.{ {True: 'passed', False: 'failed', None: 'open'}[passed] }")


def _cut(v: View, one: Halves) -> str:
    if one.name == "time":
        moment = v.p.contest.local(datetime.fromtimestamp(one.cut, UTC))
        return moment.strftime(v.w("course.clock"))
    return v.w.whole(round(one.cut)) if one.name == "size" else v.w.decimal(one.cut)


def _says(v: View, one: Halves) -> str:
    """Say what the halves show, and what of it matters."""
    w, (first, second) = v.w, one.halves
    assert v.p.estimate is not None
    leader, _ = v.pair(v.p.estimate)
    gap = second.share - first.share
    side = "same" if round(100 * gap, 1) == 0 else "more" if gap > 0 else "less"
    values = {"name": v.name(leader), "gap": w.points(abs(gap))}
    if one.name == "time":
        said = [w(f"arrival.time_{side}", **values)]
    else:
        rates = {"first": _rate(v, first), "second": _rate(v, second)}
        said = [w(f"arrival.{one.name}_rates", **rates), w(f"arrival.{one.name}_{side}", **values)]
    if one.complete:
        return " ".join([*said, w("arrival.complete")])
    if not math.isfinite(one.within):
        return " ".join([*said, w("arrival.within_none")])
    chance = one.low <= 0 <= one.high
    numbers = {"within": w.points(one.within), "low": w.points(one.low), "high": w.points(one.high)}
    said.append(w("arrival.within_chance" if chance else "arrival.within_real", **numbers))
    if one.passed is False:
        said.append(w(f"arrival.{'time' if one.name == 'time' else 'weights'}_failed", shift=w.points(abs(one.shift))))
    elif one.name != "time":
        said.append(w("arrival.weights_passed", shift=w.points(abs(one.shift))))
    return " ".join(said)


def _rate(v: View, half: Half) -> str:
    return v.w.percent(half.used / half.drawn, 0) if half.drawn else "–"


def _halves(
    v: View, one: Halves, labels: list[str], own: tuple[float, float, float], reach: tuple[float, float]
) -> Figure:
    w = v.w
    assert v.p.estimate is not None
    leader, _ = v.pair(v.p.estimate)
    rungs = [
        Rung(
            label,
            100 * half.share,
            100 * half.low,
            100 * half.high,
            w.percent(half.share),
            v.color(leader),
            v.marker(leader),
        )
        for label, half in zip(labels, one.halves, strict=True)
    ]
    said = "; ".join(f"{label} {rung.text}" for label, rung in zip(labels, rungs, strict=True))
    return ladder(
        f"arrival-{one.name}",
        rungs,
        alt=w("arrival.alt", name=v.name(leader), halves=said, projected=w.percent(own[0] / 100)),
        tick=v.percent_tick,
        line=own[0],
        line_label=w("arrival.projected"),
        band=own[1:],
        reach=reach,
    )


def _corrected(v: View) -> ArrivalCheck:
    """Set the estimate with no correction beside those with more and more of it."""
    w, p = v.w, v.p
    assert p.estimate is not None
    name = w("arrival.corrected")
    try:
        found = corrections(p)
    except EstimationError as error:
        return ArrivalCheck(name, None, _outcome(v, None), (), (), w("arrival.why", why=str(error)))
    leader, other = v.pair(p.estimate)
    key = share_name(leader.number)
    own = v.values(p.estimate)[key]
    rows, rungs = [], []
    for method, estimate in found.items():
        value, low, high = v.values(estimate)[key]
        label = w("arrival.uncorrected") if method == UNCORRECTED else _capital(v.method(method))
        strong = method == p.estimator
        rows.append(
            (label, v.written(value, low, high), v.shown(v.lead(estimate, leader, other), ["lead"], points=True)[0])
        )
        text = w.percent(value)
        rungs.append(
            Rung(label, 100 * value, 100 * low, 100 * high, text, v.color(leader), v.marker(leader), strong=strong)
        )
    raw = found[UNCORRECTED]
    passed = _agrees(v, raw, own)
    moved = own[0] - v.values(raw)[key][0]
    text = w(
        "arrival.moved_none"
        if round(100 * moved, 1) == 0
        else "arrival.moved_up"
        if moved > 0
        else "arrival.moved_down",
        name=v.name(leader),
        moved=w.points(abs(moved)),
        before=w.percent(own[0] - moved),
        after=w.percent(own[0]),
    )
    text += " " + w("arrival.moved_passed" if passed else "arrival.moved_failed")
    said = "; ".join(f"{rung.label} {rung.text}" for rung in rungs)
    figure = ladder(
        "arrival-corrected",
        rungs,
        alt=w("arrival.alt", name=v.name(leader), halves=said, projected=w.percent(own[0])),
        tick=v.percent_tick,
        line=100 * own[0],
        line_label=w("arrival.projected"),
        band=(100 * own[1], 100 * own[2]),
    )
    header = (
        w("methods.method"),
        v.name(leader),
        w("methods.lead"),
    )
    return ArrivalCheck(name, passed, _outcome(v, passed), header, tuple(rows), text, figure)


def _agrees(v: View, raw: Estimate, own: tuple[float, float, float]) -> bool:
    """Say whether the correction changes nothing that is claimed: the same leader, inside the interval."""
    assert v.p.estimate is not None
    leader, _ = v.pair(v.p.estimate)
    value = v.values(raw)[share_name(leader.number)][0]
    return v.pair(raw)[0] == leader and own[1] <= value <= own[2]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
