"""Asks the process that forks for a child, and hands it cells."""

import atexit
import json
import os
import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from estimation.errors import ReportError

_PYTHON = sys.executable
_SOURCE = Path(__file__).resolve().parents[3]  # the folder that holds the package


class NoForkError(ReportError):
    """No child can be had: the process that forks does not start, or has ended."""


class _Server:
    """The process that forks, and the socket that asks it; forks of this process ask the same one."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = os.pathsep.join(filter(None, [str(_SOURCE), os.environ.get("PYTHONPATH")]))
        # -P: a file in the working directory that has a module's name is not imported in its place
        command = [_PYTHON, "-P", "-m", "estimation.publish.cells", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": path},
            )

    def ask(self, handle: socket.socket) -> bool:
        """Have a child made that speaks over a socket; False where the process has ended."""
        try:
            socket.send_fds(self._control, [b"+"], [handle.fileno()])
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End the process, where it is this one's own; runs that go on are not touched."""
        self._control.close()
        if self._owner == os.getpid():
            self._process.terminate()
            self._process.wait()


_server: _Server | None = None


def available() -> bool:
    """Say whether cells can be run so: on Linux; macOS has libraries that don't bear a fork, and Windows has none."""
    return sys.platform == "linux"


def warm() -> None:
    """Start the process that forks, if none is there yet; it imports in the background."""
    global _server
    if _server is None and available():
        _server = _Server()
        atexit.register(close)


def close() -> None:
    """End the process that forks, where there is one; it also ends with this process, however this one ends."""
    global _server
    if _server is not None:
        _server.close()
        _server = None


class Run:
    """One run of a notebook: a child with a namespace and a working directory of its own.

    Parameters
    ----------
    folder : pathlib.Path
        The working directory.

    Raises
    ------
    NoForkError
        No child can be had.
    """

    def __init__(self, folder: Path) -> None:
        mine, theirs = socket.socketpair()
        with theirs:
            warm()
            if _server is None or not _server.ask(theirs):
                close()  # it was ended from outside: another one is started, once
                warm()
                if _server is None or not _server.ask(theirs):
                    mine.close()
                    raise _unborn()
        self._connection, self._ready = Connection(mine.detach()), False
        self._send({"folder": str(folder)})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def begin(self, source: str) -> None:
        """Begin a cell."""
        self._send({"source": source})

    def end(self) -> tuple[list[dict[str, Any]], int]:
        """Wait for the cell that was begun; returns its outputs and its number.

        Raises
        ------
        NoForkError
            There was no child to begin with.
        ReportError
            The child is gone.
        """
        try:
            if not self._ready:
                self._ready = self._connection.recv_bytes() == b"ready"
            answer = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise (_gone() if self._ready else _unborn()) from error
        return answer["outputs"], int(answer["count"])

    def _send(self, message: dict[str, str]) -> None:
        try:
            self._connection.send_bytes(json.dumps(message).encode())
        except OSError as error:
            raise (_gone() if self._ready else _unborn()) from error


def _unborn() -> NoForkError:
    return NoForkError("the process that runs notebooks does not start: what it wrote on standard error says why")


def _gone() -> ReportError:
    return ReportError("the process that ran the notebook has ended: was it killed, or short of memory?")
