"""The one process service: named functions in other processes, with limits, or on an existing Dask cluster."""

from estimation.workers.jobs import Done, Pool, open_pool, run_each
from estimation.workers.processes import (
    JobError,
    WorkerDiedError,
    WorkerError,
    WorkerLimitError,
    Workers,
    warm,
)

__all__ = [
    "Done",
    "JobError",
    "Pool",
    "WorkerDiedError",
    "WorkerError",
    "WorkerLimitError",
    "Workers",
    "open_pool",
    "run_each",
    "warm",
]
