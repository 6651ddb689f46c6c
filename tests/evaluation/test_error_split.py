"""The miss, taken apart: by hand, exactly additive whatever the estimator, and nothing where nothing is wrong."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.estimators.catalogue import COMPARED
from estimation.evaluation import Evaluation, evaluate
from estimation.evaluation.error_split import PARTS
from estimation.simulation.showcase import MOMENT

SHARE = (  # of the first candidate, in each step: see conftest
    (4 / 3 * (312 + 335) + 2 * 209) / 2400,  # as sent; station 9 is out, so the weight of C is 2
    (4 / 3 * (312 + 315) + 2 * 209) / 2400,  # with the 102 votes of station 2 in place of 122
    4 / 3 * (312 + 315 + 318) / 2400,  # with station 9, weight 4/3 for all
    1166 / 2200,
    1466 / 2600,
)


def test_by_hand(by_hand) -> None:
    found = evaluate(load_contest(by_hand())).split
    np.testing.assert_allclose(found.steps[:, 0], SHARE, rtol=1e-12)
    assert PARTS == ("recording", "early", "sampling", "frame")
    # 0.0111 - 0.0025 - 0.005 - 0.0338 of the share; of the lead twice that
    expected = [4 / 3 * 20 / 2400, -6 / 2400, 0.525 - 0.53, 0.53 - 1466 / 2600]
    np.testing.assert_allclose(found.parts[:, 0], expected, rtol=1e-10)
    np.testing.assert_allclose(found.parts[:, 2], 2 * np.array(expected), rtol=1e-10)
    assert found.total[0] == pytest.approx(SHARE[0] - SHARE[4])
    assert (found.taken_as_sent, found.undrawn, found.why) == (0, 0, "")


def test_the_complete_sample_is_the_design_s_own_estimate(by_hand) -> None:
    one = evaluate(load_contest(by_hand())).at_the_end("lead")
    assert one.estimate == pytest.approx(0.05)
    # d = y1 - y2 - θ 200: within A, B and C -6, 0, 6, variance 36; N²(1 - n/N)/n · 36 each, over 2400²
    assert one.se == pytest.approx(np.sqrt(3 * 16 * 0.25 / 3 * 36) / 2400)


def test_a_station_without_an_official_count_keeps_its_return(by_hand) -> None:
    official = {tps: votes for tps, votes in by_hand.official.items() if tps != "0002"}
    found = evaluate(load_contest(by_hand(official=official))).split
    assert (found.taken_as_sent, found.undrawn) == (1, 1)
    assert found.parts[0, 0] == 0.0
    # the complete sample has to do without it: B has two in, weight 2
    assert found.steps[2, 0] == pytest.approx((4 / 3 * (312 + 318) + 2 * 213) / 2400)


def test_an_estimate_from_two_columns_of_three_candidates(by_hand) -> None:
    sent = {i: (50, 60 + i, 90 - i) for i in by_hand.sent}
    official = {f"{i:04d}": (50, 60 + i, 90 - i) for i in range(1, 13)}
    e = evaluate(load_contest(by_hand(sent=sent, official=official)))
    lead = e.split.names.index("lead")
    assert [candidate.number for candidate in e.official.pair] == [3, 2]
    np.testing.assert_allclose(e.split.parts[:, lead], e.split.parts[:, 2] - e.split.parts[:, 1], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(e.split.parts[:, 0], 0, atol=1e-15)


def test_a_census_counted_right_has_no_error(by_hand) -> None:
    votes = {i: (100 + i, 100 - i) for i in range(1, 13)}
    toml = by_hand.toml + '[returns]\nasked = "all"\n'
    official = {f"{i:04d}": v for i, v in votes.items()}
    e = evaluate(load_contest(by_hand(sent=votes, official=official, toml=toml)))
    np.testing.assert_allclose(e.split.parts, 0, atol=1e-15)
    assert all(one.held for one in e.quantities)


def test_nothing_projected_nothing_split(by_hand) -> None:
    e = evaluate(load_contest(by_hand(sent={1: by_hand.sent[1]})))
    assert np.isnan(e.split.steps[:3]).all()
    assert e.split.steps[4, 0] == pytest.approx(1466 / 2600)
    assert e.split.why == e.projection.call.reasons[0].text
    assert (e.lead.held, e.leader_right, e.call_right) == (None, None, None)


@pytest.fixture(scope="module")
def disturbed(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Evaluation]:
    """The demo at 18.30 with stations taken out of the official result and of the frame's knowledge, misread ones."""
    import pandas as pd

    rng = np.random.default_rng(7)
    table = pd.read_csv(demo / "official.csv", dtype={"tps_id": str})
    wrong = rng.random(len(table)) < 0.3
    shift = rng.integers(-30, 30, len(table)).clip(-table["votes_1"], table["votes_2"])
    table["votes_1"] += np.where(wrong, shift, 0)
    table["votes_2"] -= np.where(wrong, shift, 0)
    table = table[rng.random(len(table)) > 0.05]
    table.loc[table.index[::40], "tps_id"] = [f"X{i}" for i in range(len(table.index[::40]))]
    path = tmp_path_factory.mktemp("disturbed") / "official.csv"
    table.to_csv(path, index=False)
    contest, at = load_contest(demo), datetime.fromisoformat(MOMENT)
    return lambda name: evaluate(contest, official=path, as_of=at, estimate={"estimator": name})


@pytest.mark.parametrize("name", COMPARED)
def test_the_four_errors_add_up_for_every_estimator(disturbed: Callable[[str], Evaluation], name: str) -> None:
    e = disturbed(name)
    assert e.projection.estimator == name
    assert np.isfinite(e.split.parts).all()
    assert (np.abs(e.split.parts[:, 2]) > 1e-5).all()
    misses = [one.miss for one in e.quantities]
    np.testing.assert_allclose(e.split.parts.sum(axis=0), misses, atol=1e-14)
    np.testing.assert_allclose(e.split.parts[:, :2].sum(axis=1), 0, atol=1e-14)  # of two shares that sum to one
    assert e.official.outside > 0
    assert e.split.taken_as_sent > 0


def test_returns_that_are_the_official_counts_have_no_recording_error(by_hand) -> None:
    right = by_hand.sent | {2: (102, 98)}
    official = {f"{i:04d}": (100 + i, 100 - i) for i in range(1, 13)}
    e = evaluate(load_contest(by_hand(sent=right, official=official)))
    assert e.recording.stations == ()
    assert (e.split.parts[0] == 0).all()
    assert (e.split.parts[3] == 0).all()  # and every station of the frame has an official count
    assert e.split.parts[1, 0] == pytest.approx(-6 / 2400)
