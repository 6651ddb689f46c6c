"""Strata with one unit in, by hand; against R in ``test_matrix.py``."""

import numpy as np
import pytest

from estimation.errors import EstimateError
from estimation.survey import Structure
from estimation.survey.variance import by_name, stratified, two_stage, ultimate_cluster
from estimation.survey.variance.names import BY_STATION

SINGLE = ["certainty", "centred", "average"]


def column(*values):
    return np.array(values, dtype=np.float64)[:, None]


# stratum 0: N = 4, e = 1, 3 add (1 - ½) · 2 · 2 = 2; strata 1 (N = 5) and 2 (N = 8) have one, e = 2 and 4, and
# stratum 3 is complete with one
VALUES = column(1, 3, 2, 4, 9)
FOUR = Structure(np.array([2.0, 2.0, 5.0, 8.0, 1.0]), np.array([0, 0, 1, 2, 3]), np.array([4.0, 5.0, 8.0, 1.0]))


@pytest.mark.parametrize(
    ("single", "expected"),
    [
        ("certainty", 2.0),
        ("centred", 2 + (1 - 1 / 5) * 4 + (1 - 1 / 8) * 16),
        ("average", 2 * 4 / (4 - 2)),  # four strata, two of them with one
    ],
)
def test_stratified_by_hand(single, expected):
    assert stratified(VALUES, FOUR, single=single) == pytest.approx(np.array([[expected]]))
    assert by_name("stratified", single=single)(VALUES, FOUR) == pytest.approx(np.array([[expected]]))


def test_collapse_refuses():
    with pytest.raises(EstimateError, match="stratum 1 has 1 station in, and a variance needs 2: collapse it"):
        stratified(VALUES, FOUR)


def test_replicates_have_their_own_single_stations():
    weight = np.array([[2.0, 2.0, 2.0, 2.0], [2.0, 2.0, 2.0, 0.0], [2.0, 0.0, 2.0, 2.0]])
    design = Structure(weight, np.array([0, 0, 1, 1]), np.array([4.0, 6.0]))
    values = column(1, 3, 2, 6)  # strata add 2 and (1 - 1/3) · 2 · 8
    second = 4 / 6 * 2 * 8
    found = {single: stratified(values, design, single=single)[:, 0, 0] for single in SINGLE}
    assert found["certainty"] == pytest.approx([2 + second, 2, second])
    assert found["centred"] == pytest.approx([2 + second, 2 + 5 / 6 * 4, 0.75 * 1 + second])
    assert found["average"] == pytest.approx([2 + second, 4, 2 * second])


def test_where_no_stratum_has_one_nothing_changes():
    design = Structure(np.full(4, 2.0), np.array([0, 0, 1, 1]), np.array([4.0, 6.0]))
    values = np.random.default_rng(1).normal(size=(4, 3))
    for single in SINGLE:
        np.testing.assert_array_equal(stratified(values, design, single=single), stratified(values, design))


def test_an_average_of_nothing_is_an_error():
    design = Structure(np.full(2, 2.0), np.array([0, 1]), np.array([4.0, 6.0]))
    with pytest.raises(EstimateError, match="every stratum has one station in, so that there are no others to take an"):
        stratified(column(1, 2), design, single="average")
    assert stratified(column(1, 2), design, single="certainty") == 0


@pytest.mark.parametrize("function", [stratified, ultimate_cluster, two_stage])
def test_an_unknown_treatment_is_an_error(function):
    with pytest.raises(
        EstimateError, match="single 'remove' is unknown for strata with one station in: it is collapse"
    ):
        function(VALUES, FOUR, single="remove")
    with pytest.raises(EstimateError, match="single 'remove' is unknown"):
        by_name("auto", single="remove")


@pytest.mark.parametrize("name", [name for name, (_, open_to) in BY_STATION.items() if open_to])
def test_every_sum_over_strata_takes_them(name):
    # stratum 0: four stations with π = ½; stratum 1: one with π = ¼ and a certainty
    pi = np.array([0.5, 0.5, 0.5, 0.5, 0.25, 1.0])
    stratum, order = np.array([0, 0, 0, 0, 1, 1]), np.arange(6)
    method = "stratified" if name == "stratified" else "pivotal"
    two = Structure(1 / pi, stratum, np.array([8.0, 5.0]), method, probability=pi, order=order)
    one = Structure(1 / pi[:4], stratum[:4], np.array([8.0]), method, probability=pi[:4], order=order[:4])
    values = column(1, 2, 4, 3, 6, 7)
    alone = by_name(name)(values[:4], one)[0, 0]
    if name == "stratified":  # it knows no certainties: stratum 1 has two stations
        assert by_name(name, single="certainty")(values, two) == pytest.approx(by_name(name)(values, two))
        return
    with pytest.raises(EstimateError, match="stratum 1 has 1 station in"):
        by_name(name)(values, two)
    assert by_name(name, single="certainty")(values, two)[0, 0] == pytest.approx(alone)
    assert by_name(name, single="centred")(values, two)[0, 0] == pytest.approx(alone + 0.75 * 36)
    assert by_name(name, single="average")(values, two)[0, 0] == pytest.approx(2 * alone)


@pytest.mark.parametrize("name", ["successive", "local-neighbourhood"])
def test_one_of_several_drawn_is_alone_too(name):
    order = np.arange(6)
    weight = np.array([2.0, 2.0, 2.0, 2.0, 6.0, 0.0])
    design = Structure(weight, np.array([0, 0, 0, 0, 1, 1]), np.array([8.0, 6.0]), "systematic", order=order)
    values = column(1, 2, 4, 3, 6, np.nan)
    one = Structure(weight[:4], design.stratum[:4], np.array([8.0]), "systematic", order=order[:4])
    alone = by_name(name)(values[:4], one)[0, 0]
    assert by_name(name, single="certainty")(values, design)[0, 0] == pytest.approx(alone)
    assert by_name(name, single="centred")(values, design)[0, 0] == pytest.approx(alone + 5 / 6 * 36)


def test_villages_by_hand():
    # stratum 0: villages with totals 4 and 14, π_I = ½; stratum 1: one village, total 6, e = 2, 4 of three stations
    cluster = np.array([0, 0, 1, 1, 2, 2])
    design = Structure(
        np.array([3.0, 3.0, 4.0, 4.0, 6.0, 6.0]),
        np.array([0, 0, 0, 0, 1, 1]),
        np.array([14.0, 12.0]),
        "two-stage",
        cluster=cluster,
        cluster_size=np.array([3.0, 4.0, 3.0]),
        cluster_probability=np.array([0.5, 0.5, 0.25]),
    )
    values = column(1, 3, 4, 10, 2, 4)
    first = 2 * (25 + 25)
    within = 0.5 * ((1 - 2 / 3) * 2 * 2 + (1 - 2 / 4) * 2 * 18) + 0.25 * (1 - 2 / 3) * 2 * 2
    for single, free, part in (
        ("certainty", first, first / 2),
        ("centred", first + 36, first / 2 + 0.75 * 36),
        ("average", 2 * first, first),
    ):
        assert ultimate_cluster(values, design, single=single) == pytest.approx(np.array([[free]]))
        assert ultimate_cluster(values, design, correction=True, single=single) == pytest.approx(np.array([[part]]))
        assert two_stage(values, design, single=single) == pytest.approx(np.array([[part + within]]))
        assert by_name("two-stage", single=single)(values, design) == pytest.approx(np.array([[part + within]]))
    with pytest.raises(EstimateError, match="stratum 1 has 1 primary unit in, and a variance needs 2"):
        two_stage(values, design)
