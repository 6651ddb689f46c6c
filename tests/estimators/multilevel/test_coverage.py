"""Do the intervals keep their promise? Nights simulated from the model, and real elections sampled and replayed.

Coverage is held against binomial limits; nights share their population, and every night is one draw of it.
"""

import numpy as np
import pytest
from scipy.stats import binom

from estimation.contest import load_contest
from estimation.estimators.multilevel import model_frame, predict
from estimation.returns import Counts
from estimation.sampling import proportional, selection, strata_by
from estimation.simulation.population import open_population

NIGHTS = 300


def test_covers_what_the_model_makes(world):
    """Each night another election from the model, δ = 0.10 of bias among it: shares, turnout and lead."""
    w = world(tuple((8, 9, 7) for _ in range(6)), (0.5, 0.3, 0.2))
    g = model_frame(w.frame)
    rng = np.random.default_rng(7)
    N, n, arrived = 144, 60, 30
    x, omega = g.exposure.x, g.exposure.weight(g.exposure.x)
    district, village = (w.frame.areas(level).codes for level in ("district", "village"))
    sigma, shares, turnout = 0.05, np.array([0.5, 0.3, 0.2]), 0.75
    mix = np.linalg.cholesky(np.array([[1, -0.6], [-0.6, 1.0]]))

    def field(columns):
        u = rng.normal(size=(6, columns)) * np.sqrt(0.3), rng.normal(size=(18, columns)) * np.sqrt(0.15)
        return sigma * (u[0][district] + u[1][village] + rng.normal(size=(N, columns)) / np.sqrt(omega)[:, None])

    truths, parts = [], []
    rows = np.stack([rng.permutation(N)[:n] for _ in range(NIGHTS)])
    seen = np.broadcast_to(np.arange(n) < arrived, rows.shape)
    for night in rows:
        bias = rng.normal() * 0.1 * (1 - arrived / n) * sigma
        # what is out, drawn or not, differs from what is in by the bias
        shift = np.where(np.isin(np.arange(N), night[:arrived]), 0.0, bias)[:, None]
        d = field(2) @ mix.T + shift
        t = x * (turnout + field(1)[:, 0])
        votes = t[:, None] * shares + x[:, None] * np.column_stack([d, -d.sum(axis=1)])
        theta = votes.sum(axis=0) / votes.sum()
        truths.append([*theta, 1.03 * t.sum() / x.sum(), theta[0] - theta[1]])
        parts.append(np.column_stack([votes, 0.03 * t, 1.03 * t])[night])
    part = np.where(seen[..., None], np.stack(parts), np.nan)
    counts = Counts(np.nan_to_num(part[..., :3]), part[..., 3], part[..., 4], w.registered[rows], seen, ~seen)
    found = predict(g, rows, counts, [1, 2, 3], rank=np.where(seen, np.arange(1.0, n + 1), np.nan))
    bounds, lead = found.interval(0.95), found.contrast({"share:1": 1, "share:2": -1}, "lead").interval(0.95)
    low = np.column_stack([bounds.low[:, :4], lead.low])
    high = np.column_stack([bounds.high[:, :4], lead.high])
    hits = ((low <= np.array(truths)) & (np.array(truths) <= high)).sum(axis=0)
    assert hits.min() >= binom.ppf(0.001, NIGHTS, 0.95), hits
    assert hits[0] < NIGHTS  # and some nights it fails: it is not simply wide


def replay(shared, folder, share_in, nights, seed=1):
    """Sample 300 stations by kecamatan, let a part of them come in at random; intervals and truths of the shares."""
    population = open_population(load_contest(shared / "data" / folder))
    frame, counts = population.frame, population.counts
    strata = strata_by(frame, "district")
    rng = np.random.default_rng(seed)
    rows = selection.stratified(strata.codes, proportional(300, strata.size), rng, nights)
    rank = rng.permuted(np.broadcast_to(np.arange(1.0, 301), rows.shape), axis=1)
    seen = rank <= round(300 * share_in)
    part = Counts(
        np.where(seen[..., None], counts.votes[rows], 0.0),
        np.where(seen, counts.invalid[rows], np.nan),
        np.where(seen, counts.ballots[rows], np.nan),
        counts.registered[rows],
        seen,
        ~seen,
    )
    found = predict(model_frame(frame), rows, part, [1, 2], rank=np.where(seen, rank, np.nan))
    return found.interval(0.95), population.shares, found


@pytest.mark.parametrize("folder", ["situbondo-2019", "ciamis-2024", "gianyar-2019"])
def test_covers_real_elections(shared, folder):
    for share_in in (0.1, 0.5, 1.0):
        bounds, truth, found = replay(shared, folder, share_in, 50)
        hits = ((bounds.low[:, :2] <= truth) & (truth <= bounds.high[:, :2])).sum(axis=0)
        assert hits.min() >= binom.ppf(0.001, 50, 0.95), (share_in, hits)
        assert np.all(found.se[:, 0] < 0.07)


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["situbondo-2019", "ciamis-2024", "gianyar-2019"])
def test_complete_samples_cover_as_often_as_they_say(shared, folder):
    bounds, truth, _ = replay(shared, folder, 1.0, 2000)
    hits = ((bounds.low[:, :2] <= truth) & (truth <= bounds.high[:, :2])).mean(axis=0)
    assert np.all((hits > 0.93) & (hits < 0.98)), hits
