"""Where the numbers come from, and the command that makes them again."""

import shlex

from estimation.boundaries import Boundaries
from estimation.publish.part import Provenance
from estimation.publish.reports.projection.method import kind_of
from estimation.publish.reports.projection.view import View
from estimation.words import isolated

ORDER = ("recorded-by", "sample", "returns", "estimator", "variance", "interval", "level", "where", "previous")


def provenance(v: View, boundaries: Boundaries | None = None) -> Provenance:
    """List the hashes, the seed, the version, the parameters and the command that makes the numbers again."""
    p, w, about = v.p, v.w, v.p.contest.about
    moment = p.contest.local(p.as_of).isoformat() if p.as_of else None
    items = [
        (w("provenance.contest"), about.id),
        (w("provenance.as_of"), moment),
        (w("provenance.estimator"), p.estimator),
        (w("provenance.variance"), p.variance),
        (w("provenance.interval"), None if p.estimate is None else kind_of(p.estimate.kind)),
        (w("provenance.level"), v.level),
        *((w(f"provenance.{key}"), value) for key, value in p.provenance.items()),
    ]
    if boundaries is not None:
        items.append((w("provenance.boundaries_sha256"), boundaries.sha256))
    items.append((w("provenance.command"), projection_command(v)))
    lines = tuple((name, isolated(value) if value else w("provenance.none")) for name, value in items)
    return Provenance("provenance", w("provenance.heading"), w("provenance.intro"), lines)


def projection_command(v: View) -> str:
    """Give the command that makes these numbers from the same files, with every option that was given."""
    p = v.p
    words = ["quickcount", "project", p.contest.about.id]
    if p.as_of:
        words += ["--as-of", p.contest.local(p.as_of).isoformat()]
    for name in ORDER:
        if name in p.options:
            words += [f"--{name}", p.options[name]]
    for name in sorted(set(p.options) - set(ORDER)):  # keys of [estimate] without an option of their own
        words += ["--estimate", f"{name}={p.options[name]}"]
    return shlex.join(words)
