"""Runs a notebook with its parameters."""

import ast
import json
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from estimation import workers
from estimation.columns import nearest_name
from estimation.errors import ReportError

Engine = Literal["forked", "kernel"]
Notebook = dict[str, Any]  # as nbformat 4 stores it
Cell = dict[str, Any]

_PRELOAD = ("estimation.publish.warm",)
_RUN_CELLS = "estimation.publish.shell:run_cells"
_PARAMETERS = "parameters"
_INJECTED = "injected-parameters"
_log = logging.getLogger(__name__)


class NotebookError(ReportError):
    """A notebook failed; ``run`` is what there is of its run, as a notebook, where a cell is to blame."""

    def __init__(self, message: str, run: bytes = b"") -> None:
        super().__init__(message)
        self.run = run


def warm_notebooks() -> None:
    """Have what notebooks import be imported in the background, by the process that the next run is forked from."""
    workers.warm(_PRELOAD)


def check_parameters(source: Path, values: Mapping[str, object]) -> None:
    """Check parameter names before the run.

    Raises
    ------
    ReportError
        A name is not in the notebook's parameters cell; the nearest that is, is named.
    """
    known = _parameters(_read(source))
    for name in values:
        if name not in known:
            near = nearest_name(name, known)
            raise ReportError(
                f"{source.name} has no parameter '{name}'"
                + (f": did you mean '{near}'?" if near else f": it has {', '.join(sorted(known))}")
            )


def run_notebook(source: Path, target: Path, values: Mapping[str, object], engine: Engine) -> Notebook:
    """Run a notebook; ``target`` gets the run, also one that failed.

    Parameters
    ----------
    source, target : pathlib.Path
        The folder of `target` is the working directory of the run.
    values : mapping
        Of parameters: text, numbers, true and false, None, or lists and mappings of these.
    engine : str
        ``forked`` runs the cells in a fork of a process that has everything imported; ``kernel`` has papermill run
        them in a Jupyter kernel, which listens on local sockets that no network reaches.

    Returns
    -------
    dict
        The run, as nbformat 4 stores it.

    Raises
    ------
    NotebookError
        A cell failed, or the process that ran it ended; the message is that of its error.
    """
    run = _run_forked if engine == "forked" else _run_in_kernel
    notebook = run(source, target, values)
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if output["output_type"] == "stream":
                _log.warning("%s wrote: %s", source.name, output["text"].strip())
    return notebook


def _run_forked(source: Path, target: Path, values: Mapping[str, object]) -> Notebook:
    notebook = _read(source)
    _inject(notebook, values)
    cells = notebook["cells"]
    code = [i for i, cell in enumerate(cells) if cell["cell_type"] == "code" and cell["source"].strip()]
    try:
        with workers.Workers(fresh=True, preload=_PRELOAD) as pool:
            sources = [cells[i]["source"] for i in code]
            results = pool.submit(_RUN_CELLS, str(target.parent), sources).result()
    except workers.WorkerError as error:
        raise NotebookError(f"the notebook {source.name} failed: {error}") from error
    for i, (outputs, count) in zip(code, results, strict=False):
        cells[i] |= {"outputs": outputs, "execution_count": count}
    target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8")
    for i in code[: len(results)]:
        for output in cells[i]["outputs"]:
            if output["output_type"] == "error":
                message = f"the notebook {source.name} failed in cell {i}: {output['ename']}: {output['evalue']}"
                raise NotebookError(message, target.read_bytes())
    return notebook


def _run_in_kernel(source: Path, target: Path, values: Mapping[str, object]) -> Notebook:
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    try:
        notebook: Notebook = papermill.execute_notebook(
            str(source),
            str(target),
            parameters=dict(values),
            progress_bar=False,
            request_save_on_cell_execute=False,
            cwd=str(target.parent),
            config=Config({"KernelManager": {"transport": "ipc"}}),
        )
    except PapermillExecutionError as error:
        message = f"the notebook {source.name} failed in cell {error.cell_index}: {error.ename}: {error.evalue}"
        raise NotebookError(message, target.read_bytes()) from error
    except DeadKernelError as error:
        raise NotebookError(f"the notebook {source.name} failed: its kernel died: was it killed?") from error
    return notebook


def _read(source: Path) -> Notebook:
    """Read a notebook; the source of each cell as one text."""
    notebook: Notebook = json.loads(source.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def _tags(cell: Cell) -> list[str]:
    tags: list[str] = cell["metadata"].get("tags", [])
    return tags


def _parameters(notebook: Notebook) -> set[str]:
    """Name what the parameters cell assigns to."""
    names: set[str] = set()
    for cell in notebook["cells"]:
        for line in ast.parse(cell["source"]).body if _PARAMETERS in _tags(cell) else ():
            targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def _inject(notebook: Notebook, values: Mapping[str, object]) -> None:
    """Add a cell with the values of the parameters after the one with their defaults, as papermill does."""
    cells = notebook["cells"]
    place = next((i for i, cell in enumerate(cells, start=1) if _PARAMETERS in _tags(cell)), 0)
    lines = ["# Parameters", *(f"{name} = {_literal(value)}" for name, value in values.items())]
    injected: Cell = {"cell_type": "code", "id": _INJECTED, "execution_count": None, "outputs": []}
    cells.insert(place, {**injected, "metadata": {"tags": [_INJECTED]}, "source": "\n".join(lines)})


def _literal(value: object) -> str:
    """Write a value as Python does."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    return repr(value if isinstance(value, str | int | float | list | tuple | dict | None) else str(value))
