"""Estimators by name: their weights against R survey, by hand, and what stands in their way."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.contest import EstimateTable
from estimation.errors import EstimateError
from estimation.estimators import design_weighting, estimate, swing, weigh
from estimation.estimators.controls import controls_for, lay
from estimation.estimators.weighting import TooManyControlsError
from estimation.frame import Frame
from estimation.returns import Counts
from estimation.rules import Findings, Notice
from estimation.sampling import strata_by
from estimation.survey import Structure
from estimation.survey.variance import stratified

REFERENCE = Path(__file__).parents[1] / "reference"
EXPECTED = json.loads((REFERENCE / "expected_calibration.json").read_text(encoding="utf-8"))["results"]
STRAT = json.loads((REFERENCE / "expected_strat120.json").read_text(encoding="utf-8"))
POPULATION = pd.read_csv(REFERENCE / "population.csv")
SAMPLE = pd.read_csv(REFERENCE / "sample_strat120.csv")
G = pd.read_csv(REFERENCE / "expected_gweights_strat120.csv")
NUMBERS = [1, 2, 3]
RELATIVE = 1e-9  # as tests/survey: closed formulas, or Newton to rounding


def frame_of(table: pd.DataFrame, **columns: object) -> Frame:
    areas = {"province": "P", "regency": "R", "tps": "001"}
    known = table.assign(**areas, **columns)
    return Frame(known.astype({"registered": "float64"}), "0" * 64, Findings.none())


FRAME = frame_of(POPULATION)
ROWS = FRAME.rows_of(SAMPLE["tps_id"])
STRATA = strata_by(FRAME, "district")


def counts(table: pd.DataFrame = SAMPLE) -> Counts:
    votes = table[["votes_1", "votes_2", "votes_3"]].to_numpy(dtype=np.float64)
    invalid, ballots, registered = (table[c].to_numpy(dtype=np.float64) for c in ("invalid", "ballots", "registered"))
    here = np.ones(len(table), dtype=np.bool_)
    return Counts(votes, invalid, ballots, registered, here, ~here)


def structure() -> Structure:
    return Structure(SAMPLE["weight"].to_numpy(dtype=np.float64), STRATA.codes[ROWS], STRATA.size)


def weighed(name, *auxiliaries, frame=FRAME, design=None, **options):
    table = EstimateTable(auxiliaries=auxiliaries, **options)
    return weigh(name, frame, ROWS, STRATA, design or structure(), table)


FULL = ("registered by district", "baseline_1", "baseline_2", "baseline_3")


@pytest.mark.parametrize(
    ("r", "name", "auxiliaries", "options"),
    [
        ("strat_dist_linear", "calibrated", FULL[:1], {}),
        ("strat_full_linear", "calibrated", FULL, {}),
        ("strat_full_raking", "calibrated", FULL, {"distance": "raking"}),
        ("strat_mid_linear", "calibrated", ("registered by zone", *FULL[1:]), {}),
        ("strat_post_size", "poststratified", ("size_class",), {}),
        ("strat_rake_cal", "raked", ("zone", "size_class"), {}),
    ],
)
def test_estimates_and_errors_equal_r(r, name, auxiliaries, options):
    weighting = weighed(name, *auxiliaries, leverage=False, **options)
    np.testing.assert_allclose(weighting.calibration.g, G[f"g_{r}"], rtol=1e-8)
    found, want = estimate(counts(), weighting, NUMBERS), EXPECTED[r]
    part = want.get("fpc", want)
    np.testing.assert_allclose(found.theta[:3], part["shares"]["est"], rtol=RELATIVE)
    np.testing.assert_allclose(found.se[:3], part["shares"]["se"], rtol=RELATIVE)


def test_residuals_are_made_as_large_as_errors():
    """Between R's, which were fitted, and a jackknife's, which leaves out more than was fitted (HC2 and HC3)."""
    table = pd.read_csv(REFERENCE / "sample_srs60.csv")
    rows = FRAME.rows_of(table["tps_id"])
    weight = table["weight"].to_numpy(dtype=np.float64)
    design = Structure(weight, np.zeros(60, dtype=np.intp), np.array([1008.0]), "simple")

    def se(**options):
        asked = EstimateTable(auxiliaries=("stations by zone", "registered by zone"), **options)
        return estimate(counts(table), weigh("calibrated", FRAME, rows, STRATA, design, asked), NUMBERS, asked).se[:3]

    plain_se, made, left_out = se(leverage=False), se(), se(leverage=False, variance="jackknife")
    assert np.all(plain_se < made)
    assert np.all(made < left_out)
    # eight totals on 60 stations: (1 - 1/60) / (1 - 8/60) of the variance on average
    np.testing.assert_allclose(made / plain_se, np.sqrt((1 - 1 / 60) / (1 - 8 / 60)), rtol=0.02)


def test_the_separate_ratio_brings_each_stratum_to_its_roll():
    weighting = weighed("separate")
    assert weighting.controls == ("registered by stratum",)
    w, x = SAMPLE["weight"], SAMPLE["registered"]
    roll = POPULATION.groupby("district")["registered"].sum()
    estimated = (w * x).groupby(SAMPLE["district"]).sum()
    np.testing.assert_allclose(weighting.calibration.g, SAMPLE["district"].map(roll / estimated), rtol=1e-12)
    votes, valid = ((w * SAMPLE[c]).groupby(SAMPLE["district"]).sum() for c in ("votes_1", "valid"))
    by_hand = (roll * votes / estimated).sum() / (roll * valid / estimated).sum()
    assert estimate(counts(), weighting, NUMBERS).theta[0] == pytest.approx(by_hand, rel=1e-12)


def test_what_the_defaults_calibrate_on():
    assert weighed("ratio").calibration is None
    assert weighed("poststratified").controls == ("registered/3",)
    assert weighed("raked").controls == ("district", "registered/3")
    without = POPULATION.drop(columns=["baseline_1", "baseline_2", "baseline_3"])
    assert weighed("calibrated", frame=frame_of(without)).controls == ("stations by stratum", "registered")
    assert weighed("calibrated").controls[-1] == "baseline"


def test_the_earlier_election_counts_as_shares_of_the_roll():
    shares = POPULATION[["baseline_1", "baseline_2", "baseline_3"]]
    shares = shares.div(shares.sum(axis=1), axis=0)
    frame = frame_of(POPULATION.assign(**shares))
    found = controls_for(frame, ("baseline",), STRATA)
    assert [part.name for part in found.parts] == ["baseline_1", "baseline_2", "baseline_3"]
    assert sum(np.sum(part.values) for part in found.parts) == pytest.approx(POPULATION["registered"].sum())


def test_a_station_without_the_quantity_has_the_mean_of_its_cell():
    first = POPULATION.index[POPULATION["district"] == "D01"][0]
    registered = POPULATION["registered"].astype("float64")
    registered[first] = np.nan
    found = controls_for(frame_of(POPULATION.assign(registered=registered)), ("registered by district",), STRATA)
    others = registered[POPULATION["district"] == "D01"].mean()
    filled = np.asarray(found.parts[0].values)
    assert filled[first] == pytest.approx(others)
    assert [(note.code, dict(note.values)) for note in found.notes] == [("W319", {"column": "registered", "count": 1})]


def test_where_no_roll_is_known_calibration_goes_on_to_what_is():
    shares = POPULATION[["baseline_1", "baseline_2", "baseline_3"]]
    shares = shares.div(shares.sum(axis=1), axis=0)
    frame = frame_of(POPULATION.assign(**shares, registered=np.nan))
    found = weighed("calibrated", frame=frame)
    assert found.controls == ("stations by stratum", "baseline")
    assert found.notes[-1] == Notice("W326", {"controls": "stations by stratum, baseline"})
    # the earlier shares count alike at every station
    np.testing.assert_allclose(found.weight @ shares.to_numpy()[ROWS], shares.to_numpy().sum(axis=0), rtol=1e-9)
    # and say as much of the votes as they would with the roll: smaller errors than without them
    assert np.all(
        estimate(counts(), found, NUMBERS).se[:3] < estimate(counts(), design_weighting(structure()), NUMBERS).se[:3]
    )


def test_numbers_of_stations_alone_are_the_ratio():
    bare = POPULATION.drop(columns=["baseline_1", "baseline_2", "baseline_3"]).assign(registered=np.nan)
    found = weighed("calibrated", frame=frame_of(bare))
    assert (found.controls, found.notes) == (
        ("stations by stratum",),
        (Notice("W327", {"controls": "stations by stratum"}),),
    )
    np.testing.assert_allclose(found.weight, structure().weight, rtol=1e-12)  # N_h / n_h meets them already
    with pytest.raises(EstimateError, match=r"registered by stratum: registered voters are known of no station: put"):
        weighed("separate", frame=frame_of(bare))


def test_a_cell_with_one_station_in_joins_its_neighbour():
    design = structure()
    kept = (SAMPLE["district"] != "D02").to_numpy() | (np.cumsum(SAMPLE["district"] == "D02") == 1).to_numpy()
    thin = replace(design, weight=np.where(kept, design.weight, 0.0))
    laid = lay(controls_for(FRAME, ("stations by district",), STRATA), ROWS, thin.inside)
    assert (len(laid.names), laid.joined) == (16, 1)
    size = POPULATION["district"].value_counts()
    assert laid.totals[1] == size["D02"] + size["D03"]
    assert laid.names[1].endswith("P / R / D02 + P / R / D03")


def test_replicates_in_front_equal_single_nights():
    design = structure()
    rng = np.random.default_rng(4)
    weight = np.stack([np.where(rng.random(len(SAMPLE)) < p, design.weight, 0.0) for p in (1.0, 0.8, 0.5)])
    table = EstimateTable(auxiliaries=("stations by district", "registered"))
    rows = np.broadcast_to(ROWS, weight.shape)
    many = weigh("calibrated", FRAME, rows, STRATA, replace(design, weight=weight), table)
    for r in range(3):
        single = weigh("calibrated", FRAME, ROWS, STRATA, replace(design, weight=weight[r]), table)
        np.testing.assert_allclose(many.weight[r], single.weight, rtol=1e-9)


def test_a_census_has_the_true_shares_and_no_error():
    everybody = frame_of(POPULATION)
    votes = POPULATION[["votes_1", "votes_2", "votes_3"]].to_numpy(dtype=np.float64)
    ones = np.ones(len(POPULATION))
    full = counts(POPULATION.assign(ballots=votes.sum(axis=1) + POPULATION["invalid"]))
    design = Structure(ones, STRATA.codes, STRATA.size)
    for name in ("ratio", "separate", "poststratified", "raked", "calibrated"):
        found = estimate(full, weigh(name, everybody, np.arange(len(ones)), STRATA, design), NUMBERS)
        np.testing.assert_allclose(found.theta[:3], votes.sum(axis=0) / votes.sum(), rtol=1e-9)
        np.testing.assert_allclose(found.se, 0, atol=1e-12)


def test_totals_that_bearable_weights_cannot_meet_are_met_as_nearly_as_they_allow():
    weighting = weighed("calibrated", "registered by district", "baseline_1", bounds=(0.97, 1.03))
    assert weighting.calibration.g.min() >= 0.97 - 1e-6
    assert weighting.calibration.g.max() <= 1.03 + 1e-6
    codes = [note.code for note in weighting.notes]
    assert codes == ["W323"]
    (note,) = weighting.notes
    assert dict(note.values)["percent"] > 0


def test_swing_pairs_the_stations():
    before = SAMPLE[["baseline_1", "baseline_2", "baseline_3"]].to_numpy(dtype=np.float64)
    found = swing(counts(), before, design_weighting(structure()), NUMBERS)
    w = SAMPLE["weight"].to_numpy()
    now, then = (votes.T @ w / (votes.sum(axis=1) @ w) for votes in (counts().votes, before))
    assert found.names == ("swing:1", "swing:2", "swing:3")
    np.testing.assert_allclose(found.theta, now - then, rtol=1e-12)
    # the influence of a difference is the difference of the influences
    u = (counts().votes - now * counts().valid[:, None]) / (counts().valid @ w)
    v = (before - then * before.sum(axis=1)[:, None]) / (before.sum(axis=1) @ w)
    np.testing.assert_allclose(found.cov, stratified(w[:, None] * (u - v), structure()), rtol=1e-9)
    assert found.se[0] < estimate(counts(), design_weighting(structure()), NUMBERS).se[0] * 1.5


@pytest.mark.parametrize("variance", ["jackknife", "bootstrap"])
def test_replicates_agree_with_the_linearised_variance(variance):
    table = EstimateTable(variance=variance, replicates=2000)
    for name in ("ratio", "separate"):
        weighting = weigh(name, FRAME, ROWS, STRATA, structure())
        linear, again = (estimate(counts(), weighting, NUMBERS, t) for t in (EstimateTable(), table))
        np.testing.assert_allclose(again.theta, linear.theta, rtol=1e-12)
        np.testing.assert_allclose(again.se, linear.se, rtol=0.06)  # 2,000 replicates: Monte-Carlo error 1.6 %


def test_what_stands_in_the_way_is_named():
    with pytest.raises(EstimateError, match="auxiliary 'registred' is not in the frame: did you mean 'registered'"):
        weighed("calibrated", "registred by district")
    with pytest.raises(EstimateError, match="auxiliary 'village' is not numeric"):
        weighed("calibrated", "village by district")
    later = frame_of(POPULATION[[name for name in POPULATION if not name.startswith("baseline")]])
    with pytest.raises(EstimateError, match=r"the contest has no earlier election: add baseline\.csv, or leave it out"):
        weighed("calibrated", "baseline", frame=later)
    with pytest.raises(TooManyControlsError, match="51 control totals for 120 stations in: at most a third as many"):
        weighed("calibrated", "stations by district", "registered by district", "baseline_1 by district")
    with pytest.raises(EstimateError, match="the earlier election has 2 columns for 3 candidates"):
        swing(counts(), np.ones((120, 2)), design_weighting(structure()), NUMBERS)
