"""Coverage of what is offered by default: every design with its own variance, every estimator, logit intervals.

Real elections, 10,000 samples each, seeds fixed beforehand: the true standard error (over the samples), the mean
estimated variance over the true one, and how often the 95 % interval holds the truth, for every share and the
lead (turnout and the invalid share: coverage_stratified.py).

    PYTHONPATH=src python benchmarks/coverage_defaults.py [--replicates 10000] [--workers 2]
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from machine import SHARED, save

from estimation.contest import EstimateTable, EstimatorName, load_contest
from estimation.estimators import weigh
from estimation.estimators.precision import ratios
from estimation.sampling.apply_design import strata_for
from estimation.sampling.design import Design
from estimation.sampling.strata import strata_by
from estimation.simulation.population import Estimates, open_population, proportion
from estimation.simulation.replicate import samples

SEED, LEVEL, N = "coverage", 0.95, 300
STRATA = {"bolivia-2019": "province"}  # 329 districts don't fit in 300 stations
DESIGNS = (
    "simple",
    "stratified",
    "systematic",
    "pps-systematic",
    "sampford",
    "max-entropy",
    "pivotal",
    "cube",
    "local-cube",
    "two-stage",
)
OTHERS: tuple[EstimatorName, ...] = ("separate", "poststratified", "raked", "calibrated")
ELECTIONS = ("situbondo-2019", "ciamis-2024", "gianyar-2019", "bolivia-2019")
COSTLY = {"max-entropy", "sampford", "local-cube"}  # a fifth of the replicates: rejection, or neighbours in space


@dataclass(frozen=True)
class Job:
    """One election, one way to draw, one estimator."""

    election: str
    method: str
    estimator: EstimatorName
    replicates: int


def jobs(replicates: int) -> Iterator[Job]:
    """Every default: each design with the ratio; other estimators with the two plain designs and the preferred one."""
    for election in ELECTIONS:
        for method in DESIGNS:
            yield Job(election, method, "ratio", replicates // 5 if method in COSTLY else replicates)
        for method in ("simple", "stratified", "pivotal"):
            for estimator in OTHERS:
                yield Job(election, method, estimator, replicates)


def run(job: Job) -> list[dict[str, object]]:
    """Draw, estimate, and judge each quantity."""
    population = open_population(load_contest(SHARED / job.election))
    frame, names = population.frame, population.names
    area = STRATA.get(job.election, "district")
    strata = area if job.method == "stratified" else ""
    balance = ("registered",) if job.method in ("cube", "local-cube") else ()
    each = 6 if job.election == "gianyar-2019" else 3  # 70 villages: 100 of them can't be drawn
    design = Design(method=job.method, n=N, strata=strata, balance=balance, per_cluster=each, seed=SEED)
    cells = strata_for(frame, strata) if strata else strata_by(frame, area)
    support = np.array([[-1.0, 1.0] if name == "lead" else [0.0, 1.0] for name in names])
    y, x, table = population.numerators, population.counts.valid, EstimateTable()
    parts = []
    width = len(names) if job.estimator == "ratio" else 60  # numbers a station takes, so that a block stays small
    for rows, structure in samples(population, design, job.replicates, width):
        weighting = weigh(job.estimator, frame, rows, cells, structure, table)
        found = ratios(names, y[rows], x[rows], weighting, table, support)
        bounds = found.interval(LEVEL)
        parts.append(Estimates(found.theta, found.variance, bounds.low, bounds.high))
    every = Estimates(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    lines = []
    for j, (name, truth) in enumerate(zip(names, population.truth, strict=True)):
        held = (every.low[:, j] <= truth) & (truth <= every.high[:, j])
        coverage, low, high = proportion(held)
        true = every.theta[:, j].var(ddof=1)
        lines.append(
            {
                "election": job.election,
                "design": job.method,
                "estimator": job.estimator,
                "replicates": job.replicates,
                "quantity": name,
                "truth": round(float(truth), 5),
                "true_se": round(float(np.sqrt(true)), 6),
                "variance_ratio": round(float(every.variance[:, j].mean() / true), 4),
                "coverage": round(coverage, 4),
                "coverage_low": round(low, 4),
                "coverage_high": round(high, 4),
                "half_width": round(float((every.high - every.low)[:, j].mean() / 2), 6),
            }
        )
    return lines


def main() -> None:
    """Run all jobs over processes and write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--replicates", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    wanted = list(jobs(options.replicates))
    rows = []
    with ProcessPoolExecutor(options.workers) as pool:
        for job, lines in zip(wanted, pool.map(run, wanted), strict=True):
            rows += lines
            print(job, flush=True)
    save("coverage_defaults", {"n": N, "level": LEVEL, "seed": SEED, "rows": rows})


if __name__ == "__main__":
    main()
