"""Parts of the projection report that set methods side by side, and say how the one that counts works."""

import numpy as np

from estimation.decision import leader_and_runner_up
from estimation.projection import Projection
from estimation.publish.part import Part, table
from estimation.publish.words import Words
from estimation.survey import Estimate
from estimation.survey.intervals import INTERVALS

SHOWN = 3  # candidates, largest first


def methods(p: Projection, w: Words) -> Part:
    """Tabulate the shares and the lead by every method, the report's own first."""
    if p.estimate is None or not p.others:
        return Part("methods", "", "")
    leader, other = leader_and_runner_up(p.contest, p.estimate.theta)
    order = np.argsort(-p.estimate.theta[: len(p.contest.candidates)], kind="stable")[:SHOWN]
    shown = [p.contest.candidates[int(i)] for i in order]
    name = _spoken(w, p.estimator)
    lines = [(w("methods.used", method=name[:1].upper() + name[1:]), p.estimate)]
    for key, estimate in p.others.items():
        name = _spoken(w, key)
        lines.append((name[:1].upper() + name[1:], estimate))
    rows = []
    for label, estimate in lines:
        lead = estimate.contrast({f"share:{leader.number}": 1.0, f"share:{other.number}": -1.0}, "lead")
        cells = [_cell(p, w, estimate, f"share:{candidate.number}") for candidate in shown]
        rows.append([label, *cells, _cell(p, w, lead, "lead")])
    return table(
        w,
        "methods",
        w("methods.heading"),
        [w("methods.method"), *(candidate.label for candidate in shown), w("methods.lead")],
        rows,
        intro=[w("methods.intro")],
        caption=w("methods.caption", level=w.level(p.contest.about.level), name=leader.label, other=other.label),
    )


def _spoken(w: Words, name: str) -> str:
    return w(f"estimator.{name.replace('-', '_')}")


def _cell(p: Projection, w: Words, estimate: Estimate, name: str) -> str:
    bounds, i = estimate.interval(p.contest.about.level), estimate.index(name)
    value, low, high = (float(part[i]) for part in (estimate.theta, bounds.low, bounds.high))
    return f"{w.points(value)} ({w.points(low)} – {w.points(high)})"


def says_estimator(p: Projection, w: Words) -> list[str]:
    """Say how the shares were estimated, and what calibration did to the weights."""
    controls = ", ".join(p.weighting.controls) if p.weighting else ""
    lines = [w(f"estimator.says_{p.estimator.replace('-', '_')}", controls=controls)]
    if p.weighting is not None and p.weighting.calibration is not None:
        report = p.weighting.calibration.summary()
        parts = {name: w.decimal(float(getattr(report, name)), 2) for name in ("smallest", "median", "largest", "kish")}
        lines.append(w("estimator.weights", **parts))
    return lines


def says_interval(p: Projection, w: Words) -> str:
    """Say from which variance the intervals come, of which kind they are, and on how many degrees of freedom."""
    assert p.estimate is not None
    df = int(np.min(p.estimate.df))
    key = "method.interval_model" if p.variance == "model" else "method.interval"
    return w(
        key,
        level=w.level(p.contest.about.level),
        variance=w(f"variance.{p.variance.replace('-', '_')}"),
        how=w(f"interval.{_kind(p.estimate.kind).replace('-', '_')}", df=w.whole(df)),
    )


def says_call(p: Projection, w: Words) -> str:
    """Say what it takes to call somebody."""
    table = p.contest.estimate
    key = "takes" if table.call_rule == "planned" and table.takes else table.call_rule
    spending = w(f"method.spending_{table.spending.replace('-', '_')}")
    return w(
        "method.call",
        error=w.percent(table.call_error),
        rule=w(f"method.rule_{key}", spending=spending, takes=table.takes or 0),
        percent=w.percent(table.min_received, 0),
        stations=table.min_per_stratum,
        drift=w.decimal(table.drift, 2),
    )


def _kind(name: str) -> str:
    """Say which interval ``auto`` is."""
    function = INTERVALS.get(name)
    return next((kind for kind, own in INTERVALS.items() if own is function and kind != "auto"), name)
