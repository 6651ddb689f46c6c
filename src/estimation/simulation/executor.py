"""One way to compute in parallel: processes of this machine, or an existing Dask cluster."""

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

from estimation.errors import EstimationError


@contextmanager
def executor(workers: int = 1, cluster: str | None = None) -> Iterator[Executor]:
    """Open an executor, and close it at the end.

    Parameters
    ----------
    workers : int
        Processes of this machine.
    cluster : str, optional
        Address of a Dask scheduler, ``tcp://10.0.0.1:8786``; then its workers compute, and `workers` is not looked at.

    Raises
    ------
    EstimationError
        Fewer than one worker, or the package for clusters is not installed.
    """
    if cluster is None:
        if workers < 1:
            raise EstimationError(f"--workers {workers}: at least 1 is needed")
        with ProcessPoolExecutor(workers) as pool:
            yield pool
        return
    try:
        from distributed import Client  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise EstimationError(
            "a cluster needs the package 'distributed': install the extra, pip install 'quickcount[cluster]'"
        ) from error
    with Client(cluster) as client:
        yield client.get_executor()
