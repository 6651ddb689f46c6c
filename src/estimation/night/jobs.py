"""Runs many jobs through the one executor, so that a job whose process dies takes no other down with it."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Generic, TypeVar

from estimation.simulation.executor import executor

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Done(Generic[J, R]):
    """How one job ended.

    Attributes
    ----------
    job : J
    result : R or None
        What it gave; None where it gave nothing.
    error : str
        Why it gave nothing.
    again : bool
        A process died while it was at work or waited, and it was done again by itself.
    """

    job: J
    result: R | None
    error: str = ""
    again: bool = False


def run_each(
    work: Callable[[J], R],
    jobs: Sequence[J],
    *,
    workers: int = 1,
    cluster: str | None = None,
    told: Callable[[Done[J, R]], None],
) -> None:
    """Do every job, and tell of each as it ends.

    When a process of this machine is killed, nobody can say which of the jobs in hand it was at work on. They are done
    again, each alone in a process of its own: whichever kills that too is given up, and the others are finished.

    Parameters
    ----------
    work : callable
        A function of a module, that other processes can import; it answers for its own errors.
    jobs : sequence
    workers, cluster
        See :func:`estimation.simulation.executor.executor`.
    told : callable

    Raises
    ------
    EstimationError
        See :func:`estimation.simulation.executor.executor`.
    """
    todo = deque(jobs)
    # few in hand, so that few are in doubt when a process dies; a cluster looks after its own dead, and takes all
    most = 2 * workers if cluster is None else len(jobs)
    while todo:
        with executor(workers, cluster) as pool:
            doubtful = _round(pool, work, todo, most, told)
        for job in doubtful:
            told(_alone(work, job))


def _round(
    pool: Executor, work: Callable[[J], R], todo: deque[J], most: int, told: Callable[[Done[J, R]], None]
) -> list[J]:
    """Do jobs until none is left or a process dies; gives those that were in hand when it did."""
    running: dict[Future[R], J] = {}
    doubtful: list[J] = []
    while running or (todo and not doubtful):
        while todo and not doubtful and len(running) < most:
            job = todo.popleft()
            try:
                running[pool.submit(work, job)] = job
            except BrokenProcessPool:  # it broke since the last look
                doubtful.append(job)
        if not running:
            break
        ended, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in ended:
            job = running.pop(future)
            error = future.exception()
            if isinstance(error, BrokenProcessPool):
                doubtful.append(job)
            else:
                told(_ended(job, future, error))
    return doubtful


def _ended(job: J, future: Future[R], error: BaseException | None, *, again: bool = False) -> Done[J, R]:
    if error is None:
        return Done(job, future.result(), again=again)
    return Done(job, None, f"{type(error).__name__}: {error}", again)


def _alone(work: Callable[[J], R], job: J) -> Done[J, R]:
    with executor(1) as pool:
        future = pool.submit(work, job)
        error = future.exception()
    if isinstance(error, BrokenProcessPool):
        why = (
            "the process at work on it was killed, and so was another that tried it alone: is there too little "
            "memory, or does somebody end processes? Look at the system's log, then run it again"
        )
        return Done(job, None, why, again=True)
    return _ended(job, future, error, again=True)
