"""The separate ratio estimator: by hand, against R survey 4.1-1 (1e-9 relative), and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.errors import EstimateError
from estimation.survey import Structure
from estimation.survey.ratio import ratio, separate
from estimation.survey.variance import stratified

REFERENCE = Path(__file__).parents[1] / "reference"
SAMPLE = pd.read_csv(REFERENCE / "sample_strat120.csv")
EXPECTED = json.loads((REFERENCE / "expected_strat120.json").read_text(encoding="utf-8"))
VOTES = ["votes_1", "votes_2", "votes_3"]
CODES, DISTRICTS = pd.factorize(SAMPLE["district"], sort=True)
Y = SAMPLE[VOTES].to_numpy(dtype=np.float64)
X = SAMPLE["registered"].to_numpy(dtype=np.float64)
WEIGHT = SAMPLE["weight"].to_numpy(dtype=np.float64)
KNOWN = np.array(EXPECTED["separate_fpc"]["known_registered_by_stratum"], dtype=np.float64)


def design(block):
    size = SAMPLE.groupby("district")["fpc"].first().to_numpy(dtype=np.float64)
    return Structure(WEIGHT, CODES, np.full(17, np.inf) if block.endswith("nofpc") else size)


def test_by_hand():
    # stratum 0: R = (2·3 + 2·5) / (2·10 + 2·10) = 0.4, X = 50; stratum 1: R = 12/20 = 0.6, X = 10; θ = 20 + 6
    # influence: 50/40 · (3 - 4), 50/40 · (5 - 4), 10/20 · (6 - 6)
    y, x = np.array([[3.0], [5.0], [6.0]]), np.array([10.0, 10.0, 10.0])
    weight, stratum, totals = np.array([2.0, 2.0, 2.0]), np.array([0, 0, 1]), np.array([50.0, 10.0])
    linear = separate(y, x, weight, stratum, totals)
    assert linear.theta == pytest.approx([26.0])
    assert linear.influence[:, 0] == pytest.approx([-1.25, 1.25, 0.0])
    part = separate(y, x, weight, stratum, totals, share=True)
    assert part.theta == pytest.approx([26 / 60])
    assert part.influence[:, 0] == pytest.approx([-1.25 / 60, 1.25 / 60, 0.0])


@pytest.mark.parametrize("block", ["separate_fpc", "separate_nofpc"])
def test_separate_and_combined_totals_equal_r(block):
    want = EXPECTED[block]
    for share, scale in ((False, 1.0), (True, KNOWN.sum())):
        linear = separate(Y, X, WEIGHT, CODES, KNOWN, share=share)
        se = np.sqrt(np.diagonal(stratified(linear.expanded, design(block))))
        np.testing.assert_allclose(linear.theta * scale, want["separate_total"]["est"], rtol=1e-9)
        np.testing.assert_allclose(se * scale, want["separate_total"]["se"], rtol=1e-9)
    combined = ratio(Y, X, WEIGHT)
    se = np.sqrt(np.diagonal(stratified(combined.expanded, design(block))))
    np.testing.assert_allclose(combined.theta * KNOWN.sum(), want["combined_total"]["est"], rtol=1e-9)
    np.testing.assert_allclose(se * KNOWN.sum(), want["combined_total"]["se"], rtol=1e-9)


@pytest.mark.parametrize("block", ["separate_fpc", "separate_nofpc"])
@pytest.mark.parametrize("denominator", ["valid", "registered"])
def test_the_ratio_of_each_stratum_equals_r(block, denominator):
    want = EXPECTED[block][f"ratio_to_{denominator}"]
    x = SAMPLE[denominator].to_numpy(dtype=np.float64)
    for h, name in enumerate(want["strata"]):
        alone = (np.arange(17) == h).astype(np.float64)  # the known total of this stratum is 1
        linear = separate(Y, x, WEIGHT, CODES, alone)
        assert DISTRICTS[h] == name
        np.testing.assert_allclose(linear.theta, want["ratio"][h], rtol=1e-9)
        se = np.sqrt(np.diagonal(stratified(linear.expanded, design(block))))
        np.testing.assert_allclose(se, want["se"][h], rtol=1e-9)


def test_with_one_stratum_it_is_the_combined_ratio():
    zero = np.zeros(len(X), dtype=np.intp)
    one, other = separate(Y, X, WEIGHT, zero, np.array([1.0]), share=True), ratio(Y, X, WEIGHT)
    np.testing.assert_allclose(one.theta, other.theta, rtol=1e-13)
    np.testing.assert_allclose(one.influence, other.influence, rtol=1e-9, atol=1e-18)


def test_a_stack_of_replicates_equals_the_loop():
    rng = np.random.default_rng(3)
    weight = np.where(rng.random((5, 120)) < 0.6, WEIGHT, 0.0)
    first = np.unique(CODES, return_index=True)[1]
    weight[:, first] = WEIGHT[first]
    codes = np.stack([CODES, CODES, CODES // 2, CODES // 2, np.zeros(120, dtype=np.intp)])
    totals = np.stack([np.where(np.isin(np.arange(17), own), KNOWN * (b + 1), 0.0) for b, own in enumerate(codes)])
    stack = separate(Y, X, weight, codes, totals)
    assert stack.theta.shape == (5, 3)
    for b in range(5):
        one = separate(Y, X, weight[b], codes[b], totals[b])
        np.testing.assert_allclose(stack.theta[b], one.theta, rtol=1e-13)
        np.testing.assert_allclose(stack.influence[b], one.influence, rtol=1e-11, atol=1e-15)


def test_a_stratum_without_a_station_is_an_error():
    weight = np.where(CODES == 3, 0.0, WEIGHT)
    with pytest.raises(
        EstimateError, match="stratum 3 has no station in with a denominator, and a separate ratio needs"
    ):
        separate(Y, X, weight, CODES, KNOWN)
    rest = separate(Y, X, weight, CODES, np.where(np.arange(17) == 3, 0.0, KNOWN))
    assert np.all(rest.influence[CODES == 3] == 0)


def test_totals_of_nothing_are_an_error():
    with pytest.raises(EstimateError, match="known totals of a separate ratio sum to zero"):
        separate(Y, X, WEIGHT, CODES, np.zeros(17), share=True)
