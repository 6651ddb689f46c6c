"""What the frame gives: levels that nest, covariates without gaps, exposures; the order of arrival."""

import numpy as np
import pytest

from estimation.errors import EstimateError
from estimation.estimators.multilevel import Constants, arrival_rank, model_frame, predict
from estimation.estimators.multilevel.arrival_rank import slope_column

NUMBERS = [1, 2, 3]


def test_levels_that_say_nothing_are_dropped(world):
    w = world()
    g = model_frame(w.frame)
    assert g.levels == ("district", "village")  # one province and one regency
    assert (g.tree.depth, g.tree.areas, [b.tolist() for b in g.tree.begins]) == (2, 8, [[0, 3, 5]])
    assert g.tree.parent(0).tolist() == [0, 0, 0, 1, 1, 2, 2, 2]
    assert np.bincount(g.tree.leaf).tolist() == [4, 6, 1, 5, 5, 7, 3, 4]
    ones = world(((1,) * 6, (1,) * 6))
    assert model_frame(ones.frame).levels == ("district",)  # as many villages as stations
    single = world(((6,), (5,)))
    assert model_frame(single.frame).levels == ("district",)  # one village in each
    with pytest.raises(EstimateError, match="level 'distrct' is not in the frame: did you mean 'district'"):
        model_frame(w.frame, ("distrct",))


def test_a_level_with_one_area_changes_nothing(world):
    w = world()
    rows, seen = np.arange(0, 35, 2), np.arange(18) < 10
    without = predict(model_frame(w.frame, ("district",)), rows, w.counts(rows, seen), NUMBERS)
    with_it = predict(model_frame(w.frame, ("province", "regency", "district")), rows, w.counts(rows, seen), NUMBERS)
    assert np.array_equal(without.cov, with_it.cov)


def test_an_unobserved_village_adds_its_share_of_the_variance(world):
    """With one point in the grid, the variance grows by 2 λ (Σ x)² σ² where the village that is out has an effect."""
    w = world(((6, 6),))
    rows = np.flatnonzero(w.frame.table["village"] == "V0")
    seen = np.ones(6, dtype=bool)
    counts = w.counts(rows, seen)
    flat = model_frame(w.frame, (), (), constants=Constants(delta=0.0))
    nested = model_frame(w.frame, ("village",), (), constants=Constants(delta=0.0, grid=(0.3,)))
    plain, apart = (predict(g, rows, counts, NUMBERS, drawn=6, turnout=False) for g in (flat, nested))
    # one village in: its effect can't be told from the intercept, which takes 2 λ (Σ x)² in place of 0
    out = w.registered[6:].sum()
    omega = (w.registered[:6] / w.registered.mean()) ** 0.75
    mean_error = 1 / omega.sum()
    slope = -(w.registered[:6] * slope_column(None, seen, w.registered[:6], 6)).sum()
    assert slope == pytest.approx(0, abs=1e-9)  # a complete sample has none
    spread = out**2 * mean_error + (w.registered[6:] ** 2 / (w.registered[6:] / w.registered.mean()) ** 0.75).sum()
    more = out**2 * 2 * 0.3
    ratio = (spread + more) / spread
    np.testing.assert_allclose(apart.variance, plain.variance * ratio, rtol=1e-9)


def test_exposures(world):
    w = world(unknown=4)
    w.frame.table.loc[0, "registered"] = 5.0
    g = model_frame(w.frame)
    known = w.frame.registered
    assert g.exposure.x[0] == 30  # a special station counts for 30 voters
    assert g.exposure.x[-1] == np.nanmedian(known)
    assert g.roll is not None
    assert (g.roll.stations, g.roll.x[0], g.roll.x[-1]) == (31, 5, 0)
    assert g.roll.columns[0] == np.nansum(known)
    same = model_frame(world().frame)
    assert same.roll is same.exposure
    none = world(unknown=35)
    assert model_frame(none.frame).roll is None


def test_a_baseline_that_covers_half_of_the_villages(world):
    values = np.where(np.arange(35) < 16, 0.4 + 0.01 * np.arange(35), np.nan)
    w = world(columns={"baseline_1": values, "baseline_2": 1 - values})
    g = model_frame(w.frame)
    assert g.covariate_names == ("baseline_1", "baseline_1 unknown", "size")
    np.testing.assert_allclose(g.covariates.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(g.covariates.std(axis=0), 1, rtol=1e-12)
    filled = np.where(np.isnan(values), np.nan, values)
    # stations 16 … 20 lie in the second district, V1, of which nothing is known; its district's mean stands for them
    filled[16:21] = np.nanmean(values[11:16])
    filled[21:] = np.nanmean(values)
    np.testing.assert_allclose(g.covariates[:, 0], (filled - filled.mean()) / filled.std(), rtol=1e-9)


def test_covariates_by_name(world):
    words = np.where(np.arange(35) % 3 == 0, "urban", "rural").astype(object)
    w = world(columns={"kind": words, "many": [f"w{i}" for i in range(35)], "flat": np.ones(35)})
    g = model_frame(w.frame, None, ("kind", "flat"))
    assert g.covariate_names == ("kind urban",)
    assert np.unique(np.round(g.covariates, 9)).size == 2
    with pytest.raises(EstimateError, match="'many' has 35 different words, at most 12"):
        model_frame(w.frame, None, ("many",))
    with pytest.raises(EstimateError, match="covariate 'knd' is not in the frame: did you mean 'kind'"):
        model_frame(w.frame, None, ("knd",))


def test_unequal_probabilities_are_a_covariate(world):
    w = world()
    even = 0.2 + 0.1 * model_frame(w.frame).tree.leaf
    assert model_frame(w.frame, probability=even).covariate_names == ("size",)
    pi = w.registered / w.registered.sum()
    assert model_frame(w.frame, None, (), probability=pi).covariate_names == ("log probability",)
    with pytest.raises(EstimateError, match="probability needs 35 positive values"):
        model_frame(w.frame, probability=pi[:3])


def test_strata_that_are_no_areas(world):
    w = world()
    classes = np.digitize(w.registered, [300, 450])
    g = model_frame(w.frame, None, (), strata=classes)
    assert (g.levels, g.covariate_names) == (("district", "village"), ("stratum 1", "stratum 2"))
    areas = w.frame.areas("district").codes
    assert model_frame(w.frame, None, (), strata=areas).covariate_names == ()
    large = world(((20, 20),) * 7)
    district = large.frame.areas("district").codes
    crossed = district * 2 + np.arange(280) % 2  # 14 strata, each within a district, across its villages
    split = model_frame(large.frame, None, (), strata=crossed)
    assert (split.levels, split.tree.areas) == (("district", "stratum", "village"), 28)
    for leaf in range(28):
        assert len(set(crossed[split.tree.leaf == leaf])) == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"kappa": 2}, "kappa = 2 must lie between 0 and 1"),
        ({"delta": -1}, "delta = -1 must be 0 or more"),
        ({"tau": 0}, "tau = 0 must be positive"),
        ({"grid": ()}, r"the grid \(\) needs at least one value"),
        ({"phi": (0.04, -0.05)}, "must give a positive variance"),
    ],
)
def test_constants_are_checked(change, text):
    with pytest.raises(EstimateError, match=text):
        Constants(**change)


def test_ranks_of_arrival():
    received = np.array([[5.0, 1.0, np.nan, 5.0, 9.0], [7.0, 7.0, 7.0, 7.0, 7.0]])
    seen = np.array([[True, True, False, True, True], [True, False, True, True, True]])
    found = arrival_rank(received, seen)
    np.testing.assert_allclose(found[0], [2.5, 1, np.nan, 2.5, 4])
    np.testing.assert_allclose(found[1], [2.5, np.nan, 2.5, 2.5, 2.5])
    # the third is in and nobody knows when: it is put in the middle, and the others around it
    late = arrival_rank(np.array([3.0, 1.0, np.nan]), np.ones(3, dtype=bool))
    np.testing.assert_allclose(late, [2.75, 1.25, 2.0])


def test_the_slope_is_centred_over_the_drawn():
    """Five drawn, three in: v = (rank - ½)/5 - ½ in, p/2 = 0.3 out; the x-weighted mean over all five is taken away."""
    seen = np.array([True, True, True, False, False])
    x = np.array([100.0, 100, 200, 300, 300])
    v = slope_column(np.array([1.0, 2, 3, np.nan, np.nan]), seen, x, 5)
    centre = (100 * -0.4 + 100 * -0.2 + 200 * 0.0 + 600 * 0.3) / 1000
    np.testing.assert_allclose(v, [-0.4 - centre, -0.2 - centre, -centre, 0, 0], atol=1e-15)
    every = slope_column(np.arange(5) + 1.0, np.ones(5, dtype=bool), x, 5)
    assert (x * every).sum() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(slope_column(None, seen, np.ones(5), 5), [-0.2, -0.2, -0.2, 0, 0], atol=1e-15)
