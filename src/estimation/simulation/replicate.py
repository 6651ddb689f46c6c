"""The one replicate engine: designs drawn again and again from an election whose result is known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from estimation.arrays import Array, BoolArray, IntArray, group_sums
from estimation.contest import EstimateTable
from estimation.errors import DesignError
from estimation.estimators import adjust, design_weighting
from estimation.estimators.precision import ratios
from estimation.frame import Frame
from estimation.sampling.apply_design import cells_for, strata_for
from estimation.sampling.design import Design
from estimation.sampling.design_structure import design_structure, joint_of, replicates_at_once
from estimation.sampling.draw import draw_rows
from estimation.seeds import generator
from estimation.simulation.population import NOTHING, Estimates, Population, proportion
from estimation.survey import Structure

BLOCK = 4_000_000  # numbers in one block of replicates, so that memory stays small
AREAS_AT_ONCE = 8  # their covariances with each other are by-products, so that few at a time are cheaper
PATTERNS = ("random", "village")


@dataclass(frozen=True, slots=True)
class SimulatedSamples:
    """What many samples of one design said.

    Attributes
    ----------
    estimates : Estimates
        Of ``Population.names``: the k shares, then the lead.
    right : numpy.ndarray of bool, shape (R,)
        The true leader was ahead of all others.
    stations, villages : numpy.ndarray, shape (R,)
        That had to be visited.
    paid : numpy.ndarray, shape (R,)
        What the stations cost, without the villages.
    areas : Estimates or None
        Of the true leader's share in each of A areas; NaN where a sample has fewer than two stations
        there, or no degrees of freedom.
    """

    estimates: Estimates
    right: BoolArray
    stations: IntArray
    villages: IntArray
    paid: Array
    areas: Estimates | None = None


def replicate(
    population: Population,
    design: Design,
    replicates: int,
    level: float = 0.95,
    areas: str | None = None,
    cost_station: float | Array = 0.0,
) -> SimulatedSamples:
    """Draw a design many times and estimate each time by the combined ratio, in vectorised blocks.

    The variance is the one that belongs to the design (:func:`estimation.survey.variance.default`), as on the
    night.

    Parameters
    ----------
    replicates : int
        Number R, at least 1.
    level : float
        Of the intervals, in (0, 1).
    areas : str, optional
        Frame column of the areas to estimate too, such as ``district``.
    cost_station : float or numpy.ndarray, shape (N,)
        Cost of each station, in any currency.

    Returns
    -------
    Replicates
        The same for the same design, whose seed names the stream of random numbers.

    Raises
    ------
    DesignError
        The design does not fit the population.
    """
    y, valid, order = population.numerators, population.counts.valid, population.order
    village = population.frame.areas("village").codes
    area = population.frame.areas(areas).codes if areas else None
    price = np.broadcast_to(np.asarray(cost_station, dtype=np.float64), valid.shape)
    found, inner, right, stations, villages, paid = [], [], [], [], [], []
    for rows, structure in samples(population, design, replicates, y.shape[1]):
        here = _estimate(population.names, y[rows], valid[rows], structure, level)
        found.append(here)
        others = np.delete(here.theta[:, :-1], order[0], axis=1)
        right.append(here.theta[:, order[0]] > others.max(axis=1))
        stations.append(structure.inside.sum(axis=1))
        villages.append(_distinct(village[rows]))
        paid.append((price[rows] * structure.inside).sum(axis=1))
        if area is not None:
            inner.append(_inside_areas(y[rows, order[0]], valid[rows], structure, area[rows], area.max() + 1, level))
    visits = np.concatenate(right), np.concatenate(stations), np.concatenate(villages), np.concatenate(paid)
    return SimulatedSamples(_joined(found), *visits, _joined(inner) if inner else None)


def compare_simulated(
    population: Population,
    designs: Mapping[str, Design],
    replicates: int,
    level: float = 0.95,
    *,
    areas: str | None = None,
    cost_station: float | Array = 0.0,
    cost_village: float = 0.0,
) -> pd.DataFrame:
    """Compare designs on one election: what each would have said, many times over.

    Parameters
    ----------
    designs : mapping of str to Design
        By the name that the table shows.
    replicates : int
        Samples of each, at least 2; the same streams wherever designs have the same seed.
    level : float
        Of the intervals, in (0, 1).
    areas : str, optional
        Frame column, such as ``district``: a row for the true leader's share in each area too.
    cost_station : float or numpy.ndarray, shape (N,)
        Cost of a station, or of each.
    cost_village : float
        Of going to a village, in the same currency.

    Returns
    -------
    pandas.DataFrame
        One row for each design and quantity (``share:<number>``, ``lead``), then for each area; shares in
        0 … 1. ``design``, ``n``, ``quantity``, ``area`` (blank for the whole), ``truth``, ``bias`` with ``bias_mc``,
        ``true_se`` (standard deviation over the samples) with ``true_se_mc`` (of a normal sample),
        ``mean_se`` (root of the mean estimated variance), ``ratio`` of it to the true one, ``coverage``
        with its exact binomial bounds of 95 % (Clopper and Pearson 1934), mean ``half_width``, ``left_out``:
        samples that say nothing of an area. Of the whole alone: ``deff`` (true variance relative to that of
        simple sampling of as many stations, linearised, from the population: Cochran 1977, eq. 6.9),
        ``right_leader`` with such bounds, mean ``stations``, ``villages`` and ``cost``.
    """
    truth, names = population.truth, population.names
    rows = []
    for label, design in designs.items():
        result = replicate(population, design, replicates, level, areas, cost_station)
        stations, villages = float(result.stations.mean()), float(result.villages.mean())
        simple = population.simple_variance(stations)
        right, right_low, right_high = proportion(result.right)
        whole = {
            "right_leader": right,
            "right_leader_low": right_low,
            "right_leader_high": right_high,
            "stations": stations,
            "villages": villages,
            "cost": float(result.paid.mean()) + villages * cost_village,
        }
        head = {"design": label, "n": design.n}
        for j, name in enumerate(names):
            row = result.estimates.summary(j, truth[j])
            deff = row["true_se"] ** 2 / simple[j] if simple[j] > NOTHING**2 else np.nan
            rows.append({**head, "quantity": name, "area": "", **row, "deff": deff, **whole})
        if areas and result.areas is not None:
            head["quantity"] = names[population.order[0]]
            for j, (area, share) in enumerate(population.areas(areas)):
                rows.append({**head, "area": area, **result.areas.summary(j, share)})
    return pd.DataFrame(rows)


def nonresponse(
    population: Population,
    design: Design,
    missing: Sequence[float] = (0.05, 0.1, 0.2),
    replicates: int = 1000,
    *,
    pattern: str = "random",
    level: float = 0.95,
) -> pd.DataFrame:
    """Find what happens when a part of the stations never reports.

    In each replicate some stations of the population are silent, the same ones and more as the part grows. What
    has come in of the sample stands for the rest of its cell, as on the night
    (:func:`estimation.estimators.weight_responding`).

    Parameters
    ----------
    missing : sequence of float
        Parts of the stations, in (0, 1); a row with none missing is always given.
    replicates : int
        Samples, at least 2.
    pattern : str
        ``random``: single stations. ``village``: whole villages, about as many stations.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        One row for each part and quantity: ``missing``, ``quantity``, mean ``stations`` in, and the columns of
        :func:`compare_simulated` from ``truth`` to ``half_width``.

    Raises
    ------
    DesignError
        The pattern is unknown, or a part does not lie in (0, 1).
    EstimateError
        So few are in that nothing can be estimated.
    """
    _check_missing(missing, pattern)
    parts = np.array([0.0, *sorted(missing)])
    y, valid = population.numerators, population.counts.valid
    found: list[list[Estimates]] = [[] for _ in parts]
    stations: list[list[IntArray]] = [[] for _ in parts]
    for number, (rows, structure) in enumerate(samples(population, design, replicates, y.shape[1])):
        rng = generator(design.seed, "nonresponse", pattern, str(number))
        lot = _silence(population, pattern, rows, rng)
        for m, part in enumerate(parts):
            here = heard(population.frame, design, rows, structure, lot >= part)
            stations[m].append(here.inside.sum(axis=-1))
            found[m].append(_estimate(population.names, y[rows], valid[rows], here, level))
    table = []
    for m, part in enumerate(parts):
        mine, count = _joined(found[m]), np.concatenate(stations[m]).mean()
        for j, (name, truth) in enumerate(zip(population.names, population.truth, strict=True)):
            row = {"missing": float(part), "quantity": name, "stations": float(count)}
            table.append({**row, **mine.summary(j, truth)})
    return pd.DataFrame(table).drop(columns="left_out")


def samples(population: Population, design: Design, replicates: int, k: int) -> Iterator[tuple[IntArray, Structure]]:
    """Draw block by block: rows (b, n) of the population, and their structure."""
    frame, strata = population.frame, strata_for(population.frame, design.strata, design.merge, design.n)
    if replicates < 1:
        raise DesignError(f"{replicates} replicates: draw at least 1")
    size, joint = max(1, BLOCK // (design.n * k)), joint_of(frame, design, strata)
    for block, start in enumerate(range(0, replicates, size)):
        rng = generator(design.seed, "replicate", str(block))
        drawn = draw_rows(frame, design, strata, rng, min(size, replicates - start))
        step = replicates_at_once(drawn, joint)
        for first in range(0, len(drawn.rows), step):
            part = drawn.replicates(slice(first, first + step))
            yield part.stations, design_structure(frame, design, strata, part, joint)


def _estimate(
    names: tuple[str, ...], y: Array, x: Array, structure: Structure, level: float, df: Array | None = None
) -> Estimates:
    """Estimate ratios of many samples as a projection does: y (b, n, q), x (b, n) or (b, n, q)."""
    support = np.array([[-1.0, 1.0] if name == "lead" else [0.0, 1.0] for name in names])
    found = ratios(names, y, x, design_weighting(structure), EstimateTable(), support, df)
    bounds = found.interval(level)
    return Estimates(found.theta, found.variance, bounds.low, bounds.high)


def _inside_areas(
    votes: Array, valid: Array, structure: Structure, area: IntArray, areas: int, level: float
) -> Estimates:
    """Estimate one candidate's share in every area: influence is zero outside, see ``estimators.domain``."""
    parts = []
    for start in range(0, areas, AREAS_AT_ONCE):
        codes = np.arange(start, min(start + AREAS_AT_ONCE, areas))
        inside = (area[..., None] == codes) & structure.inside[..., None]
        df = np.stack([_domain_df(structure, inside[..., j]) for j in range(len(codes))], axis=-1)
        use = (inside.sum(axis=1) >= 2) & (df >= 1) & ((inside * valid[..., None]).sum(axis=1) > 0)
        keep = inside & use[:, None, :]
        x = np.where(keep, valid[..., None], np.where(use[:, None, :], 0.0, 1.0))  # a ratio of 0 to 1: left out below
        names = tuple(f"area:{code}" for code in codes)
        here = _estimate(names, np.where(keep, votes[..., None], 0.0), x, structure, level, np.maximum(df, 1))
        parts.append(Estimates(*(np.where(use, values, np.nan) for values in here)))
    return Estimates(*(np.concatenate(columns, axis=1) for columns in zip(*parts, strict=True)))


def _domain_df(structure: Structure, inside: BoolArray) -> Array:
    """Count the stations of an area that are in, less the strata that have any there, shape (b,)."""
    count = group_sums(inside, structure.stratum, structure.strata)
    return np.asarray(count.sum(axis=-1) - (count > 0).sum(axis=-1))


def heard(frame: Frame, design: Design, rows: IntArray, structure: Structure, seen: BoolArray) -> Structure:
    """Weight what is in of each sample: rows (b, n) and seen (b, n) to a structure of b samples.

    As a projection does it: see :func:`estimation.estimators.adjust`.
    """
    strata = strata_for(frame, design.strata, design.merge, design.n)
    cells = cells_for(frame, design, strata)
    return adjust(structure, strata, cells, cells.codes[rows], seen & structure.inside).structure


def _silence(population: Population, pattern: str, rows: IntArray, rng: np.random.Generator) -> Array:
    """Give the drawn stations, (b, n), their lots in 0 … 1: a station is silent where the part missing exceeds it."""
    unit = population.frame.areas("village").codes if pattern == "village" else np.arange(len(population.frame))
    size = np.bincount(unit)
    lot, drawn = np.empty(len(size)), np.empty(rows.shape)
    for r in range(len(rows)):
        turn = rng.permutation(len(size))
        lot[turn] = (np.cumsum(size[turn]) - size[turn] / 2) / len(unit)
        drawn[r] = lot[unit[rows[r]]]
    return drawn


def _check_missing(missing: Sequence[float], pattern: str) -> None:
    if pattern not in PATTERNS:
        raise DesignError(f"pattern '{pattern}' is unknown: known are {', '.join(PATTERNS)}")
    for part in missing:
        if not 0 < part < 1:
            raise DesignError(f"a missing part of {part} lies outside (0, 1): write 0.05 for 5 %")


def _distinct(codes: IntArray) -> IntArray:
    """Count the different codes of each row: (b, n) to (b,)."""
    return np.asarray((np.diff(np.sort(codes, axis=1), axis=1) > 0).sum(axis=1) + 1)


def _joined(parts: list[Estimates]) -> Estimates:
    return Estimates(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
