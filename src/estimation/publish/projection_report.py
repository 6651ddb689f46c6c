"""The parts of a projection report: each is a table or figure with the sentence that a person would say."""

import math
from dataclasses import dataclass

import numpy as np

from estimation.contest import Candidate
from estimation.decision import leader_and_runner_up
from estimation.estimators.quantities import INVALID, TURNOUT
from estimation.projection import AreaResult, Projection
from estimation.publish.comparison import methods, says_call, says_estimator, says_interval
from estimation.publish.figures import Row, dot_and_interval
from estimation.publish.part import PALETTE, Part, Shown, picture
from estimation.publish.template import render_part
from estimation.publish.words import Words
from estimation.rules import Findings, Place
from estimation.survey import Estimate

PLACES_SHOWN = 5  # of each rule on the page; the CSV beside it has all
SHARES_SHOWN = 3  # candidates in the table of areas


@dataclass(frozen=True, slots=True)
class ProjectionReport:
    """A projection in the words of one language; each method gives one part of the page.

    Attributes
    ----------
    projection : Projection
    words : Words
    """

    projection: Projection
    words: Words

    def __repr__(self) -> str:
        return f"{self.projection.contest.about.title}: {self.status}"

    @property
    def status(self) -> str:
        """The verdict in two or three words."""
        return self.words(f"verdict.status_{self.projection.call.status.replace('-', '_')}")

    def banner(self) -> Part:
        """Say what this is: not official, which mode and release, as of when, how much is in."""
        p, w = self.projection, self.words
        about = p.contest.about
        share = p.progress.used / p.progress.drawn if p.progress.drawn else 0.0
        key = "banner.asked_all" if p.contest.returns.asked == "all" else "banner.stations"
        stations = w(
            key,
            used=w.whole(p.progress.used),
            drawn=w.whole(p.progress.drawn),
            percent=w.percent(math.floor(100 * share) / 100, 0),
        )
        as_of = w("banner.as_of", moment=w.moment(p.contest.local(p.as_of))) if p.as_of else w("banner.untimed")
        release = w(f"release.{about.release}", moment=w.moment(p.contest.local(about.publish_after)))
        lines = [w("page.not_official"), w(f"mode.{about.mode}"), as_of, stations, release]
        paid = [w("banner.paid", sponsor=about.sponsor)] if about.sponsor else []
        paid += [w("banner.registration", registration=about.registration)] if about.registration else []
        html = render_part(
            "banner",
            w=w,
            about=about,
            stations=stations,
            as_of=as_of,
            release=release,
            share=share,
            paid=paid,
        )
        return Part("banner", "\n".join(lines + paid), html)

    def verdict(self) -> Part:
        """Say the lead and the call in one sentence, and the reasons."""
        w = self.words
        p = self.projection
        reasons = [w.notice(reason) for reason in p.call.reasons]
        remaining = [w.notice(notice) for notice in p.remaining.notices(p.contest)] if p.remaining else []
        alarm = [w("verdict.withdrawn")] if p.call.withdrawn else []
        sentence = self.sentence()
        html = render_part(
            "verdict",
            w=w,
            status=self.status,
            kind=p.call.status,
            sentence=sentence,
            reasons=reasons,
            remaining=remaining,
            alarm=alarm,
        )
        lines = [*alarm, f"{self.status}. {sentence}", *(f"- {line}" for line in [*reasons, *remaining])]
        return Part("verdict", "\n".join(lines), html)

    def sentence(self) -> str:
        """Say the verdict in one sentence."""
        p, w, about = self.projection, self.words, self.projection.contest.about
        if p.estimate is None or p.lead is None:
            return w("verdict.insufficient")
        leader, other = leader_and_runner_up(p.contest, p.estimate.theta)
        kind = "plurality" if about.rule == "plurality" else "share"
        estimate, name = (p.lead, "lead") if kind == "plurality" else (p.estimate, f"share:{leader.number}")
        say = w.points if kind == "plurality" else w.percent
        low, high = self._ends(estimate, name)
        key = f"{p.call.status.replace('-', '_')}_{kind}"
        if any(reason.code == "C11" for reason in p.call.reasons):
            key = "runoff"
        return w(
            f"verdict.{key}",
            name=leader.label,
            other=other.label,
            lead=w.points(float(p.lead.theta[0])),
            share=w.percent(float(estimate.theta[estimate.index(name)])),
            low=say(low),
            high=say(high),
            level=w.level(about.level),
            threshold=w.percent(about.threshold, 0),
        )

    def candidates(self) -> Part:
        """Tabulate each candidate's share, interval, margin of error and votes seen."""
        p, w = self.projection, self.words
        votes = p.counts.votes[p.counts.seen].sum(axis=0)
        rows = [
            {
                "candidate": candidate,
                "color": self._color(i),
                "shown": self._shown(p.estimate, f"share:{candidate.number}"),
                "votes": w.whole(int(votes[i])),
                "width": 100 * float(p.estimate.theta[i]) if p.estimate else 0.0,
            }
            for i, candidate in enumerate(p.contest.candidates)
        ]
        text = "\n".join(
            f"{c.number} {c.label}: {s.value} ({s.interval}), {w('candidates.votes').lower()} {row['votes']}"
            for row in rows
            for c, s in [(row["candidate"], row["shown"])]
            if isinstance(c, Candidate) and isinstance(s, Shown)
        )
        html = render_part("candidates", w=w, rows=rows, level=w.level(p.contest.about.level))
        return Part("candidates", text, html)

    def chart(self) -> Part:
        """Draw shares with intervals, and the line where the decision falls if it falls there."""
        p, w, about = self.projection, self.words, self.projection.contest.about
        if p.estimate is None:
            return Part("chart", "", "")
        order = np.argsort(-p.estimate.theta[: len(p.contest.candidates)], kind="stable")
        rows, said = [], []
        for i in order:
            candidate = p.contest.candidates[int(i)]
            name = f"share:{candidate.number}"
            low, high = self._ends(p.estimate, name)
            value = float(p.estimate.theta[i])
            rows.append(Row(candidate.label, 100 * value, 100 * low, 100 * high, self._color(int(i)), w.percent(value)))
            said.append(
                w(
                    "chart.alt_row",
                    name=candidate.label,
                    share=w.percent(value),
                    low=w.points(low),
                    high=w.points(high),
                )
            )
        decisive = len(rows) == 2 or about.rule != "plurality"
        figure = dot_and_interval(
            "shares",
            rows,
            alt=w("chart.alt", level=w.level(about.level), rows="; ".join(said)),
            tick=lambda value: self._tick(value) + "\u00a0%",
            line=100 * about.threshold if decisive else None,
            line_label=w("chart.line", threshold=w.percent(about.threshold, 0)),
        )
        return picture(w, "chart", w("chart.heading"), figure)

    def lead(self) -> Part:
        """Draw the lead with its interval against zero."""
        p, w = self.projection, self.words
        if p.estimate is None or p.lead is None:
            return Part("lead", "", "")
        leader, other = leader_and_runner_up(p.contest, p.estimate.theta)
        low, high = self._ends(p.lead, "lead")
        value = float(p.lead.theta[0])
        label = w("chart.lead_row", name=leader.label, other=other.label)
        color = self._color(p.contest.candidates.index(leader))
        alt = w(
            "chart.lead_alt",
            name=leader.label,
            other=other.label,
            lead=w.points(value),
            low=w.points(low),
            high=w.points(high),
            level=w.level(p.contest.about.level),
            where=w("chart.inside" if low <= 0 else "chart.outside"),
        )
        row = Row(label, 100 * value, 100 * low, 100 * high, color, w.points(value))
        figure = dot_and_interval("lead", [row], alt=alt, tick=self._tick, line=0.0, line_label=w("chart.tie"))
        return picture(w, "lead", w("chart.lead_heading"), figure)

    def turnout(self) -> Part:
        """Say turnout and the invalid share."""
        p, w = self.projection, self.words
        items = [
            (w("turnout.turnout"), w("turnout.of_roll"), self._shown(p.estimate, TURNOUT)),
            (w("turnout.invalid"), w("turnout.of_ballots"), self._shown(p.estimate, INVALID)),
        ]
        text = "\n".join(f"{name}: {shown.value} ({shown.interval}) {of}" for name, of, shown in items)
        return Part("turnout", text, render_part("turnout", w=w, items=items, level=w.level(p.contest.about.level)))

    def progress(self) -> Part:
        """Tabulate what is in by area, and the shares where there are enough returns."""
        p, w = self.projection, self.words
        level = p.areas[0].level if p.areas else "district"
        total = np.sum([area.votes for area in p.areas], axis=0) if p.areas else np.zeros(len(p.contest.candidates))
        first = sorted(np.argsort(-total, kind="stable")[:SHARES_SHOWN].tolist())
        rows = [self._area(area, first) for area in p.areas]
        text = "\n".join(f"{row['name']}: {row['in_of']}; {', '.join(map(str, row['plain']))}" for row in rows)  # type: ignore[call-overload]
        html = render_part(
            "progress",
            w=w,
            heading=w(f"progress.heading_{level}"),
            rows=rows,
            candidates=[(p.contest.candidates[i].label, self._color(i)) for i in first],
            caption=w("progress.caption", level=w.level(p.contest.about.level)),
        )
        return Part("progress", text, html)

    def _area(self, area: AreaResult, first: list[int]) -> dict[str, object]:
        w = self.words
        names = [f"share:{self.projection.contest.candidates[i].number}" for i in first]
        shown = [self._shown(area.estimate, name) for name in names] if area.estimate else []
        held = area.received - area.used
        return {
            "name": area.path[-1],
            "above": area.path[-2] if len(area.path) > 1 else "",
            "in_of": f"{w.whole(area.used)} / {w.whole(area.drawn)}",
            "held": f"{w.whole(held)} {w('progress.kept_out')}" if held else "",
            "width": 100 * area.used / area.drawn,
            "shown": shown,
            "plain": [f"{s.value} ({s.interval})" for s in shown] or [w("progress.none")],
        }

    def problems(self) -> Part:
        """List what limits the projection, what was kept out, and what is in doubt."""
        p, w = self.projection, self.words
        notices = [w.notice(notice) for notice in p.notices]
        frame = p.findings.table["code"].str.fullmatch(r"[EW]1\d\d").astype(bool)
        groups = [
            (w("problems.kept_out"), Findings(p.findings.table[~frame]).errors),
            (w("problems.doubtful"), Findings(p.findings.table[~frame]).warnings),
            (w("problems.frame"), Findings(p.findings.table[frame])),
        ]
        listed = [(heading, self._rules(found)) for heading, found in groups if len(found)]
        lines = notices + [f"{heading}: {code} × {n}" for heading, rules in listed for code, _, n, _ in rules]
        html = render_part("problems", w=w, notices=notices, groups=listed)
        return Part("problems", "\n".join(lines) or w("problems.none"), html)

    def _rules(self, found: Findings) -> list[tuple[str, str, str, list[str]]]:
        """For each rule: code, meaning, how often, the first places."""
        w, result = self.words, []
        for code, count in found.counts().items():
            table = found.table[found.table["code"] == code].head(PLACES_SHOWN)
            places = [self._place(place) for place in Findings(table).places()]
            result.append((code, w.rule(code).format_map(_Blank()), w.whole(count), places))
        return result

    def _place(self, place: Place) -> str:
        line = self.words("problems.line", line=place.line) if place.line else ""
        where = f"{place.file} {line}".strip()
        named = f"{place.tps_id} · {where}" if place.tps_id else where
        return named + (f": {place.value}" if place.value else "")

    def methods(self) -> Part:
        """Set the shares and the lead by every method side by side."""
        return methods(self.projection, self.words)

    def method(self) -> Part:
        """Say in words how the numbers were made."""
        p, w = self.projection, self.words
        key = "method.all_asked" if p.contest.returns.asked == "all" else "method.design"
        how = w(f"design.{p.method}") if p.method != "all" else ""
        counts = {"drawn": p.progress.drawn, "stations": p.stations, "strata": p.progress.strata}
        lines = [w(key, method=how, **{name: w.whole(count) for name, count in counts.items()})]
        if p.estimate is None:
            lines.append(w("method.no_estimate"))
        else:
            i = int(np.argmax(p.estimate.theta[: len(p.contest.candidates)]))
            lines += [
                *says_estimator(p, w),
                says_interval(p, w),
                says_call(p, w),
                w(
                    "method.deff",
                    stations=w.decimal(float(p.deff_stations[i]), 2),
                    persons=w.decimal(float(p.deff_persons[i])),
                ),
            ]
        return Part("method", "\n".join(lines), render_part("method", w=w, lines=lines))

    def provenance(self) -> Part:
        """List the hashes, the seed, the version and the command that makes the numbers again."""
        p, w, about = self.projection, self.words, self.projection.contest.about
        moment = p.contest.local(p.as_of).isoformat() if p.as_of else None
        command = f"quickcount project {about.id}" + (f" --as-of {moment}" if moment else "")
        items = [
            (w("provenance.contest"), about.id),
            (w("provenance.as_of"), moment),
            (w("provenance.estimator"), p.estimator),
            (w("provenance.level"), w.level(about.level)),
            *((w(f"provenance.{key}"), value) for key, value in p.provenance.items()),
            (w("provenance.command"), command),
        ]
        lines = [(name, value or w("provenance.none")) for name, value in items]
        text = "\n".join(f"{name}: {value}" for name, value in lines)
        return Part("provenance", text, render_part("provenance", w=w, lines=lines))

    def _color(self, i: int) -> str:
        return self.projection.contest.candidates[i].color or PALETTE[i % len(PALETTE)]

    def _tick(self, value: float) -> str:
        return self.words.decimal(value, 0 if float(value).is_integer() else 1)

    def _ends(self, estimate: Estimate, name: str) -> tuple[float, float]:
        bounds, i = estimate.interval(self.projection.contest.about.level), estimate.index(name)
        return float(bounds.low[i]), float(bounds.high[i])

    def _shown(self, estimate: Estimate | None, name: str) -> Shown:
        if estimate is None or name not in estimate.names:
            return Shown("–", "–", "–")
        w, value = self.words, float(estimate.theta[estimate.index(name)])
        low, high = self._ends(estimate, name)
        half = max(value - low, high - value)
        return Shown(w.percent(value), f"{w.points(low)} – {w.points(high)}", f"± {w.points(half)}")


class _Blank(dict[str, str]):
    """Puts an ellipsis where a rule names a value that a finding does not have."""

    def __missing__(self, key: str) -> str:
        return "…"
