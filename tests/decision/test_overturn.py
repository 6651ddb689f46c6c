"""What the stations still out would have to do, on four stations that a reader can add up.

Stations 1 and 2 lie in A, 3 and 4 in B; each has 100 voters and stands for two. Station 4 is out. In are 50 : 20,
40 : 30 and 30 : 40 votes, so that the lead is 2 × 30 = 60 and 2 × 210 votes of 600 voters were cast; of the 200 voters
out 140 votes are to be expected.
"""

from dataclasses import replace

import numpy as np
import pytest

from estimation.decision import Overturn, decide, needed_drift, overturn
from estimation.returns import Counts
from estimation.sampling import sample_of
from estimation.sampling.strata import Strata

VOTES = np.array([[50.0, 20], [40, 30], [30, 40], [0, 0]])
SEEN = np.array([True, True, True, False])


def counts(votes=VOTES, seen=SEEN, roll=100.0):
    votes = np.where(seen[:, None], votes, 0.0)
    blank = np.full(len(seen), np.nan)
    return Counts(votes, blank, blank, np.broadcast_to(roll, seen.shape).astype(float), seen, np.zeros_like(seen))


def sample(each=2):
    """Draw four of 4 × `each` stations."""
    codes = np.repeat([0, 0, 1, 1], each)
    strata = Strata("district", codes, ("JAWA / A", "JAWA / B"), np.array([2.0, 2.0]) * each, ())
    return sample_of(np.arange(4) * each, np.full(4, 1 / each), strata, "stratified" if each > 1 else "all")


def texts(contest, found):
    return [notice.text for notice in found.notices(contest)]


def test_the_split_by_hand(contest, two):
    made = contest()
    found = overturn(made, two(120 / 210, 0.02), counts(), sample())
    assert (found.out, found.leader, found.rival, found.lead) == (1, 1, 2, 60)
    assert found.remaining == pytest.approx(140)
    assert found.needed == pytest.approx(0.5 + 60 / 280)  # 100 : 40 in the one station that is out
    assert found.now == pytest.approx(90 / 210)
    assert (found.extreme, found.where) == (pytest.approx(40 / 70), "B")
    # 80 votes are projected for the lead, 0.4 for each voter out; margins a voter are 0.3, 0.1 (A), -0.1 (B), so that
    # their variance within strata is 2 × 200 × 0.01 / 600 × 3 / 1
    assert found.drift == pytest.approx(0.4 / np.sqrt(0.02))
    assert not found.decided
    assert texts(made, found) == [
        "the stations still out (1) would have to split 71.4 : 28.6 for Candidate 2 to draw level with Candidate 1; "
        "those in split 42.9 : 57.1"
    ]


def test_a_single_candidate_would_have_to_fall(contest, two):
    made = contest("single-candidate")
    found = overturn(made, two(120 / 210, 0.02), counts(), sample())
    assert (found.rival, found.lead) == (None, 30)
    assert found.needed == pytest.approx(0.5 - 30 / 140)
    assert found.now == pytest.approx(120 / 210)
    assert (found.extreme, found.where) == (pytest.approx(30 / 70), "B")
    assert found.drift == pytest.approx(0.4 / np.sqrt(0.02))  # half the margin, half the spread
    assert texts(made, found) == [
        "Candidate 1 would have to fall to 28.6 % in the stations still out (1) to end at 50 %; in those in it is "
        "57.1 %"
    ]


def test_who_is_below_a_threshold_would_have_to_rise(contest, two):
    made = contest("majority-runoff", threshold=0.6)
    found = overturn(made, two(120 / 210, 0.02), counts(), sample())
    assert found.lead == pytest.approx(2 * (120 - 126))
    assert found.needed == pytest.approx(0.6 + 12 / 140)
    assert texts(made, found)[0] == (
        "Candidate 1 would need 68.6 % in the stations still out (1) to reach 60 %; in those in it is 57.1 %"
    )


def test_a_stratum_that_shows_the_split_is_named(contest, two):
    votes = np.array([[60.0, 10], [38, 32], [10, 60], [0, 0]])  # lead 2 × 6; B has 60 of 70 for the other
    made = contest()
    found = overturn(made, two(108 / 210, 0.02), counts(votes), sample())
    assert found.needed == pytest.approx(0.5 + 12 / 280)
    assert texts(made, found)[1] == (
        "B splits 85.7 : 14.3 for Candidate 2: all stations still out would have to vote like that or more so"
    )


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            "plurality",
            "the votes to be expected from the stations still out (1) can't overturn the lead of Candidate 1 among "
            "the stations asked, even if all went to Candidate 2",
        ),
        (
            "single-candidate",
            "the votes to be expected from the stations still out (1) can't carry Candidate 1 across 50 % among "
            "the stations asked, however they split",
        ),
    ],
)
def test_a_lead_beyond_all_votes_to_come(contest, two, rule, text):
    made, votes = contest(rule), np.array([[60.0, 10], [50, 20], [50, 20], [0, 0]])
    found = overturn(made, two(160 / 210, 0.02), counts(votes), sample())
    assert found.lead / found.remaining > (1 if rule == "plurality" else 0.5)
    assert texts(made, found) == [text]
    assert not found.decided  # stations that were not drawn are out as well


def test_of_several_the_one_who_is_nearest(contest, several):
    votes = np.array([[40.0, 10, 20], [40, 15, 15], [40, 20, 10], [0, 0, 0]])
    found = overturn(contest(candidates=3), several(0.5, 0.25, 0.25, se=0.01), counts(votes), sample())
    # leads and spreads are alike: the first of them
    assert found.rival == 2
    votes[2] = [40, 10, 20]
    found = overturn(contest(candidates=3), several(0.52, 0.18, 0.30, se=0.01), counts(votes), sample())
    assert found.rival == 3


def test_nothing_out_has_nothing_to_say(contest, two):
    full = counts(np.where(VOTES > 0, VOTES, 35), np.full(4, True))
    found = overturn(contest(), two(155 / 280, 0.02), full, sample())
    assert (found.out, found.drift, found.fragile) == (0, np.inf, False)
    assert found.notices(contest()) == ()


@pytest.mark.parametrize(
    ("roll", "first", "decided"),
    [
        # in are 110 : 0, 60 : 60, 60 : 60 or so; station 4 has at most 100 voters and the allowance of 10 %
        (100.0, 111.0, True),
        (100.0, 110.0, False),
        (np.nan, 111.0, False),  # 600 voters, as many as a station may have
        (np.nan, 661.0, True),
    ],
)
@pytest.mark.parametrize("rule", ["plurality", "single-candidate"])
def test_a_count_decides_once_no_voter_can_change_it(contest, two, all_in, rule, roll, first, decided):
    votes = np.array([[first, 0.0], [60, 60], [60, 60], [0, 0]])
    made, rolls = contest(rule), np.array([200.0, 200, 200, roll])
    found = overturn(made, two(0.7, 0.05), counts(votes, roll=rolls), sample(1))
    assert found.decided is decided
    # little is in, and the interval is wide: only the count decides
    call = decide(made, two(0.7, 0.2), replace(all_in, used=3, drawn=4, stations=4, thin=1), overturn=found)
    assert call.status == ("called" if decided else "too-close")
    if decided:
        assert call.reasons[0].text == "even all voters of the stations still out could not change the winner"


def test_a_complete_count_decides(contest, two, all_in):
    full = counts(np.where(VOTES > 0, VOTES, 35), np.full(4, True))
    found = overturn(contest(), two(155 / 280, 0.0), full, sample(1))
    assert found.decided
    call = decide(contest(), two(155 / 280, 0.0), replace(all_in, used=4, drawn=4, stations=4), overturn=found)
    assert (call.status, call.reasons[0].text) == ("called", "every station is in, and the votes have been counted")
    tied = counts(np.full((4, 2), 35.0), np.full(4, True))
    assert not overturn(contest(), two(0.5, 0.0), tied, sample(1)).decided


def test_a_lead_that_late_returns_could_overturn_is_not_called(contest, two, all_in):
    # margins of ± 0.5 and more a voter beside a lead of 2 %: 0.011 for each voter, 4/1 of it for those out
    votes = np.array([[70.0, 10], [12, 68], [41, 39], [0, 0]])
    made = contest()
    found = overturn(made, two(0.5125, 0.001), counts(votes), sample())
    assert found.drift < 0.25
    call = decide(made, two(0.5125, 0.001), all_in, overturn=found)
    assert call.status == "leading"
    assert call.reasons[0].text == (
        f"the stations still out would only have to differ from those in by {100 * found.drift:.0f} % of a standard "
        "deviation between stations; a call must bear 25 %"
    )
    free = overturn(made, two(0.5125, 0.001), counts(votes), sample(), limit=0.0)
    assert decide(made, two(0.5125, 0.001), all_in, overturn=free).status == "called"


@pytest.mark.parametrize("rule", ["plurality", "majority-runoff"])
def test_the_drift_of_many_nights_is_that_of_each(contest, several, rule):
    made, rng = contest(rule, 3), np.random.default_rng(3)
    shares = np.array([[0.5, 0.3, 0.2], [0.2, 0.45, 0.35], [0.3, 0.3, 0.4]])
    seen = np.array([[1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 1, 0]], dtype=bool)
    votes = rng.integers(5, 40, size=(3, 4, 3)).astype(float) * seen[..., None]
    nights = [several(*row, se=0.01) for row in shares]
    together = replace(nights[0], theta=shares, cov=np.stack([one.cov for one in nights]), df=np.full(3, 1e9))
    drawn, roll = sample(), np.array([100.0, 120, 90, 110])
    weight, cell = 1 / drawn.probability, drawn.cells.codes[drawn.rows]
    drifts = needed_drift(made, together, votes, weight=weight, roll=roll, seen=seen, cell=cell)
    for i, night in enumerate(nights):
        one = overturn(made, night, counts(votes[i], seen[i], roll), drawn)
        assert drifts[i] == pytest.approx(one.drift, rel=1e-12)
    assert np.isinf(drifts[1])
    assert np.isfinite(drifts[[0, 2]]).all()


def test_an_unknown_roll_is_the_mean_of_the_known(contest, two):
    found = overturn(contest(), two(120 / 210, 0.02), counts(roll=np.array([100.0, 100, 100, np.nan])), sample())
    assert found.remaining == pytest.approx(140)


def test_fragile_is_below_the_limit():
    found = Overturn(1, 1, 2, 60, 140, 0.71, 0.43, 0.57, "B", 0.2, 0.25, False)
    assert found.fragile
    assert not replace(found, decided=True).fragile
    assert not replace(found, drift=0.25).fragile


def test_one_station_in_gives_nothing_to_measure_by(contest, two):
    found = overturn(contest(), two(50 / 70, 0.02), counts(seen=np.array([True, False, False, False])), sample())
    assert (found.drift, found.fragile) == (np.inf, False)
