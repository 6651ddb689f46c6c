"""The predictor against itself written with full matrices, and what must be so whatever the numbers are.

Tolerance 1e-9: both invert the same well-conditioned matrices, one of them by blocks.
"""

from dataclasses import replace

import numpy as np
import pytest

from estimation.errors import EstimateError
from estimation.estimators.multilevel import Constants, model_frame, predict
from estimation.estimators.multilevel.arrival_rank import slope_column
from estimation.estimators.quantities import Outstanding
from estimation.returns import Counts

RELATIVE = 1e-9
NUMBERS = [1, 2, 3]


def a_night(world, arrived, drawn, seed=3):
    """Rows drawn at random, the first so many of them in, in that order."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(world.frame))[:drawn]
    seen = np.arange(drawn) < arrived
    return rows, seen, np.where(seen, np.arange(1.0, drawn + 1), np.nan)


def level_codes(world, *names):
    return [world.frame.areas(name).codes for name in names]


def standardised_log(x):
    z = np.log(x)
    return ((z - z.mean()) / z.std())[:, None]


@pytest.mark.parametrize(("arrived", "drawn"), [(1, 12), (2, 12), (5, 12), (12, 12), (20, 35), (34, 35)])
@pytest.mark.parametrize("kappa", [0.5, 0.75, 1.0])
def test_agrees_with_full_matrices(world, reference, arrived, drawn, kappa):
    w = world()
    c = Constants(kappa=kappa)
    rows, seen, rank = a_night(w, arrived, drawn)
    found = predict(model_frame(w.frame, constants=c), rows, w.counts(rows, seen), NUMBERS, rank=rank)
    x = w.registered
    v = slope_column(rank, seen, x[rows], drawn)[seen]
    common = (
        np.ones(len(x), dtype=bool),
        x,
        standardised_log(x),
        level_codes(w, "district", "village"),
        rows[seen],
    )
    votes, invalid = w.votes[rows[seen]], w.invalid[rows[seen]]
    valid = votes.sum(axis=1)
    share = reference(*common, votes, valid, v, arrived / drawn, c)
    np.testing.assert_allclose(found.theta[:3], share.theta, rtol=RELATIVE)
    np.testing.assert_allclose(found.variance[:3], share.variance, rtol=RELATIVE)
    np.testing.assert_allclose(found.df[:3], share.df, rtol=1e-7)
    assert found.theta[:3].sum() == pytest.approx(1, rel=1e-14)
    if arrived > 1:
        assert found.names == ("share:1", "share:2", "share:3", "turnout", "invalid")
        turnout = reference(*common, (valid + invalid)[:, None], None, v, arrived / drawn, c)
        spoiled = reference(*common, invalid[:, None], valid + invalid, v, arrived / drawn, c)
        for j, one in ((3, turnout), (4, spoiled)):
            np.testing.assert_allclose(found.theta[j], one.theta[0], rtol=RELATIVE)
            np.testing.assert_allclose(found.variance[j], one.variance[0], rtol=RELATIVE)
            np.testing.assert_allclose(found.df[j], one.df[0], rtol=1e-7)


def test_agrees_where_rolls_are_unknown(world, reference):
    w = world(unknown=3)
    c = Constants()
    rows, seen, rank = np.arange(35)[::-1].copy(), np.arange(35) < 14, None
    found = predict(model_frame(w.frame), rows, w.counts(rows, seen), NUMBERS, rank=rank)
    known = np.isfinite(w.registered)
    x = np.where(known, w.registered, np.nanmedian(w.registered))
    v = slope_column(None, seen, x[rows], 35)[seen]
    levels = level_codes(w, "district", "village")
    share = reference(
        np.ones(35, dtype=bool),
        x,
        standardised_log(x),
        levels,
        rows[seen],
        w.votes[rows[seen]],
        w.votes[rows[seen]].sum(axis=1),
        v,
        14 / 35,
        c,
    )
    np.testing.assert_allclose(found.theta[:3], share.theta, rtol=RELATIVE)
    np.testing.assert_allclose(found.variance[:3], share.variance, rtol=RELATIVE)
    use = rows[seen & known[rows]]
    ballots = w.votes[use].sum(axis=1) + w.invalid[use]
    turnout = reference(
        known,
        np.where(known, x, 0.0),
        standardised_log(x),
        levels,
        use,
        ballots[:, None],
        None,
        v[known[rows[seen]]],
        14 / 35,
        c,
    )
    np.testing.assert_allclose(found.theta[3], turnout.theta[0], rtol=RELATIVE)
    np.testing.assert_allclose(found.variance[3], turnout.variance[0], rtol=RELATIVE)


def test_one_village_by_hand(world):
    """No area, no covariate: θ = Σ y / Σ t for equal stations, V from s², the slope's prior and the bias by hand."""
    w = world(((10,),), (0.6, 0.4))
    frame = w.frame
    frame.table["registered"] = 400.0
    votes = np.column_stack([np.full(10, 180.0), np.full(10, 120.0)])
    votes[:4] = [[190, 110], [170, 130], [190, 110], [170, 130]]
    seen = np.arange(4) < 4
    counts = Counts(votes[:4], np.full(4, np.nan), np.full(4, np.nan), np.full(4, 400.0), seen, ~seen)
    laid = model_frame(frame, constants=Constants(delta=0.1, tau=0.2))
    found = predict(laid, np.arange(4), counts, [1, 2], drawn=5)
    assert found.names == ("share:1", "share:2")
    np.testing.assert_allclose(found.theta, [0.6, 0.4], rtol=1e-12)
    # Σ d² / x² = 4 · 10² / 400²; s_0² = φ θ (1 - θ) 0.75² with θ = 721/1202
    theta = 721 / 1202
    s0 = (0.04 + 0.06 * (1 - 4 * theta * (1 - theta))) * theta * (1 - theta) * 0.75**2
    s2 = (4 * 100 / 400**2 + 3 * s0) / 6
    # four ties: v = 2/5 - 1/2 = -0.1; not in: 2/5; centre (4 · -0.1 + 0.4)/5 = 0, so v = -0.1 and l_v = 4 · 400 · 0.1
    W = np.column_stack([np.ones(4), np.full(4, -0.1)])
    C = W.T @ W + np.diag([0, 25])
    add = np.array([6 * 400, 160.0])
    spread = add @ np.linalg.inv(C) @ add + 6 * 400**2
    plain = s2 * 6 / 4 * spread / 3000**2
    bias = (0.1 * (1 - 4 / 5) * 4000 / 3000) ** 2 * s2
    held = (0.04 + 0.06 * (1 - 4 * 0.6 * 0.4)) * 0.24 * 0.75**2
    inflation = (4 * s2 + 3 * held) / (7 * s2)  # two and two residuals have no excess kurtosis: kd = 4 stations
    np.testing.assert_allclose(found.variance, max(inflation, 1) * (plain + bias), rtol=1e-10)
    np.testing.assert_allclose(found.df, 7.0, rtol=1e-12)


@pytest.mark.parametrize("unknown", [0, 3])
def test_a_census_is_the_truth_without_error(world, unknown):
    w = world(unknown=unknown)
    rows, seen = np.arange(35), np.ones(35, dtype=bool)
    rank = np.random.default_rng(1).permutation(35) + 1.0
    found = predict(
        model_frame(w.frame), rows, w.counts(rows, seen), NUMBERS, rank=rank, draws=50, rng=np.random.default_rng(1)
    )
    known = np.isfinite(w.registered)
    ballots = w.votes.sum(axis=1) + w.invalid
    truth = [*w.shares, ballots[known].sum() / w.registered[known].sum(), w.invalid.sum() / ballots.sum()]
    np.testing.assert_allclose(found.theta, truth, rtol=1e-13)
    assert np.array_equal(found.cov, np.zeros((5, 5)))
    bounds = found.interval(0.95)
    assert np.array_equal(bounds.low, bounds.high)
    assert np.array_equal(found.draws, np.broadcast_to(found.theta, (50, 5)))


def test_replicates_are_what_single_nights_are(world):
    w = world(unknown=2)
    g = model_frame(w.frame)
    rng = np.random.default_rng(5)
    rows = np.stack([rng.permutation(35)[:20] for _ in range(6)]).reshape(2, 3, 20)
    seen = rng.random((2, 3, 20)) < 0.5
    rank = np.where(seen, np.cumsum(seen, axis=-1), np.nan)
    many = predict(g, rows, w.counts(rows, seen), NUMBERS, rank=rank)
    assert (many.theta.shape, many.cov.shape, many.df.shape) == ((2, 3, 5), (2, 3, 5, 5), (2, 3, 5))
    for i in np.ndindex(2, 3):
        one = predict(g, rows[i], w.counts(rows[i], seen[i]), NUMBERS, rank=rank[i])
        np.testing.assert_allclose(many.theta[i], one.theta, rtol=1e-11)
        np.testing.assert_allclose(many.cov[i], one.cov, rtol=1e-8, atol=1e-16)
        np.testing.assert_allclose(many.df[i], one.df, rtol=1e-8)


def test_order_of_stations_names_of_areas_and_candidates_change_nothing(world):
    w = world()
    rows, seen, rank = a_night(w, 9, 20)
    base = predict(model_frame(w.frame), rows, w.counts(rows, seen), NUMBERS, rank=rank)
    turn = np.random.default_rng(2).permutation(20)
    shuffled = predict(model_frame(w.frame), rows[turn], w.counts(rows[turn], seen[turn]), NUMBERS, rank=rank[turn])
    np.testing.assert_allclose(shuffled.theta, base.theta, rtol=1e-11)
    np.testing.assert_allclose(shuffled.cov, base.cov, rtol=1e-8, atol=1e-16)
    other = world()
    names = {f"D{i}": f"X{9 - i}" for i in range(3)}
    other.frame.table["district"] = other.frame.table["district"].map(names).astype("category")
    renamed = predict(model_frame(other.frame), rows, w.counts(rows, seen), NUMBERS, rank=rank)
    np.testing.assert_allclose(renamed.cov, base.cov, rtol=1e-8, atol=1e-16)
    counts = w.counts(rows, seen)
    swapped = Counts(counts.votes[:, ::-1], counts.invalid, counts.ballots, counts.registered, seen, ~seen)
    found = predict(model_frame(w.frame), rows, swapped, [3, 2, 1], rank=rank).select(list(base.names))
    np.testing.assert_allclose(found.theta, base.theta, rtol=1e-11)
    np.testing.assert_allclose(found.cov, base.cov, rtol=1e-8, atol=1e-16)


def test_the_unit_of_the_roll_does_not_matter_to_shares(world):
    w, tenfold = world(), world()
    tenfold.frame.table["registered"] *= 10
    rows, seen, rank = a_night(w, 9, 20)
    base = predict(model_frame(w.frame), rows, w.counts(rows, seen), NUMBERS, rank=rank)
    found = predict(model_frame(tenfold.frame), rows, w.counts(rows, seen), NUMBERS, rank=rank)
    np.testing.assert_allclose(found.theta[:3], base.theta[:3], rtol=1e-11)
    np.testing.assert_allclose(found.cov[:3, :3], base.cov[:3, :3], rtol=1e-8)
    assert found.theta[3] == pytest.approx(base.theta[3] / 10, rel=1e-11)


def test_the_lead_of_two_has_twice_their_error(world):
    w = world(shares=(0.6, 0.4))
    rows, seen, rank = a_night(w, 9, 20)
    found = predict(model_frame(w.frame), rows, w.counts(rows, seen), [1, 2], rank=rank)
    lead = found.contrast({"share:1": 1, "share:2": -1}, "lead")
    assert lead.variance[0] == pytest.approx(4 * found.variance[0], rel=1e-9)
    assert found.contrast({"share:1": 1, "share:2": 1}, "all").variance[0] == pytest.approx(0, abs=1e-15)
    assert lead.df == found.df[0]


def test_bias_and_stress(world):
    """δ adds (δ (1 - p) σ̂ X/T̂)² times the inflation; doubling it adds three times as much again."""
    w = world()
    rows, seen, rank = a_night(w, 9, 20)
    g, counts = model_frame(w.frame), w.counts(rows, seen)
    none, lean, stress = (
        predict(replace(g, constants=Constants(delta=d)), rows, counts, NUMBERS, rank=rank).variance
        for d in (0.0, 0.125, 0.25)
    )
    np.testing.assert_allclose(stress - none, 4 * (lean - none), rtol=1e-9)
    assert np.all(lean > none)


def test_support_keeps_what_was_counted(world):
    w = world(shares=(0.98, 0.02))
    rows, seen, rank = a_night(w, 34, 35)
    counts = w.counts(rows, seen)
    out = float(w.registered[rows[~seen]].sum()) * 1.1
    found = predict(
        model_frame(w.frame), rows, counts, [1, 2], rank=rank, outstanding=Outstanding(out, w.registered.sum())
    )
    low = counts.votes.sum(axis=0) / (counts.votes.sum() + out)
    np.testing.assert_allclose(found.support[:2, 0], low, rtol=1e-12)
    assert np.all(found.interval(0.999999).low[:2] >= low - 1e-15)
    ballots = np.nansum(counts.ballots)
    assert found.support[2].tolist() == pytest.approx([ballots / w.registered.sum(), 1.0])


def test_draws_have_the_margins_of_the_intervals(world):
    w = world()
    rows, seen, rank = a_night(w, 9, 20)
    made = [
        predict(
            model_frame(w.frame),
            rows,
            w.counts(rows, seen),
            NUMBERS,
            rank=rank,
            draws=20_000,
            rng=np.random.default_rng(s),
        )
        for s in (1, 1)
    ]
    found = made[0]
    assert np.array_equal(found.draws, made[1].draws)
    np.testing.assert_allclose(found.draws[:, :3].sum(axis=1), 1, rtol=1e-12)
    by_draws, by_formula = found.interval(0.9, "percentile"), found.interval(0.9)
    width = by_formula.high - by_formula.low
    assert np.all(np.abs(by_draws.low - by_formula.low)[3:] < 0.03 * width[3:])  # 20,000 draws: 1 % of the width
    assert np.all(np.abs(by_draws.high - by_formula.high)[3:] < 0.03 * width[3:])
    assert np.all(np.abs(by_draws.low - by_formula.low)[:3] < 0.10 * width[:3])  # three shares are made one whole again


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"numbers": [1, 2]}, "3 candidates, 2 numbers"),
        ({"drawn": 19}, "at least 20 drawn"),
        ({"draws": 5}, "draws need a random generator"),
        ({"seen": False}, "no station with a valid vote is in: wait for returns"),
    ],
)
def test_refuses(world, change, text):
    w = world()
    rows, seen, rank = a_night(w, 9, 20)
    seen = seen & change.pop("seen", True)
    numbers = change.pop("numbers", NUMBERS)
    with pytest.raises(EstimateError, match=text):
        predict(model_frame(w.frame), rows, w.counts(rows, seen), numbers, rank=rank, **change)
