"""The parts of the design report: what a sample costs and how precise it is."""

from dataclasses import dataclass

import numpy as np

from estimation.publish.colors import PALETTE
from estimation.publish.figures import Curve, curves, scatter_map, strip
from estimation.publish.part import Part, Section, picture, table
from estimation.publish.reports.design.design_verdict import (
    design_name,
    design_verdict,
    in_strata,
    method_name,
    of_leader,
)
from estimation.sampling.auxiliary import list_order
from estimation.sampling.coverage_distance import CoverageDistance
from estimation.simulation.design_plan import DesignStudy, odd_sizes
from estimation.simulation.targets import Answer
from estimation.words import Words

STRATA_SHOWN = 60  # rows of the table of strata; the manifest has all


@dataclass(frozen=True, slots=True)
class DesignReport:
    """A plan in the words of one language; each method gives one part of the page.

    Attributes
    ----------
    plan : DesignStudy
    words : Words
    replicates : int
        Samples that were simulated of each design.
    """

    plan: DesignStudy
    words: Words
    replicates: int

    def __repr__(self) -> str:
        return f"{self.plan.contest.about.title}: {self.words('design.report')}"

    @property
    def headline(self) -> str:
        """The contest and the design in one line."""
        p, w = self.plan, self.words
        method = method_name(w, p.design.method)
        return f"{p.contest.about.title}: {w('design.report')}, n = {w.whole(len(p.sample))}, {method}"

    def verdict(self) -> Part:
        """Say what the sample is worth: its margin, what simulated samples said, and what speaks for another one."""
        return design_verdict(self.plan, self.words, self.replicates)

    def what(self) -> Part:
        """Say what is drawn, how, and whether it is drawn already."""
        p, w = self.plan, self.words
        village = p.frame.areas("village").codes
        lines = [
            w(
                "design.what",
                n=w.whole(len(p.sample)),
                stations=w.whole(len(p.frame)),
                method=method_name(w, p.design.method),
                strata=in_strata(p, w),
                kind=w("design.drawn" if p.committed else "design.not_drawn"),
            ),
            w(
                "design.cost",
                villages=w.whole(len(np.unique(village[p.sample.rows]))),
                all_villages=w.whole(len(np.unique(village))),
            ),
        ]
        if p.cost is not None:
            over = p.cost - (p.targets.budget or np.inf)
            key = "design.price_over" if over > 0 else "design.price"
            lines.append(w(key, cost=w.whole(round(p.cost)), over=w.decimal(over, 0)))
        lines += [w("design.notice", text=w.notice(notice)) for notice in p.notices]
        return self._prose("what", "design.heading_what", lines)

    def frame(self) -> Part:
        """Hold the frame against the roll: stations, voters, what is missing or odd."""
        p, w = self.plan, self.words
        odd = odd_sizes(p.frame)
        rows = [
            [w("design.stations"), w.whole(len(p.frame))],
            [w("design.registered"), w.whole(int(np.nansum(p.frame.registered)))],
            [w("design.districts"), w.whole(len(p.frame.areas("district").paths))],
            [w("design.villages"), w.whole(len(p.frame.areas("village").paths))],
            *[[w(f"design.{key}"), w.whole(count)] for key, count in odd.items()],
        ]
        header = [w("design.frame_item"), w("design.frame_count")]
        return table("frame", w("design.heading_frame"), header, rows)

    def strata(self) -> Part:
        """Tabulate the strata, or the districts where the design has none, and what was drawn in each."""
        p, w = self.plan, self.words
        cells = p.sample.strata if p.design.strata else p.sample.cells
        drawn = np.bincount(cells.codes[p.sample.rows], minlength=len(cells.labels))
        rows = [
            [self._stratum(label), w.whole(int(size)), w.whole(int(n)), w.percent(n / size)]
            for label, size, n in zip(cells.labels, cells.size, drawn, strict=True)
        ][:STRATA_SHOWN]
        header = [w(f"design.{key}") for key in ("stratum", "population", "share_drawn", "fraction")]
        return table("strata", w("design.heading_strata"), header, rows)

    def spread(self) -> Part:
        """Draw where the sample lies: on the map where the frame has coordinates, else along the list."""
        return self._map(self.plan.coverage) if self.plan.coverage is not None else self._list()

    def _map(self, distance: CoverageDistance) -> Part:
        w, n = self.words, self.words.whole(len(distance.drawn))
        km = self._km
        alt = w(
            "design.map_alt",
            n=n,
            known=w.whole(distance.known),
            half=km(distance.median_km),
            most=km(distance.p90_km),
            simple=km(distance.simple_p90_km),
        )
        figure = scatter_map(
            "spread",
            distance.points,
            distance.drawn,
            alt=alt,
            labels=(w("design.map_drawn", n=n), w("design.map_all", n=w.whole(distance.known))),
            length=lambda value: w("design.km", value=w.decimal(value, 0 if value >= 1 else 2)),
        )
        rows = [
            [w("design.reach_half"), km(distance.median_km), km(distance.simple_median_km)],
            [w("design.reach_most"), km(distance.p90_km), km(distance.simple_p90_km)],
            [w("design.reach_all"), km(distance.farthest_km), ""],
        ]
        header = [w("design.reach"), w("design.this_sample"), w("design.simple_mean")]
        return picture("spread", w("design.heading_spread"), figure, header=header, rows=rows)

    def _km(self, value: float) -> str:
        digits = 2 if 0 < value < 0.1 else 1
        return self.words("design.km", value=self.words.decimal(value, digits))

    def _list(self) -> Part:
        p, w = self.plan, self.words
        position = list_order(p.frame, p.design.sort if p.design.method == "systematic" else "")
        places = np.sort(position[p.sample.rows])
        gap = int(np.diff(places, prepend=-1, append=len(p.frame)).max()) - 1
        area = p.frame.areas("district" if len(p.frame.areas("district").paths) > 1 else "village").codes
        ends = np.cumsum(np.bincount(area)) / len(p.frame)
        alt = w("design.spread_alt", n=w.whole(len(p.sample)), stations=w.whole(len(p.frame)), gap=w.whole(gap))
        figure = strip("spread", (places / len(p.frame)).tolist(), ends.tolist(), alt=alt)
        return picture("spread", w("design.heading_spread"), figure, intro=[alt])

    def size(self) -> Part:
        """Say how many stations each aim takes, and what the formula for persons would say."""
        p, w = self.plan, self.words
        if p.answers is None:
            lines = [w("design.no_past")]
            if p.affordable is not None and p.targets.budget is not None:
                budget = w.whole(round(p.targets.budget))
                lines.append(w("design.affordable", budget=budget, n=w.whole(p.affordable)))
            return self._prose("size", "design.heading_size", lines)
        asked, level = p.answers[0].simple, w.level(p.answers[0].simple.level)
        intro = [
            w("design.size", n=w.whole(asked.n), margin=w.points(p.targets.margin), level=level),
            w(
                "design.persons",
                persons=w.whole(asked.persons),
                stations=w.whole(asked.persons_stations),
                n=w.whole(asked.n),
                times=w.decimal(asked.understated),
            ),
        ]
        priced = p.cost is not None
        keys = ("asked", "n_simple", "n_own", "margin", "right", *(("cost_column",) if priced else ()), "n_persons")
        rows = [self._answer(answer, priced) for answer in p.answers]
        caption = w("design.size_caption", level=level, replicates=w.whole(self.replicates))
        caption += f" {w('design.cost_caption')}" if priced else ""
        header = [w(f"design.{key}") for key in keys]
        return table("size", w("design.heading_size"), header, rows, intro=intro, caption=caption)

    def _answer(self, answer: Answer, priced: bool) -> list[str]:
        w = self.words
        whole = w.whole(round(answer.value))
        value = {"margin": w.points(answer.value), "right_leader": w.level(answer.value)}.get(answer.kind, whole)
        return [
            w(f"design.asked_{answer.kind}", value=value),
            w.whole(answer.simple.n),
            w.whole(answer.own.n),
            w.decimal(100 * answer.own.margin, 2),
            w.percent(answer.right, 0),
            *([w.whole(round(answer.cost or 0.0))] if priced else []),
            w.whole(answer.own.persons_stations),
        ]

    def curve(self) -> Part:
        """Draw the margin of error against the number of stations."""
        p, w = self.plan, self.words
        if p.margins is None:
            return Part("curve")
        ns = p.margins.index.to_numpy(dtype=np.float64)
        at = int(np.argmin(np.abs(ns - len(p.sample))))
        real, naive = (100 * p.margins[name].to_numpy() for name in ("margin", "persons_margin"))
        alt = w(
            "design.curve_alt",
            n=w.whole(int(ns[at])),
            margin=w.decimal(float(real[at])),
            naive=w.decimal(float(naive[at])),
        )
        lines = [
            Curve(w("design.curve_stations"), ns.tolist(), real.tolist(), PALETTE[0]),
            Curve(w("design.curve_persons"), ns.tolist(), naive.tolist(), PALETTE[1], dashed=True),
        ]
        figure = curves(
            "curve",
            lines,
            alt=alt,
            ticks=(lambda v: w.whole(int(v)), lambda v: w.decimal(v, 0 if float(v).is_integer() else 1)),
            mark=float(len(p.sample)),
            mark_label=w("design.this_design", n=w.whole(len(p.sample))),
        )
        return picture("curve", w("design.heading_curve"), figure)

    def comparison(self) -> Part:
        """Tabulate what each design would have said of the earlier election."""
        p, w = self.plan, self.words
        if p.comparison is None or p.population is None:
            return Part("comparison")
        rows, priced = of_leader(p, p.comparison), p.cost is not None
        shown = [
            [
                design_name(p, w, str(row["design"])),
                w.decimal(100 * row["true_se"], 2),
                w.decimal(100 * row["mean_se"], 2),
                w.percent(row["coverage"]),
                w.percent(row["right_leader"], 0),
                w.decimal(row["deff"], 2),
                w.whole(round(row["villages"])),
                *([w.whole(round(row["cost"]))] if priced else []),
            ]
            for row in rows.to_dict(orient="records")
        ]
        keys = ["method", "true_se", "mean_se", "coverage", "right", "deff", "village_count"]
        keys += ["cost_column"] if priced else []
        intro = [w("design.compare", replicates=w.whole(self.replicates), title=p.population.contest.about.title)]
        caption = w(
            "design.compare_caption",
            level=w.level(p.contest.about.level),
            mc=w.decimal(100 * float(rows["true_se_mc"].max()), 2),
        )
        header = [w(f"design.{key}") for key in keys]
        return table("comparison", w("design.heading_compare"), header, shown, intro=intro, caption=caption)

    def missing(self) -> Part:
        """Tabulate what happens when stations never report."""
        p, w = self.plan, self.words
        if p.missing is None:
            return Part("missing")
        rows = [
            [
                w.percent(row["missing"], 0),
                w.decimal(100 * row["true_se"], 2),
                w.decimal(100 * row["bias"], 2),
                w.percent(row["coverage"]),
            ]
            for row in of_leader(p, p.missing).to_dict(orient="records")
        ]
        header = [w(f"design.{key}") for key in ("part", "true_se", "bias", "coverage")]
        return table("missing", w("design.heading_missing"), header, rows, intro=[w("design.missing")])

    def areas(self) -> Part:
        """Tabulate the precision to expect in each area."""
        p, w = self.plan, self.words
        if p.areas is None:
            return Part("areas")
        rows = [
            [str(row["area"]).rsplit(" / ", 1)[-1], w.decimal(100 * row["true_se"], 1), w.percent(row["coverage"])]
            for row in p.areas.to_dict(orient="records")
        ]
        header = [w("progress.area"), w("design.true_se"), w("design.coverage")]
        return table("areas", w("design.heading_areas"), header, rows[:STRATA_SHOWN], caption=w("design.areas_caption"))

    def verify(self) -> Part:
        """Say how anybody can check the draw."""
        p, w = self.plan, self.words
        key = "design.verify" if p.committed else "design.verify_none"
        line = w(key, frame=p.frame.sha256, seed=p.design.seed, id=p.contest.about.id)
        return self._prose("verify", "design.heading_verify", [line])

    def _stratum(self, label: str) -> str:
        """Name a stratum by the last of its path, and a class of known or unknown values in the page's language."""
        last = label.rsplit(" / ", 1)[-1]
        for state in ("known", "unknown"):
            column = last.removesuffix(f" {state}")
            if column != last and f"{column}?" in self.plan.design.strata:
                return self.words(f"design.value_{state}", column=column)
        return last

    def _prose(self, name: str, heading: str, lines: list[str]) -> Section:
        return Section(name, self.words(heading), tuple(lines))
