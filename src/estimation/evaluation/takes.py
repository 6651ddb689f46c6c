"""Every take of the night against the official result, as it was written then."""

import json
import math
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from estimation.contest import Contest
from estimation.errors import EstimateError
from estimation.estimators.quantities import INVALID, TURNOUT, share_name
from estimation.evaluation.judged import Judged, judge
from estimation.evaluation.official import LEAD, Official
from estimation.survey import Estimate


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
    quantities : tuple of Judged
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
    quantities: tuple[Judged, ...]

    def quantity(self, name: str) -> Judged:
        """Find one of its quantities."""
        return next(one for one in self.quantities if one.name == name)


@dataclass(frozen=True, slots=True)
class Refused:
    """A take that is not evaluated, and why."""

    name: str
    why: str


def read_takes(folder: Path, contest: Contest, official: Official) -> tuple[tuple[Take, ...], tuple[Refused, ...]]:
    """Read and judge every ``<moment>/projection.json`` of a folder, in the order of their moments.

    A file that is no projection by its JSON Schema, or of another contest, is refused and listed.

    Parameters
    ----------
    folder : pathlib.Path
        ``out/takes``; one that is not there has no takes.
    """
    takes, refused = [], []
    for path in sorted(folder.glob("*/projection.json")):
        try:
            takes.append(_judge(path.parent.name, _read(path, contest), official))
        except EstimateError as error:
            refused.append(Refused(path.parent.name, str(error)))
    last = datetime.max
    takes.sort(key=lambda take: (take.as_of is None, (take.as_of or last).timestamp() if take.as_of else 0, take.name))
    return tuple(takes), tuple(refused)


def call_right(status: str, winner: int | None, official: Official) -> bool | None:
    """Say whether a call named the official winner; None where nobody was called."""
    if status != "called":
        return None
    return official.winner is not None and winner == official.winner.number


@cache
def _schema() -> Any:
    import jsonschema

    text = resources.files("estimation").joinpath("schemas/projection-1.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def _read(path: Path, contest: Contest) -> dict[str, Any]:
    """Read a take.

    Raises
    ------
    EstimateError
        It can't be read, breaks the schema, is of another contest or has other candidates.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EstimateError(f"it can't be read: {error}") from error
    if isinstance(raw, dict) and raw.get("contest", contest.about.id) != contest.about.id:
        raise EstimateError(f"it is a take of '{raw['contest']}', not of '{contest.about.id}'")
    broken = min(_schema().iter_errors(raw), key=lambda error: list(map(str, error.absolute_path)), default=None)
    if broken is not None:
        where = "/".join(map(str, broken.absolute_path)) or "the whole"
        raise EstimateError(f"it breaks the schema projection/1 at {where}: {broken.message[:200]}")
    numbers = [share["number"] for share in raw["shares"]]
    if numbers != [candidate.number for candidate in contest.candidates]:
        raise EstimateError(f"it has the candidates {', '.join(map(str, numbers))}, which are not the contest's")
    return dict(raw)


def _judge(name: str, raw: dict[str, Any], official: Official) -> Take:
    truth = dict(zip(official.names, official.truth.tolist(), strict=True))
    shares = [_judged(share_name(share["number"]), share, truth) for share in raw["shares"]]
    rest = [_judged(key, raw[key], truth) for key in (TURNOUT, INVALID)]
    call, leader = raw["call"], raw["lead"]["leader"]
    moment = datetime.fromisoformat(raw["as_of"]) if raw["as_of"] else None
    return Take(
        name=name,
        as_of=official.contest.local(moment) if moment else None,
        drawn=raw["sample"]["drawn"],
        used=raw["sample"]["used"],
        estimator=raw["estimator"],
        level=raw["level"],
        status=call["status"],
        winner=call["winner"],
        withdrawn=call["withdrawn"],
        right=call_right(call["status"], call["winner"], official),
        leader_right=None if leader is None else leader == official.pair[0].number,
        quantities=(*shares, _lead(raw, official, truth[LEAD]), *rest),
    )


def _judged(name: str, said: dict[str, Any], truth: dict[str, float]) -> Judged:
    keys = ("estimate", "se", "low", "high")
    theta, se, low, high = (math.nan if said[key] is None else float(said[key]) for key in keys)
    return Judged(name, theta, se, low, high, truth[name])


def _lead(raw: dict[str, Any], official: Official, truth: float) -> Judged:
    """Judge the lead of the official first over the official second.

    Where the take had these two ahead, in this order or the other, its own interval is judged; where it had
    others ahead, Student's interval from its shares and their covariance.
    """
    first, second = (candidate.number for candidate in official.pair)
    lead = raw["lead"]
    if (lead["leader"], lead["runner_up"]) == (first, second):
        return _judged(LEAD, lead, {LEAD: truth})
    if (lead["leader"], lead["runner_up"]) == (second, first):
        turned = {key: None if lead[key] is None else -lead[key] for key in ("estimate", "low", "high")}
        return _judged(
            LEAD,
            {"estimate": turned["estimate"], "se": lead["se"], "low": turned["high"], "high": turned["low"]},
            {LEAD: truth},
        )
    if raw["covariance"] is None:
        return judge(None, LEAD, raw["level"], truth)
    shares = raw["shares"]
    estimate = Estimate(
        tuple(share_name(share["number"]) for share in shares),
        np.array([share["estimate"] for share in shares], dtype=np.float64),
        np.array(raw["covariance"], dtype=np.float64),
        np.array([share["df"] for share in shares], dtype=np.float64),
        np.tile([0.0, 1.0], (len(shares), 1)),
        kind="t",
    )
    contrast = estimate.contrast({share_name(first): 1.0, share_name(second): -1.0}, LEAD)
    return judge(contrast, LEAD, raw["level"], truth)
