"""The takes of a night, read again as they were written."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from estimation.contest import Contest, share_name
from estimation.errors import EstimateError
from estimation.survey import Estimate


@dataclass(frozen=True, slots=True)
class Written:
    """One take, as it was written.

    Attributes
    ----------
    name : str
        Its folder's.
    as_of : datetime or None
        Its moment, on the contest's clock.
    document : mapping
        Its ``projection.json``, which keeps to the schema and is of this contest.
    """

    name: str
    as_of: datetime | None
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """A take that can't be used, and why."""

    name: str
    why: str


class Said(NamedTuple):
    """One quantity of a take: estimate, standard error and interval; NaN where it said nothing."""

    estimate: float
    se: float
    low: float
    high: float


NOTHING = Said(math.nan, math.nan, math.nan, math.nan)


def read_takes(folder: Path, contest: Contest) -> tuple[tuple[Written, ...], tuple[Refused, ...]]:
    """Read every ``<moment>/projection.json`` of a folder, in the order of their moments, those without one last.

    A file that is no projection by its JSON Schema, or of another contest, is refused and listed.

    Parameters
    ----------
    folder : pathlib.Path
        ``out/takes``; one that is not there has no takes.
    """
    takes, refused = [], []
    for path in sorted(folder.glob("*/projection.json")):
        try:
            document = _read(path, contest)
        except EstimateError as error:
            refused.append(Refused(path.parent.name, str(error)))
            continue
        moment = document["as_of"]
        takes.append(
            Written(path.parent.name, contest.local(datetime.fromisoformat(moment)) if moment else None, document)
        )
    takes.sort(key=lambda take: (take.as_of is None, take.as_of.timestamp() if take.as_of else 0.0, take.name))
    return tuple(takes), tuple(refused)


def said(quantity: Mapping[str, Any]) -> Said:
    """Take a quantity of ``projection.json`` as numbers."""
    return Said(*(math.nan if quantity[key] is None else float(quantity[key]) for key in Said._fields))


def said_lead(document: Mapping[str, Any], first: int, second: int) -> Said:
    """Give the lead of one candidate over another at a take.

    Where the take had these two ahead, in this order or the other, it is its own interval; where it had others ahead,
    Student's interval from its shares and their covariance.

    Parameters
    ----------
    first, second : int
        The candidates' numbers.
    """
    lead = document["lead"]
    if (lead["leader"], lead["runner_up"]) == (first, second):
        return said(lead)
    if (lead["leader"], lead["runner_up"]) == (second, first):
        own = said(lead)
        return Said(-own.estimate, own.se, -own.high, -own.low)
    if document["covariance"] is None:
        return NOTHING
    shares = document["shares"]
    estimate = Estimate(
        tuple(share_name(share["number"]) for share in shares),
        np.array([share["estimate"] for share in shares], dtype=np.float64),
        np.array(document["covariance"], dtype=np.float64),
        np.array([share["df"] for share in shares], dtype=np.float64),
        np.tile([0.0, 1.0], (len(shares), 1)),
        kind="t",
    )
    contrast = estimate.contrast({share_name(first): 1.0, share_name(second): -1.0}, "lead")
    bounds = contrast.interval(document["level"])
    return Said(*(float(values[0]) for values in (contrast.theta, contrast.se, bounds.low, bounds.high)))


@cache
def _schema() -> dict[str, Any]:
    text = resources.files("estimation").joinpath("schemas/projection-1.schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@cache
def _keeps() -> Callable[[object], object]:
    import fastjsonschema

    return fastjsonschema.compile(_schema())


def _broken(raw: object) -> str:
    """Say where a document breaks the schema; blank where it keeps to it.

    The one library tells in milliseconds whether it does, the other, which takes seconds to load, where it does not.
    """
    import fastjsonschema

    try:
        _keeps()(raw)
    except fastjsonschema.JsonSchemaException:
        import jsonschema

        errors = jsonschema.Draft202012Validator(_schema()).iter_errors(raw)
        first = min(errors, key=lambda error: list(map(str, error.absolute_path)), default=None)
        if first is not None:
            return f"{'/'.join(map(str, first.absolute_path)) or 'the whole'}: {first.message[:200]}"
    return ""


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
    broken = _broken(raw)
    if broken:
        raise EstimateError(f"it breaks the schema projection/1 at {broken}")
    numbers = [share["number"] for share in raw["shares"]]
    if numbers != [candidate.number for candidate in contest.candidates]:
        raise EstimateError(f"it has the candidates {', '.join(map(str, numbers))}, which are not the contest's")
    return dict(raw)
