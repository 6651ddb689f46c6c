"""The bound for calls: values by hand, and the error of a whole night of looks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from estimation.contest import EstimateTable
from estimation.decision import beyond, critical

TABLE = EstimateTable()


@pytest.mark.parametrize(
    ("change", "fraction", "wrong", "expected"),
    [
        # z of 0.0005 is 3.290527, of 0.00025 is 3.480756, of 0.001 is 3.090232
        ({}, 1.0, 1, 3.290527),
        ({}, 0.25, 1, 6.581054),
        ({}, 0.5, 2, 4.922533),
        ({"call_rule": "once"}, 0.1, 1, 3.090232),
        ({"call_rule": "anytime"}, 1.0, 1, 4.0268),  # Robbins' mixture where it is tightest
        ({"takes": 1}, 1.0, 1, 3.090232),  # one look spends all
        # two looks, O'Brien-Fleming spending at 0.05 (Lan and DeMets 1983, table 1)
        ({"takes": 2, "call_error": 0.025}, 0.5, 1, 2.9626),
        ({"takes": 2, "call_error": 0.025}, 1.0, 1, 1.9686),
        # five looks, Pocock spending (R gsDesign: sfLDPocock)
        ({"takes": 5, "call_error": 0.025, "spending": "pocock"}, 0.2, 1, 2.4380),
    ],
)
def test_bounds_by_hand(change, fraction, wrong, expected):
    assert float(critical(replace(TABLE, **change), fraction, wrong)) == pytest.approx(expected, abs=2e-4)


def test_nothing_in_asks_for_infinity():
    for rule in ("planned", "anytime"):
        assert critical(replace(TABLE, call_rule=rule), [0.0, 0.5])[0] == np.inf


def test_where_all_are_asked_the_plan_has_no_end():
    anytime = critical(replace(TABLE, call_rule="anytime"), [0.5, 1.0, 40.0, np.inf])
    assert critical(TABLE, [0.5, 1.0, 40.0, np.inf], whole=True) == pytest.approx(anytime)
    assert np.all(np.isfinite(anytime))


def test_a_look_is_taken_for_the_nearest_planned():
    # of four looks at 0.25 ... 1, one at 0.70 is the third: 0.25 and 0.50 lie before it, 0.75 does not
    table = replace(TABLE, takes=4, call_error=0.05)
    third = float(critical(table, 0.75))
    assert third < float(critical(table, 0.70)) < float(critical(table, 0.50))
    assert float(critical(table, 0.78)) < third


def test_beyond_looks_at_every_comparison_and_never_at_nan():
    z = np.array([[3.3, np.nan], [3.2, np.inf]])
    assert beyond(TABLE, z, [1.0, 1.0]).tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize(
    ("change", "least"),
    [({}, 0.03), ({"takes": 20}, 0.04), ({"takes": 20, "spending": "pocock"}, 0.04), ({"call_rule": "anytime"}, 0.008)],
)
def test_twenty_looks_at_a_tie_call_a_loser_no_more_often_than_the_error(change, least):
    """B(t) / √t of a true tie: who is behind by a hair is called if it crosses on his side."""
    table, looks, nights = replace(TABLE, call_error=0.05, **change), np.arange(1, 21) / 20, 10_000
    steps = np.random.default_rng(20241127).standard_normal((nights, 20)) / np.sqrt(20)
    z = np.cumsum(steps, axis=1) / np.sqrt(looks)
    called = beyond(table, z[..., None], np.broadcast_to(looks, z.shape))[..., 0].any(axis=1).sum()
    assert called <= binom.ppf(0.999, nights, 0.05)
    assert called >= nights * least  # and it does not stay silent


def test_the_displayed_interval_would_call_a_loser_in_a_sixth_of_such_nights():
    steps = np.random.default_rng(20241127).standard_normal((20_000, 20)) / np.sqrt(20)
    z = np.cumsum(steps, axis=1) / np.sqrt(np.arange(1, 21) / 20)
    assert 0.10 < (z > 1.96).any(axis=1).mean() < 0.16  # 2.5 % promised
