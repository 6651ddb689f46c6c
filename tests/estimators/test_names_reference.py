"""Variances and intervals by their names in a contest, as a projection takes them, against R survey and sampling.

Shares of three candidates with their covariance (tests/reference), 1e-9 relative. Deville's variance of totals is
compared through votes to registered voters, whose total a Sampford sample by `registered` meets exactly.
"""

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from estimation.contest import EstimateTable, IntervalName, VarianceName
from estimation.estimators import design_weighting, estimate
from estimation.estimators.precision import ratios
from estimation.returns import Counts
from estimation.survey import Structure

REFERENCE = Path(__file__).parents[1] / "reference"
RELATIVE = 1e-9
SHARES = ["votes_1", "votes_2", "votes_3"]
OWN = {  # what R has no function for, and what is tested in its place in tests/survey/variance
    "local-neighbourhood": "by hand, and unbiased over all samples of small designs",
    "balanced": "by hand, and over all samples of small designs",
    "bootstrap": "in expectation the stratified variance; R's replicate weights give R's covariance",
    "successive-replicates": "exactly the circular differences where every unit has a row",
}


def expected(name):
    return json.loads((REFERENCE / f"expected_{name}.json").read_text(encoding="utf-8"))


def sample(name):
    return pd.read_csv(REFERENCE / f"sample_{name}.csv")


def numbers(table, column):
    return table[column].to_numpy(dtype=np.float64)


def counts(table):
    here = np.ones(len(table), dtype=np.bool_)
    parts = (numbers(table, column) for column in ("invalid", "ballots", "registered"))
    return Counts(numbers(table, SHARES), *parts, here, ~here)


def one_stratum(table, size, method, **more):
    return Structure(numbers(table, "weight"), np.zeros(len(table), dtype=np.intp), np.array([size]), method, **more)


def stratified():
    table = sample("strat120")
    codes, labels = pd.factorize(table["stratum"], sort=True)
    size = table.groupby("stratum")["fpc"].first().loc[labels].to_numpy(dtype=np.float64)
    return Structure(numbers(table, "weight"), codes.astype(np.intp), size)


def systematic():
    table = sample("sys100")
    order = table["tps_id"].str[1:].astype(int).to_numpy(dtype=np.intp)
    return one_stratum(table, 1008.0, "systematic", order=order)


def sampford(*, pairs=True):
    table = sample("pps40")
    joint = pd.read_csv(REFERENCE / "pps_joint200.csv", index_col="tps_id").loc[table["tps_id"], table["tps_id"]]
    more = {"joint": joint.to_numpy(dtype=np.float64)} if pairs else {}
    return one_stratum(table, 200.0, "sampford", probability=numbers(table, "prob"), **more)


def villages():
    table = sample("twostage")
    codes, _ = pd.factorize(table["village"], sort=True)
    size = table.groupby("village")["fpc2"].first().to_numpy(dtype=np.float64)
    chance = np.full(len(size), len(size) / 136)
    cluster = codes.astype(np.intp)
    return one_stratum(table, 1008.0, "two-stage", cluster=cluster, cluster_size=size, cluster_probability=chance)


JACKKNIFE = expected("replicates")["strat120_jkn_fpc"]["centred_at_estimate"]
SUCCESSIVE = expected("sys100")["successive_difference_fpc"]["shares_vcov"]
CASES = [
    ("stratified", "strat120", stratified, expected("strat120")["fpc"]["shares"]["vcov"]),
    ("jackknife", "strat120", stratified, JACKKNIFE["shares"]["vcov"]),
    ("successive", "sys100", systematic, SUCCESSIVE),
    ("yates-grundy", "pps40", sampford, expected("pps40")["yg_joint"]["shares"]["vcov"]),
    ("horvitz-thompson", "pps40", sampford, expected("pps40")["ht_joint"]["shares"]["vcov"]),
    ("ultimate-cluster", "twostage", villages, expected("twostage")["nofpc"]["shares"]["vcov"]),
    ("two-stage", "twostage", villages, expected("twostage")["fpc"]["shares"]["vcov"]),
]


@pytest.mark.parametrize(("name", "file", "design", "want"), CASES, ids=[case[0] for case in CASES])
def test_the_covariance_of_a_name_equals_r(name, file, design, want):
    found = estimate(counts(sample(file)), design_weighting(design()), [1, 2, 3], EstimateTable(variance=name))
    assert (found.cov_name, found.notes) == (name, ())
    np.testing.assert_allclose(found.cov[:3, :3], want, rtol=RELATIVE, atol=1e-18)


@pytest.mark.parametrize("name", ["auto", "deville"])
def test_devilles_variance_equals_r_sampling(name):
    table, want = sample("pps40"), expected("pps40")["sampling_package"]["totals"]
    voters = numbers(table, "weight") @ numbers(table, "registered")
    x = np.repeat(numbers(table, "registered")[:, None], 3, axis=1)
    support = np.array([[0.0, 1.0]] * 3)
    design = design_weighting(sampford(pairs=False))  # without joint probabilities, Deville's is the design's own
    found = ratios(tuple(SHARES), numbers(table, SHARES), x, design, EstimateTable(variance=name), support)
    assert found.cov_name == "deville"
    np.testing.assert_allclose(
        found.variance, [want[votes]["varest_deville"] / voters**2 for votes in SHARES], rtol=1e-8
    )


@pytest.mark.parametrize(("name", "method"), [("t", "mean"), ("logit", "xlogit"), ("clopper-pearson", "beta")])
def test_the_interval_of_a_name_equals_r(name, method):
    """The share of stations that the first won, of 60: a mean, which is a ratio to ones."""
    table, want = sample("srs60"), expected("ciprop")["srs60_fpc"]["win_1"]
    won = (numbers(table, SHARES).argmax(axis=1) == 0).astype(np.float64)[:, None]
    design = design_weighting(one_stratum(table, 1008.0, "simple"))
    asked, support = EstimateTable(interval=name), np.array([[0.0, 1.0]])
    found = ratios(("share:won",), won, np.ones((60, 1)), design, asked, support)
    assert float(found.theta[0]) == pytest.approx(want["est"], rel=RELATIVE)
    for level in (90, 95):
        bounds = found.interval(level / 100)
        np.testing.assert_allclose([bounds.low[0], bounds.high[0]], want[f"level_{level}"][method], rtol=1e-8)


def test_nothing_is_offered_that_is_neither_compared_nor_explained():
    assert set(get_args(VarianceName)) == {"auto", "deville", *(case[0] for case in CASES), *OWN}
    # wilson: by hand and in simulations; simultaneous: against Šidák and the studentised range; percentile: quantiles
    assert set(get_args(IntervalName)) == {
        "auto", "t", "logit", "clopper-pearson", "wilson", "simultaneous", "percentile",
    }  # fmt: skip
