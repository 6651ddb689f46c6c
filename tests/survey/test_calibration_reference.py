"""Calibrations against R survey 4.1-1 and sampling 2.9 (tests/reference).

Tolerance: 1e-9 relative. Both sides iterate until the totals are met to rounding, 1e-13 in R. A variance of a total
that is calibrated is zero but for rounding: 1e-12 of the squared estimate. `sampling` stops earlier, at 1e-6 of the
totals: its logit weights are 4e-6 off, its raking ones only 4e-10.

`rake()` differs from raking by calibration in one thing, as the reference's remark 1 says: residuals are unweighted.
With base weights of 1 in the regression they are ours; it stops after ten sweeps, so to 1e-6 only.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.survey import Linear, Structure, ratio
from estimation.survey.calibration import calibrate, residual
from estimation.survey.explain import CalibrationError
from estimation.survey.variance import stratified

from .conftest import indicators, margins

REFERENCE = Path(__file__).parents[1] / "reference"
RELATIVE = 1e-9
EXPECTED = json.loads((REFERENCE / "expected_calibration.json").read_text(encoding="utf-8"))
SAMPLING = json.loads((REFERENCE / "expected_calib_sampling.json").read_text(encoding="utf-8"))
FILES = {"srs": "srs60", "strat": "strat120"}
SAMPLES = {name: pd.read_csv(REFERENCE / f"sample_{file}.csv") for name, file in FILES.items()}
G = {name: pd.read_csv(REFERENCE / f"expected_gweights_{file}.csv") for name, file in FILES.items()}
TOTALS = ["votes_1", "votes_2", "votes_3", "valid", "invalid", "ballots", "registered"]
RESULTS = EXPECTED["results"]


def numbers(table, column):
    return table[column].to_numpy(dtype=np.float64)


def variable(table, name):
    """A column of R's model matrix: products of numbers and of indicators like ``zoneB``."""
    column = np.ones(len(table))
    for part in name.replace("(Intercept)", "").split(":"):
        factor = next((f for f in ("district", "zone", "size_class") if part.startswith(f)), None)
        if factor:
            column = column * (table[factor] == part.removeprefix(factor)).to_numpy()
        elif part:
            column = column * numbers(table, part)
    return column


def calibrated(name, **more):
    want = RESULTS[name]
    table = SAMPLES[want["sample"]]
    auxiliary = np.stack([variable(table, column) for column in want["auxiliaries"]], axis=1)
    distance = next((d for d in ("truncated", "logit", "raking") if name.endswith(d)), "linear")
    given = {
        "bounds": EXPECTED["bounds"].get(name),
        "scale": numbers(table, "registered") if name.endswith("ratio") else None,
        "names": want["auxiliaries"],
        "distance": "raking" if "rake" in name else distance,
    }
    return calibrate(numbers(table, "weight"), auxiliary, np.array(want["population_totals"], float), **(given | more))


def structure(name, sizes):
    table = SAMPLES[RESULTS[name]["sample"]]
    codes, labels = pd.factorize(table["stratum"], sort=True)
    known = table.groupby("stratum")["fpc"].first().loc[labels].to_numpy(dtype=np.float64)
    size = known if sizes == "fpc" else np.full(len(known), np.inf)
    return Structure(numbers(table, "weight"), codes.astype(np.intp), size)


def quantities(table, calibration, inside=None):
    """Totals, shares, turnout and invalid rate, with what is left of their influence."""
    keep = np.ones(len(table)) if inside is None else inside.to_numpy(dtype=np.float64)
    weight, y = calibration.weight, numbers(table, TOTALS) * keep[:, None]
    columns = dict(zip(TOTALS, y.T, strict=True))
    return {
        "totals": residual(Linear(weight @ y, y, weight), calibration),
        "shares": residual(ratio(y[:, :3], columns["valid"], weight), calibration),
        "turnout": residual(ratio(y[:, [5]], columns["registered"], weight), calibration),
        "invalid_rate": residual(ratio(y[:, [4]], columns["ballots"], weight), calibration),
    }


@pytest.mark.parametrize("name", RESULTS)
def test_g_weights_equal_r(name):
    calibration, want = calibrated(name), RESULTS[name]
    np.testing.assert_allclose(calibration.g, G[want["sample"]][f"g_{name}"], rtol=RELATIVE, atol=0)
    np.testing.assert_allclose([calibration.g.min(), calibration.g.max()], want["g_range"], rtol=RELATIVE)
    assert np.abs(calibration.unmet).max() < 1e-13
    np.testing.assert_allclose(calibration.weight.sum(), want["fpc"]["sum_weights"], rtol=RELATIVE)


@pytest.mark.parametrize("sizes", ["fpc", "nofpc"])
@pytest.mark.parametrize("name", RESULTS)
def test_estimates_and_covariances_equal_r(name, sizes):
    want = RESULTS[name][sizes]
    calibration, relative = calibrated(name), RELATIVE
    if name.endswith("_rake"):
        calibration, relative = replace(calibration, base=np.ones_like(calibration.base)), 1e-6
    design, table = structure(name, sizes), SAMPLES[RESULTS[name]["sample"]]
    assert design.df() == want["df"]
    for quantity, linear in quantities(table, calibration).items():
        expected = np.array(want[quantity]["vcov"])
        rounding = 1e-12 * np.abs(np.outer(want[quantity]["est"], want[quantity]["est"]))
        found = stratified(linear.expanded, design)
        zero = np.abs(expected) <= 1e-3 * rounding  # a total that is calibrated
        np.testing.assert_allclose(linear.theta, want[quantity]["est"], rtol=RELATIVE, err_msg=quantity)
        np.testing.assert_allclose(found[~zero], expected[~zero], rtol=relative, atol=0, err_msg=quantity)
        assert np.all(np.abs(found[zero]) <= rounding[zero])
        if quantity == "shares":
            lead = np.array([1.0, -1.0, 0.0])
            np.testing.assert_allclose(linear.theta @ lead, want["margin"]["est"], rtol=RELATIVE)
            np.testing.assert_allclose(np.sqrt(lead @ found @ lead), want["margin"]["se"], rtol=relative)


@pytest.mark.parametrize("name", ["strat_dist_linear", "srs_glob_raking"])
def test_districts_equal_r(name):
    table, calibration = SAMPLES[RESULTS[name]["sample"]], calibrated(name)
    for want in RESULTS[name]["fpc"]["by_district"]:
        inside = table["district"] == want["district"]
        if want["n"] < 2:
            continue
        shares = quantities(table, calibration, inside)["shares"]
        cov = stratified(shares.expanded, structure(name, "fpc"))
        np.testing.assert_allclose(shares.theta, want["shares"], rtol=RELATIVE, atol=0)
        np.testing.assert_allclose(cov, want["shares_vcov"], rtol=1e-8, atol=1e-18)
        np.testing.assert_allclose(np.sqrt([1, -1, 0] @ cov @ [1, -1, 0]), want["margin_se"], rtol=1e-8)


def test_raking_and_rake_have_different_residuals_where_weights_differ():
    """Remark 1: margin of strat120, 0.017584 from rake() and 0.017537 from calibrate()."""
    calibration, table = calibrated("strat_rake_cal"), SAMPLES["strat"]
    lead = np.array([1.0, -1.0, 0.0])
    found = []
    for base in (calibration.base, np.ones(120)):
        shares = quantities(table, replace(calibration, base=base))["shares"]
        found.append(np.sqrt(lead @ stratified(shares.expanded, structure("strat_rake_cal", "fpc")) @ lead))
    assert found == pytest.approx([0.017537, 0.017584], abs=5e-7)


@pytest.mark.parametrize("distance", ["linear", "logit"])
def test_impossible_bounds_raise_as_in_r(distance):
    example = EXPECTED["infeasible_example"]
    assert example["raises"][distance]
    with pytest.raises(
        CalibrationError,
        match=r"no g-weights of 0\.9 … 1\.1 meet the totals; at the closest 'districtD14:registered' comes to 13,860 "
        r"of 15,699 \(-11\.71%\), 'districtD16:registered' comes to 21,628\.2 of 24,312 \(-11\.04%\).* and 17 more: ",
    ):
        calibrated(example["like"], distance=distance, bounds=example["bounds"])


@pytest.mark.parametrize("distance", ["linear", "raking", "logit", "truncated"])
def test_g_weights_and_variances_equal_sampling(distance):
    table, calibration = SAMPLES["srs"], calibrated(f"srs_glob_{distance}")
    given = pd.read_csv(REFERENCE / "expected_calib_sampling.csv")[f"sampling_{distance}"]
    loose = {"logit": 1e-5}.get(distance, 1e-9)
    np.testing.assert_allclose(calibration.g, given, rtol=loose, atol=0)
    # remark 7: survey regresses with design weights, calibev with calibrated ones; both multiply residuals by w g
    y = numbers(table, ["votes_1"])
    linear = Linear(calibration.weight @ y, y, calibration.weight)
    want, design = SAMPLING["variance_total_votes_1"][distance], structure("srs_ratio", "fpc")
    calibev = residual(linear, replace(calibration, base=calibration.weight)).expanded
    np.testing.assert_allclose(linear.theta, want["estimate"], rtol=loose)
    np.testing.assert_allclose(stratified(calibev, design), [[want["calibev_g_weighted"]]], rtol=loose)
    ours = stratified(residual(linear, calibration).expanded, design)
    np.testing.assert_allclose(ours, [[want["survey_variance"]]], rtol=RELATIVE)


@pytest.mark.parametrize(("name", "factor"), [("srs_post_zone", "zone"), ("strat_post_size", "size_class")])
def test_poststrata_from_codes(name, factor):
    table, margin = SAMPLES[RESULTS[name]["sample"]], EXPECTED["margins"][factor]
    codes = table[factor].map({level: code for code, level in enumerate(margin["levels"])}).to_numpy(dtype=np.intp)
    columns = indicators(codes, len(margin["N"]))
    found = calibrate(numbers(table, "weight"), columns, np.array(margin["N"], float), names=margin["levels"])
    np.testing.assert_allclose(found.g, G[RESULTS[name]["sample"]][f"g_{name}"], rtol=RELATIVE)


@pytest.mark.parametrize("sample", ["srs", "strat"])
def test_two_complete_margins_are_raked_without_one_group(sample):
    table = SAMPLES[sample]
    groupings = [
        (pd.Categorical(table[factor], margin["levels"]).codes.astype(np.intp), np.array(margin["N"], float))
        for factor, margin in EXPECTED["margins"].items()
    ]
    found = calibrate(numbers(table, "weight"), *margins(*groupings), "raking")
    assert found.dropped.tolist() == [False] * 6 + [True]
    assert np.abs(found.unmet).max() < 1e-13  # the one left out is met too
    np.testing.assert_allclose(found.g, G[sample][f"g_{sample}_rake_cal"], rtol=RELATIVE)
    full, reduced = quantities(table, found), quantities(table, calibrated(f"{sample}_rake_cal"))
    np.testing.assert_allclose(full["shares"].influence, reduced["shares"].influence, rtol=1e-8, atol=1e-18)
