"""Odd returns never break the predictor, and never make it say what can't be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimation.estimators.multilevel import model_frame, predict
from estimation.returns import Counts

LEVELS = (0.5, 0.95, 0.999)


def check(found, k):
    """Finite numbers, shares that add up to one, a covariance that is one, intervals that nest and stay inside."""
    assert np.all(np.isfinite(found.theta))
    assert np.all(np.isfinite(found.cov))
    assert np.all(found.theta >= 0)
    assert np.all(found.theta[..., :k] <= 1)
    np.testing.assert_allclose(found.theta[..., :k].sum(axis=-1), 1, rtol=1e-12)
    scale = found.variance.max()
    np.testing.assert_allclose(found.cov, np.swapaxes(found.cov, -1, -2), atol=1e-12 * max(scale, 1e-30))
    assert np.linalg.eigvalsh(found.cov).min() >= -1e-10 * max(scale, 1e-30)
    last = None
    for level in LEVELS:
        bounds = found.interval(level)
        assert np.all(bounds.low[..., :k] >= 0)
        assert np.all(bounds.high[..., :k] <= 1)
        assert np.all(bounds.low <= found.theta)
        assert np.all(found.theta <= bounds.high)
        if last is not None:
            assert np.all(bounds.low <= last.low)
            assert np.all(bounds.high >= last.high)
        last = bounds


@settings(max_examples=60)
@given(
    data=st.data(),
    k=st.integers(1, 5),
    n=st.integers(1, 30),
    unknown=st.sampled_from([0, 1, 5, 35]),
    order=st.sampled_from(["none", "ranks", "ties"]),
)
def test_any_counts_at_all(world, data, k, n, unknown, order):
    w = world(unknown=unknown)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    rows = rng.permutation(35)[:n]
    seen = rng.random(n) < data.draw(st.sampled_from([0.1, 0.5, 1.0]))
    votes = rng.integers(0, data.draw(st.sampled_from([2, 50, 500])), (n, k)) * (rng.random(k) < 0.7)
    seen[0], votes[0, 0] = True, max(votes[0, 0], 1)
    votes = np.where(seen[:, None], votes, 0).astype(float)
    invalid = np.where(seen & (rng.random(n) < 0.8), rng.integers(0, 20, n), np.nan)
    counts = Counts(votes, invalid, votes.sum(axis=1) + invalid, w.registered[rows], seen, ~seen)
    rank = {"none": None, "ranks": np.where(seen, np.cumsum(seen), np.nan), "ties": np.where(seen, 1.0, np.nan)}[order]
    check(predict(model_frame(w.frame), rows, counts, list(range(1, k + 1)), rank=rank), k)


@pytest.mark.parametrize("inside", [[0], [0, 11], [0, 1, 2, 3], [10], list(range(11))])
def test_few_and_lopsided_returns(world, inside):
    """One station in, two, all in one village, a village of one station, one district: strata without any return."""
    w = world(unknown=1)
    rows = np.arange(35)
    seen = np.isin(rows, inside)
    found = predict(model_frame(w.frame), rows, w.counts(rows, seen), [1, 2, 3])
    check(found, 3)
    whole = predict(model_frame(w.frame), rows, w.counts(rows, rows % 2 == 0), [1, 2, 3])
    assert np.all(found.se[:3] > whole.se[:3])


@pytest.mark.parametrize(
    "shares", [(0.6, 0.4), (0.99, 0.01), (0.12, 0.88), (0.466, 0.368, 0.088, 0.043, 0.013, 0.007, 0.006, 0.005, 0.004)]
)
@pytest.mark.parametrize("arrived", [3, 30, 300])
def test_two_to_nine_candidates_down_to_four_in_a_thousand(world, shares, arrived):
    w = world(tuple((10, 12, 9, 1) for _ in range(15)), shares, seed=4)
    rng = np.random.default_rng(2)
    rows = np.sort(rng.permutation(480)[:300])
    seen = np.isin(np.arange(300), rng.permutation(300)[:arrived])
    found = predict(model_frame(w.frame), rows, w.counts(rows, seen), list(range(1, len(shares) + 1)))
    check(found, len(shares))
    bounds = found.interval(0.9999)
    k = len(shares)
    assert np.all((bounds.low[:k] <= w.shares) & (w.shares <= bounds.high[:k]))


def test_a_candidate_without_a_vote_still_has_an_interval(world):
    w = world(shares=(0.7, 0.3))
    rows, seen = np.arange(20), np.arange(20) < 10
    counts = w.counts(rows, seen)
    votes = np.concatenate([counts.votes, np.zeros((20, 1))], axis=1)
    counts = Counts(votes, counts.invalid, counts.ballots, counts.registered, seen, ~seen)
    found = predict(model_frame(w.frame), rows, counts, [1, 2, 3])
    bounds = found.interval(0.95)
    out = 1 - seen.sum() / 35
    assert 0 < found.theta[2] < 2 * out / votes.sum()  # about 1/(votes + 2) of what is out
    assert bounds.low[2] < found.theta[2] < bounds.high[2] < 0.2
    assert found.interval(0.95, "logit").high[2] > 0.99  # which is why it is not the default


def test_turnout_is_left_out_with_a_reason(world):
    w = world(unknown=10)
    rows, seen = np.arange(20), np.arange(20) < 10
    found = predict(model_frame(w.frame), rows, w.counts(rows, seen), [1, 2, 3])
    assert (found.names[3:], [note.code for note in found.notes]) == (("invalid",), ["W307"])
    counts = w.counts(rows, seen)
    blank = np.full(20, np.nan)
    bare = Counts(counts.votes, blank, blank, counts.registered, seen, ~seen)
    found = predict(model_frame(world().frame), rows, bare, [1, 2, 3])
    assert (found.names, [note.code for note in found.notes]) == (("share:1", "share:2", "share:3"), ["W307", "W308"])
    asked = predict(model_frame(world().frame), rows, counts, [1, 2, 3], turnout=False)
    assert (asked.names, asked.notes) == (("share:1", "share:2", "share:3"), ())


def test_turnout_known_at_few_stations_is_independent_of_the_shares(world):
    w = world()
    rows, seen = np.arange(20), np.arange(20) < 12
    counts = w.counts(rows, seen)
    few = np.where(np.arange(20) < 6, counts.ballots, np.nan)
    part = Counts(counts.votes, np.where(np.isfinite(few), counts.invalid, np.nan), few, counts.registered, seen, ~seen)
    found = predict(model_frame(w.frame), rows, part, [1, 2, 3])
    assert np.array_equal(found.cov[:3, 3:], np.zeros((3, 2)))
    whole = predict(model_frame(w.frame), rows, counts, [1, 2, 3])
    np.testing.assert_allclose(found.cov[:3, :3], whole.cov[:3, :3], rtol=1e-9)
    assert np.abs(whole.cov[:3, 3:]).max() > 0
