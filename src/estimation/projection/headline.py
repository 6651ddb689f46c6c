"""A projection in a few lines, for a terminal."""

import numpy as np

from estimation.projection.compute_projection import Projection

_STATUS = {
    "called": "called for {name}",
    "leading": "{name} leads, not called",
    "too-close": "too close to call",
    "insufficient": "not enough returns",
}


def projection_summary(projection: Projection) -> list[str]:
    """Say what is in, the verdict, and a line for each candidate, the lead and turnout."""
    p, about = projection, projection.contest.about
    names = {candidate.number: candidate.label for candidate in p.contest.candidates}
    when = f", as of {p.contest.local(p.as_of):%Y-%m-%d %H:%M %Z}" if p.as_of else ""
    verdict = _STATUS[p.call.status].format(name=names.get(p.call.winner or 0, ""))
    lines = [f"{about.title} ({about.mode}): {verdict}"]
    lines.append(
        f"{p.progress.used} of {p.progress.drawn} stations used, {int(p.counts.kept_out.sum())} kept out{when}"
    )
    lines += [f"  {reason.text}" for reason in p.call.reasons]
    if p.estimate is None or p.lead is None:
        return lines
    bounds = p.estimate.interval(about.level)
    width = max(len(label) for label in [*names.values(), "turnout", "lead"])
    rows = [(names[int(name[6:])] if name.startswith("share:") else name, i) for i, name in enumerate(p.estimate.names)]
    for label, i in rows:
        low, high = bounds.low[i], bounds.high[i]
        lines.append(f"  {label:<{width}}  {100 * p.estimate.theta[i]:6.2f} %  ({100 * low:.2f} to {100 * high:.2f})")
    lead = p.lead.interval(about.level)
    value, low, high = (100 * float(np.squeeze(v)) for v in (p.lead.theta, lead.low, lead.high))
    lines.append(f"  {'lead':<{width}}  {value:6.2f}    ({low:.2f} to {high:.2f} points)")
    return lines
