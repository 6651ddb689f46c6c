"""A design and what can be known of it beforehand, as an analyst takes it."""

from dataclasses import dataclass

import pandas as pd

from estimation.errors import EstimateError
from estimation.publish import DesignReport
from estimation.sampling.size import Size, for_leader, for_margin
from estimation.sampling.variability import assume_lead, assume_share
from estimation.simulation.design_plan import DesignStudy
from estimation.words import Words


def stations_needed(
    stations: int,
    voters: float,
    *,
    margin: float | None = None,
    right_leader: float | None = None,
    share: float = 0.5,
    lead: float | None = None,
    deff: float | None = None,
    intraclass: float | None = None,
    level: float = 0.95,
    reporting: float = 1.0,
) -> Size:
    """Say how many stations simple sampling takes, where no earlier election tells how stations differ.

    Parameters
    ----------
    stations : int
        Stations of the population.
    voters : float
        Mean valid votes of a station.
    margin : float, optional
        Half-width to reach, in 0 … 1, of the share; of the lead where one is given.
    right_leader : float, optional
        In place of a margin: the probability, 0.5 … 1, that the right one of two is ahead; needs `lead`.
    share : float
        The share that is expected; 0.5 is the worst case.
    lead : float, optional
        The lead that is expected.
    deff, intraclass : float, optional
        One of them: the design effect of whole stations, or the intraclass correlation of voters in a station.
    level : float
        Confidence level, in (0, 1).
    reporting : float
        Share of the drawn stations that will report, in (0, 1].

    Returns
    -------
    Size
        ``n`` and ``reserve``, with what the formula for persons would claim; ``.sentence()`` says it in words.

    Raises
    ------
    EstimationError
        A number is outside its range, or not exactly one of margin and right_leader, or of deff and intraclass, is
        given.
    """
    if (margin is None) == (right_leader is None):
        raise EstimateError("give one of margin and right_leader: that is what the stations are counted for")
    if lead is None:
        between = assume_share(share, stations, voters, deff=deff, intraclass=intraclass)
    else:
        between = assume_lead(lead, stations, voters, deff=deff, intraclass=intraclass)
    if margin is not None:
        return for_margin(between, margin, level=level, reporting=reporting)
    if lead is None or right_leader is None:
        raise EstimateError("right_leader needs the lead that is expected: give it, as in lead=0.05")
    return for_leader(between, right_leader, level=level, reporting=reporting)


@dataclass(frozen=True, eq=False)
class DesignPlan:
    """What a design is worth: how many stations, what it costs, what it would have said of an earlier election.

    Attributes
    ----------
    plan : DesignStudy
        The numbers as the rest of the house takes them.
    replicates : int
        Samples simulated of each design.
    """

    plan: DesignStudy
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
