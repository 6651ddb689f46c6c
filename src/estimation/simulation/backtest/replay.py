"""One block of nights: drawn, received in an order, estimated at several parts of the returns."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from estimation.contest import EstimateTable, EstimatorName
from estimation.decision import information, judge, needed_drift, thin_strata
from estimation.errors import EstimationError
from estimation.estimators import respond
from estimation.estimators.catalogue import Known, Night, estimate_by, know
from estimation.estimators.quantities import TURNOUT
from estimation.returns import Counts
from estimation.sampling.allocate import cells_for, strata_for
from estimation.sampling.design import Design
from estimation.sampling.draw import draw_rows
from estimation.sampling.strata import Strata
from estimation.seeds import generator
from estimation.simulation.arrivals import ArrivalModel, arrival_model, arrived
from estimation.simulation.known import Population
from estimation.simulation.replicate import structure_of
from estimation.survey import Estimate, Structure
from estimation.survey.structure import Array, BoolArray, IntArray, group_sums

BLOCK = 100  # nights; fixed, so that the same seed gives the same nights on any number of workers


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be replayed.

    Attributes
    ----------
    design : Design
        Its seed names the streams of all random numbers.
    estimators : tuple of str
    arrival : str
        A model's name, see :func:`estimation.simulation.arrivals.arrival_model`.
    received : tuple of float
        Parts of the sample that are in, ascending, in (0, 1].
    replicates : int
        Nights.
    level : float
    table : EstimateTable
        ``[estimate]``: the estimators' settings and the rule for calls.
    """

    design: Design
    estimators: tuple[EstimatorName, ...]
    arrival: str
    received: tuple[float, ...]
    replicates: int
    level: float
    table: EstimateTable

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.replicates // BLOCK)


class Replay(NamedTuple):
    """What b nights said: E estimators, P parts, Q quantities (shares, lead, turnout); NaN where nothing.

    Attributes
    ----------
    theta, variance, low, high : numpy.ndarray, shape (b, E, P, Q)
    called, wrong : numpy.ndarray of bool, shape (b, E, P)
        Somebody is called at that moment, and it is not the one who won.
    """

    theta: Array
    variance: Array
    low: Array
    high: Array
    called: BoolArray
    wrong: BoolArray


@dataclass(frozen=True, slots=True)
class Stage:
    """What is the same for all blocks of one plan."""

    population: Population
    plan: Plan
    strata: Strata
    cells: Strata
    model: ArrivalModel
    known: Known


def stage(population: Population, plan: Plan) -> Stage:
    """Lay out what all blocks need.

    Raises
    ------
    EstimationError
        The design does not fit the population, or the arrival model is unknown.
    """
    design = plan.design
    strata = strata_for(population.frame, design.strata, design.merge, design.n)
    cells = cells_for(population.frame, design, strata)
    numbers = [candidate.number for candidate in population.contest.candidates]
    known = know(population.frame, cells, numbers, plan.table, design_strata=strata)
    return Stage(population, plan, strata, cells, arrival_model(plan.arrival, population), known)


def quantities(population: Population) -> tuple[tuple[str, ...], Array]:
    """Name what is judged, and give its true values: each share, the lead of the first over the second, turnout."""
    counts = population.counts
    known = np.isfinite(counts.ballots) & np.isfinite(counts.registered)
    roll = counts.registered[known].sum()
    turnout = counts.ballots[known].sum() / roll if roll > 0 else np.nan
    return (*population.names, TURNOUT), np.append(population.truth, turnout)


def replay_block(at: Stage, block: int) -> Replay:
    """Replay one block of nights; its number and the design's seed name all its random numbers."""
    plan, population = at.plan, at.population
    number = min(BLOCK, plan.replicates - block * BLOCK)
    seed = plan.design.seed
    drawn = draw_rows(population.frame, plan.design, at.strata, generator(seed, "backtest", str(block)), number)
    whole = structure_of(population.frame, plan.design, at.strata, drawn)
    rows = np.where(drawn.rows < 0, drawn.rows[:, :1], drawn.rows)
    there = whole.inside
    keys = at.model(population, rows, generator(seed, "backtest arrival", str(block)))
    shape = (number, len(plan.estimators), len(plan.received))
    q = len(quantities(population)[0])
    found = Replay(*(np.full((*shape, q), np.nan) for _ in range(4)), *(np.zeros(shape, np.bool_) for _ in range(2)))
    for p, part in enumerate(plan.received):
        seen = arrived(keys, part, there)
        night = _night(at, rows, whole, seen, keys)
        for e, name in enumerate(plan.estimators):
            _fill(at, night, whole.weight, name, found, (slice(None), e, p))
    return found


def _night(at: Stage, rows: IntArray, whole: Structure, seen: BoolArray, keys: Array) -> Night:
    """Lay the nights out as an estimator takes them."""
    counts = at.population.counts

    def look(values: Array) -> Array:
        return np.where(seen, values[rows], np.nan)

    votes = np.where(seen[..., None], np.take(counts.votes, rows, axis=0), 0.0)
    received = np.where(seen, keys, np.nan)
    own = Counts(
        votes, look(counts.invalid), look(counts.ballots), counts.registered[rows], seen, np.zeros_like(seen), received
    )
    arrival = respond(whole, at.strata, at.cells, at.cells.codes[rows], seen)
    return Night(rows, own, arrival, whole.inside)


def _fill(
    at: Stage, night: Night, weight: Array, name: EstimatorName, found: Replay, place: tuple[slice, int, int]
) -> None:
    """Estimate, and write what an estimator says into its place; one that can't be computed says nothing."""
    try:
        estimate = estimate_by(name, at.known, night).estimate
    except EstimationError:  # with so few returns: counted as left out in the table
        return
    names = quantities(at.population)[0]
    order, candidates = at.population.order, at.population.contest.candidates
    pair = {f"share:{candidates[order[0]].number}": 1.0, f"share:{candidates[order[1]].number}": -1.0}
    lead, level = estimate.contrast(pair, "lead"), at.plan.level
    bounds, lead_bounds = estimate.interval(level), lead.interval(level)
    for q, quantity in enumerate(names):
        own, limits = (lead, lead_bounds) if quantity == "lead" else (estimate, bounds)
        if quantity not in own.names:
            continue
        j = own.index(quantity)
        found.theta[(*place, q)] = own.theta[..., j]
        found.variance[(*place, q)] = own.variance[..., j]
        found.low[(*place, q)] = limits.low[..., j]
        found.high[(*place, q)] = limits.high[..., j]
    called, wrong = calls(at, night, weight, estimate)
    found.called[place], found.wrong[place] = called, wrong


def calls(at: Stage, night: Night, weight: Array, estimate: Estimate) -> tuple[BoolArray, BoolArray]:
    """Say on which nights somebody is called at this moment, and on which it is the wrong one; shape (b,) each.

    By the rule of the contest (:func:`estimation.decision.judge`), without a look at other methods.

    Parameters
    ----------
    weight : numpy.ndarray, shape (b, n)
        Design weights 1/π; 0 for a place that a smaller sample leaves empty.
    """
    contest, structure, counts = at.population.contest, night.arrival.structure, night.counts
    cell, number, there = at.cells.codes[night.rows], len(at.cells.labels), weight > 0
    drawn_by, in_by = (group_sums(of, cell, number).astype(np.intp) for of in (there, counts.seen))
    drawn = group_sums(there, structure.stratum, structure.strata)
    roll = np.where(np.isfinite(counts.registered), counts.registered, np.nanmean(counts.registered))
    drift = needed_drift(contest, estimate, counts.votes, weight=weight, roll=roll, seen=counts.seen, cell=cell)
    judged = judge(
        contest,
        estimate,
        used=counts.seen.sum(axis=-1),
        drawn=there.sum(axis=-1),
        thin=thin_strata(in_by, drawn_by, at.plan.table.min_per_stratum),
        fraction=information(structure.count(), drawn, structure.size),
        whole=there.sum(axis=-1) >= len(at.population.frame),
        drift_ok=drift >= at.plan.table.drift,
    )
    leader = judged.comparisons.leader
    if contest.about.rule == "plurality":
        return judged.called, judged.called & (leader != at.population.order[0])
    above = at.population.shares > contest.about.threshold
    return judged.called, judged.called & ~above[leader]
