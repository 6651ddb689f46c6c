"""Replication variances against R survey 4.1-1 (tests/reference).

Tolerance: 1e-9 relative, entry by entry. Both sides compute sums of squares in double precision. R's own replicate
factors go in where they are drawn at random or depend on the choice of a Hadamard matrix; the jackknife's are ours.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.survey import Structure
from estimation.survey.calibration import calibrate
from estimation.survey.variance.replication import Replicates, ratio_fit, replicate_covariance, replicates

REFERENCE = Path(__file__).parents[2] / "reference"
RELATIVE = 1e-9
TOTALS = ["votes_1", "votes_2", "votes_3", "valid", "invalid", "ballots", "registered"]
SHARES = TOTALS[:3]
EXPECTED = json.loads((REFERENCE / "expected_replicates.json").read_text(encoding="utf-8"))
CENTRES = ("mean", "estimate")


def sample(name):
    return pd.read_csv(REFERENCE / f"sample_{name}.csv")


def numbers(table, column):
    return table[column].to_numpy(dtype=np.float64)


def structure(name, *, fpc, cluster=None):
    table = sample(name)
    codes, labels = (
        pd.factorize(table["stratum"], sort=True)
        if name not in ("srs60", "twostage")
        else (np.zeros(len(table)), np.zeros(1))
    )
    size = table.assign(h=codes).groupby("h")["fpc"].first().to_numpy(dtype=np.float64) if fpc else None
    units = None if cluster is None else pd.factorize(table[cluster], sort=True)[0].astype(np.intp)
    return Structure(
        numbers(table, "weight"),
        np.asarray(codes, dtype=np.intp),
        np.full(len(labels), np.inf) if size is None else size,
        cluster=units,
    )


def dumped(block):
    """R's own factors, and the table's weights."""
    table = pd.read_csv(REFERENCE / block["weights_file"])
    factor = table.drop(columns=["tps_id", "base_weight"]).to_numpy(dtype=np.float64).T
    rscales = np.broadcast_to(np.asarray(block["rscales"], dtype=np.float64), len(factor))
    return Replicates(np.ascontiguousarray(factor), block["scale"], rscales, "dumped", float("nan"))


def fits(table):
    return {
        "totals": lambda weight: weight @ numbers(table, TOTALS),
        "shares": ratio_fit(numbers(table, SHARES), numbers(table, "valid")),
        "turnout": ratio_fit(numbers(table, ["ballots"]), numbers(table, "registered")),
        "invalid_rate": ratio_fit(numbers(table, ["invalid"]), numbers(table, "ballots")),
    }


def centred(made, centre):
    return Replicates(made.factor, made.scale, made.rscales, made.method, made.df, centre)


def agree(table, made, block, quantities=("totals", "shares", "turnout", "invalid_rate")):
    """Every entry of the covariances around both centres, the lead's variance, and each replicate's estimate."""
    weight = numbers(table, "weight")
    for centre in CENTRES:
        for name in quantities:
            want = block[f"centred_at_{centre}"][name]
            cov, _ = replicate_covariance(fits(table)[name], weight, centred(made, centre))
            zero = 1e-12 * np.max(want["est"]) ** 2 * 1e-3
            np.testing.assert_allclose(cov, want["vcov"], rtol=RELATIVE, atol=zero if name == "totals" else 0)
        if "shares" in quantities:
            cov, draws = replicate_covariance(fits(table)["shares"], weight, centred(made, centre))
            lead = np.array([1.0, -1.0, 0.0])
            np.testing.assert_allclose(lead @ cov @ lead, block[f"centred_at_{centre}"]["margin"]["var"], rtol=RELATIVE)
    if "shares" in quantities:
        _, turnout = replicate_covariance(fits(table)["turnout"], weight, made)
        np.testing.assert_allclose(np.hstack([draws, turnout]), block["replicate_estimates"], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "key", "fpc"),
    [
        ("strat120", "strat120_jkn_nofpc", False),
        ("strat120", "strat120_jkn_fpc", True),
        ("srs60", "srs60_jk1_nofpc", False),
        ("srs60", "srs60_jk1_fpc", True),
    ],
)
def test_the_jackknife_equals_r(name, key, fpc):
    block, made = EXPECTED[key], replicates(structure(name, fpc=fpc), "jackknife")
    rscales = np.broadcast_to(np.asarray(block["rscales"]), block["n_replicates"])
    np.testing.assert_allclose(made.scale * made.rscales, block["scale"] * rscales, rtol=1e-12)
    assert made.df == block["centred_at_mean"]["df"]
    agree(sample(name), made, block)


def test_the_jackknife_of_villages_equals_r():
    block, made = (
        EXPECTED["twostage_jk1_nofpc"],
        replicates(structure("twostage", fpc=False, cluster="village"), "jackknife"),
    )
    assert made.factor.shape == (30, 88)
    np.testing.assert_allclose(made.scale * made.rscales, np.full(30, block["scale"]), rtol=1e-12)
    assert made.df == block["centred_at_mean"]["df"]
    agree(sample("twostage"), made, block)


def test_jackknife_factors_equal_r():
    made, want = replicates(structure("strat120", fpc=True), "jackknife"), dumped(EXPECTED["strat120_jkn_fpc"])
    np.testing.assert_allclose(made.factor, want.factor, rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("strat120", "strat120_jkn_nofpc"),
        ("strat120", "strat120_jkn_fpc"),
        ("strat120", "strat120_subbootstrap"),
        ("brr34", "brr34_brr"),
        ("brr34", "brr34_fay03"),
        ("brr34", "brr34_fay05"),
    ],
)
def test_variances_from_factors_made_by_r_equal_r(name, key):
    agree(sample(name), dumped(EXPECTED[key]), EXPECTED[key])


@pytest.mark.parametrize(
    ("key", "method", "rho"), [("brr34_brr", "brr", 0), ("brr34_fay03", "fay", 0.3), ("brr34_fay05", "fay", 0.5)]
)
def test_balanced_replicates_equal_r(key, method, rho):
    # totals do not depend on which Hadamard matrix it is; replicates of ratios do, and their variances nearly agree
    block, made = EXPECTED[key], replicates(structure("brr34", fpc=False), method, fay=rho)
    assert len(made.factor) == block["n_replicates"]
    assert made.scale == pytest.approx(block["scale"], rel=1e-12)
    assert made.df == block["centred_at_mean"]["df"]
    assert sorted(set(made.factor.ravel())) == pytest.approx([rho, 2 - rho])
    agree(sample("brr34"), made, block, ["totals"])
    cov, _ = replicate_covariance(fits(sample("brr34"))["shares"], structure("brr34", fpc=False).weight, made)
    np.testing.assert_allclose(np.diagonal(cov), np.diagonal(block["centred_at_estimate"]["shares"]["vcov"]), rtol=0.02)


def test_bootstrap_factors_are_of_the_kind_that_r_draws():
    # no correction, as in R: counts of n_h - 1 draws times n_h / (n_h - 1), which add up to n_h in each stratum
    design = structure("strat120", fpc=False)
    made = replicates(design, "bootstrap", np.random.default_rng(1), number=200)
    assert made.scale == pytest.approx(EXPECTED["strat120_subbootstrap"]["scale"], rel=1e-12)
    assert made.df == EXPECTED["strat120_subbootstrap"]["centred_at_mean"]["df"]
    n = design.count()[design.stratum]
    times = made.factor * (n - 1) / n
    np.testing.assert_allclose(times, np.round(times), atol=1e-12)
    for ours in (made, dumped(EXPECTED["strat120_subbootstrap"])):
        for h in range(17):
            inside = design.stratum == h
            np.testing.assert_allclose(ours.factor[:, inside].sum(axis=1), inside.sum(), rtol=1e-12)


def test_degrees_of_freedom_are_the_rank_less_one_as_in_r():
    for name, method in [
        ("strat120", "jackknife"),
        ("strat120", "bootstrap"),
        ("brr34", "brr"),
        ("srs60", "jackknife"),
    ]:
        made = replicates(structure(name, fpc=True), method, np.random.default_rng(2), number=130)
        assert made.df == np.linalg.matrix_rank(made.factor.T * structure(name, fpc=True).weight[:, None]) - 1


def test_the_jackknife_of_a_calibrated_estimate_equals_r():
    block, table = EXPECTED["srs60_jk1_calibrated_linear"], sample("srs60")
    auxiliary = np.column_stack([np.ones(60), numbers(table, block["auxiliaries"][1:])])
    totals = np.array(block["population_totals"], dtype=np.float64)
    made = replicates(structure("srs60", fpc=False), "jackknife")
    for centre in CENTRES:
        for name in ("totals", "shares", "turnout", "invalid_rate"):

            def recalibrated(weight, name=name):
                return fits(table)[name](calibrate(weight, auxiliary, totals).weight)

            cov, draws = replicate_covariance(recalibrated, numbers(table, "weight"), centred(made, centre))
            want = block[f"centred_at_{centre}"][name]
            nil = 1e-15 * np.max(want["est"]) ** 2  # the calibrated total of `registered` has none
            np.testing.assert_allclose(cov, want["vcov"], rtol=RELATIVE, atol=nil)
            assert draws.shape == (60, len(want["est"]))
