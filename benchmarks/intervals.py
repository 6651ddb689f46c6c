"""Coverage, width and score of every interval for shares, large and small, on four real elections.

Simple and stratified samples of 40, 100 and 300 stations, all in, 10,000 of each; combined ratio, stratified
variance. The interval ``auto`` was chosen from what this says: see README.md.
"""

import json
import time
from collections.abc import Iterator

import numpy as np
from machine import HERE, SHARED, describe
from scipy.stats import binomtest

from estimation.contest import load_contest
from estimation.sampling import proportional, selection
from estimation.sampling.apply_design import strata_for
from estimation.sampling.strata import Strata
from estimation.seeds import generator
from estimation.simulation.population import Population, open_population
from estimation.survey import Structure, ratio
from estimation.survey.degrees import satterthwaite
from estimation.survey.intervals import INTERVALS
from estimation.survey.variance import stratified

KINDS = {name: interval for name, interval in INTERVALS.items() if name != "auto"}

ELECTIONS = {  # and the column of the strata: Bolivia has 329 districts, too many for 300 stations
    "situbondo-2019": "district",
    "ciamis-2024": "district",
    "gianyar-2019": "district",
    "bolivia-2019": "province",
}
SIZES, LEVEL, SEED = (40, 100, 300), 0.95, "1"
REPLICATES, BLOCK = 10_000, 500
COLUMNS = (
    *("election", "design", "n", "strata", "quantity", "truth", "samples_without", "df", "interval"),
    *("coverage", "coverage_low", "coverage_high", "truth_below", "truth_above", "half_width", "score"),
)


def main() -> None:
    """Draw, estimate, judge, and write the results: shares, widths and scores in percent and points."""
    begin, rows = time.perf_counter(), []
    for name, column in ELECTIONS.items():
        population = open_population(load_contest(SHARED / name))
        for n in SIZES:
            for design in ("simple", "stratified"):
                strata = _strata(population, column if design == "stratified" else "", n)
                for row in _judge(population, strata, n, f"{name}/{design}/{n}"):
                    rows.append([name, design, n, len(strata.size), *row])
                print(name, design, n, f"{time.perf_counter() - begin:.0f} s", flush=True)
    head = {
        "benchmark": "intervals",
        "machine": describe(),
        "seed": SEED,
        "replicates": REPLICATES,
        "level": LEVEL,
        "seconds": round(time.perf_counter() - begin, 1),
        "columns": COLUMNS,
    }
    lines = ",\n    ".join(json.dumps(row) for row in rows)
    text = json.dumps(head, indent=2, ensure_ascii=False)[:-2] + f',\n  "rows": [\n    {lines}\n  ]\n}}\n'
    json.loads(text)
    (HERE / "results" / "intervals.json").write_text(text, encoding="utf-8")


def _strata(population: Population, column: str, n: int) -> Strata:
    """Take the areas as strata; small ones merged with a neighbour until two stations for each fit into n."""
    merge = 0
    while 2 * len((strata := strata_for(population.frame, column, merge)).size) > n:
        merge += 5
    return strata


def _judge(population: Population, strata: Strata, n: int, label: str) -> Iterator[list[object]]:
    """Judge the intervals of all shares; of two candidates, of the smaller one alone, since the other mirrors it."""
    votes, valid = population.counts.votes, population.counts.valid
    names = [f"share:{candidate.number}" for candidate in population.contest.candidates]
    keep = np.arange(len(names)) if len(names) > 2 else population.order[1:]
    truth = population.shares[keep]
    allocation = proportional(n, strata.size)
    weight = strata.size / allocation
    without, tallies = np.zeros(len(keep)), {}
    for block in range(REPLICATES // BLOCK):
        drawn = selection.stratified(strata.codes, allocation, generator(SEED, label, str(block)), BLOCK)
        codes = strata.codes[drawn]
        structure = Structure(weight[codes], codes, strata.size)
        linear = ratio(votes[drawn][..., keep], valid[drawn], structure.weight)
        variance = np.diagonal(stratified(linear.expanded, structure), axis1=-2, axis2=-1)
        without += (linear.theta == 0).sum(axis=0)
        degrees = {"design": structure.df()}
        if len(strata.size) > 1:
            degrees["satterthwaite"] = satterthwaite(linear.expanded, structure)
        for df_name, df in degrees.items():
            for kind, interval in KINDS.items():
                bounds = interval(linear.theta, variance, df, LEVEL, float(n))
                low, high = np.maximum(bounds.low, 0), np.minimum(bounds.high, 1)
                tallies[df_name, kind] = tallies.get((df_name, kind), 0) + _tally(low, high, truth)
    for j, column in enumerate(keep):
        for (df_name, kind), (below, above, half, score) in ((key, sums[:, j]) for key, sums in tallies.items()):
            hits = round(REPLICATES - below - above)
            exact = binomtest(hits, REPLICATES).proportion_ci(0.95)
            percent = [100 * value for value in (hits / REPLICATES, exact.low, exact.high)]
            means = [100 * value / REPLICATES for value in (below, above, half, score)]
            head = [names[column], round(100 * float(truth[j]), 3), int(without[j]), df_name, kind]
            yield [*head, *(round(float(value), 2) for value in [*percent, *means[:2]]), *_digits(means[2:])]


def _tally(low: np.ndarray, high: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Add up misses on both sides, half-widths and interval scores, shape (4, k).

    Score: width and 2/α times the distance of a truth outside (Gneiting and Raftery 2007, eq. 43).
    """
    below, above = np.maximum(low - truth, 0), np.maximum(truth - high, 0)
    score = high - low + 2 / (1 - LEVEL) * (below + above)
    return np.stack([(below > 0).sum(axis=0), (above > 0).sum(axis=0), (high - low).sum(axis=0) / 2, score.sum(axis=0)])


def _digits(values: list[float]) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


if __name__ == "__main__":
    main()
