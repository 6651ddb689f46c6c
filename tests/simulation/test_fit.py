"""Constants from past nights: what a point scores, what is found, left out, and written."""

import json
import tomllib

import numpy as np
import pytest
from click.testing import CliRunner

from estimation.cli.backtest import backtest as command
from estimation.contest import EstimateTable, estimate_table
from estimation.errors import EstimationError
from estimation.simulation.backtest import plan_of, tabulate
from estimation.simulation.backtest.replay import replay_block, stage
from estimation.simulation.fit import (
    DEFAULT,
    ConstantValues,
    Fitted,
    LeftOut,
    fit_constants,
    fit_document,
    fit_verdict,
    past,
    past_nights,
    score,
    snippet,
)
from estimation.simulation.fit.search import Scores


def plan(contest, arrival="random", n=80, received="0.2,0.5", replicates=12):
    design = {"n": n, "method": "simple", "seed": "5"}
    return plan_of(
        contest, design=design, estimators=["multilevel"], arrival=arrival, received=received, replicates=replicates
    )


def test_phi_multiplies_the_default_pair():
    assert DEFAULT.table == {"delta": 0.05, "tau": 0.1, "kappa": 0.75, "phi": (0.04, 0.06)}
    assert ConstantValues(0.05, 0.2, 0.5, 2.0).table == {"delta": 0.05, "tau": 0.2, "kappa": 0.5, "phi": (0.08, 0.12)}
    assert EstimateTable().delta == DEFAULT.delta


def test_the_defaults_score_what_a_backtest_says(large):
    asked = plan(large.contest)
    at = stage(large, asked)
    found = score(past(at, "large"), DEFAULT)
    table = tabulate(large, asked, replay_block(at, 0))
    shares = table[table["quantity"].str.startswith("share:")]
    np.testing.assert_allclose(found.score, shares["interval_score"])
    np.testing.assert_allclose(found.covered, shares["coverage"])


def test_a_larger_bias_is_a_wider_interval(large):
    own = past(stage(large, plan(large.contest)), "large")
    calm, wide = score(own, DEFAULT._replace(delta=0.0)), score(own, DEFAULT._replace(delta=0.4))
    assert (wide.covered >= calm.covered).all()
    assert wide.covered.mean() == 1


def test_scores_are_relative_and_elections_count_alike(large):
    own = stage(large, plan(large.contest, received="0.5", replicates=4))
    nights = [past(own, "a", "1"), past(own, "a", "2"), past(own, "b", "3")]
    scores = Scores(nights)
    assert scores.by == "election"
    np.testing.assert_array_equal(scores.relative(DEFAULT, range(3)), [1, 1])
    other = DEFAULT._replace(delta=0.4)
    own_score, default = scores.at(0, other).score, scores.at(0, DEFAULT).score
    np.testing.assert_allclose(scores.relative(other, range(3)), np.exp(np.log(own_score / default).mean()))


def test_a_census_says_nothing(large):
    at = stage(large, plan(large.contest, n=1200, received="1", replicates=2))
    scores = Scores([past(at, "large")])
    np.testing.assert_array_equal(scores.relative(DEFAULT._replace(delta=0.4), [0]), [1])


def test_one_night_can_not_be_left_out(large):
    found = fit_constants([past(stage(large, plan(large.contest, received="0.5", replicates=6)), "large")])
    assert found.ranges is None
    assert found.left_out == ()
    assert not found.better
    assert found.score <= 1
    assert fit_verdict(found)[-1] == "one night only, nothing could be left out: keep the defaults until there are more"
    assert "# delta = " in snippet(found, "1")  # commented out
    assert fit_document(found, "1")["left_out_score"] is None


@pytest.mark.slow
def test_strongholds_first_ask_for_more_bias_than_chance_does(large):
    def delta(arrival):
        asked = plan(large.contest, arrival, n=200, received="0.25,0.5", replicates=40)
        return fit_constants([past(stage(large, asked), "large")]).point.delta

    assert delta("random") <= 0.1 < delta("adverse=0.5")


@pytest.fixture
def fitted():
    """Three elections on which smaller constants did better each time."""
    point = ConstantValues(0.05, 0.1, 0.75, 0.5)
    ranges = {"delta": (0.03, 0.07), "tau": (0.05, 0.2), "kappa": (0.0, 1.0), "phi": (0.25, 1.0)}
    left = tuple(LeftOut(name, point, value, 0.95, 0.98) for name, value in (("a", 0.9), ("b", 0.92), ("c", 0.88)))
    return Fitted(point, ranges, 0.89, 0.951, 0.981, left, "election", 3)


def test_the_verdict_by_hand(fitted):
    assert fitted.left_out_score == pytest.approx(0.9)
    assert fitted.better  # log scores -0.105 (0.022): far below 2.92 standard errors of 0.013
    assert fit_verdict(fitted) == [
        "interval score 0.890 of the defaults' on the nights fitted to; coverage 95.1%, of the defaults 98.1%",
        "leaving out each election in turn: score 0.900 of the defaults', coverage 95.0%, of the defaults 98.0%",
        "better than the defaults beyond chance where left out: use them",
    ]


def test_chance_is_no_reason_to_change(fitted):
    scattered = tuple(one._replace(score=value) for one, value in zip(fitted.left_out, (0.7, 1.2, 0.95), strict=True))
    doubtful = Fitted(fitted.point, fitted.ranges, 0.89, 0.95, 0.98, scattered, "election", 3)
    assert doubtful.left_out_score < 1
    assert not doubtful.better
    assert fit_verdict(doubtful)[-1].endswith("keep the defaults")
    assert tomllib.loads(snippet(doubtful, "1")) == {"estimate": {}}


def test_the_snippet_is_what_a_contest_takes(fitted):
    text = snippet(fitted, "9.9")
    table = estimate_table(EstimateTable(), tomllib.loads(text)["estimate"])
    assert (table.delta, table.tau, table.kappa, table.phi) == (0.05, 0.1, 0.75, (0.02, 0.03))
    assert "delta = 0.05  # 0.03 … 0.07 can't be told apart" in text
    assert "phi = [0.02, 0.03]  # the default pair times 0.25 … 1 can't be told apart" in text
    assert text.startswith("# Fitted to 3 past nights by `quickcount backtest --fit`, version 9.9.\n")


def test_areas_of_one_night_flatter(fitted):
    own = Fitted(fitted.point, fitted.ranges, 0.89, 0.95, 0.98, fitted.left_out, "area", 3)
    assert "one election only: its areas are alike, so that this flatters" in fit_verdict(own)


def test_without_a_night_there_is_nothing_to_fit():
    with pytest.raises(EstimationError, match="no past night to fit to: name a contest folder with an official result"):
        fit_constants([])


def test_areas_become_nights(large):
    nights, small = past_nights(large.contest, plan(large.contest, n=20, replicates=2), by="district")
    assert len(nights) == 12
    assert {len(one.at.population.frame) for one in nights} == {100}
    assert nights[0].area == "P / R / D0"
    assert small == []


@pytest.mark.parametrize(
    ("by", "says"),
    [
        ("distrct", "--by 'distrct' is no area level: levels are province, regency, district, village"),
        ("village", "no area of level village has the 80 stations of a sample: take a smaller --n"),
    ],
)
def test_areas_that_can_not_be(large, by, says):
    with pytest.raises(EstimationError, match=says):
        past_nights(large.contest, plan(large.contest), by=by)


@pytest.mark.slow
def test_the_command_fits_and_writes(large, tmp_path):
    file = tmp_path / "fit.json"
    design = ["--n", "30", "--method", "simple", "--replicates", "4", "--received", "0.5"]
    asked = [str(large.contest.folder), "--fit", "--by", "district", *design, "--json", str(file)]
    done = CliRunner().invoke(command, asked)
    assert done.exit_code == 0, done.output
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["schema"] == "fit/1"
    assert written["nights"] == 12
    assert written["left_out_by"] == "area"
    assert len(written["left_out"]) == 12
    text = (large.contest.out / "estimate.toml").read_text(encoding="utf-8")
    assert text.splitlines()[-5] == "[estimate]"
