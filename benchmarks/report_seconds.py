"""What a report costs: the plain way (papermill with a kernel, nbconvert) and this package's, taking turns.

Cold is a whole process from its start, with compiled bytecode in place. Many are 50 reports on 2 processes of a pool.
Then the parts of the fast way, each in a process of its own. ``--reports N --runs N`` for a quick look.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from machine import HERE, save, spread

PLAIN = "import sys; from report_seconds import plain; plain(*sys.argv[1:])"
PARTS = {
    "imports of the fork server, until it is ready": "import estimation.publish.warm",
    "imports of the command: estimation.publish.pages": "import estimation.publish.pages",
    "projection": "import estimation as qc\nqc.open\nT = now()\nqc.open(FOLDER).project()\nE = now()",
    "two figures in two widths, matplotlib imported": (
        "import matplotlib.figure, matplotlib.backends.backend_svg\nimport estimation as qc\n"
        "r = qc.open(FOLDER).project().parts()\nT = now()\nr.chart(); r.lead()\nE = now()"
    ),
    "a report when all is warm": (
        "from pathlib import Path\nfrom estimation.contest import load_contest\nfrom estimation.publish import render\n"
        "c = load_contest(FOLDER)\nrender(c, out=Path(OUT))\nT = now()\nrender(c, out=Path(OUT))\nE = now()"
    ),
}


def plain(folder: str, out: str) -> None:
    """Make the page as papermill's and nbconvert's own documentation has it."""
    import papermill
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    target = Path(out) / "projection.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    values = {"contest": folder, "save_to": f"{out}/files"}
    source = HERE.parent / "notebooks" / "projection.ipynb"
    papermill.execute_notebook(str(source), str(target), parameters=values, progress_bar=False)
    config = Config({"TagRemovePreprocessor": {"enabled": True, "remove_cell_tags": {"parameters", "unseen"}}})
    body, _ = HTMLExporter(config=config, template_name="basic").from_filename(str(target))
    (Path(out) / "projection.html").write_text(body, encoding="utf-8")


def fast(folder: str, out: str) -> None:
    """Make the page as the command does."""
    from estimation.contest import load_contest
    from estimation.publish import render

    render(load_contest(folder), out=Path(out))


def main() -> None:
    """Lay the demo out, let both ways take turns, and write the results."""
    from estimation.simulation.showcase import make_showcase

    asked = argparse.ArgumentParser()
    asked.add_argument("--runs", type=int, default=7)
    asked.add_argument("--reports", type=int, default=50)
    asked.add_argument("--workers", type=int, default=2)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ |= {
            "PYTHONPYCACHEPREFIX": f"{scratch}/bytecode",
            "PYTHONPATH": os.pathsep.join([str(HERE.parent / "src"), str(HERE)]),
        }
        folder = str(make_showcase("situbondo-2024", Path(scratch)))
        cold = _cold(folder, scratch, given.runs)
        many = _many(folder, scratch, given.reports, given.workers)
        parts = {
            name: spread([_time(code, folder, scratch) for _ in range(given.runs)]) for name, code in PARTS.items()
        }
        save("report_seconds", {"input": "demo situbondo-2024", "cold": cold, "many": many, "parts": parts})


def _cold(folder: str, scratch: str, runs: int) -> dict[str, object]:
    commands = {
        "plain": [sys.executable, "-c", PLAIN, folder, f"{scratch}/plain"],
        "fast": [sys.executable, "-m", "estimation", "report", folder, "--out", f"{scratch}/fast"],
        "fast, with PDF": [sys.executable, "-m", "estimation", "report", folder, "--pdf", "--out", f"{scratch}/fast"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(runs + 1):  # the first writes the bytecode
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if turn:
                seconds[name].append(time.perf_counter() - start)
    more = float(np.median(np.subtract(seconds["fast, with PDF"], seconds["fast"])))
    return {
        **{name: spread(took) for name, took in seconds.items()},
        **_ratio(seconds["fast"], seconds["plain"], 0.42),
        "pdf": {"more_s": round(more, 2), "limit_s": 1.5, "met": more <= 1.5},
    }


def _many(folder: str, scratch: str, reports: int, workers: int) -> dict[str, object]:
    """Time a pool of each kind, its start included."""
    took = {}
    for way in (plain, fast):
        names = [f"{scratch}/{way.__name__}-{i}" for i in range(reports)]
        start = time.perf_counter()
        with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
            list(pool.map(way, [folder] * len(names), names))
        took[way.__name__] = round(time.perf_counter() - start, 2)
    ratio = _ratio([took["fast"]], [took["plain"]], 1 / 4)
    return {"reports": reports, "workers": workers, "seconds": took, **ratio}


def _ratio(fast_seconds: list[float], plain_seconds: list[float], limit: float) -> dict[str, object]:
    """Divide pair by pair, as neighbours in time share what else the machine does."""
    ratio = float(np.median(np.divide(fast_seconds, plain_seconds)))
    return {"ratio": round(ratio, 3), "limit": round(limit, 3), "met": ratio <= limit}


def _time(code: str, folder: str, scratch: str) -> float:
    values = f"FOLDER = {folder!r}\nOUT = {scratch!r} + '/part'\n"
    clock = "from time import perf_counter as now\nT = now()\nE = None\n"
    program = f"{clock}{values}{code}\nprint((E or now()) - T)"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return float(run.stdout.split()[-1])


if __name__ == "__main__":
    main()
