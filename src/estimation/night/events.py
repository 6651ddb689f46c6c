"""What a watch has to say: to a person in lines, to a program as values."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from estimation.contest import Contest
from estimation.projection import Projection, Take
from estimation.projection.record import values_of
from estimation.returns.ledger import Ingest
from estimation.rules import Place

Kind = Literal["start", "take", "quiet", "page", "alarm", "trouble", "mended", "end"]
LISTED = 5  # returns newly kept out; findings.csv of the take has all


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to say.

    Attributes
    ----------
    kind : str
    at : datetime
        When.
    lines : tuple of str
        For a person; the first is the headline.
    values : mapping
        For a program.
    """

    kind: Kind
    at: datetime
    lines: tuple[str, ...]
    values: Mapping[str, object] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """Give it as a line of ``watch --json`` has it."""
        return {"event": self.kind, "at": self.at.isoformat(), "text": self.lines[0], **self.values}


class Teller(Protocol):
    """Whoever says events, and what is waited for."""

    def __call__(self, event: Event) -> None:
        """Say an event."""

    def idle(self, text: str) -> None:
        """Say what is waited for, until the next event."""


def took(
    contest: Contest,
    at: datetime,
    before: Take | None,
    take: Take,
    projection: Projection,
    brought: Ingest,
    seconds: Mapping[str, float],
) -> list[Event]:
    """Say what a take changed; a withdrawn call, a new call and another leader each are an event of their own."""
    kept_out = _newly_kept_out(before, projection)
    new = brought.entered.kinds.get("received", 0)
    when = f"as of {contest.local(take.as_of):%H:%M:%S %Z}" if take.as_of else "no times of receipt"
    n_before, out_before = (before.used, before.kept_out) if before else (0, 0)
    headline = (
        f"take {take.number}, {when}: {take.used} of {take.projection.sample.drawn} stations used"
        f"{_change(take.used - n_before)}, {take.kept_out} kept out{_change(take.kept_out - out_before)}"
    )
    lines = [headline, f"  {_standing(contest, before, take)}"]
    lines += [f"  kept out: {place.sentence()}" for place in kept_out[:LISTED]]
    if len(kept_out) > LISTED:
        lines.append(f"  and {len(kept_out) - LISTED} more: {take.path.with_name('findings.csv')}")
    lines += [f"  {name}: still being written, or gone: the next round takes it" for name in brought.waiting]
    values = {
        "take": take.name,
        "number": take.number,
        "as_of": take.projection.as_of,
        "sample": take.projection.sample.document(),
        "new_returns": new,
        "newly_kept_out": len(kept_out),
        "lead": take.projection.lead.document(),
        "lead_before": before.projection.lead.estimate if before else None,
        "call": take.projection.call.model_dump(exclude={"reasons"}),
        "path": str(take.path),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }
    return [Event("take", at, tuple(lines), values), *_alarms(contest, at, before, take)]


def _change(difference: int) -> str:
    return f" ({difference:+d})" if difference else ""


def _name(contest: Contest, number: object) -> str:
    return next((c.label for c in contest.candidates if c.number == number), f"candidate {number}")


def _standing(contest: Contest, before: Take | None, take: Take) -> str:
    """Say the lead now and before, and the verdict."""
    lead, status = take.projection.lead, take.call.status
    if lead.estimate is None:
        return "nothing can be projected yet: " + "; ".join(take.projection.call.reasons[:1])
    now, _, low, high = (100 * value for value in values_of(lead))
    said = f"{_name(contest, lead.leader)} leads {_name(contest, lead.runner_up)} by {now:.2f} points"
    said += f" ({low:.2f} to {high:.2f})"
    earlier = before.projection.lead if before else None
    if earlier is not None and earlier.estimate is not None:
        who = "" if earlier.leader == lead.leader else f"{_name(contest, earlier.leader)} by "
        said += f"; before {who}{100 * earlier.estimate:.2f}"
    verdict = f"called for {_name(contest, take.call.winner)}" if status == "called" else status
    changed = before is not None and before.call.status != status
    return f"{said}; {before.call.status} → {verdict}" if before and changed else f"{said}; {verdict}"


def _alarms(contest: Contest, at: datetime, before: Take | None, take: Take) -> list[Event]:
    """Say what nobody may miss."""
    call, found = take.call, []
    held = before is not None and before.call.withdrawn and before.call.earlier == call.earlier
    if call.withdrawn and not held:
        why = "; ".join(take.projection.call.reasons[1:3])
        line = f"ALARM: the call for {_name(contest, call.earlier)} is withdrawn" + (f": {why}" if why else "")
        found.append(Event("alarm", at, (line,), {"alarm": "withdrawn", "candidate": call.earlier, "take": take.name}))
    if call.status == "called" and (before is None or before.call.status != "called"):
        line = f"CALLED: {_name(contest, call.winner)}"
        found.append(Event("alarm", at, (line,), {"alarm": "called", "candidate": call.winner, "take": take.name}))
    was, now = (None if t is None else t.projection.lead.leader for t in (before, take))
    if was is not None and now is not None and was != now:
        line = f"ANOTHER LEADER: {_name(contest, now)}, before {_name(contest, was)}"
        found.append(Event("alarm", at, (line,), {"alarm": "leader", "candidate": now, "take": take.name}))
    return found


def _newly_kept_out(before: Take | None, projection: Projection) -> Sequence[Place]:
    """List the errors that the take before did not have yet."""
    known: set[tuple[str, str, str, str]] = set()
    if before is not None:
        path = before.path.with_name("findings.csv")
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as stream:
                known = {(row["code"], row["file"], row["line"], row["column"]) for row in csv.DictReader(stream)}
    places = projection.findings.errors.places()
    return [place for place in places if (place.code, place.file, str(place.line), place.column) not in known]
