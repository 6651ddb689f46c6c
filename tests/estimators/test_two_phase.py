"""Calibration of the arrived: by hand, in the limits, and against arrival by size."""

from dataclasses import replace

import numpy as np
import pytest

from estimation.contest import EstimateTable
from estimation.errors import EstimateError
from estimation.estimators import arrived, plain, weigh
from estimation.estimators.propensity import propensity
from estimation.estimators.two_phase import calibrate_phases, choices, two_phase
from estimation.estimators.weighting import TooManyControlsError
from estimation.sampling import strata_by
from estimation.survey import Structure
from estimation.survey.variance import stratified

FULL = ("stations by stratum", "stations by registered/3", "registered", "baseline")


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
    design = arrived(sample, np.ones(160, dtype=np.bool_)).structure
    found = two_phase(biased.frame, sample.rows, biased.strata, design)
    same = weigh("calibrated", biased.frame, sample.rows, biased.strata, design, EstimateTable(auxiliaries=FULL))
    assert (found.name, found.controls, found.notes) == ("two-phase", FULL, same.notes)
    np.testing.assert_array_equal(found.weight, same.weight)


def test_a_census_has_the_true_share_and_no_error(biased):
    rows = np.arange(len(biased.frame))
    design = Structure(np.ones(len(rows)), biased.strata.codes, biased.strata.size)
    found = two_phase(biased.frame, rows, biased.strata, design).linear(biased.votes[:, None], biased.valid[:, None])
    assert found.theta[0] == pytest.approx(biased.votes.sum() / biased.valid.sum(), rel=1e-12)
    assert stratified(found.expanded, design)[0, 0] == pytest.approx(0, abs=1e-20)


def test_what_is_in_meets_the_frame(biased):
    sample, seen = biased.night(0.5)
    design = arrived(sample, seen).structure
    found = two_phase(biased.frame, sample.rows, biased.strata, design)
    table = biased.frame.table.iloc[sample.rows]
    assert found.weight[~seen].tolist() == [0] * int((~seen).sum())
    assert found.weight.sum() == pytest.approx(len(biased.frame), rel=1e-9)
    assert found.weight @ table["registered"] == pytest.approx(biased.frame.registered.sum(), rel=1e-9)
    votes = biased.frame.registered * biased.frame.table["baseline_1"]
    assert found.weight @ (table["registered"] * table["baseline_1"]) == pytest.approx(votes.sum(), rel=1e-9)


def test_while_few_are_in_fewer_totals_are_asked_for(biased):
    sample, seen = biased.night(0.15)  # 24 stations: 8 totals at most
    design = arrived(sample, seen).structure
    found = two_phase(biased.frame, sample.rows, biased.strata, design)
    assert found.controls == FULL[1:]
    assert [(note.code, note.values["stations"]) for note in found.notes if note.code == "W324"] == [("W324", 24)]
    with pytest.raises(TooManyControlsError, match="control totals for 24 stations in: at most a third as many"):
        two_phase(biased.frame, sample.rows, biased.strata, design, EstimateTable(auxiliaries=FULL))
    few = np.cumsum(seen) <= 5
    with pytest.raises(TooManyControlsError, match="control totals for 5 stations in"):
        two_phase(biased.frame, sample.rows, biased.strata, arrived(sample, seen & few).structure)


def test_replicates_equal_single_nights(biased):
    nights = [biased.night(0.5, seed) for seed in range(4)]
    singles = [arrived(sample, seen).structure for sample, seen in nights]
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


def summary(biased, part, nights, **estimators):
    """Give mean error, true and mean standard error of each estimator, in points."""
    found = {name: [] for name in estimators}
    for seed in range(nights):
        sample, seen = biased.night(part, seed)
        design = arrived(sample, seen).structure
        y, x = biased.votes[sample.rows][:, None], biased.valid[sample.rows][:, None]
        for name, weighted in estimators.items():
            linear = weighted(sample.rows, design).linear(np.where(seen[:, None], y, 0), np.where(seen[:, None], x, 0))
            found[name].append((linear.theta[0], stratified(linear.expanded, linear_design(design))[0, 0]))
    truth = biased.votes.sum() / biased.valid.sum()
    values = {name: np.array(rows) for name, rows in found.items()}
    return {
        name: (
            100 * (v[:, 0].mean() - truth),
            100 * v[:, 0].std(ddof=1),
            100 * np.sqrt(v[:, 1].mean()),
        )
        for name, v in values.items()
    }


def linear_design(design):
    return design


def test_it_takes_most_of_the_bias_of_arrival_by_size(biased):
    """Small stations come first and vote otherwise; 60 nights, half of the sample in."""
    found = summary(
        biased,
        0.5,
        60,
        ratio=lambda rows, design: plain(design),
        two_phase=lambda rows, design: two_phase(biased.frame, rows, biased.strata, design),
        propensity=lambda rows, design: propensity(biased.frame, rows, biased.strata, design),
        cells=lambda rows, design: propensity(biased.frame, rows, biased.strata, design, by="cells"),
    )
    bias = {name: abs(values[0]) for name, values in found.items()}
    error = {name: values[1] / np.sqrt(60) for name, values in found.items()}
    assert bias["ratio"] > 2 > 10 * error["ratio"]  # points, far beyond chance
    assert bias["two_phase"] + 3 * error["two_phase"] < 0.4 * bias["ratio"]
    assert bias["propensity"] + 3 * error["propensity"] < 0.4 * bias["ratio"]
    assert bias["cells"] + 3 * error["cells"] < 0.6 * bias["ratio"]


def test_the_variance_is_the_true_one_under_random_arrival(biased):
    found = summary(biased.at_random(), 0.5, 150, two_phase=lambda r, d: two_phase(biased.frame, r, biased.strata, d))[
        "two_phase"
    ]
    # a standard deviation of 150 has the error 1 / √300; 12 parameters of 80 stations cost a little more
    assert found[2] == pytest.approx(found[1], rel=4 / np.sqrt(300))
    assert abs(found[0]) < 4 * found[1] / np.sqrt(150)


def double_sample():
    """Draw n = 6 of N = 60 at random, m = 4 of them in; x known of the six."""
    x = np.array([[1.0], [2.0], [4.0], [5.0], [9.0], [3.0]])
    y = np.array([10.0, 14.0, 27.0, 29.0, 0.0, 0.0])[:, None]
    weight = np.array([15.0, 15, 15, 15, 0, 0])
    design = Structure(weight, np.zeros(6, np.intp), np.array([60.0]), probability=np.full(6, 0.1))
    return x, y, design


def test_double_sampling_for_regression_by_hand():
    # x̄ = 3 of those in and 4 of those drawn; b = Σ(x - 3)(y - 20) / Σ(x - 3)² = 50 / 10; Σ(y - 20)² = 266
    x, y, design = double_sample()
    ones = np.ones((6, 1))
    found = calibrate_phases(design, ones, np.array([60.0]), x, names=("stations", "x"))
    np.testing.assert_allclose(found.weight @ np.concatenate([ones, x], axis=1), [60, 240], rtol=1e-12)
    # a mean: Σ w y / Σ w
    np.testing.assert_allclose(found.linear(y, ones)[0].theta, [20 + 5 * (4 - 3)], rtol=1e-12)
    # Cochran 1977, eq. 12.51 with these estimates: (1/6 - 1/60) s²_y + (1/4 - 1/6) s²_e, s² over 3, but for the
    # g-weights 15 g / 15 of the four, g = 1 + (x - 3) / 10
    g = 1 + (x[:4, 0] - 3) / 10
    centred, left = y[:4, 0] - 20, y[:4, 0] - 20 - 5 * (x[:4, 0] - 3)
    u = centred - 5  # y - θ, whose residual from the one variable 1 is y - 20
    assert u + 5 == pytest.approx(centred)
    v, e = g * centred, g * left
    s = [np.sum((z - z.mean()) ** 2) / 3 for z in (v, e)]
    expected = (1 / 6 - 1 / 60) * s[0] + (1 / 4 - 1 / 6) * s[1]
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
    with pytest.raises(EstimateError, match="auxiliary 'x' has no number at a station that is in"):
        calibrate_phases(
            design, np.ones((6, 1)), np.array([60.0]), np.where(x == 2, np.nan, x), names=("stations", "x")
        )
