"""What limits the projection, what became of the returns, and which rules they broke."""

from estimation.publish.part import Part
from estimation.publish.projection_report.view import View
from estimation.publish.template import render_part
from estimation.rules import Findings, Place
from estimation.words import isolated

PLACES_SHOWN = 5  # of each rule on the page; the CSV beside it has all
COUNTED = ("returns", "stations", "used", "kept_out", "corrected", "repeated", "conflicting", "rejected", "verified")


class _Blank(dict[str, str]):
    """Puts an ellipsis where a rule names a value that a finding does not have."""

    def __missing__(self, key: str) -> str:
        return "…"


def problems(v: View) -> Part:
    """List what limits the projection, what became of the returns, what was kept out, and what is in doubt."""
    p, w = v.p, v.w
    notices = [v.notice(notice) for notice in p.notices]
    counted = [(w(f"quality.{name}"), w.whole(getattr(p.quality, name))) for name in COUNTED]
    of_frame = [place.code[1] == "1" for place in p.findings.places()]  # codes E1… and W1…
    of_returns = p.findings.keep(not of for of in of_frame)
    groups = [
        (w("problems.kept_out"), of_returns.errors),
        (w("problems.doubtful"), of_returns.warnings),
        (w("problems.frame"), p.findings.keep(of_frame)),
    ]
    listed = [(heading, _rules(v, found)) for heading, found in groups if len(found)]
    lines = [*notices, *(f"{name}: {count}" for name, count in counted)]
    lines += [f"{heading}: {code} × {n}" for heading, rules in listed for code, _, n, _ in rules]
    lines += [] if notices or listed else [w("problems.none")]
    html = render_part("problems", w=w, notices=notices, counted=counted, groups=listed)
    return Part("problems", "\n".join(lines), html)


def _rules(v: View, found: Findings) -> list[tuple[str, str, str, list[str]]]:
    """For each rule: code, meaning, how often, the first places."""
    w, result = v.w, []
    for code, count in found.counts().items():
        broken = [place for place in found.places() if place.code == code]
        places = [_place(v, place) for place in broken[:PLACES_SHOWN]]
        result.append((code, w.rule(code).format_map(_Blank()), w.whole(count), places))
    return result


def _place(v: View, place: Place) -> str:
    line = v.w("problems.line", line=place.line) if place.line else ""
    where = f"{isolated(place.file)} {line}".strip()
    named = f"{isolated(place.tps_id)} · {where}" if place.tps_id else where
    return named + (f": {isolated(place.value)}" if place.value else "")
