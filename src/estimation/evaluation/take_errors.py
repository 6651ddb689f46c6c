"""Every take of the night against the official result, as it was written then."""

from dataclasses import dataclass
from datetime import datetime

from estimation.contest import INVALID, LEAD, TURNOUT, share_name
from estimation.evaluation.errors_vs_official import ErrorVsOfficial
from estimation.evaluation.official import Official
from estimation.projection import Take
from estimation.projection.record import values_of


@dataclass(frozen=True, slots=True)
class ComparedTake:
    """One take, and its official values.

    Attributes
    ----------
    name : str
        Its folder's.
    as_of : datetime or None
        Its moment, on the contest's clock.
    drawn, used : int
    estimator : str
    level : float
        Of its intervals.
    status : str
        Of its call.
    winner : int or None
        The candidate who was called or led.
    withdrawn : bool
    right : bool or None
        Whether a call named the official winner; None where nobody was called.
    leader_right : bool or None
        Whether it had the official first ahead; None where nothing was projected.
    quantities : tuple of ErrorVsOfficial
    """

    name: str
    as_of: datetime | None
    drawn: int
    used: int
    estimator: str
    level: float
    status: str
    winner: int | None
    withdrawn: bool
    right: bool | None
    leader_right: bool | None
    quantities: tuple[ErrorVsOfficial, ...]

    def quantity(self, name: str) -> ErrorVsOfficial:
        """Find one of its quantities."""
        return next(one for one in self.quantities if one.name == name)


def call_right(status: str, winner: int | None, official: Official) -> bool | None:
    """Say whether a call named the official winner; None where nobody was called."""
    if status != "called":
        return None
    return official.winner is not None and winner == official.winner.number


def compare_take(take: Take, official: Official) -> ComparedTake:
    """Hold a take against the official result."""
    p = take.projection
    truth = dict(zip(official.names, official.truth.tolist(), strict=True))
    first, second = (candidate.number for candidate in official.pair)
    values = {share_name(share.number): values_of(share) for share in p.shares}
    values |= {LEAD: p.lead_of(first, second), TURNOUT: values_of(p.turnout), INVALID: values_of(p.invalid)}
    return ComparedTake(
        name=take.name,
        as_of=None if take.as_of is None else official.contest.local(take.as_of),
        drawn=p.sample.drawn,
        used=p.sample.used,
        estimator=p.estimator,
        level=p.level,
        status=p.call.status,
        winner=p.call.winner,
        withdrawn=p.call.withdrawn,
        right=call_right(p.call.status, p.call.winner, official),
        leader_right=None if p.lead.leader is None else p.lead.leader == first,
        quantities=tuple(ErrorVsOfficial(name, *numbers, truth[name]) for name, numbers in values.items()),
    )
