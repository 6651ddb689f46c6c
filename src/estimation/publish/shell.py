"""IPython without a kernel around it: runs a cell and gives what a notebook would store below it."""

import base64
import io
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

Output = dict[str, Any]


class _Stream(io.TextIOBase):
    """Standard output or error of a cell: what follows on the same stream is one output."""

    def __init__(self, name: str, outputs: list[Output]) -> None:
        self._name, self._outputs = name, outputs

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        last = self._outputs[-1] if self._outputs else {}
        if last.get("output_type") == "stream" and last["name"] == self._name:
            last["text"] += text
        elif text:
            self._outputs.append({"output_type": "stream", "name": self._name, "text": text})
        return len(text)


class _Hook(DisplayHook):
    """Keeps the value of a cell's last expression as its result."""

    def write_output_prompt(self) -> None:
        """Write nothing: a notebook numbers its cells itself."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        """Keep the result in every form that it has."""
        assert isinstance(self.shell, Shell)
        self.shell.outputs.append(
            {
                "output_type": "execute_result",
                "execution_count": self.prompt_count,
                "data": _text(format_dict),
                "metadata": md_dict or {},
            }
        )

    def finish_displayhook(self) -> None:
        """Close the result; no line end is written for a notebook."""
        self._is_active = False


class _Publisher(DisplayPublisher):
    """Keeps what a cell displays besides its result."""

    def publish(self, data: Any, metadata: Any = None, source: Any = None, **_: Any) -> None:
        """Keep it in every form that it has."""
        assert isinstance(self.shell, Shell)
        self.shell.outputs.append({"output_type": "display_data", "data": _text(data), "metadata": metadata or {}})

    def clear_output(self, wait: bool = False) -> None:
        """Take back what the cell has shown so far."""
        assert isinstance(self.shell, Shell)
        self.shell.outputs.clear()


class Shell(InteractiveShell):
    """Runs cells one after the other in one namespace; see :meth:`run`.

    Attributes
    ----------
    outputs : list of dict
        Of the cell that runs, as nbformat 4 stores them.
    """

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def __init__(self, scratch: Path) -> None:
        self.outputs: list[Output] = []
        quiet = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
        super().__init__(ipython_dir=str(scratch), config=quiet)  # type: ignore[no-untyped-call]

    def run(self, source: str) -> tuple[list[Output], int]:
        """Run a cell.

        Returns
        -------
        outputs : list of dict
            An ``error`` is the last of them where the cell failed.
        count : int
            The cell's number.
        """
        self.outputs.clear()
        kept = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _Stream("stdout", self.outputs), _Stream("stderr", self.outputs)
        try:
            count = self.execution_count
            self.run_cell(source, store_history=True)  # type: ignore[no-untyped-call]
        finally:
            sys.stdout, sys.stderr = kept
        return list(self.outputs), count

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException | None, stb: list[str]) -> None:
        self.outputs.append(
            {"output_type": "error", "ename": etype.__name__, "evalue": str(evalue), "traceback": list(stb)}
        )


def start() -> Shell:
    """Make the one shell of this process, which ``display()`` finds, where there is none yet."""
    if not Shell.initialized():
        # IPython wants a folder for a profile, and nobody uses it
        with tempfile.TemporaryDirectory(prefix="quickcount-") as scratch:
            Shell.instance(Path(scratch))
    shell = Shell.instance()
    assert isinstance(shell, Shell)
    return shell


def run_cells(folder: str, sources: Sequence[str]) -> list[tuple[list[Output], int]]:
    """Run cells in order, up to the first that fails.

    Parameters
    ----------
    folder : str
        The working directory.
    sources : sequence of str

    Returns
    -------
    list of tuple
        Outputs and number of each cell that was run; see :meth:`Shell.run`.
    """
    shell = start()
    os.chdir(folder)
    results = []
    for source in sources:
        outputs, count = shell.run(source)
        results.append((outputs, count))
        if outputs and outputs[-1]["output_type"] == "error":
            break
    return results


def _text(bundle: dict[str, Any]) -> dict[str, Any]:
    """Write pictures as a notebook stores them."""
    return {
        kind: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for kind, value in bundle.items()
    }
