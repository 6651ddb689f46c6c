"""Arrival models: keys by hand, the bias they are made for, a fit against R, and real nights."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from estimation.contest import Contest, load_contest
from estimation.errors import DesignError, FrameError
from estimation.frame import Frame
from estimation.rules import Findings
from estimation.seeds import generator
from estimation.simulation.arrivals import (
    BALI_2024,
    Adverse,
    AreaOrder,
    Missing,
    Ordered,
    Random,
    arrival_model,
    arrived,
    ranks,
)
from estimation.simulation.arrivals.models import adverse_residuals, distances_of, normal_scores
from estimation.simulation.population import open_population

HEAD = "tps_id,votes_1,votes_2,invalid,total"


def contest_of(make_contest, stations=12, header="", cells=(), extra_toml=""):
    """Make a contest whose official file has one more column."""
    folder = make_contest(stations=stations, extra_toml=extra_toml)
    number = stations if isinstance(stations, int) else len(stations)
    rows = [f"{i:04d},{40 + i},{60 - i},0,100" for i in range(1, number + 1)]
    more = [f",{cell}" for cell in cells] if header else [""] * number
    text = "\n".join([HEAD + (f",{header}" if header else ""), *(r + m for r, m in zip(rows, more, strict=True))])
    (folder / "official.csv").write_text(text + "\n", encoding="utf-8")
    return load_contest(folder)


def population_of(make_contest, *args, **options):
    return open_population(contest_of(make_contest, *args, **options))


def samples(population, number=400, n=120, seed=1):
    rng = generator(seed, "rows")
    return np.stack([rng.permutation(len(population.frame))[:n] for _ in range(number)]), rng


def test_ranks_and_what_is_in_by_hand():
    keys = np.array([[0.3, np.inf, 0.1, 0.2], [9.0, 7.0, 8.0, 1.0]])
    assert ranks(keys).tolist() == [[3, 4, 1, 2], [4, 2, 3, 1]]
    assert arrived(keys, 0.5).tolist() == [[False, False, True, True], [False, True, False, True]]
    assert arrived(keys, 1.0).tolist() == [[True, False, True, True], [True] * 4]
    assert not arrived(keys, 0.0).any()
    drawn = np.array([[True, True, True, True], [True, True, True, False]])
    assert arrived(keys, 2 / 3, drawn).sum(axis=1).tolist() == [3, 2]
    with pytest.raises(DesignError, match=r"a received part of 50 lies outside \[0, 1\]: write 0.5"):
        arrived(keys, 50)


@given(st.lists(st.floats(0, 9) | st.just(np.inf), min_size=1, max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_what_is_in_stays_in(keys, part, later):
    keys = np.array(keys)
    before, after = arrived(keys, min(part, later)), arrived(keys, max(part, later))
    assert not (before & ~after).any()
    assert before.sum() <= round(min(part, later) * len(keys))
    assert sorted(ranks(keys).tolist()) == list(range(1, len(keys) + 1))


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("batch", ["2", "1", "2", "1", "3", "3"], [[2, 4], [1, 3], [5, 6]]),
        ("waktu", ["17:10:00", "15:00:00", "16:30:00", "", "14:00:00", "23:59:59"], [[5], [2], [3], [1], [6]]),
    ],
)
def test_a_recorded_column(make_contest, header, cells, expected):
    if header == "waktu":
        cells = [f"2024-11-27T{cell}" if cell else "" for cell in cells]
    population = population_of(make_contest, 6, header, cells, extra_toml='[returns]\ntimezone = "Asia/Jakarta"\n')
    model = arrival_model("received_at" if header == "waktu" else header, population)
    rows = np.tile(np.arange(6), (50, 1))
    keys = model(population, rows, generator(1, "keys"))
    for row in keys:
        order = (np.argsort(row)[: sum(map(len, expected))] + 1).tolist()
        for group in expected:
            assert sorted(order[: len(group)]) == group
            order = order[len(group) :]
    if header == "waktu":
        assert np.isinf(keys[:, 3]).all()  # blank: nobody recorded that it came
    else:
        firsts = (keys[:, 1] < keys[:, 3]).mean()
        assert 0.2 < firsts < 0.8  # of one batch either may be first: binomial, 50 of p = 1/2


def test_times_with_and_without_an_offset(make_contest):
    cells = ["2024-11-27T08:30:00Z", "2024-11-27 15:00:00", "2024-11-27T16:10:00+08:00"]  # 15:30, 15:00, 15:10 WIB
    population = population_of(make_contest, 3, "sent", cells)
    model = arrival_model("sent", population)
    assert ranks(model(population, np.arange(3)[None], generator(1))).tolist() == [[3, 1, 2]]
    assert model.moment[1] == pd.Timestamp("2024-11-27T15:00:00+07:00").timestamp()
    there = population_of(make_contest, 3, "sent", cells, extra_toml='[returns]\ntimezone = "Asia/Jayapura"\n')
    assert arrival_model("sent", there).moment[1] == pd.Timestamp("2024-11-27T15:00:00+09:00").timestamp()


def test_columns_that_are_no_order(make_contest):
    with pytest.raises(FrameError, match=r"official\.csv, line 3, column 'batch': 'late' is not what the column's oth"):
        arrival_model("batch", population_of(make_contest, 3, "batch", ["1", "late", "2"]))
    with pytest.raises(FrameError, match="column 'batch' is blank in every row: an order of arrival needs times or nu"):
        arrival_model("batch", population_of(make_contest, 3, "batch", ["", "", ""]))
    population = population_of(make_contest, 3, "batch", ["1", "1", "2"])
    other = population_of(make_contest, 4)
    with pytest.raises(DesignError, match="arrival 'batch' was recorded of 3 stations and the population has 4"):
        arrival_model("batch", population)(other, np.zeros((1, 2), np.intp), generator(1))


def test_names(make_contest):
    population = population_of(make_contest, 6, "batch", list("112233"))
    assert arrival_model("random", population) == Random()
    assert arrival_model("size", population) == Ordered("size", 0.5)
    assert arrival_model("distance = 0.2", population) == Ordered("distance", 0.2)
    assert arrival_model("village=0.3", population) == AreaOrder("village", 0.3)
    assert arrival_model("missing=0.25", population) == Missing(0.25)
    assert arrival_model("adverse=-0.1", population) == Adverse(-0.1)
    assert arrival_model("log-logistic", population) is BALI_2024
    for name, text in (
        ("bach", "neither a model nor a column of the official file: did you mean 'batch'"),
        ("zzz", "models are random, size, distance, area, village, missing, adverse, log-logistic; columns tps_id"),
        ("size=big", "'big' is not a number: write size=0.5"),
        ("size=1.5", "arrival 'size=1.5': the correlation of the order of arrival with it lies in -1 … 1"),
        ("missing=1", "arrival 'missing=1': the part of the areas that never report lies in 0 … 1"),
    ):
        with pytest.raises(DesignError, match=text):
            arrival_model(name, population)


def test_a_column_goes_before_a_model(make_contest):
    population = population_of(make_contest, 3, "size", ["3", "2", "1"])
    keys = arrival_model("size", population)(population, np.arange(3)[None], generator(1))
    assert ranks(keys).tolist() == [[3, 2, 1]]


def test_by_size_and_by_distance(make_contest):
    population = population_of(make_contest, 12)  # 301 … 312 voters
    rows = np.arange(12)[None]
    assert ranks(Ordered("size", 1)(population, rows, generator(1)))[0].tolist() == list(range(1, 13))
    assert ranks(Ordered("size", -1)(population, rows, generator(1)))[0].tolist() == list(range(12, 0, -1))
    with pytest.raises(DesignError, match="arrival by distance needs a column 'distance', or latitude and longitude"):
        Ordered("distance")(population, rows, generator(1))
    frame = population.frame
    placed = Frame(frame.table.assign(lat=1 + np.arange(12) / 10, lon=110.0), "0", Findings.none())
    # the median by voters lies at the seventh; 0.1 degrees are 11.1 km
    np.testing.assert_allclose(distances_of(placed), np.abs(np.arange(12) - 6) * 11.1195, rtol=1e-9)
    given_ = Frame(frame.table.assign(distance=np.arange(12.0)), "0", Findings.none())
    assert distances_of(given_).tolist() == list(range(12))


def test_normal_scores_by_hand():
    # ranks 1, 2.5, 2.5 of three known: Φ⁻¹(1/6), Φ⁻¹(2/3) twice
    found = normal_scores(np.array([5.0, np.nan, 9.0, 9.0]))
    np.testing.assert_allclose(found, [-0.9674216, 0, 0.4307273, 0.4307273], rtol=1e-6)


def test_the_strength_is_the_correlation(large):
    rows, rng = samples(large, 100)
    scores = normal_scores(large.frame.registered)[rows]
    keys = Ordered("size", 0.5)(large, rows, rng)
    found = np.corrcoef(scores.ravel(), keys.ravel())[0, 1]
    assert found == pytest.approx(0.5, abs=4 * 0.75 / np.sqrt(rows.size))  # (1 - a²) / √m


def test_areas_share_their_night(large):
    rows = np.tile(np.arange(1200), (200, 1))
    keys = AreaOrder("district", 0.5)(large, rows, generator(3)).reshape(200, 12, 100)
    between = keys.mean(axis=2).var(axis=1, ddof=1) - keys.var(axis=2, ddof=1).mean(axis=1) / 100
    # the variance of 12 area effects has the standard error 0.5 √(2 / 11) in one night
    assert between.mean() == pytest.approx(0.5, abs=4 * 0.5 * np.sqrt(2 / 11 / 200))
    whole = AreaOrder("district", 1)(large, rows[:5], generator(3))
    first = ranks(whole).reshape(5, 12, 100)
    assert (np.ptp(first, axis=2) == 99).all()  # area after area


def test_missing_areas(large):
    rows = np.tile(np.arange(1200), (300, 1))
    never = np.isinf(Missing(0.15)(large, rows, generator(5))).reshape(300, 12, 100)
    assert (never.sum(axis=2) % 100 == 0).all()
    assert (never.any(axis=2).sum(axis=1) == 2).all()  # 0.15 · 12 = 1.8
    often = never[:, :, 0].mean(axis=0)
    assert np.abs(often - 1 / 6).max() < 4 * np.sqrt(5 / 36 / 300)
    with pytest.raises(DesignError, match="needs two areas of level 'regency' at least, and there is one"):
        Missing(0.15, "regency")(large, rows[:1], generator(1))


@pytest.mark.parametrize("delta", [0.1, -0.3])
@pytest.mark.parametrize("part", [0.1, 0.25, 0.5, 0.9])
def test_adverse_arrival_has_the_bias_it_is_made_for(large, delta, part):
    """Whole population as the sample: E z of what is in is δ (1 - p), and the share is off by that times σ Σx / Σv."""
    nights = 300
    rows = np.tile(np.arange(1200), (nights, 1))
    seen = arrived(Adverse(delta)(large, rows, generator(7, str(part))), part)
    z, x, sigma = adverse_residuals(large)
    votes, valid = large.counts.votes[:, 0], large.counts.valid
    off = np.where(seen, x * z, 0).sum(axis=1) / np.where(seen, x, 0).sum(axis=1)
    error = off.std(ddof=1) / np.sqrt(nights)
    assert off.mean() == pytest.approx(delta * (1 - part), abs=4 * error)
    # within strata: a post-stratified share keeps the bias, and only that
    codes = large.frame.areas("district").codes
    roll = np.bincount(codes, x)
    in_roll = np.stack([np.where(seen & (codes == h), x, 0).sum(axis=1) for h in range(12)], axis=1)
    weight = np.where(seen, (roll / in_roll)[:, codes], 0)
    shares = (weight * votes).sum(axis=1) / (weight * valid).sum(axis=1)
    bias = shares - votes.sum() / valid.sum()
    expected = delta * (1 - part) * sigma * x.sum() / valid.sum()
    assert bias.mean() == pytest.approx(expected, abs=4 * bias.std(ddof=1) / np.sqrt(nights) + 0.02 * abs(expected))


def test_what_adverse_cannot_do(large, make_contest):
    with pytest.raises(DesignError, match=r"no order of these stations differs by more than 0\.\d\d standard deviati"):
        Adverse(0.95)(large, np.arange(10)[None], generator(1))
    contest = contest_of(make_contest, 6)
    text = "\n".join([HEAD, *(f"{i:04d},{300 + i},{300 + i},0,{600 + 2 * i}" for i in range(1, 7))])
    (contest.folder / "official.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DesignError, match="nothing to go by: the stations of each stratum voted alike"):
        Adverse()(open_population(contest), np.arange(6)[None], generator(1))
    strata, z = large.frame.areas("district").codes, adverse_residuals(large)[0]
    x = large.frame.registered
    np.testing.assert_allclose(np.bincount(strata, x * z), 0, atol=1e-8 * x.sum())
    assert (x * z**2).sum() / x.sum() == pytest.approx(1, rel=1e-12)


def test_bolivias_batches_come_in_their_order(shared):
    contest: Contest = load_contest(shared / "data" / "bolivia-2019")
    population = open_population(contest)
    model = arrival_model("batch", population)
    rows, rng = samples(population, 5, 300)
    batch = model.moment[rows]
    keys = model(population, rows, rng)
    assert np.unique(model.moment).tolist() == [1, 2, 3]
    assert all(np.all(np.diff(b[np.argsort(k)]) >= 0) for b, k in zip(batch, keys, strict=True))
    near = Ordered("distance", 0.8)(population, rows, rng)
    assert spearmanr(near.ravel(), distances_of(population.frame)[rows].ravel()).statistic > 0.6
