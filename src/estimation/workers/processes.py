"""Processes of this machine that run named functions, with limits of time and memory.

They are forked by the standard library's fork server, which has imported what its caller names: a new worker is
ready within milliseconds, and sees nothing of what another worker did.
"""

import multiprocessing
import os
import pkgutil
import resource
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

from estimation.errors import EstimationError

_MEGABYTE = 2**20
_PAGE_SIZE = resource.getpagesize()
_SOURCE = Path(__file__).resolve().parents[2]  # the folder that holds the package
_KILL_SECONDS = 10.0  # a killed process is gone by then
_CONTEXT = multiprocessing.get_context("forkserver")

_starting = threading.RLock()
_inside = False  # whether this process is a worker
_preload: dict[str, None] = {}  # modules for the next fork server, in the order in which they were asked for


class WorkerError(EstimationError):
    """A worker gave no result."""


class WorkerDiedError(WorkerError):
    """The process ended while it was at work."""


class WorkerLimitError(WorkerError):
    """The job needed more time or memory than it was given; its process was ended."""


class JobError(WorkerError):
    """The function raised an error that it should have handled; `trace` is its traceback."""

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace


@dataclass(frozen=True, slots=True)
class _Settings:
    """How a worker behaves; see :class:`Workers`."""

    limit_seconds: float | None
    limit_mb: float | None
    grace: float
    nice: int
    quiet: bool
    nested: bool  # started by another worker


def run_named(name: str, arguments: Sequence[Any]) -> Any:
    """Call a function by its import path.

    Parameters
    ----------
    name : str
        ``package.module:function``.
    arguments : sequence

    Raises
    ------
    EstimationError
        As the function raised it.
    JobError
        It raised anything else.
    """
    try:
        return pkgutil.resolve_name(name)(*arguments)
    except (EstimationError, MemoryError):
        raise
    except Exception as error:
        raise JobError(f"{type(error).__name__}: {error}", traceback.format_exc()) from None


def warm(preload: Sequence[str] = ()) -> None:
    """Start the fork server, which imports the named modules in the background.

    One that runs already imports nothing more: a job then imports what is missing. It is started anew, with all that
    was asked for, when it has died.

    A worker that starts workers of its own has a fork server of its own.

    Parameters
    ----------
    preload : sequence of str
        Modules. One that can't be imported is left out here: the job that needs it says so.
    """
    with _starting, _variables():
        _preload.update(dict.fromkeys(preload))
        _CONTEXT.set_forkserver_preload(list(_preload))
        resource_tracker.ensure_running()  # the fork server would start it, and that unblocks SIGINT
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # Ctrl+C is for the process that asks
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _variables() -> Iterator[None]:
    """Let a Python that starts find this package, and no module in the working directory in another one's place."""
    before = {name: os.environ.get(name) for name in ("PYTHONPATH", "PYTHONSAFEPATH")}
    path = os.pathsep.join(filter(None, [str(_SOURCE), before["PYTHONPATH"]]))
    os.environ.update(PYTHONPATH=path, PYTHONSAFEPATH="1")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _without_script() -> Iterator[None]:
    """Keep a new process from running the caller's script once more: workers call functions of modules only.

    Else every script that makes a report would need ``if __name__ == "__main__":``.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class _Worker:
    """One process, and the pipe to it."""

    def __init__(self, settings: _Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()  # a thread may kill what another one ends
        self._ended = False
        self._pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_work, args=(theirs, settings), name="quickcount-worker")
        with _starting, _variables(), _without_script():
            self._process.start()
        theirs.close()

    def run(self, name: str, arguments: Sequence[Any]) -> Any:
        """Have a function called, and wait for its result.

        Raises
        ------
        EstimationError
            As the function raised it.
        WorkerError
            There is no result; the process must not be used again, unless it is a :class:`JobError`.
        """
        with suppress(OSError):  # the process has ended: its exit code says how
            self._pipe.send((name, arguments))
        limit = self._settings.limit_seconds
        if not wait([self._pipe, self._process.sentinel], limit):
            raise WorkerLimitError(f"it took longer than {limit:g} seconds and was ended")
        try:
            result, error = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(_KILL_SECONDS)
            raise WorkerDiedError(
                f"the process at work on it ended with status {self._process.exitcode}: was it killed, or short of "
                "memory?"
            ) from None
        if isinstance(error, MemoryError):
            raise WorkerLimitError(f"it needed more than {self._settings.limit_mb or 0:g} MB of memory and was ended")
        if error is not None:
            raise error
        return result

    def kill(self) -> None:
        """End the process and all that it started, whatever it does; may be called from any thread."""
        with self._lock:
            self._kill()

    def _kill(self) -> None:
        if self._ended:
            return
        if self._settings.grace and self._process.is_alive():
            self._signal(signal.SIGTERM)
            wait([self._process.sentinel], self._settings.grace)
        self._signal(signal.SIGKILL)

    def end(self, *, at_once: bool) -> None:
        """Let the process end, or kill it at once, and clear up after it."""
        with self._lock:
            self._pipe.close()  # an idle one sees that, and ends
            if not at_once:
                self._process.join(self._settings.grace)
            self._kill()
            self._process.join(_KILL_SECONDS)
            self._process.close()
            self._ended = True

    def _signal(self, number: signal.Signals) -> None:
        process = self._process
        with suppress(ProcessLookupError, PermissionError):  # nobody of its group is left
            if self._settings.nested:  # it is in the group of the worker that started it
                if process.is_alive():
                    process.kill() if number == signal.SIGKILL else process.terminate()
            elif process.pid is not None:
                os.killpg(process.pid, number)


class Workers:
    """Runs jobs in some processes; a context that ends them.

    A job that kills its process, or hangs, takes no other job down: its future has a :class:`WorkerError`, and the
    next job has a new process. Workers end when the process that started them ends, however it does.

    Parameters
    ----------
    count : int
        Processes, and so jobs at one time; they are started when they are needed.
    preload : sequence of str
        Modules for the fork server to import; see :func:`warm`.
    fresh : bool
        A new process for each job; else one that has finished a job is used again.
    limit_seconds : float, optional
        Of one job.
    limit_mb : float, optional
        Memory (address space, in 2²⁰ bytes) that a job may take in addition to what its process has at its start.
    grace : float
        Seconds that a process has to clear up when it is asked to end.
    nice : int
        How far the processes stand back where the processor is short.
    quiet : bool
        Nothing that jobs print is shown.
    """

    def __init__(
        self,
        count: int = 1,
        *,
        preload: Sequence[str] = (),
        fresh: bool = False,
        limit_seconds: float | None = None,
        limit_mb: float | None = None,
        grace: float = 0.0,
        nice: int = 0,
        quiet: bool = False,
    ) -> None:
        warm(preload)
        self._settings = _Settings(limit_seconds, limit_mb, grace, nice, quiet, _inside)
        self._fresh = fresh
        self._idle: deque[_Worker] = deque()
        self._busy: set[_Worker] = set()
        self._closed = False
        self._threads = ThreadPoolExecutor(count, "quickcount-workers")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(self, name: str, *arguments: Any) -> "Future[Any]":
        """Have a function called as soon as a process is free.

        Parameters
        ----------
        name : str
            ``package.module:function``.
        *arguments
            They, and the result, go to the process and back by pickle.

        Returns
        -------
        concurrent.futures.Future
            Its error is an :class:`EstimationError`.
        """
        return self._threads.submit(self._run, name, arguments)

    def close(self) -> None:
        """End all processes; jobs that are not finished fail or are cancelled."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in list(self._busy):
            worker.kill()
        self._threads.shutdown()
        while self._idle:
            self._idle.pop().end(at_once=False)

    def _run(self, name: str, arguments: Sequence[Any]) -> Any:
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _Worker(self._settings)
        self._busy.add(worker)
        usable = False
        try:
            if self._closed:
                raise WorkerDiedError("it was stopped before it began")
            result = worker.run(name, arguments)
            usable = True
            return result
        except EstimationError as error:
            usable = isinstance(error, JobError) or not isinstance(error, WorkerError)
            raise
        finally:
            self._busy.discard(worker)
            if usable and not self._fresh:
                self._idle.append(worker)
            else:
                worker.end(at_once=True)


def _work(pipe: "Connection[Any, Any]", settings: _Settings) -> None:
    """Call functions as they are asked for: the whole life of a worker."""
    global _inside
    _inside = True
    _settle(settings)
    with suppress(EOFError, ConnectionError):  # nobody asks any more
        while True:
            name, arguments = pipe.recv()
            outcome: tuple[Any, EstimationError | MemoryError | None]
            with _memory(settings.limit_mb):
                try:
                    outcome = run_named(name, arguments), None
                except (EstimationError, MemoryError) as error:
                    outcome = None, error
            try:
                pipe.send(outcome)
            except (TypeError, AttributeError) as error:  # what can't be pickled
                pipe.send((None, JobError(f"{name} gave a result that can't be sent: {error}")))


def _settle(settings: _Settings) -> None:
    """Leave the terminal alone, and end when the process that asks does."""
    if not settings.nested:
        os.setpgid(0, 0)  # so that all that is started here can be ended together
    if settings.nice:
        os.nice(settings.nice)
    if settings.grace:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that temporary folders are removed
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2) if settings.quiet else (0,):
        os.dup2(null, stream)
    os.close(null)
    threading.Thread(target=_follow, args=(settings,), daemon=True).start()


def _follow(settings: _Settings) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()  # returns when it has ended, however it did
    if settings.grace:
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(settings.grace)
    if not settings.nested:
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def _memory(limit_mb: float | None) -> Iterator[None]:
    """Keep the process from taking more address space than so much in addition to what it has."""
    if limit_mb is None:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (int(pages * _PAGE_SIZE + limit_mb * _MEGABYTE), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
