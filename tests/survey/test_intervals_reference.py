"""Intervals for a proportion against R survey 4.1-1, svyciprop (tests/reference/expected_ciprop.json).

Tolerances, relative: 1e-10 for closed formulas and for roots that both sides solve to machine precision; 1e-7 for
R's "logit", whose point comes from an iterated fit (its "xlogit" is the same interval in closed form).
"""

import json
from pathlib import Path

import numpy as np
import pytest

from estimation.survey.intervals import INTERVALS

EXPECTED = json.loads((Path(__file__).parents[1] / "reference" / "expected_ciprop.json").read_text(encoding="utf-8"))
METHODS = {
    "mean": ("t", 1e-10),
    "xlogit": ("logit", 1e-10),
    "logit": ("logit", 1e-7),
    "beta": ("clopper-pearson", 1e-10),
}
CASES = [(design, variable) for design in EXPECTED for variable in EXPECTED[design]]


def computed(block, kind, level, stations):
    theta, variance = np.array([block["est"]]), np.array([block["se"] ** 2])
    bounds = INTERVALS[kind](theta, variance, np.array(float(block["df"])), level, stations)
    return [bounds.low[0], bounds.high[0]]


@pytest.mark.parametrize(("design", "variable"), CASES)
@pytest.mark.parametrize("level", [90, 95])
@pytest.mark.parametrize("method", METHODS)
def test_equals_r(design, variable, level, method):
    block = EXPECTED[design][variable]
    kind, relative = METHODS[method]
    found = computed(block, kind, level / 100, float(block["n"]))
    np.testing.assert_allclose(found, block[f"level_{level}"][method], rtol=relative, atol=0)


def test_the_reference_has_what_is_compared():
    assert len(CASES) == 10
    assert list(EXPECTED["srs60_fpc"]) == ["win_1", "low_turnout"]
