"""The verdict of an earlier take, so that a call never disappears silently."""

import json
from pathlib import Path
from typing import get_args

from estimation.contest import Contest
from estimation.decision import Call, Status
from estimation.errors import EstimateError

SCHEMA = "projection/1"


def previous_call(path: Path, contest: Contest) -> Call:
    """Read the verdict of an earlier take from its ``projection.json``.

    Raises
    ------
    EstimateError
        The file is not there, is no projection of this contest, or its call can't be read.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        found = raw["call"]
        status, winner, withdrawn, earlier = found["status"], found["winner"], found["withdrawn"], found["earlier"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EstimateError(
            f"{path}: this is no projection ({error}): name the projection.json of an earlier take"
        ) from error
    if (raw.get("schema"), raw.get("contest")) != (SCHEMA, contest.about.id):
        raise EstimateError(
            f"{path}: this is a take of '{raw.get('contest')}', not of '{contest.about.id}': name one of this contest"
        )
    numbers = [None, *(candidate.number for candidate in contest.candidates)]
    named = winner in numbers and earlier in numbers and (winner is not None or status != "called")
    if status not in get_args(Status) or not isinstance(withdrawn, bool) or not named or (withdrawn and not earlier):
        raise EstimateError(f"{path}: its call can't be read: it was not written by this program, or changed since")
    return Call(status, winner, (), withdrawn, earlier)
