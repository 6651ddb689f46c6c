"""An estimate against the official value, and coverage over areas."""

import math

import numpy as np
import pytest

from estimation.evaluation.errors_vs_official import ErrorVsOfficial, coverage, error_vs_official
from estimation.survey import Estimate


def of(low: float, high: float, official: float, se: float = 0.01) -> ErrorVsOfficial:
    return ErrorVsOfficial("share:1", 0.51, se, low, high, official)


def test_miss_and_standard_errors() -> None:
    one = of(0.49, 0.53, 0.535)
    assert one.miss == pytest.approx(-0.025)
    assert one.z == pytest.approx(-2.5)
    assert one.held is False


@pytest.mark.parametrize(
    ("official", "held"), [(0.49, True), (0.53, True), (0.4900000001, True), (0.489999, False), (math.nan, None)]
)
def test_an_end_belongs_to_the_interval(official: float, held: bool | None) -> None:
    assert of(0.49, 0.53, official).held is held


def test_the_rounding_of_a_take_is_no_miss() -> None:
    assert of(0.49, 0.53, 0.49 - 5e-10).held is True
    assert of(0.49, 0.53, 0.49 - 2e-9).held is False


def test_without_error_there_is_no_deviate() -> None:
    assert math.isnan(of(0.51, 0.51, 0.51, se=0.0).z)


def test_an_unknown_quantity_says_only_what_is_official() -> None:
    estimate = Estimate(("share:1",), np.array([0.5]), np.array([[1e-4]]), np.array(9), np.array([[0.0, 1.0]]))
    one = error_vs_official(estimate, "turnout", 0.95, 0.7)
    assert math.isnan(one.estimate)
    assert (one.held, one.official) == (None, 0.7)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [  # binom.test(hits, n)$conf.int of R
        (16, 17, 0.713110603, 0.998511826),
        (17, 17, 0.804935677, 1.0),
        (0, 10, 0.0, 0.308497108),
        (5, 10, 0.187086028, 0.812913972),
    ],
)
def test_coverage_has_exact_binomial_bounds(hits: int, n: int, low: float, high: float) -> None:
    found = coverage("share:1", [of(0.49, 0.53, 0.5)] * hits + [of(0.49, 0.53, 0.6)] * (n - hits))
    assert (found.held, found.judged) == (hits, n)
    assert found.coverage == pytest.approx(hits / n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-8)


def test_what_was_not_estimated_is_not_counted() -> None:
    found = coverage("share:1", [of(0.49, 0.53, 0.5), of(math.nan, math.nan, 0.5)])
    assert (found.held, found.judged) == (1, 1)
    assert math.isnan(coverage("share:1", []).coverage)
