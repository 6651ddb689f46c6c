"""A design and what can be known of it beforehand, as an analyst takes it."""

from dataclasses import dataclass

import pandas as pd

from estimation.publish import DesignReport
from estimation.simulation.plan import Plan
from estimation.words import Words


@dataclass(frozen=True, eq=False)
class DesignPlan:
    """What a design is worth: how many stations, what it costs, what it would have said of an earlier election.

    Attributes
    ----------
    plan : Plan
        The numbers as the rest of the house takes them.
    replicates : int
        Samples simulated of each design.
    """

    plan: Plan
    replicates: int

    def __repr__(self) -> str:
        report = self.parts("en")
        return f"{report.headline}\n{report.verdict()!r}"

    @property
    def comparison(self) -> pd.DataFrame | None:
        """Designs against each other on the earlier election: see :func:`estimation.compare_designs`."""
        return self.plan.comparison

    @property
    def missing(self) -> pd.DataFrame | None:
        """What happens when a part of the stations never reports."""
        return self.plan.missing

    @property
    def areas(self) -> pd.DataFrame | None:
        """The precision to expect in each area."""
        return self.plan.areas

    @property
    def margins(self) -> pd.DataFrame | None:
        """The margin of error by number of stations."""
        return self.plan.margins

    def parts(self, lang: str | None = None) -> DesignReport:
        """Give the page piece by piece, in ``id`` or ``en``; in the contest's language by default."""
        return DesignReport(self.plan, Words(lang or self.plan.contest.report.language), self.replicates)
