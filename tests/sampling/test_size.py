"""Sample sizes: by hand, against the reference population, and by what they promise."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from estimation.errors import DesignError
from estimation.sampling.size import curve, for_budget, for_leader, for_margin, optimal_take, two_stage_size
from estimation.sampling.variability import assume_lead, assume_share, intraclass, measure, ratio_residuals

Z = 1.959963984540054
PLAIN = assume_share(0.5, 1000, 200, deff=1)
ALIKE = assume_share(0.5, 1000, 200, intraclass=0.1)


@pytest.fixture(scope="module")
def population(shared):
    table = pd.read_csv(shared / "reference" / "population.csv")
    table["valid"] = table[["votes_1", "votes_2", "votes_3"]].sum(axis=1)
    return table


@pytest.fixture(scope="module")
def truth(shared):
    return json.loads((shared / "reference" / "expected_truth.json").read_text(encoding="utf-8"))


def column(table, name):
    return table[name].to_numpy(dtype=np.float64)


def test_a_share_by_hand():
    size = for_margin(PLAIN, 0.01)
    # z² 0.25 / 0.01² = 9,603.6 voters = 48.02 stations of 200; 48.02 / 1.04802 = 45.8
    assert (size.n, size.persons, size.persons_stations, size.reserve, size.deff) == (46, 9604, 49, 0, 1)
    assert size.margin == pytest.approx(Z * np.sqrt(0.25 / 200 * (1 / 46 - 1 / 1000)))
    assert size.understated == pytest.approx(np.sqrt(1 - 0.046))


def test_voters_of_a_station_vote_alike_by_hand():
    # deff = 1 + 199 · 0.1 = 20.9: n₀ = 1,003.6, n = 1,003.6 / 2.0036 = 500.9
    size = for_margin(ALIKE, 0.01)
    assert (size.n, size.persons, size.persons_stations) == (501, 9604, 49)
    assert size.deff == pytest.approx(20.9)
    assert ALIKE.intraclass == pytest.approx(0.1)
    assert size.understated == pytest.approx(np.sqrt(20.9 * 0.499))
    assert for_margin(assume_share(0.5, 1000, 200, deff=20.9), 0.01).n == 501
    assert for_margin(PLAIN.times(20.9), 0.01).n == 501
    assert for_margin(ALIKE.times(0.5), 0.01).n == 335  # n₀ = 501.8


def test_a_lead_by_hand():
    between = assume_lead(0.1, 1000, 200, together=0.9, deff=10)
    assert between.person == pytest.approx(0.89)
    # n₀ = 3.84146 · 0.89 · 10 / 200 / 0.0009 = 189.9; / 1.1899 = 159.6
    size = for_margin(between, 0.03)
    assert (size.n, size.persons) == (160, 3799)


def test_some_do_not_report():
    size = for_margin(PLAIN, 0.01, reporting=0.9)
    assert (size.n, size.drawn, size.reserve) == (46, 52, 6)  # 51.1


def test_the_right_leader_by_hand():
    # one voter 0.99, σ² = 0.99 · 20.9 / 200 = 0.103455; se = 0.1 / 2.32635; n₀ = 55.99, / 1.056 = 53.02
    between = assume_lead(0.1, 1000, 200, intraclass=0.1)
    size = for_leader(between, 0.99)
    assert size.n == 54
    assert size.probability == pytest.approx(norm.cdf(0.1 / np.sqrt(0.103455 * (1 / 54 - 0.001))))
    # the whole interval: se = 0.1 / (2.32635 + 1.95996); n₀ = 190.07, / 1.19007 = 159.7
    decisive = for_leader(between, 0.99, decisive=True)
    assert decisive.n == 160
    assert decisive.probability >= 0.99
    assert decisive.margin + norm.ppf(0.99) * decisive.margin / Z <= 0.1


def test_a_single_candidate_is_held_against_one_half():
    between = assume_share(0.55, 1000, 200, deff=10)
    size = for_leader(between, 0.975)
    assert size.n == for_margin(between, 0.05).n
    assert for_leader(between, 0.975, threshold=0.5).n == size.n
    assert for_leader(between, 0.975, threshold=0.52).n == for_margin(between, 0.03).n


def test_a_budget_by_hand():
    size = for_budget(ALIKE, 100, 3, reporting=0.9)
    assert (size.n, size.drawn, size.cost) == (29, 33, 99)  # 33 can be paid, 29.7 will report
    assert size.margin == pytest.approx(Z * np.sqrt(0.25 * 20.9 / 200 * (1 / 29 - 1 / 1000)))
    assert size.persons == int(np.ceil(29 * 200 / (20.9 * (1 - 0.029))))
    assert for_budget(ALIKE, 1e9, 3).margin == 0  # a census


def test_the_optimal_take_by_hand():
    assert optimal_take(25, 100, 0.2) == pytest.approx(4)  # √(4 · 0.8 / 0.2)


def test_two_stages_by_hand():
    between = assume_share(0.5, 4000, 200, deff=20)  # σ² = 0.025
    size = two_stage_size(between, 10_000, 25, 100, villages=200, correlation=0.2)
    assert (size.villages, size.per_village, size.n, size.cost) == (50, 4, 200, 10_000)
    variance = 0.2 * 0.025 * (1 / 50 - 1 / 200) + 0.8 * 0.025 * (1 / 200 - 1 / 4000)
    assert size.margin == pytest.approx(Z * np.sqrt(variance))
    assert size.deff == pytest.approx(20 * 1.6)
    assert "in 50 villages, 4 in each" in size.sentence()


def test_two_stages_have_the_variance_of_cochran_where_villages_are_equal():
    rng = np.random.default_rng(3)
    villages, each = 300, 12
    y = (100 + rng.normal(0, 20, villages)[:, None] + rng.normal(0, 25, (villages, each))).ravel()
    v, cluster = np.full(y.size, 200.0), np.repeat(np.arange(villages), each)
    between = measure(y, v)
    size = two_stage_size(between, 6000, 20, 100, villages=villages, correlation=intraclass(y, v, cluster))
    a, m = size.villages, size.per_village
    table = (y / 200).reshape(villages, each)
    first, second = table.mean(axis=1).var(ddof=1), table.var(axis=1, ddof=1).mean()
    exact = (1 - a / villages) * first / a + (1 - m / each) * second / (a * m)
    assert (size.margin / Z) ** 2 == pytest.approx(exact, rel=1 / villages)


def test_intraclass_by_hand():
    y = np.array([0.0, 2, 4, 6, 8, 10])
    # MS_b = 2 (16 + 0 + 16) / 2 = 32, MS_w = 6 / 3 = 2, n₀ = 2: 30 / 34
    for of in ("share", "residual"):
        assert intraclass(y, np.ones(6), np.array([0, 0, 7, 7, 3, 3]), of) == pytest.approx(30 / 34)
    alternating = np.array([0.0, 1, 0, 1])
    assert intraclass(alternating, np.ones(4), np.array([0, 0, 1, 1])) == pytest.approx(-1)


@pytest.mark.parametrize("level", ["district", "village"])
def test_intraclass_of_shares_equals_the_reference(population, truth, level):
    cluster = pd.factorize(population[level])[0]
    found = intraclass(column(population, "votes_1"), column(population, "valid"), cluster, of="share")
    assert found == pytest.approx(truth["icc_share_1"][level], rel=1e-9)
    # residuals weigh stations by their voters; stations here are nearly of one size
    assert intraclass(column(population, "votes_1"), column(population, "valid"), cluster) == pytest.approx(
        found, abs=0.05
    )


def test_the_measured_variance_is_the_true_one_of_the_reference(population, truth):
    valid = column(population, "valid")
    true = truth["sampling_variance"]["srs60"]
    for j in (1, 2, 3):
        between = measure(column(population, f"votes_{j}"), valid)
        assert between.value == pytest.approx(truth["shares"][j - 1])
        assert between.variance(60) == pytest.approx(true["shares_taylor"][j - 1][j - 1], rel=1e-9)
    lead = measure(column(population, "votes_1"), valid, rival=column(population, "votes_2"))
    assert lead.value == pytest.approx(truth["margin"])
    assert lead.variance(60) == pytest.approx(true["margin_taylor"], rel=1e-9)
    assert lead.person == pytest.approx(sum(truth["shares"][:2]) - truth["margin"] ** 2)


def test_strata_lower_the_measured_variance(population):
    y, v = column(population, "votes_1"), column(population, "valid")
    codes = pd.factorize(population["district"])[0]
    plain, stratified = measure(y, v), measure(y, v, codes=codes)
    d = pd.Series(ratio_residuals(y, v)[1])
    within = (d.groupby(codes).var() * d.groupby(codes).size()).sum() / len(d)
    assert stratified.unit == pytest.approx(within / v.mean() ** 2)
    assert for_margin(stratified, 0.02).n < for_margin(plain, 0.02).n
    assert 3 < for_margin(plain, 0.02).understated < 7  # the four to seven times


def test_the_margin_promised_is_kept_in_repeated_samples(population):
    y, v = column(population, "votes_1"), column(population, "valid")
    between = measure(y, v)
    n = for_margin(between, 0.02).n
    rng = np.random.default_rng(11)
    drawn = np.argsort(rng.random((4000, len(y))), axis=1)[:, :n]
    inside = np.abs(y[drawn].sum(axis=1) / v[drawn].sum(axis=1) - between.value) <= 0.02
    assert abs(inside.mean() - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 4000)


@given(
    st.floats(0.02, 0.98),
    st.integers(2, 100_000),
    st.floats(20, 500),
    st.floats(0, 0.5),
    st.floats(0.002, 0.2),
    st.floats(0.5, 0.999),
)
def test_it_is_the_smallest_that_keeps_the_margin(share, stations, voters, rho, margin, level):
    between = assume_share(share, stations, voters, intraclass=rho)
    size = for_margin(between, margin, level=level)
    assert 2 <= size.n <= stations
    assert size.margin <= margin * (1 + 1e-6)
    if size.n > 2:
        z = norm.ppf(0.5 + level / 2)
        assert z * np.sqrt(float(between.variance(size.n - 1))) > margin * (1 - 1e-6)


def test_the_curve_says_what_the_sizes_say():
    between = assume_lead(0.1, 1000, 200, intraclass=0.1)
    table = curve(between, [54, 160, 1000])
    assert table.index.tolist() == [54, 160, 1000]
    size = for_leader(between, 0.99)
    assert table.loc[54, "margin"] == pytest.approx(size.margin)
    assert table.loc[54, "right_leader"] == pytest.approx(size.probability)
    assert table.loc[54, "understated"] == pytest.approx(size.understated)
    assert table.loc[160, "persons_margin"] == pytest.approx(Z * np.sqrt(0.99 / 32_000))
    assert table.loc[1000, ["standard_error", "margin", "understated", "right_leader"]].tolist() == [0, 0, 0, 1]


def test_the_sentence():
    assert for_margin(ALIKE, 0.02, reporting=0.95).sentence() == (
        "201 of 1,000 stations give the share within 2.0 points at 95%; draw 212, as 11 may not report; the formula "
        "for persons asks for 2,401 voters, the voters of 13 stations, but voters of one station vote alike: at 201 "
        "stations the error it claims is 4.1 times too small."
    )
    assert "and name the right leader with probability 99.1%; the formula" in (
        for_leader(assume_lead(0.1, 1000, 200, intraclass=0.1), 0.99).sentence()
    )
    assert "; the cost is 99;" in for_budget(ALIKE, 100, 3).sentence()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: assume_share(0.5, 100, 200), "give one of deff and intraclass, or measure it in an earlier election"),
        (lambda: assume_share(0.5, 100, 200, deff=2, intraclass=0.1), "give one of deff and intraclass"),
        (
            lambda: assume_share(0.5, 100, 200, intraclass=2),
            "the intraclass correlation is 2: give a number from 0 to 1",
        ),
        (lambda: assume_share(1.0, 100, 200, deff=2), "the share is 1: give a number between 0 and 1"),
        (lambda: assume_share(0.5, 1, 200, deff=2), "1 stations can't be sampled"),
        (lambda: assume_share(0.5, 100, 1, deff=2), "mean of voters at a station is 1: give a number above 1"),
        (lambda: assume_lead(0.6, 100, 200, together=0.5, deff=2), "a lead of 0.6 needs two candidates with more than"),
        (lambda: for_margin(PLAIN, 1.5), "the margin of error is 1.5: give a number between 0 and 1"),
        (lambda: for_margin(PLAIN, 0.01, level=95), "the confidence level is 95: give a number between 0 and 1"),
        (lambda: for_margin(PLAIN, 0.01, reporting=0), "the share of stations that report is 0"),
        (
            lambda: for_margin(ALIKE, 0.005, reporting=0.7),
            "801 stations must report, so 1145 must be drawn, more than the 1000 there are: ask for less precision",
        ),
        (lambda: for_leader(ALIKE, 0.99), "an expected share at the threshold has no right side"),
        (lambda: for_leader(ALIKE, 0.3), "the probability is 0.3: give a number between 0.5 and 1"),
        (lambda: for_budget(ALIKE, 5, 3), "a budget of 5 pays 1 stations, 1 would report and 2 are needed: raise it"),
        (
            lambda: two_stage_size(ALIKE, 100, 25, 100, villages=50, correlation=0.2),
            "a budget of 100 pays 0 villages at 125 each, and 2 are needed: raise it",
        ),
        (
            lambda: two_stage_size(ALIKE, 100, 1, 1, villages=5000, correlation=0.2),
            "5000 villages can't hold 1000 stations",
        ),
        (lambda: optimal_take(1, 1, 0.0), "the intraclass correlation of villages is 0: give a number between 0 and 1"),
        (lambda: intraclass(np.ones(3), np.ones(3), np.arange(3)), "3 stations in 3 clusters have no intraclass"),
        (lambda: measure(np.ones(2), np.ones(3)), r"votes have shape \(2,\) and valid votes \(3,\)"),
        (lambda: measure(np.array([1, np.nan]), np.ones(2)), "lacks votes for 1 of 2 stations: leave those out"),
        (lambda: measure(np.zeros(2), np.zeros(2)), "the earlier election has no valid votes"),
        (lambda: measure(np.ones(1), np.ones(1)), "where there are fewer than 2"),
        (lambda: measure(np.ones(2), np.ones(2), codes=np.zeros(3, int)), "3 stratum codes and 2 stations"),
        (lambda: curve(ALIKE, [10, 2000]), "a curve runs over 1 … 1000 stations: leave out what is outside"),
    ],
)
def test_what_is_impossible_is_an_error_with_its_remedy(call, message):
    with pytest.raises(DesignError, match=message):
        call()
