"""Who may be called, and if nobody, why not yet."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from estimation.contest import Candidate, Contest
from estimation.rules import Notice
from estimation.survey import Estimate

Status = Literal["called", "leading", "too-close", "insufficient"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How much is in.

    Attributes
    ----------
    used : int
        Stations whose return is used.
    drawn : int
        Stations in the sample.
    strata_in, strata : int
        Strata of the design with a station in, and all that have one drawn.
    thin : int
        Strata with fewer than two stations in, of those with two drawn or more.
    villages : int or None
        Primary units with a station in; None where stations are drawn directly.
    """

    used: int
    drawn: int
    strata_in: int
    strata: int
    thin: int
    villages: int | None = None

    def why_insufficient(self) -> Notice | None:
        """Say why nothing can be projected; None where it can."""
        if self.used < 2:
            return Notice("C04")
        if self.strata_in == 1 and self.strata > 1:
            return Notice("C05", {"strata": self.strata})
        if self.villages is not None and self.villages < 2:
            return Notice("C14")
        return None


@dataclass(frozen=True, slots=True)
class Call:
    """The verdict at one moment.

    Attributes
    ----------
    status : str
        ``called``: the winner's lead (or share against the threshold) is beyond its one-sided
        bound at the contest's ``call_error`` and enough is in; ``leading``: beyond the displayed
        interval, but not called; ``too-close``: inside it; ``insufficient``: nothing to go by.
    winner : int or None
        The number of the candidate who is called or leads.
    reasons : tuple of Notice
    withdrawn : bool
        An earlier take had called somebody and this one does not.
    """

    status: Status
    winner: int | None
    reasons: tuple[Notice, ...]
    withdrawn: bool = False


def leader_and_runner_up(contest: Contest, shares: np.ndarray) -> tuple[Candidate, Candidate]:
    """Name the two with the largest of the shares (k or more values); ties go to the first on the ballot."""
    order = np.argsort(-shares[: len(contest.candidates)], kind="stable")
    return contest.candidates[int(order[0])], contest.candidates[int(order[1])]


def lead_of(contest: Contest, estimate: Estimate) -> Estimate:
    """Estimate the lead of the first over the second, from the covariance of their shares."""
    first, second = leader_and_runner_up(contest, estimate.theta)
    return estimate.contrast({f"share:{first.number}": 1.0, f"share:{second.number}": -1.0}, "lead")


def decide(contest: Contest, estimate: Estimate | None, progress: Progress) -> Call:
    """Apply the contest's rule.

    Plurality looks at the lead, a single candidate at his share against one half, a runoff rule
    at the leader's share against the threshold. Whoever is called must be beyond zero at the
    one-sided level 1 - ``call_error``, which is stricter than the displayed interval.

    Parameters
    ----------
    estimate : Estimate or None
        With ``share:<number>`` for every candidate, in their order; None where nothing can be
        estimated.
    progress : Progress
    """
    why = progress.why_insufficient()
    if why is not None or estimate is None:
        return Call("insufficient", None, (why or Notice("C13"),))
    rule, threshold = contest.about.rule, contest.about.threshold
    leader, _ = leader_and_runner_up(contest, estimate.theta)
    if rule == "plurality":
        return _judge(contest, lead_of(contest, estimate), progress, leader, ("C01", "C07", "C02"), {})
    distance = estimate.contrast({f"share:{leader.number}": 1.0}, "distance", constant=-threshold)
    said: dict[str, str | int | float] = {"name": leader.label, "threshold": 100 * threshold}
    if rule == "single-candidate":
        return _judge(contest, distance, progress, leader, ("C08", "C12", "C09"), said)
    if float(distance.interval(contest.about.level).high[0]) < 0:
        return Call("leading", leader.number, (Notice("C11", said),))
    return _judge(contest, distance, progress, leader, ("C10", "C12", "C09"), said)


def _judge(
    contest: Contest,
    distance: Estimate,
    progress: Progress,
    leader: Candidate,
    codes: tuple[str, str, str],
    said: dict[str, str | int | float],
) -> Call:
    """Compare a distance from the decision line with its two bounds; codes: beyond, between, inside."""
    level, error = contest.about.level, contest.estimate.call_error
    beyond, between, inside = codes
    shown = {**said, "lead": 100 * float(distance.theta[0]), "level": 100 * level}
    if not float(distance.interval(level).low[0]) > 0:
        return Call("too-close", leader.number, (Notice(inside, shown),))
    if not float(distance.interval(1 - 2 * error).low[0]) > 0:
        return Call("leading", leader.number, (Notice(between, shown),))
    reasons = [Notice(beyond, {**shown, "level": 100 * (1 - error)})]
    needed = int(np.ceil(contest.estimate.min_received * progress.drawn))
    if progress.used < needed:
        values = {"received": progress.used, "drawn": progress.drawn, "needed": needed}
        reasons.insert(0, Notice("C03", values))
    if progress.thin:
        reasons.insert(0, Notice("C06"))
    return Call("called" if len(reasons) == 1 else "leading", leader.number, tuple(reasons))
