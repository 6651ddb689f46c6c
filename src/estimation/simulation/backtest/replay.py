"""One block of nights: drawn, received in an order, estimated at several parts of the returns."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from estimation.arrays import Array, BoolArray, IntArray, group_sums
from estimation.contest import TURNOUT, EstimateTable, EstimatorName
from estimation.contest.possible import why_never
from estimation.decision import information, judge, needed_drift, thin_part, thin_strata
from estimation.errors import DesignError, EstimationError
from estimation.estimators import adjust
from estimation.estimators.catalogue import PREDICTED, ContestSetup, ReturnsSeen, estimate_by, set_up
from estimation.returns import Counts
from estimation.sampling.apply_design import cells_for, strata_for
from estimation.sampling.design import Design
from estimation.sampling.design_structure import Drawn, Joint, design_structure, joint_of, replicates_at_once
from estimation.sampling.draw import draw_rows
from estimation.sampling.strata import Strata
from estimation.seeds import generator
from estimation.simulation.arrivals import ArrivalModel, arrival_model, arrived
from estimation.simulation.population import Population
from estimation.survey import Estimate

BLOCK = 100  # nights; fixed, so that the same seed gives the same nights on any number of workers


@dataclass(frozen=True, slots=True)
class BacktestPlan:
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
    plan: BacktestPlan
    strata: Strata
    cells: Strata
    model: ArrivalModel
    known: ContestSetup
    joint: Joint | None


def stage(population: Population, plan: BacktestPlan) -> Stage:
    """Lay out what all blocks need.

    Raises
    ------
    EstimationError
        The design does not fit the population or can't give the variance, or the arrival model is unknown.
    """
    design = plan.design
    predicted = ("multilevel", "auto") if design.method in PREDICTED else ("multilevel",)
    if not set(plan.estimators) <= set(predicted):
        _check_variance(plan.table.variance, design.method)
    strata = strata_for(population.frame, design.strata, design.merge, design.n)
    cells = cells_for(population.frame, design, strata)
    numbers = [candidate.number for candidate in population.contest.candidates]
    known = set_up(population.frame, cells, numbers, plan.table, design_strata=strata)
    model, joint = arrival_model(plan.arrival, population), joint_of(population.frame, design, strata)
    return Stage(population, plan, strata, cells, model, known, joint)


def _check_variance(variance: str, method: str) -> None:
    """Refuse a variance that no night of the plan could have."""
    reason = why_never(variance, method)
    if reason:
        raise DesignError(f"[estimate]: {reason}")


def true_quantities(population: Population) -> tuple[tuple[str, ...], Array]:
    """Name what is judged, and give its true values: each share, the lead of the first over the second, turnout."""
    counts = population.counts
    known = np.isfinite(counts.ballots) & np.isfinite(counts.registered)
    roll = counts.registered[known].sum()
    turnout = counts.ballots[known].sum() / roll if roll > 0 else np.nan
    return (*population.names, TURNOUT), np.append(population.truth, turnout)


def replay_block(at: Stage, block: int) -> Replay:
    """Replay one block of nights; its number and the design's seed name all its random numbers."""
    plan = at.plan
    drawn, keys = draw_block(at, block)
    shape = (len(keys), len(plan.estimators), len(plan.received))
    q = len(true_quantities(at.population)[0])
    found = Replay(*(np.full((*shape, q), np.nan) for _ in range(4)), *(np.zeros(shape, np.bool_) for _ in range(2)))
    step = replicates_at_once(drawn, at.joint)
    for start in range(0, len(keys), step):
        nights = np.arange(start, min(start + step, len(keys)))
        for p, part in enumerate(plan.received):
            night, weight = night_of(at, drawn.replicates(nights), keys[nights], part)
            for e, name in enumerate(plan.estimators):
                try:
                    _fill(at, night, weight, name, found, (nights, e, p))
                except EstimationError:
                    for b in nights:  # some nights have too little in: those that haven't are not to suffer
                        one = np.array([b])
                        with suppress(EstimationError):  # it says nothing, and the table counts the nights that do
                            _fill(at, *night_of(at, drawn.replicates(one), keys[one], part), name, found, (one, e, p))
    return found


def draw_block(at: Stage, block: int) -> tuple[Drawn, Array]:
    """Draw the samples of one block of nights, and the keys of their arrival, shape (b, n)."""
    plan, seed = at.plan, at.plan.design.seed
    number = min(BLOCK, plan.replicates - block * BLOCK)
    frame = at.population.frame
    drawn = draw_rows(frame, plan.design, at.strata, generator(seed, "backtest", str(block)), number)
    return drawn, at.model(at.population, drawn.stations, generator(seed, "backtest arrival", str(block)))


def night_of(at: Stage, drawn: Drawn, keys: Array, part: float) -> tuple[ReturnsSeen, Array]:
    """Lay nights out at one part of the returns, as an estimator takes them, with the design weights, (b, n).

    The weight is 0 for a place that a smaller sample leaves empty.
    """
    counts = at.population.counts
    whole = design_structure(at.population.frame, at.plan.design, at.strata, drawn, at.joint)
    rows = drawn.stations
    seen = arrived(keys, part, whole.inside)

    def look(values: Array) -> Array:
        return np.where(seen, values[rows], np.nan)

    votes = np.where(seen[..., None], np.take(counts.votes, rows, axis=0), 0.0)
    received = np.where(seen, keys, np.nan)
    own = Counts(
        votes, look(counts.invalid), look(counts.ballots), counts.registered[rows], seen, np.zeros_like(seen), received
    )
    arrival = adjust(whole, at.strata, at.cells, at.cells.codes[rows], seen)
    return ReturnsSeen(rows, own, arrival, whole.inside), whole.weight


def _fill(
    at: Stage, night: ReturnsSeen, weight: Array, name: EstimatorName, found: Replay, place: tuple[IntArray, int, int]
) -> None:
    """Estimate, and write what an estimator says into its place.

    Raises
    ------
    EstimationError
        One of the nights has too little in for it.
    """
    estimate = estimate_by(name, at.known, night).estimate
    names = true_quantities(at.population)[0]
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
    found.called[place], found.wrong[place] = calls(at, night, weight, estimate)


def calls(
    at: Stage, night: ReturnsSeen, weight: Array, estimate: Estimate, others: Mapping[str, Estimate] | None = None
) -> tuple[BoolArray, BoolArray]:
    """Say on which nights somebody is called at this moment, and on which it is the wrong one; shape (b,) each.

    By the rule of the contest (:func:`estimation.decision.judge`).

    Parameters
    ----------
    weight : numpy.ndarray, shape (b, n)
        Design weights 1/π; 0 for a place that a smaller sample leaves empty.
    others : mapping of str to Estimate, optional
        Other methods' estimates, which must agree; a backtest asks none.
    """
    contest = replace(at.population.contest, estimate=at.plan.table)  # the rule for calls that was asked for
    structure, counts = night.adjustment.structure, night.counts
    cell, number, there = at.cells.codes[night.rows], len(at.cells.labels), weight > 0
    drawn_by, in_by = (group_sums(of, cell, number).astype(np.intp) for of in (there, counts.seen))
    thin = thin_strata(in_by, drawn_by, at.plan.table.min_per_stratum)
    drawn = group_sums(there, structure.stratum, structure.strata)
    known = np.isfinite(counts.registered)
    roll = np.where(known, counts.registered, counts.registered[known].mean() if known.any() else 1.0)
    drift = needed_drift(contest, estimate, counts.votes, weight=weight, roll=roll, seen=counts.seen, cell=cell)
    judged = judge(
        contest,
        estimate,
        used=counts.seen.sum(axis=-1),
        drawn=there.sum(axis=-1),
        thin=thin_part(thin, at.cells.codes, at.population.frame.registered),
        fraction=information(structure.count(), drawn, structure.size),
        whole=there.sum(axis=-1) >= len(at.population.frame),
        others=others,
        drift_ok=drift >= at.plan.table.drift,
    )
    leader = judged.comparisons.leader
    if contest.about.rule == "plurality":
        return judged.called, judged.called & (leader != at.population.order[0])
    above = at.population.shares > contest.about.threshold
    return judged.called, judged.called & ~above[leader]
