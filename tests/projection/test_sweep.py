"""No design, variance, estimator or interval and no part of the returns stops a projection."""

from itertools import cycle, product
from typing import get_args

import pytest

from estimation.contest import (
    EstimateTable,
    EstimatorName,
    IntervalName,
    Method,
    VarianceName,
    load_contest,
    variances_of,
)
from estimation.errors import ContestError
from estimation.projection import project_contest, projection_document

from .conftest import START, add, moment, with_design

METHODS = (*get_args(Method), "all")
VARIANCES: tuple[str, ...] = get_args(VarianceName)
ESTIMATORS: tuple[str, ...] = get_args(EstimatorName)
SINGLE = get_args(EstimateTable.__annotations__["single"])
PARTS = (0, 1, 5, 50, 99, 100)  # per cent of the sample


def never_stops(folder, drawn, part, **estimate):
    """Project as the command does, the files of the take too."""
    contest = load_contest(folder)
    projection = project_contest(contest, as_of=moment(part, drawn), estimate=estimate)
    projection_document(projection)
    assert projection.progress.used == (moment(part, drawn) - START).total_seconds() / 60 + 1
    assert (projection.estimate is None) == (projection.progress.why_insufficient() is not None)
    return projection


@pytest.mark.parametrize("method", METHODS)
def test_a_variance_that_a_design_can_never_give_is_refused_and_no_other_stops(make_contest, method):
    """In small: the estimators take turns."""
    folder, drawn = with_design(make_contest, method)
    estimators, parts = cycle(ESTIMATORS), cycle(PARTS)
    for variance in VARIANCES:
        add(folder, variance=variance, replicates=20)
        if variance in variances_of(method):
            never_stops(folder, drawn, next(parts), estimator=next(estimators))
        else:
            refused(folder, method, variance)


def refused(folder, method, variance):
    """Nothing that opens the contest goes on: before a draw it is not even loaded."""
    with pytest.raises(ContestError, match=f"variance '{variance}'.*: take .*auto"):
        project_contest(load_contest(folder))
    sample = folder / "out" / "sample.csv"
    if sample.is_file():
        aside = sample.rename(sample.with_suffix(".aside"))
        with pytest.raises(ContestError, match=rf"contest.toml: .estimate.: variance '{variance}'"):
            load_contest(folder)
        aside.rename(sample)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "part"), list(product(METHODS, PARTS)))
def test_every_variance_with_every_estimator(make_contest, method, part):
    folder, drawn = with_design(make_contest, method)
    for variance, estimator in product(variances_of(method), ESTIMATORS):
        never_stops(folder, drawn, part, estimator=estimator, variance=variance, replicates=20)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_every_treatment_of_single_stations_with_every_interval(make_contest, method):
    folder, drawn = with_design(make_contest, method)
    variances = cycle(variances_of(method))
    for single, interval, part in product(SINGLE, get_args(IntervalName), (1, 5, 50, 100)):
        kinds = {"estimator": "auto"} if interval == "percentile" else {"estimator": "ratio"}
        kinds["variance"] = next(variances)
        never_stops(folder, drawn, part, single=single, interval=interval, replicates=50, **kinds)
