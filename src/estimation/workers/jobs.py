"""Many jobs over processes of this machine, or over an existing Dask cluster."""

import pkgutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from estimation.errors import EstimationError
from estimation.version import __version__
from estimation.workers.processes import JobError, WorkerDiedError, Workers, run_named

if TYPE_CHECKING:
    from distributed import Client

ANSWER_SECONDS = 5.0  # that a scheduler has to answer in, and to name a worker
VERSION = "estimation:__version__"

J = TypeVar("J")


class Pool(Protocol):
    """What jobs are handed to."""

    def submit(self, name: str, *arguments: Any) -> "Future[Any]":
        """Have a function called; see :meth:`Workers.submit`."""


@dataclass(frozen=True, slots=True)
class Done(Generic[J]):
    """How one job ended.

    Attributes
    ----------
    job : J
    result : object
        What the function returned; None where it failed.
    error, trace : str
        Why it failed; the trace only of an error that the function did not handle.
    again : bool
        The process at work on it died, and it was done again.
    """

    job: J
    result: Any
    error: str = ""
    trace: str = ""
    again: bool = False


@contextmanager
def open_pool(count: int = 1, cluster: str | None = None, *, preload: Sequence[str] = ()) -> Iterator[Pool]:
    """Open a pool of workers, and close it at the end.

    Parameters
    ----------
    count : int
        Processes of this machine, at least 1.
    cluster : str, optional
        Address of a Dask scheduler, ``tcp://10.0.0.1:8786``; then its workers compute, and `count` has no effect.
        Scheduler and workers need this package in this version, and what jobs read at the same paths.
    preload : sequence of str
        See :class:`Workers`; a cluster's workers import what they need themselves.

    Raises
    ------
    EstimationError
        Fewer than one worker; the package for clusters is not installed; nothing answers at the address, or it
        has no worker; a machine of the cluster lacks this package or has another version of it; the cluster broke
        down while it computed.
    """
    if cluster is not None:
        with _open_cluster(cluster) as pool:
            yield pool
        return
    if count < 1:
        raise EstimationError(f"--workers {count}: at least 1 is needed")
    with Workers(count, preload=preload) as workers:
        yield workers


def run_each(
    name: str,
    jobs: Sequence[J],
    *,
    count: int = 1,
    cluster: str | None = None,
    preload: Sequence[str] = (),
    report: Callable[[Done[J]], None],
) -> None:
    """Do every job, and report each as it ends.

    A job whose process dies takes no other down. It is done again by itself after all others; if that process dies
    too, the job has failed.

    Parameters
    ----------
    name : str
        ``package.module:function`` of one argument, the job.
    jobs : sequence
    count, cluster, preload
        See :func:`open_pool`.
    report : callable

    Raises
    ------
    EstimationError
        See :func:`open_pool`.
    """
    lost: list[J] = []
    with open_pool(count, cluster, preload=preload) as pool:
        running = {pool.submit(name, job): job for job in jobs}
        while running:
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                job = running.pop(future)
                if isinstance(future.exception(), WorkerDiedError):
                    lost.append(job)
                else:
                    report(_done(job, future))
        for job in lost:
            report(_done(job, pool.submit(name, job), again=True))


def _done(job: J, future: "Future[Any]", *, again: bool = False) -> Done[J]:
    error = future.exception()
    if error is None:
        return Done(job, future.result(), again=again)
    if isinstance(error, WorkerDiedError):
        why = (
            "the process at work on it was killed, and so was another that tried it alone: is there too little "
            "memory, or does somebody end processes? Look at the system's log, then run it again"
        )
        return Done(job, None, why, again=again)
    if isinstance(error, EstimationError):
        return Done(job, None, str(error), error.trace if isinstance(error, JobError) else "", again)
    return Done(job, None, f"{type(error).__name__}: {error}", again=again)  # the cluster's own errors


class _Cluster:
    """Hands jobs to a Dask cluster."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def submit(self, name: str, *arguments: Any) -> "Future[Any]":
        return self._executor.submit(run_named, name, arguments)


@contextmanager
def _open_cluster(address: str) -> Iterator[Pool]:
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise EstimationError(
            "a cluster needs the package 'distributed': install the extra, pip install 'quickcount[cluster]'"
        ) from error
    try:
        client = Client(address, timeout=ANSWER_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise EstimationError(
            f"--cluster {address}: no Dask scheduler answers there ({error}): give the address that dask scheduler "
            "shows, such as tcp://10.0.0.1:8786"
        ) from error
    with client:
        _check_cluster(client, address)
        try:
            # impure, as a name made of the arguments could find what an older run left
            yield _Cluster(client.get_executor(pure=False))  # type: ignore[no-untyped-call]
        except KilledWorker as error:
            raise EstimationError(
                f"--cluster {address}: workers died over a task again and again ({error}): look at their logs, first "
                "for lack of memory"
            ) from error
        except CancelledError as error:
            raise EstimationError(
                f"--cluster {address}: the scheduler went away while it computed: start it again; with --resume a "
                "backtest goes on from its finished blocks"
            ) from error


def _check_cluster(client: "Client", address: str) -> None:
    """Refuse a cluster that could not compute: a worker that can't read a task dies, and is waited for.

    Raises
    ------
    EstimationError
        It has no worker, or the scheduler or a worker lacks this package or has another version.
    """
    try:
        client.wait_for_workers(1, timeout=ANSWER_SECONDS)
    except TimeoutError as error:
        raise EstimationError(
            f"--cluster {address}: the scheduler has no worker: start one with dask worker {address}"
        ) from error
    versions = client.run(pkgutil.resolve_name, VERSION, on_error="return")
    try:
        versions["the scheduler"] = client.run_on_scheduler(pkgutil.resolve_name, VERSION)  # type: ignore[no-untyped-call]
    except ImportError as error:
        versions["the scheduler"] = error
    for machine, version in versions.items():
        if version != __version__:
            has = f"quickcount {version}" if isinstance(version, str) else f"no quickcount ({version})"
            raise EstimationError(
                f"--cluster {address}: {machine} has {has}, this machine has {__version__}: install the same everywhere"
            )
