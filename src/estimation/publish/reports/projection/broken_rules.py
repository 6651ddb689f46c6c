"""What limits the projection, what became of the returns, and which rules they broke."""

from estimation.publish.page_table import Rule, Table
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
    frame = p.findings.table["code"].str.fullmatch(r"[EW]1\d\d").astype(bool)
    kinds = [
        (w("problems.kept_out"), Findings(p.findings.table[~frame]).errors),
        (w("problems.doubtful"), Findings(p.findings.table[~frame]).warnings),
        (w("problems.frame"), Findings(p.findings.table[frame])),
    ]
    groups = tuple(RuleGroup(heading, _rules(v, findings)) for heading, findings in kinds if len(findings))
    nothing = "" if notices or groups else w("problems.none")
    return Problems("problems", w("problems.heading"), counted, nothing, w("problems.notices"), notices, groups)


def _rules(v: View, findings: Findings) -> Table:
    """For each rule: code, meaning with the first places, how often."""
    w, rows = v.w, []
    for code, count in findings.counts().items():
        first = findings.table[findings.table["code"] == code].head(PLACES_SHOWN)
        places = tuple(_place(v, place) for place in Findings(first).places())
        summary = w("problems.first", n=len(places), total=w.whole(count))
        rows.append((code, Rule(w.rule(code).format_map(_Blank()), summary, places), w.whole(count)))
    return Table.of([w("problems.code"), w("problems.what"), w("problems.times")], rows, "rules")


def _place(v: View, place: Place) -> str:
    line = v.w("problems.line", line=place.line) if place.line else ""
    where = f"{isolated(place.file)} {line}".strip()
    named = f"{isolated(place.tps_id)} · {where}" if place.tps_id else where
    return named + (f": {isolated(place.value)}" if place.value else "")
