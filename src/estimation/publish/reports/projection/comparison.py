"""Every method's shares and lead side by side."""

from estimation.contest import share_name
from estimation.publish.figures import Rung, ladder
from estimation.publish.figures.canvas import INK
from estimation.publish.page_table import Cell
from estimation.publish.part import Part, picture
from estimation.publish.reports.projection.view import View

SHOWN = 2  # candidates, largest first


def methods(v: View) -> Part:
    """Draw the lead by every method, the report's own first, and tabulate shares and lead."""
    p, w = v.p, v.w
    if p.estimate is None or not p.others:
        return Part("methods")
    leader, other = v.pair(p.estimate)
    shown = v.ranked(p.estimate, SHOWN)
    rungs: list[Rung] = []
    rows: list[list[Cell]] = []
    for i, (key, estimate) in enumerate([(p.estimator, p.estimate), *p.others.items()]):
        name = v.method(key)
        name = name[:1].upper() + name[1:]
        lead = v.lead(estimate, leader, other)
        value, low, high = (100 * part for part in v.values(lead)["lead"])
        color = INK if i else v.color(leader)
        rungs.append(Rung(name, value, low, high, w.points(value / 100), color, strong=not i))
        said = v.shown(estimate, [share_name(candidate.number) for candidate in shown])
        rows.append([name if i else w("methods.used", method=name), *said, *v.shown(lead, ["lead"], points=True)])
    own = rungs[0]
    others = [one.value for one in rungs[1:]]
    alt = w(
        "methods.alt",
        name=v.name(leader),
        other=v.name(other),
        own=own.text,
        n=w.whole(len(others)),
        least=w.points(min(others) / 100),
        most=w.points(max(others) / 100),
    )
    figure = ladder(
        "methods", rungs, alt=alt, tick=v.tick, line=0.0, line_label=w("chart.tie"), band=(own.low, own.high)
    )
    return picture(
        "methods",
        w("methods.heading"),
        figure,
        header=[w("methods.method"), *(v.name(candidate) for candidate in shown), w("methods.lead")],
        rows=rows,
        intro=[w("methods.intro")],
        caption=w("methods.caption", level=v.level, name=v.name(leader), other=v.name(other)),
    )
