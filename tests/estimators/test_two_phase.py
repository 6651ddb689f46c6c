"""Calibration of the arrived: by hand, in the limits, and against arrival by size."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.contest import EstimateTable
from estimation.errors import EstimateError
from estimation.estimators import adjust, design_weighting, weigh, weight_responding
from estimation.estimators.propensity import propensity
from estimation.estimators.two_phase import calibrate_phases, choices, two_phase
from estimation.estimators.weighting import TooManyControlsError
from estimation.frame import Frame
from estimation.rules import Findings, Notice
from estimation.sampling import strata_by
from estimation.survey import Structure
from estimation.survey.variance import stratified

REFERENCE = Path(__file__).parents[1] / "reference"
FULL = ("stations by stratum", "stations by registered/3", "registered", "baseline")
RAKED = EstimateTable(auxiliaries=FULL, distance="raking")


def test_controls_from_the_most_to_the_fewest(biased):
    assert choices(biased.frame, biased.strata) == [FULL, FULL[1:], ("stations", "registered")]
    wide = strata_by(biased.frame, "regency")
    assert choices(biased.frame, wide)[0] == (*FULL, "stations by district")
    bare = replace(biased.frame, table=biased.frame.table.drop(columns=["baseline_1", "baseline_2"]))
    assert choices(replace(bare, table=bare.table.assign(registered=300.0)), biased.strata) == [
        ("stations by stratum", "registered"),
        ("registered",),
        ("stations", "registered"),
    ]


def test_with_every_station_in_it_is_the_calibrated_estimator(biased):
    sample, _ = biased.night(1.0)
    design = weight_responding(sample, np.ones(160, dtype=np.bool_)).structure
    found = two_phase(biased.frame, sample.rows, biased.strata, design)
    same = weigh("calibrated", biased.frame, sample.rows, biased.strata, design, RAKED)
    assert (found.name, found.controls, found.notes) == ("two-phase", FULL, same.notes)
    np.testing.assert_array_equal(found.weight, same.weight)


def test_with_every_station_in_its_weights_equal_r():
    population, drawn = (pd.read_csv(REFERENCE / f"{name}.csv") for name in ("population", "sample_strat120"))
    expected = pd.read_csv(REFERENCE / "expected_gweights_strat120.csv")["g_strat_full_raking"]
    areas = {"province": "P", "regency": "R", "tps": "001"}
    frame = Frame(population.assign(**areas).astype({"registered": "float64"}), "0" * 64, Findings.none())
    rows, strata = frame.rows_of(drawn["tps_id"]), strata_by(frame, "district")
    design = Structure(drawn["weight"].to_numpy(dtype=np.float64), strata.codes[rows], strata.size)
    table = EstimateTable(auxiliaries=("registered by district", "baseline_1", "baseline_2", "baseline_3"))
    np.testing.assert_allclose(two_phase(frame, rows, strata, design, table).calibration.g, expected, rtol=1e-8)


def test_a_census_has_the_true_share_and_no_error(biased):
    rows = np.arange(len(biased.frame))
    design = Structure(np.ones(len(rows)), biased.strata.codes, biased.strata.size)
    found = two_phase(biased.frame, rows, biased.strata, design).linear(biased.votes[:, None], biased.valid[:, None])
    assert found.theta[0] == pytest.approx(biased.votes.sum() / biased.valid.sum(), rel=1e-12)
    assert stratified(found.expanded, design)[0, 0] == pytest.approx(0, abs=1e-20)


def test_what_is_in_meets_the_frame(biased):
    sample, seen = biased.night(0.75)
    design = weight_responding(sample, seen).structure
    found = two_phase(biased.frame, sample.rows, biased.strata, design)
    assert found.weight[seen].min() > 0
    table = biased.frame.table.iloc[sample.rows]
    assert found.weight[~seen].tolist() == [0] * 40
    assert found.weight.sum() == pytest.approx(len(biased.frame), rel=1e-9)
    assert found.weight @ table["registered"] == pytest.approx(biased.frame.registered.sum(), rel=1e-9)
    votes = biased.frame.registered * biased.frame.table["baseline_1"]
    assert found.weight @ (table["registered"] * table["baseline_1"]) == pytest.approx(votes.sum(), rel=1e-9)


def test_while_few_are_in_fewer_totals_are_asked_for(biased):
    sample, seen = biased.night(0.15)  # 24 stations: 8 totals at most
    design = weight_responding(sample, seen).structure
    found = two_phase(biased.frame, sample.rows, biased.strata, design)
    assert found.controls == FULL[1:]
    assert found.notes[-1] == Notice("W324", {"stations": 24, "controls": 13})
    with pytest.raises(TooManyControlsError, match="control totals for 24 stations in: at most a third as many"):
        two_phase(biased.frame, sample.rows, biased.strata, design, EstimateTable(auxiliaries=FULL))
    few = np.cumsum(seen) <= 5
    with pytest.raises(TooManyControlsError, match="control totals for 5 stations in"):
        two_phase(biased.frame, sample.rows, biased.strata, weight_responding(sample, seen & few).structure)


def test_where_no_roll_is_known_the_arrived_meet_what_is(biased):
    frame = replace(biased.frame, table=biased.frame.table.assign(registered=np.nan))
    sample, seen = biased.night(0.75)
    found = two_phase(frame, sample.rows, biased.strata, weight_responding(sample, seen).structure)
    assert found.controls == ("stations by stratum", "baseline")
    assert found.notes == (Notice("W326", {"controls": "stations by stratum, baseline"}),)
    before = frame.table["baseline_1"].to_numpy()
    assert found.weight @ before[sample.rows] == pytest.approx(before.sum(), rel=1e-9)


def test_replicates_equal_single_nights(biased):
    nights = [biased.night(0.5, seed) for seed in range(4)]
    singles = [weight_responding(sample, seen).structure for sample, seen in nights]
    rows = np.stack([sample.rows for sample, _ in nights])
    many = replace(
        singles[0],
        **{
            name: np.stack([getattr(s, name) for s in singles]) for name in ("weight", "stratum", "size", "probability")
        },
    )
    found = two_phase(biased.frame, rows, biased.strata, many)
    for r, (sample, _) in enumerate(nights):
        single = two_phase(biased.frame, sample.rows, biased.strata, singles[r])
        np.testing.assert_allclose(found.weight[r], single.weight, rtol=1e-8)


def summary(biased, part, nights, weighted):
    """Give mean error, true and mean standard error of an estimator, in points."""
    rows, seen, drawn = biased.nights(part, nights)
    design = adjust(drawn, biased.strata, biased.strata, biased.strata.codes[rows], seen).structure
    y, x = (np.where(seen, counts[rows], 0)[..., None] for counts in (biased.votes, biased.valid))
    linear = weighted(rows, design).linear(y, x)
    error = 100 * (linear.theta[:, 0] - biased.votes.sum() / biased.valid.sum())
    variance = 1e4 * stratified(linear.expanded, design)[:, 0, 0]
    return error.mean(), error.std(ddof=1), np.sqrt(variance.mean())


def test_it_takes_most_of_the_bias_of_arrival_by_size(biased):
    """Small stations come first and vote otherwise; half of the sample is in."""
    nights = 200
    plain_bias, spread, _ = summary(biased, 0.5, nights, lambda rows, design: design_weighting(design))
    assert plain_bias < -2 < -10 * spread / np.sqrt(nights)  # points, far beyond chance
    for part, weighted in (
        (0.25, lambda rows, design: two_phase(biased.frame, rows, biased.strata, design)),
        (0.35, lambda rows, design: propensity(biased.frame, rows, biased.strata, design)),
        (0.6, lambda rows, design: propensity(biased.frame, rows, biased.strata, design, by="cells")),
    ):
        bias, spread, _ = summary(biased, 0.5, nights, weighted)
        assert abs(bias) + 3 * spread / np.sqrt(nights) < part * abs(plain_bias)


def test_the_variance_is_the_true_one_under_random_arrival(biased):
    bias, true, mean = summary(
        biased.at_random(), 0.5, 200, lambda rows, design: two_phase(biased.frame, rows, biased.strata, design)
    )
    assert mean == pytest.approx(true, rel=4 / np.sqrt(400))  # a standard deviation of 200 has the error 1 / √400
    assert abs(bias) < 4 * true / np.sqrt(200)


def double_sample():
    """Draw n = 6 of N = 60 at random, m = 4 of them in; x known of the six."""
    x = np.array([[1.0], [2.0], [4.0], [5.0], [9.0], [3.0]])
    y = np.array([10.0, 14.0, 27.0, 29.0, 0.0, 0.0])[:, None]
    weight = np.array([15.0, 15, 15, 15, 0, 0])
    design = Structure(weight, np.zeros(6, np.intp), np.array([60.0]), probability=np.full(6, 0.1))
    return x, y, design


def test_double_sampling_for_regression_by_hand():
    # x̄ = 3 of those in and 4 of those drawn; b = Σ(x - 3)(y - 20) / Σ(x - 3)² = 51 / 10
    x, y, design = double_sample()
    ones = np.ones((6, 1))
    found = calibrate_phases(design, ones, np.array([60.0]), x, names=("stations", "x"))
    np.testing.assert_allclose(found.weight @ np.concatenate([ones, x], axis=1), [60, 240], rtol=1e-12)
    # a mean, as the ratio to 1
    np.testing.assert_allclose(found.linear(y, ones)[0].theta, [20 + 5.1 * (4 - 3)], rtol=1e-12)
    # Cochran 1977, eq. 12.51: (1/6 - 1/60) s²_y + (1/4 - 1/6) s²_e, both over 3, with g = 1 + 4 (x - 3) / 10
    g = 1 + 4 * (x[:4, 0] - 3) / 10
    centred = y[:4, 0] - 20
    v, e = g * centred, g * (centred - 5.1 * (x[:4, 0] - 3))
    expected = (1 / 6 - 1 / 60) * v.var(ddof=1) + (1 / 4 - 1 / 6) * e.var(ddof=1)
    np.testing.assert_allclose(found.covariance(y, ones, stratified), [[expected]], rtol=1e-12)


def test_without_variables_of_the_sample_both_phases_are_one():
    x, y, design = double_sample()
    known = np.concatenate([np.ones((6, 1)), x], axis=1)
    found = calibrate_phases(design, known, np.array([60.0, 200.0]), np.empty((6, 0)))
    first, second = found.linear(y, np.ones((6, 1)))
    np.testing.assert_array_equal(first.influence, second.influence)
    expected = stratified(first.expanded, design)
    np.testing.assert_allclose(found.covariance(y, np.ones((6, 1))), expected, rtol=1e-12)


def test_a_variable_of_the_sample_that_tells_all_leaves_the_first_phase_alone():
    x, _, design = double_sample()
    found = calibrate_phases(design, np.ones((6, 1)), np.array([60.0]), x)
    y = 3 * x + 2
    y[design.weight == 0] = 0
    np.testing.assert_allclose(found.linear(y, np.ones((6, 1)))[0].theta, [3 * 4 + 2], rtol=1e-12)
    v = found.linear(y, np.ones((6, 1)))[0].expanded[:4, 0] / 15 * 60
    expected = (1 / 6 - 1 / 60) * v.var(ddof=1)  # as of six drawn, from the four
    np.testing.assert_allclose(found.covariance(y, np.ones((6, 1))), [[expected]], rtol=1e-9)


def test_what_cannot_be_met_is_named():
    x, _, design = double_sample()
    with pytest.raises(EstimateError, match="'x' has no number at a drawn station: fill it, or leave"):
        calibrate_phases(
            design, np.ones((6, 1)), np.array([60.0]), np.where(x == 2, np.nan, x), names=("stations", "x")
        )
