"""Waits for notebooks to run, and forks a child for each: the imports are paid once, and no run sees another's."""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import tempfile
import threading
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from estimation.publish.cells.shell import Shell


def serve(number: int) -> None:
    """Answer requests on a socket until its other end is closed.

    A request is one byte that brings a socket with it; over that socket the child speaks with whoever asked.

    Parameters
    ----------
    number : int
        File descriptor of the socket.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl+C is for whoever asked, who then closes the socket
    shell = _load()
    gc.freeze()  # children share what is there, and need not look through it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a child that ends leaves no entry behind
    with socket.socket(fileno=number) as control:
        while True:
            message, handles, _, _ = socket.recv_fds(control, 1, 1)
            if not message:
                os._exit(0)  # at once: whoever asked may be waiting for it
            if os.fork() == 0:
                control.close()
                _live(handles[0], shell)
            os.close(handles[0])


def _load() -> "Shell":
    """Import what a report needs, lay out an empty figure, which finds the fonts, and make an empty namespace."""
    import pyarrow.csv  # noqa: F401

    import estimation.publish.saving  # noqa: F401
    from estimation.publish.card import find_fonts
    from estimation.publish.cells.shell import Shell
    from estimation.publish.figures.canvas import paint
    from estimation.words import LANGUAGES, catalogue

    paint("fonts", 1, 1, _digit)
    find_fonts()
    for language in LANGUAGES:
        catalogue(language)
    with tempfile.TemporaryDirectory(prefix="quickcount-") as scratch:  # IPython wants a profile, and nobody uses it
        shell = Shell.instance(Path(scratch))  # the one that display() finds
    assert isinstance(shell, Shell)
    return shell


def _digit(whole: "Figure") -> None:
    whole.text(0.5, 0.5, "0")


def _live(handle: int, shell: "Shell") -> None:
    """Run cells until whoever asked closes the socket: the whole life of a child."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        threading.Thread(target=_follow, args=(handle,), daemon=True).start()
        with contextlib.suppress(EOFError):  # whoever asked has what he wanted
            _answer(Connection(handle), shell)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _follow(handle: int) -> None:
    """End the process when the other end of the socket is closed, whatever cell runs."""
    watch = select.poll()
    watch.register(handle, select.POLLRDHUP)
    watch.poll()
    os._exit(0)


def _answer(connection: Connection, shell: "Shell") -> None:
    os.chdir(json.loads(connection.recv_bytes())["folder"])
    connection.send_bytes(b"ready")
    while True:
        outputs, count = shell.run(json.loads(connection.recv_bytes())["source"])
        connection.send_bytes(json.dumps({"outputs": outputs, "count": count}).encode())
