"""Variances by the names that a contest has for them, and what each refuses."""

from typing import get_args

import numpy as np
import pytest

from estimation.contest import EstimateTable, VarianceName
from estimation.errors import DesignError, EstimateError
from estimation.survey import Structure, variance
from estimation.survey.variance import by_name
from estimation.survey.variance.lonely import SINGLE
from estimation.survey.variance.names import NAMES, name_of, uneven

VALUES = np.array([[1.0], [2.0], [4.0], [3.0]])
BY_REPLICATION = {"jackknife", "bootstrap", "successive-replicates"}


def made(method="stratified", *, pi=0.5, **more):
    pi = np.broadcast_to(np.asarray(pi, dtype=np.float64), 4).copy()
    given = {"probability": pi, "order": np.arange(4), "balance": np.column_stack([pi, np.arange(4.0)])} | more
    return Structure(1 / pi, np.zeros(4, dtype=np.intp), np.array([8.0]), method, **given)


def villages(**more):
    cluster = np.array([0, 0, 1, 1])
    return made("two-stage", cluster=cluster, cluster_size=np.full(2, 3.0), cluster_probability=np.full(2, 0.5), **more)


def test_every_name_of_a_contest_is_known_here_or_is_replication():
    assert set(get_args(VarianceName)) == set(NAMES) | BY_REPLICATION
    assert set(get_args(EstimateTable.__annotations__["single"])) == set(SINGLE)


@pytest.mark.parametrize(
    ("name", "method", "function"),
    [
        ("stratified", "stratified", "stratified"),
        ("stratified", "cube", "stratified"),
        ("successive", "systematic", "successive"),
        ("local-neighbourhood", "pivotal", "local_neighbourhood"),
        ("balanced", "cube", "balanced"),
        ("deville", "pps-systematic", "deville"),
    ],
)
def test_a_name_is_its_function(name, method, function):
    np.testing.assert_array_equal(
        by_name(name)(VALUES, made(method)), getattr(variance, function)(VALUES, made(method))
    )


@pytest.mark.parametrize("name", ["horvitz-thompson", "yates-grundy"])
def test_joint_probabilities_by_name(name):
    joint = np.full((4, 4), 0.2)
    np.fill_diagonal(joint, 0.5)
    design = made("sampford", joint=joint)
    np.testing.assert_array_equal(
        by_name(name)(VALUES, design), getattr(variance, name.replace("-", "_"))(VALUES, design)
    )


def test_two_stages_by_name():
    np.testing.assert_array_equal(by_name("two-stage")(VALUES, villages()), variance.two_stage(VALUES, villages()))
    np.testing.assert_array_equal(
        by_name("ultimate-cluster")(VALUES, villages()), variance.ultimate_cluster(VALUES, villages())
    )


def test_successive_differences_follow_the_probabilities():
    unequal = made("pps-systematic", pi=[0.5, 0.5, 0.25, 0.5])
    plain = variance.successive(VALUES, made("systematic"))
    assert by_name("successive")(VALUES, made("systematic")) == pytest.approx(plain)
    by_size = variance.successive_pps(VALUES, unequal)
    assert by_name("successive")(VALUES, unequal) == pytest.approx(by_size)
    assert by_size != pytest.approx(variance.successive(VALUES, unequal))


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("all", "stratified"),
        ("simple", "stratified"),
        ("systematic", "successive"),
        ("pps-systematic", "successive"),
        ("sampford", "deville"),
        ("pivotal", "local-neighbourhood"),
        ("cube", "balanced"),
    ],
)
def test_auto_is_the_variance_of_the_method(method, name):
    design = made(method)
    assert name_of(design) == name
    np.testing.assert_array_equal(by_name("auto")(VALUES, design), variance.default(design)[1](VALUES, design))


def test_auto_of_two_stages():
    assert name_of(villages()) == "ultimate-cluster"
    assert by_name("auto")(VALUES, villages()) == pytest.approx(variance.ultimate_cluster(VALUES, villages()))


@pytest.mark.parametrize(
    ("name", "structure", "text"),
    [
        (
            "stratified",
            made("pivotal", pi=[0.5, 0.25, 0.5, 0.5]),
            "variance 'stratified' takes stations of a stratum as equally likely, and in this 'pivotal' sample some "
            "are 2.00 times as likely as others: it would be wrong: take deville or auto",
        ),
        (
            "successive",
            made("stratified"),
            "variance 'successive' sees the order of a list, which method 'stratified' does not draw by: it would be "
            "too small: take auto, stratified, deville, jackknife or bootstrap",
        ),
        ("successive", made("systematic", order=None), r"the list's order is not known: give Structure\(order=…\)"),
        (
            "stratified",
            made("sampford"),
            "as equally likely, and method 'sampford' draws them by size: it would be wrong",
        ),
        ("local-neighbourhood", made("simple"), "needs a sample that was spread, and method 'simple' does not spread"),
        ("balanced", made("stratified"), "needs a balanced sample, and method 'stratified' does not balance"),
        ("balanced", made("cube", balance=None), r"the balancing variables are not known: give Structure\(balance=…\)"),
        (
            "yates-grundy",
            made("pps-systematic"),
            "variance 'yates-grundy' does not exist: most pairs of stations can't both be in a 'pps-systematic' "
            "sample: take auto, successive",
        ),
        (
            "horvitz-thompson",
            made("systematic"),
            "'horvitz-thompson' does not exist: most pairs of stations can't both",
        ),
        (
            "yates-grundy",
            made("sampford"),
            r"yates-grundy needs joint probabilities: give Structure\(joint=…\), or take",
        ),
        (
            "two-stage",
            made("stratified"),
            "variance 'two-stage' needs villages drawn before stations, and method 'stratified' has one stage: "
            "take auto, stratified",
        ),
        ("ultimate-cluster", made("simple"), "needs villages drawn before stations, and method 'simple' has one stage"),
        (
            "stratified",
            villages(),
            "variance 'stratified' takes stations as drawn one by one, and villages are drawn first: it would be "
            "too small: take auto, ultimate-cluster, two-stage, jackknife or bootstrap",
        ),
        ("deville", villages(), "takes stations as drawn one by one, and villages are drawn first"),
    ],
)
def test_what_a_design_does_not_allow_is_an_error(name, structure, text):
    with pytest.raises((DesignError, EstimateError), match=text):
        by_name(name)(VALUES, structure)


@pytest.mark.parametrize("name", ["jackknife", "taylor"])
def test_a_name_that_is_not_here_is_an_error(name):
    with pytest.raises(EstimateError, match=f"variance '{name}' is not computed from influence: known are auto, strat"):
        by_name(name)


def test_probabilities_are_compared_inside_strata():
    stratum, pi = np.array([0, 1, 0, 1]), np.array([0.5, 0.25, 0.5, 0.3])
    design = Structure(1 / pi, stratum, np.array([4.0, 8.0]), probability=pi)
    assert uneven(design) == pytest.approx(1.2)
    weight = np.array([[2.0, 4.0, 2.0, 4.0], [2.0, 4.0, 2.0, 0.0], [2.0, 4.0, 5.0, 4.0]])
    assert uneven(Structure(weight, stratum, design.size)) == pytest.approx(2.5)
    assert uneven(Structure(weight[:2], stratum, design.size)) == 1
    assert uneven(Structure(np.zeros(4), stratum, design.size)) == 1


def test_strata_that_were_collapsed_may_differ_a_little():
    near = made("pivotal", pi=[0.5, 0.45, 0.5, 0.45])
    np.testing.assert_array_equal(by_name("stratified")(VALUES, near), variance.stratified(VALUES, near))
