"""One round of a watch: read the inbox, and where that changed anything, project and write a take."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from estimation.contest import Contest, ProjectionRequest, load_contest
from estimation.night.events import Event, Kind, took
from estimation.projection import Projection, Take, Takes, project_contest, read_takes, takes, write_take
from estimation.returns.ledger import Ingest, ingest, open_ledger, recorded_until

_Key = tuple[dict[str, str], str]


class Taker:
    """Makes takes of one contest, one after the other.

    What it knows is what stands in ``out/takes`` and in the ledger: one that was killed is continued by the next.

    Parameters
    ----------
    contest : Contest
    now : callable
        Gives the present moment.
    sleep : callable
        Waits until a file that was found has been as it is for so many seconds.

    Attributes
    ----------
    contest : Contest
        As it was read last.
    history : Takes
    waiting : bool
        Files of the inbox were still being written.
    """

    def __init__(self, contest: Contest, now: Callable[[], datetime], sleep: Callable[[float], None]) -> None:
        self.contest = contest
        self.history = Takes()
        self.waiting = False
        self._now, self._sleep = now, sleep
        self._key: _Key | None = None  # of the input that needs no further take
        self._said: set[str] = set()

    @property
    def folder(self) -> Path:
        """The contest's."""
        return self.contest.folder

    def round(self, settle: float, *, final: bool = False) -> tuple[Take | None, list[Event]]:
        """Read what is new, and make a take where it, or anything else a take is made from, has changed.

        Parameters
        ----------
        settle : float
            See :func:`estimation.returns.ledger.ingest`.
        final : bool
            The last look of the night: taken though no planned one is due.

        Raises
        ------
        EstimationError, OSError
            Something can't be read or written; no take was made, and the ones before are as they were.
        """
        started = time.perf_counter()
        contest = load_contest(self.folder)
        given = takes.input_hashes(contest)
        brought, recorded = self._read(contest, settle)
        self.contest, self.waiting = contest, bool(brought.waiting)
        self.history = read_takes(contest, known=self.history)
        events = self._of_history() + self._of_files(brought)
        key, last = (given, str(brought.head)), self.history.last
        if self._key is None and last is not None:
            self._key = (dict(last.record.inputs), last.record.ledger)
        if key == self._key and not final:
            return None, events
        read = time.perf_counter()
        held = self.history.remembered()
        projection = project_contest(
            contest, ProjectionRequest(previous=held.path if held else None, recorded_by=recorded)
        )
        nothing = self._why_not(projection, given, last, final)
        if nothing:
            self._key = key
            return None, events + self._once("quiet", nothing)
        projected = time.perf_counter()
        take = write_take(
            contest, projection, self.history, inputs=given, ledger=key[1], written_at=self._now(), recorded_by=recorded
        )
        self._key = key
        self.history = read_takes(contest, known=self.history)
        seconds = {
            "reading": read - started,
            "projecting": projected - read,
            "writing": time.perf_counter() - projected,
        }
        return take, events + took(contest, self._now(), last, take, projection, brought, seconds)

    def _read(self, contest: Contest, settle: float) -> tuple[Ingest, datetime | None]:
        """Enter what is new; gives also the moment up to which the ledger holds all that the take is made from."""
        ledger = open_ledger(contest)
        try:
            return ingest(ledger, settle=settle, sleep=self._sleep), recorded_until(ledger)
        finally:
            ledger.close()

    def _why_not(self, projection: Projection, given: dict[str, str], last: Take | None, final: bool) -> str:
        """Say why no take is made of a projection; '' where one is."""
        if not projection.received and last is None:
            return "no returns of the sample yet: the first take waits for one"
        ruled = last is not None and last.record.inputs["contest"] == given["contest"]
        if last is not None and ruled and takes.same_numbers(projection, last):
            return "nothing that is projected has changed"
        step, of = takes.planned_step(self.contest, projection.progress), self.contest.estimate.takes
        edited = last is not None and last.record.inputs != given
        if final or edited or takes.is_due(step, last, of):
            return ""
        return (
            f"{projection.progress.used} of {projection.progress.drawn} stations used, "
            f"{100 * projection.progress.information:.1f} % of the information: the next of {of} planned takes is due "
            f"at {100 * ((step or 0) + 1) / (of or 1):.1f} %"
        )

    def _of_history(self) -> list[Event]:
        """Say which folders are no takes, each once."""
        return [
            event
            for name, why in sorted(self.history.refused.items())
            for event in self._once("alarm", f"the take {name} is passed over: {why}")
        ]

    def _of_files(self, brought: Ingest) -> list[Event]:
        """Say which files can't be used, each once."""
        return [
            event
            for name, why in sorted(brought.failed.items())
            for event in self._once("quiet", f"{name} can't be used: {why}")
        ]

    def _once(self, kind: Kind, text: str) -> list[Event]:
        if text in self._said:
            return []
        self._said.add(text)
        return [Event(kind, self._now(), (text,))]
