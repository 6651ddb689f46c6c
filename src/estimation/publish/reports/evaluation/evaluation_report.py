"""The parts of an evaluation report: how far the projection was off, why, and whether it had said so."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from estimation.contest import INVALID, LEAD, TURNOUT, Candidate, share_name
from estimation.evaluation import Evaluation
from estimation.evaluation.area_errors import AreaErrors
from estimation.evaluation.error_split import PARTS
from estimation.evaluation.errors_vs_official import ErrorVsOfficial
from estimation.evaluation.recording import Difference
from estimation.publish.figures import Bar, Compared, beside, signed_bars
from estimation.publish.part import Method, Part, Provenance, Section, Verdict, picture, table
from estimation.publish.reports.evaluation.miss_text import (
    deviate_text,
    interval,
    label_of,
    said_held,
    says_deviate,
    signed,
    signed_count,
    tick,
)
from estimation.publish.reports.evaluation.takes_against_official import takes
from estimation.publish.reports.projection import ProjectionReport
from estimation.words import Words

STATIONS_SHOWN = 10
SHARES_SHOWN = 3  # candidates beside the lead, in the order of the official result


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """An evaluation in the words of one language; each method gives one part of the page.

    Attributes
    ----------
    evaluation : Evaluation
    words : Words
    """

    evaluation: Evaluation
    words: Words

    def __repr__(self) -> str:
        return self.headline

    @property
    def headline(self) -> str:
        """The contest and the finding in one line."""
        return f"{self.evaluation.contest.about.title}: {self.sentence()}"

    @property
    def main(self) -> ErrorVsOfficial:
        """What the verdict is about: the lead, or where a threshold decides the official first's share."""
        e = self.evaluation
        plurality = e.contest.about.rule == "plurality"
        return e.lead if plurality else e.quantity(share_name(e.official.pair[0].number))

    def banner(self) -> Part:
        """Say what was projected, as of when, how much was in: the projection's own banner."""
        return ProjectionReport(self.evaluation.projection, self.words).banner()

    def verdict(self) -> Part:
        """Say whether the interval held and by how much the projection was off, then the call and the main reason."""
        w, held = self.words, self.main.held
        status = w(f"evaluation.status_{'none' if held is None else 'held' if held else 'missed'}")
        kind = "" if held is None else "called" if held else "missed"
        heading = w("verdict.heading")
        return Verdict("verdict", heading, status, self.sentence(), tuple(self._reasons()), style=kind)

    def sentence(self) -> str:
        """Say the miss in one sentence."""
        e, w, one = self.evaluation, self.words, self.main
        first, second = e.official.pair
        lead = one.name == LEAD
        say = w.points if lead else w.percent
        key = "none" if one.held is None else "lead" if lead else "share"
        return w(
            f"evaluation.sentence_{key}",
            name=first.label,
            other=second.label,
            estimate=say(one.estimate),
            low=say(one.low),
            high=say(one.high),
            official=say(one.official),
            ahead=w.points(e.lead.official),
            miss=signed(w, one.miss),
            z=says_deviate(w, one),
            level=w.level(e.contest.about.level),
        )

    def _reasons(self) -> list[str]:
        e, w = self.evaluation, self.words
        lines = []
        if e.leader_right is not None:
            lines.append(w(f"evaluation.leader_{'right' if e.leader_right else 'wrong'}"))
        winner, called = e.official.winner, label_of(self.evaluation.contest, e.projection.call.winner)
        if e.call_right is None:
            lines.append(w("evaluation.call_none"))
        else:
            key = "right" if e.call_right else "wrong" if winner else "early"
            lines.append(w(f"evaluation.call_{key}", name=called, winner=winner.label if winner else ""))
        held = [e.quantity(share_name(c.number)).held for c in e.contest.candidates]
        judged = [one for one in held if one is not None]
        if judged:
            lines.append(w("evaluation.shares_held", held=w.whole(sum(judged)), judged=w.whole(len(judged))))
        parts = self._parts(self.main.name)
        if all(map(math.isfinite, parts)):
            largest = int(np.argmax(np.abs(parts)))
            part = w(f"evaluation.part_{PARTS[largest]}")
            lines.append(w("evaluation.largest", part=part, value=signed(w, parts[largest])))
            whole = e.at_the_end(self.main.name)
            lines.append(w("evaluation.complete", miss=signed(w, whole.miss), z=says_deviate(w, whole)))
        return lines

    def shares(self) -> Part:
        """Tabulate every quantity: projected, interval, official, miss, in standard errors, held or not."""
        e, w = self.evaluation, self.words
        rows = [
            [
                self._name(one.name),
                self._value(one.name, one.estimate),
                interval(w, one),
                self._value(one.name, one.official),
                signed(w, one.miss),
                deviate_text(w, one),
                said_held(w, one),
            ]
            for one in e.quantities
        ]
        level = w.level(e.contest.about.level)
        keys = ("quantity", "projected", "interval", "official", "miss", "z_column", "held_column")
        header = [w(f"evaluation.{key}", level=level) for key in keys]
        return table("shares", w("evaluation.heading_shares"), header, rows, caption=w("evaluation.shares_caption"))

    def split(self) -> Part:
        """Draw and tabulate what the miss is made of."""
        e, w = self.evaluation, self.words
        if e.split.why:
            return self._prose("split", "evaluation.heading_split", [w("evaluation.split_why", why=e.split.why)])
        name = self.main.name
        parts, labels = self._parts(name), [w(f"evaluation.part_{part}") for part in PARTS]
        total, start, bars = float(sum(parts)), 0.0, []
        for label, value in zip(labels, parts, strict=True):
            bars.append(Bar(_capital(label), 100 * value, signed(w, value), 100 * start))
            start += value
        bars.append(Bar(w("evaluation.total"), 100 * total, signed(w, total), total=True))
        said = ", ".join(f"{label} {signed(w, value)}" for label, value in zip(labels, parts, strict=True))
        alt = w("evaluation.split_alt", what=self._name(name), total=signed(w, total), parts=said)
        figure = signed_bars("split", bars, alt=alt, tick=partial(tick, w))
        shown = [one.name for one in (e.lead, *(e.quantity(share_name(c.number)) for c in self._first()))]
        columns = [self._parts(one) for one in shown]
        rows = [[_capital(label), *(signed(w, column[i]) for column in columns)] for i, label in enumerate(labels)]
        rows.append([w("evaluation.total"), *(signed(w, float(sum(column))) for column in columns)])
        header = [w("evaluation.error"), *(self._name(one) for one in shown)]
        return picture(
            "split", w("evaluation.heading_split"), figure, header=header, rows=rows,
            caption=w("evaluation.split_caption"),
        )  # fmt: skip

    def takes(self) -> Part:
        """Draw the lead through the night against the official line, and tabulate the takes."""
        return takes(self.evaluation, self.words)

    def areas(self) -> Part:
        """Draw and tabulate the official first's share in every area."""
        e, w = self.evaluation, self.words
        i = e.contest.candidates.index(e.official.pair[0])
        rows = [self._area(area, area.shares[i]) for area in e.areas]
        keys = ("area", "projected", "interval_short", "official", "miss", "held_column", "in")
        header = [w(f"evaluation.{key}") for key in keys]
        judged = [(area, area.shares[i]) for area in e.areas if area.shares[i].held is not None]
        if not judged:
            return table("areas", w("evaluation.heading_areas"), header, rows)
        found, name = e.coverage[i], e.official.pair[0].label
        missed = [area.path[-1] for area, one in judged if not one.held]
        counts = {"held": w.whole(found.held), "judged": w.whole(found.judged)}
        which = w("evaluation.areas_missed", names=", ".join(missed)) if missed else ""
        alt = w("evaluation.areas_alt", name=name, which=which, **counts)
        given = {"low": w.percent(found.low), "high": w.percent(found.high), "coverage": w.percent(found.coverage)}
        caption = w("evaluation.areas_caption", name=name, level=w.level(e.contest.about.level), **counts, **given)
        marks = [
            Compared(
                area.path[-1], 100 * one.estimate, 100 * one.low, 100 * one.high, 100 * one.official, bool(one.held)
            )
            for area, one in judged
        ]
        labels = tuple(w(f"evaluation.mark_{key}") for key in ("held", "missed", "official"))
        figure = beside("areas", marks, alt=alt, tick=partial(tick, w), labels=(labels[0], labels[1], labels[2]))
        return picture("areas", w("evaluation.heading_areas"), figure, header=header, rows=rows, caption=caption)

    def _area(self, area: AreaErrors, one: ErrorVsOfficial) -> list[str]:
        w = self.words
        return [
            area.path[-1],
            w.points(one.estimate),
            interval(w, one),
            w.points(one.official),
            signed(w, one.miss),
            said_held(w, one),
            f"{w.whole(area.used)} / {w.whole(area.drawn)}",
        ]

    def recording(self) -> Part:
        """List the returns that are not the official count of their station, the largest differences first."""
        e, w, found = self.evaluation, self.words, self.evaluation.recording
        counts = {"compared": found.compared, "differing": len(found.stations), "order": found.count("order")}
        counts |= {"kept_out": found.kept_out, "needless": found.needless, "shown": STATIONS_SHOWN}
        said = {key: w.whole(value) for key, value in counts.items()}
        intro = [w("evaluation.recording", **said)]
        if found.stations:
            pairs = zip(e.contest.candidates, found.net, strict=True)
            net = ", ".join(f"{c.label} {signed_count(w, n)}" for c, n in pairs)
            intro.append(w("evaluation.recording_net", net=net, **said))
        if found.kept_out:
            intro.append(w("evaluation.kept_out", **said))
        if not found.stations:
            return self._prose("recording", "evaluation.heading_recording", intro)
        rows = [self._difference(one) for one in found.stations[:STATIONS_SHOWN]]
        header = [w("evaluation.station"), *(c.label for c in e.contest.candidates), w("evaluation.invalid_votes")]
        header += [w("evaluation.kind"), w("evaluation.place")]
        caption = w("evaluation.recording_caption", **said)
        return table("recording", w("evaluation.heading_recording"), header, rows, intro=intro, caption=caption)

    def _difference(self, one: Difference) -> list[str]:
        w = self.words
        pairs = [*zip(one.sent, one.official, strict=True), one.invalid]
        return [
            f"{one.tps_id} · {one.path[-1]} {one.tps}",
            *(self._change(sent, official) for sent, official in pairs),
            w(f"evaluation.kind_{one.kind}"),
            f"{one.file} {w('problems.line', line=one.line)}",
        ]

    def _change(self, sent: int | None, official: int | None) -> str:
        mine, theirs = ("–" if value is None else self.words.whole(value) for value in (sent, official))
        return mine if sent == official else f"{mine} → {theirs}"

    def method(self) -> Part:
        """Say in words how the miss was taken apart and what was held against what."""
        e, w = self.evaluation, self.words
        estimator = w(f"estimator.{e.projection.estimator.replace('-', '_')}")
        of = e.official
        lines = [
            w("evaluation.method_split", estimator=estimator),
            w("evaluation.method_early"),
            w(
                "evaluation.method_official",
                file=of.path.name,
                stations=w.whole(len(of.rows)),
                votes=w.whole(int(of.counts.votes.sum())),
                outside=w.whole(of.outside),
                missing=w.whole(of.missing),
            ),
        ]
        counts = {"blank": of.blank, "unplaced": of.unplaced}
        counts |= {"as_sent": e.split.taken_as_sent, "undrawn": e.split.undrawn}
        lines += [w(f"evaluation.method_{key}", count=w.whole(n)) for key, n in counts.items() if n]
        lines += [w("evaluation.method_takes"), w("evaluation.method_one")]
        return Method("method", w("method.heading"), tuple(lines))

    def provenance(self) -> Part:
        """List the hashes, the seed, the version and the command that makes the numbers again."""
        e, p, w = self.evaluation, self.evaluation.projection, self.words
        moment = p.contest.local(p.as_of).isoformat() if p.as_of else None
        named = e.contest.estimate.estimator
        command = f"quickcount evaluate {e.contest.about.id}" + (f" --as-of {moment}" if moment else "")
        command += f" --estimator {named}" if named != "auto" else ""
        elsewhere = e.official.path.resolve().parent != e.contest.folder.resolve()
        command += f" --official {e.official.path.name}" if elsewhere else ""
        items = [
            (w("provenance.contest"), e.contest.about.id),
            (w("provenance.as_of"), moment),
            (w("provenance.estimator"), p.estimator),
            (w("provenance.level"), w.level(e.contest.about.level)),
            *((w(f"provenance.{key}"), value) for key, value in p.provenance.items()),
            (w("provenance.official_sha256"), e.official.sha256),
            (w("provenance.command"), command),
        ]
        lines = tuple((name, value or w("provenance.none")) for name, value in items)
        return Provenance("provenance", w("provenance.heading"), w("provenance.intro"), lines)

    def _first(self) -> list[Candidate]:
        """Name the first candidates of the official result, in its order."""
        official = self.evaluation.official
        order = np.argsort(-official.counts.votes.sum(axis=0), kind="stable")[:SHARES_SHOWN]
        return [official.contest.candidates[int(i)] for i in order]

    def _parts(self, name: str) -> list[float]:
        e = self.evaluation
        return [float(value) for value in e.split.parts[:, e.split.names.index(name)]]

    def _name(self, name: str) -> str:
        if name in (LEAD, TURNOUT, INVALID):
            return self.words(f"evaluation.{name}")
        return label_of(self.evaluation.contest, int(name.partition(":")[2]))

    def _value(self, name: str, value: float) -> str:
        bare = name == LEAD or not math.isfinite(value)
        return self.words.points(value) if bare else self.words.percent(value)

    def _prose(self, name: str, heading: str, lines: list[str]) -> Section:
        return Section(name, self.words(heading), tuple(lines))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
