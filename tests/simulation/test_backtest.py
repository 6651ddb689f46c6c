"""Replayed nights: scores and calls by hand, what a table says of them, and contests small enough to enumerate."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.errors import EstimationError
from estimation.simulation.backtest import (
    BacktestPlan,
    Replay,
    backtest,
    backtest_document,
    backtest_summary,
    first_calls,
    interval_score,
    plan_of,
    tabulate,
)
from estimation.simulation.backtest.coverage_table import judge_quantity
from estimation.simulation.backtest.replay import draw_block, night_of, replay_block, stage, true_quantities
from estimation.simulation.population import open_population

OFFICIAL = "tps_id,votes_1,votes_2,invalid,total\n"


@pytest.fixture
def tiny(make_contest):
    """Four stations of 100 valid votes; shares of the first 0.1, 0.6, 0.2 and 0.3: 0.3 in all, a lead of 0.4."""
    folder = make_contest(stations=4)
    rows = "0001,10,90,5,105\n0002,60,40,0,100\n0003,20,80,0,100\n0004,30,70,2,102\n"
    (folder / "official.csv").write_text(OFFICIAL + rows, encoding="utf-8")
    return load_contest(folder)


def simple(contest, n, replicates=200, **asked) -> BacktestPlan:
    design = {"n": n, "method": "simple", "seed": "7"}
    return plan_of(contest, design=design, replicates=replicates, **{"estimators": ["ratio"], **asked})


def test_interval_score_by_hand():
    # width 0.2; below by 0.1 and above by 0.05: 2 / 0.05 = 40 times as much is added
    low, high = np.array([0.4, 0.6, 0.25]), np.array([0.6, 0.8, 0.45])
    np.testing.assert_allclose(interval_score(low, high, 0.5, 0.95), [0.2, 0.2 + 40 * 0.1, 0.2 + 40 * 0.05])
    np.testing.assert_allclose(interval_score(low, high, 0.5, 0.8)[1], 0.2 + 10 * 0.1)


def test_judged_by_hand():
    theta, variance = np.array([0.5, 0.7, np.nan]), np.array([0.01, 0.03, np.nan])
    low, high = np.array([0.4, 0.6, np.nan]), np.array([0.6, 0.9, np.nan])
    said = judge_quantity(theta, variance, low, high, 0.5, 0.95)
    assert said["nights"] == 2  # the third says nothing
    assert said["bias"] == pytest.approx(0.1)
    assert said["true_se"] == pytest.approx(np.sqrt(0.02))
    assert said["mean_se"] == pytest.approx(np.sqrt(0.02))
    assert said["coverage"] == 0.5
    assert (said["coverage_low"], said["coverage_high"]) == pytest.approx((0.012579, 0.987421), abs=1e-6)
    assert said["half_width"] == pytest.approx(0.125)
    assert said["interval_score"] == pytest.approx((0.2 + 0.3 + 40 * 0.1) / 2)


def test_a_quantity_of_one_night_is_not_judged():
    one, none = np.array([0.5, np.nan]), np.array([np.nan, np.nan])
    assert judge_quantity(one, one, one, one, 0.5, 0.95)["nights"] == 1
    assert np.isnan(judge_quantity(none, none, none, none, 0.5, 0.95)["coverage"])


@pytest.fixture
def handmade(tiny):
    """Four nights, two parts; called: never, rightly at half, wrongly at half and then not, rightly at the end."""
    population = open_population(tiny)
    plan = simple(tiny, 2, 4, received="0.5,1")
    q = len(true_quantities(population)[0])
    flat = np.full((4, 1, 2, q), 0.3)
    called = np.array([[0, 0], [1, 1], [1, 0], [0, 1]], bool)[:, None]
    wrong = np.array([[0, 0], [0, 0], [1, 0], [0, 0]], bool)[:, None]
    return population, plan, Replay(flat, flat, flat - 0.1, flat + 0.1, called, wrong)


def test_calls_by_hand(handmade):
    table = tabulate(*handmade)
    lead = table[table["quantity"] == "lead"]
    assert lead["call_rate"].tolist() == [0.5, 0.5]
    assert lead["wrong_call_rate"].tolist() == [0.25, 0.25]  # once wrong stays wrong
    assert lead["never_called_rate"].tolist() == [0.5, 0.25]
    assert table.loc[table["quantity"] != "lead", "call_rate"].isna().all()


def test_the_first_right_call_is_a_median_over_all_nights(handmade):
    _, plan, replay = handmade
    assert first_calls(plan, replay) == {"ratio": 1.0}  # at half in one night, at the end in another, never in two
    none = replay._replace(called=np.zeros_like(replay.called))
    assert first_calls(plan, none) == {"ratio": None}


def test_coverage_of_the_handmade_nights(handmade):
    table = tabulate(*handmade).set_index(["received", "quantity"])
    assert table.loc[(1.0, "share:1"), "coverage"] == 1.0  # 0.2 … 0.4 holds 0.3
    assert table.loc[(1.0, "share:2"), "coverage"] == 0.0
    assert table.loc[(1.0, "share:2"), "interval_score"] == pytest.approx(0.2 + 40 * 0.3)
    assert table.loc[(1.0, "lead"), "truth"] == pytest.approx(0.4)


def test_every_sample_of_two_is_one_of_six(tiny):
    population, replay = backtest(tiny, simple(tiny, 2, received="1"))
    share = np.array([0.1, 0.6, 0.2, 0.3])
    possible = [share[list(pair)].mean() for pair in combinations(range(4), 2)]
    found = np.unique(replay.theta[:, 0, 0, 0].round(9))
    np.testing.assert_allclose(found, np.unique(np.round(possible, 9)))
    table = tabulate(population, simple(tiny, 2, received="1"), replay).set_index("quantity")
    # Cochran's variance (1 - n/N) S²/n with S² = 0.14/3; 200 nights leave the standard deviation 5 % open
    assert table.loc["share:1", "true_se"] == pytest.approx(np.sqrt(0.5 * 0.14 / 3 / 2), rel=0.15)
    assert table.loc["share:1", "mean_se"] == pytest.approx(np.sqrt(0.5 * 0.14 / 3 / 2), rel=0.15)


@pytest.mark.parametrize("estimator", ["ratio", "multilevel"])
def test_a_census_has_neither_error_nor_width(tiny, estimator):
    plan = simple(tiny, 4, 3, received="1", estimators=[estimator])
    population, replay = backtest(tiny, plan)
    table = tabulate(population, plan, replay)
    table = table[table["quantity"] != "turnout"]
    assert table["coverage"].tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_allclose(table[["bias", "true_se", "mean_se", "half_width", "interval_score"]], 0, atol=1e-9)


def test_the_truth_is_that_of_all_stations(tiny):
    names, truth = true_quantities(open_population(tiny))
    assert names == ("share:1", "share:2", "lead", "turnout")
    np.testing.assert_allclose(truth, [0.3, 0.7, 0.4, 407 / (301 + 302 + 303 + 304)])


def test_nights_that_say_nothing_leave_the_others_alone(large):
    # calibration to stations by district needs each of the twelve; at a tenth of 60 that is never so, at half rarely
    plan = plan_of(
        large.contest,
        design={"n": 60, "strata": "district", "method": "stratified", "seed": "2"},
        estimators=["calibrated", "ratio"],
        received="0.4,0.6",
        replicates=40,
    )
    replay = replay_block(stage(large, plan), 0)
    said = np.isfinite(replay.theta[:, 0, :, 0]).mean(axis=0)
    assert 0 < said[0] < 1
    assert np.isfinite(replay.theta[:, 1, :, 0]).all()
    table = tabulate(large, plan, replay)
    row = table[(table["estimator"] == "calibrated") & (table["quantity"] == "lead")].iloc[0]
    assert row["nights"] == round(said[0] * 40)


def test_the_plans_rule_decides_about_calls(make_contest):
    folder = make_contest(stations=60)
    rows = "".join(f"{i:04d},{80 + i % 5},{20 - i % 5},0,100\n" for i in range(1, 61))
    (folder / "official.csv").write_text(OFFICIAL + rows, encoding="utf-8")
    contest = load_contest(folder)

    def rates(**estimate):
        plan = simple(contest, 40, 20, received="0.5,1", estimate=estimate)
        population, replay = backtest(contest, plan)
        table = tabulate(population, plan, replay)
        lead = table[table["quantity"] == "lead"]
        assert (lead["wrong_call_rate"] == 0).all()
        return lead["call_rate"].tolist()

    assert rates() == [1.0, 1.0]
    assert rates(min_received=0.6) == [0.0, 1.0]


def test_a_roll_that_nobody_knows_is_no_obstacle(make_contest):
    frame = [
        {"tps_id": f"{i:03d}", "province": "P", "regency": "R", "district": "AB"[i % 2], "village": "V", "tps": f"{i}"}
        | {"registered": None}
        for i in range(30)
    ]
    folder = make_contest(stations=frame)
    rows = "".join(f"{i:03d},{40 + i},{60 - i},0,100\n" for i in range(30))
    (folder / "official.csv").write_text(OFFICIAL + rows, encoding="utf-8")
    contest = load_contest(folder)
    plan = simple(contest, 20, 5, received="0.5,1", estimators=["multilevel", "ratio"])
    population, replay = backtest(contest, plan)
    assert np.isfinite(replay.theta[..., :3]).all()
    assert np.isnan(true_quantities(population)[1][-1])
    assert "turnout" not in set(tabulate(population, plan, replay)["quantity"])


def test_the_headline_says_it_in_lines(tiny):
    plan = simple(tiny, 4, 3, received="1")
    lines = backtest_summary(*_ran(tiny, plan))
    assert lines[0].endswith("3 nights, n = 4, simple, arrival random")
    assert lines[2].split() == ["100%", "ratio", "100.0%", "0.00", "0.00", "100.0%", "0.00%"]
    assert lines[3] == "first right call, ratio: at 100% in the median night"


def test_the_document_has_the_promised_keys(tiny):
    plan = simple(tiny, 2, 10, received="0.5,1")
    written = backtest_document(*_ran(tiny, plan))
    assert written["schema"] == "backtest/1"
    assert written["replicates"] == 10
    assert written["stations"] == 4
    assert len(written["rows"]) == 2 * 4
    common = {"received", "estimator", "quantity", "truth", "bias", "true_se", "mean_se", "coverage", "coverage_low"}
    common |= {"coverage_high", "half_width", "interval_score", "nights", "design", "n", "arrival"}
    for row in written["rows"]:
        own = {"call_rate", "wrong_call_rate", "never_called_rate"} if row["quantity"] == "lead" else set()
        assert set(row) == common | own
        assert all(value is None or not isinstance(value, float) or np.isfinite(value) for value in row.values())
        assert (row["design"], row["n"], row["arrival"]) == ("simple", 2, "random")


def test_early_stations_are_small_where_size_decides(large):
    plan = plan_of(
        large.contest,
        design={"n": 60, "method": "simple", "seed": "1"},
        estimators=["ratio"],
        arrival="size=1",
        received="0.5",
        replicates=4,
    )
    at = stage(large, plan)
    drawn, keys = draw_block(at, 0)
    night, weight = night_of(at, drawn, keys, 0.5)
    rolls = large.frame.registered[night.rows]
    seen = night.counts.seen
    assert seen.sum(axis=1).tolist() == [30] * 4
    assert weight.tolist() == [[20.0] * 60] * 4
    for b in range(4):
        assert rolls[b][seen[b]].max() <= rolls[b][~seen[b]].min()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"estimators": ["rato"]}, "--estimator 'rato' is unknown: did you mean 'ratio'?"),
        ({"received": "half"}, "--received 'half': write parts of the sample such as 0.1,0.5,1"),
        ({"received": "0,1"}, r"--received takes parts of the sample in \(0, 1\]"),
        ({"received": "0.5,0.1"}, "--received: give each part once, the smallest first"),
        ({"received": "0.5,0.5"}, "--received: give each part once, the smallest first"),
        ({"level": 0.0}, "a level of 0.0 is no probability between 0 and 1"),
        ({"level": 1.0}, "a level of 1.0 is no probability between 0 and 1"),
        ({"estimate": {"drift": 2.0}}, r"\[estimate\] drift: 2.0 can't be used"),
        ({"replicates": 1}, "--replicates 1: at least 2 are needed"),
        ({"arrival": "sise"}, "did you mean 'size'"),
        ({"design": {"n": 9, "method": "simple"}}, "9"),
        (
            {"estimate": {"variance": "balanced"}},
            "variance 'balanced' needs a balanced sample, and method 'simple' does",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(tiny, asked, says):
    with pytest.raises(EstimationError, match=says):
        backtest(tiny, plan_of(tiny, **{"design": {"n": 2, "method": "simple"}, **asked}))


def test_values_of_nothing_are_taken_as_given(tiny):
    asked = plan_of(
        tiny, design={"n": 2, "method": "simple"}, estimate={"leverage": False, "drift": 0.0, "agree": False}
    )
    assert (asked.table.leverage, asked.table.drift, asked.table.agree) == (False, 0.0, False)


def test_without_an_official_result_there_is_nothing_to_replay(make_contest):
    contest = load_contest(make_contest(stations=4))
    with pytest.raises(EstimationError, match=r"there is no official result to simulate from: add official\.csv"):
        backtest(contest, plan_of(contest, design={"n": 2, "method": "simple"}))


def _ran(contest, plan):
    population, replay = backtest(contest, plan)
    return population, plan, replay


def test_the_table_has_one_row_for_each_part_estimator_and_quantity(large):
    plan = plan_of(large.contest, design={"n": 60, "seed": "1"}, estimators=["multilevel", "ratio"], replicates=4)
    table = tabulate(large, plan, replay_block(stage(large, plan), 0))
    assert len(table) == 3 * 2 * 4
    assert not table.duplicated(["received", "estimator", "quantity"]).any()
    assert isinstance(table, pd.DataFrame)
