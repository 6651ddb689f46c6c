"""Variances of unequal-probability, systematic and two-stage designs against R (tests/reference).

Tolerance: 1e-9 relative, entry by entry. Both sides compute closed formulas in double precision. The Yates–Grundy
variance of `registered`, to which the sample is proportional, is zero: there the tolerance is 1e-12 of the squared
estimate, which is what rounding leaves in R.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.survey import Structure, ratio
from estimation.survey.variance import (
    brewer,
    deville,
    hartley_rao,
    horvitz_thompson,
    overton,
    pps_clusters,
    stratified,
    successive,
    successive_pps,
    two_stage,
    ultimate_cluster,
    with_replacement,
    yates_grundy,
)

REFERENCE = Path(__file__).parents[2] / "reference"
RELATIVE = 1e-9
TOTALS = ["votes_1", "votes_2", "votes_3", "valid", "invalid", "ballots", "registered"]
SHARES = TOTALS[:3]


def expected(name):
    return json.loads((REFERENCE / f"expected_{name}.json").read_text(encoding="utf-8"))


def sample(name):
    return pd.read_csv(REFERENCE / f"sample_{name}.csv")


def numbers(table, column):
    return table[column].to_numpy(dtype=np.float64)


def expanded(table):
    """Weighted values of the totals, and weighted influence of shares, turnout and invalid rate."""
    weight = numbers(table, "weight")
    shares = ratio(numbers(table, SHARES), numbers(table, "valid"), weight)
    turnout = ratio(numbers(table, ["ballots"]), numbers(table, "registered"), weight)
    invalid = ratio(numbers(table, ["invalid"]), numbers(table, "ballots"), weight)
    return {
        "totals": weight[:, None] * numbers(table, TOTALS),
        "shares": shares.expanded,
        "turnout": turnout.expanded,
        "invalid_rate": invalid.expanded,
    }


def agree(function, structure, table, block, quantities=("totals", "shares", "turnout", "invalid_rate")):
    """Every entry of the covariances, and the variance of the margin."""
    values = expanded(table)
    for name in quantities:
        want = np.array(block[name]["vcov"])
        scale = 1e-12 * np.abs(np.outer(block[name]["est"], block[name]["est"]))
        found = function(values[name], structure)
        zero = np.abs(want) <= scale * 1e-3  # nothing but rounding
        np.testing.assert_allclose(found[~zero], want[~zero], rtol=RELATIVE, atol=0, err_msg=name)
        assert np.all(np.abs(found[zero]) <= scale[zero])
    lead = np.array([1.0, -1.0, 0.0])
    cov = function(values["shares"], structure)
    np.testing.assert_allclose(lead @ cov @ lead, block["margin"]["var"], rtol=RELATIVE)


PPS, PPS_EXPECTED = sample("pps40"), expected("pps40")


def pps_structure():
    joint = pd.read_csv(REFERENCE / "pps_joint200.csv", index_col="tps_id").loc[PPS["tps_id"], PPS["tps_id"]]
    codes = np.zeros(len(PPS), dtype=np.intp)
    pi, matrix = numbers(PPS, "prob"), joint.to_numpy(dtype=np.float64)
    return Structure(numbers(PPS, "weight"), codes, np.array([200.0]), "sampford", probability=pi, joint=matrix)


def hartley_rao_population(values, structure):
    frame = pd.read_csv(REFERENCE / "pps_frame200.csv")
    return hartley_rao(values, structure, mean_square=float((frame["prob"] ** 2).sum() / 40))


@pytest.mark.parametrize(
    ("function", "block"),
    [
        (with_replacement, "with_replacement"),
        (brewer, "brewer"),
        (horvitz_thompson, "ht_joint"),
        (yates_grundy, "yg_joint"),
        (hartley_rao, "hartley_rao_yg"),
        (hartley_rao_population, "hartley_rao_popsum_yg"),
        (overton, "overton_yg"),
    ],
)
def test_unequal_probabilities_equal_r_survey(function, block):
    agree(function, pps_structure(), PPS, PPS_EXPECTED[block])


@pytest.mark.parametrize(
    ("function", "key"),
    [(deville, "varest_deville"), (horvitz_thompson, "varHT_1"), (yates_grundy, "varHT_2")],
)
def test_totals_equal_r_sampling(function, key):
    found = np.diagonal(function(expanded(PPS)["totals"], pps_structure()))
    want = np.array([PPS_EXPECTED["sampling_package"]["totals"][name][key] for name in TOTALS])
    zero = 1e-12 * numbers(PPS, "registered").sum() ** 2  # of the total of `registered`
    np.testing.assert_allclose(found, want, rtol=RELATIVE, atol=zero * 1e-3)


def test_ratios_equal_r_sampling():
    found = np.diagonal(horvitz_thompson(expanded(PPS)["shares"], pps_structure()))
    want = [PPS_EXPECTED["sampling_package"]["taylor_ratio"][name]["estvar"] for name in SHARES]
    np.testing.assert_allclose(found, want, rtol=RELATIVE)


SYSTEMATIC, SYSTEMATIC_EXPECTED = sample("sys100"), expected("sys100")


def systematic(size):
    codes = np.zeros(len(SYSTEMATIC), dtype=np.intp)
    order = SYSTEMATIC["tps_id"].str[1:].astype(int).to_numpy(dtype=np.intp)
    return Structure(numbers(SYSTEMATIC, "weight"), codes, np.array([size]), "systematic", order=order)


@pytest.mark.parametrize(("block", "size"), [("fpc", 1008.0), ("nofpc", np.inf)])
def test_successive_differences_equal_r(block, size):
    want = SYSTEMATIC_EXPECTED[f"successive_difference_{block}"]
    values, design = expanded(SYSTEMATIC), systematic(size)
    shares = successive(values["shares"], design)
    np.testing.assert_allclose(successive(values["totals"], design), want["totals_vcov"], rtol=RELATIVE, atol=0)
    np.testing.assert_allclose(shares, want["shares_vcov"], rtol=RELATIVE, atol=0)
    np.testing.assert_allclose(np.sqrt(np.diagonal(shares)), want["shares_se"], rtol=RELATIVE)
    np.testing.assert_allclose(np.sqrt([1, -1, 0] @ shares @ [1, -1, 0]), want["margin_se"], rtol=RELATIVE)
    turnout = successive(values["turnout"], design)
    np.testing.assert_allclose(np.sqrt(turnout[0, 0]), want["turnout_se"], rtol=RELATIVE)


def test_successive_differences_with_equal_probabilities_are_the_plain_ones():
    want = SYSTEMATIC_EXPECTED["successive_difference_fpc"]["totals_vcov"]
    found = successive_pps(expanded(SYSTEMATIC)["totals"], systematic(1008.0))
    np.testing.assert_allclose(found, want, rtol=RELATIVE, atol=0)


@pytest.mark.parametrize(("block", "size"), [("as_srs_fpc", 1008.0), ("as_srs_nofpc", np.inf)])
def test_systematic_as_simple_equals_r(block, size):
    agree(stratified, systematic(size), SYSTEMATIC, SYSTEMATIC_EXPECTED[block])


@pytest.mark.parametrize(("block", "part"), [("pairs_fpc", 1008.0), ("pairs_nofpc", np.inf)])
def test_pairs_as_strata_equal_r(block, part):
    codes = SYSTEMATIC["pair"].str[1:].astype(int).to_numpy(dtype=np.intp) - 1
    design = Structure(numbers(SYSTEMATIC, "weight"), codes, np.full(50, part / 50))
    assert design.df() == SYSTEMATIC_EXPECTED[block]["df"]
    agree(stratified, design, SYSTEMATIC, SYSTEMATIC_EXPECTED[block])


SIMPLE, SIMPLE_EXPECTED = sample("srs60"), expected("srs60")


def test_simple_sampling_equals_r():
    codes = np.zeros(60, dtype=np.intp)
    design = Structure(numbers(SIMPLE, "weight"), codes, np.array([1008.0]), "simple")
    for function in (stratified, brewer, deville):  # one formula, where π is equal
        agree(function, design, SIMPLE, SIMPLE_EXPECTED["fpc"])


STAGES, STAGES_EXPECTED = sample("twostage"), expected("twostage")


def stages(**more):
    codes, _ = pd.factorize(STAGES["village"], sort=True)
    size = STAGES.groupby("village")["fpc2"].first().to_numpy(dtype=np.float64)
    given = {"cluster": codes.astype(np.intp), "cluster_size": size, "cluster_probability": np.full(30, 30 / 136)}
    zero = np.zeros(len(STAGES), dtype=np.intp)
    return Structure(numbers(STAGES, "weight"), zero, np.array([1008.0]), "two-stage", **(given | more))


@pytest.mark.parametrize(
    ("function", "design", "block"),
    [
        (two_stage, stages(), "fpc"),
        (ultimate_cluster, stages(), "fpc_stage1_only"),
        (ultimate_cluster, stages(cluster_probability=None), "nofpc"),
        (pps_clusters, stages(), "nofpc"),
    ],
    ids=["two_stage", "ultimate_cluster-fpc", "ultimate_cluster", "pps_clusters"],
)
def test_two_stages_equal_r(function, design, block):
    assert design.df() == STAGES_EXPECTED[block]["df"]
    agree(function, design, STAGES, STAGES_EXPECTED[block])
