"""Shares, the lead, turnout."""

from estimation.contest import INVALID, TURNOUT, share_name
from estimation.publish.figures import Rung, ShareRow, dot_and_interval, ladder
from estimation.publish.page_table import PageTable, Who
from estimation.publish.part import Candidates, Part, Quantities, Quantity, picture
from estimation.publish.reports.projection.view import View
from estimation.words import isolated

RIVALS = 3  # whom the leader is shown ahead of
# UU 10/2016 art. 158: a result may be disputed before the Constitutional Court within this part of the valid votes, by
# the inhabitants up to whom it holds
DISPUTE = {
    "gubernur": ((2_000_000, 0.02), (6_000_000, 0.015), (12_000_000, 0.01), (None, 0.005)),
    "bupati": ((250_000, 0.02), (500_000, 0.015), (1_000_000, 0.01), (None, 0.005)),
}
DISPUTE["walikota"] = DISPUTE["bupati"]


def dispute_limit(kind: str, inhabitants: int | None) -> float | None:
    """Give the lead, as a part of the valid votes, up to which a local election may be disputed (UU 10/2016 art. 158).

    Parameters
    ----------
    kind : str
        ``gubernur``, ``bupati`` or ``walikota``; None for any other.
    inhabitants : int or None
        Of the province, regency or town.
    """
    if inhabitants is None or kind not in DISPUTE:
        return None
    return next(limit for most, limit in DISPUTE[kind] if most is None or inhabitants <= most)


def candidates(v: View) -> Candidates:
    """Tabulate each candidate's share, interval, margin of error and votes seen."""
    p, w = v.p, v.w
    votes = p.counts.votes[p.counts.seen].sum(axis=0)
    shown = v.shown(p.estimate, [share_name(c.number) for c in v.candidates])
    rows = []
    for candidate, share, count in zip(v.candidates, shown, votes.tolist(), strict=True):
        empty = candidate.empty_column and candidate.name.lower() != w("candidates.empty")
        who = Who(
            str(candidate.number),
            isolated(candidate.name),
            v.color(candidate),
            note=w("candidates.empty") if empty else "",
            below=f"{share.margin} · {w('candidates.votes_short', votes=w.whole(int(count)))}",
            label=v.name(candidate),
        )
        rows.append((who, share.value, share.interval, share.margin, w.whole(int(count))))
    header = [w(f"candidates.{key}", level=v.level) for key in ("candidate", "share", "interval", "margin", "votes")]
    table = PageTable.of(header, rows, "candidates")
    return Candidates("candidates", w("candidates.heading"), table=table, caption=w("candidates.caption"))


def chart(v: View) -> Part:
    """Draw shares with intervals, and the line where the decision falls if it falls there."""
    p, w, about = v.p, v.w, v.p.contest.about
    if p.estimate is None:
        return Part("chart")
    values, rows, said = v.values(p.estimate), [], []
    for candidate in v.ranked(p.estimate):
        value, low, high = values[share_name(candidate.number)]
        name = v.name(candidate)
        rows.append(
            ShareRow(
                name, 100 * value, 100 * low, 100 * high, v.color(candidate), w.percent(value), v.marker(candidate)
            )
        )
        said.append(w("chart.alt_row", name=name, share=w.percent(value), low=w.points(low), high=w.points(high)))
    decisive = len(rows) == 2 or about.rule != "plurality"
    figure = dot_and_interval(
        "shares",
        rows,
        alt=w("chart.alt", level=v.level, rows="; ".join(said)),
        tick=v.percent_tick,
        line=100 * about.threshold if decisive else None,
        line_label=w("chart.line", threshold=w.percent(about.threshold, 0)),
    )
    return picture("chart", w("chart.heading"), figure)


def lead(v: View) -> Part:
    """Draw how far the leader is ahead of those behind him, and of a threshold, against zero."""
    p, w, about = v.p, v.w, v.p.contest.about
    if p.estimate is None or p.lead is None:
        return Part("lead")
    leader, second, *rest = v.ranked(p.estimate)
    behind = [second] if about.rule != "plurality" else [second, *rest][:RIVALS]
    lines: list[tuple[str, str, float, tuple[float, float, float]]] = []
    for other in behind:
        found = v.lead(p.estimate, leader, other)
        label = w("chart.lead_row", name=v.name(leader), other=v.name(other))
        lines.append((w("lead.over", other=v.name(other)), label, float(found.se[0]), v.values(found)["lead"]))
    if about.rule != "plurality":
        over = p.estimate.contrast({share_name(leader.number): 1.0}, "over", constant=-about.threshold)
        value, low, high = v.values(p.estimate)[share_name(leader.number)]
        held = (value - about.threshold, low - about.threshold, high - about.threshold)
        line = w.percent(about.threshold, 0)
        label = w("lead.over_row", name=v.name(leader), threshold=line)
        lines.insert(0, (w("lead.above", threshold=line), label, float(over.se[0]), held))
    rungs, table = [], []
    for i, (short, label, se, (value, low, high)) in enumerate(lines):
        ends, say = (100 * value, 100 * low, 100 * high), w.points(value)
        rungs.append(Rung(short, *ends, say, v.color(leader), v.marker(leader), strong=not i))
        first = w("lead.first") if i == 0 and len(lines) > 1 else ""
        table.append([f"{label}{first}", *_cells(v, value, low, high), w.decimal(100 * se, 2)])
    value, low, high = v.values(p.lead)["lead"]
    alt = w(
        "chart.lead_alt",
        name=v.name(leader),
        other=v.name(second),
        lead=w.points(value),
        low=w.points(low),
        high=w.points(high),
        level=v.level,
        where=w("chart.inside" if low <= 0 else "chart.outside"),
    )
    tie = w("chart.tie" if about.rule == "plurality" else "lead.zero")
    figure = ladder("lead", rungs, alt=alt, tick=v.tick, line=0.0, line_label=tie)
    header = [w("lead.what"), w("lead.points"), w("candidates.interval", level=v.level), w("lead.se")]
    return picture(
        "lead",
        w("lead.heading", name=v.name(leader)),
        figure,
        header=header,
        rows=table,
        caption=_disputed(v, low, high),
    )


def _cells(v: View, value: float, low: float, high: float) -> list[str]:
    shown = v.written(value, low, high, points=True)
    return [shown.value, shown.interval]


def _disputed(v: View, low: float, high: float) -> str:
    """Say whether the lead is one that may be disputed; blank where the law gives no limit or nobody knows it."""
    about = v.p.contest.about
    limit = dispute_limit(about.kind, about.inhabitants)
    if limit is None:
        return ""
    side = "below" if high <= limit else "above" if low > limit else "across"
    return v.w(f"lead.dispute_{side}", limit=v.w.percent(limit))


def turnout(v: View) -> Quantities:
    """Say turnout and the invalid share."""
    w = v.w
    both = v.shown(v.p.estimate, [TURNOUT, INVALID])
    names = [("turnout.turnout", "turnout.of_roll"), ("turnout.invalid", "turnout.of_ballots")]
    items = tuple(
        Quantity(
            w(name),
            shown.value,
            w("turnout.none") if shown.value == "–" else w("candidates.interval", level=v.level),
            shown.interval,
            w(of),
        )
        for (name, of), shown in zip(names, both, strict=True)
    )
    return Quantities("turnout", w("turnout.heading"), items)
