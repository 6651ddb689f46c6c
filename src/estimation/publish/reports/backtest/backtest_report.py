"""The parts of the calibration certificate: whether intervals hold what they promise, and at what width."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from estimation.contest import Contest
from estimation.errors import ReportError
from estimation.publish.colors import PALETTE
from estimation.publish.figures import Figure, Panel, panels
from estimation.publish.part import Badge, Part, Provenance, ReplayBanner, Section, Verdict, picture, table
from estimation.publish.reports.backtest.backtest_words import (
    arrival_order,
    bounds,
    coverage_comments,
    estimator_label,
    part_list,
    provenance_items,
    rate_text,
)
from estimation.publish.reports.backtest.scoreboard import scoreboard_part
from estimation.simulation.backtest.backtest_record import BacktestRecord, chance_band
from estimation.words import Words

SIZES = ("large", "small")
RATIO = "ratio"  # what the others are held against
ROOM = 1.25  # above the widest interval, for its number
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """A backtest in the words of one language; each method gives one part of the page.

    Attributes
    ----------
    contest : Contest
        That was replayed.
    record : Record
    words : Words
    where : str
        The area it was restricted to; blank: none, or the record says.
    at : float
        The part of the returns that the finding and the table by candidate look at; the nearest there is.
    """

    contest: Contest
    record: BacktestRecord
    words: Words
    where: str = ""
    at: float = 0.1

    def __post_init__(self) -> None:
        if self.record.contest != self.contest.about.id:
            raise ReportError(
                f"the backtest is of '{self.record.contest}', the contest is '{self.contest.about.id}': give the "
                "contest that was replayed"
            )
        if self.where and "where" in self.record.document and self.where != self.record.where:
            raise ReportError(
                f"the backtest is of {self.record.where or 'the whole contest'}, where is '{self.where}': leave where "
                "blank, or replay that area"
            )

    def __repr__(self) -> str:
        return f"{self.contest.about.title}: {self.words('backtest.report')}"

    @property
    def headline(self) -> str:
        """The contest and the finding in one line."""
        return f"{self.contest.about.title}: {self._sentence()}"

    @property
    def area(self) -> str:
        """The area that was replayed; blank where it is the whole contest."""
        return self.record.where or self.where

    def banner(self) -> Part:
        """Say what this is: which election, how many nights, drawn and received how, by which seed."""
        r, w = self.record, self.words
        badges = [Badge(w("backtest.badge"))]
        if self.contest.about.mode == "demo":
            badges.append(Badge(w("mode.demo"), "mode"))
        nights = w("backtest.nights", nights=w.whole(r.replicates))
        lines = [
            w(
                "backtest.each",
                n=w.whole(r.n),
                stations=w.whole(r.stations),
                method=w(f"design.{r.method}"),
                strata=self._strata(),
                arrival=arrival_order(w, r.arrival),
                parts=", ".join(w.level(part) for part in r.parts),
                seed=r.seed,
            )
        ]
        if r.left_out:
            lines.append(w("backtest.left_out", count=w.whole(r.left_out)))
        return ReplayBanner("banner", tuple(badges), nights, None, tuple(lines), w("backtest.about"))

    def finding(self) -> Part:
        """Say in one sentence whether the intervals hold what they promise, then the width and the calls."""
        r, w = self.record, self.words
        main, part = r.estimators[0], r.nearest(self.at)
        every = pd.concat([pooled for _, pooled in self._groups()])
        short = every[(every["estimator"] == main) & (every["coverage_high"] < r.level)]["received"]
        row = self._row(main, part)
        calls = r.calls()
        last = _records(calls[calls["estimator"] == main])[-1]
        status = (
            w("backtest.short", parts=part_list(w, short))
            if len(short)
            else w("backtest.keeps", nights=w.whole(r.replicates))
        )
        reasons = [
            w(
                "backtest.exact",
                nights=w.whole(int(row["nights"])),
                low=rate_text(w, row["coverage_low"]),
                high=rate_text(w, row["coverage_high"]),
            ),
            w("backtest.half", method=self._name(main), half=w.points(row["half_width"]), part=w.level(part)),
            w(
                "backtest.wrong",
                method=self._name(main),
                wrong=w.whole(int(last["wrong"])),
                nights=w.whole(r.replicates),
                high=w.percent(last["wrong_high"]),
            ),
        ]
        kind = "leading" if len(short) else "called"
        heading = w("verdict.heading")
        return Verdict("verdict", heading, status, self._sentence(), tuple(reasons), style=kind)

    def coverage(self) -> Part:
        """Draw the coverage by part of the returns, one panel for each method, with what chance alone allows."""
        r, w, own = self.record, self.words, self._pooled()
        series, said = [], []
        for i, name in enumerate(r.estimators):
            rows = self._over_parts(own, name)
            low, y, high = ([100 * row[key] for row in rows] for key in ("coverage_low", "coverage", "coverage_high"))
            series.append(Panel(self._name(name), PALETTE[i % len(PALETTE)], y, low, high))
            known = [row for row in rows if np.isfinite(row["coverage"])]
            if known:
                least, most = (find(known, key=lambda row: row["coverage"]) for find in (min, max))
                ends = {"low": w.percent(least["coverage"]), "low_part": w.level(least["received"])}
                ends |= {"high": w.percent(most["coverage"]), "high_part": w.level(most["received"])}
                said.append(w("backtest.coverage_row", method=self._name(name), **ends))
        bands = [chance_band(r.level, int(nights)) for nights in own.groupby("received")["nights"].max().tolist()]
        figure = panels(
            "coverage",
            [w.level(part) for part in r.parts],
            series,
            alt=w("backtest.coverage_alt", level=w.level(r.level), group=w(self._group()), rows="; ".join(said)),
            tick=lambda value: w.level(value / 100),
            axis=w("backtest.axis"),
            target=100 * r.level,
            band=([100 * low for low, _ in bands], [100 * high for _, high in bands]),
            limits=(None, 100.5),
        )
        cells = self._grid(own, lambda row: rate_text(w, row["coverage"]))
        return self._chart("coverage", figure, cells)

    def width(self) -> Part:
        """Draw the half-width by part of the returns, one panel for each method, the others in grey."""
        r, w, own = self.record, self.words, self._pooled()
        series, said = [], []
        for i, name in enumerate(r.estimators):
            half = [100 * row["half_width"] for row in self._over_parts(own, name)]
            text = [w.decimal(value) for value in half]
            series.append(Panel(self._name(name), PALETTE[i % len(PALETTE)], half, text=text))
            ends = {"first": text[0], "last": text[-1]}
            ends |= {"first_part": w.level(r.parts[0]), "last_part": w.level(r.parts[-1])}
            said.append(w("backtest.width_row", method=self._name(name), **ends))
        top = 100 * own["half_width"].max()
        figure = panels(
            "width",
            [w.level(part) for part in r.parts],
            series,
            alt=w("backtest.width_alt", level=w.level(r.level), group=w(self._group()), rows="; ".join(said)),
            tick=lambda value: w.decimal(value, 0 if float(value).is_integer() else 1),
            axis=w("backtest.axis"),
            limits=(0.0, ROOM * top if top > 0 else None),
            behind=True,
        )
        return self._chart("width", figure, self._grid(own, lambda row: w.decimal(100 * row["half_width"], 2)))

    def large(self) -> Part:
        """Tabulate what is pooled over the candidates with twelve percent and more."""
        return self._table("large", self.record.pooled(large=True, against=self._against()))

    def small(self) -> Part:
        """Tabulate the same over smaller candidates; nothing where there are none."""
        return self._table("small", self.record.pooled(large=False, against=self._against()))

    def candidates(self) -> Part:
        """Tabulate each candidate, the lead and turnout at one part of the returns."""
        r, w = self.record, self.words
        part, main = r.nearest(self.at), r.estimators[0]
        at = r.rows[r.rows["received"] == part]
        labels = {f"share:{candidate.number}": candidate.label for candidate in self.contest.candidates}
        labels |= {"lead": w("backtest.lead"), "turnout": w("backtest.turnout")}
        rows = []
        for quantity, group in at.groupby("quantity", sort=False):
            by = {row["estimator"]: row for row in _records(group)}
            own, key = by[main], str(quantity)
            rows.append(
                [
                    labels.get(key, key),
                    w.points(own["truth"]) if key == "lead" else w.percent(own["truth"]),
                    *(rate_text(w, by[name]["coverage"]) for name in r.estimators),
                    w.decimal(100 * own["half_width"], 2),
                    w.decimal(100 * own["bias"], 2),
                ]
            )
        header = [w("backtest.quantity"), w("backtest.truth")]
        header += [w("backtest.coverage_of", method=self._name(name)) for name in r.estimators]
        header += [w(f"backtest.{key}", method=self._name(main)) for key in ("half_width_of", "bias_of")]
        caption = w("backtest.candidates_caption", nights=w.whole(r.replicates), **self._band())
        heading = w("backtest.heading_candidates", part=w.level(part))
        return table("candidates", heading, header, rows, caption=caption)

    def calls(self) -> Part:
        """Say who would have been called, when, and how often wrongly."""
        r, w = self.record, self.words
        rule = {"error": w.percent(self._in_force("call_error")), "received": w.level(self._in_force("min_received"))}
        intro = [w("backtest.calls_rule", **rule)]
        for name, part in r.first_right_call.items():
            key = "backtest.calls_never" if part is None else "backtest.calls_first"
            intro.append(w(key, method=self._name(name), part="" if part is None else w.level(part)))
        rows = self._grouped(
            r.calls(),
            lambda row: [
                w.percent(row["called"]),
                w.whole(row["wrong"]),
                bounds(w, row["wrong_low"], row["wrong_high"]),
                w.percent(row["never"]),
            ],
        )
        header = [w(f"backtest.{key}") for key in ("part", "called", "wrong_calls", "wrong_interval", "never")]
        caption = w("backtest.calls_caption", nights=w.whole(r.replicates))
        return table("calls", w("backtest.heading_calls"), header, rows, intro=intro, caption=caption)

    def reading(self) -> Part:
        """Say what covers more or less than it promises, and why."""
        delta = float(self._in_force("delta"))
        return self._prose("reading", coverage_comments(self.words, self.record, self._groups(), delta))

    def scoreboard(self) -> Part:
        """Tabulate how the default predictor fared on past elections, whatever was replayed here."""
        return scoreboard_part(self.words)

    def method(self) -> Part:
        """Say in words how the numbers were made, and what they don't say."""
        keys = ("method_draw", "method_coverage", "method_repeat", "method_limits")
        return self._prose("method", [self.words(f"backtest.{key}") for key in keys])

    def provenance(self) -> Part:
        """List the design, the settings, the seed, the version and the command that makes the numbers again."""
        w = self.words
        items = provenance_items(w, self.contest, self.record, self.area)
        return Provenance("provenance", w("provenance.heading"), w("provenance.intro"), tuple(items))

    def _sentence(self) -> str:
        r, w = self.record, self.words
        main, part = r.estimators[0], r.nearest(self.at)
        other = next((name for name in (RATIO, *r.estimators[1:]) if name in r.estimators and name != main), None)
        sentence = w(
            "backtest.sentence",
            level=w.level(r.level),
            method=self._name(main),
            coverage=rate_text(w, self._row(main, part)["coverage"]),
            part=w.level(part),
        )
        if other is None:
            return w("backtest.sentence_one", sentence=sentence)
        coverage = rate_text(w, self._row(other, part)["coverage"])
        return w("backtest.sentence_two", sentence=sentence, other=self._name(other), other_coverage=coverage)

    def _table(self, group: str, pooled: pd.DataFrame) -> Part:
        r, w = self.record, self.words
        if pooled.empty:
            return Part(group)
        rows = self._grouped(
            pooled,
            lambda row: [
                rate_text(w, row["coverage"]),
                bounds(w, row["coverage_low"], row["coverage_high"]),
                *(w.decimal(value, 2) for value in (100 * row["half_width"], row["score"])),
                *(w.decimal(100 * row[key], 2) for key in ("bias", "true_se", "mean_se")),
            ],
        )
        keys = ("part", "coverage", "interval", "half_width", "score", "bias", "true_se", "mean_se")
        header = [w(f"backtest.{key}", method=self._name(self._against())) for key in keys]
        caption = w("backtest.pooled_caption", chance=w.percent(math.sqrt(2 / math.pi / r.replicates), 0))
        return table(group, w(f"backtest.heading_{group}"), header, rows, caption=caption)

    def _chart(self, name: str, figure: Figure, cells: list[list[str]]) -> Part:
        w = self.words
        header = [w("backtest.part"), *(self._name(estimator) for estimator in self.record.estimators)]
        caption = w(f"backtest.{name}_caption")
        return picture(name, w(f"backtest.heading_{name}"), figure, header=header, rows=cells, caption=caption)

    def _grouped(self, numbers: pd.DataFrame, say: Callable[[Row], list[str]]) -> list[list[str]]:
        """Write a row for each part of the returns, under the name of each method."""
        rows = []
        for name in self.record.estimators:
            rows.append([self._name(name)])
            rows += [[self.words.level(row["received"]), *say(row)] for row in self._over_parts(numbers, name)]
        return rows

    def _grid(self, pooled: pd.DataFrame, say: Callable[[Row], str]) -> list[list[str]]:
        """Write one figure for each part of the returns, down, and each method, across."""
        by = {name: self._over_parts(pooled, name) for name in self.record.estimators}
        return [
            [self.words.level(part), *(say(rows[p]) for rows in by.values())]
            for p, part in enumerate(self.record.parts)
        ]

    def _groups(self) -> list[tuple[str, pd.DataFrame]]:
        """Pool the larger shares and the smaller ones, what there is of both, with their names."""
        found = [(size, self.record.pooled(large=size == "large", against=self._against())) for size in SIZES]
        return [(f"backtest.group_{size}", pooled) for size, pooled in found if len(pooled)]

    def _pooled(self) -> pd.DataFrame:
        """Pool the larger shares, or where there are none the smaller ones."""
        return self._groups()[0][1]

    def _group(self) -> str:
        return self._groups()[0][0]

    def _in_force(self, key: str) -> Any:
        """Give a value of ``[estimate]``: the one of these results, of older ones the contest's."""
        return self.record.estimate.get(key, getattr(self.contest.estimate, key))

    def _against(self) -> str:
        return RATIO if RATIO in self.record.estimators else self.record.estimators[0]

    def _over_parts(self, pooled: pd.DataFrame, estimator: str) -> list[Row]:
        return _records(pooled[pooled["estimator"] == estimator].sort_values("received"))

    def _row(self, estimator: str, part: float) -> Row:
        own = self._pooled()
        return _records(own[(own["estimator"] == estimator) & (own["received"] == part)])[0]

    def _band(self) -> dict[str, str]:
        low, high = chance_band(self.record.level, self.record.replicates)
        return {"low": self.words.percent(low), "high": self.words.percent(high)}

    def _name(self, estimator: str) -> str:
        return estimator_label(self.words, estimator)

    def _strata(self) -> str:
        return self.words("design.in_strata", strata=self.record.strata) if self.record.strata else ""

    def _prose(self, name: str, lines: list[str]) -> Section:
        return Section(name, self.words(f"backtest.heading_{name}"), tuple(lines))


def _records(table: pd.DataFrame) -> list[Row]:
    """Give a table row by row."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict(orient="records")]
