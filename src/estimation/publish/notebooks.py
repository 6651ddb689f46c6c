"""Runs a notebook with its parameters."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from estimation.columns import nearest
from estimation.errors import ReportError
from estimation.publish import cells

if TYPE_CHECKING:
    from nbformat import NotebookNode

Engine = Literal["forked", "kernel"]
_SLOW = "rfc3987_syntax"  # a grammar for addresses with letters of every script, built anew at each import
_log = logging.getLogger(__name__)


class NotebookError(ReportError):
    """A notebook failed; ``run`` is what there is of its run, as a notebook, where a cell is to blame."""

    def __init__(self, message: str, run: bytes = b"") -> None:
        super().__init__(message)
        self.run = run


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Import papermill in half the time.

    It validates notebooks by jsonschema, which at import takes up a check of internationalised addresses where one
    is installed, and that takes a second. No notebook has a field of that kind. The check is blocked for the time of
    the import; whoever imports it later gets it.
    """
    if _SLOW in sys.modules:
        yield
        return
    sys.modules[_SLOW] = None  # type: ignore[assignment]  # what importlib takes as: not to be had
    try:
        yield
    finally:
        del sys.modules[_SLOW]


def default_engine() -> Engine:
    """Choose the engine: cells in a fork where the system can do it, else papermill's own with a kernel."""
    return "forked" if cells.available() else "kernel"


def check_parameters(source: Path, values: Mapping[str, object]) -> None:
    """Check parameter names before the run, as papermill only warns of a typing error.

    Raises
    ------
    ReportError
        A name is not in the notebook's parameters cell; the nearest that is, is named.
    """
    with quick_imports():
        import papermill

    known = set(papermill.inspect_notebook(str(source)))
    for name in values:
        if name not in known:
            near = nearest(name, known)
            raise ReportError(
                f"{source.name} has no parameter '{name}'"
                + (f": did you mean '{near}'?" if near else f": it has {', '.join(sorted(known))}")
            )


def run_notebook(source: Path, target: Path, values: Mapping[str, object], engine: Engine) -> "NotebookNode":
    """Run a notebook with papermill; ``target`` gets the run, also one that failed.

    Parameters
    ----------
    engine : str
        ``forked``, or ``kernel``: then the kernel listens on local sockets that no network reaches, where the
        system has such. Where no fork can be had, the kernel runs the notebook, and that is logged.

    Raises
    ------
    NotebookError
        A cell failed, or the process that ran it ended; the message is that of its error.
    """
    try:
        if engine == "forked":
            try:
                return _execute(source, target, values, _forked(target.parent))
            except cells.NoForkError as error:
                _log.warning("%s; a kernel runs the notebook", error)
        return _execute(source, target, values, _kernel(target.parent))
    except NotebookError:
        raise
    except ReportError as error:
        raise NotebookError(f"the notebook {source.name} failed: {error}") from error


def _execute(source: Path, target: Path, values: Mapping[str, object], engine: dict[str, Any]) -> "NotebookNode":
    with quick_imports():
        import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    try:
        notebook: NotebookNode = papermill.execute_notebook(
            str(source),
            str(target),
            parameters=dict(values),
            progress_bar=False,
            request_save_on_cell_execute=False,
            **engine,
        )
    except PapermillExecutionError as error:
        message = f"the notebook {source.name} failed in cell {error.cell_index}: {error.ename}: {error.evalue}"
        raise NotebookError(message, target.read_bytes()) from error
    except DeadKernelError as error:
        raise NotebookError(f"the notebook {source.name} failed: its kernel died: was it killed?") from error
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                _log.warning("%s wrote: %s", source.name, output.text.strip())
    return notebook


def _forked(folder: Path) -> dict[str, Any]:
    from estimation.publish.cells.engine import NAME

    return {"engine_name": NAME, "folder": folder}


def _kernel(folder: Path) -> dict[str, Any]:
    from traitlets.config import Config

    config = Config({"KernelManager": {"transport": "ipc"}} if os.name == "posix" else {})
    return {"cwd": str(folder), "config": config}
