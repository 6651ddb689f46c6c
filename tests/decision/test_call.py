"""Every status of every rule, with numbers that a reader can check.

The bound for a call, with an error of 0.1 % on one side for the whole night and all of the sample in, is the normal
quantile of 0.001/2: 3.291. It is 3.481 with three candidates (0.0005 for each who might be wrongly called) and 3.588
with a runoff rule and three (a third for each). The displayed interval of 95 % needs 1.960.
"""

from dataclasses import replace

import numpy as np
import pytest

from estimation.contest import load_contest
from estimation.decision import decide, lead_of, leader_and_runner_up


def said(call):
    return call.status, call.winner, [reason.code for reason in call.reasons]


@pytest.mark.parametrize(
    ("first", "se", "expected"),
    [
        # the lead 0.10 against its standard error
        (0.55, 0.010, ("called", 1, ["C01"])),  # 5.00
        (0.55, 0.0151, ("called", 1, ["C01"])),  # 3.311
        (0.55, 0.0152, ("leading", 1, ["C07"])),  # 3.289
        (0.55, 0.0255, ("leading", 1, ["C07"])),  # 1.961
        (0.55, 0.0256, ("too-close", 1, ["C02"])),  # 1.953
        (0.45, 0.010, ("called", 2, ["C01"])),
        (0.50, 0.010, ("too-close", 1, ["C02"])),  # a tie goes to the first on the ballot
    ],
)
def test_plurality_looks_at_the_lead(contest, two, all_in, first, se, expected):
    assert said(decide(contest(), two(first, se), all_in)) == expected


@pytest.mark.parametrize(
    ("se", "expected"),
    [
        # leads 0.05 and 0.15, variance of each 3 se²
        (0.0082, ("called", 1, ["C01"])),  # 3.520 and 10.6
        (0.0084, ("leading", 1, ["C07"])),  # 3.437: enough for two candidates, not for three
        (0.0150, ("too-close", 1, ["C02"])),  # 1.925
    ],
)
def test_plurality_of_three_needs_no_majority_but_more_than_two_do(contest, several, all_in, se, expected):
    assert said(decide(contest(candidates=3), several(0.40, 0.35, 0.25, se=se), all_in)) == expected


def test_a_third_who_is_close_blocks_a_call_and_is_named(contest, several, all_in):
    estimate = several(0.36, 0.33, 0.31, se=0.004)
    cov = estimate.cov.copy()
    cov[2, 2] = 0.02**2  # candidate 3 is known badly: variance of the lead over him 16e-6 + 4e-4 + 2 × 8e-6
    estimate = replace(estimate, cov=cov)
    call = decide(contest(candidates=3), estimate, all_in)
    # over candidate 2: 0.03 / 0.004 √3 = 4.33; over candidate 3: 0.05 / 0.02078 = 2.41
    assert said(call) == ("leading", 1, ["C07"])
    assert call.reasons[0].text == (
        "the lead over Candidate 3 is beyond its 95 % interval but not beyond the stricter bound for calls: "
        "2.4 standard errors, 3.5 are needed"
    )


def test_every_rival_who_is_too_close_is_named(contest, several, all_in):
    call = decide(contest(candidates=4), several(0.28, 0.27, 0.27, 0.18, se=0.01), all_in)
    assert call.status == "too-close"
    assert [reason.text for reason in call.reasons] == [
        "the 95 % interval of the lead over Candidate 2 contains zero",
        "the 95 % interval of the lead over Candidate 3 contains zero",
    ]


def test_nine_candidates_share_the_error_by_eight(contest, several, all_in):
    # z of 0.001/16 is 3.836; every lead has standard error se √(18/8) = 1.5 se
    shares = (0.20, *(0.10,) * 8)
    nine = contest(candidates=9)
    assert said(decide(nine, several(*shares, se=0.0173), all_in)) == ("called", 1, ["C01"])  # 3.854
    call = decide(nine, several(*shares, se=0.0175), all_in)  # 3.810
    assert said(call) == ("leading", 1, ["C07"] * 8)


@pytest.mark.parametrize(
    ("first", "se", "expected"),
    [
        # the distance from one half, 0.05, against the standard error of the share
        (0.55, 0.0151, ("called", 1, ["C08"])),
        (0.55, 0.0152, ("leading", 1, ["C12"])),
        (0.55, 0.0256, ("too-close", 1, ["C09"])),
        (0.45, 0.0151, ("called", 2, ["C08"])),  # the empty column wins
        (0.45, 0.0256, ("too-close", 2, ["C09"])),
        (0.50, 0.0100, ("too-close", 1, ["C09"])),
    ],
)
def test_a_single_candidate_is_held_against_one_half(contest, two, all_in, first, se, expected):
    assert said(decide(contest("single-candidate"), two(first, se), all_in)) == expected


def test_the_empty_column_is_named(contest, two, all_in):
    call = decide(contest("single-candidate"), two(0.4, 0.01), all_in)
    assert call.reasons[0].text == (
        "the share of Candidate 2 is beyond one half by the bound for calls: 10 standard errors, 3.3 are needed"
    )


@pytest.mark.parametrize(
    ("shares", "se", "expected"),
    [
        ((0.55, 0.30, 0.15), 0.0139, ("called", 1, ["C10"])),  # 3.597
        ((0.55, 0.30, 0.15), 0.0140, ("leading", 1, ["C12"])),  # 3.571
        ((0.55, 0.30, 0.15), 0.0256, ("too-close", 1, ["C09"])),
        ((0.48, 0.30, 0.22), 0.0103, ("too-close", 1, ["C09"])),  # 1.94 below the threshold
        ((0.48, 0.30, 0.22), 0.0101, ("leading", 1, ["C15", "C16"])),  # 1.98 below: shown, not sure
        ((0.48, 0.30, 0.22), 0.0056, ("leading", 1, ["C15", "C16"])),  # 3.571 below
        ((0.48, 0.30, 0.22), 0.0055, ("leading", 1, ["C11", "C16"])),  # 3.636 below: a second round
        ((0.30, 0.42, 0.28), 0.0055, ("leading", 2, ["C11", "C17"])),  # 0.02 / 0.0095 for the second place
    ],
)
def test_a_runoff_rule_looks_at_the_threshold(contest, several, all_in, shares, se, expected):
    assert said(decide(contest("majority-runoff", 3), several(*shares, se=se), all_in)) == expected


def test_a_second_round_says_who_would_be_in_it(contest, several, all_in):
    runoff = contest("majority-runoff", 3)
    clear, close = (decide(runoff, several(*s, se=0.005), all_in) for s in ((0.46, 0.34, 0.20), (0.40, 0.31, 0.29)))
    assert [reason.text for reason in clear.reasons] == [
        "no candidate reaches 50 %: a second round is to be expected",
        "Candidate 1 and Candidate 2 are ahead, clearly before all others",
    ]
    assert close.reasons[1].text == (
        "Candidate 1 and Candidate 2 are ahead, but the second place is not clear: Candidate 3 follows closely"
    )


def test_a_second_round_needs_all_that_a_call_needs(contest, several, all_in):
    estimate = several(0.46, 0.34, 0.20, se=0.005)
    call = decide(contest("majority-runoff", 3), estimate, replace(all_in, used=49))
    assert said(call) == ("leading", 1, ["C03", "C15", "C16"])


def test_the_threshold_is_the_contest_s(contest, several, all_in):
    estimate = several(0.48, 0.30, 0.22, se=0.01)
    # under one half two candidates can be beyond it: the leader must be ahead of all others too
    call = decide(contest("majority-runoff", 3, threshold=0.4), estimate, all_in)
    assert said(call) == ("called", 1, ["C10"])
    call = decide(contest("majority-runoff", 3, threshold=0.6), estimate, all_in)
    assert call.reasons[0].text == "no candidate reaches 60 %: a second round is to be expected"


def test_under_a_low_threshold_the_second_must_be_beaten_as_well(contest, several, all_in):
    call = decide(contest("majority-runoff", 3, threshold=0.4), several(0.46, 0.45, 0.09, se=0.01), all_in)
    assert said(call) == ("too-close", 1, ["C02"])


@pytest.mark.parametrize(
    ("change", "codes", "text"),
    [
        ({"used": 49}, ["C03", "C01"], "49 of 100 stations are in; a call needs 50"),
        (
            {"thin": 1, "thin_part": 0.08},
            ["C06", "C01"],
            "1 strata with 8 % of the voters have fewer than 2 returns, too much for a call",
        ),
        (
            {"used": 49, "thin": 2, "thin_part": 0.2},
            ["C06", "C03", "C01"],
            "2 strata with 20 % of the voters have fewer than 2 returns, too much for a call",
        ),
    ],
)
def test_a_call_needs_enough_in(contest, two, all_in, change, codes, text):
    call = decide(contest(), two(0.6, 0.01), replace(all_in, **change))
    assert said(call) == ("leading", 1, codes)
    assert call.reasons[0].text == text


def test_whoever_leads_is_told_all_that_a_call_lacks(contest, two, all_in):
    call = decide(contest(), two(0.55, 0.0152), replace(all_in, used=30, thin=1, thin_part=0.1))
    assert said(call) == ("leading", 1, ["C06", "C03", "C07"])


@pytest.mark.parametrize(
    ("thin_part", "status"),
    [
        (0.067, "called"),  # a lead of 0.2 less twice 0.067: 3.3 standard errors of 0.02, where 3.29 are needed
        (0.068, "leading"),  # 3.2
    ],
)
def test_a_lead_must_bear_every_vote_of_thin_strata(contest, two, all_in, thin_part, status):
    call = decide(contest(), two(0.6, 0.01), replace(all_in, thin=1, thin_part=thin_part))
    assert call.status == status


@pytest.mark.parametrize(
    ("thin_part", "status"),
    [(0.067, "called"), (0.068, "leading")],  # a share loses them once: 0.6 less 0.067 is 3.3 times 0.01 above one half
)
def test_a_share_must_bear_every_vote_of_thin_strata(contest, two, all_in, thin_part, status):
    call = decide(contest("single-candidate"), two(0.6, 0.01), replace(all_in, thin=1, thin_part=thin_part))
    assert call.status == status


def test_a_second_round_is_said_when_no_stratum_is_thin(contest, several, all_in):
    thin = replace(all_in, thin=1, thin_part=0.001)
    call = decide(contest("majority-runoff", 3), several(0.46, 0.34, 0.20, se=0.005), thin)
    assert said(call) == ("leading", 1, ["C06", "C15", "C16"])


def test_half_of_the_sample_is_enough(contest, two, all_in):
    assert decide(contest(), two(0.6, 0.01), replace(all_in, used=50)).status == "called"


def test_the_bound_is_stricter_while_less_is_in(contest, two, all_in):
    # 3.291 / √0.64 = 4.113 at 64 %: a lead of 4.0 standard errors waits, one of 4.2 does not
    part = replace(all_in, used=64)
    assert said(decide(contest(), two(0.54, 0.010), part)) == ("leading", 1, ["C07"])
    assert said(decide(contest(), two(0.542, 0.010), part)) == ("called", 1, ["C01"])


def test_the_contest_sets_what_a_call_needs(make_contest, two, all_in):
    made = load_contest(
        make_contest(extra_toml='[estimate]\ncall_error = 0.02\ncall_rule = "once"\nmin_received = 0.9\n')
    )
    estimate = two(0.55, 0.022)  # 2.27 against 2.054
    assert said(decide(made, estimate, replace(all_in, used=90))) == ("called", 1, ["C01"])
    assert said(decide(made, estimate, replace(all_in, used=89))) == ("leading", 1, ["C03", "C01"])


def test_few_degrees_of_freedom_ask_for_more(contest, two, all_in):
    # t = 5.00 on 4 degrees of freedom; the quantile of 0.0005 is 8.610
    call = decide(contest(), replace(two(0.55, 0.01), df=np.array(4.0)), all_in)
    assert said(call) == ("leading", 1, ["C07"])
    assert call.reasons[0].text.endswith("5 standard errors, 8.6 are needed")


def test_no_degrees_of_freedom_call_nobody(contest, two, all_in):
    assert decide(contest(), replace(two(0.55, 0.01), df=np.array(0.0)), all_in).status == "too-close"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("plurality", "the lead of 10 points has no sampling error"),
        ("single-candidate", "the share of Candidate 1 is beyond 50 % and has no sampling error"),
    ],
)
def test_without_sampling_error_the_count_decides(contest, two, all_in, rule, text):
    call = decide(contest(rule), two(0.55, 0.0), all_in)
    assert (call.status, call.reasons[0].text) == ("called", text)
    assert decide(contest(rule), two(0.5, 0.0), all_in).status == "too-close"


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"used": 0, "strata_in": 0}, "C04", "fewer than two returns are in"),
        ({"used": 1, "strata_in": 1}, "C04", "fewer than two returns are in"),
        ({"used": 20, "strata_in": 1}, "C05", "returns come from one of 5 strata only"),
        ({"villages": 1}, "C14", "returns come from one village only, and villages were drawn first"),
    ],
)
@pytest.mark.parametrize("rule", ["plurality", "single-candidate", "majority-runoff"])
def test_too_little_is_insufficient(contest, two, all_in, rule, change, code, text):
    call = decide(contest(rule), two(0.9, 0.001), replace(all_in, **change))
    assert said(call) == ("insufficient", None, [code])
    assert call.reasons[0].text == text
    assert not call.withdrawn


def test_one_stratum_is_enough_where_there_is_one(contest, two, all_in):
    assert decide(contest(), two(0.6, 0.01), replace(all_in, strata_in=1, strata=1)).status == "called"


def test_without_an_estimate_it_is_insufficient(contest, all_in):
    assert said(decide(contest(), None, all_in)) == ("insufficient", None, ["C13"])


@pytest.mark.parametrize(
    ("first", "se", "text"),
    [
        (0.55, 0.01, "the lead of 10 points is beyond the bound for calls: 5 standard errors, 3.3 are needed"),
        (
            0.55,
            0.02,
            "the lead over Candidate 2 is beyond its 95 % interval but not beyond the stricter bound for calls: "
            "2.5 standard errors, 3.3 are needed",
        ),
        (0.51, 0.02, "the 95 % interval of the lead over Candidate 2 contains zero"),
    ],
)
def test_reasons_read_as_sentences(contest, two, all_in, first, se, text):
    assert decide(contest(), two(first, se), all_in).reasons[0].text == text


def test_the_lead_is_of_the_first_two(contest, several):
    made = contest(candidates=3)
    first, second = leader_and_runner_up(made, np.array([0.2, 0.5, 0.3]))
    assert (first.number, second.number) == (2, 3)
    lead = lead_of(made, several(0.2, 0.5, 0.3, se=0.01))
    assert lead.theta == pytest.approx([0.2])
    assert lead.variance == pytest.approx([3e-4])


def test_ties_go_to_the_first_on_the_ballot(contest):
    first, second = leader_and_runner_up(contest(candidates=3), np.array([0.4, 0.4, 0.2]))
    assert (first.number, second.number) == (1, 2)
