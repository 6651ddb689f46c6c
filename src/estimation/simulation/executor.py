"""One way to compute in parallel: processes of this machine, or an existing Dask cluster."""

import pkgutil
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from estimation.errors import EstimationError
from estimation.version import __version__

if TYPE_CHECKING:
    from distributed import Client

ANSWER = 5.0  # seconds that a scheduler has to answer in, and to name a worker
VERSION = "estimation:__version__"


@contextmanager
def executor(workers: int = 1, cluster: str | None = None) -> Iterator[Executor]:
    """Open an executor, and close it at the end.

    Parameters
    ----------
    workers : int
        Processes of this machine.
    cluster : str, optional
        Address of a Dask scheduler, ``tcp://10.0.0.1:8786``; then its workers compute, and `workers` is not looked at.
        Scheduler and workers need this package in this version, and what tasks read at the same paths.

    Raises
    ------
    EstimationError
        Fewer than one worker; the package for clusters is not installed; nothing answers at the address, or it
        has no worker; a machine of the cluster lacks this package or has another version of it; the cluster broke
        down while it computed.
    """
    if cluster is None:
        if workers < 1:
            raise EstimationError(f"--workers {workers}: at least 1 is needed")
        with ProcessPoolExecutor(workers) as pool:
            yield pool
        return
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise EstimationError(
            "a cluster needs the package 'distributed': install the extra, pip install 'quickcount[cluster]'"
        ) from error
    try:
        client = Client(cluster, timeout=ANSWER)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise EstimationError(
            f"--cluster {cluster}: no Dask scheduler answers there ({error}): give the address that dask scheduler "
            "shows, such as tcp://10.0.0.1:8786"
        ) from error
    with client:
        _inspect(client, cluster)
        try:
            # impure, as a name made of the arguments could find what an older run left
            yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]
        except KilledWorker as error:
            raise EstimationError(
                f"--cluster {cluster}: workers died over a task again and again ({error}): look at their logs, for "
                "want of memory before all"
            ) from error
        except CancelledError as error:
            raise EstimationError(
                f"--cluster {cluster}: the scheduler went away while it computed: start it again; with --resume a "
                "backtest goes on from its finished blocks"
            ) from error


def _inspect(client: "Client", cluster: str) -> None:
    """Refuse a cluster that could not compute, as a worker that can't read a task dies and is waited for.

    Raises
    ------
    EstimationError
        It has no worker, or the scheduler or a worker has not this package in this version.
    """
    try:
        client.wait_for_workers(1, timeout=ANSWER)
    except TimeoutError as error:
        raise EstimationError(
            f"--cluster {cluster}: the scheduler has no worker: start one with dask worker {cluster}"
        ) from error
    found = client.run(pkgutil.resolve_name, VERSION, on_error="return")
    try:
        own = client.run_on_scheduler(pkgutil.resolve_name, VERSION)  # type: ignore[no-untyped-call]
        found["the scheduler"] = own
    except ImportError as error:
        found["the scheduler"] = error
    for machine, own in found.items():
        if own != __version__:
            has = f"quickcount {own}" if isinstance(own, str) else f"no quickcount ({own})"
            raise EstimationError(
                f"--cluster {cluster}: {machine} has {has}, this machine has {__version__}: install the same everywhere"
            )
