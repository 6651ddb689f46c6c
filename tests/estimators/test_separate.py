"""The separate ratio estimator against R survey 4.1-1 (1e-9 relative), through the weights that the command takes."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.contest import EstimateTable
from estimation.estimators import design_weighting, weigh
from estimation.estimators.precision import ratios
from estimation.frame import Frame
from estimation.rules import Findings
from estimation.sampling import strata_by
from estimation.survey import Structure

REFERENCE = Path(__file__).parents[1] / "reference"
EXPECTED = json.loads((REFERENCE / "expected_strat120.json").read_text(encoding="utf-8"))
POPULATION = pd.read_csv(REFERENCE / "population.csv").assign(province="P", regency="R", tps="001")
SAMPLE = pd.read_csv(REFERENCE / "sample_strat120.csv")
FRAME = Frame(POPULATION.astype({"registered": "float64"}), "0" * 64, Findings.none())
ROWS = FRAME.rows_of(SAMPLE["tps_id"])
STRATA = strata_by(FRAME, "district")
CODES = STRATA.codes[ROWS]
VOTES = SAMPLE[["votes_1", "votes_2", "votes_3"]].to_numpy(dtype=np.float64)
NAMES = ("share:1", "share:2", "share:3")
BLOCKS = ["separate_fpc", "separate_nofpc"]
RELATIVE = 1e-9


def weighting(block, name="separate"):
    size = np.full(len(STRATA.labels), np.inf) if block.endswith("nofpc") else STRATA.size
    design = Structure(SAMPLE["weight"].to_numpy(dtype=np.float64), CODES, size)
    if name == "ratio":
        return design_weighting(design)
    return weigh("separate", FRAME, ROWS, STRATA, design, EstimateTable(leverage=False))


def estimated(weights, x, inside=None):
    """Votes of each candidate to a denominator, in all strata or one."""
    use = np.ones(len(SAMPLE)) if inside is None else inside.astype(np.float64)
    x = SAMPLE[x].to_numpy(dtype=np.float64) * use
    return ratios(
        NAMES,
        VOTES * use[:, None],
        np.repeat(x[:, None], 3, axis=1),
        weights,
        EstimateTable(),
        np.array([[0.0, 1.0]] * 3),
    )


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(("name", "key"), [("separate", "separate_total"), ("ratio", "combined_total")])
def test_totals_equal_r(block, name, key):
    """Σ_h X_h R_h, as a part of the known roll; with one ratio for all strata too."""
    known, want = float(np.sum(EXPECTED[block]["known_registered_by_stratum"])), EXPECTED[block][key]
    assert known == POPULATION["registered"].sum()
    found = estimated(weighting(block, name), "registered")
    np.testing.assert_allclose(found.theta * known, want["est"], rtol=RELATIVE)
    np.testing.assert_allclose(found.se * known, want["se"], rtol=RELATIVE)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("denominator", ["valid", "registered"])
def test_the_ratio_of_each_stratum_equals_r(block, denominator):
    want, weights = EXPECTED[block][f"ratio_to_{denominator}"], weighting(block)
    for h, name in enumerate(want["strata"]):
        found = estimated(weights, denominator, SAMPLE["district"].to_numpy() == name)
        np.testing.assert_allclose(found.theta, want["ratio"][h], rtol=RELATIVE)
        np.testing.assert_allclose(found.se, want["se"][h], rtol=RELATIVE)
