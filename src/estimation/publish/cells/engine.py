"""An engine for papermill by which a notebook's cells are run in a fork."""

from pathlib import Path
from typing import Any

import nbformat
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines

from estimation.publish.cells.client import Run

NAME = "forked"


class ForkedEngine(Engine):  # type: ignore[misc]
    """Runs the code cells in order, up to the first that fails, as papermill's own engine does."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, *, folder: Path, **_: Any
    ) -> None:
        """Run a notebook.

        Parameters
        ----------
        nb_man : papermill.engines.NotebookExecutionManager
        kernel_name : str
            Plays no part: the cells are this package's own, in this Python.
        folder : pathlib.Path
            The working directory of the run.
        """
        with Run(folder) as run:
            for index, cell in enumerate(nb_man.nb.cells):
                nb_man.cell_start(cell, index)
                if cell.cell_type == "code" and cell.source.strip():
                    run.begin(cell.source)
                    outputs, cell.execution_count = run.end()
                    cell.outputs = [nbformat.from_dict(output) for output in outputs]  # type: ignore[no-untyped-call]
                failed = any(output.output_type == "error" for output in cell.get("outputs", []))
                if failed:
                    nb_man.cell_exception(cell, index)
                nb_man.cell_complete(cell, index)
                if failed:
                    return


papermill_engines.register(NAME, ForkedEngine)
