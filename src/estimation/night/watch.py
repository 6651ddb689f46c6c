"""The watch: takes whenever something new is in, pages after them, and no error that ends the night."""

import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import FrameType

from estimation.contest import Contest, load_contest
from estimation.errors import EstimationError
from estimation.files import sweep
from estimation.night import stale_banner
from estimation.night.events import Event, Teller
from estimation.night.lock import locked
from estimation.night.page_worker import PageFailed, PageMade, PageWorker
from estimation.night.status import REMIND, STATUS, Good, Troubles, log, read_good_page, status_document, write_status
from estimation.night.taking import Taker
from estimation.projection import Take, open_sample
from estimation.projection.takes import input_files, sweep_takes
from estimation.publish.release import place
from estimation.returns.intake import list_files
from estimation.returns.locate import DEFAULT, ENV
from estimation.words import Words

EVERY = 10.0  # seconds between takes, at least
SETTLE = 1.0  # seconds that a file must stay as it is
RETRY = 5.0  # seconds after which what failed is tried again
REMOTE = 5.0  # seconds after which a database, which does not say that it changed, is asked again
PATIENCE = timedelta(seconds=30)  # a failure that lasts longer is said on the pages
_POLL = 0.1
_POLLS = 0.2  # at most this part of the time goes into looking at the inbox

Stamp = tuple[int, int] | None  # size and time of a file; None where there is none


@dataclass(frozen=True, slots=True)
class Settings:
    """How a contest is watched.

    Attributes
    ----------
    every : float
        Seconds between takes, at least: a round begins as soon as something is new and they have passed.
    settle : float
        Seconds that a file of the inbox must stay as it is before it is read.
    once : bool
        One round, its pages, and the end.
    until : datetime, optional
        When to end, with a last round.
    languages : tuple of str
        A page for each; the contest's own where there is none.
    pages : bool
        Whether pages are made at all.
    """

    every: float = EVERY
    settle: float = SETTLE
    once: bool = False
    until: datetime | None = None
    languages: tuple[str, ...] = ()
    pages: bool = True


class Clock:
    """The time, and whether somebody asked to stop."""

    def __init__(self) -> None:
        self.stopped = False

    def now(self) -> datetime:
        """Give the present moment in UTC."""
        return datetime.now(UTC)

    def passed(self) -> float:
        """Give seconds on a clock that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(max(0.0, seconds))

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM ask for the end after the running step; asked again, the program ends at once."""

        def ask(number: int, frame: FrameType | None) -> None:
            if self.stopped:
                raise KeyboardInterrupt
            self.stopped = True

        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def watch(folder: Path, settings: Settings, tell: Teller, clock: Clock | None = None) -> bool:
    """Watch a contest through its night.

    Parameters
    ----------
    folder : pathlib.Path
        The contest's.
    settings : Settings
    tell : Teller
        Is told what changes.
    clock : Clock, optional
        Asked to stop by SIGINT and SIGTERM.

    Returns
    -------
    bool
        Whether there is a take, and, where only one round was asked for, whether it and its pages went well.

    Raises
    ------
    EstimationError
        At the start only: the contest, the frame or the sample can't be used, or another process watches it.
    """
    clock = clock or Clock()
    contest = load_contest(folder)
    for language in settings.languages:
        Words(language)
    open_sample(contest, None, None)
    page_worker = PageWorker()
    with locked(contest.out / "watch.lock", clock.now()), clock.stopping():
        try:
            return Watch(contest, settings, tell, clock, page_worker).run()
        finally:
            page_worker.stop()


class Watch:
    """The loop of a watch: nothing that fails in it ends it.

    Parameters
    ----------
    contest : Contest
    settings : Settings
    tell : Teller
    clock : Clock
    page_worker : PageWorker
    """

    def __init__(
        self, contest: Contest, settings: Settings, tell: Teller, clock: Clock, page_worker: PageWorker
    ) -> None:
        self.settings, self.clock, self.page_worker = settings, clock, page_worker
        self.tell = tell
        self.taker = Taker(contest, clock.now, self._settled)
        self.page = read_good_page(contest)
        self.troubles = Troubles()
        self.since = clock.now()
        self._seen: dict[str, Stamp] | None = None  # when the last round began
        self._inbox: dict[str, Stamp] = {}
        self._changed = clock.passed()  # when the inbox changed last
        self._taken = self._tried = -float("inf")  # when the last take was written, and the last round made
        self._page_failed = self._patient = -float("inf")  # when a page failed, and until when no status is tried again
        self._marked: datetime | None = None  # when pages were marked as old; one that a killed watch marked is found
        self._clean = False
        self._written: dict[str, object] = {}
        self._pause = _POLL
        self._heard = True

    def run(self) -> bool:
        """Go on until somebody asks to stop, or the time is over; says whether there is something to show."""
        contest = self.taker.contest
        self._guard("take", lambda: sweep_takes(contest))
        self._guard("take", lambda: sweep(contest.out / STATUS))
        self._say(Event("start", self.since, (f"watching {contest.about.title} ({contest.about.mode})",)))
        over = False
        while not (over or self.clock.stopped):
            now = self.clock.now()
            over = self.settings.once or (self.settings.until is not None and now >= self.settings.until)
            self._guard("take", partial(self._turn, over))
            self._guard("page", self._pages)
            while over and self.page_worker.busy and not self.clock.stopped:
                self._idle()
                self._guard("page", self._pages)
            self._after()
            if not over:
                self._idle()
        last = self.taker.history.last
        self._keep_status("ended")
        self._say(Event("end", self.clock.now(), ("stopped" if self.clock.stopped else "ended",)))
        well = "take" not in self.troubles and "page" not in self.troubles
        return self.clock.stopped or (last is not None and (well or not self.settings.once))

    def _turn(self, last: bool) -> bool:
        """Make a round where one is due; says whether one was made."""
        if not (self._due() or last):
            return False
        self._tried = self.clock.passed()
        take, events = self.taker.round(self.settings.settle, final=last and not self.settings.once)
        if take is not None:
            self._taken = self.clock.passed()
        for event in events:
            self._say(event)
        return True

    def _due(self) -> bool:
        """Say whether a round is due: the least time has passed, and there is something new, or to try again."""
        seen, now = self._look(), self.clock.passed()
        if now - self._taken < self.settings.every:
            return False
        again = RETRY if "take" in self.troubles else 2 * self.settings.settle if self.taker.waiting else None
        if again is None and _is_remote(self.taker.contest):
            again = max(REMOTE, self.settings.every)
        if seen == self._seen and (again is None or now - self._tried < again):
            return False
        self._seen = seen
        return True

    def _look(self) -> dict[str, Stamp]:
        """Look at size and time of all that a take is made from."""
        began, contest = self.clock.passed(), self.taker.contest
        files = list_files(contest.folder / contest.returns.path)
        inbox = {f"inbox/{name}": _stamp(path) for path, name in files}
        if inbox != self._inbox:
            self._inbox, self._changed = inbox, self.clock.passed()
        others = {name: _stamp(path) for name, path in input_files(contest).items()}
        if not _is_remote(contest):
            ledger = contest.folder / (contest.returns.ledger or DEFAULT)
            others |= {"ledger": _stamp(ledger), "wal": _stamp(ledger.with_name(f"{ledger.name}-wal"))}
        self._pause = max(_POLL, (self.clock.passed() - began) / _POLLS)
        return inbox | others

    def _settled(self, seconds: float) -> None:
        """Wait until the inbox has been as it is for so long; what changes meanwhile, the ledger's reader sees."""
        self._look()
        self.clock.sleep(seconds - (self.clock.passed() - self._changed))

    def _pages(self) -> bool:
        """Collect the pages that are made, and have those of the newest take made; says whether a page was made."""
        if not self.settings.pages:
            return False
        contest, now = self.taker.contest, self.clock.now()
        answer = self.page_worker.poll()
        made = isinstance(answer, PageMade)
        if isinstance(answer, PageMade):
            self.page = Good.of(answer, contest, now)
            self._marked, self._clean = None, True
            line = ", ".join(self.page.paths.values())
            self._say(Event("page", now, (f"page: {line} ({answer.placement})",), self.page.document()))
        elif isinstance(answer, PageFailed):
            self._page_failed = self.clock.passed()
            if answer.trace:
                self._log(answer.trace)
            raise EstimationError(answer.why)
        last = self.taker.history.last
        waits = "page" in self.troubles and (self.settings.once or self.clock.passed() - self._page_failed < RETRY)
        if last is not None and not self.page_worker.busy and not waits and self._is_behind(last):
            languages = self.settings.languages or (contest.report.language,)
            self.page_worker.start(contest.folder, last.name, languages, _parameters(last))
        return made

    def _is_behind(self, last: Take) -> bool:
        """Say whether the pages are not of the newest take, not where the release rule has them by now, or gone."""
        page, contest = self.page, self.taker.contest
        if page is None or page.take != last.name or page.placement != place(contest, self.clock.now()).status:
            return True
        languages = self.settings.languages or (contest.report.language,)
        return any(not (contest.folder / page.paths.get(name, "missing")).is_file() for name in languages)

    def _after(self) -> None:
        """Mark pages that grow old, and say in a file how all fares."""
        self._guard("mark", self._mark)
        self._keep_status("watching")

    def _mark(self) -> bool:
        """Say on the last good pages how old they are while no newer can be made; take it away afterwards."""
        since, now, contest = self.troubles.since("take", "page"), self.clock.now(), self.taker.contest
        if self.page is None or (since is None and self._clean):
            return True
        if since is not None and (now - since < PATIENCE or (self._marked is not None and now - self._marked < REMIND)):
            return False
        self._marked = None if since is None else now  # also where it fails: a full disk is not tried without a pause
        there = [(language, contest.folder / name) for language, name in self.page.paths.items()]
        for language, path in [(language, path) for language, path in there if path.is_file()]:
            if since is None:
                stale_banner.remove(path)
            else:
                local = contest.local
                made, since_then, moment = local(self.page.made_at), local(since), local(now)
                stale_banner.add(path, Words(language), made=made, since=since_then, now=moment)
        self._clean = since is None
        return True

    def _keep_status(self, state: str) -> None:
        contest, taker = self.taker.contest, self.taker
        said = status_document(contest, state, os.getpid(), self.since, taker.history.last, self.page, self.troubles)

        if said == self._written or (state == "watching" and self.clock.passed() < self._patient):
            return
        self._patient = self.clock.passed() + RETRY

        def write() -> None:
            write_status(contest, said)
            self._written, self._patient = said, -float("inf")

        self._guard("status", write)

    def _guard(self, part: str, step: Callable[[], object]) -> None:
        """Do a step of the work; what goes wrong in it is said, logged where it is ours to mend, and the night goes on.

        A step that gives False did nothing, and says nothing about whether its part works.
        """
        trace = ""
        try:
            done = step()
        except EstimationError as error:
            why = str(error)
        except OSError as error:
            why = f"{error.filename or 'a file'}: {error.strerror or error}"
        except Exception as error:  # a mistake of the program must not end the night either
            why, trace = f"{type(error).__name__}: {error} (see out/watch.log)", traceback.format_exc()
        else:
            if done is not False:
                self._say(self.troubles.went_well(part, self.clock.now()))
            return
        event = self.troubles.failed(part, why, self.clock.now())
        if event is not None and trace and part != "log":
            self._log(trace)
        self._say(event)

    def _log(self, text: str) -> None:
        self._guard("log", lambda: log(self.taker.contest, self.clock.now(), text))

    def _say(self, event: Event | None) -> None:
        if event is not None:
            self._tell(partial(self.tell, event))

    def _tell(self, say: Callable[[], None]) -> bool:
        """Say something if it can be said: a terminal that is gone, or a full disk below ``--json``, ends nothing."""
        try:
            say()
        except Exception:
            with suppress(OSError):  # there is no place left to say that it can't be said
                log(self.taker.contest, self.clock.now(), traceback.format_exc())
            return False
        return True

    def _idle(self) -> None:
        """Wait a moment, and say what for while there is somebody who hears it."""
        last, left = self.taker.history.last, self.settings.every - (self.clock.passed() - self._taken)
        parts = [f"{last.used} of {last.projection.sample.drawn} in" if last else "no take yet"]
        parts += [f"next take in {left:.0f} s at the earliest"] if left > 0 else ["waiting for returns"]
        parts += ["a page is being made"] if self.page_worker.busy else []
        failing = self.troubles.since("take", "page")
        parts += [f"FAILING since {failing.astimezone():%H:%M:%S}, tried again"] if failing else []
        self._heard = self._heard and self._tell(partial(self.tell.idle, " · ".join(parts)))
        self.clock.sleep(self._pause)


def _parameters(take: Take) -> dict[str, object]:
    """Give the page what the take had: the verdict to remember, and what the ledger held."""
    previous, recorded_by = take.record.previous, take.record.recorded_by
    deciding = take.path.parents[1] / previous / take.path.name if previous else None
    return {"previous": str(deciding.resolve()) if deciding else None, "recorded_by": recorded_by or None}


def _is_remote(contest: Contest) -> bool:
    """Say whether returns or ledger are in a database that can't be seen to change from its files."""
    ledger = contest.returns.ledger or ""
    return contest.returns.database is not None or "://" in ledger or ledger.startswith(ENV)


def _stamp(path: Path) -> Stamp:
    try:
        there = path.stat()
    except FileNotFoundError:
        return None
    return there.st_size, there.st_mtime_ns
