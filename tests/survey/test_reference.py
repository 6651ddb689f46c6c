"""The stratified ratio against R survey 4.1-1 (tests/reference).

Tolerance: 1e-9 relative, entry by entry. Both sides compute closed formulas in double precision; sums of 120 terms
lose at most three digits of sixteen, and a covariance is the difference of terms that are ten times larger. Degrees
of freedom are equal. Student quantiles agree to 1e-12.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.estimators import combined_ratio, design_weighting, domain
from estimation.returns import Counts
from estimation.survey import Structure
from estimation.survey.effects import deff_stations

REFERENCE = Path(__file__).parents[1] / "reference"
RELATIVE = 1e-9
DESIGNS = ("fpc", "nofpc")
DISTRICTS = [f"D{number:02}" for number in range(1, 18)]
VOTES = ["votes_1", "votes_2", "votes_3"]
SHARES = ["share:1", "share:2", "share:3"]

SAMPLE = pd.read_csv(REFERENCE / "sample_strat120.csv")
EXPECTED = json.loads((REFERENCE / "expected_strat120.json").read_text(encoding="utf-8"))


def structure(design):
    codes = SAMPLE["district"].map({name: code for code, name in enumerate(DISTRICTS)}).to_numpy(dtype=np.intp)
    size = SAMPLE.groupby("district")["fpc"].first().loc[DISTRICTS].to_numpy(dtype=np.float64)
    if design == "nofpc":
        size = np.full(len(size), np.inf)
    return Structure(SAMPLE["weight"].to_numpy(dtype=np.float64), codes, size)


def counts():
    votes = SAMPLE[VOTES].to_numpy(dtype=np.float64)
    invalid = SAMPLE["invalid"].to_numpy(dtype=np.float64)
    registered = SAMPLE["registered"].to_numpy(dtype=np.float64)
    everywhere = np.ones(len(SAMPLE), dtype=np.bool_)
    return Counts(votes, invalid, votes.sum(axis=1) + invalid, registered, everywhere, ~everywhere)


def computed(design):
    """Everything that the whole sample gives, under the names that the reference has."""
    estimate = combined_ratio(counts(), structure(design), [1, 2, 3])
    shares = estimate.select(SHARES)
    lead = estimate.contrast({"share:1": 1, "share:2": -1}, "lead")
    found = {
        ("df",): estimate.df,
        ("margin", "est"): lead.theta[0],
        ("margin", "var"): lead.variance[0],
        ("margin", "se"): lead.se[0],
        ("margin", "ci95_t"): np.stack([lead.interval(0.95, "t").low[0], lead.interval(0.95, "t").high[0]]),
    }
    parts = {"shares": shares, "turnout": estimate.select(["turnout"]), "invalid_rate": estimate.select(["invalid"])}
    for name, part in parts.items():
        found[name, "est"], found[name, "se"], found[name, "vcov"] = part.theta, part.se, part.cov
        for key, level in (("ci95_t", 0.95), ("ci90_t", 0.90)):
            bounds = part.interval(level, "t")
            found[name, key] = np.stack([bounds.low, bounds.high], axis=-1)
    return found


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("quantity", list(computed("fpc")), ids="-".join)
def test_whole_sample_equals_r(design, quantity):
    expected = EXPECTED[design]
    for key in quantity:
        expected = expected[key]
    np.testing.assert_allclose(computed(design)[quantity], expected, rtol=RELATIVE, atol=0)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("district", DISTRICTS)
def test_domain_equals_r(design, district):
    expected = EXPECTED[design]["by_district"][DISTRICTS.index(district)]
    assert expected["district"] == district
    inside = (SAMPLE["district"] == district).to_numpy()
    area = domain(counts(), design_weighting(structure(design)), [1, 2, 3], inside)
    lead = area.contrast({"share:1": 1, "share:2": -1}, "lead")
    assert (int(inside.sum()), float(area.df)) == (expected["n"], expected["df"])
    np.testing.assert_allclose(area.theta, expected["shares"], rtol=RELATIVE, atol=0)
    np.testing.assert_allclose(area.se, expected["shares_se"], rtol=RELATIVE, atol=0)
    np.testing.assert_allclose(area.cov, expected["shares_vcov"], rtol=RELATIVE, atol=0)
    np.testing.assert_allclose(lead.theta[0], expected["margin"], rtol=RELATIVE, atol=0)
    np.testing.assert_allclose(lead.se[0], expected["margin_se"], rtol=RELATIVE, atol=0)


def test_design_effect_equals_r():
    design = structure("fpc")
    shares = combined_ratio(counts(), design, [1, 2, 3]).select(SHARES)
    deff = deff_stations(shares.variance, counts().votes, counts().valid, shares.theta, design)
    np.testing.assert_allclose(deff, EXPECTED["deff_fpc"]["shares"], rtol=RELATIVE, atol=0)


def test_allocation_of_the_reference_sample():
    assert EXPECTED["allocation"]["n"] == structure("fpc").count().tolist()
    assert EXPECTED["allocation"]["N"] == structure("fpc").size.tolist()
