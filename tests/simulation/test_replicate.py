"""Designs drawn again and again: against enumeration, against the night's own path, and on a real election."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError, EstimateError
from estimation.estimators import combined_ratio, design_weighting, domain, weight_responding
from estimation.returns import Counts
from estimation.sampling import design_structure as design_structure_module
from estimation.sampling.apply_design import strata_for
from estimation.sampling.design import Design
from estimation.sampling.design_structure import Drawn, design_structure
from estimation.sampling.draw import describe_draw, draw_rows
from estimation.simulation import replicate as engine
from estimation.simulation.backtest.backtest_request import plan_of
from estimation.simulation.backtest.replay import draw_block, night_of, stage
from estimation.simulation.population import open_population
from estimation.simulation.replicate import compare_simulated, nonresponse, replicate
from estimation.survey.variance import default


def small_frame(stations):
    """Stations of one regency, 0001 … in the order of the file."""
    common = {"province": "JAWA", "regency": "KOTA", "registered": 300}
    return [common | {"tps_id": f"{i:04d}", "tps": f"{i:03d}"} for i in range(1, stations + 1)]


SIX = [(10, 90), (60, 40), (20, 80), (30, 120), (70, 50), (45, 55)]
SIMPLE = Design(3, "simple", "")


def population_of(folder, votes):
    columns = ",".join(f"votes_{j + 1}" for j in range(len(votes[0])))
    lines = [f"{i + 1:04d},{','.join(map(str, row))},0,{sum(row)}" for i, row in enumerate(votes)]
    (folder / "official.csv").write_text("\n".join([f"tps_id,{columns},invalid,total", *lines]) + "\n")
    return open_population(load_contest(folder))


@pytest.fixture
def six(make_contest):
    return population_of(make_contest(stations=6), SIX)


@pytest.fixture
def sixty(make_contest):
    """Sixty stations in three districts and six villages."""
    rng = np.random.default_rng(4)
    level = 60 + 60 * np.tile([0, 0.5, 1, 0.2, 0.7, 1.2], 10)
    votes = np.column_stack([rng.poisson(level), rng.poisson(100, 60)])
    return population_of(make_contest(stations=60), votes.tolist())


def whole(table, quantity="lead"):
    return table[(table["quantity"] == quantity) & (table["area"] == "")].set_index("design")


def enumerated(samples):
    """Mean and standard deviation of the share of candidate 1 over equally likely samples, weights equal."""
    votes = np.array(SIX)
    shares = [votes[list(rows), 0].sum() / votes[list(rows)].sum() for rows in samples]
    return np.mean(shares), np.std(shares)


def test_true_error_of_simple_sampling_is_the_enumerated_one(six):
    mean, se = enumerated(itertools.combinations(range(6), 3))
    row = whole(compare_simulated(six, {"simple": SIMPLE}, 20_000), "share:1").loc["simple"]
    assert row["truth"] == pytest.approx(235 / 670)
    assert abs(row["bias"] - (mean - 235 / 670)) < 4 * row["bias_mc"]
    assert abs(row["true_se"] - se) < 4 * row["true_se_mc"]
    assert row["bias_mc"] == pytest.approx(row["true_se"] / 20_000**0.5)


def systematic_row(population):
    return whole(compare_simulated(population, {"systematic": Design(3, "systematic", "")}, 2_000), "share:1").loc[
        "systematic"
    ]


def test_true_error_of_a_systematic_sample_is_the_enumerated_one(make_contest):
    rows = [row | {"district": "AABBCC"[i], "village": "PQRSTU"[i]} for i, row in enumerate(small_frame(6))]
    mean, se = enumerated([(0, 2, 4), (1, 3, 5)])
    row = systematic_row(population_of(make_contest(stations=rows), SIX))
    assert abs(row["bias"] - (mean - 235 / 670)) < 4 * row["bias_mc"]
    assert row["true_se"] == pytest.approx(se, rel=0.01)


def test_a_systematic_sample_goes_through_the_map_whatever_the_order_of_the_file(six):
    # in the order of the map: A (0001, 0004), B (0002, 0005), C (0003, 0006); every second of these
    mean, se = enumerated([(0, 1, 2), (3, 4, 5)])
    row = systematic_row(six)
    assert abs(row["bias"] - (mean - 235 / 670)) < 4 * row["bias_mc"]
    assert row["true_se"] == pytest.approx(se, rel=0.01)


def test_how_often_the_right_leader_is_named_is_the_enumerated_part(six):
    votes = np.array(SIX)
    right = np.mean([votes[list(r), 1].sum() > votes[list(r), 0].sum() for r in itertools.combinations(range(6), 3)])
    assert 0.5 < right < 1
    row = whole(compare_simulated(six, {"simple": SIMPLE}, 5_000)).loc["simple"]
    assert row["right_leader_low"] <= right <= row["right_leader_high"]


def test_the_third_of_three_candidates_is_no_right_leader(make_contest):
    # the first leads the second everywhere, and the third leads where he is drawn
    votes = [(50, 40, 0), (50, 40, 0), (50, 40, 0), (50, 40, 190)]
    population = population_of(make_contest(stations=4, candidates=3), votes)
    assert population.truth == pytest.approx([200 / 550, 160 / 550, 190 / 550, 10 / 550])
    row = whole(compare_simulated(population, {"simple": Design(2, "simple", "")}, 4_000)).loc["simple"]
    assert row["right_leader_low"] < 0.5 < row["right_leader_high"]


@pytest.mark.parametrize(("method", "strata"), [("simple", ""), ("stratified", "district"), ("systematic", "")])
def test_a_census_has_no_variance(six, method, strata):
    design = Design(6, method, strata)
    table = compare_simulated(six, {"all": design}, 50)
    assert table["true_se"].max() < 1e-12
    assert table["mean_se"].max() == 0
    assert (table["coverage"] == 1).all()
    assert table[["ratio", "deff"]].isna().all(axis=None)
    assert (table["right_leader"] == 1).all()


def test_a_seed_names_the_samples(sixty):
    one, again, other = (compare_simulated(sixty, {"d": Design(12, seed=seed)}, 200) for seed in ("7", "7", "8"))
    pd.testing.assert_frame_equal(one, again)
    assert one["true_se"].iloc[0] != other["true_se"].iloc[0]


def test_blocks_change_nothing_where_one_holds_all(sixty, monkeypatch):
    design = Design(12)
    one = replicate(sixty, design, 100)
    monkeypatch.setattr(engine, "BLOCK", 100 * 12 * 3)  # replicates × n × quantities: still one block
    np.testing.assert_array_equal(replicate(sixty, design, 100).estimates.theta, one.estimates.theta)
    monkeypatch.setattr(engine, "BLOCK", 7 * 12 * 3)
    several = replicate(sixty, design, 100, areas="district")
    assert several.estimates.theta.shape == (100, 3)
    assert several.areas is not None
    assert several.areas.theta.shape == (100, 3)
    assert len(np.unique(several.estimates.theta[:, 0])) > 90  # each block has a stream of its own


def test_votes_scale_out(make_contest):
    tables = [
        compare_simulated(population_of(make_contest(stations=6), [(f * a, f * b) for a, b in SIX]), {"d": SIMPLE}, 200)
        for f in (1, 2)
    ]
    pd.testing.assert_frame_equal(*tables)


METHODS = {
    "simple": Design(12, "simple", ""),
    "stratified": Design(12),
    "systematic": Design(12, "systematic", ""),
    "pps-systematic": Design(12, "pps-systematic", ""),
    "sampford": Design(12, "sampford", ""),
    "sampford in strata": Design(12, "sampford", "district"),
    "max-entropy": Design(12, "max-entropy", ""),
    "pivotal": Design(12, "pivotal", ""),
    "pivotal in strata": Design(12, "pivotal", "district"),
    "pivotal, spread": Design(12, "pivotal", "", spread=("registered",)),
    "cube": Design(12, "cube", "", balance=("registered",)),
    "local-cube": Design(12, "local-cube", "", balance=("registered",)),
    "two-stage": Design(12, "two-stage", "", per_cluster=3),
}


VARIANCES = {
    "simple": "stratified",
    "stratified": "stratified",
    "systematic": "successive",
    "pps-systematic": "successive",
    "sampford": "yates-grundy",
    "max-entropy": "yates-grundy",
    "pivotal": "local-neighbourhood",
    "cube": "balanced",
    "local-cube": "local-neighbourhood",
    "two-stage": "ultimate-cluster",
}


@pytest.mark.parametrize("name", METHODS)
def test_a_backtest_takes_the_variance_of_the_night(sixty, make_contest, name):
    design = METHODS[name]
    at = stage(sixty, plan_of(sixty.contest, estimators=["ratio"], replicates=3, received="0.5,1", level=0.95))
    at = stage(sixty, replace(at.plan, design=design))
    drawn, keys = draw_block(at, 0)
    for part in (0.5, 1.0):
        night, _ = night_of(at, drawn, keys, part)
        for r in range(3):
            sample = describe_draw(sixty.frame, design, at.strata, drawn.replicates(r))
            own = weight_responding(sample, night.counts.seen[r]).structure
            e = own.weight[:, None] * sixty.numerators[sample.rows]
            many = night.adjustment.structure
            assert default(own)[0] == default(many)[0]
            lead = np.broadcast_to(e, (3, *e.shape))
            covariance = default(own)[1](e, own)
            np.testing.assert_allclose(default(many)[1](lead, many)[r], covariance, rtol=1e-10, atol=1e-10)


def test_joint_probabilities_of_replicates_are_held_a_few_at_a_time(sixty, monkeypatch):
    design = Design(12, "sampford", "")
    whole = replicate(sixty, design, 30)
    monkeypatch.setattr(design_structure_module, "JOINT_NUMBERS", 4 * 12**2)
    sizes = [len(rows) for rows, _ in engine.samples(sixty, design, 30, 3)]
    assert sizes == [4] * 7 + [2]
    np.testing.assert_allclose(replicate(sixty, design, 30).estimates.variance, whole.estimates.variance, rtol=1e-12)


def at_night(population, design, drawn):
    """Estimate one sample by the functions that a projection uses."""
    sample = describe_draw(population.frame, design, strata_for(population.frame, design.strata), drawn)
    seen = np.ones(len(sample), dtype=bool)
    counts = population.counts
    fields = [values[sample.rows] for values in (counts.votes, counts.invalid, counts.ballots, counts.registered)]
    return Counts(*fields, seen, ~seen), weight_responding(sample, seen).structure


@pytest.mark.parametrize("name", METHODS)
def test_a_replicate_is_what_the_night_would_say(sixty, name):
    design = METHODS[name]
    strata = strata_for(sixty.frame, design.strata)
    drawn = draw_rows(sixty.frame, design, strata, np.random.default_rng(3), 5)
    many = design_structure(sixty.frame, design, strata, drawn)
    e = many.weight[..., None] * sixty.numerators[drawn.rows]
    variance, covariance_of = default(many)
    covariance = covariance_of(e, many)
    assert variance == VARIANCES[design.method]
    for r in range(5):
        seen, structure = at_night(sixty, design, drawn.replicates(r))
        np.testing.assert_allclose(structure.weight, many.weight[r], rtol=1e-12)
        assert default(structure)[0] == variance
        np.testing.assert_allclose(default(structure)[1](e[r], structure), covariance[r], rtol=1e-10)
        assert float(structure.df()) == many.df()[r]
        assert combined_ratio(seen, structure, [1, 2]).theta[0] > 0


def test_villages_smaller_than_the_take(make_contest):
    # villages of 4, 3, 2 and 1 stations, three to be drawn in each of two villages
    rows = [row | {"district": "D", "village": "AAAABBBCCD"[i]} for i, row in enumerate(small_frame(10))]
    votes = [(30 + 5 * i, 90 - 4 * i) for i in range(10)]
    population = population_of(make_contest(stations=rows), votes)
    design = Design(6, "two-stage", "", per_cluster=3)
    result = replicate(population, design, 400)
    assert set(result.stations.tolist()) <= {3, 4, 5, 6}
    assert result.stations.min() < 6
    assert set(result.villages.tolist()) == {2}
    assert np.isfinite(result.estimates.variance).all()
    drawn = draw_rows(population.frame, design, strata_for(population.frame, ""), np.random.default_rng(2), 30)
    structure = design_structure(population.frame, design, strata_for(population.frame, ""), drawn)
    for r in range(30):
        own = drawn.rows[r] >= 0
        psu = drawn.psu_probability[r, own]
        _, alone = at_night(population, design, Drawn(drawn.rows[r, own], drawn.probability[r, own], psu))
        np.testing.assert_allclose(alone.weight, structure.weight[r, own])
        assert (structure.weight[r, ~own] == 0).all()
        assert float(alone.df()) == structure.df()[r]


def test_an_area_is_the_domain_of_the_night(sixty):
    design = Design(9, "simple", "")
    result = replicate(sixty, design, 40, areas="district")
    strata = strata_for(sixty.frame, "")
    drawn = draw_rows(sixty.frame, design, strata, engine.generator(design.seed, "replicate", "0"), 40)
    codes = sixty.frame.areas("district").codes
    left_out = 0
    for r, area in itertools.product(range(40), range(3)):
        seen, structure = at_night(sixty, design, Drawn(drawn.rows[r], drawn.probability[r]))
        inside = codes[drawn.rows[r]] == area
        if inside.sum() < 2:
            left_out += 1
            assert np.isnan(result.areas.theta[r, area])
            continue
        expected = domain(seen, design_weighting(structure), [1, 2], inside).select([f"share:{sixty.order[0] + 1}"])
        np.testing.assert_allclose(result.areas.theta[r, area], expected.theta[0])
        np.testing.assert_allclose(result.areas.variance[r, area], expected.variance[0])
    assert left_out > 0
    table = compare_simulated(sixty, {"simple": design}, 40, areas="district")
    areas = table[table["area"] != ""]
    assert areas["left_out"].sum() == left_out
    assert areas["area"].tolist() == [f"JAWA / KOTA / {name}" for name in "ABC"]
    assert areas["truth"].tolist() == [share for _, share in sixty.areas("district")]


def test_cost(sixty):
    table = compare_simulated(
        sixty, {"d": Design(12, "two-stage", "", per_cluster=3)}, 20, cost_station=5, cost_village=100
    )
    assert (table["stations"] == 12).all()
    assert (table["villages"] == 4).all()
    assert (table["cost"] == 12 * 5 + 4 * 100).all()


SILENT = [(name, pattern) for name in METHODS for pattern in ("random", "village")]


@pytest.mark.parametrize(("name", "pattern"), [pair for pair in SILENT if pair != ("two-stage", "village")])
def test_what_never_reports(sixty, name, pattern):
    design = replace(METHODS[name], n=24, per_cluster=8)
    table = nonresponse(sixty, design, (0.4, 0.1), 60, pattern=pattern)
    assert table["missing"].unique().tolist() == [0, 0.1, 0.4]
    assert table["quantity"].tolist() == ["share:1", "share:2", "lead"] * 3
    np.testing.assert_allclose(table["stations"].unique(), [24, 21.6, 14.4], atol=2.5)
    assert np.isfinite(table.drop(columns="quantity")).all(axis=None)
    full = compare_simulated(sixty, {"d": design}, 60)
    shared = ["truth", "bias", "true_se", "mean_se", "coverage", "half_width"]
    np.testing.assert_allclose(table[shared].iloc[:3], full[shared], rtol=1e-9)
    assert table["mean_se"].iloc[8] > table["mean_se"].iloc[2]


def test_one_village_heard_of_says_nothing_of_the_others(sixty):
    design = Design(24, "two-stage", "", per_cluster=8)  # three villages of six, of which 0.4 are silent
    with pytest.raises(EstimateError, match="has 1 primary unit in, and a variance needs 2"):
        nonresponse(sixty, design, (0.4,), 60, pattern="village")


def test_random_silence_leaves_no_bias_and_a_larger_error(sixty):
    table = nonresponse(sixty, Design(24), (0.3,), 800).query("quantity == 'lead'")
    assert (table["bias"].abs() < 4 * table["bias_mc"] + 0.002).all()
    # 24 drawn and 70 % of them in: the part that is not seen of the population grows from 0.6 to 0.72
    expected = ((1 - 0.28) / (24 * 0.7) / ((1 - 0.4) / 24)) ** 0.5
    assert table["true_se"].iloc[1] / table["true_se"].iloc[0] == pytest.approx(expected, rel=0.12)
    assert table["coverage"].between(0.92, 0.98).all()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"pattern": "villages"}, "pattern 'villages' is unknown: known are random, village"),
        ({"missing": (5,)}, r"a missing part of 5 lies outside \(0, 1\): write 0.05 for 5 %"),
        ({"replicates": 0}, "0 replicates: draw at least 1"),
    ],
)
def test_impossible_requests(six, changes, text):
    with pytest.raises(DesignError, match=text):
        nonresponse(six, SIMPLE, **changes)


@pytest.fixture(scope="module")
def situbondo(shared):
    return open_population(load_contest(shared / "data" / "situbondo-2019"))


def test_ordered_pivotal_beats_strata_on_a_real_election(situbondo):
    designs = {"stratified": Design(300), "pivotal": Design(300, "pivotal", "")}
    table = compare_simulated(situbondo, designs, 1_000)
    lead = whole(table)
    assert lead.loc["pivotal", "true_se"] / lead.loc["stratified", "true_se"] < 0.90  # 0.80 with 10,000
    assert lead["ratio"].between(0.95, 1.25).all()
    assert lead["coverage_high"].min() > 0.95
    np.testing.assert_allclose(whole(table, "share:1")["true_se"], lead["true_se"] / 2)
    # from the whole population, to three digits in benchmarks/README.md
    assert situbondo.simple_variance(300)[0] ** 0.5 == pytest.approx(0.00917, abs=0.0001)
