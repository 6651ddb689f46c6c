"""Runs a notebook with its parameters, and turns what it shows into the body of a page."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from estimation.columns import nearest
from estimation.errors import ReportError
from estimation.publish import cells

if TYPE_CHECKING:
    from nbconvert import TemplateExporter
    from nbformat import NotebookNode

Engine = Literal["forked", "kernel"]
_UNSEEN = {"parameters", "injected-parameters", "unseen"}
_FORMS = ("text/html", "image/svg+xml", "image/png", "text/plain")  # of a result, the best for a page first
_SLOW = "rfc3987_syntax"  # a grammar for addresses with letters of every script, built anew at each import
_log = logging.getLogger(__name__)


class NotebookError(ReportError):
    """A notebook failed; ``run`` is what there is of its run, as a notebook, where a cell is to blame."""

    def __init__(self, message: str, run: bytes = b"") -> None:
        super().__init__(message)
        self.run = run


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Import papermill and nbconvert in half the time.

    Both validate notebooks by jsonschema, which at import takes up a check of internationalised addresses where one
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


def body_of(notebook: "NotebookNode") -> str:
    """Turn the results of a run into HTML; cells, prose for analysts, parameters and what was printed stay out."""
    import nbformat
    from markupsafe import Markup

    shown = [_results(cell) for cell in notebook.cells if cell.cell_type == "code" and not _unseen(cell)]
    kept = nbformat.from_dict({**notebook, "cells": shown})  # type: ignore[no-untyped-call]
    body, _ = _exporter().from_notebook_node(kept)
    # what the notebook shows was escaped where its templates were filled
    return Markup(body)  # noqa: S704


def _unseen(cell: "NotebookNode") -> bool:
    return not _UNSEEN.isdisjoint(cell.metadata.get("tags", []))


def _results(cell: "NotebookNode") -> dict[str, Any]:
    """Keep of each result the form that suits a page best."""
    kept = []
    for output in cell.outputs:
        kind = next((kind for kind in _FORMS if kind in output.get("data", {})), None)
        if kind is not None:
            kept.append({**output, "data": {kind: output["data"][kind]}})
    return {**cell, "outputs": kept}


@cache
def _exporter() -> "TemplateExporter":
    """Make nbconvert's exporter with its plainest template.

    Its own exporter for HTML would parse the finished page once more, to add what our parts have, and write it anew.
    """
    with quick_imports():
        from nbconvert import TemplateExporter

    exporter = TemplateExporter(  # type: ignore[no-untyped-call]
        template_name="basic",
        file_extension=".html",
        exclude_input=True,
        exclude_output_prompt=True,
        optimistic_validation=True,
    )
    for unused in ("highlight_code", "filter_data_type"):  # named in the template, for what is left out
        exporter.register_filter(unused, lambda text, **_: text)  # type: ignore[no-untyped-call]
    return exporter
