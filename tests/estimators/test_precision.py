"""Which covariance, degrees of freedom and limits an estimate has, by the keys of ``[estimate]``."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from estimation.contest import EstimateTable, VarianceName
from estimation.errors import EstimateError, EstimationError
from estimation.estimators import Outstanding, design_weighting, estimate, weight_responding
from estimation.estimators.precision import REPLICATED, check_variance
from estimation.returns import Counts
from estimation.sampling import Sample, Strata, sample_of
from estimation.survey import Structure
from estimation.survey.variance import stratified

VOTES = np.array([[60.0, 40], [70, 30], [30, 70], [45, 55], [80, 20], [55, 45]])
CODES = np.array([0, 0, 0, 1, 1, 1])


def counts(seen=(True,) * 6) -> Counts:
    seen = np.array(seen)
    votes = np.where(seen[:, None], VOTES, 0.0)
    invalid = np.where(seen, 5.0, np.nan)
    return Counts(votes, invalid, votes.sum(axis=1) + invalid, np.full(6, 200.0), seen, ~seen)


def design(**options) -> Structure:
    return Structure(np.repeat([5.0, 10.0], 3), CODES, np.array([15.0, 30.0]), **options)


def sample() -> Sample:
    codes = np.repeat([0, 1], [15, 30])
    strata = Strata("district", codes, ("A", "B"), np.array([15.0, 30.0]), (np.zeros(2, dtype=np.intp),))
    return sample_of(np.array([0, 1, 2, 15, 16, 17]), np.repeat([0.2, 0.1], 3), strata, "stratified")


def test_no_interval_leaves_what_can_still_happen():
    """340 of 600 counted votes for the first, and at most 100 more to come: 340/700 … 440/700."""
    found = estimate(counts(), design_weighting(design()), [1, 2], outstanding=Outstanding(100.0, 9000.0))
    assert found.support[0] == pytest.approx([340 / 700, 440 / 700])
    assert found.support[1] == pytest.approx([260 / 700, 360 / 700])
    assert found.support[2] == pytest.approx([630 / 9000, 1])  # turnout: ballots counted over the whole roll
    bounds = found.interval(0.9999)
    assert bounds.low[0] == pytest.approx(340 / 700)
    assert bounds.high[0] == pytest.approx(440 / 700)


def test_nothing_left_leaves_no_interval():
    census = Structure(np.ones(6), CODES, np.array([3.0, 3.0]))
    found = estimate(counts(), design_weighting(census), [1, 2], outstanding=Outstanding(0.0, 1200.0))
    assert found.interval(0.95).low[:2] == pytest.approx(found.theta[:2])
    assert found.interval(0.95).high[:2] == pytest.approx(found.theta[:2])


def test_the_default_is_the_design_s_own_variance():
    found = estimate(counts(), design_weighting(design()), [1, 2])
    linear = design_weighting(design()).linear(VOTES, np.repeat(VOTES.sum(axis=1)[:, None], 2, axis=1))
    np.testing.assert_allclose(found.cov[:2, :2], stratified(linear.expanded, design()), rtol=1e-12)
    assert float(found.df) == 4


def test_satterthwaite_lies_between_the_smallest_stratum_and_all():
    found = estimate(counts(), design_weighting(design()), [1, 2], EstimateTable(degrees="satterthwaite"))
    assert found.df.shape == (4,)
    assert np.all((found.df >= 2) & (found.df <= 4))


@pytest.mark.parametrize(("single", "factor"), [("certainty", 1.0), ("average", 2.0)])
def test_a_lonely_stratum_by_the_key(single, factor):
    """Three of one stratum and one of the other: the latter adds nothing, or the mean of the others, H/(H - 1) = 2."""
    seen = np.array([True, True, True, True, False, False])
    arrival = weight_responding(sample(), seen, single)
    assert arrival.structure.size.tolist() == [15, 30]
    found = estimate(counts(seen), design_weighting(arrival.structure), [1, 2], EstimateTable(single=single))
    w, votes = arrival.structure.weight, counts(seen).votes
    total = w @ votes.sum(axis=1)
    u = w * (votes[:, 0] - found.theta[0] * votes.sum(axis=1)) / total
    first = (1 - 3 / 15) * 3 / 2 * ((u[:3] - u[:3].mean()) ** 2).sum()
    assert found.variance[0] == pytest.approx(factor * first, rel=1e-12)
    joined = weight_responding(sample(), seen)
    assert joined.structure.size.tolist() == [45, 0]  # by default the two strata are taken together


@pytest.mark.parametrize("name", get_args(VarianceName))
def test_every_name_gives_its_covariance_or_the_design_s_own_and_says_so(name):
    table = EstimateTable(variance=name, replicates=50)
    found, own = (
        estimate(counts(), design_weighting(design()), [1, 2], table),
        estimate(counts(), design_weighting(design()), [1, 2]),
    )
    if name in ("auto", "stratified", "deville", "jackknife", "bootstrap"):
        assert found.cov_name == ("stratified" if name == "auto" else name)
        assert np.all(found.variance[:2] > 0)
        assert (found.draws is None) == (name not in REPLICATED)
        assert found.notes == ()
        return
    assert found.cov_name == "stratified"
    np.testing.assert_array_equal(found.cov, own.cov)
    (note,) = found.notes
    assert (note.code, note.values["variance"], note.values["own"]) == ("W328", name, "stratified")
    assert found.select(["share:1"]).cov_name == found.contrast({"share:1": 1.0}, "lead").cov_name == "stratified"


def test_no_returns_leave_nothing_to_fall_back_on():
    alone = Structure(np.array([5.0, 0, 0, 10.0, 0, 0]), CODES, np.array([15.0, 30.0]))
    seen = counts((True, False, False, True, False, False))
    for name in ("auto", "deville"):
        with pytest.raises(EstimationError, match="stratum 0 has 1 station in, and a variance needs 2"):
            estimate(seen, design_weighting(alone), [1, 2], EstimateTable(variance=name))


def test_percentiles_come_from_draws_alone():
    table = EstimateTable(interval="percentile", replicates=50)
    boot = estimate(counts(), design_weighting(design()), [1, 2], replace(table, variance="bootstrap"))
    assert (boot.kind, boot.draws.shape) == ("percentile", (50, 4))
    for name in ("auto", "jackknife"):
        found = estimate(counts(), design_weighting(design()), [1, 2], replace(table, variance=name))
        assert (found.kind, found.draws) == ("auto", None)


def test_what_even_a_complete_sample_can_t_give_is_refused():
    check_variance(design(), EstimateTable())
    check_variance(design(), EstimateTable(variance="bootstrap"))
    one = Structure(np.array([15.0, 30.0]), np.array([0, 1]), np.array([15.0, 30.0]))
    for name in ("deville", "jackknife"):
        with pytest.raises(EstimateError, match=f"variance '{name}' can't be computed from this sample, not even with"):
            check_variance(one, EstimateTable(variance=name))


def test_replicates_do_not_fall_back():
    seen = counts()
    stack = Counts(*(np.stack([part, part]) for part in (seen.votes, seen.invalid, seen.ballots, seen.registered)),
                   np.stack([seen.seen] * 2), np.stack([seen.kept_out] * 2))  # fmt: skip
    several = Structure(np.stack([design().weight] * 2), CODES, design().size)
    assert estimate(stack, design_weighting(several), [1, 2]).theta.shape == (2, 4)
    with pytest.raises(EstimationError, match="replicates are made for one sample"):
        estimate(stack, design_weighting(several), [1, 2], EstimateTable(variance="jackknife"))
