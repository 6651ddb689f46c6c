"""Calibration by hand, and what it refuses."""

import numpy as np
import pytest

from estimation.errors import EstimateError
from estimation.survey import Linear, Structure, dual, ratio
from estimation.survey.calibration import calibrate, residual
from estimation.survey.distances import choose
from estimation.survey.explain import CalibrationError
from estimation.survey.variance import stratified

from .conftest import indicators, margins

W = np.array([2.0, 3.0, 5.0])
ONE = np.ones((3, 1))
TWO = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
MET = np.array([10.0, 13.0])  # W @ TWO


def test_regression_by_hand():
    # x = 1, 2, 4 and w = 2, 3, 5: Σwx = 28, Σwx² = 94; t = 37.4 gives λ = 9.4 / 94 = 0.1 and g = 1 + x/10
    x, y = np.array([1.0, 2.0, 4.0]), np.array([[3.0], [5.0], [4.0]])
    found = calibrate(W, x[:, None], np.array([37.4]))
    assert found.g == pytest.approx([1.1, 1.2, 1.4], rel=1e-14)
    assert found.weight == pytest.approx([2.2, 3.6, 7.0], rel=1e-14)
    assert (found.distance, found.iterations, found.achieved[0]) == ("linear", 1, pytest.approx(37.4, rel=1e-15))
    # Σ w g y = 6.6 + 18 + 28; B = Σ w x y / Σ w x² = (6 + 30 + 80) / 94 = 116 / 94
    left = residual(Linear(found.weight @ y, y, found.weight), found)
    assert left.theta == pytest.approx([52.6])
    assert left.influence[:, 0] == pytest.approx([3 - 116 / 94, 5 - 232 / 94, 4 - 464 / 94])
    assert left.expanded[:, 0] == pytest.approx([2.2 * (3 - 116 / 94), 3.6 * (5 - 232 / 94), 7 * (4 - 464 / 94)])


def test_scale_x_is_the_ratio_estimator():
    # g = t / Σwx = 42 / 28 for everyone; B = Σ w y / Σ w x = (6 + 15 + 20) / 28: the ratio estimator's residual
    x, y = np.array([1.0, 2.0, 4.0]), np.array([[3.0], [5.0], [4.0]])
    found = calibrate(W, x[:, None], np.array([42.0]), scale=x)
    assert found.g == pytest.approx([1.5, 1.5, 1.5], rel=1e-15)
    left = residual(Linear(found.weight @ y, y, found.weight), found)
    quotient = ratio(y, x, W)
    assert left.theta == pytest.approx(42 * quotient.theta)
    assert left.expanded == pytest.approx(42 * quotient.expanded)


def test_raking_one_total_is_one_factor():
    # every g is e^λ = 15 / 10
    found = calibrate(W, ONE, np.array([15.0]), "raking")
    assert found.g == pytest.approx([1.5, 1.5, 1.5], rel=1e-14)


def test_truncated_by_hand():
    # g = 1 + λx, at most 1.3: t = 36; the third is cut, 2(1+λ) + 6(1+2λ) + 20·1.3 = 36, λ = 2/14, g_3 = 1 + 8/14 > 1.3
    x = np.array([[1.0], [2.0], [4.0]])
    found = calibrate(W, x, np.array([36.0]), "truncated", bounds=(0.5, 1.3))
    assert found.g == pytest.approx([1 + 2 / 14, 1 + 4 / 14, 1.3], rel=1e-14)
    assert calibrate(W, x, np.array([36.0]), bounds=(0.5, 1.3)).distance == "truncated"


def test_logit_by_hand():
    # one total: every g is 12 / 10, whatever the function; λ from F(λ) = 1.2 with L = 1/2, U = 2, A = 1.5 / 0.5 = 3:
    # e^{3λ} = (1.2 - 0.5)(2 - 1) / ((2 - 1.2)(1 - 0.5)) = 0.7 / 0.4
    found = calibrate(W, ONE, np.array([12.0]), "logit", bounds=(0.5, 2.0))
    assert found.g == pytest.approx([1.2, 1.2, 1.2], rel=1e-14)
    assert choose("logit", (0.5, 2.0)).ratio(np.log(0.7 / 0.4) / 3) == pytest.approx(1.2, rel=1e-14)


def test_poststrata_by_hand():
    # groups: stations 1 and 2 have weight 5 of 8, station 3 weight 5 of 4
    found = calibrate(W, indicators([0, 0, 1], 2), np.array([8.0, 4.0]))
    assert found.g == pytest.approx([1.6, 1.6, 0.8], rel=1e-15)


def test_poststratified_variance_by_hand():
    # equal weights 4, n = 4 of 16, two groups, N_g = 6, 10: g = 6/8, 10/8; deviations from the group's mean
    # y = 1, 3 | 2, 6: residuals -1, 1, -2, 2, times w g = 3, 3, 5, 5
    y, weight = np.array([[1.0], [3.0], [2.0], [6.0]]), np.full(4, 4.0)
    found = calibrate(weight, indicators([0, 0, 1, 1], 2), np.array([6.0, 10.0]))
    linear = residual(Linear(found.weight @ y, y, found.weight), found)
    assert linear.theta == pytest.approx([6 * 2 + 10 * 4])
    design = Structure(weight, np.zeros(4, dtype=np.intp), np.array([16.0]))
    assert stratified(linear.expanded, design) == pytest.approx((1 - 4 / 16) * 4 / 3 * (9 + 9 + 100 + 100))


def test_summary_and_table_by_hand():
    found = calibrate(W, TWO, np.array([10.0, 26.0]), names=["stations", "voters"])
    # Σw = 10, Σwx = 13, Σwx² = 23: λ = 13 / (230 - 169) (-13, 10); g = 1 + 13 (10 x - 13) / 61
    g = np.array([61 - 169, 61 - 39, 61 + 91]) / 61
    report = found.summary()
    np.testing.assert_allclose(found.g, g, rtol=1e-13)
    np.testing.assert_allclose(
        [report.smallest, report.lower, report.median], [g[0], (g[0] + g[1]) / 2, g[1]], rtol=1e-12
    )
    np.testing.assert_allclose([report.upper, report.largest], [(g[1] + g[2]) / 2, g[2]], rtol=1e-12)
    assert report.negative == 1
    np.testing.assert_allclose(report.kish, 3 * ((W * g) ** 2).sum() / 100, rtol=1e-12)
    np.testing.assert_allclose(report.unmet, [0, 0], atol=1e-14)
    assert found.table()["used"].to_dict() == {"stations": "met", "voters": "met"}
    assert found.table().loc["voters", ["total", "achieved"]].tolist() == pytest.approx([26, 26])


def test_a_station_that_is_not_in_has_neither_weight_nor_influence():
    x = np.vstack([TWO, [[np.nan, 7.0]]])
    weight = np.append(W, 0.0)
    found = calibrate(weight, x, np.array([11.0, 15.0]), "raking")
    alone = calibrate(W, TWO, np.array([11.0, 15.0]), "raking")
    np.testing.assert_allclose(found.g, np.append(alone.g, 0), rtol=1e-13)
    y = np.array([[1.0], [4.0], [2.0], [np.nan]])
    left = residual(Linear(np.array([1.0]), y, found.weight), found)
    assert left.influence[3] == 0
    assert found.summary().smallest == alone.g.min()


def test_a_group_without_a_station_names_itself_and_the_remedy():
    names = ["ASEMBAGUS", "PANJI", "BESUKI"]
    with pytest.raises(
        CalibrationError,
        match=r"^no station that is in has any of 'BESUKI', and its total is 7: merge it with another "
        r"group, leave it out, or give a ridge",
    ) as caught:
        calibrate(W, indicators([0, 0, 1], 3), np.array([8.0, 4.0, 7.0]), names=names)
    assert caught.value.failed.shape == ()
    empty = calibrate(W, indicators([0, 0, 1], 3), np.array([8.0, 4.0, 0.0]))  # nobody there, nobody wanted
    assert empty.dropped.tolist() == [False, False, True]


def test_margins_that_disagree_name_the_column_and_what_it_should_be():
    codes, names = ([0, 1, 1], [0, 0, 1]), ["small", "large", "north", "south"]
    with pytest.raises(
        CalibrationError,
        match=r"^auxiliary 'south' is a combination of those before it, which imply a total of 5, and its own is 6: "
        r"give totals that agree \(complete margins add up to the same population\)",
    ):
        calibrate(W, *margins((codes[0], [4.0, 7.0]), (codes[1], [6.0, 6.0])), "raking", names=names)
    agreed = calibrate(W, *margins((codes[0], [4.0, 7.0]), (codes[1], [6.0, 5.0])), "raking", names=names)
    assert agreed.dropped.tolist() == [False, False, False, True]
    assert agreed.achieved == pytest.approx([4, 7, 6, 5], rel=1e-13)
    assert agreed.table()["used"].iloc[3] == "implied by others"


def test_replicates_that_fail_are_told_apart():
    weight = np.array([W, [2.0, 3.0, 0.0], W, [1.0, 1.0, 0.0]])
    with pytest.raises(
        CalibrationError, match=r"^replicate 1 \(2 of 4 fail\): no station that is in has any of 'c'"
    ) as caught:
        calibrate(weight, np.eye(3), np.array([2.0, 3.0, 4.0]), names=["a", "b", "c"])
    assert caught.value.failed.tolist() == [False, True, False, True]


@pytest.mark.parametrize("distance", ["truncated", "logit"])
def test_bounds_that_are_too_narrow(distance):
    with pytest.raises(
        CalibrationError,
        match=r"^no g-weights of 0\.8 … 1\.2 meet the totals; at the closest 'n' comes to 12 of 15 \(-20\.00%\): give "
        r"wider bounds, a ridge \(ridge='automatic' with distance 'linear'\), or fewer auxiliaries",
    ):
        calibrate(W, ONE, np.array([15.0]), distance, bounds=(0.8, 1.2), names=["n"])


def test_steps_that_are_used_up(monkeypatch):
    monkeypatch.setattr(dual, "STEPS", 1)
    with pytest.raises(
        CalibrationError, match=r"^Newton's method did not .* 'raking' in .* can meet the totals: give dist"
    ):
        calibrate(W, ONE, np.array([15.0]), "raking")
    with pytest.raises(CalibrationError, match=r"^Newton's method did not .* 'raking' in .*: give a larger ridge"):
        calibrate(W, ONE, np.array([15.0]), "raking", ridge=1e-3)


def test_a_negative_total_cannot_be_raked():
    with pytest.raises(
        CalibrationError, match=r"no g-weights of 0 … inf meet the totals; at the closest 'n' comes to 0 of -3"
    ):
        calibrate(W, ONE, np.array([-3.0]), "raking", names=["n"])


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"weight": np.array([1.0, -1.0, 2.0])}, "a weight is negative or not a number: weights are 0"),
        ({"weight": np.array([1.0, np.nan, 2.0])}, "a weight is negative or not a number: weights are 0"),
        ({"weight": np.ones(4)}, r"weight has shape \(4,\) and auxiliary \(3, 2\): its last axis needs 3 stations"),
        ({"weight": np.ones((5, 3)), "totals": np.ones((4, 2))}, "replicate axes do not fit each other"),
        ({"auxiliary": np.ones(3)}, r"auxiliary has shape \(3,\): it needs \(…, stations, columns\)"),
        ({"auxiliary": TWO * [1, np.nan]}, "auxiliary 'auxiliary 2' has no number at a station that is in: fill it"),
        ({"totals": np.ones(3)}, r"totals has shape \(3,\) and auxiliary \(3, 2\): its last axis needs 2 columns"),
        ({"totals": np.array([1.0, np.nan])}, "the total of auxiliary column 1 is not a number"),
        ({"scale": np.ones(2)}, r"scale has shape \(2,\) for 3 stations: it needs \(…, 3\)"),
        ({"scale": np.array([1.0, 0.0, 1.0])}, "scale σ² must be positive where a station is in"),
        ({"names": ["a"]}, "1 names for 2 auxiliaries: give one for each column"),
        (
            {"distance": "loggit"},
            r"no distance is named 'loggit' \(did you mean 'logit'\?\): take one of linear, raking,",
        ),
        ({"distance": "x"}, r"no distance is named 'x': take one of linear, raking, truncated, logit"),
        ({"distance": "logit"}, r"distance 'logit' needs bounds=\(L, U\) of the g-weights, with L < 1 < U"),
        ({"distance": "logit", "bounds": (0.5, np.inf)}, "distance 'logit' needs finite bounds: take 'truncated'"),
        ({"distance": "raking", "bounds": (0.5, 2.0)}, "distance 'raking' has no bounds: take 'logit'"),
        ({"bounds": (1.0, 2.0)}, r"bounds of g-weights are \(1\.0, 2\.0\), and must be \(L, U\) with L < 1 < U"),
        ({"bounds": (0.5, 0.9)}, r"must be \(L, U\) with L < 1 < U"),
        ({"bounds": (0.5, np.nan)}, r"must be \(L, U\) with L < 1 < U"),
        ({"ridge": -1.0}, r"ridge is -1\.0: give a number from 0 \(exact\) up, or 'automatic'"),
        ({"ridge": "auto"}, r"ridge is 'auto': give a number"),
        ({"ridge": "automatic"}, r"ridge='automatic' needs bounds=\(L, U\), inside which it brings the g-weights"),
        ({"ridge": "automatic", "bounds": (0.5, 0.9)}, r"must be \(L, U\) with L < 1 < U"),
        ({"ridge": "automatic", "distance": "logit", "bounds": (0.5, 2)}, "goes with distance 'linear' or 'raking'"),
        ({"cost": np.ones(2)}, "costs of auxiliaries need a ridge: give ridge=1.0"),
        ({"ridge": 1.0, "cost": np.array([1.0, 0.0])}, "costs must be 2 numbers above 0, one for each auxiliary"),
        ({"ridge": 1.0, "cost": np.ones(3)}, "costs must be 2 numbers above 0, one for each auxiliary"),
    ],
)
def test_what_is_refused(given, text):
    good = {"weight": W, "auxiliary": TWO, "totals": MET}
    with pytest.raises(EstimateError, match=text):
        calibrate(**(good | given))


def test_residual_needs_the_same_stations():
    found = calibrate(W, TWO, MET)
    with pytest.raises(
        EstimateError, match="the influence has 2 stations and the calibration 3: give those calibrated"
    ):
        residual(Linear(np.zeros(1), np.zeros((2, 1)), np.ones(2)), found)
