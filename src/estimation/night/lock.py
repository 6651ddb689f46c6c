"""One watch for one contest: a second one is refused while the first lives, and not a moment longer."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from estimation.errors import EstimationError

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        os.lseek(handle, 1 << 30, os.SEEK_SET)  # far behind what the file says, which others must be able to read
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(path: Path, since: datetime) -> Iterator[None]:
    """Hold a lock file; the system lets go of it however the process ends.

    Parameters
    ----------
    path : pathlib.Path
        The file stays afterwards: only the lock on it counts.
    since : datetime
        The present moment, for whoever is refused.

    Raises
    ------
    EstimationError
        Another process holds it; the message names that process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            _take(handle)
        except (BlockingIOError, PermissionError) as error:  # the latter on Windows
            raise EstimationError(f"{path}: {_holder(path)}: end that one first, or work with it") from error
        mine = {"process": os.getpid(), "host": socket.gethostname(), "since": since.isoformat()}
        with suppress(OSError):  # on a full disk the lock holds, though it can't name its holder
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, json.dumps(mine).encode("utf-8"))
        yield
    finally:
        os.close(handle)


def _holder(path: Path) -> str:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return f"process {held['process']} on {held['host']} watches this contest already, since {held['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process watches this contest already"
