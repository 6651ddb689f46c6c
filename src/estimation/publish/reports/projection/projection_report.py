"""The report as one object: each method gives one part of the page, in the page's order."""

from dataclasses import dataclass, field

from estimation.boundaries import Boundaries
from estimation.projection import Projection, Takes
from estimation.publish.part import ArrivalCheck, Part
from estimation.publish.reports.projection import (
    area_results,
    arrival_checks,
    broken_rules,
    comparison,
    course,
    method,
    overturn_part,
    provenance,
    returns_progress,
    shares,
    verdict,
)
from estimation.publish.reports.projection.view import View
from estimation.words import Words


@dataclass(frozen=True, slots=True)
class ProjectionReport:
    """A projection in the words of one language; each method gives one part of the page.

    Attributes
    ----------
    projection : Projection
    words : Words
    takes : Takes
        Those of the night, for the chart of how it went; later ones than this projection are left out.
    boundaries : Boundaries or None
        Outlines of areas for the map.
    """

    projection: Projection
    words: Words
    takes: Takes = field(default_factory=Takes)
    boundaries: Boundaries | None = None

    def __repr__(self) -> str:
        return f"{self.projection.contest.about.title}: {self.status}"

    @property
    def view(self) -> View:
        """The projection with its words and colours."""
        return View.of(self.projection, self.words)

    @property
    def status(self) -> str:
        """The verdict in two or three words."""
        return verdict.status(self.view)

    def parts(self) -> list[Part]:
        """Give all parts in the order of the page."""
        return [getattr(self, name)() for name in PARTS]

    def banner(self) -> Part:
        """Say what this is: not official, which mode and release, as of when, how much is in."""
        return verdict.banner(self.view)

    def verdict(self) -> Part:
        """Say the lead and the call in one sentence, and the reasons."""
        return verdict.projection_verdict(self.view)

    def sentence(self) -> str:
        """Say the verdict in one sentence."""
        return verdict.sentence(self.view)

    def candidates(self) -> Part:
        """Tabulate each candidate's share, interval, margin of error and votes seen."""
        return shares.candidates(self.view)

    def chart(self) -> Part:
        """Draw shares with intervals, and the line where the decision falls if it falls there."""
        return shares.chart(self.view)

    def lead(self) -> Part:
        """Draw how far the leader is ahead, with its interval, against zero."""
        return shares.lead(self.view)

    def overturn(self) -> Part:
        """Say what the stations still out would have to do for the verdict to change."""
        return overturn_part.overturn_part(self.view)

    def course(self) -> Part:
        """Draw how the projection went through the night, take by take."""
        return course.course(self.view, self.takes)

    def turnout(self) -> Part:
        """Say turnout and the invalid share."""
        return shares.turnout(self.view)

    def progress(self) -> Part:
        """Tabulate what is in, out and kept out, by area and by officer."""
        return returns_progress.progress(self.view)

    def arrival(self) -> Part:
        """Look whether what is in is unlike what is out, and what the correction does."""
        return arrival_checks.arrival(self.view)

    def checks(self) -> tuple[ArrivalCheck, ...]:
        """Give the checks of arrival, each with its outcome, its sentence, its numbers and its figure."""
        return arrival_checks.checks(self.view)

    def methods(self) -> Part:
        """Set the shares and the lead by every method side by side."""
        return comparison.methods(self.view)

    def areas(self) -> Part:
        """Show results by area: a map where places or outlines are known, else tiles, and a table."""
        return area_results.areas(self.view, self.boundaries)

    def problems(self) -> Part:
        """List what limits the projection, what became of the returns, and which rules they broke."""
        return broken_rules.problems(self.view)

    def method(self) -> Part:
        """Say in words and in formulas how the numbers were made."""
        return method.method(self.view)

    def provenance(self) -> Part:
        """List the hashes, the seed, the version and the command that makes the numbers again."""
        return provenance.provenance(self.view, self.boundaries)


PARTS = (
    "banner",
    "verdict",
    "candidates",
    "chart",
    "lead",
    "overturn",
    "course",
    "turnout",
    "progress",
    "arrival",
    "methods",
    "areas",
    "problems",
    "method",
    "provenance",
)
