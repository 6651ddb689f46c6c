"""Each variance by hand, on numbers small enough to work out here."""

import numpy as np
import pytest

from estimation.errors import DesignError, EstimateError
from estimation.survey import Structure
from estimation.survey.variance import (
    balanced,
    brewer,
    deville,
    hartley_rao,
    horvitz_thompson,
    local_neighbourhood,
    overton,
    stratified,
    successive,
    successive_pps,
    two_stage,
    ultimate_cluster,
    with_replacement,
    yates_grundy,
)


def column(*values):
    return np.array(values, dtype=np.float64)[:, None]


def one_stratum(n, size, **more):
    return Structure(np.full(n, size / n), np.zeros(n, dtype=np.intp), np.array([float(size)]), **more)


# --- successive differences -------------------------------------------------------------------------------------------


def test_successive_differences():
    # N = 8, e along the list 1, 2, 4, 3: (1 - 4/8) · 4 / (2 · 3) · (1 + 4 + 1) = 2
    design = one_stratum(4, 8, order=np.array([0, 1, 2, 3]))
    assert successive(column(1, 2, 4, 3), design) == pytest.approx(np.array([[2.0]]))


def test_successive_differences_follow_the_list_and_stay_inside_strata():
    # the list is 1, 3 | 10, 14: (1 - 2/4) · 2 / 2 · 4 + (1 - 2/8) · 2 / 2 · 16 = 14
    order, stratum = np.array([3, 0, 2, 1]), np.array([1, 0, 1, 0])
    design = Structure(np.full(4, 2.0), stratum, np.array([4.0, 8.0]), order=order)
    assert successive(column(14, 1, 10, 3), design) == pytest.approx(np.array([[14.0]]))


def test_successive_differences_of_what_is_in_have_a_second_phase():
    # 3 of 4 in, e = 1, 2, 6 (N = 8): first (1 - 4/8) · 3/4 · 3 / (2 · 2) · (1 + 16); second (1 - 3/4) · 3/2 · 14
    design = Structure(
        np.array([8 / 3, 8 / 3, 0, 8 / 3]), np.zeros(4, dtype=np.intp), np.array([8.0]), order=np.arange(4)
    )
    expected = 0.5 * 0.75 * 0.75 * 17 + 0.25 * 1.5 * 14
    assert successive(column(1, 2, np.nan, 6), design) == pytest.approx(np.array([[expected]]))


def test_successive_differences_with_unequal_probabilities():
    # π = ½, ½, ¼: 3 / (2 · 2) · (½ · (2 - 1)² + ⅝ · (6 - 2)²) = ¾ · 10.5
    pi = np.array([0.5, 0.5, 0.25])
    design = Structure(1 / pi, np.zeros(3, dtype=np.intp), np.array([8.0]), probability=pi, order=np.arange(3))
    assert successive_pps(column(1, 2, 6), design) == pytest.approx(np.array([[0.75 * 10.5]]))


def test_a_circle_closes_in_every_stratum():
    # N = 8, e along the list 1, 2, 4, 3: (1 - 4/8) / 2 · (1 + 4 + 1 + (3 - 1)²) = 2.5
    design = one_stratum(4, 8, order=np.array([0, 1, 2, 3]))
    assert successive(column(1, 2, 4, 3), design, circular=True) == pytest.approx(np.array([[2.5]]))
    # lists 3, 1, 10 and 2, 6: (1 - 3/6) / 2 · (4 + 81 + 49) + (1 - 2/8) / 2 · (16 + 16)
    two = Structure(np.full(5, 2.0), np.array([0, 1, 0, 1, 0]), np.array([6.0, 8.0]), order=np.array([9, 0, 2, 5, 4]))
    found = successive(column(10, 2, 3, 6, 1), two, circular=True)
    assert found == pytest.approx(np.array([[0.25 * 134 + 0.375 * 32]]))


def test_a_circle_with_unequal_probabilities():
    # π = ½, ½, ¼: ½ · (½ · (2 - 1)² + ⅝ · (6 - 2)² + ⅝ · (6 - 1)²)
    pi = np.array([0.5, 0.5, 0.25])
    design = Structure(1 / pi, np.zeros(3, dtype=np.intp), np.array([8.0]), probability=pi, order=np.arange(3))
    expected = (0.5 * 1 + 0.625 * 16 + 0.625 * 25) / 2
    assert successive_pps(column(1, 2, 6), design, circular=True) == pytest.approx(np.array([[expected]]))


def test_of_two_stations_a_circle_is_a_line():
    design = one_stratum(2, 8, order=np.arange(2))
    values = column(1, 4)
    assert successive(values, design, circular=True) == pytest.approx(successive(values, design))


def test_a_certainty_is_left_out_of_the_list():
    pi = np.array([0.5, 1.0, 0.5, 0.25])
    design = Structure(1 / pi, np.zeros(4, dtype=np.intp), np.array([9.0]), probability=pi, order=np.arange(4))
    assert successive_pps(column(1, 99, 2, 6), design) == pytest.approx(np.array([[0.75 * 10.5]]))


@pytest.mark.parametrize("function", [successive, successive_pps])
def test_without_the_order_there_are_no_successive_differences(function):
    with pytest.raises(DesignError, match=r"the list's order is not known: give Structure\(order=…\)"):
        function(column(1, 2, 3), one_stratum(3, 9))


# --- neighbourhoods ---------------------------------------------------------------------------------------------------

PLACES = np.array([[0.0, 0.0], [0.0, 1.0], [5.0, 5.0], [5.0, 6.5]])


def test_one_neighbour():
    # pairs (0, 1) and (2, 3): (1 - ½) · 4 · 2 · (d/2)² for d = 2 in each station: 0.5 · (½ · 4 · 2 + ½ · 16 · 2) = 10
    design = one_stratum(4, 8, spread=PLACES)
    assert local_neighbourhood(column(1, 3, 10, 14), design) == pytest.approx(np.array([[10.0]]))


def test_one_neighbour_on_a_line_is_that_of_the_order():
    # 0 and 1 are each other's nearest, the nearest to 4 is 1: ½ · ½ · (2² + 2² + 7²)
    design = one_stratum(3, 6, order=np.array([0, 1, 4]))
    assert local_neighbourhood(column(1, 3, 10), design) == pytest.approx(np.array([[0.25 * 57]]))


def test_neighbours_that_are_as_near_all_count():
    # the middle one has two: (1 - ½) · (½ · 4 + 3/2 · (3 - 14/3)² + ½ · 49)
    design = one_stratum(3, 6, order=np.array([0, 2, 4]))
    expected = 0.5 * (2 + 1.5 * (3 - 14 / 3) ** 2 + 24.5)
    assert local_neighbourhood(column(1, 3, 10), design) == pytest.approx(np.array([[expected]]))
    in_space = one_stratum(3, 6, spread=np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 2.0]]))
    assert local_neighbourhood(column(1, 3, 10), in_space) == pytest.approx(np.array([[expected]]))


def test_stations_at_one_place_are_taken_together():
    # three at one place and one beyond: all three are each other's neighbours, the fourth has all as neighbours
    design = one_stratum(4, 8, spread=np.array([[0.0], [0.0], [0.0], [1.0]]))
    # means 2, 2, 2 and 3: ½ · (3/2 · (1 + 0 + 1) + 4/3 · 9)
    assert local_neighbourhood(column(1, 2, 3, 6), design) == pytest.approx(np.array([[7.5]]))


def test_neighbours_are_of_the_same_stratum():
    # along the line strata alternate: pairs (0, 2) and (1, 3)
    design = Structure(np.full(4, 2.0), np.array([0, 1, 0, 1]), np.array([4.0, 4.0]), spread=np.arange(4.0)[:, None])
    assert local_neighbourhood(column(1, 10, 3, 14), design) == pytest.approx(np.array([[10.0]]))
    plane = Structure(design.weight, design.stratum, design.size, spread=np.column_stack([np.arange(4.0), np.zeros(4)]))
    assert local_neighbourhood(column(1, 10, 3, 14), plane) == pytest.approx(np.array([[10.0]]))


def test_all_as_neighbours_is_a_simple_sample():
    rng = np.random.default_rng(4)
    values, design = rng.normal(size=(9, 2)), one_stratum(9, 30, spread=rng.normal(size=(9, 2)))
    np.testing.assert_allclose(
        local_neighbourhood(values, design, neighbours=8), stratified(values, design), rtol=1e-12
    )


def test_a_line_equals_a_plane_with_one_dimension():
    rng = np.random.default_rng(5)
    values, place = rng.normal(size=(40, 3)), rng.permutation(200)[:40].astype(np.float64)
    codes = np.repeat([0, 1], 20)
    for neighbours in (1, 2, 3):
        line = Structure(np.full(40, 4.0), codes, np.array([80.0, 80.0]), spread=place[:, None])
        plane = Structure(line.weight, codes, line.size, spread=np.column_stack([place, np.zeros(40)]))
        one = local_neighbourhood(values, line, neighbours=neighbours)
        np.testing.assert_allclose(one, local_neighbourhood(values, plane, neighbours=neighbours), rtol=1e-12)


def test_a_neighbourhood_needs_a_space_and_neighbours():
    with pytest.raises(DesignError, match=r"no space to look for neighbours in: give Structure\(spread=…\)"):
        local_neighbourhood(column(1, 2, 3), one_stratum(3, 9))
    with pytest.raises(DesignError, match="0 neighbours: a station needs at least 1"):
        local_neighbourhood(column(1, 2, 3), one_stratum(3, 9, order=np.arange(3)), neighbours=0)


# --- balanced ---------------------------------------------------------------------------------------------------------


def test_balanced_on_the_size_alone_is_a_simple_sample():
    design = one_stratum(4, 8, balance=np.full((4, 1), 0.5))
    values = column(1, 2, 4, 3)
    assert balanced(values, design) == pytest.approx(stratified(values, design))


def test_balanced_by_hand():
    # x̌ = 2·(1, 1, 1, 1) and 2·(0, 1, 2, 3); residuals of 1, 2, 4, 3 on a line: -0.3, -0.1, 1.1, -0.7, their squares
    # sum to 1.8: (1 - ½) · 4 / (4 - 2) · 1.8
    design = one_stratum(4, 8, balance=np.column_stack([np.ones(4), np.arange(4.0)]))
    assert balanced(column(1, 2, 4, 3), design) == pytest.approx(np.array([[1.8]]))


def test_a_balancing_variable_has_no_variance_and_repeating_it_changes_nothing():
    x = np.column_stack([np.ones(5), np.array([3.0, 1.0, 4.0, 1.0, 5.0])])
    assert balanced(3 * x, one_stratum(5, 15, balance=x)) == pytest.approx(np.zeros((2, 2)), abs=1e-12)
    values, more = column(1, 2, 4, 3, 7), np.column_stack([x, x.sum(axis=1)])
    once = balanced(values, one_stratum(5, 15, balance=x))
    assert balanced(values, one_stratum(5, 15, balance=more)) == pytest.approx(once)


def test_balanced_errors():
    with pytest.raises(DesignError, match=r"balancing variables are not known: give Structure\(balance=…\)"):
        balanced(column(1, 2, 3), one_stratum(3, 9))
    with pytest.raises(EstimateError, match="3 stations in leave nothing over for 3 balancing variables: wait"):
        balanced(column(1, 2, 3), one_stratum(3, 9, balance=np.eye(3)))


# --- unequal probabilities --------------------------------------------------------------------------------------------

PI = np.array([0.5, 0.25, 0.75])
UNEQUAL = Structure(1 / PI, np.zeros(3, dtype=np.intp), np.array([8.0]), probability=PI)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (with_replacement, 3 / 2 * (4 + 1 + 9)),
        (brewer, 3 / 2 * (0.5 * 4 + 0.75 * 1 + 0.25 * 9)),  # mean of 1, 2, 6 is 3
        # a = 1/3, 1/2, 1/6, Σ a² = 14/36
        (deville, 36 / 22 * (0.5 * (4 / 3) ** 2 + 0.75 * (1 / 3) ** 2 + 0.25 * (11 / 3) ** 2)),
        # Σ_{i<j} (1 - (π_i + π_j) / 2) / 2 · (e_i - e_j)²
        (overton, (0.625 * 1 + 0.375 * 25 + 0.5 * 16) / 2),
        # Σ_{i<j} (1 - π_i - π_j + ½) / 2 · (e_i - e_j)²
        (hartley_rao, (0.75 * 1 + 0.25 * 25 + 0.5 * 16) / 2),
        (lambda e, s: hartley_rao(e, s, mean_square=0.6), (0.85 * 1 + 0.35 * 25 + 0.6 * 16) / 2),
    ],
)
def test_single_probabilities(function, expected):
    assert function(column(1, 2, 6), UNEQUAL) == pytest.approx(np.array([[expected]]))


def test_a_negative_factor_is_subtracted():
    # b = 0.1: (1 - 0.75 + 0.1) / 2 · 1 + (1 - 1.25 + 0.1) / 2 · 25 + 0.1 / 2 · 16, the factor of π = 0.75 is negative
    pi = np.array([0.5, 0.25, 0.75])
    design = Structure(1 / pi, np.zeros(3, dtype=np.intp), np.array([8.0]), probability=pi)
    found = hartley_rao(column(1, 2, 6), design, mean_square=0.1)
    assert found == pytest.approx(np.array([[(0.35 * 1 - 0.15 * 25 + 0.1 * 16) / 2]]))


def test_joint_probabilities():
    # π = ½, π_ij = 1/6 for each pair of a simple sample of 2 from 4: 1 - ¼ · 6 = -½; e = 1, 3: 0.5 · 4 = 2
    joint = np.array([[1 / 2, 1 / 6], [1 / 6, 1 / 2]])
    design = one_stratum(2, 4, joint=joint)
    values = column(1, 3)
    assert yates_grundy(values, design) == pytest.approx(np.array([[2.0]]))
    assert horvitz_thompson(values, design) == pytest.approx(np.array([[0.5 * 1 + 0.5 * 9 - 2 * 0.5 * 3]]))
    assert yates_grundy(values, design) == pytest.approx(stratified(values, design))


@pytest.mark.parametrize("function", [yates_grundy, horvitz_thompson])
def test_what_joint_probabilities_can_not_do(function):
    name = function.__name__.replace("_", "-")
    with pytest.raises(EstimateError, match=rf"{name} needs joint probabilities: give Structure\(joint=…\), or take"):
        function(column(1, 3), one_stratum(2, 4))
    zero = np.array([[0.5, 0.1, 0.2], [0.1, 0.5, 0.0], [0.2, 0.0, 0.5]])
    with pytest.raises(EstimateError, match=r"stations 1 and 2 had no chance to be drawn together .* take successive"):
        function(column(1, 2, 3), one_stratum(3, 6, joint=zero))
    part = Structure(np.array([2.0, 0.0]), np.zeros(2, dtype=np.intp), np.array([4.0]), joint=np.full((2, 2), 0.5))
    with pytest.raises(EstimateError, match=rf"{name} needs all 2 drawn stations, and 1 are in: take deville, or wait"):
        function(column(1, 3), part)


def test_yates_grundy_says_nothing_of_a_stratum_with_one_station():
    joint = np.array([[0.5, 0.2, 0.125], [0.2, 0.5, 0.125], [0.125, 0.125, 0.25]])
    design = Structure(np.array([2.0, 2.0, 4.0]), np.array([0, 0, 1]), np.array([4.0, 4.0]), joint=joint,
                       probability=np.diagonal(joint))  # fmt: skip
    with pytest.raises(EstimateError, match="stratum 1 has 1 station in, and a variance needs 2"):
        yates_grundy(column(1, 3, 5), design)
    found = horvitz_thompson(column(1, 3, 5), design)  # that of Horvitz and Thompson does: (1 - π) e²
    assert found == pytest.approx(np.array([[0.5 * 1 + 0.5 * 9 - 2 * 0.25 * 3 + 0.75 * 25]]))


@pytest.mark.parametrize("function", [brewer, deville, overton, hartley_rao])
def test_with_equal_probabilities_all_are_the_simple_sample(function):
    values, design = column(1, 2, 4, 3), one_stratum(4, 8)
    assert function(values, design) == pytest.approx(stratified(values, design))


@pytest.mark.parametrize("function", [brewer, deville, overton, hartley_rao])
def test_a_certainty_adds_nothing_and_is_not_counted(function):
    pi = np.append(PI, 1.0)
    more = Structure(1 / pi, np.zeros(4, dtype=np.intp), np.array([9.0]), probability=pi)
    assert function(column(1, 2, 6, 99), more) == pytest.approx(function(column(1, 2, 6), UNEQUAL))


@pytest.mark.parametrize("function", [brewer, deville])
def test_of_what_is_in_the_probability_is_that_of_being_drawn_and_in(function):
    # 2 of 4 in, equal π = ½: as a simple sample of 2 from 8
    weight = np.array([4.0, 0.0, 4.0, 0.0])
    part = Structure(weight, np.zeros(4, dtype=np.intp), np.array([8.0]), probability=np.full(4, 0.5))
    found = function(column(1, np.nan, 4, np.nan), part)
    assert found == pytest.approx(stratified(column(1, 0, 4, 0), part))


# --- clusters ---------------------------------------------------------------------------------------------------------


def stages(**more):
    """Two of four villages; two of three and two of four stations; e = 1, 3 | 4, 10, totals 4, 14."""
    given = {"cluster_size": np.array([3.0, 4.0]), "cluster_probability": np.array([0.5, 0.5])} | more
    zero = np.zeros(4, dtype=np.intp)
    return Structure(np.array([3.0, 3.0, 4.0, 4.0]), zero, np.array([14.0]), cluster=np.array([0, 0, 1, 1]), **given)


def test_two_stages():
    values = column(1, 3, 4, 10)
    first = 2 * (25 + 25)
    assert ultimate_cluster(values, stages(cluster_probability=None)) == pytest.approx(np.array([[first]]))
    assert ultimate_cluster(values, stages()) == pytest.approx(np.array([[first]]))
    assert ultimate_cluster(values, stages(), correction=True) == pytest.approx(np.array([[first / 2]]))
    second = 0.5 * ((1 - 2 / 3) * 2 * 2 + (1 - 2 / 4) * 2 * 18)
    assert two_stage(values, stages()) == pytest.approx(np.array([[first / 2 + second]]))


def test_a_village_that_was_certain_is_a_stratum():
    cluster, weight = np.array([0, 0, 1, 1, 2, 2]), np.array([3.0, 3.0, 4.0, 4.0, 2.5, 2.5])
    design = Structure(
        weight,
        np.zeros(6, dtype=np.intp),
        np.array([19.0]),
        cluster=cluster,
        cluster_size=np.array([3.0, 4.0, 5.0]),
        cluster_probability=np.array([0.5, 0.5, 1.0]),
    )
    values = column(1, 3, 4, 10, 7, 8)
    own = (1 - 2 / 5) * 2 * 0.5
    assert ultimate_cluster(values, design) == pytest.approx(ultimate_cluster(values[:4], stages()) + own)
    assert two_stage(values, design) == pytest.approx(two_stage(values[:4], stages()) + own)
    # with one of five in it counts among the others: totals 4, 14, 7
    one = Structure(np.array([3.0, 3.0, 4.0, 4.0, 5.0, 0.0]), design.stratum, design.size, cluster=cluster,
                    cluster_size=design.cluster_size, cluster_probability=design.cluster_probability)  # fmt: skip
    third = 25 / 3
    expected = 3 / 2 * ((4 - third) ** 2 + (14 - third) ** 2 + (7 - third) ** 2)
    assert ultimate_cluster(values, one) == pytest.approx(np.array([[expected]]))


def test_villages_not_heard_from_lower_the_probability():
    # 2 of 3 drawn villages are in, π_I = ¾: as ½
    cluster = np.array([0, 0, 1, 1, 2])
    design = Structure(
        np.array([3.0, 3.0, 4.0, 4.0, 0.0]),
        np.zeros(5, dtype=np.intp),
        np.array([14.0]),
        cluster=cluster,
        cluster_size=np.array([3.0, 4.0, 9.0]),
        cluster_probability=np.full(3, 0.75),
    )
    values = column(1, 3, 4, 10, np.nan)
    assert two_stage(values, design) == pytest.approx(two_stage(values[:4], stages()))
    assert design.df() == 1


def test_cluster_errors():
    with pytest.raises(DesignError, match=r"no primary units: give Structure\(cluster=…\)"):
        ultimate_cluster(column(1, 3), one_stratum(2, 4))
    with pytest.raises(EstimateError, match="two-stage needs cluster_size and cluster_probability"):
        two_stage(column(1, 3, 4, 10), stages(cluster_size=None))
    with pytest.raises(EstimateError, match="ultimate-cluster has no correction without cluster_probability: give"):
        ultimate_cluster(column(1, 3, 4, 10), stages(cluster_probability=None), correction=True)
    single = Structure(
        np.array([3.0, 3.0, 4.0]),
        np.zeros(3, dtype=np.intp),
        np.array([14.0]),
        cluster=np.array([0, 0, 1]),
        cluster_size=np.array([3.0, 4.0]),
        cluster_probability=np.array([0.5, 0.5]),
    )
    with pytest.raises(EstimateError, match="primary unit 1 has 1 station in of 4, and its own variance needs 2"):
        two_stage(column(1, 3, 4), single)
    alone = Structure(np.array([3.0, 3.0]), np.zeros(2, dtype=np.intp), np.array([14.0]), cluster=np.array([0, 0]))
    with pytest.raises(EstimateError, match="stratum 0 has 1 primary unit in, and a variance needs 2"):
        ultimate_cluster(column(1, 3), alone)


@pytest.mark.parametrize(
    "function", [successive, successive_pps, local_neighbourhood, brewer, deville, overton, with_replacement]
)
def test_one_station_in_is_an_error_that_names_the_stratum(function):
    order = np.arange(3)
    design = Structure(np.full(3, 2.0), np.array([0, 0, 1]), np.array([4.0, 6.0]), order=order)
    with pytest.raises(EstimateError, match="stratum 1 has 1 station in, and a variance needs 2: collapse it"):
        function(column(1, 2, 3), design)
