"""Who may be called: every status of every rule, with numbers that a reader can check.

Degrees of freedom are so many that Student's quantiles are the normal ones: 1.960 for the displayed interval of 95 %,
3.090 for a call with an error of 0.1 % on one side.
"""

from dataclasses import replace

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.decision import Progress, decide, lead_of, leader_and_runner_up
from estimation.survey import Estimate

ALL_IN = Progress(used=100, drawn=100, strata_in=5, strata=5, thin=0)
MANY = np.array(1e9)


@pytest.fixture
def contest(make_contest):
    """Make a contest with a rule; more of its keys can be changed."""

    def make(rule="plurality", candidates=2, **about):
        made = load_contest(make_contest(rule=rule, candidates=candidates))
        return replace(made, about=replace(made.about, **about))

    return make


def two(first, se):
    """Two shares that sum to one; each has that standard error, and their lead twice that."""
    cov = se**2 * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return Estimate(("share:1", "share:2"), np.array([first, 1 - first]), cov, MANY, ((0.0, 1.0),) * 2)


def three(first, second, se):
    theta = np.array([first, second, 1 - first - second])
    cov = se**2 * np.array([[1.0, -0.5, -0.5], [-0.5, 1.0, -0.5], [-0.5, -0.5, 1.0]])
    return Estimate(tuple(f"share:{i}" for i in (1, 2, 3)), theta, cov, MANY, ((0.0, 1.0),) * 3)


def said(call):
    return call.status, call.winner, [reason.code for reason in call.reasons]


@pytest.mark.parametrize(
    ("first", "se", "expected"),
    [
        # the lead 0.10 against its standard error
        (0.55, 0.010, ("called", 1, ["C01"])),  # 5.00
        (0.55, 0.0161, ("called", 1, ["C01"])),  # 3.106
        (0.55, 0.0162, ("leading", 1, ["C07"])),  # 3.086
        (0.55, 0.0255, ("leading", 1, ["C07"])),  # 1.961
        (0.55, 0.0256, ("too-close", 1, ["C02"])),  # 1.953
        (0.45, 0.010, ("called", 2, ["C01"])),
        (0.50, 0.010, ("too-close", 1, ["C02"])),  # a tie goes to the first on the ballot
    ],
)
def test_plurality_looks_at_the_lead(contest, first, se, expected):
    assert said(decide(contest(), two(first, se), ALL_IN)) == expected


def test_plurality_needs_no_majority(contest):
    # lead 0.40 - 0.35, variance of the lead 3 se²
    assert said(decide(contest(candidates=3), three(0.40, 0.35, 0.005), ALL_IN)) == ("called", 1, ["C01"])


@pytest.mark.parametrize(
    ("first", "se", "expected"),
    [
        # the distance from one half, 0.05, against the standard error of the share
        (0.55, 0.0161, ("called", 1, ["C08"])),
        (0.55, 0.0162, ("leading", 1, ["C12"])),
        (0.55, 0.0256, ("too-close", 1, ["C09"])),
        (0.45, 0.0161, ("called", 2, ["C08"])),  # the empty column wins
        (0.45, 0.0256, ("too-close", 2, ["C09"])),
    ],
)
def test_a_single_candidate_is_held_against_one_half(contest, first, se, expected):
    assert said(decide(contest("single-candidate"), two(first, se), ALL_IN)) == expected


def test_the_empty_column_is_named(contest):
    call = decide(contest("single-candidate"), two(0.4, 0.01), ALL_IN)
    assert call.reasons[0].text == "the share of Candidate 2 is beyond one half by the one-sided 99.9 % bound"


@pytest.mark.parametrize(
    ("shares", "se", "expected"),
    [
        ((0.55, 0.30), 0.0161, ("called", 1, ["C10"])),
        ((0.55, 0.30), 0.0162, ("leading", 1, ["C12"])),
        ((0.55, 0.30), 0.0256, ("too-close", 1, ["C09"])),
        ((0.48, 0.30), 0.0103, ("too-close", 1, ["C09"])),  # 1.94 below the threshold
        ((0.48, 0.30), 0.0101, ("leading", 1, ["C11"])),  # 1.98 below: a second round
        ((0.30, 0.42), 0.0100, ("leading", 2, ["C11"])),
    ],
)
def test_a_runoff_rule_looks_at_the_threshold(contest, shares, se, expected):
    assert said(decide(contest("majority-runoff", 3), three(*shares, se), ALL_IN)) == expected


def test_the_threshold_is_the_contest_s(contest):
    estimate = three(0.48, 0.30, 0.01)
    assert said(decide(contest("majority-runoff", 3, threshold=0.4), estimate, ALL_IN)) == ("called", 1, ["C10"])
    call = decide(contest("majority-runoff", 3, threshold=0.6), estimate, ALL_IN)
    assert call.reasons[0].text == "no candidate reaches 60 %: a second round is to be expected"


@pytest.mark.parametrize(
    ("progress", "codes", "text"),
    [
        (replace(ALL_IN, used=49), ["C03", "C01"], "49 of 100 stations are in; a call needs 50"),
        (replace(ALL_IN, thin=1), ["C06", "C01"], "a stratum has fewer than two returns"),
        (replace(ALL_IN, used=49, thin=2), ["C06", "C03", "C01"], "a stratum has fewer than two returns"),
    ],
)
def test_a_call_needs_enough_in(contest, progress, codes, text):
    call = decide(contest(), two(0.6, 0.01), progress)
    assert said(call) == ("leading", 1, codes)
    assert call.reasons[0].text == text


def test_half_of_the_sample_is_enough(contest):
    assert decide(contest(), two(0.6, 0.01), replace(ALL_IN, used=50)).status == "called"


def test_the_contest_sets_what_a_call_needs(make_contest):
    made = load_contest(make_contest(extra_toml="[estimate]\ncall_error = 0.02\nmin_received = 0.9\n"))
    estimate = two(0.55, 0.022)  # 2.27 against 2.054
    assert said(decide(made, estimate, replace(ALL_IN, used=90))) == ("called", 1, ["C01"])
    assert said(decide(made, estimate, replace(ALL_IN, used=89))) == ("leading", 1, ["C03", "C01"])


def test_few_degrees_of_freedom_ask_for_more(contest):
    # 5.00 against 7.17, the one-sided 99.9 % bound of four degrees of freedom
    estimate = replace(two(0.55, 0.01), df=np.array(4.0))
    assert said(decide(contest(), estimate, ALL_IN)) == ("leading", 1, ["C07"])


def test_no_degrees_of_freedom_call_nobody(contest):
    estimate = replace(two(0.55, 0.01), df=np.array(0.0))
    assert decide(contest(), estimate, ALL_IN).status == "too-close"


@pytest.mark.parametrize(
    ("progress", "code", "text"),
    [
        (replace(ALL_IN, used=0, strata_in=0), "C04", "fewer than two returns are in"),
        (replace(ALL_IN, used=1, strata_in=1), "C04", "fewer than two returns are in"),
        (replace(ALL_IN, used=20, strata_in=1), "C05", "returns come from one of 5 strata only"),
    ],
)
@pytest.mark.parametrize("rule", ["plurality", "single-candidate", "majority-runoff"])
def test_too_little_is_insufficient(contest, rule, progress, code, text):
    call = decide(contest(rule), two(0.9, 0.001), progress)
    assert said(call) == ("insufficient", None, [code])
    assert call.reasons[0].text == text
    assert not call.withdrawn


def test_one_stratum_is_enough_where_there_is_one(contest):
    assert decide(contest(), two(0.6, 0.01), replace(ALL_IN, strata_in=1, strata=1)).status == "called"


def test_without_an_estimate_it_is_insufficient(contest):
    assert decide(contest(), None, ALL_IN).status == "insufficient"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (two(0.55, 0.01), "the lead of 10 points is beyond its one-sided 99.9 % bound"),
        (two(0.55, 0.02), "the lead is beyond its 95 % interval but not beyond the stricter bound for calls"),
        (two(0.51, 0.02), "the 95 % interval of the lead contains zero"),
    ],
)
def test_reasons_read_as_sentences(contest, call, text):
    assert decide(contest(), call, ALL_IN).reasons[0].text == text


def test_the_lead_is_of_the_first_two(contest):
    made = contest(candidates=3)
    first, second = leader_and_runner_up(made, np.array([0.2, 0.5, 0.3]))
    assert (first.number, second.number) == (2, 3)
    lead = lead_of(made, three(0.2, 0.5, 0.01))
    assert lead.theta == pytest.approx([0.2])
    assert lead.variance == pytest.approx([3e-4])


def test_ties_go_to_the_first_on_the_ballot(contest):
    first, second = leader_and_runner_up(contest(candidates=3), np.array([0.4, 0.4, 0.2]))
    assert (first.number, second.number) == (1, 2)
