"""What a structure refuses, and which variance it picks."""

import numpy as np
import pytest

from estimation.errors import DesignError
from estimation.survey import Structure, variance


def made(n=4, strata=1, **more):
    return Structure(np.full(n, 2.0), np.zeros(n, dtype=np.intp), np.full(strata, 8.0), **more)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"probability": np.ones(3)}, r"probability has shape \(3,\) for 4 stations: it needs \(…, n\)"),
        ({"order": np.arange(5)}, r"order has shape \(5,\) for 4 stations"),
        ({"spread": np.zeros(4)}, r"spread has shape \(4,\) for 4 stations: it needs \(…, n, columns\)"),
        ({"balance": np.zeros((3, 2))}, r"balance has shape \(3, 2\) for 4 stations"),
        ({"cluster": np.zeros(3, dtype=np.intp)}, r"cluster has shape \(3,\) for 4 stations"),
        ({"joint": np.ones((4, 3))}, r"joint has shape \(4, 3\), and 4 stations need \(4, 4\)"),
        ({"joint": np.full((4, 4), 1.5)}, "joint probabilities must lie in 0 … 1"),
        ({"probability": np.array([0.5, 0.0, 0.5, 0.5])}, "probability must lie above 0 and at most at 1"),
        ({"probability": np.array([0.5, np.nan, 0.5, 0.5])}, "probability must lie above 0 and at most at 1"),
        ({"cluster_size": np.ones(2)}, "cluster_size and cluster_probability need cluster"),
        (
            {"cluster": np.array([0, 0, 1, 2]), "cluster_size": np.ones(2)},
            "cluster codes must lie in 0 … 1, as there are 2 primary units",
        ),
        (
            {"cluster": np.array([0, 0, 1, 1]), "cluster_size": np.ones(2), "cluster_probability": np.ones(3)},
            "2 cluster sizes and 3 cluster probabilities",
        ),
        ({"cluster": np.array([0, 0, 1, 1]), "cluster_probability": np.array([0.5, 0.0])}, "cluster_probability must"),
    ],
)
def test_what_does_not_fit_is_an_error(given, text):
    with pytest.raises(DesignError, match=text):
        made(**given)


def test_a_primary_unit_lies_in_one_stratum():
    with pytest.raises(DesignError, match="primary unit 1 lies in two strata"):
        Structure(np.full(4, 2.0), np.array([0, 0, 0, 1]), np.array([8.0, 8.0]), cluster=np.array([0, 0, 1, 1]))


def test_degrees_of_freedom_count_primary_units():
    cluster = np.array([0, 0, 1, 1, 2, 2, 3])
    stratum = np.array([0, 0, 0, 0, 1, 1, 1])
    weight = np.array([[2.0] * 7, [2.0, 2.0, 0.0, 0.0, 2.0, 0.0, 2.0]])
    design = Structure(weight, stratum, np.array([8.0, 8.0]), cluster=cluster)
    assert design.df().tolist() == [2, 1]
    assert design.primary().tolist() == [[2, 2], [1, 2]]
    assert design.count().tolist() == [[4, 3], [2, 2]]
    assert design.drawn().tolist() == [4, 3]
    assert design.primary_units == 4


def test_without_primary_units_stations_are_counted():
    assert made().df() == 3
    assert made().primary().tolist() == [4]


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("all", "stratified"),
        ("simple", "stratified"),
        ("stratified", "stratified"),
        ("systematic", "successive"),
        ("pps-systematic", "successive"),
        ("sampford", "deville"),
        ("max-entropy", "deville"),
        ("pivotal", "local-neighbourhood"),
        ("local-cube", "local-neighbourhood"),
        ("cube", "balanced"),
        ("two-stage", "ultimate-cluster"),
    ],
)
def test_each_method_has_its_variance(method, name):
    found, function = variance.default(made(method=method))
    assert found == name
    assert function is getattr(variance, "successive_pps" if method == "pps-systematic" else name.replace("-", "_"))


@pytest.mark.parametrize("method", ["sampford", "max-entropy"])
def test_joint_probabilities_serve_a_sample_that_is_all_in(method):
    joint = np.full((4, 4), 0.2)
    assert variance.default(made(method=method, joint=joint)) == ("yates-grundy", variance.yates_grundy)
    weight = np.array([[2.0, 2.0, 2.0, 2.0], [2.0, 2.0, 2.0, 0.0]])
    part = Structure(weight, np.zeros(4, dtype=np.intp), np.array([8.0]), method, joint=joint)
    assert variance.default(part)[0] == "deville"


def test_an_unknown_method_is_an_error():
    with pytest.raises(DesignError, match="no variance is known for method 'haphazard': it is one of all, simple"):
        variance.default(made(method="haphazard"))
