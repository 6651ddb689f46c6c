"""Running notebooks: in a fork or in a kernel, the same page; and nothing is left behind."""

import logging
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from estimation.contest import ProjectionRequest, load_contest
from estimation.publish import render
from estimation.publish.executed import body_of, parts_of
from estimation.publish.notebooks import NotebookError, run_notebook
from estimation.resources import notebook
from estimation.simulation.showcase import MOMENT


def write(folder: Path, *sources: str) -> Path:
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell('x = ""', metadata={"tags": ["parameters"]})]
    book.cells += [nbformat.v4.new_code_cell(source) for source in sources]
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    folder.mkdir(exist_ok=True)
    nbformat.write(book, folder / "book.ipynb")
    return folder / "book.ipynb"


def run(folder: Path, *sources: str, engine: str = "forked", x: str = "given"):
    source = write(folder, *sources)
    return run_notebook(source, folder / "run.ipynb", {"x": x}, engine)


def outputs(notebook) -> list[dict]:
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


def test_results_displays_and_prints_are_kept_apart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="estimation.publish.notebooks"):
        notebook = run(
            tmp_path,
            "from IPython.display import HTML, display\nprint('a', x)\nprint('b')\n"
            "display(HTML('<i>shown</i>'))\nHTML('<b>1</b>')",
            "x;",
            "import warnings\nwarnings.warn('careful')",
        )
    kinds = [(output["output_type"], output.get("name")) for output in outputs(notebook)]
    assert kinds == [("stream", "stdout"), ("display_data", None), ("execute_result", None), ("stream", "stderr")]
    assert outputs(notebook)[0]["text"] == "a given\nb\n"
    assert [cell["execution_count"] for cell in notebook["cells"]] == [1, 2, 3, 4, 5]
    body = body_of(parts_of(notebook))
    assert body.index("<i>shown</i>") < body.index("<b>1</b>")
    assert "given" not in body
    assert "book.ipynb wrote: a given" in caplog.text
    assert "careful" in caplog.text


def test_runs_see_nothing_of_each_other(tmp_path: Path) -> None:
    run(tmp_path / "one", "import os, sys\nsecret = 1\nos.environ['LEFT'] = '1'\nsys.modules['left'] = sys")
    seen = run(
        tmp_path / "two",
        "import os, sys\n'secret' in dir(), 'LEFT' in os.environ, 'left' in sys.modules",
        "os.getcwd()",
    )
    assert [output["data"]["text/plain"] for output in outputs(seen)] == [
        "(False, False, False)",
        f"'{tmp_path / 'two'}'",
    ]


def test_threads_each_run_in_their_own_folder(tmp_path: Path) -> None:
    here = Path.cwd()
    source = "import os, time\ntime.sleep(0.2)\nopen('here', 'w').write(x)\nos.getcwd()"
    with ThreadPoolExecutor(4) as pool:
        runs = pool.map(lambda i: run(tmp_path / str(i), source, x=f"run {i}"), range(4))
        assert [outputs(one)[0]["data"]["text/plain"] for one in runs] == [f"'{tmp_path / str(i)}'" for i in range(4)]
    assert [(tmp_path / str(i) / "here").read_text() for i in range(4)] == [f"run {i}" for i in range(4)]
    assert Path.cwd() == here


def test_a_failing_cell_ends_the_run_and_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match=r"book.ipynb failed in cell 3: KeyError: 'y'") as error:
        run(tmp_path, "1", "{}['y']", "open('never', 'w')")
    assert b"KeyError" in error.value.run
    assert not (tmp_path / "never").exists()


def test_a_run_that_is_killed_is_an_error_and_the_next_one_works(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="ended with status -9: was it killed, or short of memory"):
        run(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert outputs(run(tmp_path, "1 + 1"))[0]["data"]["text/plain"] == "2"


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def gone(pid: int, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
def test_no_run_outlives_its_asker_even_when_that_is_killed(tmp_path: Path) -> None:
    source = write(
        tmp_path, f"open({str(tmp_path / 'pid')!r}, 'w').write(str(__import__('os').getpid()))", "while True: pass"
    )
    program = (
        "from pathlib import Path\nfrom estimation.publish.notebooks import run_notebook\n"
        f"run_notebook(Path({str(source)!r}), Path({str(tmp_path / 'run.ipynb')!r}), {{'x': ''}}, 'forked')"
    )
    asker = subprocess.Popen([sys.executable, "-c", program])
    try:
        end = time.monotonic() + 60
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            assert time.monotonic() < end
            time.sleep(0.05)
        run_pid = int((tmp_path / "pid").read_text())
        children = children_of(asker.pid)
        (server,) = [child for child in children if children_of(child) == [run_pid]]
    finally:
        os.kill(asker.pid, signal.SIGKILL)
        asker.wait()
    assert gone(run_pid)
    assert all(gone(child) for child in children)
    assert server in children


@pytest.mark.slow
def test_a_kernel_and_a_fork_give_the_same_page_byte_for_byte(demo: Path, tmp_path: Path) -> None:
    contest, now = load_contest(demo), load_contest(demo).about.publish_after
    made = [
        render(contest, out=tmp_path / engine, parameters={"as_of": MOMENT}, now=now, engine=engine)
        for engine in ("forked", "kernel")
    ]
    forked, kernel = (
        {
            path.relative_to(page.path.parent): path.read_bytes()
            for path in page.path.parent.rglob("*")
            if path.is_file()
        }
        for page in made
    )
    assert forked == kernel
    assert len(forked) == 8


@pytest.mark.parametrize("name", ["projection", "evaluation"])
def test_a_notebook_has_a_parameter_for_every_option_of_a_request(name: str) -> None:
    book = nbformat.read(notebook(name), as_version=4)
    (cell,) = (cell for cell in book.cells if "parameters" in cell.metadata.get("tags", []))
    given = {line.partition(" = ")[0] for line in cell.source.splitlines()}
    assert set(ProjectionRequest.model_fields) <= given
    assert given - set(ProjectionRequest.model_fields) <= {
        "contest",
        "language",
        "save_to",
        "table",
        "official",
        "takes",
    }


@pytest.mark.parametrize("name", ["projection", "evaluation", "sample_design", "backtest", "analyst"])
def test_what_is_not_given_is_none_in_notebooks_too(name: str) -> None:
    book = nbformat.read(notebook(name), as_version=4)
    (cell,) = (cell for cell in book.cells if "parameters" in cell.metadata.get("tags", []))
    values = [line.partition(" = ")[2].partition("  #")[0] for line in cell.source.splitlines()]
    assert not {'""', "0", "0.0"} & set(values)
