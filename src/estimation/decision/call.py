"""The verdict at one moment: a status, a winner, and the reasons in words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from estimation.contest import Contest
from estimation.decision.compare import Interval
from estimation.decision.judge import Judgement, judge
from estimation.decision.overturn import Overturn
from estimation.decision.progress import Progress
from estimation.decision.reasons import comparison, line, list_objections, list_shortfalls, pair
from estimation.rules import Notice
from estimation.survey import Estimate

Status = Literal["called", "leading", "too-close", "insufficient"]


@dataclass(frozen=True, slots=True)
class Call:
    """The verdict at one moment.

    Attributes
    ----------
    status : str
        ``called``: the winner's lead (or share against the threshold) is beyond the bound that the
        night's ``call_error`` leaves, and all else that a call needs is there; ``leading``: beyond
        the displayed interval, but not called; ``too-close``: inside it; ``insufficient``: nothing
        to go by.
    winner : int or None
        The number of the candidate who is called or leads.
    reasons : tuple of Notice
        What stands against a call first, then what speaks for the status.
    withdrawn : bool
        An earlier take had called somebody, and that call no longer stands.
    earlier : int or None
        The number of the candidate whom an earlier take had called, where that call stands or is
        withdrawn; None without one.
    """

    status: Status
    winner: int | None
    reasons: tuple[Notice, ...]
    withdrawn: bool = False
    earlier: int | None = None


def decide(
    contest: Contest,
    estimate: Estimate | None,
    progress: Progress,
    *,
    others: Mapping[str, Estimate] | None = None,
    overturn: Overturn | None = None,
    previous: Call | None = None,
    interval: Interval = Estimate.interval,
) -> Call:
    """Apply the contest's rule.

    Plurality looks at the lead over each other candidate, a single candidate (or the empty column)
    at his share against one half, a runoff rule at the leader's share against the threshold. Whoever
    is called must be beyond a bound that keeps the wrong calls of a whole night, however often one
    looks, under ``call_error``; enough of the sample and of each stratum must be in, the other
    methods must agree, and late stations must not be able to overturn it by drifting as they have
    elsewhere. That a second round is to be expected is said under the same conditions.

    A call stands at later takes as long as its winner is ahead beyond the displayed interval and
    the methods agree; else it is withdrawn, which stays said until somebody is called again. The
    take that withdraws a call calls nobody.

    Parameters
    ----------
    estimate : Estimate or None
        With ``share:<number>`` for every candidate, in their order; None where nothing can be
        estimated.
    progress : Progress
    others : mapping of str to Estimate, optional
        Other methods' estimates, by name.
    overturn : Overturn, optional
        What the stations still out could do.
    previous : Call, optional
        The verdict of the take before.
    interval : callable
        The displayed interval: an Estimate and a level give bounds.
    """
    why = progress.why_insufficient()
    if why is not None or estimate is None:
        return _remember(contest, Call("insufficient", None, (why or Notice("C13"),)), previous, stands=False)
    others = others or {}
    judgement = judge(
        contest,
        estimate,
        used=progress.used,
        drawn=progress.drawn,
        thin=progress.thin_part if progress.thin else 0.0,
        fraction=progress.information,
        whole=progress.whole,
        others=others,
        drift_ok=overturn is None or not overturn.fragile,
        decided=overturn is not None and overturn.decided,
        interval=interval,
    )
    objections = list_objections(contest, judgement, others, interval)
    shortfalls = list_shortfalls(contest, judgement, progress, overturn)
    winner = contest.candidates[int(judgement.comparisons.leader)].number
    status, reasons = _verdict(contest, estimate, judgement, progress, objections, shortfalls)
    now = Call(status, winner, tuple(reasons))
    return _remember(contest, now, previous, stands=bool(judgement.comparisons.shown.all() and judgement.agree))


def _verdict(
    contest: Contest,
    estimate: Estimate,
    judgement: Judgement,
    progress: Progress,
    objections: list[Notice],
    shortfalls: list[Notice],
) -> tuple[Status, list[Notice]]:
    """Give the status and its reasons; `objections` are those of other methods, `shortfalls` what else a call lacks."""
    comparisons = judgement.comparisons
    notices = [comparison(contest, judgement, i) for i in range(comparisons.rival.shape[-1])]
    if judgement.decided:
        return "called", [Notice("C28" if progress.used == progress.drawn else "C18")]
    if judgement.called:
        return "called", notices[:1]
    if comparisons.shown_below:
        ahead = pair(contest, estimate, judgement, progress)
        if judgement.second_round:
            return "leading", [Notice("C11", line(contest)), *ahead]
        return "leading", [*objections, *shortfalls, Notice("C15", line(contest)), *ahead]
    close = [reason for reason, shown in zip(notices, comparisons.shown, strict=True) if not shown]
    if close:
        return "too-close", [*objections, *close]
    within = [reason for reason, beyond in zip(notices, judgement.beyond, strict=True) if not beyond]
    return "leading", [*objections, *shortfalls, *(within or notices[:1])]


def _remember(contest: Contest, now: Call, previous: Call | None, *, stands: bool) -> Call:
    """Keep an earlier call, or say that it is withdrawn."""
    if previous is None or (previous.earlier is None and previous.status != "called"):
        return now
    if previous.status == "called":
        earlier = previous.winner
        if now.winner == earlier and now.status == "called":
            return replace(now, earlier=earlier)
        if now.winner == earlier and stands:
            kept = Notice("C30", {"name": _name(contest, earlier), "level": 100 * contest.about.level})
            return Call("called", earlier, (kept, *now.reasons), earlier=earlier)
    else:
        earlier = previous.earlier
        if now.status == "called":
            return now
    gone = Notice("C29", {"name": _name(contest, earlier)})
    # the take that withdraws a call calls nobody, not even another: that is for the next one
    status: Status = "leading" if now.status == "called" else now.status
    return Call(status, now.winner, (gone, *now.reasons), withdrawn=True, earlier=earlier)


def _name(contest: Contest, number: int | None) -> str:
    return next(candidate.label for candidate in contest.candidates if candidate.number == number)
