"""A projection with its words and colours: what every part of the report needs."""

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from estimation.contest import Candidate, EstimatorName, share_name
from estimation.decision import leader_and_runner_up
from estimation.projection import Projection
from estimation.publish.colors import colors_of
from estimation.publish.figures.canvas import MARKERS
from estimation.publish.page_table import Shown
from estimation.rules import Notice
from estimation.survey import Estimate
from estimation.words import Words, isolated

METHODS = frozenset(get_args(EstimatorName)) - {"auto"}


@dataclass(frozen=True, slots=True)
class View:
    """A projection, the words to say it in, and the candidates' colours.

    Attributes
    ----------
    p : Projection
    w : Words
    colors : tuple of str
        In the order of the ballot.
    """

    p: Projection
    w: Words
    colors: tuple[str, ...]

    @classmethod
    def of(cls, projection: Projection, words: Words) -> "View":
        """Choose the colours."""
        return cls(projection, words, colors_of(projection.contest.candidates))

    @property
    def level(self) -> str:
        """The confidence level as readers write it."""
        return self.w.level(self.p.contest.about.level)

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """In the order of the ballot."""
        return self.p.contest.candidates

    def name(self, candidate: Candidate) -> str:
        """Give his short name, harmless to the line it stands in."""
        return isolated(candidate.label)

    def color(self, candidate: Candidate) -> str:
        """Give his colour."""
        return self.colors[self.candidates.index(candidate)]

    def marker(self, candidate: Candidate) -> str:
        """Give the mark that is his in every figure."""
        return MARKERS[self.candidates.index(candidate) % len(MARKERS)]

    def ranked(self, estimate: Estimate, most: int | None = None) -> list[Candidate]:
        """List the candidates, the largest share first; of equal ones the first on the ballot."""
        order = np.argsort(-estimate.theta[: len(self.candidates)], kind="stable")
        return [self.candidates[int(i)] for i in order[:most]]

    def pair(self, estimate: Estimate) -> tuple[Candidate, Candidate]:
        """Give the first and the second."""
        return leader_and_runner_up(self.p.contest, estimate.theta)

    def lead(self, estimate: Estimate, first: Candidate, second: Candidate) -> Estimate:
        """Estimate how far one is ahead of another."""
        return estimate.contrast({share_name(first.number): 1.0, share_name(second.number): -1.0}, "lead")

    def values(self, estimate: Estimate) -> dict[str, tuple[float, float, float]]:
        """Give value and interval of every quantity by its name."""
        bounds = estimate.interval(self.p.contest.about.level)
        return {
            name: (float(estimate.theta[i]), float(bounds.low[i]), float(bounds.high[i]))
            for i, name in enumerate(estimate.names)
        }

    def shown(self, estimate: Estimate | None, names: list[str], *, points: bool = False) -> list[Shown]:
        """Write quantities as the page does; a dash for what was not estimated.

        Parameters
        ----------
        points : bool
            A difference, in percentage points.
        """
        values = self.values(estimate) if estimate is not None else {}
        return [
            self.written(*values[name], points=points) if name in values else Shown("–", "–", "–") for name in names
        ]

    def written(self, value: float, low: float, high: float, *, points: bool = False) -> Shown:
        """Write a value with its interval."""
        w, half = self.w, max(value - low, high - value)
        say = w.points if points else w.percent
        return Shown(say(value), f"{w.points(low)} – {w.points(high)}", f"± {w.points(half)}")

    def notice(self, notice: Notice) -> str:
        """Say a notice, methods by their names for readers."""
        method = notice.values.get("method")
        if not isinstance(method, str) or method not in METHODS:
            return self.w.notice(notice)
        return self.w.notice(replace(notice, values={**notice.values, "method": self.method(method)}))

    def method(self, name: str) -> str:
        """Name a method as a reader says it."""
        return self.w(f"estimator.{name.replace('-', '_')}")

    def tick(self, value: float) -> str:
        """Write a value of an axis with as many decimals as it has, one at most."""
        return self.w.decimal(value, 0 if float(value).is_integer() else 1)

    def percent_tick(self, value: float) -> str:
        """Write a value of an axis of shares."""
        return f"{self.tick(value)}\u00a0%"
