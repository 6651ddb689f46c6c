"""The rule as arrays: replicates one by one, and the agreement of methods."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from estimation.decision import agreement, compare, decide, judge
from estimation.survey import Estimate

ENOUGH = {"used": 100, "drawn": 100, "thin": 0, "fraction": 1.0}


def stacked(*estimates):
    theta, cov = (np.stack([getattr(one, name) for one in estimates]) for name in ("theta", "cov"))
    return replace(estimates[0], theta=theta, cov=cov, df=np.full(len(estimates), 1e9))


@pytest.mark.parametrize(
    ("rule", "threshold"), [("plurality", 0.5), ("majority-runoff", 0.5), ("majority-runoff", 0.4)]
)
def test_ten_nights_at_once_are_ten_nights_one_by_one(contest, several, all_in, rule, threshold):
    made, rng = contest(rule, 4, threshold=threshold), np.random.default_rng(7)
    nights = [several(*rng.dirichlet([9, 8, 3, 2]), se=float(rng.uniform(0.002, 0.02))) for _ in range(40)]
    used = rng.integers(40, 101, size=40)
    together = judge(made, stacked(*nights), **{**ENOUGH, "used": used, "fraction": used / 100})
    assert together.called.shape == (40,)
    assert together.beyond.shape == together.comparisons.z.shape
    for i, night in enumerate(nights):
        call = decide(made, night, replace(all_in, used=int(used[i])))
        assert (call.status == "called") == together.called[i]
        assert call.winner == together.comparisons.leader[i] + 1
        assert any(reason.code == "C11" for reason in call.reasons) == together.second_round[i]
    if rule == "plurality":
        assert 5 < together.called.sum() < 35


def test_every_floor_is_an_array(contest, two):
    estimate = two([0.6, 0.6, 0.6, 0.6, 0.501], 0.01)
    found = judge(
        contest(),
        estimate,
        used=[100, 49, 100, 100, 60],
        drawn=100,
        thin=[0, 0, 1, 0, 3],
        fraction=1.0,
        drift_ok=[True, True, True, False, False],
        decided=[False, False, False, False, True],
    )
    assert found.received.tolist() == [True, False, True, True, True]
    assert found.thin_ok.tolist() == [True, True, False, True, False]
    assert found.called.tolist() == [True, False, False, False, True]


def test_leaders_differ_by_replicate(contest, several):
    found = compare(contest(candidates=3), stacked(several(0.5, 0.3, 0.2, se=0.01), several(0.2, 0.3, 0.5, se=0.01)))
    assert found.leader.tolist() == [0, 2]
    assert found.rival.tolist() == [[1, 2], [1, 0]]
    assert found.theta == pytest.approx(np.array([[0.2, 0.3], [0.2, 0.3]]))
    assert found.se == pytest.approx(np.full((2, 2), 0.01 * np.sqrt(3)))
    assert found.z == pytest.approx(found.theta / found.se, rel=1e-6)


@pytest.mark.parametrize(
    ("first", "se", "opposed", "doubtful"),
    [
        (0.56, 0.01, False, False),  # the same, and sure of it
        (0.56, 0.06, False, False),  # less precise: from -12 to 36 points, which holds the lead of 20
        (0.52, 0.03, False, True),  # from -8 to 16 points: zero, and not 20
        (0.49, 0.10, True, False),  # another leader
        (0.50, 0.10, True, False),  # nobody
    ],
)
@pytest.mark.parametrize("rule", ["plurality", "single-candidate"])
def test_another_method_agrees_or_not(contest, two, rule, first, se, opposed, doubtful):
    made = contest(rule)
    view = agreement(made, compare(made, two(0.6, 0.01)), two(first, se))
    assert (bool(view.opposed[0]), bool(view.doubtful[0])) == (opposed, doubtful)
    assert bool(view.objects) == (opposed or doubtful)


@pytest.mark.parametrize(
    ("rule", "first", "se", "text"),
    [
        ("plurality", 0.49, 0.01, "the method 'raked' has Candidate 2 ahead"),
        ("plurality", 0.50, 0.01, "the method 'raked' has Candidate 1 and Candidate 2 level"),
        (
            "plurality",
            0.51,
            0.01,
            "the 95 % interval of the method 'raked' contains zero, and not the lead of this projection",
        ),
        ("single-candidate", 0.49, 0.01, "the method 'raked' has Candidate 2 ahead"),
        ("majority-runoff", 0.50, 0.01, "the method 'raked' puts the result on the other side of 50 %"),
        (
            "single-candidate",
            0.51,
            0.01,
            "the 95 % interval of the method 'raked' contains 50 %, and not the share of this projection",
        ),
    ],
)
def test_a_method_that_disagrees_stops_a_call_and_is_named(contest, two, all_in, rule, first, se, text):
    made, others = contest(rule), {"separate": two(0.58, 0.02), "raked": two(first, se)}
    call = decide(made, two(0.6, 0.01), all_in, others=others)
    assert (call.status, call.winner, call.reasons[0].text, len(call.reasons)) == ("leading", 1, text, 2)
    without = replace(made, estimate=replace(made.estimate, agree=False))
    assert decide(without, two(0.6, 0.01), all_in, others=others).status == "called"


def test_a_second_round_needs_all_methods_too(contest, several, all_in):
    made, others = contest("majority-runoff", 3), {"raked": several(0.501, 0.30, 0.199, se=0.01)}
    call = decide(made, several(0.46, 0.34, 0.20, se=0.005), all_in, others=others)
    assert [reason.code for reason in call.reasons] == ["C22", "C15", "C16"]


def test_order_of_rivals_does_not_matter_for_agreement(contest, several):
    made = contest(candidates=3)
    found = compare(made, several(0.5, 0.3, 0.2, se=0.01))
    view = agreement(made, found, several(0.45, 0.22, 0.33, se=0.01))
    assert view.theirs.theta == pytest.approx([0.23, 0.12])
    assert not view.objects


def test_the_displayed_interval_can_be_another(contest, two, all_in):
    wide = replace(two(0.56, 0.0155), kind="t")
    assert decide(contest(), wide, all_in).status == "called"  # 3.87

    def doubled(estimate, level):
        bounds = estimate.interval(level)
        return type(bounds)(2 * bounds.low - estimate.theta, 2 * bounds.high - estimate.theta)

    assert decide(contest(), wide, all_in, interval=doubled).status == "too-close"


def test_nights_of_a_tied_race_call_the_loser_within_the_error(contest):
    """A tied population of 400 stations, 200 of them drawn, looked at twenty times as they come in: 3,000 nights."""
    made, rng = contest(estimate={"call_error": 0.05, "min_received": 0.0}), np.random.default_rng(20241127)
    stations, drawn, nights, looks = 400, 200, 3000, np.arange(10, 201, 10)
    margin = rng.normal(0, 0.2, stations)
    margin -= margin.mean()
    draws = margin[np.argsort(rng.random((nights, stations)), axis=1)[:, :drawn]]
    mean = np.cumsum(draws, axis=1)[:, looks - 1] / looks
    square = np.cumsum(draws**2, axis=1)[:, looks - 1] / looks - mean**2
    variance = square / (looks - 1) * (1 - looks / stations) / 4  # of the share, half the lead
    first = 0.5 + mean / 2
    theta = np.stack([first, 1 - first], axis=-1)
    cov = variance[..., None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    estimate = Estimate(
        ("share:1", "share:2"), theta, cov, np.broadcast_to(looks - 1.0, variance.shape), ((0.0, 1.0),) * 2
    )
    part = (1 / drawn - 1 / stations) / (1 / looks - 1 / stations)
    found = judge(made, estimate, used=looks, drawn=drawn, thin=0, fraction=part)
    wrong = (found.called & (found.comparisons.leader == 1)).any(axis=1).sum()
    assert 0.02 * nights < wrong <= binom.ppf(0.999, nights, 0.05)
