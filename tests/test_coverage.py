"""Do the intervals keep their promise? A real race, sampled a thousand times and more.

Situbondo 2019 (two candidates, 2,434 stations, all of them counted; the one with more than 110 %
of its roll is kept), n = 300 stratified by kecamatan in proportion.
Tolerances: the estimated variances differ by 12.5 % (one standard deviation) from sample to sample, so that their mean
over R samples is known to 0.125/√R: 0.4 % at 1,000 and 0.13 % at 10,000; the bias of linearisation is 0.3 % at most
here. Coverage is held against the central 99 % of a binomial distribution around the level.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from estimation.contest import EstimateTable, EstimatorName, load_contest
from estimation.estimators import weigh
from estimation.estimators.precision import ratios
from estimation.frame import load_frame
from estimation.sampling import Design, proportional, selection, strata_by
from estimation.seeds import generator
from estimation.simulation.population import open_population
from estimation.simulation.replicate import samples
from estimation.survey import Structure, ratio, t_interval
from estimation.survey.variance import stratified

N, LEVEL = 300, 0.95


@dataclass(frozen=True)
class Race:
    """A population with known votes, and the design of its samples."""

    votes: np.ndarray
    codes: np.ndarray
    size: np.ndarray
    allocation: np.ndarray

    @property
    def truth(self):
        return self.votes.sum(axis=0) / self.votes.sum()

    def exact_variance(self):
        """Of the linearised share: Σ_h N_h² (1/n_h - 1/N_h) S²_d,h / X², d = y - θ x (Cochran 1977, eq. 6.51)."""
        d = self.votes[:, 0] - self.truth[0] * self.votes.sum(axis=1)
        spread = np.array([d[self.codes == h].var(ddof=1) for h in range(len(self.size))])
        return float((self.size**2 * (1 / self.allocation - 1 / self.size) * spread).sum() / self.votes.sum() ** 2)

    def replicate(self, rng, replicates):
        """Draw and estimate: shares and their variances (replicates, k), and which intervals cover the truth."""
        rows = selection.stratified(self.codes, self.allocation, rng, replicates)
        structure = Structure((self.size / self.allocation)[self.codes[rows]], self.codes[rows[0]], self.size)
        votes = self.votes[rows]
        linear = ratio(votes, votes.sum(axis=-1), structure.weight)
        variance = np.diagonal(stratified(linear.expanded, structure), axis1=-2, axis2=-1)
        bounds = t_interval(linear.theta, variance, structure.df(), LEVEL)
        return linear.theta, variance, (bounds.low <= self.truth) & (self.truth <= bounds.high)


@pytest.fixture(scope="module")
def race(shared):
    folder = shared / "data" / "situbondo-2019"
    contest = load_contest(folder)
    frame = load_frame(contest)
    official = pd.read_csv(folder / "official.csv", dtype={"tps_id": str})
    votes = np.zeros((len(frame), 2))
    votes[frame.rows_of(official["tps_id"])] = official[["votes_1", "votes_2"]]
    strata = strata_by(frame, "district")
    return Race(votes, strata.codes, strata.size, proportional(N, strata.size))


def band(replicates):
    """The central 99 % of how often the truth is covered."""
    return binom.ppf([0.005, 0.995], replicates, LEVEL) / replicates


def test_the_population_is_the_one_known(race):
    assert (len(race.codes), len(race.size), race.allocation.sum()) == (2434, 17, N)
    assert race.truth == pytest.approx([0.49849, 0.50151], abs=1e-5)


def test_the_standard_error_of_the_design_is_known(race):
    assert 100 * np.sqrt(race.exact_variance()) == pytest.approx(0.8307, abs=5e-5)


def test_a_thousand_samples(race):
    theta, variance, covered = race.replicate(generator(1, "coverage"), 1000)
    exact = race.exact_variance()
    assert variance[:, 0].mean() == pytest.approx(exact, rel=0.02)
    assert theta[:, 0].var(ddof=1) == pytest.approx(exact, rel=4 * np.sqrt(2 / 999))
    assert theta[:, 0].mean() == pytest.approx(race.truth[0], abs=4 * np.sqrt(exact / 1000))
    low, high = band(1000)
    assert low <= covered[:, 0].mean() <= high


@pytest.mark.slow
def test_ten_thousand_samples(race):
    parts = [race.replicate(generator(1, "coverage", str(part)), 1000) for part in range(10)]
    theta, variance, covered = (np.concatenate(values) for values in zip(*parts, strict=True))
    exact = race.exact_variance()
    assert variance[:, 0].mean() == pytest.approx(exact, rel=0.007)
    assert theta[:, 0].var(ddof=1) == pytest.approx(exact, rel=4 * np.sqrt(2 / 9999))
    assert theta[:, 0].mean() == pytest.approx(race.truth[0], abs=4 * np.sqrt(exact / 10_000))
    low, high = band(10_000)
    assert low <= covered[:, 0].mean() <= high


def test_one_sample_alone_is_the_same_as_in_the_stack(race):
    theta, variance, _ = race.replicate(generator(1, "coverage"), 3)
    rows = selection.stratified(race.codes, race.allocation, generator(1, "coverage"), 3)
    for b in range(3):
        structure = Structure((race.size / race.allocation)[race.codes[rows[b]]], race.codes[rows[b]], race.size)
        votes = race.votes[rows[b]]
        linear = ratio(votes, votes.sum(axis=-1), structure.weight)
        np.testing.assert_allclose(linear.theta, theta[b], rtol=1e-13)
        np.testing.assert_allclose(np.diagonal(stratified(linear.expanded, structure)), variance[b], rtol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "estimator"),
    [
        (method, "ratio")
        for method in ("simple", "stratified", "pivotal", "cube", "local-cube", "systematic", "two-stage")
    ]
    + [("stratified", name) for name in ("separate", "poststratified", "raked", "calibrated")],
)
def test_what_is_offered_by_default_covers(shared: Path, method: str, estimator: EstimatorName) -> None:
    """The short version of benchmarks/coverage_defaults.py: 400 samples of 300, the true leader's share."""
    population = open_population(load_contest(shared / "data" / "situbondo-2019"))
    strata = "district" if method == "stratified" else ""
    balance = ("registered",) if "cube" in method else ()
    design = Design(method=method, n=300, strata=strata, balance=balance, seed="slow")
    cells = strata_by(population.frame, "district")
    first = population.order[0]
    held = []
    for rows, structure in samples(population, design, 400, 40):
        weighting = weigh(estimator, population.frame, rows, cells, structure)
        votes, valid = population.counts.votes[rows][..., [first]], population.counts.valid[rows]
        found = ratios(("share:1",), votes, valid, weighting, EstimateTable(), np.array([[0.0, 1.0]]))
        bounds = found.interval(0.95)
        held.append((bounds.low[:, 0] <= population.shares[first]) & (population.shares[first] <= bounds.high[:, 0]))
    hits = int(np.concatenate(held).sum())
    # 99.9 % of a binomial count of 400 at 95 %; what is conservative by nature may be above
    assert hits >= binom.ppf(0.0005, 400, 0.95)
    if method in ("simple", "stratified", "cube"):
        assert hits <= binom.ppf(0.9995, 400, 0.95)
