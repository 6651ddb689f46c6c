"""Every take of the night against the official result, as it was written then."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from estimation.contest import INVALID, LEAD, TURNOUT, Contest, share_name
from estimation.evaluation.errors_vs_official import ErrorVsOfficial
from estimation.evaluation.official import Official
from estimation.projection import takes
from estimation.projection.takes import Refused, Written

__all__ = ["Refused", "Take", "call_right", "read_takes"]


@dataclass(frozen=True, slots=True)
class Take:
    """One take.

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


def read_takes(folder: Path, contest: Contest, official: Official) -> tuple[tuple[Take, ...], tuple[Refused, ...]]:
    """Read and judge every take of a folder: see :func:`estimation.projection.takes.read_takes`."""
    written, refused = takes.read_takes(folder, contest)
    return tuple(_judge(take, official) for take in written), refused


def call_right(status: str, winner: int | None, official: Official) -> bool | None:
    """Say whether a call named the official winner; None where nobody was called."""
    if status != "called":
        return None
    return official.winner is not None and winner == official.winner.number


def _judge(take: Written, official: Official) -> Take:
    raw = take.document
    truth = dict(zip(official.names, official.truth.tolist(), strict=True))
    shares = [_judged(share_name(share["number"]), takes.said(share), truth) for share in raw["shares"]]
    first, second = (candidate.number for candidate in official.pair)
    lead = _judged(LEAD, takes.said_lead(raw, first, second), truth)
    rest = [_judged(key, takes.said(raw[key]), truth) for key in (TURNOUT, INVALID)]
    call, leader = raw["call"], raw["lead"]["leader"]
    return Take(
        name=take.name,
        as_of=take.as_of,
        drawn=raw["sample"]["drawn"],
        used=raw["sample"]["used"],
        estimator=raw["estimator"],
        level=raw["level"],
        status=call["status"],
        winner=call["winner"],
        withdrawn=call["withdrawn"],
        right=call_right(call["status"], call["winner"], official),
        leader_right=None if leader is None else leader == first,
        quantities=(*shares, lead, *rest),
    )


def _judged(name: str, said: takes.Said, truth: dict[str, float]) -> ErrorVsOfficial:
    return ErrorVsOfficial(name, *said, truth[name])
