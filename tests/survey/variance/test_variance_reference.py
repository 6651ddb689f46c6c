"""Variances that R survey has not, or has elsewhere: R sampling, successive differences, equal probabilities.

The blocks of R survey are in ``test_matrix.py``.

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
    successive,
    successive_pps,
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


PPS, PPS_EXPECTED = sample("pps40"), expected("pps40")


def pps_structure():
    joint = pd.read_csv(REFERENCE / "pps_joint200.csv", index_col="tps_id").loc[PPS["tps_id"], PPS["tps_id"]]
    codes = np.zeros(len(PPS), dtype=np.intp)
    pi, matrix = numbers(PPS, "prob"), joint.to_numpy(dtype=np.float64)
    return Structure(numbers(PPS, "weight"), codes, np.array([200.0]), "sampford", probability=pi, joint=matrix)


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


def test_where_probabilities_are_equal_brewer_and_deville_are_the_simple_sample():
    table, want = sample("srs60"), expected("srs60")["fpc"]
    design = Structure(numbers(table, "weight"), np.zeros(60, dtype=np.intp), np.array([1008.0]), "simple")
    for name, values in expanded(table).items():
        for function in (brewer, deville, overton, hartley_rao):
            np.testing.assert_allclose(function(values, design), want[name]["vcov"], rtol=RELATIVE, err_msg=name)


def test_the_order_of_rows_does_not_change_brewer():
    # R's own Brewer matches probabilities to the wrong rows where they are not sorted: 979.587 (README, remark 3)
    design, values = pps_structure(), expanded(PPS)["totals"][:, :1]
    back = slice(None, None, -1)
    turned = Structure(design.weight[back], design.stratum, design.size, probability=design.probability[back])
    found = np.sqrt(brewer(values[back], turned)[0, 0])
    assert found == pytest.approx(PPS_EXPECTED["brewer_row_order"]["ids_1"], rel=RELATIVE)
