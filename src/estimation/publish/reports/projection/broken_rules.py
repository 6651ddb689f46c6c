"""What limits the projection, what became of the returns, and which rules they broke."""

from estimation.publish.page_table import PageTable, RuleText
from estimation.publish.part import Problems, RuleGroup
from estimation.publish.reports.projection.view import View
from estimation.rules import Findings, Place
from estimation.words import isolated

PLACES_SHOWN = 5  # of each rule on the page; the CSV beside it has all
COUNTED = ("returns", "stations", "used", "kept_out", "corrected", "repeated", "conflicting", "rejected", "verified")


class _Blank(dict[str, str]):
    """Puts an ellipsis where a rule names a value that a finding does not have."""

    def __missing__(self, key: str) -> str:
        return "…"


def problems(v: View) -> Problems:
    """List what limits the projection, what became of the returns, what was kept out, and what is in doubt."""
    p, w = v.p, v.w
    notices = tuple(v.notice(notice) for notice in p.notices)
    counted = tuple((w(f"quality.{name}"), w.whole(getattr(p.quality, name))) for name in COUNTED)
    of_frame = [place.code[1] == "1" for place in p.findings.places()]  # codes E1… and W1…
    of_returns = p.findings.keep(not of for of in of_frame)
    kinds = [
        (w("problems.kept_out"), of_returns.errors),
        (w("problems.doubtful"), of_returns.warnings),
        (w("problems.frame"), p.findings.keep(of_frame)),
    ]
    groups = tuple(RuleGroup(heading, _rules(v, findings)) for heading, findings in kinds if len(findings))
    nothing = "" if notices or groups else w("problems.none")
    return Problems("problems", w("problems.heading"), counted, nothing, w("problems.notices"), notices, groups)


def _rules(v: View, findings: Findings) -> PageTable:
    """For each rule: code, meaning with the first places, how often."""
    w, rows = v.w, []
    for code, count in findings.counts().items():
        broken = [place for place in findings.places() if place.code == code]
        places = tuple(_place(v, place) for place in broken[:PLACES_SHOWN])
        summary = w("problems.first", n=len(places), total=w.whole(count))
        rows.append((code, RuleText(w.rule(code).format_map(_Blank()), summary, places), w.whole(count)))
    return PageTable.of([w("problems.code"), w("problems.what"), w("problems.times")], rows, "rules")


def _place(v: View, place: Place) -> str:
    line = v.w("problems.line", line=place.line) if place.line else ""
    where = f"{isolated(place.file)} {line}".strip()
    named = f"{isolated(place.tps_id)} · {where}" if place.tps_id else where
    return named + (f": {isolated(place.value)}" if place.value else "")
