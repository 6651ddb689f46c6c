"""Makes pages in a process of its own, so that a slow, hung or dying one never delays a take."""

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from estimation.contest import load_contest
from estimation.errors import EstimationError

LIMIT = 600.0  # seconds after which a run is taken to hang
_GRACE = 5.0  # seconds in which a run that is stopped may clear up
_YIELDS = 10  # by so much takes come before pages where the processor is short


@dataclass(frozen=True, slots=True)
class Printed:
    """Pages that were made.

    Attributes
    ----------
    take : str
        Of which take.
    placement : str
        What the release rule said of them; see :class:`estimation.publish.release.Placement`.
    paths : mapping of str to str
        By language.
    headline : str
    """

    take: str
    placement: str
    paths: Mapping[str, str]
    headline: str


@dataclass(frozen=True, slots=True)
class Spoiled:
    """Pages that could not be made: the last good ones stay."""

    take: str
    why: str
    trace: str = ""


class Press:
    """A process that makes the pages of one take at a time; see :func:`estimation.publish.render`.

    It stays, with all that a page needs imported, for the next take; after a failure the next page has a new one.

    Parameters
    ----------
    limit : float
        Seconds after which a run is ended.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self._limit = limit
        self._process: SpawnProcess | None = None
        self._line: Connection[Job, Printed | Spoiled] | None = None
        self._job: Job | None = None
        self._until = 0.0

    @property
    def busy(self) -> bool:
        """Whether a page is being made."""
        return self._job is not None

    def start(
        self, contest: Path, take: str, languages: Sequence[str], parameters: Mapping[str, object], now: float
    ) -> None:
        """Begin the pages of a take.

        Parameters
        ----------
        contest : pathlib.Path
            Its folder.
        languages : sequence of str
            A page for each.
        parameters : mapping
            Of the notebook.
        now : float
            The present moment on a clock that never goes back.
        """
        self._job, self._until = (
            Job(str(contest.resolve()), take, tuple(languages), dict(parameters)),
            now + self._limit,
        )
        if self._process is None or self._line is None or not self._process.is_alive():
            self._begin()
        assert self._line is not None
        try:
            self._line.send(self._job)
        except OSError:  # it ended just now: what it says last, or its silence, tells poll
            return

    def _begin(self) -> None:
        self._end()
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), name="quickcount-page", daemon=True)
        self._process.start()
        theirs.close()

    def poll(self, now: float) -> Printed | Spoiled | None:
        """Say how a run ended; None while it goes on, or where there is none."""
        if self._job is None or self._process is None or self._line is None:
            return None
        take = self._job.take
        if not self._line.poll() and self._process.is_alive():
            if now < self._until:
                return None
            self.stop()
            return Spoiled(take, f"the run took longer than {self._limit:g} seconds and was ended")
        answer: Printed | Spoiled | None = None
        with suppress(EOFError, OSError):  # it ended without a word: the exit status says how
            answer = self._line.recv()
        if isinstance(answer, Printed):
            self._job = None
            return answer
        self._process.join(0 if answer else _GRACE)
        status = self._process.exitcode
        self.stop()
        return answer or Spoiled(take, f"the process that made it ended with status {status}: was it killed?")

    def stop(self) -> None:
        """End the process and all that it started; what it had not finished is not put in its place."""
        self._job = None
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if self._line is not None:
            self._line.close()
            self._line = None
        if process is None:
            return
        if process.is_alive():
            process.terminate()
            process.join(_GRACE)
        if os.name == "posix" and process.pid is not None:
            with suppress(ProcessLookupError, PermissionError):  # nobody of its group is left
                os.killpg(process.pid, signal.SIGKILL)
        elif process.is_alive():
            process.kill()
        process.join()
        process.close()


@dataclass(frozen=True, slots=True)
class Job:
    """What the process is asked for."""

    contest: str
    take: str
    languages: tuple[str, ...]
    parameters: dict[str, object]


def _work(line: "Connection[Printed | Spoiled, Job]") -> None:
    """Make pages as they are asked for: the whole life of the process."""
    _settle_in()
    with suppress(EOFError):  # nobody asks any more
        while True:
            line.send(_print(line.recv()))


def _print(job: Job) -> Printed | Spoiled:
    from estimation.publish import render  # notebooks, figures and all: here, not in the process that takes

    try:
        opened = load_contest(job.contest)
        pages = {
            language: render(opened, kind="projection", language=language, parameters=job.parameters)
            for language in job.languages
        }
    except (EstimationError, OSError) as error:
        return Spoiled(job.take, str(error))
    except Exception as error:
        return Spoiled(job.take, f"{type(error).__name__}: {error}", traceback.format_exc())
    last = list(pages.values())[-1]
    paths = {language: str(page.path) for language, page in pages.items()}
    return Printed(job.take, last.placement.status, paths, last.headline)


def _settle_in() -> None:
    """Stand apart from the terminal, give way to takes, and end when the watch does."""
    if os.name == "posix":
        os.setsid()  # a Ctrl+C is the watch's to answer; the kernel can be ended with the group
        os.nice(_YIELDS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that temporary folders are removed
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # returns when it has ended, however it did
        os.kill(os.getpid(), signal.SIGTERM)
