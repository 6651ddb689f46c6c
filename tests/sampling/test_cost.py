"""Costs, by hand: villages that a sample meets, what a budget pays, allocation by cost, size from a budget."""

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.errors import DesignError
from estimation.frame import load_frame
from estimation.sampling import Design, design_of
from estimation.sampling.allocate import allocate, strata_for
from estimation.sampling.between import assume_share
from estimation.sampling.cost import Prices, affordable, by_stratum, expected_villages, prices_of, villages_met
from estimation.sampling.size import at, for_budget

PAIR = np.array([2.0, 2.0])


@pytest.fixture
def frame(make_contest):
    return load_frame(load_contest(make_contest(stations=12)))  # three districts of two villages of two stations


def test_the_villages_of_a_simple_sample():
    # two of four stations, two in each of two villages: a village is missed with probability 1/C(4, 2)
    assert expected_villages(PAIR, 2) == pytest.approx(2 * (1 - 1 / 6))
    assert [expected_villages(PAIR, n) for n in (0, 1, 3, 4)] == pytest.approx([0, 1, 2, 2])
    size = np.array([1.0, 3.0, 7.0, 20.0])
    codes = np.repeat(np.arange(4), size.astype(int))
    rng = np.random.default_rng(1)
    met = [len(set(codes[rng.choice(31, 6, replace=False)])) for _ in range(20_000)]
    assert expected_villages(size, 6) == pytest.approx(np.mean(met), abs=4 * np.std(met) / 20_000**0.5)


def test_other_designs_meet_more_villages_never_more_than_there_are():
    assert villages_met(PAIR, 2, 1.1) == pytest.approx(1.1 * 5 / 3)
    assert villages_met(PAIR, 2, 9) == 2
    assert villages_met(np.full(10, 3.0), 2, 9) == 2


def test_what_a_budget_pays():
    assert affordable(10, 3) == (3, 9)
    # at 1 a station and 3 a village: one station costs 4, two cost 2 + 3 · 5/3 = 7, three cost 9
    assert [affordable(budget, 1, 3, PAIR) for budget in (3.9, 4, 7, 8.9, 9, 99)] == [
        (0, 0), (1, 4), (2, pytest.approx(7)), (2, pytest.approx(7)), (3, 9), (4, 10),
    ]  # fmt: skip
    assert affordable(7, 1, 3, PAIR, visits=1.2)[0] == 1  # two stations in 1.2 · 5/3 = 2 villages cost 8


def test_a_sample_costs_its_stations_and_its_villages_once(frame):
    prices = Prices(np.arange(12.0), 100.0)
    assert prices.mean == 5.5
    assert prices.of(frame, np.array([0, 6, 1])) == 7 + 200  # stations 1 and 7 lie in one village
    assert prices_of(frame, "", 0, 0) is None
    assert prices_of(frame, "registered", 0, 5).of(frame, np.array([0])) == 306


def test_the_cost_of_a_stratum_has_its_villages(frame):
    strata = strata_for(frame, "district")
    # two of each district's four stations meet 5/3 of its two villages
    assert by_stratum(frame, strata, Prices(np.full(12, 10.0), 6.0), 6) == pytest.approx([10 + 6 * 5 / 6] * 3)
    assert by_stratum(frame, strata, Prices(np.arange(12.0), 0.0), 6).tolist() == [4.5, 5.5, 6.5]


@pytest.fixture
def two(make_contest):
    """Two districts that differ in nothing but the cost of a station, with an earlier election by station."""
    rows = [
        {"tps_id": f"{i:03d}", "province": "P", "regency": "R", "district": "AB"[i % 2], "village": "AB"[i % 2]}
        | {"tps": str(i), "registered": 300, "biaya": (100, 400)[i % 2], "salah": i - 1}
        for i in range(40)
    ]
    folder = make_contest(stations=rows, extra_toml='[design]\nallocation = "optimal"\ncost = "biaya"\nn = 12\n')
    votes = [f"{i:03d},{(120, 180)[i // 2 % 2]},{(180, 120)[i // 2 % 2]}" for i in range(40)]
    (folder / "baseline.csv").write_text("tps_id,votes_1,votes_2\n" + "\n".join(votes) + "\n")
    return load_contest(folder)


def test_optimal_allocation_by_hand(two):
    frame, design = load_frame(two), design_of(two)
    strata = strata_for(frame, "district")
    assert allocate(frame, design, strata).tolist() == [8, 4]  # 1/√100 : 1/√400
    assert allocate(frame, design_of(two, minimum=5), strata).tolist() == [7, 5]
    assert allocate(frame, design_of(two, maximum=7), strata).tolist() == [7, 5]
    same = design_of(two, cost_station=3.0)
    assert (same.cost, same.cost_station) == ("", 3.0)
    assert allocate(frame, same, strata).tolist() == [6, 6]
    assert allocate(frame, design_of(two, allocation="neyman"), strata).tolist() == [6, 6]


def test_a_station_cost_of_nothing_takes_the_place_of_the_column(two):
    with pytest.raises(DesignError, match="allocation 'optimal' needs costs"):
        design_of(two, cost_station=0.0)


def test_costs_are_a_part_of_the_design_only_where_it_goes_by_them(two):
    assert design_of(two).cost == "biaya"
    assert design_of(two, allocation="neyman") == Design(12, allocation="neyman")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"cost": "salah"}, r"column 'salah' is zero or negative for 2 stations \(000, 001\): no draw can take them"),
        ({"cost": "ongkos"}, "column 'ongkos' is not in the frame"),
        ({"cost": "biaya", "cost_station": 3.0}, "cost = 'biaya' and cost_station = 3 both say what a station costs"),
        ({"maximum": 5}, "n = 12 is more than the maxima of the strata allow: ask for 10 or raise them"),
        ({"maximum": 1}, "maximum 1 of a stratum lies below its minimum 2: raise one, or lower the other"),
    ],
)
def test_what_does_not_go_is_an_error(two, changes, text):
    frame = load_frame(two)
    with pytest.raises(DesignError, match=text):
        allocate(frame, design_of(two, **changes), strata_for(frame, "district"))


def test_an_allocation_by_cost_needs_costs(make_contest):
    with pytest.raises(DesignError, match=r"allocation 'optimal' needs costs: name a frame column in \[design\] cost"):
        design_of(load_contest(make_contest()), allocation="optimal")


@pytest.mark.parametrize("allocation", ["proportional", "equal", "registered", "neyman", "power"])
def test_a_maximum_holds_for_every_allocation(two, allocation):
    design = design_of(two, allocation=allocation, n=14, maximum=7)
    assert allocate(load_frame(two), design, strata_for(load_frame(two), "district")).tolist() == [7, 7]


def test_the_size_that_a_budget_pays():
    between = assume_share(0.5, 4, 100, deff=10)
    size = for_budget(between, 9, 1, cost_village=3, villages=PAIR)
    assert (size.n, size.cost) == (3, 9)
    assert size.margin == at(between, 3).margin == pytest.approx(1.959964 * (0.25 * 10 / 100 * (1 / 3 - 1 / 4)) ** 0.5)
    assert for_budget(between, 99, 1, cost_village=3, villages=PAIR).n == 4
    with pytest.raises(DesignError, match="a budget of 5 pays 1 stations, 1 would report and 2 are needed: raise it"):
        for_budget(between, 5, 1, cost_village=3, villages=PAIR)
    with pytest.raises(DesignError, match="going to villages costs, and the sizes of villages are not known"):
        for_budget(between, 9, 1, cost_village=3)
    with pytest.raises(DesignError, match="the number of stations is 5: give a number between 0 and 5"):
        at(between, 5)
    with pytest.raises(DesignError, match="a budget needs costs: give cost_station, a cost column, or cost_village"):
        affordable(5, 0)
