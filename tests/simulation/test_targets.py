"""What a sample is asked for, and how many stations it takes."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.frame import load_frame
from estimation.sampling import Design
from estimation.sampling.cost import expected_villages
from estimation.sampling.variability import measure
from estimation.simulation.design_plan import plan_design
from estimation.simulation.population import open_population
from estimation.simulation.replicate import compare_simulated
from estimation.simulation.targets import MARGIN, Targets, affordable_stations, answers, targets_of

ASKED = """[design]
n = 12
margin = 0.05
right_leader = 0.9
budget = 500
cost_station = 10
cost_village = 20
"""


@pytest.fixture
def contest(make_contest):
    """Sixty stations whose result is known: the first leads by ten points."""
    folder = make_contest(stations=60, extra_toml=ASKED)
    rng = np.random.default_rng(4)
    first = np.clip(110 + rng.normal(0, 25, 60), 1, 199).round().astype(int)
    rows = [f"{i + 1:04d},{votes},{200 - votes},0,200" for i, votes in enumerate(first)]
    (folder / "official.csv").write_text("tps_id,votes_1,votes_2,invalid,total\n" + "\n".join(rows) + "\n")
    return load_contest(folder)


def table(deff, lead_deff, villages=6.0):
    return pd.DataFrame(
        {"quantity": ["share:1", "lead"], "deff": [deff, lead_deff], "villages": villages, "stations": 12.0}
    )


def test_the_contest_says_what_is_asked_and_the_caller_changes_it(contest):
    assert targets_of(contest) == Targets(0.05, 0.9, 500, "", 10, 20)
    assert targets_of(contest, margin=0.03, budget=None, cost_village=None) == Targets(0.03, 0.9, 500, "", 10, 20)


def test_a_cost_of_nothing_can_be_asked(contest, make_contest):
    assert targets_of(contest, cost_village=0.0) == Targets(0.05, 0.9, 500, "", 10, 0)
    assert targets_of(contest, cost_station=0.0) == Targets(0.05, 0.9, 500, "", 0, 20)
    column = load_contest(make_contest(extra_toml='[design]\ncost = "biaya"\ncost_village = 5\n'))
    assert targets_of(column, cost_station=0.0) == Targets(cost_village=5.0)


@pytest.mark.parametrize("name", ["margin", "budget", "right_leader"])
def test_a_zero_that_can_not_be_meant_is_refused_and_not_dropped(contest, name):
    with pytest.raises(DesignError, match=" is 0: give a number"):
        targets_of(contest, **{name: 0.0})


def test_a_plan_takes_none_as_not_given_and_zero_as_given(contest):
    as_it_is = plan_design(contest, replicates=2, changes={"n": None, "method": None}, asked={"cost_station": None})
    assert (as_it_is.design.n, as_it_is.targets) == (12, targets_of(contest))
    free = plan_design(contest, replicates=2, asked={"cost_station": 0.0})
    villages = len(set(free.frame.table["village"].iloc[free.sample.rows]))
    assert free.cost == 20 * villages


def test_without_anything_asked_it_is_one_point(make_contest):
    assert targets_of(load_contest(make_contest())) == Targets(MARGIN) == Targets(0.01, None, None)


def test_a_column_gives_way_to_a_cost_that_is_said(make_contest):
    contest = load_contest(make_contest(extra_toml='[design]\ncost = "biaya"\n'))
    assert targets_of(contest).cost == "biaya"
    assert targets_of(contest, cost_station=5.0) == Targets(cost_station=5.0)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"margin": 1.5}, "the margin is 1.5: give a number between 0 and 1, such as 0.01 for one point"),
        ({"right_leader": 0.5}, "the probability of the right leader is 0.5: give a number between 0.5 and 1"),
        ({"budget": -1.0}, "the budget is -1: give a number above 0"),
        ({"cost_station": -1.0}, "a cost is negative"),
        ({"cost": "biaya", "cost_station": 1.0}, "cost = 'biaya' and cost_station = 1 both say what a station costs"),
        ({"budget": 1e6}, r"a budget of 1,000,000 says nothing without costs: give cost_station \(and cost_village\)"),
    ],
)
def test_aims_that_can_not_be_are_errors(values, text):
    with pytest.raises(DesignError, match=text):
        Targets(**values)


def test_the_answers_by_hand(contest):
    population, frame = open_population(contest), load_frame(contest)
    found = {answer.kind: answer for answer in answers(targets_of(contest), frame, 12, population, table(0.5, 0.5))}
    assert list(found) == ["margin", "right_leader", "budget", "design"]
    votes = population.counts.votes
    unit = measure(votes[:, 0], votes.sum(axis=1)).unit

    def needed(variance, unit):
        first = unit / variance
        return int(np.ceil(first / (1 + first / 60)))

    z = norm.ppf(0.975)
    assert found["margin"].simple.n == needed((0.05 / z) ** 2, unit)
    assert found["margin"].own.n == needed((0.05 / z) ** 2, unit / 2)
    assert found["margin"].own.margin <= 0.05
    # the lead is twice the share's distance from one half, and so is its error
    distance = population.shares[0] - 0.5
    assert found["right_leader"].simple.n == max(2, needed((distance / norm.ppf(0.9)) ** 2, unit))
    assert found["right_leader"].right >= 0.9
    # all six villages are met by twelve stations: each of sixty costs 10, and 120 for the villages
    assert found["budget"].own.n == 38
    assert found["budget"].cost == pytest.approx(500, abs=0.1)
    assert found["design"].own.n == 12
    assert found["design"].own.margin == pytest.approx(z * ((1 / 12 - 1 / 60) * unit / 2) ** 0.5)
    assert found["design"].cost == pytest.approx(120 + 20 * 6)


def test_two_stages_pay_a_village_for_its_fixed_number(contest):
    population, frame = open_population(contest), load_frame(contest)
    found = answers(targets_of(contest), frame, 12, population, table(1.0, 1.0, 4.0), per_village=3)
    assert found[-1].cost == pytest.approx(12 * (10 + 20 / 3))
    assert found[2].own.n == 30  # 500 / (10 + 20 / 3)


def test_nobody_leads_by_how_many(contest, make_contest):
    folder = make_contest(stations=12, extra_toml="[design]\nn = 6\nright_leader = 0.9\n")
    rows = [f"{i:04d},{100 + (-1) ** i},{100 - (-1) ** i},0,200" for i in range(1, 13)]
    (folder / "official.csv").write_text("tps_id,votes_1,votes_2,invalid,total\n" + "\n".join(rows) + "\n")
    tied = load_contest(folder)
    found = answers(targets_of(tied), load_frame(tied), 6, open_population(tied), table(1.0, 1.0))
    assert [answer.kind for answer in found] == ["margin", "design"]


def test_a_budget_too_small_says_so(contest):
    with pytest.raises(DesignError, match="a budget of 25 pays 0 stations, 0 would report and 2 are needed: raise it"):
        plan_design(contest, replicates=5, asked={"budget": 25.0})


def test_without_a_result_a_budget_still_pays_stations(make_contest):
    contest = load_contest(make_contest(stations=60, extra_toml=ASKED))
    found = plan_design(contest)
    assert found.answers is None
    size = np.full(6, 10.0)
    assert found.affordable == affordable_stations(found.targets, found.frame) == 38
    assert 38 * 10 + 20 * expected_villages(size, 38) <= 500 < 39 * 10 + 20 * expected_villages(size, 39)
    villages = len(np.unique(found.frame.areas("village").codes[found.sample.rows]))
    assert found.cost == 120 + 20 * villages


def test_the_comparison_pays_by_station(contest):
    population = open_population(contest)
    price = np.where(np.arange(60) < 30, 10.0, 30.0)
    table = compare_simulated(population, {"all": Design(60, "simple", "")}, 2, cost_station=price, cost_village=1.0)
    assert table["cost"].tolist() == [30 * 10 + 30 * 30 + 6] * 3
