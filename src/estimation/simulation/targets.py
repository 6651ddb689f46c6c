"""What a sample is asked for – a margin, the right leader, a budget – and how many stations each takes."""

from dataclasses import dataclass, replace
from math import sqrt
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr

from estimation.arrays import Array
from estimation.contest import Contest
from estimation.errors import DesignError
from estimation.frame import Frame
from estimation.sampling.cost import Prices, affordable, expected_villages, prices_of, villages_met
from estimation.sampling.design import one_cost
from estimation.sampling.size import Size, at, for_budget, for_leader, for_margin
from estimation.sampling.variability import StationVariance, measure
from estimation.simulation.population import Population

MARGIN = 0.01  # the margin of error that the size is worked out for where none is asked: one point
Kind = Literal["margin", "right_leader", "budget", "design"]


@dataclass(frozen=True, slots=True)
class Targets:
    """What is asked of a sample, and what stations cost.

    Attributes
    ----------
    margin : float
        Margin of error of the leader's share, a half-width in 0 … 1.
    right_leader : float or None
        Probability that the right leader is ahead, in 0.5 … 1.
    budget : float or None
        In the currency of the costs.
    cost : str
        Frame column with the cost of each station; blank for none.
    cost_station, cost_village : float
        Cost of every station, and of going to a village; 0: nothing.
    """

    margin: float = MARGIN
    right_leader: float | None = None
    budget: float | None = None
    cost: str = ""
    cost_station: float = 0.0
    cost_village: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1:
            raise DesignError(
                f"the margin is {self.margin:g}: give a number between 0 and 1, such as 0.01 for one point"
            )
        if self.right_leader is not None and not 0.5 < self.right_leader < 1:
            raise DesignError(
                f"the probability of the right leader is {self.right_leader:g}: give a number between 0.5 and 1"
            )
        if self.budget is not None and not self.budget > 0:
            raise DesignError(f"the budget is {self.budget:g}: give a number above 0")
        if min(self.cost_station, self.cost_village) < 0:
            raise DesignError("a cost is negative: give what a station and going to a village cost, 0 or more")
        one_cost(self.cost, self.cost_station)
        if self.budget is not None and not (self.cost or self.cost_station or self.cost_village):
            raise DesignError(
                f"a budget of {self.budget:,.0f} says nothing without costs: give cost_station (and cost_village), "
                f"or name a frame column in [design] cost"
            )


def targets_of(contest: Contest, **changes: float | None) -> Targets:
    """Take the targets of ``[design]`` in ``contest.toml``, with what the caller changes; 0 is a value, None is not.

    Raises
    ------
    DesignError
        A number is outside its range, or a budget has no costs to be held against.
    """
    table = contest.design
    values = {name: getattr(table, name) for name in Targets.__dataclass_fields__}
    values |= {name: value for name, value in changes.items() if value is not None}
    if changes.get("cost_station") is not None:
        values["cost"] = ""
    return Targets(**{**values, "margin": MARGIN if values["margin"] is None else values["margin"]})


@dataclass(frozen=True, slots=True)
class Answer:
    """How many stations one aim takes.

    Attributes
    ----------
    kind : str
        ``margin``, ``right_leader``, ``budget``; ``design`` for the n that the design has.
    value : float
        The margin, the probability, the budget, or n.
    simple : Size
        Under simple sampling of stations.
    own : Size
        Under the design, by its effect on the variance in the simulations.
    right : float
        Probability of the right leader with the design.
    cost : float or None
        Of the design's stations and their villages, where costs are given.
    """

    kind: Kind
    value: float
    simple: Size
    own: Size
    right: float
    cost: float | None


def between_of(population: Population, stations: int, *, lead: bool = False) -> StationVariance:
    """Measure how an election's stations differ in the leader's share, or in the lead, for a frame of N stations."""
    votes, order = population.counts.votes, population.order
    rival = votes[:, order[1]] if lead else None
    return replace(measure(votes[:, order[0]], votes.sum(axis=1), rival=rival), stations=stations)


def answers(
    targets: Targets,
    frame: Frame,
    n: int,
    population: Population,
    comparison: pd.DataFrame,
    *,
    level: float = 0.95,
    per_village: int = 0,
) -> tuple[Answer, ...]:
    """Work out how many stations each aim takes, and what the design's n is worth.

    Parameters
    ----------
    frame : Frame
        The contest's: N and the villages are its.
    n : int
        Stations of the design.
    population : Population
        The election that says how stations differ.
    comparison : pandas.DataFrame
        Rows of this design in :func:`estimation.simulation.replicate.compare_simulated`: its effect on the variance,
        and the villages that it goes to.
    level : float
        Of the margins, in 0 … 1.
    per_village : int
        Stations in each village, where the design draws villages first; else 0.

    Raises
    ------
    DesignError
        The budget does not pay two stations.
    """
    share, lead = (between_of(population, len(frame), lead=flag) for flag in (False, True))
    rows = comparison.set_index("quantity")
    leader = population.names[population.order[0]]
    effects = rows["deff"].to_numpy(dtype=np.float64)[[list(rows.index).index(name) for name in (leader, "lead")]]
    own_share, own_lead = _times(share, float(effects[0])), _times(lead, float(effects[1]))
    size = np.bincount(frame.areas("village").codes).astype(np.float64)
    then = np.bincount(population.frame.areas("village").codes).astype(np.float64)
    visits = float(rows["villages"].iloc[0]) / expected_villages(then, float(rows["stations"].iloc[0]))
    prices = prices_of(frame, targets.cost, targets.cost_station, targets.cost_village)
    purse = _Purse(prices, size, visits, per_village)
    plain = _Purse(prices, size)
    found: list[tuple[Kind, float, Size, Size]] = [
        (
            "margin",
            targets.margin,
            for_margin(share, targets.margin, level=level),
            for_margin(own_share, targets.margin, level=level),
        )
    ]
    if targets.right_leader is not None and lead.value:
        plain_n, own_n = (for_leader(b, targets.right_leader, level=level).n for b in (lead, own_lead))
        sizes = at(share, plain_n, level=level), at(own_share, own_n, level=level)
        found.append(("right_leader", targets.right_leader, *sizes))
    if targets.budget is not None:
        found.append(
            (
                "budget",
                targets.budget,
                plain.pays(share, targets.budget, level),
                purse.pays(own_share, targets.budget, level),
            )
        )
    found.append(("design", float(n), at(share, n, level=level), at(own_share, n, level=level)))
    return tuple(
        Answer(kind, value, simple, own, _right(own_lead, own.n), purse.cost(own.n))
        for kind, value, simple, own in found
    )


@dataclass(frozen=True, slots=True)
class _Purse:
    """What a design's stations cost."""

    prices: Prices | None
    size: Array
    visits: float = 1.0
    per_village: int = 0

    def unit(self) -> tuple[float, float]:
        """Cost of a station and of a village; in two stages a village has its fixed number of stations."""
        assert self.prices is not None
        station, village = self.prices.mean, self.prices.village
        if self.per_village:
            return station + village / self.per_village, 0.0
        return station, village

    def cost(self, n: int) -> float | None:
        if self.prices is None:
            return None
        station, village = self.unit()
        return n * station + village * villages_met(self.size, n, self.visits)

    def pays(self, between: StationVariance, budget: float, level: float) -> Size:
        station, village = self.unit()
        return for_budget(
            between, budget, station, cost_village=village, villages=self.size, visits=self.visits, level=level
        )


def affordable_stations(targets: Targets, frame: Frame) -> int | None:
    """Count the stations that the budget pays under simple sampling; None where there is no budget."""
    prices = prices_of(frame, targets.cost, targets.cost_station, targets.cost_village)
    if targets.budget is None or prices is None:
        return None
    size = np.bincount(frame.areas("village").codes).astype(np.float64)
    return min(len(frame), affordable(targets.budget, prices.mean, prices.village, size)[0])


def _times(between: StationVariance, deff: float) -> StationVariance:
    return between.times(deff) if np.isfinite(deff) and deff > 0 else between


def _right(lead: StationVariance, n: int) -> float:
    """Compute the probability that the right leader is ahead, Φ(lead / se)."""
    error = sqrt(float(lead.variance(n)))
    return float(ndtr(abs(lead.value) / error)) if error else 1.0
