"""Past nights laid out, and what the predictor scores on them with other constants."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from estimation.arrays import Array, BoolArray
from estimation.columns import AREA_LEVELS
from estimation.contest import Contest, estimate_table
from estimation.errors import EstimationError
from estimation.estimators.catalogue import ReturnsSeen, estimate_by, set_up
from estimation.estimators.multilevel import Constants
from estimation.returns import Counts
from estimation.simulation.backtest.coverage_table import interval_score
from estimation.simulation.backtest.replay import BacktestPlan, Stage, draw_block, night_of, stage
from estimation.simulation.backtest.run import check_plan
from estimation.simulation.population import NOTHING, Population, open_population


class ConstantValues(NamedTuple):
    """Values of the constants; phi multiplies the default pair."""

    delta: float
    tau: float
    kappa: float
    phi: float

    @property
    def table(self) -> dict[str, float | tuple[float, float]]:
        """The values as keys of ``[estimate]``, ready to be written into ``contest.toml``."""
        low, more = Constants().phi
        pair = round(self.phi * low, 6), round(self.phi * more, 6)
        return {"delta": self.delta, "tau": self.tau, "kappa": self.kappa, "phi": pair}


DEFAULT = ConstantValues(Constants().delta, Constants().tau, Constants().kappa, 1.0)


@dataclass(frozen=True, slots=True)
class Past:
    """One area of a past election, its replayed nights laid out once; or all of it.

    Attributes
    ----------
    election : str
        What is left out together.
    area : str
    at : Stage
    nights : tuple of ReturnsSeen
        At every part of the returns.
    """

    election: str
    area: str
    at: Stage
    nights: tuple[ReturnsSeen, ...]


class Score(NamedTuple):
    """What the predictor scores in each cell of a past night, and how often it holds the truth; shape (cells,)."""

    score: Array
    covered: Array


def past_nights(
    contest: Contest, plan: BacktestPlan, *, by: str | None = None, where: str | None = None
) -> tuple[list[Past], list[str]]:
    """Open a past election as one night, or every area of a level as one.

    Parameters
    ----------
    plan : BacktestPlan
        Its replicates are the samples drawn, at most one block.
    by : str, optional
        Area level.
    where : str, optional
        One area, ``regency=SITUBONDO``.

    Returns
    -------
    nights : list of Past
    left_out : list of str
        Areas that have fewer stations than the sample.

    Raises
    ------
    EstimationError
        The level is unknown, no area is large enough, or what a backtest raises.
    """
    check_plan(plan)
    whole, title = open_population(contest, where), contest.about.id
    if by is None:
        return [past(stage(whole, plan), title, where or title)], []
    if by not in AREA_LEVELS:
        raise EstimationError(f"--by '{by}' is no area level: levels are {', '.join(AREA_LEVELS)}")
    areas = whole.frame.areas(by)
    nights, small = [], []
    for code, label in enumerate(areas.labels):
        inside = areas.codes == code
        if inside.sum() < plan.design.n:
            small.append(label)
        else:
            nights.append(past(stage(_part(whole, inside), plan), title, label))
    if not nights:
        raise EstimationError(
            f"{contest.folder}: no area of level {by} has the {plan.design.n} stations of a sample: take a smaller --n"
        )
    return nights, small


def _part(whole: Population, inside: BoolArray) -> Population:
    """Keep some of the stations."""
    table = whole.frame.table[inside].reset_index(drop=True)
    for level in AREA_LEVELS:
        table[level] = table[level].cat.remove_unused_categories()
    counts = whole.counts
    kept = Counts(
        counts.votes[inside],
        counts.invalid[inside],
        counts.ballots[inside],
        counts.registered[inside],
        counts.seen[inside],
        counts.kept_out[inside],
    )
    return Population(whole.contest, replace(whole.frame, table=table), kept, 0, whole.sha256)


def past(at: Stage, election: str, area: str = "") -> Past:
    """Lay out the nights of a past election, at every part of the returns.

    Parameters
    ----------
    at : Stage
        Of a backtest; its plan's replicates are the nights, at most one block of them.
    """
    drawn, keys = draw_block(at, 0)
    return Past(election, area, at, tuple(night_of(at, drawn, keys, part)[0] for part in at.plan.received))


def score(of: Past, point: ConstantValues) -> Score:
    """Score the predictor with other constants on the replayed nights of one past night."""
    at = of.at
    table = estimate_table(at.plan.table, point.table)
    known = set_up(at.population.frame, at.cells, at.known.numbers, table, design_strata=at.strata)
    truth, scores, covered = at.population.shares, [], []
    for night in of.nights:
        bounds = estimate_by("multilevel", known, night).estimate.interval(at.plan.level)
        low, high = bounds.low[:, : len(truth)], bounds.high[:, : len(truth)]
        scores.append(interval_score(low, high, truth, at.plan.level).mean(axis=0))
        covered.append(((low <= truth + NOTHING) & (truth - NOTHING <= high)).mean(axis=0))
    return Score(np.concatenate(scores), np.concatenate(covered))
