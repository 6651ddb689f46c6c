"""What replication refuses, and how it says so."""

from dataclasses import replace

import numpy as np
import pytest

from estimation.errors import DesignError, EstimateError
from estimation.survey import Structure
from estimation.survey.variance.replication import METHODS, ratio_fit, replicate_covariance, replicates

STRATA = np.repeat(np.arange(4), [2, 3, 6, 4])
DESIGN = Structure(np.full(15, 3.0), STRATA, 3.0 * np.bincount(STRATA), order=np.arange(15))


def rng():
    return np.random.default_rng(1)


def test_a_stratum_with_one_unit_is_refused():
    design = Structure(np.full(3, 2.0), np.array([0, 0, 2]), np.array([4.0, 3, 9]), order=np.arange(3))
    for method in METHODS:
        with pytest.raises(EstimateError, match="stratum 2 has 1 station in, and a variance needs 2: collapse it"):
            replicates(design, method, rng())
    with pytest.raises(EstimateError, match="stratum 0 has 1 primary unit in"):
        replicates(replace(design, cluster=np.array([0, 0, 1])), "jackknife")


def test_balanced_replicates_need_pairs():
    with pytest.raises(
        EstimateError,
        match="need 2 units in each stratum, and 3 of 4 strata have another number, up to 6: pair the units into "
        "strata of two, or take the jackknife or the bootstrap",
    ):
        replicates(DESIGN, "fay")
    with pytest.raises(EstimateError, match=r"Fay's ρ is 1\.0, and must be at least 0 and below 1"):
        replicates(DESIGN, "fay", fay=1.0)


def test_a_degenerate_replicate_is_named():
    # the second column is a domain with one station, which replicate 2 leaves out
    design = Structure(np.full(4, 3.0), np.zeros(4, dtype=np.intp), np.array([12.0]))
    y = np.array([[1.0, 0], [2, 0], [3, 3], [4, 0]])
    x = np.array([[4.0, 0], [4, 0], [4, 4], [4, 0]])
    with pytest.raises(
        EstimateError, match="jackknife: replicate 2 has no estimate of quantity 1, and 1 of 4 replicates have none"
    ):
        replicate_covariance(ratio_fit(y, x), design.weight, replicates(design, "jackknife"))
    with pytest.raises(EstimateError, match="quantity 1 has no estimate in the full sample"):
        replicate_covariance(ratio_fit(y, x * [1, 0]), design.weight, replicates(design, "jackknife"))


def test_what_else_is_refused():
    design = DESIGN
    with pytest.raises(EstimateError, match="no replicates are called 'jack': they are jackknife, bootstrap, brr, fay"):
        replicates(design, "jack")
    with pytest.raises(EstimateError, match="the bootstrap draws at random: give replicates"):
        replicates(design, "bootstrap")
    with pytest.raises(EstimateError, match="1 replicates: a variance needs 2"):
        replicates(design, "bootstrap", rng(), number=1)
    with pytest.raises(EstimateError, match=r"jackknife: 18001 replicates of 18001 stations are 2\.4 GB.*at most 7456"):
        replicates(Structure(np.full(18_001, 2.0), np.zeros(18_001, dtype=np.intp), np.array([4e4])), "jackknife")
    with pytest.raises(EstimateError, match=r"one sample, and this structure has leading axes \(2,\)"):
        replicates(replace(design, weight=np.stack([design.weight] * 2)), "jackknife")
    with pytest.raises(DesignError, match=r"the list's order is not known: give Structure\(order=…\)"):
        replicates(replace(design, order=None), "successive-replicates")
    made = replicates(design, "jackknife")
    with pytest.raises(EstimateError, match=r"\(3,\) weights and replicates of 15 stations"):
        replicate_covariance(ratio_fit(np.ones((3, 1)), np.ones(3)), np.ones(3), made)
    with pytest.raises(EstimateError, match="'median' is no centre of replicates: take 'mean' or 'estimate'"):
        replace(made, centre="median")
    with pytest.raises(EstimateError, match=r"factors of shape \(15, 15\) and rscales of shape \(2,\)"):
        replace(made, rscales=np.ones(2))
