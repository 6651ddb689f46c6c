"""A call that was made stands, or is withdrawn aloud."""

from dataclasses import replace

import pytest

from estimation.decision import Call, decide

CALLED = Call("called", 1, ())


def codes(call):
    return [reason.code for reason in call.reasons]


def test_a_call_that_is_made_again_goes_on(contest, two, all_in):
    call = decide(contest(), two(0.55, 0.01), all_in, previous=CALLED)
    assert (call.status, call.winner, call.withdrawn, call.earlier, codes(call)) == ("called", 1, False, 1, ["C01"])


def test_a_call_stands_while_the_displayed_interval_does(contest, two, all_in):
    # 2.5 standard errors: not enough to call, enough to stand
    call = decide(contest(), two(0.55, 0.02), all_in, previous=CALLED)
    assert (call.status, call.winner, call.withdrawn, call.earlier) == ("called", 1, False, 1)
    assert codes(call) == ["C30", "C07"]
    assert call.reasons[0].text == (
        "Candidate 1 was called at an earlier take, and the call stands: it is beyond its 95 % interval, "
        "and the methods agree"
    )


@pytest.mark.parametrize(
    ("first", "se", "status", "winner"),
    [(0.51, 0.02, "too-close", 1), (0.45, 0.02, "leading", 2), (0.45, 0.01, "leading", 2)],
)
def test_a_call_that_is_not_supported_is_withdrawn(contest, two, all_in, first, se, status, winner):
    call = decide(contest(), two(first, se), all_in, previous=CALLED)
    assert (call.status, call.winner, call.withdrawn, call.earlier) == (status, winner, True, 1)
    assert call.reasons[0].text == "the call of Candidate 1 at an earlier take is withdrawn"


def test_methods_that_no_longer_agree_withdraw_a_call(contest, two, all_in):
    call = decide(contest(), two(0.55, 0.02), all_in, previous=CALLED, others={"raked": two(0.49, 0.02)})
    assert (call.status, call.withdrawn, codes(call)) == ("leading", True, ["C29", "C21", "C07"])


def test_returns_that_are_taken_back_withdraw_a_call(contest, all_in):
    call = decide(contest(), None, replace(all_in, used=1, strata_in=1), previous=CALLED)
    assert (call.status, call.winner, call.withdrawn, codes(call)) == ("insufficient", None, True, ["C29", "C04"])


def test_withdrawn_stays_said_until_somebody_is_called_again(contest, two, all_in):
    made, night = contest(), [two(0.55, 0.010), two(0.51, 0.02), two(0.54, 0.03), two(0.53, 0.005)]
    calls, last = [], None
    for estimate in night:
        last = decide(made, estimate, all_in, previous=last)
        calls.append((last.status, last.withdrawn, last.earlier))
    assert calls == [
        ("called", False, None),
        ("too-close", True, 1),
        ("too-close", True, 1),
        ("called", False, None),
    ]


def test_another_is_called_only_after_the_take_that_withdraws(contest, two, all_in):
    first = decide(contest(), two(0.45, 0.01), all_in, previous=CALLED)
    second = decide(contest(), two(0.45, 0.01), all_in, previous=first)
    assert (first.status, first.winner, first.withdrawn) == ("leading", 2, True)
    assert (second.status, second.winner, second.withdrawn) == ("called", 2, False)


def test_a_second_round_that_comes_into_sight_withdraws_a_call(contest, several, all_in):
    call = decide(contest("majority-runoff", 3), several(0.48, 0.3, 0.22, se=0.005), all_in, previous=CALLED)
    assert (call.status, call.withdrawn, codes(call)) == ("leading", True, ["C29", "C11", "C16"])


def test_without_an_earlier_call_nothing_is_withdrawn(contest, two, all_in):
    for status in ("leading", "too-close", "insufficient"):
        call = decide(contest(), two(0.51, 0.02), all_in, previous=Call(status, 1, ()))
        assert (call.withdrawn, call.earlier, codes(call)) == (False, None, ["C02"])
