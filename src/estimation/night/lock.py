"""One watch for one contest: a second one is refused while the first lives, and not a moment longer."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from estimation.errors import EstimationError


@contextmanager
def locked(path: Path, since: datetime) -> Iterator[None]:
    """Hold a lock file; the system lets go of it however the process ends.

    Parameters
    ----------
    path : pathlib.Path
        The file stays afterwards: only the lock on it counts. It names its holder.
    since : datetime
        The present moment, for the one that is refused.

    Raises
    ------
    EstimationError
        Another process holds it; the message names that process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # without a fallback: a lock that is a mere file would outlive a killed process
        lock = FileLock(path, blocking=False, mode=0o644, fallback_to_soft=False)
        lock.acquire()
    except Timeout as error:
        raise EstimationError(f"{path}: {_holder(path)}: end that one first, or work with it") from error
    try:
        holder = {"process": os.getpid(), "host": socket.gethostname(), "since": since.isoformat()}
        with suppress(OSError):  # on a full disk the lock holds, though it can't name its holder
            path.write_text(json.dumps(holder), encoding="utf-8")
        yield
    finally:
        lock.release()


def _holder(path: Path) -> str:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return f"process {held['process']} on {held['host']} watches this contest already, since {held['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process watches this contest already"
