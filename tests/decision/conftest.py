"""Contests and estimates made to order, so many degrees of freedom that Student's quantiles are the normal ones."""

from dataclasses import replace

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.decision import Progress
from estimation.survey import Estimate

MANY = np.array(1e9)


@pytest.fixture
def contest(make_contest):
    """Make a contest with a rule; ``estimate`` changes keys of [estimate], all others those of [contest]."""

    def make(rule="plurality", candidates=2, estimate=None, **about):
        made = load_contest(make_contest(rule=rule, candidates=candidates))
        changed = replace(made.estimate, **(estimate or {}))
        return replace(made, about=replace(made.about, **about), estimate=changed)

    return make


@pytest.fixture
def all_in():
    return Progress(used=100, drawn=100, strata_in=5, strata=5, thin=0)


@pytest.fixture
def two():
    """Two shares that sum to one; each has that standard error, and their lead twice that."""

    def make(first, se):
        first = np.asarray(first, dtype=np.float64)
        cov = se**2 * np.array([[1.0, -1.0], [-1.0, 1.0]]) * np.ones((*first.shape, 1, 1))
        names = ("share:1", "share:2")
        return Estimate(names, np.stack([first, 1 - first], axis=-1), cov, MANY, ((0.0, 1.0),) * 2)

    return make


@pytest.fixture
def several():
    """Shares of k candidates with se² on the diagonal and -se²/(k - 1) beside it: each lead has se √(2k/(k - 1))."""

    def make(*shares, se):
        k = len(shares)
        cov = se**2 * (np.eye(k) * k - 1) / (k - 1)
        return Estimate(
            tuple(f"share:{i}" for i in range(1, k + 1)), np.array(shares, dtype=float), cov, MANY, ((0.0, 1.0),) * k
        )

    return make
