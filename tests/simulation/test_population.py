"""An election that is known: what counts as the truth, and what is refused."""

import csv

import numpy as np
import pandas as pd
import pytest

from estimation.contest import load_contest
from estimation.errors import FrameError
from estimation.simulation.population import Estimates, open_population, proportion

HEAD = "tps_id,votes_1,votes_2,invalid,total\n"


def official(folder, text, name="official.csv"):
    (folder / name).write_text(HEAD + text, encoding="utf-8")
    return load_contest(folder)


@pytest.fixture
def four(make_contest):
    """Stations 0001 (A) … 0004 (A again), rows of the official file in another order, one of them elsewhere."""
    folder = make_contest(stations=5)
    text = "0004,30,70,2,102\n9999,500,0,0,500\n0002,60,40,0,100\n0001,10,90,5,105\n0003,20,80,,101\n"
    return open_population(official(folder, text))


def test_the_truth_by_hand(four):
    assert four.frame.table["tps_id"].tolist() == ["0001", "0002", "0003", "0004"]
    assert four.left_out == 1  # 0005 has no row
    np.testing.assert_allclose(four.shares, [0.3, 0.7])
    assert four.order.tolist() == [1, 0]
    assert four.names == ("share:1", "share:2", "lead")
    np.testing.assert_allclose(four.truth, [0.3, 0.7, 0.4])
    np.testing.assert_array_equal(four.numerators, [[10, 90, 80], [60, 40, -20], [20, 80, 60], [30, 70, 40]])
    np.testing.assert_array_equal(four.counts.ballots, [105, 100, 101, 102])  # 0003 has its total alone


def test_variance_of_simple_sampling_by_hand(four):
    # shares 0.1, 0.6, 0.2, 0.3 of 100 votes each: d² sums to 20² + 30² + 10² + 0 = 1400
    expected = (1 - 2 / 4) * (1400 / 3) / 2 / 100**2
    np.testing.assert_allclose(four.simple_variance(2), [expected, expected, 4 * expected])
    np.testing.assert_allclose(four.simple_variance(4), 0)


def test_areas_by_hand(four):
    assert four.areas("district") == [
        ("JAWA / KOTA / A", pytest.approx(160 / 200)),
        ("JAWA / KOTA / B", pytest.approx(0.4)),
        ("JAWA / KOTA / C", pytest.approx(0.8)),
    ]


def test_flawed_rows_count_as_they_stand(make_contest):
    folder = make_contest(stations=2)
    # 0001 has more votes than voters (301); the sum of 0002 does not add up
    population = open_population(official(folder, "0001,900,0,0,900\n0002,50,50,3,100\n"))
    np.testing.assert_allclose(population.shares, [0.95, 0.05])
    assert population.counts.ballots.tolist() == [900, 103]


def test_a_blank_number_of_votes_is_left_out(make_contest):
    population = open_population(official(make_contest(stations=2), "0001,10,20,0,30\n0002,,5,0,5\n"))
    assert (len(population.frame), population.left_out) == (1, 1)


def test_where_and_the_official_path(make_contest):
    folder = make_contest(stations=6, extra_toml='[official]\npath = "truth.csv"\n')
    text = "".join(f"{i:04d},{10 * i},50,0,\n" for i in range(1, 7))
    population = open_population(official(folder, text, "truth.csv"), where="district=B")
    assert population.frame.table["tps_id"].tolist() == ["0002", "0005"]
    assert population.counts.votes[:, 0].tolist() == [20, 50]
    assert population.left_out == 0


def test_no_official_result(make_contest):
    folder = make_contest()
    with pytest.raises(FrameError, match=r"there is no official result to simulate from: add official\.csv"):
        open_population(load_contest(folder))


@pytest.mark.parametrize("text", ["9999,1,2,0,3\n", "0001,0,0,5,5\n", "0001,,,5,5\n"])
def test_no_station_with_votes(make_contest, text):
    with pytest.raises(FrameError, match=r"official\.csv: none of its stations with votes is in the frame"):
        open_population(official(make_contest(), text))


def test_two_rows_of_one_station(make_contest):
    with pytest.raises(FrameError, match=r"1 stations have several rows \(0002\): keep one of each"):
        open_population(official(make_contest(), "0001,1,2,0,3\n0002,1,2,0,3\n0002,1,3,0,4\n"))


def test_summary_by_hand():
    theta = np.array([[0.4], [0.6], [0.5], [np.nan]])
    variance = np.array([[0.01], [0.01], [0.04], [np.nan]])
    found = Estimates(theta, variance, theta - 0.1, theta + 0.1)
    row = found.summary(0, 0.45)
    assert row["bias"] == pytest.approx(0.05)
    assert row["true_se"] == pytest.approx(0.1)
    assert row["bias_mc"] == pytest.approx(0.1 / 3**0.5)
    assert row["true_se_mc"] == pytest.approx(0.05)
    assert row["mean_se"] == pytest.approx(0.02**0.5)
    assert row["ratio"] == pytest.approx(0.02**0.5 / 0.1)
    assert row["coverage"] == pytest.approx(2 / 3)  # 0.6 ∓ 0.1 misses
    assert row["half_width"] == pytest.approx(0.1)
    assert row["left_out"] == 1


def test_exact_bounds():
    # none of 10: 1 - 0.025^(1/10)
    assert proportion(np.zeros(10, dtype=bool)) == pytest.approx((0, 0, 1 - 0.025**0.1))
    assert all(np.isnan(proportion(np.zeros(0, dtype=bool))))


def test_gianyars_flawed_rows_are_part_of_the_truth(shared):
    folder = shared / "data" / "gianyar-2019"
    population = open_population(load_contest(folder))
    with (folder / "official.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    votes = np.array([[int(row["votes_1"]), int(row["votes_2"])] for row in rows])
    assert (len(population.frame), population.left_out) == (len(rows), 0)
    np.testing.assert_array_equal(population.counts.votes.sum(axis=0), votes.sum(axis=0))
    assert (population.counts.ballots > 1.1 * population.counts.registered).sum() == 2
    ids = pd.Index(population.frame.table["tps_id"])
    np.testing.assert_array_equal(population.counts.votes[ids.get_indexer([row["tps_id"] for row in rows])], votes)
