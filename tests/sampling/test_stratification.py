"""Strata from an auxiliary: by hand, against every possible cut, and what they gain."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from estimation.errors import DesignError
from estimation.sampling.allocation import neyman, proportional, variance
from estimation.sampling.strata import strata_of
from estimation.sampling.stratification import (
    Cut,
    cross,
    cumulative_root_frequency,
    gain,
    lavallee_hidiroglou,
    merge_small,
)

# Cochran (1977), table 5A.6: 13,435 banks by the share of industrial loans, in classes of 5 %
BANKS = [3464, 2516, 2157, 1581, 1142, 746, 512, 376, 265, 207, 126, 107, 82, 50, 39, 25, 16, 19, 2, 3]


def codes(*values):
    return np.array(values, dtype=np.intp)


def test_cumulative_root_frequency_of_the_banks_as_in_cochran():
    x = np.repeat(np.arange(20) * 5 + 2.5, BANKS)
    cut = cumulative_root_frequency(x, 5, np.arange(0, 101, 5.0))
    assert cut.boundaries.tolist() == [5, 15, 25, 45]
    assert np.bincount(cut.codes).tolist() == [3464, 4673, 2723, 1899, 676]


def test_cumulative_root_frequency_of_a_uniform_variable_cuts_equally():
    cut = cumulative_root_frequency((np.arange(1000) + 0.5) / 1000, 4)
    np.testing.assert_allclose(cut.boundaries, [0.25, 0.5, 0.75], atol=0.02)
    assert cut.names[0].startswith("≤ 0.2")
    summary = cut.summary((np.arange(1000) + 0.5) / 1000)
    assert summary["stations"].sum() == 1000
    assert summary.index.tolist() == cut.names


def best_of_all(x, strata, n, take_all=False):
    """The least Neyman variance over every cut between neighbouring distinct values."""
    values = np.unique(x)
    least = np.inf
    for places in combinations(range(len(values) - 1), strata - 1):
        code = np.searchsorted(values[list(places)], x)
        size = np.bincount(code).astype(float)
        floor = np.full(strata, 2)
        floor[-1] = size[-1] if take_all else 2
        if size.min() >= 2 and floor.sum() <= n:
            spread = np.array([x[code == h].std(ddof=1) for h in range(strata)])
            least = min(least, float(variance(neyman(n, size, spread, floor), size, spread)))
    return least


@pytest.mark.parametrize("take_all", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_lavallee_hidiroglou_finds_the_best_of_all_cuts(seed, take_all):
    x = np.round(np.random.default_rng(seed).lognormal(3, 0.8, 60))
    cut = lavallee_hidiroglou(x, 3, 15, take_all=take_all)
    # the search shares n in real numbers, the result in whole ones: 2 % lie between the two optima
    assert best_of_all(x, 3, 15, take_all) <= cut.variance * (1 + 1e-12) <= best_of_all(x, 3, 15, take_all) * 1.02
    assert cut.allocation.sum() == 15
    if take_all:
        assert cut.allocation[-1] == np.bincount(cut.codes)[-1]


def test_lavallee_hidiroglou_beats_cumulative_root_on_a_skewed_variable_and_repeats():
    x = np.random.default_rng(5).lognormal(5, 1, 3000)
    cut, again = (lavallee_hidiroglou(x, 5, 200, seed="7") for _ in range(2))
    np.testing.assert_array_equal(cut.boundaries, again.boundaries)
    root = cumulative_root_frequency(x, 5, 200)
    spread = np.array([x[root.codes == h].std(ddof=1) for h in range(5)])
    size = np.bincount(root.codes).astype(float)
    assert cut.variance < 0.95 * float(variance(neyman(200, size, spread), size, spread))
    table = cut.summary(x)
    assert table["n"].sum() == 200
    assert (table["high"].to_numpy()[:-1] < table["low"].to_numpy()[1:]).all()


def test_another_seed_finds_the_same_variance():
    x = np.random.default_rng(6).beta(6, 5, 5000)
    found = [lavallee_hidiroglou(x, 4, 300, seed=seed).variance for seed in range(3)]
    assert max(found) < 1.01 * min(found)


def test_one_stratum_is_no_cut():
    x = np.arange(10.0)
    for cut in (cumulative_root_frequency(x, 1), lavallee_hidiroglou(x, 1, 5)):
        assert cut.codes.tolist() == [0] * 10
        assert cut.names == ["all"]


def test_names_have_the_digits_that_tell_bounds_apart():
    cut = Cut(np.array([0.5, 0.50001]), codes(0, 1, 2))
    assert cut.names == ["≤ 0.5", "0.5–0.50001", "> 0.50001"]
    assert cut.strata("share").labels == ("share ≤ 0.5", "share 0.5–0.50001", "share > 0.50001")


def test_crossing_keeps_areas_together_and_leaves_out_what_is_empty():
    area = strata_of("district", codes(0, 0, 1, 1, 1), ("R / A", "R / B"), (codes(0, 0),))
    share = strata_of("baseline", codes(1, 0, 1, 1, 1), ("low", "high"))
    both = cross(area, share)
    assert both.columns == "district, baseline"
    assert both.labels == ("R / A / low", "R / A / high", "R / B / high")
    assert both.codes.tolist() == [1, 0, 2, 2, 2]
    assert both.size.tolist() == [1, 1, 3]
    assert [parent.tolist() for parent in both.parents] == [[0, 0, 1], [0, 0, 0]]


def test_small_strata_join_a_neighbour_of_the_same_parent():
    labels = ("R / A / 1", "R / A / 2", "R / A / 3", "R / B / 1", "R / B / 2")
    strata = strata_of("x", np.repeat(np.arange(5), [3, 9, 2, 1, 8]), labels, (codes(0, 0, 0, 1, 1),))
    merged = merge_small(strata, 4)
    # 3 joins the next (9), the last of A (2) the one before it, the 1 of B the next
    assert merged.labels == ("R / A / 1 + 2 + 3", "R / B / 1 + 2")
    assert merged.size.tolist() == [14, 9]
    assert merged.parents[0].tolist() == [0, 1]
    assert merge_small(strata, 1).labels == labels
    assert merge_small(strata, 10).labels == ("R / A / 1 + A / 2 + A / 3 + B / 1 + B / 2",)
    assert merge_small(strata, 9).size.tolist() == [14, 9]


def test_gain_by_hand():
    d = np.array([-3.0, -1, -3, -1, 1, 3, 1, 3])
    # S² = (4·9 + 4·1)/7 = 40/7; inside each half S² = 4/3: proportional variance (1/4 - 1/8) 64 · 4/3
    table = gain(d, {"halves": codes(0, 0, 0, 0, 1, 1, 1, 1)}, 4)
    assert table.index.tolist() == ["none", "halves"]
    assert table.loc["halves", "proportional"] == pytest.approx((4 / 3) / (40 / 7))
    assert table.loc["halves", "neyman"] == pytest.approx((4 / 3) / (40 / 7))
    assert table.loc["halves", "equivalent"] == pytest.approx(1 / (0.125 * 7 / 30 + 0.125))  # 6.49


def test_a_baseline_gains_on_the_reference_population(shared):
    table = pd.read_csv(shared / "reference" / "population.csv")
    votes = table[["votes_1", "votes_2", "votes_3"]].sum(axis=1)
    d = (table["votes_1"] - table["votes_1"].sum() / votes.sum() * votes).to_numpy(float)
    base = (table["baseline_1"] / table[["baseline_1", "baseline_2", "baseline_3"]].sum(axis=1)).to_numpy()
    names, area = np.unique(table["district"], return_inverse=True)
    district = strata_of("district", area, tuple(names))
    cut = cumulative_root_frequency(base, 3).strata("baseline")
    both = merge_small(cross(district, cut), 8)
    assert both.size.min() >= 8
    found = gain(d, {"district": district, "baseline": cut, "both": both}, 120)["proportional"]
    size = np.bincount(area).astype(float)
    spread = np.array([d[area == h].std(ddof=1) for h in range(17)])
    simple = 1008**2 * (1 / 120 - 1 / 1008) * d.var(ddof=1)
    assert found["district"] == pytest.approx(variance(proportional(120, size), size, spread) / simple, rel=1e-12)
    assert found["both"] < found["baseline"] < 1
    assert found["both"] < found["district"] < 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cumulative_root_frequency(np.array([1.0, np.nan]), 1), "missing for 1 of 2 stations: give them a str"),
        (
            lambda: cumulative_root_frequency(np.ones(9), 2),
            "2 strata can't be made of 1 distinct values: ask for 1 … 1",
        ),
        (
            lambda: cumulative_root_frequency(np.arange(9.0), 2, np.array([0.0, 4, 7])),
            "1 values lie outside the classes",
        ),
        (lambda: cumulative_root_frequency(np.repeat([0.0, 1, 50], [90, 1, 1]), 3), "strata would hold stations"),
        (
            lambda: lavallee_hidiroglou(np.arange(9.0), 3, 5),
            "n = 5 does not fit 3 strata of 9 stations with at least 2",
        ),
        (lambda: lavallee_hidiroglou(np.repeat([0.0, 1, 2], [9, 1, 9]), 3, 9), "no cut of 3 distinct values leaves 2"),
        (
            lambda: cross(strata_of("a", codes(0), ("x",)), strata_of("b", codes(0, 0), ("y",))),
            "1 and 2 stations can't",
        ),
        (lambda: merge_small(strata_of("a", codes(0), ("x",)), 2), "all 1 stations are fewer than the minimum of 2"),
        (lambda: gain(np.ones(9), {}, 3), "nothing varies between stations"),
        (lambda: gain(np.arange(9.0), {"a": codes(0, 1)}, 3), "stratification 'a' has 2 stations, the values 9"),
    ],
)
def test_what_is_impossible_is_an_error_with_its_remedy(call, message):
    with pytest.raises(DesignError, match=message):
        call()
